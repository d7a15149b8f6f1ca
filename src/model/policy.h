/*
 * policy: what a bundle's scores mean: where the line is, and how likely fraud is at a score.
 *
 *     {"threshold":0.37}
 *     {"threshold":0.37,"calibration":{"calibrator":"platt","intercept":-0.4,"slope":0.9}}
 *     {"threshold":0.37,"calibration":{"calibrator":"isotonic","knots":[[0.01,0.002],...]}}
 *
 * The line is drawn on the model's own score, so a calibrator moves no decision.
 */
#ifndef MODEL_POLICY_H
#define MODEL_POLICY_H

#include "base/doc.h"
#include "base/json.h"
#include "measure/calibrate.h"

enum { POLICY_KNOTS_MAX = 100000 };

struct policy {
    float threshold; /* fraud when the score is at or above it */
    struct calibration calibration;
};

void policy_write(const struct policy *policy, struct json *json);

/* ERR_INPUT when a part is missing, not finite, or would rank the other way round. */
bool policy_read(struct policy *policy, const struct doc *doc, struct arena *arena,
                 struct err *err);

#endif
