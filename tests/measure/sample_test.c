#include "harness.h"

#include "measure/sample.h"

#include "base/rng.h"

#include <math.h>

static struct ranking rank(struct sample sample, struct arena *arena)
{
    struct ranking ranking;
    struct err err = {0};
    WORKS(ranking_init(&ranking, sample, arena, &err), err);
    return ranking;
}

TEST(equal_scores_are_one_group_and_the_highest_comes_first)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    static const float score[] = {0.25f, 0.75f, 0.25f, 0.5f, 0.75f, 0.25f};
    static const uint8_t label[] = {0, 1, 1, 0, 0, 0};
    struct ranking ranking =
        rank((struct sample){.score = score, .label = label, .count = 6}, &arena);
    SAME(ranking.groups, 3);
    SAME(ranking.fraud, 2);
    NEAR(ranking.group[0].score, 0.75, 0);
    SAME(ranking.group[0].rows, 2);
    SAME(ranking.group[0].fraud, 1);
    NEAR(ranking.group[1].score, 0.5, 0);
    SAME(ranking.group[1].rows, 1);
    SAME(ranking.group[1].fraud, 0);
    NEAR(ranking.group[2].score, 0.25, 0);
    SAME(ranking.group[2].rows, 3);
    SAME(ranking.group[2].fraud, 1);
}

TEST(negative_scores_infinities_and_both_zeros_stand_in_order)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    static const float score[] = {-1, 0.0f, -INFINITY, -0.0f, INFINITY, 1e-45f, -1e-45f, -2};
    static const float want[] = {INFINITY, 1e-45f, 0, -1e-45f, -1, -2, -INFINITY};
    static const uint8_t label[8] = {0};
    struct ranking ranking =
        rank((struct sample){.score = score, .label = label, .count = 8}, &arena);
    SAME(ranking.groups, 7);
    for (size_t i = 0; i < 7; i++)
        TRUE(ranking.group[i].score == want[i]);
    SAME(ranking.group[2].rows, 2);
}

TEST(many_random_scores_come_out_strictly_falling_and_none_is_lost)
{
    enum { COUNT = 100000 };
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 23};
    static float score[COUNT];
    static uint8_t label[COUNT];
    struct rng rng = rng_of(7, 1, 0);
    uint64_t fraud = 0;
    for (size_t i = 0; i < COUNT; i++) {
        score[i] = (float)rng_normal(&rng);
        label[i] = rng_below(&rng, 10) == 0;
        fraud += label[i];
    }
    struct ranking ranking =
        rank((struct sample){.score = score, .label = label, .count = COUNT}, &arena);
    uint64_t rows = 0, caught = 0;
    for (size_t i = 0; i < ranking.groups; i++) {
        TRUE(i == 0 || ranking.group[i].score < ranking.group[i - 1].score);
        rows += ranking.group[i].rows;
        caught += (uint64_t)ranking.group[i].fraud;
    }
    SAME(rows, COUNT);
    SAME(caught, fraud);
}

TEST(an_empty_sample_has_no_groups)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1024};
    struct ranking ranking = rank((struct sample){0}, &arena);
    SAME(ranking.groups, 0);
    SAME(ranking.fraud, 0);
}

TEST(a_sample_too_large_for_the_arena_is_a_limit_error)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1024};
    static const float score[100] = {0};
    static const uint8_t label[100] = {0};
    struct ranking ranking;
    struct err err = {0};
    FAILS(ranking_init(&ranking, (struct sample){.score = score, .label = label, .count = 100},
                       &arena, &err),
          err, ERR_LIMIT);
    SAYS(err, "100 scores");
}

TEST(a_score_equal_to_the_threshold_is_an_alarm)
{
    static const float score[] = {0.1f, 0.5f, 0.5f, 0.9f, 0.4f};
    static const uint8_t label[] = {1, 0, 1, 1, 0};
    struct sample sample = {.score = score, .label = label, .count = 5};
    struct confusion confusion = confusion_at(&sample, 0.5f);
    SAME(confusion.true_positive, 2);
    SAME(confusion.false_positive, 1);
    SAME(confusion.true_negative, 1);
    SAME(confusion.false_negative, 1);
}

TEST(weights_are_summed_and_a_row_that_weighs_nothing_is_not_there)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    static const float score[] = {0.25f, 0.75f, 0.25f, 0.5f, 0.75f, 0.9f};
    static const uint8_t label[] = {0, 1, 1, 0, 0, 1};
    static const double weight[] = {20, 1, 0.5, 20, 10, 0};
    struct sample sample = {.score = score, .label = label, .count = 6, .weight = weight};
    struct ranking ranking = rank(sample, &arena);
    SAME(ranking.groups, 3);
    SAME(ranking.rows, 5);
    SAME(ranking.frauds, 2);
    NEAR(ranking.fraud, 1.5, 0);
    NEAR(ranking.legitimate, 50, 0);
    NEAR(ranking.group[0].score, 0.75, 0);
    NEAR(ranking.group[0].fraud, 1, 0);
    NEAR(ranking.group[0].legitimate, 10, 0);
    NEAR(ranking.group[2].fraud, 0.5, 0);
    struct confusion at = ranking_confusion(&ranking, 0.5f), by_row = confusion_at(&sample, 0.5f);
    NEAR(at.true_positive, 1, 0);
    NEAR(at.false_positive, 30, 0);
    NEAR(at.true_negative, 20, 0);
    NEAR(at.false_negative, 0.5, 0);
    SAME(memcmp(&at, &by_row, sizeof at), 0);
}

TEST(a_weight_is_nothing_or_within_its_bounds)
{
    TRUE(weight_is_valid(0) && weight_is_valid(1e-12) && weight_is_valid(1e12));
    TRUE(!weight_is_valid(-1) && !weight_is_valid((double)NAN) && !weight_is_valid(INFINITY));
    TRUE(!weight_is_valid(1e-13) && !weight_is_valid(1e13));
}
