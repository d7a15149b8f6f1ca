#include "harness.h"

#include "base/rng.h"
#include "base/view.h"

TEST(cutting_gives_every_cell_the_empty_ones_too)
{
    struct view rest = VIEW("a,,bc,"), cell;
    TRUE(view_cut(&rest, ',', &cell));
    TEXT(cell, "a");
    TRUE(view_cut(&rest, ',', &cell));
    TEXT(cell, "");
    TRUE(view_cut(&rest, ',', &cell));
    TEXT(cell, "bc");
    TRUE(view_cut(&rest, ',', &cell));
    TEXT(cell, "");
    TRUE(!view_cut(&rest, ',', &cell));
}

TEST(an_empty_line_is_one_empty_cell_and_no_line_is_none)
{
    struct view rest = VIEW(""), cell = VIEW("x");
    TRUE(view_cut(&rest, ',', &cell));
    TEXT(cell, "");
    TRUE(!view_cut(&rest, ',', &cell));
    rest = (struct view){0};
    TRUE(!view_cut(&rest, ',', &cell));
}

TEST(views_compare_by_bytes_and_length)
{
    TRUE(view_same(VIEW("ab"), VIEW("ab")));
    TRUE(!view_same(VIEW("ab"), VIEW("abc")));
    TRUE(view_same((struct view){0}, VIEW("")));
    TRUE(!view_is((struct view){"a\0b", 3}, "a"));
    TRUE(view_same_fold(VIEW("Content-Type"), VIEW("content-TYPE")));
    TRUE(view_same_fold(VIEW("aZ"), VIEW("Az")));
    TRUE(!view_same_fold(VIEW("[`"), VIEW("{@")));
    TRUE(!view_same_fold(VIEW("a"), VIEW("b")));
    TRUE(!view_same_fold(VIEW("a"), VIEW("ab")));
    TRUE(view_order(VIEW("a"), VIEW("b")) < 0);
    TRUE(view_order(VIEW("b"), VIEW("ab")) > 0);
    TRUE(view_order(VIEW("ab"), VIEW("a")) > 0);
    TRUE(view_order(VIEW("a"), VIEW("ab")) < 0);
    TRUE(view_order(VIEW("a"), VIEW("a")) == 0);
    TRUE(view_order(VIEW("\xc3"), VIEW("a")) > 0); /* bytes are not signed */
}

TEST(starts_and_ends)
{
    TRUE(view_starts(VIEW("xgboost"), "xgb"));
    TRUE(view_starts(VIEW("xgb"), ""));
    TRUE(!view_starts(VIEW("xg"), "xgb"));
    TRUE(view_ends(VIEW("model.json"), ".json"));
    TRUE(!view_ends(VIEW("json"), ".json"));
    TRUE(!view_ends(VIEW("model.ubj"), ".json"));
}

TEST(trimming_takes_blanks_from_both_ends_only)
{
    TEXT(view_trim(VIEW(" \t a b\r\n")), "a b");
    TEXT(view_trim(VIEW(" \n ")), "");
    TEXT(view_trim(VIEW("")), "");
    TEXT(view_from(VIEW("abc"), 1), "bc");
    TEXT(view_from(VIEW("abc"), 3), "");
}

/* FNV-1a's published 64-bit value of "foobar" is 85944171f73967e8; ours folds the halves. */
TEST(the_hash_is_fnv_1a_folded)
{
    uint64_t published = 0x85944171f73967e8u;
    TRUE(view_hash(VIEW("foobar")) == (published ^ published >> 32));
    TRUE(view_hash(VIEW("ab")) != view_hash(VIEW("ba")));
}

/* The first and last of each length, and the neighbours that are not characters (RFC 3629). */
TEST(utf8_is_taken_in_its_shortest_form_only_and_without_surrogates)
{
    static const char *const good[] = {
        "",
        "\x7f",
        "\xc2\x80",
        "\xdf\xbf",
        "\xe0\xa0\x80",
        "\xef\xbf\xbf",
        "\xed\x9f\xbf",
        "\xee\x80\x80",
        "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf",
    };
    static const char *const bad[] = {
        "\x80",
        "\xbf",
        "\xc1\xbf",
        "\xc3",
        "\xc3\x28",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xe2\x82",
        "\xe2\x82\x28",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xff",
        "a\xf0\x90\x80",
    };
    for (size_t i = 0; i < LENGTH_OF(good); i++)
        FAIL_UNLESS(view_is_utf8(view_of(good[i])), "good text %zu is refused", i);
    for (size_t i = 0; i < LENGTH_OF(bad); i++)
        FAIL_UNLESS(!view_is_utf8(view_of(bad[i])), "bad text %zu is taken", i);
}

TEST(messages_show_a_long_view_only_in_part)
{
    char bytes[500];
    memset(bytes, 'x', sizeof bytes);
    SAME(view_shown((struct view){bytes, sizeof bytes}), VIEW_SHOWN_MAX);
    SAME(view_shown((struct view){bytes, VIEW_SHOWN_MAX - 1}), VIEW_SHOWN_MAX - 1);
}

TEST(a_copy_belongs_to_the_arena)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64};
    char text[] = "abc";
    char *copy = view_copy((struct view){text, 2}, &arena);
    text[0] = 'x';
    TEXT(view_of(copy), "ab");
    TRUE(view_copy((struct view){text, 100}, &arena) == NULL);
}

TEST(what_is_no_character_becomes_a_question_mark)
{
    static const char *const cases[][2] = {
        {"", ""},
        {"plain", "plain"},
        {"caf\xc3\xa9", "caf\xc3\xa9"},
        {"caf\xc3", "caf?"},
        {"\xff\xfe x \xe2\x82", "?? x ??"},
        {"\xe2\x82\xac\x80", "\xe2\x82\xac?"},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        char text[32];
        snprintf(text, sizeof text, "%s", cases[i][0]);
        view_mend(text);
        TEXT(view_of(text), cases[i][1]);
    }
}

TEST(a_view_of_nothing_is_copied_as_the_empty_text)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 16};
    const char *copy = view_copy((struct view){NULL, 0}, &arena); /* the sanitizer looks on */
    TRUE(copy != NULL && copy[0] == '\0');
}

static size_t plain_by_byte(struct view view)
{
    size_t at = 0;
    while (at < view.length && view.text[at] >= ' ' && view.text[at] != '"' &&
           view.text[at] != '\\') /* a char above ASCII is negative here */
        at++;
    return at;
}

TEST(plain_text_ends_at_the_first_byte_that_json_writes_otherwise)
{
    static const char likely[] = "aZ09 ~\x7f!#[]^\"\\\x1f\n\x80\xc3\xff\t";
    struct rng rng = rng_of(5, 0, 0);
    for (size_t round = 0; round < 40000; round++) {
        size_t length = round % 40, plain = round % 3 == 0 ? 12 : sizeof likely;
        char *bytes = malloc(length + 1); /* its own, so that the sanitizer sees its end */
        for (size_t i = 0; i < length; i++)
            bytes[i] = likely[rng_below(&rng, rng_below(&rng, 9) == 0 ? plain : 12)];
        char *exact = realloc(bytes, length == 0 ? 1 : length);
        struct view view = {exact, length};
        SAME(view_plain(view), plain_by_byte(view));
        free(exact);
    }
}
