#include "decide/outcome.h"

#include <math.h>

const char *const outcome_names[OUTCOMES] = {
#define OUTCOME(name) #name,
#include "decide/outcomes.def"
#undef OUTCOME
};

bool outcome_find(struct view name, enum outcome *out)
{
    for (size_t i = 0; i < OUTCOMES; i++) {
        *out = (enum outcome)i;
        if (view_is(name, outcome_names[i]))
            return true;
    }
    return false;
}

static enum outcome by_lines(const struct policy *policy, float score)
{
    if (score >= policy->decline)
        return OUTCOME_decline;
    return score >= policy->review ? OUTCOME_review : OUTCOME_approve;
}

static enum outcome by_cost(const struct cost_matrix *costs, double probability, double amount)
{
    double loss = costs->loss_given_fraud > 0 ? amount * costs->loss_given_fraud : 0;
    double cost[OUTCOMES] = {
        [OUTCOME_approve] = probability * (loss + costs->chargeback),
        [OUTCOME_review] = costs->handling,
        [OUTCOME_decline] = (1 - probability) * costs->insult,
    };
    enum outcome least = OUTCOME_approve;
    for (size_t i = 1; i < OUTCOMES; i++)
        if (cost[i] < cost[least])
            least = (enum outcome)i;
    return least;
}

enum outcome outcome_of(const struct policy *policy, float score, double probability, double amount)
{
    bool known = amount >= 0 || policy->costs.loss_given_fraud == 0;
    if (policy->by_cost && known)
        return by_cost(&policy->costs, probability, amount);
    return by_lines(policy, score);
}

double percentile_of(const struct policy *policy, float score)
{
    const struct population_knot *knot = policy->population;
    size_t low = 0, high = policy->population_count; /* knots below `low` have scores <= score */
    if (high == 0)
        return (double)NAN;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (knot[middle].score <= score)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return 0;
    if (low == policy->population_count)
        return 100 * knot[low - 1].share;
    const struct population_knot *below = &knot[low - 1], *above = &knot[low];
    double way =
        ((double)score - (double)below->score) / ((double)above->score - (double)below->score);
    return 100 * (below->share + way * (above->share - below->share));
}

const char *risk_level_of(double probability)
{
    if (probability >= 0.8)
        return "CRITICAL";
    if (probability >= 0.6)
        return "HIGH";
    return probability >= 0.3 ? "MEDIUM" : "LOW";
}
