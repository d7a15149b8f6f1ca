/*
 * chance: how likely something is where nothing is the matter.
 *
 * Tails of the chi-square distribution and their inverse, and the exact comparison of two rates:
 *
 *     double p = rates_chance(frauds_then, rows_then, frauds_now, rows_now);
 *
 * The densities go by Loader's way ("Fast and accurate computation of binomial probabilities",
 * 2000): no large factorials are subtracted from each other, so that twelve digits stay at a
 * million rows.
 */
#ifndef MEASURE_CHANCE_H
#define MEASURE_CHANCE_H

#include "base/base.h"

/* How likely chi-square with so many degrees of freedom (> 0) is `value` or more. */
double chi_square_above(double value, double degrees);

/* The value that chi-square is above with this chance, 0 < chance < 1. */
double chi_square_limit(double chance, double degrees);

/* Exactly `hits` of `rows`, each with chance p. */
double binomial_density(double hits, double rows, double p);

/* Fisher's exact test, two-sided (1922): two samples of one rate, and a split of the hits between
 * them no likelier than this one. 1 when a side has no rows. Linear in the hits or misses. */
double rates_chance(uint64_t hits_a, uint64_t rows_a, uint64_t hits_b, uint64_t rows_b);

/* Holm's steps (1979) over a family: the chances at most this were too small for chance, and the
 * chance that any of them was so wrongly is `alpha` at most. The chances stand `stride` bytes
 * apart; of `count` of them `family` are of the family, and the others are 1. */
double holm_level(const double *chance, size_t stride, size_t count, size_t family, double alpha);

#endif
