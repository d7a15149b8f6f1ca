/*
 * A row of weight 3 is that row three times, and a row of weight 0 is none: each instrument is
 * asked both ways. Whole weights add up exactly, so most answers are the same to the last bit.
 */
#include "harness.h"

#include "measure/budget.h"
#include "measure/calibrate.h"
#include "measure/challenge.h"
#include "measure/cost.h"
#include "measure/curve.h"
#include "measure/reliability.h"
#include "measure/threshold.h"

#include "base/rng.h"

#include <math.h>

enum { COUNT = 400, TIMES_MAX = 3, WIDE_MAX = COUNT * TIMES_MAX, DAYS = 5 };

static struct arena job = {.limit = 1 << 27};

/* Rows with weights, and the same rows written out; `row` says which row each is a copy of. */
static float score[COUNT], wide_score[WIDE_MAX];
static uint8_t label[COUNT], wide_label[WIDE_MAX];
static double weight[COUNT], amount[COUNT], wide_amount[WIDE_MAX];
static uint32_t row[COUNT], wide_row[WIDE_MAX], day[COUNT], wide_day[WIDE_MAX];
static size_t wide_count;
static struct sample weighed, repeated;

static void draw(uint64_t round)
{
    struct rng rng = rng_of(31, round, 0);
    wide_count = 0;
    for (size_t i = 0; i < COUNT; i++) {
        row[i] = (uint32_t)i;
        score[i] = (float)rng_below(&rng, 50) / 50;
        label[i] = rng_unit(&rng) < 0.1 + 0.5 * (double)score[i];
        weight[i] = (double)rng_below(&rng, TIMES_MAX + 1);
        amount[i] = (double)rng_below(&rng, 1000);
        day[i] = (uint32_t)rng_below(&rng, DAYS);
        for (size_t times = (size_t)weight[i]; times > 0; times--, wide_count++) {
            wide_row[wide_count] = row[i];
            wide_score[wide_count] = score[i];
            wide_label[wide_count] = label[i];
            wide_amount[wide_count] = amount[i];
            wide_day[wide_count] = day[i];
        }
    }
    weighed = (struct sample){.score = score, .label = label, .count = COUNT, .weight = weight};
    repeated = (struct sample){.score = wide_score, .label = wide_label, .count = wide_count};
    arena_reset(&job);
}

static struct ranking ranked(struct sample sample)
{
    struct ranking ranking;
    struct err err = {0};
    WORKS(ranking_init(&ranking, sample, &job, &err), err);
    return ranking;
}

static bool same_bits(const void *a, const void *b, size_t size)
{
    return memcmp(a, b, size) == 0;
}

TEST(metrics_bins_thresholds_and_curves_are_those_of_the_rows_repeated)
{
    for (uint64_t round = 0; round < 20; round++) {
        draw(round);
        struct ranking a = ranked(weighed), b = ranked(repeated);
        double one[METRIC_COUNT], other[METRIC_COUNT];
        metrics_of(&a, 0.5f, one);
        metrics_of(&b, 0.5f, other);
        TRUE(same_bits(one, other, sizeof one));

        struct reliability_bin bin[RELIABILITY_BINS], wide_bin[RELIABILITY_BINS];
        reliability_of(&a, ranking_weight(&a), bin);
        reliability_of(&b, ranking_weight(&b), wide_bin);
        TRUE(same_bits(bin, wide_bin, sizeof bin));

        struct threshold line, wide_line;
        struct err err = {0};
        WORKS(threshold_best_f1(&a, &line, &err), err);
        WORKS(threshold_best_f1(&b, &wide_line, &err), err);
        TRUE(line.score == wide_line.score && line.f1 == wide_line.f1);

        struct curve roc, wide_roc, pr, wide_pr;
        WORKS(curve_roc(&a, 100, &job, &roc, &err), err);
        WORKS(curve_roc(&b, 100, &job, &wide_roc, &err), err);
        WORKS(curve_pr(&a, 100, &job, &pr, &err), err);
        WORKS(curve_pr(&b, 100, &job, &wide_pr, &err), err);
        SAME(roc.count, wide_roc.count);
        SAME(pr.count, wide_pr.count);
        for (size_t i = 0; i < roc.count; i++)
            TRUE(roc.point[i].x == wide_roc.point[i].x && roc.point[i].y == wide_roc.point[i].y);
        for (size_t i = 0; i < pr.count; i++)
            TRUE(pr.point[i].x == wide_pr.point[i].x && pr.point[i].y == wide_pr.point[i].y);

        struct histogram_bin bar[10], wide_bar[10];
        histogram_of(&a, 0, 1, bar, 10);
        histogram_of(&b, 0, 1, wide_bar, 10);
        TRUE(same_bits(bar, wide_bar, sizeof bar));
    }
}

TEST(calibrators_learn_what_they_learn_from_the_rows_repeated)
{
    for (uint64_t round = 0; round < 20; round++) {
        draw(round);
        struct ranking a = ranked(weighed), b = ranked(repeated);
        static const enum calibrator each[] = {CALIBRATOR_PLATT, CALIBRATOR_ISOTONIC};
        for (size_t i = 0; i < LENGTH_OF(each); i++) {
            struct calibration one, other;
            struct err err = {0};
            WORKS(calibrate(&a, each[i], &job, &one, &err), err);
            WORKS(calibrate(&b, each[i], &job, &other, &err), err);
            for (int p = 0; p <= 10; p++)
                TRUE(calibration_of(&one, (float)p / 10) == calibration_of(&other, (float)p / 10));
        }
    }
}

TEST(a_row_is_drawn_again_with_its_weight)
{
    for (uint64_t round = 0; round < 5; round++) {
        draw(round);
        struct contender one = {weighed, 0.5f}, other = {repeated, 0.5f};
        struct bootstrap a, b;
        struct interval narrow[METRIC_COUNT], wide[METRIC_COUNT];
        struct err err = {0};
        WORKS(bootstrap_init(&a, &one, 1, row, 7, &job, &err), err);
        WORKS(bootstrap_init(&b, &other, 1, wide_row, 7, &job, &err), err);
        SAME(a.entities, b.entities);
        SAME(a.compromised, b.compromised);
        WORKS(bootstrap_intervals(&a, metrics, METRIC_COUNT, 50, 0.9, &job, narrow, NULL, &err),
              err);
        WORKS(bootstrap_intervals(&b, metrics, METRIC_COUNT, 50, 0.9, &job, wide, NULL, &err), err);
        for (size_t i = 0; i < METRIC_COUNT; i++)
            FAIL_UNLESS(narrow[i].value == wide[i].value && narrow[i].low == wide[i].low &&
                            narrow[i].high == wide[i].high,
                        "%s differs", metrics[i]->name);
    }
}

TEST(delongs_interval_is_not_made_up_where_rows_have_weights)
{
    draw(1);
    struct ranking ranking = ranked(weighed);
    struct interval auc = delong_of(&ranking, 0.95);
    NEAR(auc.value, metric_value(&metric_roc_auc, &ranking, NULL), 0);
    TRUE(isnan(auc.low) && isnan(auc.high) && isnan(auc.deviation));
}

TEST(costs_are_those_of_the_rows_repeated)
{
    static const struct cost_matrix matrix = {
        .handling = 2, .insult = 3, .loss_given_fraud = 0.5, .chargeback = 10};
    for (uint64_t round = 0; round < 20; round++) {
        draw(round);
        struct costs one = costs_at(&weighed, amount, &matrix, 0.5f);
        struct costs other = costs_at(&repeated, wide_amount, &matrix, 0.5f);
        TRUE(same_bits(&one, &other, sizeof one));
        one = costs_by_instance(&weighed, amount, &matrix);
        other = costs_by_instance(&repeated, wide_amount, &matrix);
        TRUE(same_bits(&one, &other, sizeof one));
        struct cost_line line, wide_line;
        struct curve curve, wide_curve;
        struct err err = {0};
        WORKS(cost_least(&weighed, amount, &matrix, 100, &job, &line, &curve, &err), err);
        WORKS(cost_least(&repeated, wide_amount, &matrix, 100, &job, &wide_line, &wide_curve, &err),
              err);
        TRUE(line.threshold == wide_line.threshold && line.cost == wide_line.cost);
        for (size_t i = 0; i < wide_curve.count && curve.count == wide_curve.count; i++)
            NEAR(curve.point[i].x, wide_curve.point[i].x, 0);
    }
}

TEST(a_row_takes_as_many_places_of_a_budget_as_it_weighs)
{
    for (uint64_t round = 0; round < 20; round++) {
        draw(round);
        struct stream one = {.sample = weighed, .period = day, .amount = amount};
        struct stream other = {.sample = repeated, .period = wide_day, .amount = wide_amount};
        struct budget budget, wide;
        struct err err = {0};
        WORKS(budget_of(&one, 20, &job, &budget, &err), err);
        WORKS(budget_of(&other, 20, &job, &wide, &err), err);
        SAME(budget.periods, wide.periods);
        NEAR(budget.alarms, wide.alarms, 0);
        NEAR(budget.caught, wide.caught, 1e-9);
        NEAR(budget.precision, wide.precision, 1e-12);
        NEAR(budget.recall_ceiling, wide.recall_ceiling, 1e-12);
        NEAR(budget.value_recall, wide.value_recall, 1e-12);
    }
}

TEST(a_challenge_is_weighed_but_its_evidence_is_counted)
{
    struct challenge_rules rules = challenge_rules_default;
    rules.draws = 100;
    for (uint64_t round = 0; round < 5; round++) {
        draw(round);
        static float better[COUNT], wide_better[WIDE_MAX];
        for (size_t i = 0; i < COUNT; i++)
            better[i] = 0.9f * score[i] + (label[i] ? 0.04f : 0);
        for (size_t i = 0; i < wide_count; i++)
            wide_better[i] = better[wide_row[i]];
        struct challenge_rows one = {.champion = {weighed, 0.5f},
                                     .challenger = {weighed, 0.5f},
                                     .entity = row,
                                     .amount = amount};
        struct challenge_rows other = {.champion = {repeated, 0.5f},
                                       .challenger = {repeated, 0.5f},
                                       .entity = wide_row,
                                       .amount = wide_amount};
        one.challenger.sample.score = better;
        other.challenger.sample.score = wide_better;
        struct challenge a, b;
        struct err err = {0};
        WORKS(challenge_judge(&one, &rules, &job, &a, &err), err);
        WORKS(challenge_judge(&other, &rules, &job, &b, &err), err);
        SAME(a.verdict, b.verdict);
        TRUE(a.gain == b.gain && a.low == b.low && a.high == b.high);
        TRUE(same_bits(&a.gained, &b.gained, sizeof a.gained));
        TRUE(same_bits(&a.lost, &b.lost, sizeof a.lost));
        TRUE(a.swaps <= b.swaps);
    }
}

/* Two groups of twenty legitimate rows are too few to compare, however much each row weighs. */
TEST(weight_is_no_evidence)
{
    enum { ROWS = 50 };
    float one[ROWS], other[ROWS];
    uint8_t fraud[ROWS], group[ROWS];
    double heavy[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        fraud[i] = i % 5 == 0;
        group[i] = i % 2;
        one[i] = (float)i / ROWS;
        other[i] = (float)(i * 7 % ROWS) / ROWS;
        heavy[i] = 1000;
    }
    struct sample sample = {.score = one, .label = fraud, .count = ROWS, .weight = heavy};
    struct challenge_rows rows = {
        .champion = {sample, 0.5f}, .challenger = {sample, 0.5f}, .group = group};
    rows.challenger.sample.score = other;
    struct challenge_rules rules = challenge_rules_default;
    rules.draws = 100;
    struct challenge heavily, lightly;
    struct err err = {0};
    WORKS(challenge_judge(&rows, &rules, &job, &heavily, &err), err);
    TRUE(!heavily.rail[RAIL_fpr_ratio].judged);
    rules.limit[RAIL_alert_volume] = rules.limit[RAIL_ece] = 1e9;
    WORKS(challenge_judge(&rows, &rules, &job, &heavily, &err), err);
    rows.champion.sample.weight = rows.challenger.sample.weight = NULL;
    WORKS(challenge_judge(&rows, &rules, &job, &lightly, &err), err);
    SAME(heavily.verdict, CHALLENGE_INSUFFICIENT);
    SAME(lightly.verdict, CHALLENGE_INSUFFICIENT);
    NEAR(heavily.frauds_needed, lightly.frauds_needed, 1);
    rules.group_rows_min = 20;
    WORKS(challenge_judge(&rows, &rules, &job, &lightly, &err), err);
    TRUE(lightly.rail[RAIL_fpr_ratio].judged);
}
