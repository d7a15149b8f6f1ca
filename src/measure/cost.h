/*
 * cost: what decisions cost, and the line that costs least.
 *
 * The matrix is Elkan's ("The foundations of cost-sensitive learning", 2001) with the amount at
 * stake in it (Bahnsen et al., 2013):
 *
 *     silence, legitimate   0
 *     alarm,   fraud        handling
 *     alarm,   legitimate   handling + insult
 *     silence, fraud        amount x loss_given_fraud + chargeback
 *
 *     struct costs costs = costs_at(&sample, amount, &matrix, threshold);
 *     report(costs.model, costs.savings);
 *
 * Amounts are beside the rows, finite and not negative; they may be NULL when loss_given_fraud is
 * 0. A sample's weights (measure/sample.h) multiply its rows' costs. A probability is needed only
 * by the instance threshold: calibrate first.
 */
#ifndef MEASURE_COST_H
#define MEASURE_COST_H

#include "measure/curve.h"

struct cost_matrix {
    double handling;         /* of any alarm */
    double insult;           /* more, when it is false */
    double loss_given_fraud; /* the share of the amount that is lost */
    double chargeback;       /* the fee on top */
};

struct costs {
    double model;
    double none;    /* without any alarm */
    double all;     /* with an alarm on every row */
    double savings; /* 1 - model / min(none, all); NaN when that costs nothing, and of no rows */
};

/* The line drawn at one threshold for all rows. */
struct costs costs_at(const struct sample *sample, const double *amount,
                      const struct cost_matrix *matrix, float threshold);

/* A line for each row: an alarm where the probability is at least cost_threshold. */
struct costs costs_by_instance(const struct sample *sample, const double *amount,
                               const struct cost_matrix *matrix);

/* The probability from which an alarm on this amount costs less than silence does:
 * C_FP / (C_FP + C_FN - C_TP). Infinite where a fraud costs no more than its handling. */
double cost_threshold(const struct cost_matrix *matrix, double amount);

struct cost_line {
    float threshold; /* a score of the sample, or infinity: no alarm at all */
    double cost;
};

/* The line of least cost; among equals the one with the fewest alarms. For the validation slice,
 * never for the test slice. `curve` may be NULL; otherwise it gets the cost (y) of every line by
 * share of alarms (x), thinned to at most `points` as in curve.h. */
bool cost_least(const struct sample *sample, const double *amount, const struct cost_matrix *matrix,
                size_t points, struct arena *arena, struct cost_line *out, struct curve *curve,
                struct err *err);

#endif
