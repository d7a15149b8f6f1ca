#include "harness.h"

#include "measure/excess.h"

/* Known values: sums of exact fractions. */
TEST(the_tail_is_the_binomial_distributions)
{
    NEAR(excess_chance(5, 100, 0.01), 0.003432321587754515, 1e-15);
    NEAR(excess_chance(20, 1000, 0.01), 0.0032883597877274664, 1e-14);
    NEAR(excess_chance(3, 500, 0.01), 0.8766142256464181, 1e-12);
    NEAR(excess_chance(90, 1000, 0.1), 0.8665962282358926, 1e-12);
    NEAR(excess_chance(200, 1000, 0.1) / 2.928054803828677e-21, 1, 1e-9);
    NEAR(excess_chance(1, 10, 0.5), 0.9990234375, 1e-12);
    NEAR(excess_chance(0, 10, 0.5), 1, 0);
    NEAR(excess_chance(1, 10, 0), 0, 0);
    NEAR(excess_chance(10, 10, 1), 1, 0);
    NEAR(excess_chance(10, 10, 0.5), 0.0009765625, 1e-15);
}

TEST(more_than_is_allowed_alarms_only_when_it_is_no_chance)
{
    SAME(excess_judge(0, 1000, 1, 100), EXCESS_OK);
    SAME(excess_judge(1, 1000, 1, 100), EXCESS_ALARM); /* none is allowed */
    SAME(excess_judge(10, 1000, 0.99, 100), EXCESS_OK);
    SAME(excess_judge(18, 1000, 0.99, 100), EXCESS_OK);
    SAME(excess_judge(19, 1000, 0.99, 100), EXCESS_ALARM);
    SAME(excess_judge(1000000, 100000000, 0.99, 100), EXCESS_OK);
    SAME(excess_judge(1010000, 100000000, 0.99, 100), EXCESS_ALARM);
}

TEST(a_small_window_says_nothing)
{
    SAME(excess_judge(0, 0, 0.99, 0), EXCESS_INSUFFICIENT);
    SAME(excess_judge(99, 99, 0.99, EXCESS_ROWS_MIN), EXCESS_INSUFFICIENT);
    SAME(excess_judge(100, 100, 0.99, EXCESS_ROWS_MIN), EXCESS_ALARM);
    /* Two of a hundred where one is allowed are chance: 26 %. */
    SAME(excess_judge(2, 100, 0.99, EXCESS_ROWS_MIN), EXCESS_OK);
}
