/*
 * decision: the corridor. A record goes in at one end and a decision comes out
 * at the other; nothing it passes on the way knows who sent it.
 *
 *     record -> features -> margin -> score -> fraud or not, and how likely
 *
 * `row` is the caller's, bundle->plan.width floats: what the model saw, for the
 * journal and a replay. Takes no lock, reads no clock, allocates nothing.
 */
#ifndef DECIDE_DECISION_H
#define DECIDE_DECISION_H

#include "model/bundle.h"

struct decision {
    const float *row;
    float margin;
    float score;        /* the model's own, between 0 and 1 */
    double probability; /* of fraud: the score, through the policy's calibrator if it has one */
    bool fraud;         /* score >= the policy's threshold */
};

struct decision decide(const struct bundle *bundle, const struct record *record, float *row);

#endif
