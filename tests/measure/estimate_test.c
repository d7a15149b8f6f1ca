#include "harness.h"

#include "measure/estimate.h"

#include "base/rng.h"

#include <math.h>

enum { ROWS_MAX = 20000 };

static struct arena arena = {.limit = 1 << 28};

/* ---------------------------------------------------------------- by hand */

/* Two alarms at .9 and .5, silence at .4 and .2, the two in the middle of one score. */
static const float hand_score[] = {4, 3, 3, 1};
static const double hand_probability[] = {0.9, 0.5, 0.4, 0.2}, hand_amount[] = {10, 20, 30, 40};
static const uint8_t hand_alarm[] = {1, 1, 0, 0};
static const struct cost_matrix hand_matrix = {
    .handling = 1, .insult = 2, .loss_given_fraud = 0.5, .chargeback = 3};

static struct estimate_rows by_hand(void)
{
    return (struct estimate_rows){.score = hand_score,
                                  .probability = hand_probability,
                                  .alarm = hand_alarm,
                                  .amount = hand_amount,
                                  .count = 4,
                                  .matrix = hand_matrix};
}

TEST(figures_are_those_of_the_expected_cells)
{
    struct estimate_rows rows = by_hand();
    struct interval figure[ESTIMATE_COUNT];
    struct err err = {0};
    struct confusion cells = estimate_confusion(&rows);
    NEAR(cells.true_positive, 1.4, 1e-15);
    NEAR(cells.false_positive, 0.6, 1e-15);
    NEAR(cells.false_negative, 0.6, 1e-15);
    NEAR(cells.true_negative, 1.4, 1e-15);
    arena_reset(&arena);
    WORKS(estimate_figures(&rows, 100, 1, 0.95, &arena, figure, &err), err);
    NEAR(figure[ESTIMATE_precision].value, 0.7, 1e-15);
    NEAR(figure[ESTIMATE_recall].value, 0.7, 1e-15);
    NEAR(figure[ESTIMATE_f1].value, 0.7, 1e-15);
    NEAR(figure[ESTIMATE_fraud_rate].value, 0.5, 1e-15);
    /* Above: .9 sees none but half of its own .1; .9 of the two sees .1 and half of 1.1; .2
     * sees 1.2 and half of .8. */
    double above = 0.9 * 0.05 + 0.9 * (0.1 + 0.55) + 0.2 * (1.2 + 0.4);
    NEAR(figure[ESTIMATE_roc_auc].value, 1 - above / 4, 1e-15);
    NEAR(figure[ESTIMATE_pr_auc].value, (0.9 * 0.9 + 0.9 * 1.8 / 3 + 0.2 * 2 / 4) / 2, 1e-15);
    NEAR(figure[ESTIMATE_cost_caught].value, 1.4, 1e-15);
    NEAR(figure[ESTIMATE_cost_false_alarms].value, 0.6 * 3, 1e-15);
    NEAR(figure[ESTIMATE_cost_missed].value, 0.4 * 18 + 0.2 * 23, 1e-14);
    NEAR(figure[ESTIMATE_cost].value, 1.4 + 1.8 + 11.8, 1e-14);
}

TEST(what_is_undefined_is_not_a_number_and_never_disagrees)
{
    static const double none[] = {0, 0, 0, 0}, all[] = {1, 1, 1, 1};
    static const uint8_t silent[4], fraud[] = {1, 1, 1, 1};
    struct estimate_rows rows = by_hand();
    struct interval figure[ESTIMATE_COUNT];
    struct disagreement found[ESTIMATE_COUNT];
    struct err err = {0};
    arena_reset(&arena);
    rows.probability = none, rows.alarm = silent;
    WORKS(estimate_figures(&rows, 50, 1, 0.95, &arena, figure, &err), err);
    TRUE(isnan(figure[ESTIMATE_precision].value) && isnan(figure[ESTIMATE_recall].value));
    TRUE(isnan(figure[ESTIMATE_f1].value) && isnan(figure[ESTIMATE_roc_auc].value));
    TRUE(isnan(figure[ESTIMATE_pr_auc].value) && isnan(figure[ESTIMATE_precision].low));
    NEAR(figure[ESTIMATE_fraud_rate].high, 0, 0);
    WORKS(estimate_against(&rows, silent, 50, 1, &arena, found, &err), err);
    for (size_t i = 0; i < ESTIMATE_COUNT; i++)
        TRUE(!found[i].disagrees && found[i].chance >= 1);
    rows.probability = all;
    WORKS(estimate_figures(&rows, 50, 1, 0.95, &arena, figure, &err), err);
    TRUE(isnan(figure[ESTIMATE_roc_auc].value));
    NEAR(figure[ESTIMATE_pr_auc].low, 1, 1e-12);
    NEAR(figure[ESTIMATE_recall].value, 0, 0);
    WORKS(estimate_against(&rows, fraud, 50, 1, &arena, found, &err), err);
    TRUE(!found[ESTIMATE_fraud_rate].disagrees);
    rows.count = 0;
    WORKS(estimate_figures(&rows, 50, 1, 0.95, &arena, figure, &err), err);
    TRUE(isnan(figure[ESTIMATE_fraud_rate].value));
}

/* ---------------------------------------------------------------- simulation */

/* Traffic whose fraud follows from one risk as exp(a + b x); what the model knows of it are
 * calibrated probabilities. */
struct world {
    double shift;     /* of the risk: covariate drift */
    double new_fraud; /* more, where the model sees little risk: concept drift */
};

static float score[ROWS_MAX];
static double probability[ROWS_MAX], amount[ROWS_MAX];
static uint8_t alarm[ROWS_MAX], label[ROWS_MAX];

static struct estimate_rows draw_world(uint32_t seed, size_t count, struct world world)
{
    struct rng rng = rng_of(21, seed, 0);
    for (size_t i = 0; i < count; i++) {
        double risk = rng_normal(&rng) + world.shift;
        probability[i] = 1 / (1 + exp(5 - 1.8 * risk));
        score[i] = (float)(floor(risk * 50) / 50);
        alarm[i] = probability[i] > 0.15;
        amount[i] = exp(3 + rng_normal(&rng));
        double truth = probability[i] + (risk < 0 ? world.new_fraud : 0);
        label[i] = rng_unit(&rng) < truth;
    }
    return (struct estimate_rows){score, probability,
                                  alarm, amount,
                                  count, {.handling = 5, .insult = 10, .loss_given_fraud = 1}};
}

static size_t rounds(void)
{
    return getenv("ASSAY_SOAK") != NULL ? 1000 : 60;
}

/* Of `of`, at least as many as the share, less what chance takes once in a thousand. */
static bool is_at_least(size_t found, size_t of, double wanted)
{
    double n = (double)of;
    return (double)found >= wanted * n - 3.1 * sqrt(n * wanted * (1 - wanted));
}

TEST(under_covariate_drift_what_happens_is_within_the_interval_19_times_in_20)
{
    static const double shifts[] = {0, 0.7};
    for (size_t s = 0; s < LENGTH_OF(shifts); s++) {
        size_t within[ESTIMATE_COUNT] = {0}, agree = 0;
        for (uint32_t i = 0; i < rounds(); i++) {
            struct interval figure[ESTIMATE_COUNT];
            struct disagreement found[ESTIMATE_COUNT];
            struct err err = {0};
            arena_reset(&arena);
            struct estimate_rows rows = draw_world(i, 4000, (struct world){.shift = shifts[s]});
            WORKS(estimate_figures(&rows, 400, i, 0.95, &arena, figure, &err), err);
            WORKS(estimate_against(&rows, label, ESTIMATE_DRAWS, i, &arena, found, &err), err);
            bool any = false;
            for (size_t k = 0; k < ESTIMATE_COUNT; k++) {
                within[k] += found[k].realised >= figure[k].low - 1e-12 &&
                             found[k].realised <= figure[k].high + 1e-12;
                any |= found[k].disagrees;
                double gap = found[k].realised - found[k].estimated;
                TRUE(found[k].low < gap && gap < found[k].high);
                TRUE(figure[k].value > figure[k].low && figure[k].value < figure[k].high);
            }
            agree += !any;
        }
        for (size_t k = 0; k < ESTIMATE_COUNT; k++)
            FAIL_UNLESS(is_at_least(within[k], rounds(), 0.94), "%s: %zu of %zu within, shift %g",
                        estimates[k]->name, within[k], rounds(), shifts[s]);
        FAIL_UNLESS(is_at_least(agree, rounds(), 0.99), "%zu of %zu agree", agree, rounds());
    }
}

TEST(covariate_drift_moves_the_estimate_as_it_moves_the_truth)
{
    struct interval before[ESTIMATE_COUNT], after[ESTIMATE_COUNT];
    struct err err = {0};
    arena_reset(&arena);
    struct estimate_rows rows = draw_world(1, ROWS_MAX, (struct world){0});
    WORKS(estimate_figures(&rows, 100, 1, 0.95, &arena, before, &err), err);
    rows = draw_world(1, ROWS_MAX, (struct world){.shift = 0.7});
    WORKS(estimate_figures(&rows, 100, 1, 0.95, &arena, after, &err), err);
    TRUE(after[ESTIMATE_fraud_rate].low > 1.5 * before[ESTIMATE_fraud_rate].high);
    TRUE(after[ESTIMATE_recall].low > before[ESTIMATE_recall].high);
}

TEST(concept_drift_is_a_disagreement)
{
    size_t seen = 0, wrong = 0;
    for (uint32_t i = 0; i < rounds(); i++) {
        struct disagreement found[ESTIMATE_COUNT];
        struct err err = {0};
        arena_reset(&arena);
        struct estimate_rows rows = draw_world(i, 4000, (struct world){.new_fraud = 0.04});
        WORKS(estimate_against(&rows, label, ESTIMATE_DRAWS, i, &arena, found, &err), err);
        bool any = false;
        for (size_t k = 0; k < ESTIMATE_COUNT; k++)
            any |= found[k].disagrees;
        seen += any;
        if (found[ESTIMATE_recall].disagrees)
            TRUE(found[ESTIMATE_recall].high < 0 && found[ESTIMATE_fraud_rate].low > 0);
        wrong += found[ESTIMATE_precision].disagrees; /* alarms are as right as before */
    }
    FAIL_UNLESS(is_at_least(seen, rounds(), 0.95), "seen %zu times in %zu", seen, rounds());
    TRUE(is_at_least(rounds() - wrong, rounds(), 0.99));
}

TEST(realised_figures_are_those_of_the_table_of_metrics)
{
    struct estimate_rows rows = draw_world(3, 3000, (struct world){0});
    struct disagreement found[ESTIMATE_COUNT];
    struct ranking ranking;
    struct err err = {0};
    arena_reset(&arena);
    WORKS(estimate_against(&rows, label, 50, 1, &arena, found, &err), err);
    struct sample sample = {.score = score, .label = label, .count = 3000};
    WORKS(ranking_init(&ranking, sample, &arena, &err), err);
    float line = INFINITY;
    for (size_t i = 0; i < 3000; i++)
        line = alarm[i] && score[i] < line ? score[i] : line;
    for (size_t i = 0; i < 3000; i++)
        alarm[i] = score[i] >= line;
    WORKS(estimate_against(&rows, label, 50, 1, &arena, found, &err), err);
    double value[METRIC_COUNT];
    metrics_of(&ranking, line, value);
    NEAR(found[ESTIMATE_roc_auc].realised, value[METRIC_roc_auc], 1e-12);
    NEAR(found[ESTIMATE_pr_auc].realised, value[METRIC_pr_auc], 1e-12);
    NEAR(found[ESTIMATE_precision].realised, value[METRIC_precision], 1e-12);
    NEAR(found[ESTIMATE_recall].realised, value[METRIC_recall], 1e-12);
    NEAR(found[ESTIMATE_f1].realised, value[METRIC_f1], 1e-12);
    NEAR(found[ESTIMATE_fraud_rate].realised, value[METRIC_prevalence], 1e-12);
    NEAR(found[ESTIMATE_cost].realised, costs_at(&sample, amount, &rows.matrix, line).model, 1e-6);
}

TEST(the_same_seed_gives_the_same_interval)
{
    struct estimate_rows rows = draw_world(4, 2000, (struct world){0});
    struct interval one[ESTIMATE_COUNT], two[ESTIMATE_COUNT];
    struct err err = {0};
    arena_reset(&arena);
    WORKS(estimate_figures(&rows, 100, 7, 0.95, &arena, one, &err), err);
    WORKS(estimate_figures(&rows, 100, 7, 0.95, &arena, two, &err), err);
    SAME(memcmp(one, two, sizeof one), 0);
}

/* The mean number of frauds drawn, and of those with an alarm, is what is expected. */
TEST(labels_are_drawn_with_the_rows_own_probabilities)
{
    struct estimate_rows rows = draw_world(5, 1000, (struct world){.shift = 2});
    struct disagreement found[ESTIMATE_COUNT];
    struct interval figure[ESTIMATE_COUNT];
    struct err err = {0};
    arena_reset(&arena);
    WORKS(estimate_figures(&rows, 20000, 1, 0.95, &arena, figure, &err), err);
    WORKS(estimate_against(&rows, label, 20000, 1, &arena, found, &err), err);
    double variance = 0;
    for (size_t i = 0; i < 1000; i++)
        variance += probability[i] * (1 - probability[i]);
    double expected = figure[ESTIMATE_fraud_rate].value, deviation = sqrt(variance) / 1000;
    NEAR(found[ESTIMATE_fraud_rate].estimated, expected, 4 * deviation / sqrt(20000));
    NEAR(figure[ESTIMATE_fraud_rate].deviation / deviation, 1, 0.03);
    NEAR(found[ESTIMATE_cost_missed].estimated / figure[ESTIMATE_cost_missed].value, 1, 0.01);
}

TEST(every_figure_of_the_table_is_complete_and_named_once)
{
    for (size_t i = 0; i < ESTIMATE_COUNT; i++) {
        TRUE(estimates[i]->name[0] != '\0' && estimates[i]->about[0] != '\0');
        for (size_t j = 0; j < i; j++)
            TRUE(strcmp(estimates[i]->name, estimates[j]->name) != 0);
    }
}
