/*
 * threshold: where to draw the line between alarm and silence.
 *
 * The line is one of the sample's own scores, so that `score >= threshold`
 * calls the same rows wherever it is asked again, in float, today or later.
 * It is chosen on the validation slice, never on the test slice.
 */
#ifndef MEASURE_THRESHOLD_H
#define MEASURE_THRESHOLD_H

#include "measure/sample.h"

struct threshold {
    float score; /* alarm when score >= this */
    double f1;   /* what it reaches on the sample it was chosen on */
};

/* The score with the best F1; among equals the highest. ERR_INPUT when the sample has no fraud:
 * every line is as bad as any other then. */
bool threshold_best_f1(const struct ranking *ranking, struct threshold *out, struct err *err);

#endif
