#include "catcher.h"

#define OPEN "kind: slack, url_env: CLOUD_SLACK, allow_http: true, allow_private: true"

#define SLACK(...)                                                                                 \
    SINK_FOR(OPEN, __VA_ARGS__);                                                                   \
    char url[100];                                                                                 \
    snprintf(url, sizeof url, "http://127.0.0.1:%d/services/T/B/s3cr3t", catcher.port);            \
    setenv("CLOUD_SLACK", url, 1);                                                                 \
    struct notice notice = catcher_notice()

static size_t characters(struct view text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.length; i++)
        count += (text.text[i] & 0xc0) != 0x80;
    return count;
}

TEST(a_message_has_a_fallback_blocks_and_a_color)
{
    SLACK(ANSWER_OK);
    WORKS(SEND(&notice), err);
    catcher_stop(&catcher);
    const struct doc *doc = catcher_json(&catcher, 0, &arena);
    TEXT(catcher_text(doc, "text"), "A column has drifted: amount");
    const struct doc *header = doc_find(doc, "blocks")->first;
    TEXT(catcher_text(header, "type"), "header");
    TEXT(catcher_text(doc_find(header, "text"), "type"), "plain_text");
    const struct doc *fields = doc_find(header->next->next, "fields");
    SAME(fields->count, 4);
    TEXT(catcher_text(fields->first->next->next, "text"), "*value*\n0.31");
    const struct doc *attachment = doc_find(doc, "attachments")->first;
    TEXT(catcher_text(attachment, "color"), "#d05000");
    TEXT(catcher_text(attachment, "text"), "Look at the source.");
}

TEST(data_is_never_a_mention_a_link_or_too_long)
{
    SLACK(ANSWER_OK);
    char title[200], text[4000];
    memset(title, '<', sizeof title);
    for (size_t i = 0; i + 1 < sizeof text; i += 2)
        memcpy(text + i, "\xc3\xa9", 2);
    memcpy(text, "<!channel> & <http://x|y>", 25);
    text[25] = ' ';
    notice.title = (struct view){title, sizeof title};
    notice.text = (struct view){text, sizeof text};
    WORKS(SEND(&notice), err);
    catcher_stop(&catcher);
    TRUE(strstr(catcher.caught->text[0], "<!channel>") == NULL);
    const struct doc *header = doc_find(catcher_json(&catcher, 0, &arena), "blocks")->first;
    struct view shown = catcher_text(doc_find(header, "text"), "text");
    SAME(shown.length, 148); /* 37 of &lt; */
    TRUE(view_ends(shown, "&lt;"));
    shown = catcher_text(doc_find(header->next, "text"), "text");
    TRUE(view_starts(shown, "&lt;!channel&gt; &amp; &lt;http://x|y&gt; "));
    TRUE(characters(shown) <= 3000);
}

TEST(slacks_own_words_are_told_and_no_others)
{
    SLACK("HTTP/1.1 404 x\r\nContent-Length: 10\r\n\r\nno_service",
          "HTTP/1.1 400 x\r\nContent-Length: 6\r\n\r\ns3cr3t",
          "HTTP/1.1 200 x\r\nContent-Length: 5\r\n\r\nhello",
          "HTTP/1.1 429 x\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n");
    static const char *const want[] = {"Slack answered 404 no_service", "it answered 400",
                                       "not 'ok'", "it answered 429"};
    for (size_t i = 0; i < LENGTH_OF(want); i++) {
        err = (struct err){0};
        FAILS(SEND(&notice), err, ERR_IO);
        SAYS(err, want[i]);
        TRUE(strstr(err.text, "s3cr3t") == NULL);
    }
    SAME(retry_after_ms, 30000);
    catcher_stop(&catcher);
}
