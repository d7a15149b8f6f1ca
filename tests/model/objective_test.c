#include "model/objective.h"

#include "base/number.h"
#include "harness.h"

#include <math.h>

TEST(every_objective_is_complete_and_named_once)
{
    TRUE(objectives_count > 0);
    for (size_t i = 0; i < objectives_count; i++) {
        const struct objective *objective = objectives[i];
        TRUE(objective->name != NULL && objective->about != NULL);
        TRUE(objective->margin_of != NULL && objective->score_of != NULL);
        TRUE(objective_find(view_of(objective->name)) == objective);
        NEAR(objective->score_of(objective->margin_of(0.25F)), 0.25, 1e-7);
    }
    TRUE(objective_find(VIEW("multi:softmax")) == NULL);
    TRUE(objective_find(VIEW("binary:logistic ")) == NULL);
}

TEST(logistic_starts_at_the_logit_and_ends_in_a_probability)
{
    const struct objective *logistic = &objective_binary_logistic;
    NEAR(logistic->margin_of(0.5F), 0, 0);
    NEAR(logistic->margin_of(0.1F), -2.1972246, 2e-7); /* -ln 9 */
    NEAR(logistic->score_of(0), 0.5, 0);
    NEAR(logistic->score_of(2), 0.8807970779778823, 6e-8);
    NEAR(logistic->score_of(-2), 0.11920292202211757, 1e-8);
    NEAR(logistic->score_of(1000), 1, 0);
    TRUE(logistic->probability);
    TRUE(!objective_reg_squarederror.probability);
}

/* exp(88.7) is as far as the exponent goes: past it all margins give one score, and it is not 0. */
TEST(the_least_probability_is_the_same_for_every_far_margin)
{
    float least = objective_reg_logistic.score_of(-88.7F);
    TRUE(least > 0 && least < 1e-37F);
    SAME(number_ulps(objective_reg_logistic.score_of(-1000), least), 0);
    SAME(number_ulps(objective_reg_logistic.score_of(-INFINITY), least), 0);
    TRUE(objective_reg_logistic.score_of(-88.6F) > least);
}

TEST(an_impossible_base_score_gives_no_finite_margin)
{
    static const float impossible[] = {0, 1, 1.5F, -0.5F, NAN, INFINITY};
    for (size_t i = 0; i < LENGTH_OF(impossible); i++)
        TRUE(!isfinite(objective_binary_logistic.margin_of(impossible[i])));
    NEAR(objective_reg_squarederror.margin_of(-3), -3, 0);
}
