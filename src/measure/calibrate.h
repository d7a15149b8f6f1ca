/*
 * calibrate: scores made into probabilities, without changing who is the more suspicious.
 *
 * Fitted on a slice later than the training rows and never on the test slice. How depends on how
 * many frauds that slice has: below 100 nothing is learnt, from 1,000 isotonic regression, between
 * them Platt's sigmoid:
 *
 *     struct calibration calibration;
 *     if (!calibrate(&ranking, calibration_for(ranking.fraud), arena, &calibration, err))
 *         return false;
 *     double p = calibration_of(&calibration, score);
 *
 * Platt (1999, with the targets (N+ + 1)/(N+ + 2) and 1/(N- + 2)) fits a + b x logit(score), the
 * score clipped by 2^-23; b is above zero, so that the order is kept where it is strict; a slice
 * whose best b is not is an error. Isotonic regression pools adjacent violators over the distinct
 * scores, each with the weight of its rows, and is read in straight lines between the pooled
 * blocks: equal where the slice cannot tell scores apart, rising elsewhere.
 *
 * The parameters are doubles and floats of the slice's own; written in their shortest text and read
 * back they are the same.
 */
#ifndef MEASURE_CALIBRATE_H
#define MEASURE_CALIBRATE_H

#include "measure/sample.h"

enum calibrator { CALIBRATOR_NONE, CALIBRATOR_PLATT, CALIBRATOR_ISOTONIC };

enum { CALIBRATE_FRAUDS_MIN = 100, CALIBRATE_ISOTONIC_FRAUDS_MIN = 1000 };

/* A corner of the isotonic line; scores rise strictly, probabilities do not fall. */
struct calibration_knot {
    float score;
    double probability;
};

struct calibration {
    enum calibrator calibrator;
    double intercept; /* Platt's a */
    double slope;     /* Platt's b */
    size_t knots;
    const struct calibration_knot *knot; /* in the arena */
};

enum calibrator calibration_for(uint64_t frauds);
const char *calibrator_name(enum calibrator calibrator); /* "none", "platt", "isotonic" */

/* ERR_INPUT when the rows are of one class or rank backwards. */
bool calibrate(const struct ranking *ranking, enum calibrator calibrator, struct arena *arena,
               struct calibration *out, struct err *err);

/* The score itself for CALIBRATOR_NONE; flat beyond the first and the last knot. */
double calibration_of(const struct calibration *calibration, float score);

#endif
