#include "decide/outcome.h"

#include "harness.h"

#include <math.h>

static struct policy lines(float review, float decline)
{
    struct policy policy = policy_of(review);
    policy.decline = decline;
    return policy;
}

static enum outcome done(const struct policy *policy, double probability, double amount)
{
    return outcome_of(policy, (float)probability, probability, amount);
}

TEST(lines_are_drawn_on_the_score_and_a_score_on_a_line_is_past_it)
{
    struct policy policy = lines(0.25F, 0.75F);
    SAME(outcome_of(&policy, nextafterf(0.25F, 0), 1, 1e9), OUTCOME_approve);
    SAME(outcome_of(&policy, 0.25F, 0, 0), OUTCOME_review);
    SAME(outcome_of(&policy, nextafterf(0.75F, 0), 1, 0), OUTCOME_review);
    SAME(outcome_of(&policy, 0.75F, 0, 0), OUTCOME_decline);
    policy = policy_of(0.5F);
    SAME(outcome_of(&policy, 1, 1, 0), OUTCOME_review);
}

TEST(costs_choose_what_is_expected_to_cost_least)
{
    struct policy policy = lines(0.5F, HUGE_VALF);
    policy.by_cost = true;
    policy.costs =
        (struct cost_matrix){.handling = 5, .insult = 40, .loss_given_fraud = 1, .chargeback = 15};
    /* approve p (a + 15), review 5, decline 40 (1 - p) */
    SAME(done(&policy, 0.01, 100), OUTCOME_approve);       /* 1.15 */
    SAME(done(&policy, 0.05, 85), OUTCOME_approve);        /* 5, no dearer than a review */
    SAME(done(&policy, 0.05, 86), OUTCOME_review);         /* 5.05 */
    SAME(done(&policy, 0.5, 100), OUTCOME_review);         /* 57.5, 5, 20 */
    SAME(done(&policy, 0.9, 100), OUTCOME_decline);        /* 4 */
    SAME(done(&policy, 0.9, 0), OUTCOME_decline);          /* 13.5, 5, 4 */
    SAME(done(&policy, 0.9, (double)NAN), OUTCOME_review); /* the amount is not known: the lines */
    policy.costs.loss_given_fraud = 0;
    SAME(done(&policy, 0.9, (double)NAN), OUTCOME_decline); /* and does not matter */
}

TEST(a_percentile_is_the_share_of_the_population_at_or_below)
{
    static const struct population_knot knot[] = {{0.2, 0.1F}, {0.5, 0.25F}, {1, 0.75F}};
    struct policy policy = policy_of(0.5F);
    TRUE(isnan(percentile_of(&policy, 0.5F)));
    policy.population = knot;
    policy.population_count = LENGTH_OF(knot);
    TRUE(percentile_of(&policy, 0.05F) == 0);
    TRUE(percentile_of(&policy, 0.1F) == 20);
    TRUE(percentile_of(&policy, 0.25F) == 50);
    TRUE(percentile_of(&policy, 0.5F) == 75);
    TRUE(percentile_of(&policy, 0.75F) == 100);
    TRUE(percentile_of(&policy, 0.9F) == 100);
}

TEST(every_outcome_has_a_name_by_which_it_is_found)
{
    enum outcome found;
    for (size_t i = 0; i < OUTCOMES; i++)
        TRUE(outcome_find(view_of(outcome_names[i]), &found) && found == (enum outcome)i);
    TRUE(!outcome_find(VIEW("block"), &found));
    TEXT(view_of(risk_level_of(0.29)), "LOW");
    TEXT(view_of(risk_level_of(0.3)), "MEDIUM");
    TEXT(view_of(risk_level_of(0.6)), "HIGH");
    TEXT(view_of(risk_level_of(0.8)), "CRITICAL");
}
