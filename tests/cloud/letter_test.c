#include "cloud/letter.h"

#include "catcher.h"

TEST(people_read_the_title_what_was_seen_and_what_to_do)
{
    char bytes[2000];
    struct text text = text_in(bytes, sizeof bytes);
    struct notice notice = catcher_notice();
    letter_text(&text, &notice, "box-1");
    TEXT(text_view(&text), "A column has drifted: amount\n\n"
                           "psi 0.31 over 5000 rows\n\n"
                           "alarm     drift\n"
                           "subject   amount\n"
                           "severity  error\n"
                           "value     0.31\n"
                           "limit     0.25\n"
                           "since     2025-06-20T12:00:00.000Z\n"
                           "at        2025-06-20T12:01:00.000Z\n"
                           "source    box-1\n"
                           "incident  0123456789abcdef0123456789abcdef\n\n"
                           "Look at the source.\n");
}

TEST(when_it_is_over_there_is_nothing_to_do)
{
    char bytes[2000];
    struct text text = text_in(bytes, sizeof bytes);
    struct notice notice = catcher_notice();
    notice.kind = NOTICE_OVER;
    notice.text = notice.subject = (struct view){0};
    letter_text(&text, &notice, "box-1");
    TRUE(strstr(text_c(&text), "Look at") == NULL);
    TRUE(strstr(text_c(&text), "subject") == NULL);
}

TEST(programs_read_every_member)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct text text = text_in_arena(&arena);
    struct json json = json_to(&text);
    struct notice notice = catcher_notice();
    struct err err = {0};
    json_open(&json, '{');
    letter_json(&json, &notice, "box-1");
    json_close(&json);
    const struct doc *doc = doc_parse(text_view(&text), &arena, &err);
    TRUE(doc != NULL && doc->count == 14);
    TEXT(catcher_text(doc, "kind"), "begun");
    TEXT(catcher_text(doc, "severity"), "error");
    TEXT(catcher_text(doc, "since"), "2025-06-20T12:00:00.000Z");
    TEXT(catcher_text(doc, "source"), "box-1");
    TEXT(catcher_text(doc, "runbook"), "Look at the source.");
}
