#include "harness.h"

#include "base/text.h"

TEST(a_fixed_builder_takes_what_fits_and_remembers_the_rest)
{
    char bytes[8];
    struct text text = text_in(bytes, sizeof bytes);
    text_adds(&text, "abc");
    text_addc(&text, '-');
    text_add(&text, VIEW("defg"));
    TRUE(!text.cut);
    TEXT(text_view(&text), "abc-defg");
    text_addc(&text, 'h');
    TRUE(text.cut);
    TEXT(text_view(&text), "abc-defg");
}

TEST(nothing_is_added_after_a_cut_even_if_it_would_fit)
{
    char bytes[8];
    struct text text = text_in(bytes, sizeof bytes);
    text_adds(&text, "abc");
    text_adds(&text, "too long for it");
    text_addc(&text, 'x');
    text_adds(&text, "");
    TRUE(text.cut);
    TEXT(text_view(&text), "abc");
}

TEST(formatting_fits_exactly_or_is_dropped_whole)
{
    char bytes[6];
    struct text text = text_in(bytes, sizeof bytes);
    text_addf(&text, "%d", 123456);
    TRUE(!text.cut);
    TEXT(text_view(&text), "123456");
    text = text_in(bytes, sizeof bytes);
    text_addf(&text, "%d", 1234567);
    TRUE(text.cut);
    SAME(text.length, 0);
}

TEST(an_arena_builder_grows_and_keeps_what_it_has)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 22};
    struct text text = text_in_arena(&arena);
    for (int i = 0; i < 20000; i++)
        text_addf(&text, "%05d,", i);
    TRUE(!text.cut);
    SAME(text.length, 120000);
    TRUE(memcmp(text.bytes, "00000,00001,", 12) == 0);
    TRUE(memcmp(text.bytes + 119994, "19999,", 6) == 0);
}

TEST(formatting_longer_than_a_line_is_whole)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct text text = text_in_arena(&arena);
    text_addf(&text, "<%3000d>", 7);
    SAME(text.length, 3002);
    SAME(text.bytes[0], '<');
    SAME(text.bytes[3000], '7');
    SAME(text.bytes[3001], '>');
}

TEST(an_arena_builder_is_cut_at_the_ceiling)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4096};
    struct text text = text_in_arena(&arena);
    for (int i = 0; i < 5000; i++)
        text_addc(&text, 'x');
    TRUE(text.cut);
    SAME(text.length, 2048); /* 1 KB and 2 KB fit, 4 KB more do not */
}

TEST(a_c_string_ends_the_text_without_counting)
{
    char bytes[4];
    struct text text = text_in(bytes, sizeof bytes);
    TEXT(view_of(text_c(&text)), "");
    text_adds(&text, "abc");
    TEXT(view_of(text_c(&text)), "abc");
    SAME(text.length, 3);
    text_addc(&text, 'd');
    TEXT(view_of(text_c(&text)), ""); /* no room for the end */
    TRUE(text.cut);
}

TEST(an_untouched_builder_is_an_empty_view)
{
    struct text text = {0};
    TEXT(text_view(&text), "");
    TRUE(text_view(&text).text != NULL);
}
