#include "base/rng.h"

#include <math.h>

void rng_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    enum { ROUNDS = 10 };
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u; /* golden ratio */
        k1 += 0xBB67AE85u; /* sqrt(3) - 1 */
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

struct rng rng_of(uint64_t seed, uint32_t stream, uint64_t sub_stream)
{
    return (struct rng){.key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
                        .counter = {0, stream, (uint32_t)sub_stream, (uint32_t)(sub_stream >> 32)}};
}

uint32_t rng_u32(struct rng *rng)
{
    if (rng->left == 0) {
        rng_philox(rng->counter, rng->key, rng->block);
        rng->counter[0]++;
        assert(rng->counter[0] != 0); /* 2^34 draws of one stream: split it instead */
        rng->left = 4;
    }
    return rng->block[--rng->left];
}

uint64_t rng_u64(struct rng *rng)
{
    uint64_t high = rng_u32(rng);
    return high << 32 | rng_u32(rng);
}

double rng_unit(struct rng *rng)
{
    return (double)(rng_u64(rng) >> 11) * 0x1p-53;
}

uint64_t rng_below(struct rng *rng, uint64_t bound)
{
    assert(bound > 0);
    uint64_t biased = (0 - bound) % bound; /* 2^64 mod bound values would come once too often */
    for (;;) {
        uint64_t value = rng_u64(rng);
        if (value >= biased)
            return value % bound;
    }
}

double rng_normal(struct rng *rng)
{
    double radius = sqrt(-2 * log(1 - rng_unit(rng)));
    return radius * cos(6.283185307179586 * rng_unit(rng));
}

unsigned rng_poisson(struct rng *rng, double mean)
{
    assert(mean >= 0 && mean < 30);
    double left = exp(-mean), product = rng_unit(rng);
    unsigned count = 0;
    while (product > left) {
        product *= rng_unit(rng);
        count++;
    }
    return count;
}

void rng_shuffle(struct rng *rng, uint32_t *item, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = rng_below(rng, i);
        uint32_t swap = item[i - 1];
        item[i - 1] = item[j];
        item[j] = swap;
    }
}
