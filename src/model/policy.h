/*
 * policy: what a bundle's scores mean: where the lines are, how likely fraud is at a score, and
 * what is done about it.
 *
 *     {"threshold":0.37}
 *     {"threshold":0.37,"calibration":{"calibrator":"platt","intercept":-0.4,"slope":0.9}}
 *     {"threshold":0.37,"calibration":{"calibrator":"isotonic","knots":[[0.01,0.002],...]}}
 *
 * and beside these, each when there is one:
 *
 *     "outcomes":{"by":"lines","review":0.37,"decline":0.9}
 *     "outcomes":{"by":"cost","handling":5,"insult":20,"loss_given_fraud":1,"chargeback":15}
 *     "amount":"Amount","entity":"card"           columns that outcomes and experiments want
 *     "population":[[0,0.0001],...,[1,0.98]]      share of the reference rows at or below a score
 *
 * The line is drawn on the model's own score, so a calibrator moves no decision; only costs ask
 * for the probability. decide/outcome.h says how the parts are used.
 */
#ifndef MODEL_POLICY_H
#define MODEL_POLICY_H

#include "base/doc.h"
#include "base/json.h"
#include "measure/calibrate.h"
#include "measure/cost.h"

enum { POLICY_KNOTS_MAX = 100000, POLICY_POPULATION_MAX = 10000 };

/* A share of the reference rows whose scores are at most this; both rise strictly. */
struct population_knot {
    double share;
    float score;
};

struct policy {
    float threshold; /* fraud when the score is at or above it */
    struct calibration calibration;
    float review, decline; /* from these scores on; the threshold and infinity when not given */
    bool by_cost;          /* costs choose, where the amount is known or does not matter */
    struct cost_matrix costs;
    struct view amount, entity;               /* columns' names; empty: none */
    const struct population_knot *population; /* of the slice that chose the threshold */
    size_t population_count;
};

/* A line and nothing else: review from it on. */
struct policy policy_of(float threshold);

void policy_write(const struct policy *policy, struct json *json);

/* ERR_INPUT when a part is missing, not finite, or would rank the other way round. */
bool policy_read(struct policy *policy, const struct doc *doc, struct arena *arena,
                 struct err *err);

#endif
