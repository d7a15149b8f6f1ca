#include "harness.h"

#include "measure/cost.h"

#include "base/rng.h"

#include <math.h>

static const struct cost_matrix usual = {
    .handling = 2, .insult = 3, .loss_given_fraud = 0.5, .chargeback = 10};

/* One row of each kind: caught 2, insulted 5, missed 100/2 + 10, silent 0. */
TEST(the_four_outcomes_cost_what_the_matrix_says)
{
    static const float score[] = {0.9f, 0.8f, 0.1f, 0.2f};
    static const uint8_t label[] = {1, 0, 1, 0};
    static const double amount[] = {40, 7, 100, 7};
    struct costs costs = costs_at(&(struct sample){.score = score, .label = label, .count = 4},
                                  amount, &usual, 0.5f);
    NEAR(costs.model, 2 + 5 + 60, 0);
    NEAR(costs.none, 30 + 60, 0);
    NEAR(costs.all, 2 + 5 + 2 + 5, 0);
    NEAR(costs.savings, 1 - 67.0 / 14, 1e-15);
}

TEST(savings_of_perfect_alarms_and_of_the_better_constant)
{
    static const float score[] = {0.9f, 0.1f, 0.1f};
    static const uint8_t label[] = {1, 0, 0};
    static const double amount[] = {100, 1, 1};
    struct sample sample = {.score = score, .label = label, .count = 3};
    NEAR(costs_at(&sample, amount, &usual, 0.5f).savings, 1 - 2.0 / 12, 1e-15);
    NEAR(costs_at(&sample, amount, &usual, 0).savings, 0, 0);
    struct costs free = costs_at(&sample, NULL, &(struct cost_matrix){0}, 0);
    TRUE(isnan(free.savings));
    TRUE(isnan(costs_at(&(struct sample){0}, NULL, &(struct cost_matrix){0}, 0).savings));
}

/* With handling as the only cost and the amount lost whole: handling / amount (Bahnsen). */
TEST(the_instance_threshold_is_where_alarm_and_silence_cost_the_same)
{
    struct cost_matrix simple = {.handling = 3, .loss_given_fraud = 1};
    NEAR(cost_threshold(&simple, 60), 3.0 / 60, 1e-15);
    double p = cost_threshold(&usual, 80);
    NEAR(p * 2 + (1 - p) * 5, p * 50, 1e-12);
    TRUE(isinf(cost_threshold(&simple, 3)));
    NEAR(cost_threshold(&(struct cost_matrix){.chargeback = 1}, 0), 0, 0);
}

TEST(each_row_may_have_its_own_line)
{
    static const float score[] = {0.2f, 0.2f};
    static const uint8_t label[] = {1, 1};
    static const double amount[] = {100, 1};
    struct cost_matrix simple = {.handling = 5, .loss_given_fraud = 1};
    struct costs costs = costs_by_instance(
        &(struct sample){.score = score, .label = label, .count = 2}, amount, &simple);
    NEAR(costs.model, 5 + 1, 0);
}

static struct cost_line least(struct sample sample, const double *amount)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct cost_line line;
    struct err err = {0};
    WORKS(cost_least(&sample, amount, &usual, 0, &arena, &line, NULL, &err), err);
    return line;
}

TEST(no_other_line_costs_less)
{
    enum { COUNT = 50 };
    for (uint32_t round = 0; round < 200; round++) {
        float score[COUNT];
        uint8_t label[COUNT];
        double amount[COUNT];
        struct rng rng = rng_of(3, round, 0);
        for (size_t i = 0; i < COUNT; i++) {
            score[i] = (float)rng_below(&rng, 20) / 20;
            label[i] = rng_unit(&rng) < (double)score[i] * 0.5;
            amount[i] = (double)rng_below(&rng, 40);
        }
        struct sample sample = {.score = score, .label = label, .count = COUNT};
        struct cost_line line = least(sample, amount);
        NEAR(costs_at(&sample, amount, &usual, line.threshold).model, line.cost, 1e-9);
        TRUE(line.cost <= costs_at(&sample, amount, &usual, INFINITY).model + 1e-9);
        for (size_t i = 0; i < COUNT; i++)
            TRUE(line.cost <= costs_at(&sample, amount, &usual, score[i]).model + 1e-9);
    }
}

TEST(where_no_alarm_pays_none_is_raised)
{
    static const float score[] = {0.9f, 0.1f};
    static const uint8_t label[] = {0, 0};
    static const double amount[] = {1, 1};
    struct cost_line line =
        least((struct sample){.score = score, .label = label, .count = 2}, amount);
    TRUE(isinf(line.threshold));
    NEAR(line.cost, 0, 0);
    TRUE(isinf(least((struct sample){0}, amount).threshold));
}

/* A fraud costs its handling, caught or not. */
TEST(among_equal_costs_the_fewest_alarms_win)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    static const float score[] = {0.9f};
    static const uint8_t label[] = {1};
    struct sample sample = {.score = score, .label = label, .count = 1};
    struct cost_matrix even = {.handling = 2, .chargeback = 2};
    struct cost_line line;
    struct err err = {0};
    WORKS(cost_least(&sample, NULL, &even, 0, &arena, &line, NULL, &err), err);
    TRUE(isinf(line.threshold));
}

TEST(the_cost_curve_runs_from_no_alarm_to_all_through_the_least_cost)
{
    enum { COUNT = 500, POINTS = 20 };
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    float score[COUNT];
    uint8_t label[COUNT];
    double amount[COUNT];
    struct rng rng = rng_of(8, 0, 0);
    for (size_t i = 0; i < COUNT; i++) {
        score[i] = (float)rng_unit(&rng);
        label[i] = rng_unit(&rng) < (double)score[i] * 0.3;
        amount[i] = 20;
    }
    struct sample sample = {.score = score, .label = label, .count = COUNT};
    struct cost_line line;
    struct curve curve;
    struct err err = {0};
    WORKS(cost_least(&sample, amount, &usual, POINTS, &arena, &line, &curve, &err), err);
    struct costs ends = costs_at(&sample, amount, &usual, 0);
    TRUE(curve.count <= POINTS && curve.count > POINTS / 2);
    NEAR(curve.point[0].y, ends.none, 1e-9);
    NEAR(curve.point[curve.count - 1].y, ends.all, 1e-9);
    NEAR(curve.point[curve.count - 1].x, 1, 0);
    bool met = false;
    for (size_t i = 0; i < curve.count; i++)
        met |= curve.point[i].threshold == line.threshold;
    TRUE(met);
}
