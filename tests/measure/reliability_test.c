#include "harness.h"

#include "measure/reliability.h"

#include <math.h>

static double bins_of(struct sample sample, uint64_t rows, struct reliability_bin *bin)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct ranking ranking;
    struct err err = {0};
    WORKS(ranking_init(&ranking, sample, &arena, &err), err);
    return reliability_of(&ranking, rows, bin);
}

/* Thirty rows of fifteen scores, two each: every bin is one score. */
TEST(each_bin_has_its_mean_score_and_its_rate)
{
    float score[30];
    uint8_t label[30] = {0};
    for (size_t i = 0; i < 30; i++)
        score[i] = (float)(i / 2) / 16;
    label[29] = 1;
    struct reliability_bin bin[RELIABILITY_BINS];
    double error = bins_of((struct sample){.score = score, .label = label, .count = 30}, 30, bin);
    NEAR(bin[0].score, 14.0 / 16, 0);
    NEAR(bin[0].rate, 0.5, 0);
    NEAR(bin[0].mass, 2, 0);
    NEAR(bin[14].score, 0, 0);
    NEAR(error, (14.0 / 16 - 0.5 + 13 * 14 / 2 / 16.0) / 15, 1e-15);
}

TEST(ties_across_an_edge_are_divided_evenly)
{
    float score[20];
    uint8_t label[20] = {1, 1, 1, 1, 1};
    for (size_t i = 0; i < 20; i++)
        score[i] = 0.5f;
    struct reliability_bin bin[RELIABILITY_BINS];
    NEAR(bins_of((struct sample){.score = score, .label = label, .count = 20}, 20, bin), 0.25,
         1e-15);
    for (size_t i = 0; i < RELIABILITY_BINS; i++) {
        NEAR(bin[i].rate, 0.25, 1e-15);
        NEAR(bin[i].mass, 20.0 / 15, 1e-15);
    }
}

TEST(only_the_highest_rows_asked_for_count)
{
    static const float score[] = {0.75f, 0.5f, 0.1f};
    static const uint8_t label[] = {1, 1, 1};
    struct reliability_bin bin[RELIABILITY_BINS];
    NEAR(bins_of((struct sample){.score = score, .label = label, .count = 3}, 2, bin),
         (0.25 + 0.5) / 2, 1e-15);
    TRUE(isnan(bins_of((struct sample){.score = score, .label = label, .count = 3}, 0, bin)));
    NEAR(bin[3].mass, 0, 0);
}
