#include "report/page.h"

#include "harness.h"

#include <math.h>

static const char *written(void (*write)(struct text *html, double value), double value)
{
    static char bytes[4096];
    struct text html = text_in(bytes, sizeof bytes - 1);
    write(&html, value);
    return text_c(&html);
}

#define WRITES(value, want)                                                                        \
    FAIL_UNLESS(strcmp(written(page_number, value), want) == 0, "%.17g is shown as %s", value,     \
                written(page_number, value))

TEST(a_text_from_outside_cannot_become_a_tag)
{
    char bytes[256];
    struct text html = text_in(bytes, sizeof bytes);
    page_text(&html, VIEW("<a href=\"x\">&amp;</a>"));
    TEXT(text_view(&html), "&lt;a href=&quot;x&quot;&gt;&amp;amp;&lt;/a&gt;");
}

TEST(numbers_are_shown_in_four_digits_and_what_is_none_as_a_dash)
{
    WRITES(0.123456, "0.1235");
    WRITES(58264.0, "58264");
    WRITES(14893.94, "14893.9");
    WRITES(-0.0000123456, "-1.235e-05");
    WRITES((double)NAN, "&ndash;");
    WRITES((double)INFINITY, "&ndash;");
}

TEST(a_path_goes_down_by_dots_and_ends_in_nothing_where_there_is_nothing)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct err err = {0};
    const struct doc *doc =
        doc_parse(VIEW("{\"a\":{\"b\":{\"c\":7,\"d\":\"x\"}},\"e\":null}"), &arena, &err);
    TRUE(doc != NULL);
    TRUE(doc_number_at(doc, "a.b.c") == 7);
    TEXT(doc_text_at(doc, "a.b.d"), "x");
    TRUE(isnan(doc_number_at(doc, "a.b.d")));
    TRUE(isnan(doc_number_at(doc, "a.x.c")));
    TRUE(isnan(doc_number_at(doc, "e.f")));
    TRUE(doc_at(doc, "a.b.c.d") == NULL);
    TRUE(doc_at(NULL, "a") == NULL);
    SAME(doc_text_at(doc, "a").length, 0);
}
