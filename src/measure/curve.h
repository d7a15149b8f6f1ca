/*
 * curve: the points a report draws, few enough to draw.
 *
 * A curve goes through every distinct score; with 58,000 rows that is more than
 * any page needs. It is thinned so that no reading of it changes: the corners of
 * its convex hull stay (the line of least cost, for any costs, is one of them),
 * and the rest are taken at even steps along the curve.
 *
 *     struct curve roc;
 *     if (!curve_roc(&ranking, 200, arena, &roc, err))
 *         return false;
 *
 * An empty curve has no points: of ROC where all rows are of one class, of PR where none is fraud.
 */
#ifndef MEASURE_CURVE_H
#define MEASURE_CURVE_H

#include "measure/sample.h"

struct curve_point {
    float threshold; /* alarms are the scores >= this; infinity: none */
    double x;
    double y;
};

struct curve {
    size_t count;
    const struct curve_point *point; /* in the arena, from the highest threshold down */
};

enum { CURVE_POINTS_MIN = 4 };

/* False-positive rate and recall, from (0, 0) to (1, 1). */
bool curve_roc(const struct ranking *ranking, size_t most, struct arena *arena, struct curve *out,
               struct err *err);

/* Recall and precision, from the highest score on: without an alarm there is no precision. */
bool curve_pr(const struct ranking *ranking, size_t most, struct arena *arena, struct curve *out,
              struct err *err);

/* At most `most` >= CURVE_POINTS_MIN points (asserted), the two ends among them; `point` is in an
 * order in which x does not fall. Only where the hull alone has more corners are some left out. */
bool curve_thin(const struct curve_point *point, size_t count, size_t most, struct arena *arena,
                struct curve *out, struct err *err);

struct histogram_bin {
    double fraud; /* weight */
    double legitimate;
};

/* Scores in `bins` > 0 bins of equal width from low to high; what lies outside is in the bin at
 * that end. An edge belongs to the bin above it. */
void histogram_of(const struct ranking *ranking, double low, double high, struct histogram_bin *bin,
                  size_t bins);

#endif
