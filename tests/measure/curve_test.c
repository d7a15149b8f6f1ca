#include "harness.h"

#include "measure/curve.h"

#include "base/rng.h"

#include <math.h>

enum { ROWS = 3000 };

static struct sample draw(float *score, uint8_t *label)
{
    struct rng rng = rng_of(21, 0, 0);
    for (size_t i = 0; i < ROWS; i++) {
        score[i] = (float)rng_unit(&rng);
        label[i] = rng_unit(&rng) < 0.3 * (double)score[i] * (double)score[i];
    }
    return (struct sample){.score = score, .label = label, .count = ROWS};
}

static struct ranking ranked(struct sample sample, struct arena *arena)
{
    struct ranking ranking;
    struct err err = {0};
    WORKS(ranking_init(&ranking, sample, arena, &err), err);
    return ranking;
}

TEST(a_roc_curve_steps_from_nothing_to_everything)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    static const float score[] = {0.9f, 0.5f, 0.5f, 0.1f};
    static const uint8_t label[] = {1, 1, 0, 0};
    struct ranking ranking =
        ranked((struct sample){.score = score, .label = label, .count = 4}, &arena);
    struct curve roc, pr;
    struct err err = {0};
    WORKS(curve_roc(&ranking, 10, &arena, &roc, &err), err);
    static const double want[][2] = {{0, 0}, {0, 0.5}, {0.5, 1}, {1, 1}};
    SAME(roc.count, 4);
    TRUE(isinf(roc.point[0].threshold));
    for (size_t i = 0; i < 4; i++) {
        NEAR(roc.point[i].x, want[i][0], 0);
        NEAR(roc.point[i].y, want[i][1], 0);
    }
    WORKS(curve_pr(&ranking, 10, &arena, &pr, &err), err);
    static const double then[][2] = {{0.5, 1}, {1, 2.0 / 3}, {1, 0.5}};
    SAME(pr.count, 3);
    for (size_t i = 0; i < 3; i++) {
        NEAR(pr.point[i].x, then[i][0], 0);
        NEAR(pr.point[i].y, then[i][1], 1e-15);
    }
}

TEST(one_class_has_no_curve)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    static const float score[] = {0.9f, 0.5f};
    static const uint8_t none[] = {0, 0};
    struct ranking ranking =
        ranked((struct sample){.score = score, .label = none, .count = 2}, &arena);
    struct curve curve;
    struct err err = {0};
    WORKS(curve_roc(&ranking, 10, &arena, &curve, &err), err);
    SAME(curve.count, 0);
    WORKS(curve_pr(&ranking, 10, &arena, &curve, &err), err);
    SAME(curve.count, 0);
}

/* Where a straight line through a low corner is lowest. */
static double worst_at(const struct curve *curve, double weight)
{
    double worst = 1;
    for (size_t i = 0; i < curve->count; i++)
        worst = fmin(worst, weight * curve->point[i].y + (1 - weight) * curve->point[i].x);
    return worst;
}

/* The best value of weight x recall - (1 - weight) x fpr is the hull's. */
static double best_at(const struct curve *curve, double weight)
{
    double best = -1;
    for (size_t i = 0; i < curve->count; i++)
        best = fmax(best, weight * curve->point[i].y - (1 - weight) * curve->point[i].x);
    return best;
}

TEST(a_thinned_curve_has_the_hull_of_the_whole)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 24};
    float score[ROWS];
    uint8_t label[ROWS];
    struct ranking ranking = ranked(draw(score, label), &arena);
    struct curve whole, thin;
    struct err err = {0};
    WORKS(curve_roc(&ranking, ROWS * 2, &arena, &whole, &err), err);
    WORKS(curve_roc(&ranking, 100, &arena, &thin, &err), err);
    TRUE(whole.count > ROWS / 2);
    TRUE(thin.count <= 100 && thin.count > 90);
    WORKS(curve_pr(&ranking, ROWS * 2, &arena, &whole, &err), err);
    WORKS(curve_pr(&ranking, 100, &arena, &thin, &err), err);
    for (int i = 0; i <= 1000; i++)
        NEAR(worst_at(&whole, i / 1000.0), worst_at(&thin, i / 1000.0), 0);
    WORKS(curve_roc(&ranking, ROWS * 2, &arena, &whole, &err), err);
    WORKS(curve_roc(&ranking, 100, &arena, &thin, &err), err);
    for (int i = 0; i <= 1000; i++)
        NEAR(best_at(&whole, i / 1000.0), best_at(&thin, i / 1000.0), 0);
    NEAR(thin.point[0].y, 0, 0);
    NEAR(thin.point[thin.count - 1].y, 1, 0);
    for (size_t i = 1; i < thin.count; i++)
        TRUE(thin.point[i].threshold < thin.point[i - 1].threshold);
}

TEST(the_points_between_the_corners_are_spread_along_the_curve)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 24};
    float score[ROWS];
    uint8_t label[ROWS];
    struct ranking ranking = ranked(draw(score, label), &arena);
    struct curve thin;
    struct err err = {0};
    WORKS(curve_roc(&ranking, 100, &arena, &thin, &err), err);
    for (size_t i = 1; i < thin.count; i++)
        TRUE(thin.point[i].x - thin.point[i - 1].x < 0.1);
}

/* Straight down, then straight up; beside it the same above. */
TEST(a_lonely_corner_on_either_side_is_kept)
{
    for (int side = -1; side <= 1; side += 2) {
        CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
        struct curve_point valley[301];
        for (int i = 0; i <= 300; i++)
            valley[i] = (struct curve_point){-(float)i, i, side * abs(i - 137)};
        struct curve thin;
        struct err err = {0};
        WORKS(curve_thin(valley, 301, CURVE_POINTS_MIN, &arena, &thin, &err), err);
        bool met = false;
        for (size_t i = 0; i < thin.count; i++)
            met |= thin.point[i].threshold == -137;
        TRUE(met && thin.count <= CURVE_POINTS_MIN);
    }
}

/* A quarter of a circle has nothing but corners. */
TEST(a_hull_with_more_corners_than_points_keeps_its_ends)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct curve_point arc[200];
    for (size_t i = 0; i < 200; i++)
        arc[i] = (struct curve_point){-(float)i, 1 - cos((double)i / 199 * 1.5),
                                      sin((double)i / 199 * 1.5)};
    struct curve thin;
    struct err err = {0};
    WORKS(curve_thin(arc, 200, 20, &arena, &thin, &err), err);
    TRUE(thin.count <= 20 && thin.count >= 18);
    NEAR(thin.point[0].y, 0, 0);
    NEAR(thin.point[thin.count - 1].y, arc[199].y, 0);
}

TEST(a_histogram_counts_each_row_once)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    static const float score[] = {-1, 0, 0.25f, 0.5f, 0.75f, 1, 2, 2};
    static const uint8_t label[] = {0, 0, 0, 1, 0, 1, 1, 0};
    struct ranking ranking =
        ranked((struct sample){.score = score, .label = label, .count = 8}, &arena);
    struct histogram_bin bin[2];
    histogram_of(&ranking, 0, 1, bin, 2);
    SAME(bin[0].fraud + bin[0].legitimate, 3);
    SAME(bin[0].fraud, 0);
    SAME(bin[1].fraud + bin[1].legitimate, 5);
    SAME(bin[1].fraud, 3);
}
