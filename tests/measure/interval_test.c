#include "harness.h"

#include "measure/interval.h"

#include "base/rng.h"

#include <math.h>

static struct arena job = {.limit = 1 << 27};

static struct ranking ranked(struct sample sample)
{
    struct ranking ranking;
    struct err err = {0};
    WORKS(ranking_init(&ranking, sample, &job, &err), err);
    return ranking;
}

static struct bootstrap drawn(const struct contender *contender, size_t models,
                              const uint32_t *entity, uint64_t seed)
{
    struct bootstrap bootstrap;
    struct err err = {0};
    WORKS(bootstrap_init(&bootstrap, contender, models, entity, seed, &job, &err), err);
    return bootstrap;
}

/* Points of any table of the normal distribution. */
TEST(the_normal_quantile_is_that_of_the_tables)
{
    NEAR(normal_quantile(0.5), 0, 1e-15);
    NEAR(normal_quantile(0.975), 1.959963984540054, 1e-13);
    NEAR(normal_quantile(0.95), 1.6448536269514722, 1e-13);
    NEAR(normal_quantile(0.05), -1.6448536269514722, 1e-13);
    NEAR(normal_quantile(1e-6), -4.753424308822899, 1e-11);
}

/* By hand. Frauds .8 and .5, others .5 and .2. Placements of the frauds 1 and 3/4: variance 1/32.
 * Of the others: .5 has 1 + 1/2 frauds of 2 above, .2 has both: 3/4 and 1. Sum of 1/32 / 2 twice.
 */
TEST(delong_by_hand_with_a_tie)
{
    static const float score[] = {0.8f, 0.5f, 0.5f, 0.2f};
    static const uint8_t label[] = {1, 1, 0, 0};
    struct ranking ranking = ranked((struct sample){.score = score, .label = label, .count = 4});
    struct interval auc = delong_of(&ranking, 0.95);
    NEAR(auc.value, 0.875, 0);
    NEAR(auc.deviation, sqrt(1.0 / 32), 1e-15);
    NEAR(auc.low, 0.875 - 1.959963984540054 * sqrt(1.0 / 32), 1e-12);
    NEAR(auc.high, 1, 0);
}

static struct sample noisy(struct rng *rng, const uint8_t *label, float *score, size_t count,
                           double noise)
{
    for (size_t i = 0; i < count; i++)
        score[i] = (float)(label[i] + noise * rng_normal(rng));
    return (struct sample){.score = score, .label = label, .count = count};
}

enum { COUNT = 400 };

static void labels(struct rng *rng, uint8_t *label)
{
    for (size_t i = 0; i < COUNT; i++)
        label[i] = i < 2 || rng_unit(rng) < 0.2;
}

/* Var(b - a) = Var(a) + Var(b) where the scores of one are constant: its placements are. */
TEST(a_difference_from_a_constant_has_the_variance_of_the_other)
{
    struct rng rng = rng_of(1, 0, 0);
    uint8_t label[COUNT];
    float score[COUNT], constant[COUNT] = {0};
    labels(&rng, label);
    struct sample a = {.score = constant, .label = label, .count = COUNT},
                  b = noisy(&rng, label, score, COUNT, 1);
    struct ranking ranking = ranked(b);
    struct interval alone = delong_of(&ranking, 0.9), difference;
    struct err err = {0};
    WORKS(delong_difference(&a, &b, 0.9, &job, &difference, &err), err);
    NEAR(difference.value, alone.value - 0.5, 1e-12);
    NEAR(difference.deviation, alone.deviation, 1e-12);
    WORKS(delong_difference(&b, &b, 0.9, &job, &difference, &err), err);
    NEAR(difference.value, 0, 0);
    NEAR(difference.deviation, 0, 0);
}

TEST(too_few_rows_of_a_class_have_no_interval)
{
    static const float score[] = {0.8f, 0.5f, 0.2f};
    static const uint8_t one[] = {1, 0, 0}, none[] = {0, 0, 0};
    struct ranking ranking = ranked((struct sample){.score = score, .label = one, .count = 3});
    struct interval auc = delong_of(&ranking, 0.95);
    NEAR(auc.value, 1, 0);
    TRUE(isnan(auc.low) && isnan(auc.high));
    static const uint8_t two[] = {1, 1, 0};
    ranking = ranked((struct sample){.score = score, .label = two, .count = 3});
    TRUE(isnan(delong_of(&ranking, 0.95).deviation));
    ranking = ranked((struct sample){.score = score, .label = none, .count = 3});
    TRUE(isnan(delong_of(&ranking, 0.95).value));
    ranking = ranked((struct sample){0});
    TRUE(isnan(delong_of(&ranking, 0.95).value));
}

/* The two ways to the same standard error. */
TEST(the_bootstrap_of_roc_auc_agrees_with_delong)
{
    struct rng rng = rng_of(2, 0, 0);
    uint8_t label[COUNT];
    float score[2][COUNT];
    labels(&rng, label);
    struct contender model[2] = {{noisy(&rng, label, score[0], COUNT, 1), 0.5f},
                                 {noisy(&rng, label, score[1], COUNT, 0.8), 0.5f}};
    struct bootstrap bootstrap = drawn(model, 2, NULL, 7);
    const struct metric *metric[] = {&metric_prevalence, &metric_roc_auc};
    struct interval each[4], difference[2], exact;
    struct err err = {0};
    WORKS(bootstrap_intervals(&bootstrap, metric, 2, 2000, 0.95, &job, each, difference, &err),
          err);
    struct ranking ranking = ranked(model[0].sample);
    struct interval alone = delong_of(&ranking, 0.95);
    NEAR(each[2].value, alone.value, 0);
    NEAR(each[2].deviation / alone.deviation, 1, 0.08);
    NEAR(each[2].low, alone.low, 0.01);
    NEAR(each[2].high, alone.high, 0.01);
    WORKS(delong_difference(&model[0].sample, &model[1].sample, 0.95, &job, &exact, &err), err);
    NEAR(difference[1].value, exact.value, 1e-12);
    NEAR(difference[1].deviation / exact.deviation, 1, 0.08);
    NEAR(difference[1].low, exact.low, 0.01);
    NEAR(each[0].deviation, 0, 1e-15); /* strata keep the prevalence */
}

TEST(draws_do_not_depend_on_who_draws_them)
{
    struct rng rng = rng_of(3, 0, 0);
    uint8_t label[COUNT];
    float score[COUNT];
    labels(&rng, label);
    struct contender model = {noisy(&rng, label, score, COUNT, 1), 0.5f};
    struct bootstrap bootstrap = drawn(&model, 1, NULL, 7), other = drawn(&model, 1, NULL, 8);
    const struct metric *metric[] = {&metric_pr_auc, &metric_f1};
    double whole[20][2], parts[20][2], differs[20][2];
    struct err err = {0};
    WORKS(bootstrap_draw(&bootstrap, 0, 20, metric, 2, &job, whole[0], &err), err);
    WORKS(bootstrap_draw(&bootstrap, 13, 7, metric, 2, &job, parts[13], &err), err);
    WORKS(bootstrap_draw(&bootstrap, 0, 13, metric, 2, &job, parts[0], &err), err);
    TRUE(memcmp(whole, parts, sizeof whole) == 0);
    WORKS(bootstrap_draw(&other, 0, 20, metric, 2, &job, differs[0], &err), err);
    TRUE(memcmp(whole, differs, sizeof whole) != 0);
}

/* Of four rows nobody draws all four each time; a group that is not drawn is not there. */
TEST(scores_that_are_not_drawn_leave_no_trace)
{
    static const float score[] = {0.9f, 0.6f, 0.4f, 0.1f};
    static const uint8_t label[] = {1, 0, 1, 0};
    struct contender model = {{.score = score, .label = label, .count = 4}, 0.5f};
    struct bootstrap bootstrap = drawn(&model, 1, NULL, 3);
    const struct metric *metric[] = {&metric_ece, &metric_log_loss, &metric_brier};
    double value[50][3];
    struct err err = {0};
    WORKS(bootstrap_draw(&bootstrap, 0, 50, metric, 3, &job, value[0], &err), err);
    for (size_t i = 0; i < 50; i++)
        TRUE(isfinite(value[i][0]) && isfinite(value[i][1]) && isfinite(value[i][2]));
}

/* A compromised card and two clean ones: were they drawn together, some draws would have no fraud.
 */
TEST(entities_with_and_without_fraud_are_drawn_apart)
{
    static const float score[] = {0.9f, 0.8f, 0.7f, 0.1f};
    static const uint8_t label[] = {1, 1, 0, 0};
    static const uint32_t card[] = {4, 4, 5, 9};
    struct contender model = {{.score = score, .label = label, .count = 4}, 0.5f};
    struct bootstrap bootstrap = drawn(&model, 1, card, 3);
    SAME(bootstrap.entities, 3);
    SAME(bootstrap.compromised, 1);
    const struct metric *metric[] = {&metric_roc_auc, &metric_prevalence};
    struct interval interval[2];
    struct err err = {0};
    WORKS(bootstrap_intervals(&bootstrap, metric, 2, 100, 0.9, &job, interval, NULL, &err), err);
    SAME(interval[0].draws, 100);
    NEAR(interval[1].deviation, 0, 0);
}

/* Each row ten times under one entity: as uncertain as the row alone. Ten rows each for
 * themselves would look sqrt(10) times as sure. */
TEST(rows_of_one_entity_are_drawn_together)
{
    enum { TIMES = 10 };
    struct rng rng = rng_of(4, 0, 0);
    uint8_t label[COUNT], wide_label[COUNT * TIMES];
    float score[COUNT], wide_score[COUNT * TIMES];
    uint32_t entity[COUNT * TIMES];
    labels(&rng, label);
    struct contender model = {noisy(&rng, label, score, COUNT, 1), 0.5f};
    for (size_t i = 0; i < COUNT * TIMES; i++) {
        entity[i] = 1000000 - (uint32_t)(i % COUNT);
        wide_label[i] = label[i % COUNT];
        wide_score[i] = score[i % COUNT];
    }
    struct contender wide = {{.score = wide_score, .label = wide_label, .count = COUNT * TIMES},
                             0.5f};
    struct bootstrap narrow = drawn(&model, 1, NULL, 1), by_entity = drawn(&wide, 1, entity, 1);
    struct bootstrap by_row = drawn(&wide, 1, NULL, 1);
    SAME(by_entity.entities, COUNT);
    const struct metric *metric[] = {&metric_roc_auc};
    struct interval alone, together, apart;
    struct err err = {0};
    WORKS(bootstrap_intervals(&narrow, metric, 1, 1000, 0.9, &job, &alone, NULL, &err), err);
    WORKS(bootstrap_intervals(&by_entity, metric, 1, 1000, 0.9, &job, &together, NULL, &err), err);
    WORKS(bootstrap_intervals(&by_row, metric, 1, 1000, 0.9, &job, &apart, NULL, &err), err);
    NEAR(together.deviation / alone.deviation, 1, 0.08);
    NEAR(apart.deviation / alone.deviation, sqrt(0.1), 0.05);
}

/* No score reaches the threshold: among no alarms there is no calibration. */
TEST(draws_without_a_value_are_left_out_and_counted)
{
    static const float score[] = {0.9f, 0.2f, 0.3f, 0.1f};
    static const uint8_t label[] = {1, 1, 0, 0};
    struct contender never = {{.score = score, .label = label, .count = 4}, 2},
                     often = {{.score = score, .label = label, .count = 4}, 0.9f};
    struct bootstrap bootstrap = drawn(&never, 1, NULL, 1);
    const struct metric *metric[] = {&metric_ece_alerts};
    struct interval interval;
    struct err err = {0};
    WORKS(bootstrap_intervals(&bootstrap, metric, 1, 100, 0.9, &job, &interval, NULL, &err), err);
    SAME(interval.draws, 0);
    TRUE(isnan(interval.value) && isnan(interval.low));
    bootstrap = drawn(&often, 1, NULL, 1);
    WORKS(bootstrap_intervals(&bootstrap, metric, 1, 100, 0.9, &job, &interval, NULL, &err), err);
    TRUE(interval.draws > 55 && interval.draws < 95); /* three in four */
    NEAR(interval.low, 0.1, 1e-7);
    /* A threshold that one row in six reaches: most draws have no alarm. */
    static const float rare[] = {0.9f, 0.1f, 0.1f, 0.1f, 0.1f, 0.1f, 0.1f};
    static const uint8_t clean[] = {0, 0, 0, 0, 0, 0, 1};
    struct contender seldom = {{.score = rare, .label = clean, .count = 7}, 0.5f};
    bootstrap = drawn(&seldom, 1, NULL, 1);
    WORKS(bootstrap_intervals(&bootstrap, metric, 1, 100, 0.9, &job, &interval, NULL, &err), err);
    TRUE(interval.draws > 50 && interval.low > 0);
}

TEST(percentiles_lie_between_neighbours)
{
    double draw[] = {3, (double)NAN, 1, 2, 4};
    SAME(draws_sort(draw, 5), 4);
    NEAR(draws_quantile(draw, 4, 0), 1, 0);
    NEAR(draws_quantile(draw, 4, 0.5), 2.5, 0);
    NEAR(draws_quantile(draw, 4, 0.9), 3.7, 1e-15);
    NEAR(draws_quantile(draw, 4, 1), 4, 0);
    TRUE(isnan(draws_quantile(draw, 0, 0.5)));
}
