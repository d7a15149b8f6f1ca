#include "harness.h"

#include "measure/attribution.h"

#include <math.h>

static struct attribution_drift compared(const double *then, const double *now, size_t features)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 16};
    struct attribution_drift out;
    struct err err = {0};
    WORKS(attribution_compare(then, now, features, &arena, &out, &err), err);
    return out;
}

/* SageMaker Clarify's documented example: SAT score, GPA, class rank. */
TEST(clarifys_example_is_0_69_and_alarms)
{
    static const double then[] = {0.70, 0.50, 0.05}, now[] = {0.10, 0.20, 0.70};
    struct attribution_drift drift = compared(then, now, 3);
    NEAR(drift.ndcg, 0.69, 0.005);
    NEAR(drift.ndcg, (0.05 + 0.50 / log2(3) + 0.70 / 2) / (0.70 + 0.50 / log2(3) + 0.05 / 2),
         1e-15);
    SAME(drift.state, DRIFT_ALARM);
    SAME(drift.mover, 2);
    NEAR(drift.moved, 0.7 - 0.05 / 1.25, 1e-12);
    TRUE(drift.overtaken && drift.loser == 0);
}

/* The first two of 29 change places: NDCG stays above .9, the order of the first three does not. */
TEST(two_at_the_top_that_change_places_are_watched_though_ndcg_hardly_moves)
{
    double then[29], now[29];
    for (int i = 0; i < 29; i++)
        then[i] = now[i] = pow(0.6, i);
    now[0] = then[1], now[1] = then[0];
    struct attribution_drift drift = compared(then, now, 29);
    NEAR(drift.ndcg, 0.917, 0.001);
    TRUE(drift.ndcg > ATTRIBUTION_NDCG);
    TRUE(drift.overtaken && drift.loser == 0 && drift.winner == 1);
    SAME(drift.state, DRIFT_WATCH);
}

TEST(near_ones_that_change_places_and_small_moves_are_ok)
{
    static const double then[] = {0.34, 0.33, 0.33}, now[] = {0.33, 0.34, 0.33};
    struct attribution_drift drift = compared(then, now, 3);
    SAME(drift.state, DRIFT_OK);
    TRUE(!drift.overtaken);
    static const double same[] = {5, 3, 1, 0}, twice[] = {10, 6, 2, 0};
    drift = compared(same, twice, 4);
    SAME(drift.state, DRIFT_OK);
    NEAR(drift.ndcg, 1, 0);
    NEAR(drift.moved, 0, 1e-15);
}

/* In the same order, and a tenth of the total has gone from the first to the second. */
TEST(a_share_that_moved_by_a_tenth_is_watched)
{
    static const double then[] = {0.70, 0.20, 0.10}, now[] = {0.59, 0.31, 0.10};
    struct attribution_drift drift = compared(then, now, 3);
    SAME(drift.state, DRIFT_WATCH);
    TRUE(!drift.overtaken);
    static const double less[] = {0.61, 0.29, 0.10};
    SAME(compared(then, less, 3).state, DRIFT_OK);
}

TEST(without_attributions_there_is_nothing_to_order)
{
    static const double zero[] = {0, 0}, one[] = {0, 1};
    NEAR(compared(zero, zero, 2).ndcg, 1, 0);
    NEAR(compared(zero, one, 2).ndcg, 1, 0);
    NEAR(compared(one, zero, 2).ndcg, 1, 0);
    SAME(compared(one, one, 0).state, DRIFT_OK);
}
