#include "harness.h"

#include "base/rng.h"

#include <math.h>

/* Random123's published known answers for philox4x32-10. */
TEST(philox_gives_the_published_blocks)
{
    static const struct {
        uint32_t counter[4], key[2], want[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < LENGTH_OF(known); i++) {
        uint32_t out[4];
        rng_philox(known[i].counter, known[i].key, out);
        for (size_t word = 0; word < 4; word++)
            SAME(out[word], known[i].want[word]);
    }
}

TEST(a_stream_is_a_function_of_seed_stream_and_sub_stream)
{
    struct rng a = rng_of(1, 2, 3), same = rng_of(1, 2, 3);
    struct rng others[] = {rng_of(2, 2, 3), rng_of(1u | 1ull << 32, 2, 3), rng_of(1, 3, 3),
                           rng_of(1, 2, 4), rng_of(1, 2, 3u | 1ull << 32)};
    uint64_t first = rng_u64(&a);
    TRUE(first == rng_u64(&same));
    for (size_t i = 0; i < LENGTH_OF(others); i++)
        TRUE(rng_u64(&others[i]) != first);
    for (size_t i = 0; i < 100; i++)
        SAME(rng_u32(&a), rng_u32(&same));
}

TEST(a_stream_uses_every_word_of_a_block_once)
{
    uint32_t block[4];
    rng_philox((uint32_t[4]){0, 2, 3, 0}, (uint32_t[2]){1, 0}, block);
    struct rng rng = rng_of(1, 2, 3);
    uint32_t sum = block[0] ^ block[1] ^ block[2] ^ block[3];
    for (size_t i = 0; i < 4; i++)
        sum ^= rng_u32(&rng);
    SAME(sum, 0);
}

TEST(unit_numbers_fill_the_unit_interval_evenly)
{
    enum { DRAWS = 100000, BINS = 10 };
    size_t seen[BINS] = {0};
    struct rng rng = rng_of(5, 0, 0);
    for (size_t i = 0; i < DRAWS; i++) {
        double unit = rng_unit(&rng);
        TRUE(unit >= 0 && unit < 1);
        seen[(size_t)(unit * BINS)]++;
    }
    double chi_squared = 0, mean = (double)DRAWS / BINS;
    for (size_t i = 0; i < BINS; i++)
        chi_squared += ((double)seen[i] - mean) * ((double)seen[i] - mean) / mean;
    TRUE(chi_squared < 27.9); /* the .999 quantile at 9 degrees of freedom */
}

TEST(bounded_numbers_are_below_the_bound_and_reach_every_value)
{
    size_t seen[7] = {0};
    struct rng rng = rng_of(6, 0, 0);
    for (size_t i = 0; i < 7000; i++)
        seen[rng_below(&rng, 7)]++;
    for (size_t i = 0; i < 7; i++)
        TRUE(seen[i] > 880 && seen[i] < 1120); /* four deviations */
    SAME(rng_below(&rng, 1), 0);
    for (size_t i = 0; i < 100; i++)
        TRUE(rng_below(&rng, (1ull << 63) + 1) <= 1ull << 63);
}

TEST(normal_numbers_have_mean_0_deviation_1_and_normal_tails)
{
    enum { DRAWS = 100000 };
    double sum = 0, squares = 0;
    size_t beyond = 0;
    struct rng rng = rng_of(7, 0, 0);
    for (size_t i = 0; i < DRAWS; i++) {
        double z = rng_normal(&rng);
        TRUE(isfinite(z));
        sum += z;
        squares += z * z;
        beyond += fabs(z) > 1.959964;
    }
    NEAR(sum / DRAWS, 0, 4 / sqrt(DRAWS));
    NEAR(squares / DRAWS, 1, 4 * sqrt(2.0 / DRAWS));
    NEAR((double)beyond / DRAWS, 0.05, 0.003);
}

TEST(poisson_counts_have_their_mean_as_variance)
{
    static const double means[] = {0.3, 4, 29.5};
    enum { DRAWS = 40000 };
    for (size_t m = 0; m < LENGTH_OF(means); m++) {
        double sum = 0, squares = 0, mean = means[m];
        struct rng rng = rng_of(8, (uint32_t)m, 0);
        for (size_t i = 0; i < DRAWS; i++) {
            double count = rng_poisson(&rng, mean);
            sum += count;
            squares += (count - mean) * (count - mean);
        }
        NEAR(sum / DRAWS, mean, 4 * sqrt(mean / DRAWS));
        NEAR(squares / DRAWS / mean, 1, 0.06);
    }
    struct rng rng = rng_of(9, 0, 0);
    SAME(rng_poisson(&rng, 0), 0);
}

TEST(a_shuffle_keeps_every_item_and_favours_no_order)
{
    size_t seen[6] = {0};
    for (uint32_t round = 0; round < 6000; round++) {
        uint32_t item[3] = {0, 1, 2};
        struct rng rng = rng_of(10, round, 0);
        rng_shuffle(&rng, item, 3);
        SAME(1u << item[0] | 1u << item[1] | 1u << item[2], 7);
        seen[item[0] * 2 + (item[1] > item[2])]++;
    }
    for (size_t i = 0; i < 6; i++)
        TRUE(seen[i] > 880 && seen[i] < 1120);
    struct rng rng = rng_of(11, 0, 0);
    rng_shuffle(&rng, NULL, 0);
}
