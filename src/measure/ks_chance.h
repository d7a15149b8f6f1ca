/*
 * ks_chance: how likely a gap between two distribution functions is, where there is none.
 *
 * Exact for two samples of at most KS_EXACT_ROWS each, where the band of the gap has at most
 * KS_EXACT_CELLS cells: the chance that a path which takes both samples' rows in a random order
 * ever leaves the band (Hodges, 1958), by its last step, without cancellation. Beyond, Smirnov's
 * limit: the gap of one sample of n m / (n + m) rows from a known distribution. Those are scipy's
 * ways (ks_2samp, "exact" and "asymp"; its "auto" has the first of the two limits alone).
 *
 * In system C's and E's modes a chance below .05 or .1 is drift.
 */
#ifndef MEASURE_KS_CHANCE_H
#define MEASURE_KS_CHANCE_H

#include "base/base.h"

/* As scipy has it; and some hundredths of a second. */
enum { KS_EXACT_ROWS = 10000, KS_EXACT_CELLS = 10000000 };

/* The gap is that of n against m rows; 1 when either is none. */
double ks_chance(double gap, size_t n, size_t m);

double ks_chance_exact(double gap, size_t n, size_t m); /* n, m <= KS_EXACT_ROWS (asserted) */

/* Of one sample of n rows and a known distribution, two-sided (Simard and L'Ecuyer, 2011). */
double kolmogorov_above(double gap, size_t n);

#endif
