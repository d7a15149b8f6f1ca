#include "model/tokens.h"

#include "base/rng.h"
#include "harness.h"

#include <math.h>

static struct tokens open_text(const char *text, struct arena *arena)
{
    struct tokens tokens;
    struct err err = {0};
    WORKS(tokens_open(&tokens, view_of(text), arena, &err), err);
    return tokens;
}

TEST(the_first_two_bytes_tell_ubj_from_json)
{
    TRUE(tokens_are_ubj(VIEW("{L")));
    TRUE(tokens_are_ubj(VIEW("{i")));
    TRUE(!tokens_are_ubj(VIEW("{\"")));
    TRUE(!tokens_are_ubj(VIEW("{\n")));
    TRUE(!tokens_are_ubj(VIEW("{")));
    TRUE(!tokens_are_ubj(VIEW("")));
}

TEST(whole_numbers_come_as_numbers_texts_and_truths)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 16};
    struct tokens tokens = open_text("{\"a\":[93,\"93\",93.0,true,false,-1,\"-7\"]}", &arena);
    struct err err = {0};
    struct token token;
    WORKS(tokens_want(&tokens, TOKEN_OBJECT, &token, &err), err);
    WORKS(tokens_want(&tokens, TOKEN_KEY, &token, &err), err);
    WORKS(tokens_want(&tokens, TOKEN_LIST, &token, &err), err);
    static const int64_t wanted[] = {93, 93, 93, 1, 0, -1, -7};
    for (size_t i = 0; i < LENGTH_OF(wanted); i++) {
        int64_t value;
        WORKS(tokens_whole(&tokens, &value, &err), err);
        SAME(value, wanted[i]);
    }
}

TEST(what_is_no_whole_number_is_refused)
{
    static const char *const not_whole[] = {"{1.5",  "{\"x\"", "{\"1.0\"", "{1e300",
                                            "{null", "{NaN",   "{[",       "{9007199254740993"};
    for (size_t i = 0; i < LENGTH_OF(not_whole); i++) {
        CLEANUP(arena_release) struct arena arena = {.limit = 1 << 16};
        char text[64];
        snprintf(text, sizeof text, "{\"a\":%s,\"b\":0}", not_whole[i] + 1);
        struct tokens tokens = open_text(text, &arena);
        struct err err = {0};
        struct token token;
        int64_t value;
        WORKS(tokens_want(&tokens, TOKEN_OBJECT, &token, &err), err);
        WORKS(tokens_want(&tokens, TOKEN_KEY, &token, &err), err);
        FAILS(tokens_whole(&tokens, &value, &err), err, ERR_MODEL);
    }
}

/* Thresholds as text: strtof is the judge, being correctly rounded in glibc. */
TEST(decimal_text_becomes_the_nearest_float_rounded_once)
{
    struct rng rng = rng_of(1, 2, 3);
    for (int i = 0; i < 200000; i++) {
        uint32_t bits = rng_u32(&rng) & 0x7fffffff;
        float value, read;
        char text[64];
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        snprintf(text, sizeof text, i % 2 ? "%.9g" : "%.17g", (double)value);
        TRUE(float_of_text(view_of(text), strtod(text, NULL), &read));
        TRUE(memcmp(&read, &value, sizeof value) == 0);
    }
}

TEST(text_just_off_the_middle_of_two_floats_is_not_rounded_twice)
{
    /* 1 + 2^-24 is the middle of 1 and its neighbour; the double nearest to these is that middle.
     */
    static const struct {
        const char *text;
        float want;
    } cases[] = {
        {"1.000000059604644775390625", 1.0F},
        {"1.00000005960464477539062500000001", 0x1.000002p0F},
        {"1.00000005960464477539062499999999", 1.0F},
        {"1.00000017881393432617187499999999", 0x1.000002p0F},
        {"7.0064923216240853546186479164495e-46", 0.0F}, /* half the least denormal, just below */
        {"7.0064923216240853546186479164497e-46", 0x1p-149F},
        {"3.4028235677973366e38", 0x1.fffffep127F}, /* a little less than halfway to 2^128 */
        {"3.4028235677973367e38", -1},              /* a little more, and 2^128 is no float */
        {"1e-400", 0.0F},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        float read = 0;
        bool fits = float_of_text(view_of(cases[i].text), strtod(cases[i].text, NULL), &read);
        SAME(fits, cases[i].want >= 0);
        FAIL_UNLESS(!fits || read == cases[i].want, "%s is %a", cases[i].text, (double)read);
    }
}

TEST(the_words_json_lacks_are_taken_where_a_value_is_due_and_nowhere_else)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 16};
    struct tokens tokens = open_text("{\"a\":[NaN, -Infinity ,Infinity,1],\"b\":NaN}", &arena);
    struct err err = {0};
    struct token token;
    float value;
    WORKS(tokens_want(&tokens, TOKEN_OBJECT, &token, &err), err);
    WORKS(tokens_want(&tokens, TOKEN_KEY, &token, &err), err);
    WORKS(tokens_want(&tokens, TOKEN_LIST, &token, &err), err);
    WORKS(tokens_float(&tokens, &value, &err), err);
    TRUE(isnan(value));
    WORKS(tokens_float(&tokens, &value, &err), err);
    TRUE(isinf(value) && value < 0);
    WORKS(tokens_float(&tokens, &value, &err), err);
    TRUE(isinf(value) && value > 0);
    WORKS(tokens_float(&tokens, &value, &err), err);
    NEAR(value, 1, 0);
    WORKS(tokens_want(&tokens, TOKEN_LIST_END, &token, &err), err);
    WORKS(tokens_want(&tokens, TOKEN_KEY, &token, &err), err);
    WORKS(tokens_float(&tokens, &value, &err), err);
    WORKS(tokens_want(&tokens, TOKEN_OBJECT_END, &token, &err), err);
    WORKS(tokens_end(&tokens, &err), err);

    static const char *const wrong[] = {"{\"a\":[1 NaN]}", "{NaN:1}",      "{\"a\":[NaNx]}",
                                        "{\"a\":[nan]}",   "{\"a\":[NaN",  "{\"a\" NaN}",
                                        "{\"a\":1 NaN}",   "{\"a\":1}NaN", "{\"a\":[+Infinity]}",
                                        "{\"a\":[1,,NaN]}"};
    for (size_t i = 0; i < LENGTH_OF(wrong); i++) {
        tokens = open_text(wrong[i], &arena);
        err = (struct err){0};
        bool taken = tokens_skip(&tokens, &err) && tokens_end(&tokens, &err);
        FAIL_UNLESS(!taken && err.kind == ERR_MODEL, "%s was taken", wrong[i]);
    }
}

TEST(keys_are_found_skipped_counted_and_missed)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 16};
    static const char *const names[] = {"one", "two", "three"};
    struct tokens tokens = open_text("{\"x\":{\"one\":[[]]},\"two\":2,\"one\":1}", &arena);
    struct err err = {0};
    struct keys keys;
    int64_t sum = 0, value;
    WORKS(keys_open(&keys, names, LENGTH_OF(names), &tokens, &err), err);
    while (keys_next(&keys, &tokens, &err)) {
        WORKS(tokens_whole(&tokens, &value, &err), err);
        SAME(value, (int64_t)keys.at + 1);
        sum += value;
    }
    TRUE(keys.done);
    SAME(sum, 3);
    TRUE(keys_need(&keys, 0, &err));
    FAILS(keys_need(&keys, 2, &err), err, ERR_MODEL);
    TEXT(view_of(err.text), "the key 'three' is missing");

    tokens = open_text("{\"one\":1,\"one\":1}", &arena);
    WORKS(keys_open(&keys, names, LENGTH_OF(names), &tokens, &err), err);
    TRUE(keys_next(&keys, &tokens, &err) && tokens_whole(&tokens, &value, &err));
    FAILS(keys_next(&keys, &tokens, &err), err, ERR_MODEL);
    TRUE(!keys.done);
}
