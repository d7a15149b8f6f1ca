/*
 * draws: exact random counts for simulations, so that a window of a million rows costs as much as
 * its bins.
 */
#ifndef TESTS_MEASURE_DRAWS_H
#define TESTS_MEASURE_DRAWS_H

#include "base/rng.h"

#include <math.h>

/* Marsaglia and Tsang (2000); shape >= 1. */
static inline double draw_gamma(struct rng *rng, double shape)
{
    double d = shape - 1.0 / 3, c = 1 / sqrt(9 * d);
    for (;;) {
        double x = rng_normal(rng), v = 1 + c * x;
        if (v <= 0)
            continue;
        v = v * v * v;
        if (log(1 - rng_unit(rng)) < x * x / 2 + d - d * v + d * log(v))
            return d * v;
    }
}

/* By halves: where the middle one of n uniform numbers falls says how many are below p, but for
 * those between it and p (Devroye, 1986, X.4.3). */
static inline uint64_t draw_binomial(struct rng *rng, uint64_t n, double p)
{
    uint64_t hits = 0;
    while (n > 16 && p > 0 && p < 1) {
        uint64_t middle = n / 2 + 1;
        double a = draw_gamma(rng, (double)middle), b = draw_gamma(rng, (double)(n + 1 - middle));
        double at = a / (a + b);
        if (at <= p) {
            hits += middle;
            n -= middle;
            p = (p - at) / (1 - at);
        } else {
            n = middle - 1;
            p = p / at;
        }
    }
    for (uint64_t i = 0; i < n; i++)
        hits += rng_unit(rng) < p;
    return hits;
}

/* `share` adds up to 1. */
static inline void draw_multinomial(struct rng *rng, uint64_t n, const double *share, size_t bins,
                                    uint64_t *out)
{
    double left = 1;
    for (size_t b = 0; b < bins; b++) {
        double p = left > 0 ? fmin(1, share[b] / left) : 0;
        out[b] = b + 1 == bins ? n : draw_binomial(rng, n, p);
        n -= out[b];
        left -= share[b];
    }
}

#endif
