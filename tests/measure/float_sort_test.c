#include "harness.h"

#include "measure/float_sort.h"

#include "base/rng.h"

#include <float.h>
#include <math.h>

enum { ROWS = 5000 };

static int by_value(const void *left, const void *right)
{
    float a = *(const float *)left, b = *(const float *)right;
    return (a > b) - (a < b);
}

TEST(floats_of_every_size_and_sign_are_sorted_as_qsort_sorts_them)
{
    static float value[ROWS], wanted[ROWS], scratch[ROWS];
    for (uint32_t round = 0; round < 60; round++) {
        struct rng rng = rng_of(1, round, 0);
        size_t count = rng_below(&rng, round < 30 ? 100 : ROWS);
        for (size_t i = 0; i < count; i++) {
            uint32_t bits = rng_u32(&rng);
            memcpy(&value[i], &bits, sizeof bits); /* denormal, huge, whatever */
            if (isnan(value[i]) || round % 3 == 0)
                value[i] = (float)rng_below(&rng, 7) - 3;
        }
        memcpy(wanted, value, sizeof value);
        qsort(wanted, count, sizeof *wanted, by_value);
        float_sort(value, count, scratch);
        for (size_t i = 0; i < count; i++)
            FAIL_UNLESS(value[i] == wanted[i], "round %u: place %zu", round, i);
    }
}

TEST(infinities_are_at_the_ends_and_negative_zero_is_zero)
{
    float value[] = {0.0f, INFINITY, -0.0f, -FLT_MAX, FLT_MAX, -INFINITY}, scratch[6];
    float_sort(value, 6, scratch);
    TRUE(value[0] == -INFINITY && value[1] == -FLT_MAX);
    TRUE(value[4] == FLT_MAX && value[5] == INFINITY);
    TRUE(!signbit(value[2]) && !signbit(value[3]));
}

TEST(counts_below_and_up_to_a_limit_differ_by_those_that_equal_it)
{
    static const float sorted[] = {-1, 2, 2, 2, 5};
    SAME(float_count_below(sorted, 5, 2), 1);
    SAME(float_count_upto(sorted, 5, 2), 4);
    SAME(float_count_below(sorted, 5, -1), 0);
    SAME(float_count_upto(sorted, 5, 7), 5);
    SAME(float_count_below(sorted, 5, INFINITY), 5);
    SAME(float_count_upto(sorted, 0, 7), 0);
}
