#include "harness.h"

#include "measure/metrics.h"
#include "measure/threshold.h"

#include "base/rng.h"

static struct threshold best(struct sample sample)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct ranking ranking;
    struct threshold threshold;
    struct err err = {0};
    WORKS(ranking_init(&ranking, sample, &arena, &err), err);
    WORKS(threshold_best_f1(&ranking, &threshold, &err), err);
    return threshold;
}

TEST(the_best_threshold_is_a_score_that_occurs_and_gives_the_f1_it_says)
{
    static const float score[] = {0.9f, 0.8f, 0.7f, 0.1f, 0.05f};
    static const uint8_t label[] = {1, 0, 1, 0, 0};
    struct sample sample = {.score = score, .label = label, .count = 5};
    struct threshold threshold = best(sample);
    TRUE(threshold.score == 0.7f);
    NEAR(threshold.f1, 0.8, 1e-15); /* 2 caught, 1 false alarm: 4 / (3 + 2) */
    SAME(confusion_at(&sample, threshold.score).false_positive, 1);
}

/* 1 of 1 caught with 2 frauds: 2/3. With all 4 rows: 2 caught, 2 x 2 / (4 + 2): 2/3 again. */
TEST(among_equals_the_highest_threshold_wins)
{
    static const float score[] = {0.9f, 0.8f, 0.7f, 0.6f};
    static const uint8_t label[] = {1, 0, 0, 1};
    struct threshold threshold = best((struct sample){.score = score, .label = label, .count = 4});
    TRUE(threshold.score == 0.9f);
    NEAR(threshold.f1, 2.0 / 3, 1e-15);
}

TEST(no_other_score_of_a_random_sample_has_a_better_f1)
{
    enum { COUNT = 60 };
    for (uint32_t round = 0; round < 200; round++) {
        float score[COUNT];
        uint8_t label[COUNT];
        struct rng rng = rng_of(11, round, 0);
        for (size_t i = 0; i < COUNT; i++) {
            score[i] = (float)rng_below(&rng, 20) / 20;
            label[i] = i == 0 || rng_unit(&rng) < (double)score[i] * 0.6;
        }
        struct sample sample = {.score = score, .label = label, .count = COUNT};
        struct threshold threshold = best(sample);
        double highest = 0;
        for (size_t i = 0; i < COUNT; i++) {
            struct confusion at = confusion_at(&sample, score[i]);
            double missed = (double)(at.false_positive + at.false_negative);
            double caught = 2 * (double)at.true_positive;
            double f1 = caught / (caught + missed);
            TRUE(f1 <= threshold.f1);
            TRUE(f1 < threshold.f1 || score[i] <= threshold.score);
            highest = f1 > highest ? f1 : highest;
        }
        NEAR(highest, threshold.f1, 0);
    }
}

TEST(a_sample_without_fraud_has_no_best_threshold)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    static const float score[] = {0.2f, 0.4f};
    static const uint8_t label[] = {0, 0};
    struct ranking ranking;
    struct threshold threshold;
    struct err err = {0};
    WORKS(ranking_init(&ranking, (struct sample){.score = score, .label = label, .count = 2},
                       &arena, &err),
          err);
    FAILS(threshold_best_f1(&ranking, &threshold, &err), err, ERR_INPUT);
    SAYS(err, "none of the 2 rows is fraud");
}
