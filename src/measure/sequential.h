/*
 * sequential: two arms of an experiment compared as often as one likes.
 *
 * Looking at a fixed-size test every day until it says yes finds a difference where there is none
 * sooner or later. These bounds hold at all looks together: the chance that the true difference of
 * the means is ever outside of them is `alpha` (asymptotic confidence sequences, Waudby-Smith et
 * al., "Time-uniform central limit theory and asymptotic confidence sequences", 2024):
 *
 *     sqrt(V) sqrt( 2 (n r + 1) / (n r) log( sqrt(n r + 1) / alpha ) ),   n = units of both arms
 *
 * with V the variance of the difference of the two means, and r such that they are tightest at
 * `planned` units. One unit is one entity, whose rows belong together: its value is all it cost.
 *
 *     struct arm a = {0}, b = {0};
 *     arm_add(&a, cost); ...
 *     struct sequential bounds = sequential_of(&a, &b, 0.05, 10000);
 *     b costs less when bounds.high < 0
 *
 * Undefined is NaN: everything while an arm has fewer than SEQUENTIAL_LEAST units, for which the
 * normal is no likeness yet.
 */
#ifndef MEASURE_SEQUENTIAL_H
#define MEASURE_SEQUENTIAL_H

#include "base/base.h"

enum { SEQUENTIAL_LEAST = 100 };

struct arm {
    uint64_t count;
    double mean;
    double squares; /* of the distances from the mean, added up */
};

void arm_add(struct arm *arm, double value);

struct sequential {
    double difference; /* the mean of b less that of a */
    double low, high;
};

struct sequential sequential_of(const struct arm *a, const struct arm *b, double alpha,
                                uint64_t planned);

/* Sample-ratio mismatch: how likely counts this far from the share that b was to get are by chance
 * (chi-square, one degree of freedom). Below SRM_ALARM the assignment is broken, and no comparison
 * means anything. 1 when nothing was counted. */
#define SRM_ALARM 0.001
double ratio_mismatch(uint64_t a, uint64_t b, double share_of_b);

#endif
