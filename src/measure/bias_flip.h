/*
 * bias_flip: whether members of a facet are decided otherwise than their like outside it.
 *
 * Clarify's counterfactual flip test. Each member of facet d is compared with
 * the decision that most of its k nearest neighbours in facet a got, k = 5, or 1
 * when facet a has fewer than 10; distances are Euclidean.
 *
 *     struct bias_flip_sample sample = {.feature = matrix, .stride = width, ...};
 *     if (!bias_flip_count(&sample, &table.flip, arena, err)) ...
 *     table.flips = true;
 *
 * Clarify takes features as they come, so that the one with the largest numbers
 * decides alone. Here each is brought to mean 0 and deviation 1 over the rows
 * compared; a missing value stands at the mean; one that never varies is left
 * out. Of many rows as many as BIAS_FLIP_MEMBERS_MAX of d and
 * BIAS_FLIP_OTHERS_MAX of a are compared, at even distances; the counts say how
 * many. Of neighbours at one distance the one with the lower row comes first.
 */
#ifndef MEASURE_BIAS_FLIP_H
#define MEASURE_BIAS_FLIP_H

#include "measure/bias.h"

enum { BIAS_FLIP_MEMBERS_MAX = 1000, BIAS_FLIP_OTHERS_MAX = 4000, BIAS_FLIP_NEIGHBOURS = 5 };

struct bias_flip_sample {
    const float *feature; /* by row, `stride` floats from one to the next; NaN is missing */
    const uint8_t *leave; /* by feature: 1, it is not compared (the facet's own); or NULL */
    size_t width, stride;
    const uint8_t *member;    /* by row: 1, of facet d */
    const uint8_t *predicted; /* by row: 1, favourable */
    size_t count;
};

bool bias_flip_count(const struct bias_flip_sample *sample, struct bias_flips *out,
                     struct arena *arena, struct err *err);

#endif
