/*
 * rng: random numbers by counter, so that any number of threads draw the same ones.
 *
 * Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011):
 * the n-th number of a stream is a function of (seed, stream, n) and of nothing else.
 * A stream belongs to one thing, a customer's day, a split, a fold, and is never shared.
 *
 *     struct rng rng = rng_of(seed, customer, day);
 *     double amount = rng_normal(&rng);
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include "base/base.h"

struct rng {
    uint32_t key[2];
    uint32_t counter[4]; /* [0]: draws, [1]: low stream, [2..3]: high stream */
    uint32_t block[4];
    unsigned left; /* unused words of block */
};

struct rng rng_of(uint64_t seed, uint32_t stream, uint64_t sub_stream);

uint32_t rng_u32(struct rng *rng);
uint64_t rng_u64(struct rng *rng);
double rng_unit(struct rng *rng);                    /* [0, 1), 53 bits */
uint64_t rng_below(struct rng *rng, uint64_t bound); /* [0, bound), unbiased; bound > 0 */
double rng_normal(struct rng *rng);                  /* mean 0, deviation 1 (Box-Muller) */
unsigned rng_poisson(struct rng *rng, double mean);  /* by inversion; mean < 30 */
void rng_shuffle(struct rng *rng, uint32_t *item, size_t count);

/* The raw block function, for known-answer tests. */
void rng_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

#endif
