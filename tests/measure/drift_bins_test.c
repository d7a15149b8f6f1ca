#include "harness.h"

#include "measure/drift.h"

#include <math.h>

/* Three categories, counted as given, and three of theirs that stay empty. */
static struct drift_reference reference_of(uint64_t before[6], const struct drift_bin bin[6])
{
    struct drift_reference r = {.bins = 6, .bin = bin};
    for (size_t i = 0; i < 6; i++)
        r.self.rows += before[i];
    r.self.count = before;
    return r;
}

static double figure(const struct drift *drift, uint64_t before[6], uint64_t now[6])
{
    static const struct drift_bin bin[6];
    struct drift_reference r = reference_of(before, bin);
    struct drift_window w = {.count = now};
    for (size_t i = 0; i < 6; i++)
        w.rows += now[i];
    return drift->distance(&r, &w);
}

/* (60.5, 30.5, 10.5) / 101.5 against (20.5, 20.5, 10.5) / 51.5. */
TEST(psi_adds_half_a_row_to_each_bin_that_is_there)
{
    uint64_t before[6] = {60, 30, 10}, now[6] = {20, 20, 10};
    double wanted = 0;
    for (size_t i = 0; i < 3; i++) {
        double was = ((double)before[i] + 0.5) / 101.5, is = ((double)now[i] + 0.5) / 51.5;
        wanted += (is - was) * log(is / was);
    }
    NEAR(figure(&drift_psi, before, now), wanted, 1e-15);
    uint64_t gone[6] = {0, 0, 50};
    TRUE(figure(&drift_psi, before, gone) > 1 && isfinite(figure(&drift_psi, before, gone)));
}

TEST(jensen_shannon_is_ln_2_where_nothing_is_shared)
{
    uint64_t before[6] = {50, 0, 50}, now[6] = {0, 7};
    NEAR(figure(&drift_js_divergence, before, now), log(2), 1e-15);
    NEAR(figure(&drift_js, before, now), sqrt(log(2)), 1e-15);
    NEAR(figure(&drift_hellinger, before, now), 1, 1e-15);
}

/* (1/2, 1/2) against (1/4, 3/4), by hand. */
TEST(jensen_shannon_and_hellinger_by_hand)
{
    uint64_t before[6] = {50, 50}, now[6] = {1, 3};
    double left = 0.5 * log(0.5 / 0.375) + 0.5 * log(0.5 / 0.625);
    double right = 0.25 * log(0.25 / 0.375) + 0.75 * log(0.75 / 0.625);
    NEAR(figure(&drift_js_divergence, before, now), (left + right) / 2, 1e-15);
    NEAR(figure(&drift_hellinger, before, now), sqrt(1 - (sqrt(0.125) + sqrt(0.375))), 1e-12);
}

/* 10 of 20 against 10 of 40 gives 60 (10 x 30 - 10 x 10)^2 / (20 x 40 x 20 x 40) = 3.75. */
TEST(chi_square_of_a_table_of_four_by_hand)
{
    uint64_t before[6] = {10, 10}, now[6] = {10, 30};
    NEAR(figure(&drift_chi_square, before, now), 3.75, 1e-12);
}
