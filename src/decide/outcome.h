/*
 * outcome: what is done about a score.
 *
 *     enum outcome outcome = outcome_of(&bundle.policy, decision.score, decision.probability,
 * amount);
 *
 * By lines: decline from one score on, review from another, approve below. By cost, what is
 * expected to cost least, with the policy's matrix (measure/cost.h):
 *
 *     approve    probability x (amount x loss_given_fraud + chargeback)
 *     review     handling
 *     decline    (1 - probability) x insult
 *
 * and the gentlest of those that cost the same. Where the amount matters and is not known, or no
 * cost is given, the lines decide. Nothing is allocated, locked or read from a clock.
 */
#ifndef DECIDE_OUTCOME_H
#define DECIDE_OUTCOME_H

#include "model/policy.h"

enum outcome {
#define OUTCOME(name) OUTCOME_##name,
#include "decide/outcomes.def"
#undef OUTCOME
    OUTCOMES,
};

extern const char *const outcome_names[OUTCOMES]; /* "approve", gentlest first */
bool outcome_find(struct view name, enum outcome *out);

/* `amount` is NaN when it is not known. */
enum outcome outcome_of(const struct policy *policy, float score, double probability,
                        double amount);

/* The share of the reference population with this score or less, 0 to 100; NaN when the bundle has
 * no population. Unlike a probability it means the same after retraining. */
double percentile_of(const struct policy *policy, float score);

/* "LOW", "MEDIUM" from 0.3, "HIGH" from 0.6, "CRITICAL" from 0.8. */
const char *risk_level_of(double probability);

#endif
