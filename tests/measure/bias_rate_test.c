#include "measure/bias_rate.h"

#include "harness.h"

#include <math.h>

TEST(each_facet_has_its_own_rates_with_wilsons_intervals)
{
    /* d: 20 frauds of which 10 pass, 30 good of which 6 are flagged. */
    struct bias_table t = {.predicts = true, .n[FACET_D] = {{10, 10}, {6, 24}}};
    NEAR(bias_rate_of(BIAS_RATE_prevalence, &t, FACET_D).value, 20. / 50, 0);
    NEAR(bias_rate_of(BIAS_RATE_flagged_rate, &t, FACET_D).value, 16. / 50, 0);
    NEAR(bias_rate_of(BIAS_RATE_false_positive_rate, &t, FACET_D).value, 6. / 30, 0);
    NEAR(bias_rate_of(BIAS_RATE_precision, &t, FACET_D).value, 10. / 16, 0);
    NEAR(bias_rate_of(BIAS_RATE_accuracy, &t, FACET_D).value, 34. / 50, 0);
    struct bias_rate missed = bias_rate_of(BIAS_RATE_false_negative_rate, &t, FACET_D);
    NEAR(missed.value, 0.5, 0);
    /* scipy.stats.binomtest(10, 20).proportion_ci(0.95, "wilson") */
    NEAR(missed.low, 0.2992980081982124, 1e-12);
    NEAR(missed.high, 0.7007019918017876, 1e-12);
}

TEST(a_share_of_nothing_or_of_none_found_keeps_its_bounds)
{
    struct bias_table t = {.predicts = true, .n[FACET_D] = {{0, 20}, {0, 30}}};
    struct bias_rate caught = bias_rate_of(BIAS_RATE_precision, &t, FACET_D);
    TRUE(isnan(caught.value) && isnan(caught.low) && caught.of == 0);
    t.n[FACET_D][0][0] = 20;
    t.n[FACET_D][0][1] = 0;
    struct bias_rate missed = bias_rate_of(BIAS_RATE_false_negative_rate, &t, FACET_D);
    NEAR(missed.low, 0, 0);
    NEAR(missed.high, 0.16112515805281935, 1e-12);
}

TEST(every_rate_is_named_once)
{
    for (size_t i = 0; i < BIAS_RATES; i++)
        for (size_t j = 0; j < i; j++)
            TRUE(strcmp(bias_rate_names[i], bias_rate_names[j]) != 0);
}
