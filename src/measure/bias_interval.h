/*
 * bias_interval: how far a bias metric may be from the truth.
 *
 * For bias_of alone, which fills value and low and high together. Each metric
 * names the way in its row of measure/biases.def; see enum bias_interval.
 */
#ifndef MEASURE_BIAS_INTERVAL_H
#define MEASURE_BIAS_INTERVAL_H

#include "measure/bias.h"

/* `value->value` is there already. */
void bias_interval_of(const struct bias *bias, const struct bias_table *table,
                      struct bias_value *value);

/* Wilson's (1927) 95 % interval of one share; `of` > 0. */
void bias_wilson(uint64_t hit, uint64_t of, double *low, double *high);

/* (1/n) sum over groups of n_g DD_g, DD_g = share of d among the rejected - among the accepted;
 * count is 4 x group + 2 x facet + outcome. */
double bias_disparity(const uint64_t *count, size_t groups);

#endif
