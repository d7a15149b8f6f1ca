/*
 * float_sort: floats in order, in linear time.
 *
 * A radix sort in three passes of eleven bits, on the bits turned so that they order as the numbers
 * do. Infinities are numbers; NaN is not (asserted). Negative zero becomes zero, which it equals.
 *
 *     float_sort(value, count, scratch);          scratch: as many, the caller's
 */
#ifndef MEASURE_FLOAT_SORT_H
#define MEASURE_FLOAT_SORT_H

#include "base/base.h"

void float_sort(float *value, size_t count, float *scratch);

/* How many of the sorted are below `limit`, and how many are at most it. */
size_t float_count_below(const float *sorted, size_t count, float limit);
size_t float_count_upto(const float *sorted, size_t count, float limit);

#endif
