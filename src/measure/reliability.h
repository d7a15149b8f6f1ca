/*
 * reliability: does a score of .2 mean one fraud in five?
 *
 * The rows are divided, from the highest score down, into 15 bins of equal mass: bins of equal
 * width are empty where fraud is rare. Equal scores that straddle an edge are divided in
 * proportion, their frauds evenly spread, so that the order of ties cannot matter; a bin's mass
 * need not be a whole number of rows.
 *
 *     struct reliability_bin bin[RELIABILITY_BINS];
 *     double error = reliability_of(&ranking, ranking_weight(&ranking), bin);
 */
#ifndef MEASURE_RELIABILITY_H
#define MEASURE_RELIABILITY_H

#include "measure/sample.h"

enum { RELIABILITY_BINS = 15 };

struct reliability_bin {
    double mass;  /* rows, by weight */
    double score; /* their mean score */
    double rate;  /* their share of frauds */
};

/* Of the `mass` of rows with the highest scores, which ends between two groups. Returns the mean
 * distance of score and rate, the expected calibration error; of no rows NaN, and empty bins. */
double reliability_of(const struct ranking *ranking, double mass,
                      struct reliability_bin bin[RELIABILITY_BINS]);

#endif
