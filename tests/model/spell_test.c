#include "model/spell.h"

#include "base/rng.h"
#include "harness.h"
#include "model/tokens.h"

#include <math.h>

static void spelled(float value, const char *want)
{
    char digits[SPELL_FLOAT_SIZE];
    TEXT(((struct view){digits, spell_float(value, digits)}), want);
}

TEST(floats_are_spelled_shortest_with_an_exponent)
{
    spelled(0.1F, "1E-1");
    spelled(0.0F, "0E0");
    spelled(-0.0F, "-0E0");
    spelled(1.0F, "1E0");
    spelled(-12.5F, "-1.25E1");
    spelled(120000000.0F, "1.2E8");
    spelled(16777216.0F, "1.6777216E7");
    spelled(0.33333334F, "3.3333334E-1");
    spelled(3.4028235e38F, "3.4028235E38");
    spelled(1e-45F, "1E-45");
    spelled(-INFINITY, "-Infinity");
}

static float any_float(struct rng *rng)
{
    for (;;) { /* one in 256 is NaN */
        uint32_t bits = (uint32_t)rng_below(rng, UINT64_C(1) << 32);
        float value;
        memcpy(&value, &bits, sizeof value);
        if (!isnan(value))
            return value;
    }
}

/* One list of floats as a document, read back by the model's own reader. */
static void there_and_back(enum spelling spelling)
{
    enum { COUNT = 50 * 1000 };
    CLEANUP(arena_release) struct arena arena = {.limit = 32 << 20};
    struct text text = text_in_arena(&arena);
    struct spell spell = spell_to(&text, spelling);
    struct rng rng = rng_of(11, 22, 33);
    spell_open(&spell);
    spell_key(&spell, "floats"), spell_list(&spell, 'd', COUNT);
    for (size_t i = 0; i < COUNT; i++)
        spell_number(&spell, (double)any_float(&rng));
    spell_list_end(&spell), spell_close(&spell);
    TRUE(!text.cut);

    struct tokens tokens;
    struct token token;
    struct err err = {0};
    WORKS(tokens_open(&tokens, text_view(&text), &arena, &err), err);
    SAME(tokens.binary, spelling == SPELL_UBJ);
    WORKS(tokens_want(&tokens, TOKEN_OBJECT, &token, &err), err);
    WORKS(tokens_want(&tokens, TOKEN_KEY, &token, &err), err);
    WORKS(tokens_want(&tokens, TOKEN_LIST, &token, &err), err);
    rng = rng_of(11, 22, 33);
    for (size_t i = 0; i < COUNT; i++) {
        float want = any_float(&rng), got;
        WORKS(tokens_float(&tokens, &got, &err), err);
        SAME(memcmp(&want, &got, sizeof want), 0);
    }
    WORKS(tokens_want(&tokens, TOKEN_LIST_END, &token, &err), err);
}

TEST(every_float_keeps_its_bits_in_json)
{
    there_and_back(SPELL_JSON);
}

TEST(every_float_keeps_its_bits_in_ubj)
{
    there_and_back(SPELL_UBJ);
}

static struct view everything(enum spelling spelling, struct arena *arena)
{
    struct text text = text_in_arena(arena);
    struct spell spell = spell_to(&text, spelling);
    spell_open(&spell);
    spell_key(&spell, "a"), spell_text(&spell, VIEW("b\"c"));
    spell_key(&spell, "n"), spell_whole(&spell, -7);
    spell_key(&spell, "s"), spell_list(&spell, 'i', 2);
    spell_number(&spell, -128), spell_number(&spell, 127);
    spell_list_end(&spell);
    spell_key(&spell, "l"), spell_list(&spell, 'l', 1);
    spell_number(&spell, INT32_MIN);
    spell_list_end(&spell);
    spell_key(&spell, "L"), spell_list(&spell, 'L', 1);
    spell_number(&spell, 4294967296.0);
    spell_list_end(&spell);
    spell_key(&spell, "o"), spell_list(&spell, 0, 2);
    spell_open(&spell), spell_close(&spell);
    spell_open(&spell), spell_close(&spell);
    spell_list_end(&spell);
    spell_close(&spell);
    TRUE(!text.cut);
    return text_view(&text);
}

TEST(json_is_spelled_as_anyone_would)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    TEXT(everything(SPELL_JSON, &arena), "{\"a\":\"b\\\"c\",\"n\":-7,\"s\":[-128,127],"
                                         "\"l\":[-2147483648],\"L\":[4294967296],\"o\":[{},{}]}");
}

TEST(ubj_is_spelled_big_endian_with_types_and_counts)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    static const char want[] = "{L\0\0\0\0\0\0\0\1aSL\0\0\0\0\0\0\0\3b\"c"
                               "L\0\0\0\0\0\0\0\1nl\xff\xff\xff\xf9"
                               "L\0\0\0\0\0\0\0\1s[$i#L\0\0\0\0\0\0\0\2\x80\x7f"
                               "L\0\0\0\0\0\0\0\1l[$l#L\0\0\0\0\0\0\0\1\x80\0\0\0"
                               "L\0\0\0\0\0\0\0\1L[$L#L\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0\0"
                               "L\0\0\0\0\0\0\0\1o[#L\0\0\0\0\0\0\0\2{}{}}";
    struct view got = everything(SPELL_UBJ, &arena);
    SAME(got.length, sizeof want - 1);
    SAME(memcmp(got.text, want, got.length), 0);
}
