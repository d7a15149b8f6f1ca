/*
 * bias_rate: what happens to the rows of one facet, with Wilson's intervals.
 *
 *     for (size_t i = 0; i < bias_rates_count; i++) {
 *         struct bias_rate rate = bias_rate_of(i, &table, FACET_D);
 *         use(bias_rate_names[i], rate.value, rate.low, rate.high);
 *     }
 *
 * The metrics of measure/bias.h compare two facets; these are each facet's own
 * figures: of the good customers how many are flagged, of the frauds how many
 * pass, of the flagged how many are frauds.
 */
#ifndef MEASURE_BIAS_RATE_H
#define MEASURE_BIAS_RATE_H

#include "measure/bias.h"

struct bias_rate {
    uint64_t hit, of;
    double value, low, high; /* NaN of no rows */
};

enum {
#define RATE(name, hit, of) BIAS_RATE_##name,
#include "measure/bias_rates.def"
#undef RATE
    BIAS_RATES,
};
extern const char *const bias_rate_names[BIAS_RATES];

struct bias_rate bias_rate_of(size_t which, const struct bias_table *table, int facet);

#endif
