#include "harness.h"

#include "data/pattern.h"

#include "base/rng.h"
#include "base/text.h"

#include <regex.h>

static bool matches(const char *pattern, const char *text)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
    struct err err = {0};
    struct pattern made;
    FAIL_UNLESS(pattern_parse(&made, view_of(pattern), &arena, &err), "'%s': %s", pattern,
                err.text);
    return pattern_matches(&made, view_of(text));
}

TEST(the_whole_text_matches_or_nothing_does)
{
    static const struct {
        const char *pattern, *yes, *no;
    } cases[] = {
        {"abc", "abc", "abcd"},
        {"^abc$", "abc", "xabc"},
        {"a|bc", "bc", "abc"},
        {"(a|b)c", "bc", "b"},
        {"a*", "", "b"},
        {"a+b?", "aa", "b"},
        {"[A-Z]{2}[0-9]{2,4}", "DE4242", "DE42424"},
        {"x{3}", "xxx", "xx"},
        {"x{2,}", "xxxxx", "x"},
        {"x{0,2}y", "y", "xxxy"},
        {"(ab){2}", "abab", "ab"},
        {"(a|bb){0,3}", "abba", "b"},
        {"[^a-c]+", "xyz", "xbz"},
        {"[]x-]+", "]-x", "a"},
        {"[[:digit:]_]+", "1_2", "a"},
        {"[[:xdigit:]]+", "fF09", "g"},
        {"[[:punct:]]", "!", "a"},
        {"[[:blank:]]", "\t", "\n"},
        {"[[:alnum:]]+[[:alpha:]]", "1a", "a1"},
        {"\\d+\\.\\d{2}", "12.50", "12x50"},
        {"\\w+\\s\\W", "a_1 !", "a_1 a"},
        {"[\\d.]+", "1.2", "1,2"},
        {"\\D\\S", "ab", "1b"},
        {"a\\$", "a$", "a"},
        {"...", "abc", "ab"},
        {".", "\xc3\xa9", "\xc3\xa9\xc3\xa9"},
        {"[^a]{2}", "\xe2\x82\xac!", "a!"},
        {"((a*)*)*b", "aaab", "aaac"},
        {".{0,64}", "", "01234567890123456789012345678901234567890123456789012345678901234"},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        FAIL_UNLESS(matches(cases[i].pattern, cases[i].yes), "'%s' takes '%s'", cases[i].pattern,
                    cases[i].yes);
        FAIL_UNLESS(!matches(cases[i].pattern, cases[i].no), "'%s' refuses '%s'", cases[i].pattern,
                    cases[i].no);
    }
}

TEST(a_pattern_that_cannot_be_read_names_its_character)
{
    static const struct {
        const char *pattern, *says;
    } cases[] = {
        {"", "1 to 256"},
        {"a(b", "never closed"},
        {"a)", "character 2: no '(' is open"},
        {"[ab", "never closed"},
        {"[[:word:]]", "there are alpha"},
        {"[[.a.]]", "collating"},
        {"[z-a]", "a later one"},
        {"[\\d-z]", "a later one"},
        {"a||b", "character 3: something is expected"},
        {"a|", "something is expected"},
        {"()", "something is expected"},
        {"(?:a)", "'(?'"},
        {"*a", "nothing to repeat"},
        {"a{2}{3}", "is not repeated"},
        {"a*?", "is not repeated"},
        {"a{3,2}", "{m,n}"},
        {"a{0}", "not {0}"},
        {"a{256}", "of 255 at most"},
        {"a{1", "{m,n}"},
        {"a^b", "'^' and '$' stand at its ends"},
        {"a}", "nothing is closed"},
        {"a\\", "behind '\\'"},
        {"\\1", "behind '\\'"},
        {"\xc3\xa9", "ASCII"},
        {"(((a{99}){99}){99})", "too long"},
        {"(a|b)*a(a|b){12}", "more than 512 states"},
        {"((((((((((((((((((((((((((((((((((a))))))))))))))))))))))))))))))))))", "too deep"},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
        struct err err = {0};
        struct pattern made;
        FAIL_UNLESS(!pattern_parse(&made, view_of(cases[i].pattern), &arena, &err),
                    "'%s' was taken", cases[i].pattern);
        SAYS(err, cases[i].says);
    }
}

/* A pattern that the C library reads alike. */
static void random_pattern(struct rng *rng, struct text *text, unsigned depth)
{
    static const char *const atoms[] = {"a", "b", "[ab]", "[^a]", ".", "[[:alpha:]]", "[b-c]"};
    static const char *const repeats[] = {"",  "",    "",      "*",    "+",
                                          "?", "{2}", "{1,2}", "{2,}", "{0,1}"};
    unsigned pieces = 1 + (unsigned)rng_below(rng, 3);
    for (unsigned i = 0; i < pieces; i++) {
        if (depth > 0 && rng_below(rng, 3) == 0) {
            text_addc(text, '(');
            random_pattern(rng, text, depth - 1);
            if (rng_below(rng, 2) == 0) {
                text_addc(text, '|');
                random_pattern(rng, text, depth - 1);
            }
            text_addc(text, ')');
        } else {
            text_adds(text, atoms[rng_below(rng, LENGTH_OF(atoms))]);
        }
        text_adds(text, repeats[rng_below(rng, LENGTH_OF(repeats))]);
    }
}

TEST(random_patterns_match_what_the_c_library_says_they_match)
{
    struct rng rng = rng_of(11, 0, 0);
    size_t taken = 0, matched = 0;
    for (unsigned round = 0; round < 400; round++) {
        CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
        char bytes[300], whole[310];
        struct text text = text_in(bytes, sizeof bytes - 1);
        random_pattern(&rng, &text, 2);
        struct pattern made;
        struct err err = {0};
        if (text.cut || !pattern_parse(&made, text_view(&text), &arena, &err))
            continue;
        regex_t peer;
        snprintf(whole, sizeof whole, "^(%s)$", text_c(&text));
        SAME(regcomp(&peer, whole, REG_EXTENDED | REG_NOSUB), 0);
        taken++;
        for (unsigned i = 0; i < 60; i++) {
            char word[12] = "";
            size_t length = rng_below(&rng, 11);
            for (size_t k = 0; k < length; k++)
                word[k] = "abcd"[rng_below(&rng, 4)];
            bool want = regexec(&peer, word, 0, NULL, 0) == 0;
            FAIL_UNLESS(pattern_matches(&made, view_of(word)) == want, "'%s' and '%s': wanted %d",
                        text_c(&text), word, want);
            matched += want;
        }
        regfree(&peer);
    }
    TRUE(taken > 300 && matched > 1000);
}
