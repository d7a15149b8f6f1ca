#include "cloud/mail.h"

#include "harness.h"
#include "store/base64.h"

#define AT_MS INT64_C(1750420860000) /* Friday 2025-06-20 12:01 */

static const char *written(struct arena *arena, const char *subject, struct view body)
{
    static const struct view to[] = {{"a@example.org", 13}, {"b@example.org", 13}};
    struct text text = text_in_arena(arena);
    struct mail mail = {.from = VIEW("assay@example.org"),
                        .to = to,
                        .recipients = 2,
                        .subject = view_of(subject),
                        .body = body,
                        .id = VIEW("abc-2"),
                        .reply_to = VIEW("abc-1"),
                        .at_ms = AT_MS};
    mail_write(&text, &mail);
    return text_c(&text);
}

TEST(a_plain_mail_is_plain)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    TEXT(view_of(written(&arena, "Requests fail", VIEW("hello\n"))),
         "From: assay@example.org\r\n"
         "To: a@example.org,\r\n b@example.org\r\n"
         "Subject: Requests fail\r\n"
         "Date: Fri, 20 Jun 2025 12:01:00 +0000\r\n"
         "Message-ID: <abc-2@example.org>\r\n"
         "In-Reply-To: <abc-1@example.org>\r\n"
         "References: <abc-1@example.org>\r\n"
         "Auto-Submitted: auto-generated\r\n"
         "MIME-Version: 1.0\r\n"
         "Content-Type: text/plain; charset=utf-8\r\n"
         "Content-Transfer-Encoding: base64\r\n"
         "\r\n"
         "aGVsbG8K\r\n");
}

/* The subject as a reader of mail puts it together again. */
static void decoded(const char *mail, struct arena *arena, struct text *out)
{
    const char *at = strstr(mail, "Subject: ") + strlen("Subject: ");
    const char *end = strstr(at, "\r\nDate: ");
    while (at < end) {
        static const char before[] = "=?utf-8?B?";
        FAIL_UNLESS(strncmp(at, before, sizeof before - 1) == 0, "%.40s", at);
        at += sizeof before - 1;
        const char *stop = strstr(at, "?=");
        FAIL_UNLESS(stop != NULL && stop - at <= 60, "a word of %td", stop - at);
        struct view bytes;
        TRUE(base64_read((struct view){at, (size_t)(stop - at)}, arena, &bytes));
        TRUE(view_is_utf8(bytes));
        text_add(out, bytes);
        at = stop + 2;
        if (at < end) {
            TRUE(strncmp(at, "\r\n ", 3) == 0);
            at += 3;
        }
    }
}

static void subject_becomes(const char *subject, const char *want)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct text text = text_in_arena(&arena);
    decoded(written(&arena, subject, VIEW("x")), &arena, &text);
    TEXT(text_view(&text), want);
}

TEST(no_subject_ends_its_header)
{
    subject_becomes("a\r\nBcc: evil@example.org\r\n\r\nbody", "a  Bcc: evil@example.org    body");
    subject_becomes("Betr\xc3\xa4ge", "Betr\xc3\xa4ge");
    subject_becomes("=?utf-8?B?eA==?=", "=?utf-8?B?eA==?=");
    subject_becomes("\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
                    "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
                    "\xe2\x82\xac\xe2\x82\xac x\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac",
                    "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
                    "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
                    "\xe2\x82\xac\xe2\x82\xac x\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac");
}

TEST(no_line_is_longer_than_76_and_no_body_ends_the_mail)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    char body[1000];
    memset(body, '.', sizeof body);
    memcpy(body + 100, "\r\n.\r\nQUIT\r\n", 11);
    const char *mail = written(&arena, "s", (struct view){body, sizeof body});
    struct view rest = view_of(mail), line;
    while (view_cut(&rest, '\n', &line) && line.length > 0) {
        FAIL_UNLESS(line.length <= 77 && view_ends(line, "\r"), VIEW_FMT, VIEW_ARG(line));
        TRUE(!view_starts(line, "."));
    }
    TRUE(strstr(mail, "QUIT") == NULL);
}

TEST(an_address_is_one_address)
{
    static const char *const good[] = {"a@b", "first.last+tag@mail.example.org", "o'neil@x.org"};
    static const char *const bad[] = {
        "",     "a",       "@b",           "a@",      "a@b@c",   "a b@c",       "a@b>",
        "<a@b", "a@b,c@d", "a@b\r\nTo: x", "\"a\"@b", "a@[::1]", "a@b\xc3\xa4", "(x)a@b"};
    for (size_t i = 0; i < LENGTH_OF(good); i++)
        FAIL_UNLESS(mail_is_address(view_of(good[i])), "%s", good[i]);
    for (size_t i = 0; i < LENGTH_OF(bad); i++)
        FAIL_UNLESS(!mail_is_address(view_of(bad[i])), "%s", bad[i]);
}
