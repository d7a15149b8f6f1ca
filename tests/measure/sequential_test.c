#include "measure/sequential.h"

#include "base/rng.h"
#include "harness.h"

#include <math.h>
#include <stdlib.h>

TEST(an_arm_has_the_mean_and_the_variance_of_its_values)
{
    struct arm arm = {0};
    for (int i = 1; i <= 5; i++)
        arm_add(&arm, 1e9 + i);
    NEAR(arm.mean, 1e9 + 3, 1e-6);
    NEAR(arm.squares, 10, 1e-6);
    SAME(arm.count, 5);
}

TEST(the_bounds_are_those_of_the_formula)
{
    struct arm a = {.count = 1000, .mean = 2, .squares = 999 * 4.0};
    struct arm b = {.count = 500, .mean = 1.5, .squares = 499 * 9.0};
    struct sequential bounds = sequential_of(&a, &b, 0.05, 2000);
    /* V = 4/1000 + 9/500 = 0.022; r = (5.9915 + log 6.9915) / 2000; by hand in double */
    double r = (-2 * log(0.05) + log(1 - 2 * log(0.05))) / 2000, n = 1500;
    double reach = sqrt(0.022) * sqrt(2 * (n * r + 1) / (n * r) * log(sqrt(n * r + 1) / 0.05));
    NEAR(bounds.difference, -0.5, 1e-12);
    NEAR(bounds.low, -0.5 - reach, 1e-12);
    NEAR(bounds.high, -0.5 + reach, 1e-12);
    NEAR(reach, 0.451424, 5e-7); /* 3.04 standard errors: the price of looking at any time */
}

TEST(nothing_is_said_of_few_units)
{
    struct arm a = {.count = 99, .squares = 1}, b = {.count = 1000, .squares = 1};
    TRUE(isnan(sequential_of(&a, &b, 0.05, 1000).low));
    TRUE(isnan(sequential_of(&b, &a, 0.05, 1000).difference));
}

/* Costs as they are in fraud: mostly nothing, sometimes much. */
static double cost(struct rng *rng, double rate)
{
    return rng_unit(rng) < rate ? 20 + 200 * rng_unit(rng) : 0;
}

/* Whether a difference was found at any of 200 looks. */
static bool found(uint64_t seed, double rate_a, double rate_b)
{
    struct rng rng = rng_of(seed, 1, 1);
    struct arm a = {0}, b = {0};
    for (int look = 0; look < 200; look++) {
        for (int i = 0; i < 100; i++) {
            arm_add(&a, cost(&rng, rate_a));
            arm_add(&b, cost(&rng, rate_b));
        }
        struct sequential bounds = sequential_of(&a, &b, 0.05, 10000);
        if (bounds.low > 0 || bounds.high < 0)
            return true;
    }
    return false;
}

TEST(looking_200_times_finds_no_difference_where_there_is_none_and_one_where_there_is)
{
    int runs = getenv("ASSAY_SOAK") != NULL ? 2000 : 200, alarms = 0, hits = 0;
    for (int i = 0; i < runs; i++) {
        alarms += found((uint64_t)i, 0.05, 0.05);
        hits += found((uint64_t)i, 0.05, 0.07);
    }
    TRUE(alarms <= runs * 5 / 100);
    TRUE(hits >= runs * 95 / 100);
}

TEST(counts_that_do_not_fit_the_share_are_told_from_those_that_do)
{
    NEAR(ratio_mismatch(500, 500, 0.5), 1, 1e-12);
    NEAR(ratio_mismatch(520, 480, 0.5), 0.2059, 1e-4);    /* chi-square 1.6 */
    NEAR(ratio_mismatch(9100, 900, 0.1), 8.581e-4, 1e-6); /* chi-square 100/9 */
    TRUE(ratio_mismatch(9100, 900, 0.1) < SRM_ALARM);
    NEAR(ratio_mismatch(0, 0, 0.5), 1, 0);
    NEAR(ratio_mismatch(10, 0, 0), 1, 0);
}
