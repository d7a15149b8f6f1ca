#include "measure/bias_interval.h"

#include "harness.h"

#include <math.h>

static struct bias_table table_of(const uint64_t n[8])
{
    struct bias_table table = {.predicts = true};
    memcpy(table.n, n, sizeof table.n);
    return table;
}

TEST(a_difference_of_shares_has_newcombes_interval)
{
    /* Newcombe 1998, table II (a): 56/70 and 48/80, method 10: 0.0524 to 0.3339. */
    struct bias_table t = table_of((const uint64_t[]){0, 14, 0, 56, 0, 32, 0, 48});
    struct bias_value dpl = bias_of(&bias_DPL, &t);
    NEAR(dpl.value, 0.2, 1e-15);
    NEAR(dpl.low, 0.0524, 5e-5);
    NEAR(dpl.high, 0.3339, 5e-5);
    struct bias_table turned = table_of((const uint64_t[]){0, 32, 0, 48, 0, 14, 0, 56});
    struct bias_value other = bias_of(&bias_DPL, &turned);
    NEAR(other.low, -dpl.high, 1e-15);
    NEAR(other.high, -dpl.low, 1e-15);
}

TEST(distances_have_the_interval_of_the_difference_they_are_of_folded_at_0)
{
    struct bias_table t = table_of((const uint64_t[]){0, 32, 0, 48, 0, 14, 0, 56});
    struct bias_value tvd = bias_of(&bias_TVD, &t), lp = bias_of(&bias_LP, &t);
    NEAR(tvd.low, 0.0524, 5e-5);
    NEAR(tvd.high, 0.3339, 5e-5);
    NEAR(lp.low, tvd.low * sqrt(2), 1e-15);
    struct bias_table same = table_of((const uint64_t[]){0, 30, 0, 70, 0, 29, 0, 71});
    struct bias_value dpl = bias_of(&bias_DPL, &same), ks = bias_of(&bias_KS, &same);
    TRUE(dpl.low < 0 && dpl.high > 0);
    NEAR(ks.low, 0, 0);
    NEAR(ks.high, fmax(-dpl.low, dpl.high), 1e-15);
}

TEST(a_ratio_of_shares_has_katzs_interval)
{
    /* scipy.stats.contingency.relative_risk(34, 50, 77, 100).confidence_interval(0.95) */
    struct bias_table t = table_of((const uint64_t[]){15, 5, 8, 72, 10, 10, 6, 24});
    struct bias_value di = bias_of(&bias_DI, &t);
    NEAR(di.value, 0.8831168831168832, 1e-15);
    NEAR(di.low, 0.7099652086760014, 1e-12);
    NEAR(di.high, 1.0984980949988925, 1e-12);
    struct bias_table none = table_of((const uint64_t[]){15, 5, 8, 72, 10, 0, 6, 0});
    TRUE(isnan(bias_of(&bias_DI, &none).low)); /* the logarithm of 0 */
}

TEST(flips_have_agresti_and_mins_interval_whichever_their_sign)
{
    /* 12 against 5 of 100: (12.5 - 5.5) / 102 -+ z sqrt(18 / 102 - its square) / sqrt 102 */
    struct bias_table t = table_of((const uint64_t[]){15, 5, 8, 72, 10, 10, 6, 24});
    t.flips = true;
    t.flip = (struct bias_flips){.against = 12, .towards = 5, .members = 100, .neighbours = 5};
    struct bias_value ft = bias_of(&bias_FT, &t), code = bias_of(&bias_FT_code, &t);
    NEAR(ft.value, 0.07, 1e-15);
    NEAR(ft.low, -0.011801075037416384, 1e-12);
    NEAR(ft.high, 0.14905597699820072, 1e-12);
    NEAR(code.value, -ft.value, 0);
    NEAR(code.low, -ft.high, 1e-15);
    NEAR(code.high, -ft.low, 1e-15);
}

TEST(the_other_metrics_have_percentiles_of_draws_that_are_the_same_every_time)
{
    struct bias_table t = table_of((const uint64_t[]){150, 50, 80, 720, 100, 100, 60, 240});
    struct bias_value te = bias_of(&bias_TE, &t), again = bias_of(&bias_TE, &t);
    NEAR(te.low, again.low, 0);
    /* FN/FP of both facets: 0.6 - 1.6; by the delta method the deviation of the first is
     * 0.6 sqrt(1/60 + 1/100), of the second 1.6 sqrt(1/80 + 1/50). */
    double deviation = hypot(0.6 * sqrt(1. / 60 + 1. / 100), 1.6 * sqrt(1. / 80 + 1. / 50));
    NEAR(te.low, te.value - 1.96 * deviation, 0.2);
    NEAR(te.high, te.value + 1.96 * deviation, 0.2);
    struct bias_table endless = table_of((const uint64_t[]){0, 0, 80, 720, 0, 0, 60, 240});
    struct bias_value infinite = bias_of(&bias_KL, &endless);
    NEAR(infinite.value, 0, 0);
}

TEST(a_bound_among_infinite_draws_is_infinite_not_undefined)
{
    /* 2 frauds of a, none of d: KL is infinite unless both frauds are drawn away. */
    struct bias_table t = table_of((const uint64_t[]){0, 2, 0, 998, 0, 0, 0, 500});
    struct bias_value kl = bias_of(&bias_KL, &t);
    TRUE(isinf(kl.value) && isinf(kl.high) && !isnan(kl.low));
}

TEST(conditional_disparity_is_drawn_group_by_group)
{
    uint64_t cell[8] = {40, 160, 30, 70, 90, 110, 60, 40};
    struct bias_table t = table_of((const uint64_t[]){130, 0, 270, 0, 90, 0, 110, 0});
    t.grouped = true;
    t.groups = 2;
    t.cell[0] = cell;
    t.cdd[0] = bias_disparity(cell, 2);
    NEAR(t.cdd[0], (300 * (30. / 70 - 70. / 230) + 300 * (60. / 150 - 40. / 150)) / 600, 1e-15);
    struct bias_value cddl = bias_of(&bias_CDDL, &t);
    TRUE(cddl.low < cddl.value && cddl.value < cddl.high);
    TRUE(cddl.low > 0 && cddl.high - cddl.low < 0.25);
    /* A group that all are of and that says nothing beside one that says all. */
    uint64_t apart[8] = {10, 10, 10, 10, 1000, 1000, 1000, 1000};
    struct bias_table even = t;
    even.cell[0] = apart;
    even.cdd[0] = bias_disparity(apart, 2);
    struct bias_value none = bias_of(&bias_CDDL, &even);
    TRUE(none.low < 0 && none.high > 0 && none.high - none.low < 0.07);
}

TEST(a_small_count_is_drawn_around_itself)
{
    /* 20 good ones of a rejected to 25 bad ones accepted, and as many of d: TE is 0. */
    struct bias_table t = table_of((const uint64_t[]){100, 25, 20, 100, 100, 1000, 800, 100});
    struct bias_value te = bias_of(&bias_TE, &t);
    NEAR(te.value, 0, 1e-15);
    NEAR(te.low, -te.high, 0.4);
    TRUE(te.low < -0.3 && te.high > 0.2);
}

TEST(every_interval_holds_its_value)
{
    uint64_t cell[4] = {23, 77, 16, 34};
    struct bias_table t = table_of((const uint64_t[]){15, 5, 8, 72, 10, 10, 6, 24});
    t.grouped = t.flips = true;
    t.groups = 1;
    t.cell[0] = t.cell[1] = cell;
    t.cdd[0] = t.cdd[1] = bias_disparity(cell, 1);
    t.flip = (struct bias_flips){.against = 8, .towards = 3, .members = 50, .neighbours = 5};
    for (size_t i = 0; i < biases_count; i++) {
        struct bias_value got = bias_of(biases[i], &t);
        TRUE(got.why == NULL);
        TRUE(isnan(got.low) == (biases[i]->interval == BIAS_NO_INTERVAL));
        FAIL_UNLESS(isnan(got.low) || (got.low <= got.value && got.value <= got.high),
                    "%s is %g, from %g to %g", biases[i]->name, got.value, got.low, got.high);
        TRUE(bias_interval_name(biases[i]->interval)[0] != '\0');
    }
}
