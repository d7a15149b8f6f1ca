#include "catcher.h"
#include "base/digest.h"
#include "store/base64.h"

#define OPEN                                                                                       \
    "kind: webhook, url: 'http://127.0.0.1:PORT/in?x=1', allow_http: true, allow_private: true, "  \
    "token_env: CLOUD_TOKEN, secret_env: CLOUD_SECRET"

static const char *header(const struct catcher *catcher, const char *name, struct arena *arena)
{
    const char *at = strstr(catcher->caught->text[0], name);
    FAIL_UNLESS(at != NULL, "no %s in:\n%s", name, catcher->caught->text[0]);
    at += strlen(name);
    return view_copy((struct view){at, strcspn(at, "\r")}, arena);
}

/* HMAC-SHA-256 over id.timestamp.body, by the key's bytes. */
static void is_signed(const struct catcher *catcher, struct view key, struct arena *arena)
{
    struct text signed_text = text_in_arena(arena), want = text_in_arena(arena);
    text_addf(&signed_text, "%s.%s.%s", header(catcher, "\r\nwebhook-id: ", arena),
              header(catcher, "\r\nwebhook-timestamp: ", arena),
              strstr(catcher->caught->text[0], "\r\n\r\n") + 4);
    struct digest digest = digest_hmac(key, text_view(&signed_text));
    text_adds(&want, "v1,");
    base64_add(&want, (struct view){(const char *)digest.bytes, sizeof digest.bytes});
    TEXT(view_of(header(catcher, "\r\nwebhook-signature: ", arena)), text_c(&want));
}

TEST(a_notice_is_posted_whole_with_its_id_its_token_and_its_signature)
{
    setenv("CLOUD_TOKEN", "t0ken", 1);
    setenv("CLOUD_SECRET", "s3cr3t", 1);
    SINK_FOR(OPEN, ANSWER_OK);
    struct notice notice = catcher_notice();
    WORKS(SEND(&notice), err);
    catcher_stop(&catcher);
    TRUE(view_starts(view_of(catcher.caught->text[0]), "POST /in?x=1 HTTP/1.1\r\n"));
    TEXT(view_of(header(&catcher, "\r\nidempotency-key: ", &arena)), notice.id.text);
    TEXT(view_of(header(&catcher, "\r\nwebhook-id: ", &arena)), notice.id.text);
    TEXT(view_of(header(&catcher, "\r\nauthorization: ", &arena)), "Bearer t0ken");
    TEXT(view_of(header(&catcher, "\r\ncontent-type: ", &arena)), "application/json");
    is_signed(&catcher, VIEW("s3cr3t"), &arena);
    TEXT(catcher_text(catcher_json(&catcher, 0, &arena), "title"), notice.title.text);
}

TEST(a_secret_in_the_standards_words_is_the_bytes_it_stands_for)
{
    setenv("CLOUD_TOKEN", "t0ken", 1);
    setenv("CLOUD_SECRET", "whsec_aGVsbG8=", 1);
    SINK_FOR(OPEN, ANSWER_OK);
    struct notice notice = catcher_notice();
    WORKS(SEND(&notice), err);
    catcher_stop(&catcher);
    is_signed(&catcher, VIEW("hello"), &arena);
    setenv("CLOUD_SECRET", "whsec_s3cr3t!", 1);
    FAILS(SEND(&notice), err, ERR_INPUT);
    SAYS(err, "not base64");
    TRUE(strstr(err.text, "s3cr3t") == NULL);
}

TEST(without_secret_and_token_nothing_is_signed_or_shown)
{
    SINK_FOR("kind: webhook, url: 'http://127.0.0.1:PORT/', allow_http: true, allow_private: true",
             ANSWER_OK);
    struct notice notice = catcher_notice();
    WORKS(SEND(&notice), err);
    catcher_stop(&catcher);
    TRUE(strstr(catcher.caught->text[0], "signature") == NULL);
    TRUE(strcasestr(catcher.caught->text[0], "authorization") == NULL);
}
