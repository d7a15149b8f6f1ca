#include "harness.h"

#include "base/number.h"
#include "base/rng.h"

#include <float.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>

TEST(decimal_texts_are_numbers)
{
    static const struct {
        const char *text;
        double want;
    } good[] = {
        {"12.5", 12.5},
        {"0", 0},
        {"-0.5", -0.5},
        {"+7", 7},
        {".5", 0.5},
        {"5.", 5},
        {"007", 7},
        {"1e3", 1000},
        {"1E-2", .01},
        {"2.5e+1", 25},
        {"1e308", 1e308},
        {"4.9e-324", 4.9e-324},
        {"1e-999", 0},
        {"0e999", 0},
        {"9007199254740993", 9007199254740992.0},
        {"123456789012345678901234567890", 1.2345678901234568e29},
    };
    for (size_t i = 0; i < LENGTH_OF(good); i++) {
        double value;
        FAIL_UNLESS(number_parse(view_of(good[i].text), &value), "'%s' is refused", good[i].text);
        NEAR(value, good[i].want, 0);
    }
    double minus;
    TRUE(number_parse(VIEW("-0"), &minus) && signbit(minus));
}

TEST(what_is_not_wholly_a_number_is_refused_and_nothing_is_written)
{
    static const char *const bad[] = {
        "",    "12.5x", "x",   "0x10", "nan",   "inf",   "infinity", "1e999", "-1e999",
        "1e",  "1e+",   ".",   "-",    "+",     "-.",    "e5",       "1 ",    " 1",
        "1,5", "1_000", "--1", "+-1",  "1.2.3", "1e5.5", ".e1",      "1d5",   "0b1",
    };
    for (size_t i = 0; i < LENGTH_OF(bad); i++) {
        double value = 42;
        FAIL_UNLESS(!number_parse(view_of(bad[i]), &value), "'%s' is taken", bad[i]);
        NEAR(value, 42, 0);
    }
}

/* Digits, a point somewhere, an exponent now and then. */
static size_t random_decimal(struct rng *rng, char out[64])
{
    char digits[64];
    size_t count = 1 + rng_below(rng, 24), point = rng_below(rng, 26);
    struct text text = text_in(out, 64);
    for (size_t i = 0; i < count; i++)
        digits[i] = (char)('0' + rng_below(rng, rng_below(rng, 4) == 0 ? 1 : 10));
    if (rng_below(rng, 2) == 0)
        text_addc(&text, '-');
    for (size_t i = 0; i < count; i++) {
        if (i == point)
            text_addc(&text, '.');
        text_addc(&text, digits[i]);
    }
    if (rng_below(rng, 2) == 0)
        text_addf(&text, "e%d",
                  (int)rng_below(rng, rng_below(rng, 3) == 0 ? 660 : 60) -
                      (int)rng_below(rng, 2) * 340 - 20);
    text_c(&text);
    return text.length;
}

TEST(a_hundred_thousand_random_texts_read_as_strtod_reads_them)
{
    struct rng rng = rng_of(1, 0, 0);
    size_t refused = 0;
    for (int i = 0; i < 100000; i++) {
        char bytes[64];
        size_t length = random_decimal(&rng, bytes);
        double want = strtod(bytes, NULL), have;
        bool taken = number_parse((struct view){bytes, length}, &have);
        FAIL_UNLESS(taken == (bool)isfinite(want), "'%s' taken: %d", bytes, taken);
        FAIL_UNLESS(!taken || memcmp(&have, &want, sizeof have) == 0,
                    "'%s' is read as %.17g, strtod says %.17g", bytes, have, want);
        refused += !taken;
    }
    TRUE(refused > 100 && refused < 20000);
}

/* As long as 64 bits hold, and where two doubles are equally near: what rounding twice gets wrong.
 */
TEST(long_texts_are_the_nearest_double)
{
    struct rng rng = rng_of(2, 0, 0);
    for (int i = 0; i < 200000; i++) {
        uint64_t mantissa = rng_u64(&rng) >> rng_below(&rng, 12);
        if (i % 4 == 0) /* half-way between two doubles, as a whole number */
            mantissa =
                ((mantissa | UINT64_C(1) << 63) >> 11 << 11 | 1 << 10) >> rng_below(&rng, 10);
        int exponent = i % 4 == 0 ? 0 : (int)rng_below(&rng, 61) - 30;
        char bytes[64];
        int length = snprintf(bytes, sizeof bytes, "%" PRIu64 "e%d", mantissa, exponent);
        double have, want = strtod(bytes, NULL);
        TRUE(number_parse((struct view){bytes, (size_t)length}, &have));
        FAIL_UNLESS(memcmp(&have, &want, sizeof have) == 0,
                    "'%s' is read as %.17g, strtod says %.17g", bytes, have, want);
    }
}

TEST(json_numbers_are_the_longest_the_grammar_allows)
{
    static const struct {
        const char *text;
        size_t size;
    } known[] = {
        {"1", 1},       {"-1.5e3,", 6}, {"0", 1},   {"0]", 1},  {"10", 2},       {"1e5}", 3},
        {"01", 0},      {"-01", 0},     {"1.", 0},  {".5", 0},  {"+1", 0},       {"-", 0},
        {"1e", 0},      {"1e+", 0},     {"", 0},    {"x", 0},   {"1e999", 0},    {"-0", 2},
        {"0.0e-0 ", 6}, {"1x", 1},      {"1.x", 0}, {"nan", 0}, {"Infinity", 0},
    };
    for (size_t i = 0; i < LENGTH_OF(known); i++) {
        double value;
        size_t size = number_scan_json(view_of(known[i].text), &value);
        FAIL_UNLESS(size == known[i].size, "'%s': %zu bytes", known[i].text, size);
    }
}

TEST(a_number_is_read_only_up_to_the_end_of_its_view)
{
    double none = 7;
    TRUE(!number_parse((struct view){0}, &none) && number_scan_json((struct view){0}, &none) == 0);
    TRUE(none == 7);
    double value;
    SAME(number_scan_json((struct view){"12345", 3}, &value), 3);
    NEAR(value, 123, 0);
    TRUE(number_parse((struct view){"1e55", 3}, &value));
    NEAR(value, 1e5, 0);
}

TEST(whole_numbers_are_taken_up_to_64_bits)
{
    int64_t value;
    TRUE(number_parse_i64(VIEW("9223372036854775807"), &value) && value == INT64_MAX);
    TRUE(number_parse_i64(VIEW("-9223372036854775808"), &value) && value == INT64_MIN);
    TRUE(number_parse_i64(VIEW("-42"), &value) && value == -42);
    TRUE(number_parse_i64(VIEW("007"), &value) && value == 7);
    static const char *const bad[] = {"",
                                      "-",
                                      "+1",
                                      "1.0",
                                      "1e3",
                                      " 1",
                                      "1 ",
                                      "x",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "99999999999999999999"};
    for (size_t i = 0; i < LENGTH_OF(bad); i++) {
        value = 42;
        FAIL_UNLESS(!number_parse_i64(view_of(bad[i]), &value), "'%s' is taken", bad[i]);
        SAME(value, 42);
    }
}

static void prints(double value, const char *want)
{
    char bytes[NUMBER_SIZE];
    size_t length = number_print(value, bytes);
    SAME(length, strlen(bytes));
    TEXT(view_of(bytes), want);
}

/* The shortest of 15, 16 and 17 digits that reads back, by the C library. */
static void prints_as_the_library(double value)
{
    char want[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(want, sizeof want, "%.*g", digits, value);
        if (strtod(want, NULL) == value)
            break;
    }
    char bytes[NUMBER_SIZE];
    size_t length = number_print(value, bytes);
    FAIL_UNLESS(strcmp(bytes, want) == 0 && length == strlen(want), "'%s', wanted '%s'", bytes,
                want);
}

TEST(a_million_numbers_of_every_size_print_as_the_library_prints_them)
{
    struct rng rng = rng_of(1, 2, 3);
    for (int i = 0; i < 1000000; i++) {
        double unit = rng_unit(&rng), power = ldexp(1, (int)rng_below(&rng, 70) - 20);
        int exponent;
        double value = i % 4 == 0   ? (double)(float)unit
                       : i % 4 == 1 ? unit
                       : i % 4 == 2 ? unit * power
                                    : (double)rng_below(&rng, 100000000) / 1e4;
        /* Powers of two and whole numbers from 1e15 on have their own ways, above. */
        if (frexp(value, &exponent) != 0.5 && value < 1e15)
            prints_as_the_library(i % 8 < 4 ? value : -value);
    }
    static const double edges[] = {1e-4,
                                   0.00009999999999999999,
                                   0.001,
                                   0.01,
                                   0.1,
                                   0.9999999999999999,
                                   1.0000000000000002,
                                   9.999999999999998,
                                   99999999999999.98,
                                   999999999999999.9,
                                   123456.5};
    for (size_t i = 0; i < LENGTH_OF(edges); i++)
        prints_as_the_library(edges[i]);
}

/* As Python's repr prints them, whole numbers without their ".0". */
TEST(numbers_print_as_the_shortest_text_that_reads_back)
{
    prints(0, "0");
    prints(-0.0, "-0");
    prints(5, "5");
    prints(-17, "-17");
    prints(0.1, "0.1");
    prints(1.0 / 3, "0.3333333333333333");
    prints(2.0 / 3, "0.6666666666666666");
    prints(0.1 + 0.2, "0.30000000000000004");
    prints((double)0.016783955f, "0.016783954575657845");
    prints((double)0.1f, "0.10000000149011612");
    prints(123456789012345, "123456789012345");
    prints(1e22, "1e+22");
    prints(1e-5, "1e-05");
    prints(DBL_MAX, "1.7976931348623157e+308");
    prints(-DBL_MAX, "-1.7976931348623157e+308");
    prints(DBL_MIN, "2.2250738585072014e-308");
    prints((double)NAN, "nan");
    prints((double)INFINITY, "inf");
    prints((double)-INFINITY, "-inf");
}

TEST(the_smallest_numbers_and_powers_of_two_print_shortest_too)
{
    prints(0x1p-1074, "5e-324");
    prints(0x1p-1073, "1e-323");
    prints(0x1p-1060, "8.095e-320");
    prints(0x1p-44, "5.684341886080802e-14");
    prints(-0x1p-44, "-5.684341886080802e-14");
    prints(0x1p-24, "5.960464477539063e-08");
    prints(0x1p89, "6.189700196426902e+26");
}

TEST(a_hundred_thousand_random_doubles_print_and_read_back_bit_for_bit)
{
    struct rng rng = rng_of(2, 0, 0);
    for (int i = 0; i < 100000; i++) {
        uint64_t bits = rng_u64(&rng);
        double value, back;
        memcpy(&value, &bits, sizeof value);
        if (i % 4 == 0)
            value = (double)(float)rng_unit(&rng);
        if (!isfinite(value))
            continue;
        char bytes[NUMBER_SIZE], shorter[NUMBER_SIZE];
        size_t length = number_print(value, bytes);
        TRUE(number_parse((struct view){bytes, length}, &back));
        FAIL_UNLESS(memcmp(&back, &value, sizeof value) == 0, "%.17g prints as '%s'", value, bytes);
        int digits = 0;
        for (size_t at = 0; at < length && bytes[at] != 'e'; at++)
            digits += bytes[at] >= '0' && bytes[at] <= '9';
        if (digits == 17 && fabs(value) > 1) { /* no leading zeros are among them */
            snprintf(shorter, sizeof shorter, "%.16g", value);
            TRUE(strtod(shorter, NULL) != value);
        }
    }
}

TEST(numbers_are_added_to_texts)
{
    char bytes[64];
    struct text text = text_in(bytes, sizeof bytes);
    text_add_number(&text, 0.25);
    text_addc(&text, ' ');
    text_add_u64(&text, UINT64_MAX);
    TEXT(text_view(&text), "0.25 18446744073709551615");
}

TEST(ulps_count_the_floats_between)
{
    SAME(number_ulps(1, 1), 0);
    SAME(number_ulps(1, nextafterf(1, 2)), 1);
    SAME(number_ulps(1, nextafterf(1, 0)), 1);
    SAME(number_ulps(0.0f, -0.0f), 0);
    SAME(number_ulps(0x1p-149f, -0x1p-149f), 2);
    SAME(number_ulps(1, 2), 1 << 23);
    SAME(number_ulps(-1, -2), 1 << 23);
    SAME(number_ulps(NAN, NAN), 0);
    SAME(number_ulps(NAN, 1), UINT32_MAX);
    SAME(number_ulps(-INFINITY, INFINITY), 0xff000000u);
}

TEST(numbers_are_read_and_written_with_a_point_whatever_the_hosts_locale)
{
    static const char *const with_comma[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8"};
    const char *set = NULL;
    for (size_t i = 0; set == NULL && i < LENGTH_OF(with_comma); i++)
        set = setlocale(LC_ALL, with_comma[i]);
    if (set == NULL)
        SKIP("no locale with a decimal comma is installed");
    char digits[NUMBER_SIZE];
    double back = 0;
    size_t length = number_print(0.37000000476837158, digits);
    bool read = number_parse((struct view){digits, length}, &back);
    setlocale(LC_ALL, "C");
    TEXT(((struct view){digits, length}), "0.3700000047683716");
    TRUE(read && back == 0.37000000476837158);
}
