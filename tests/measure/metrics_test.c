#include "harness.h"

#include "measure/metrics.h"

#include <math.h>

static void measure(struct sample sample, float threshold, double value[METRIC_COUNT])
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct ranking ranking;
    struct err err = {0};
    WORKS(ranking_init(&ranking, sample, &arena, &err), err);
    metrics_of(&ranking, threshold, value);
}

/* Fawcett, "An introduction to ROC analysis" (2006), figure 3: twenty instances in the order of
 * their scores. Its pairs counted by hand: of 100, 68 are in the right order. */
TEST(roc_auc_of_fawcetts_twenty_instances_is_0_68)
{
    static const float score[] = {0.9f,  0.8f,  0.7f,   0.6f,  0.55f, 0.54f, 0.53f,
                                  0.52f, 0.51f, 0.505f, 0.4f,  0.39f, 0.38f, 0.37f,
                                  0.36f, 0.35f, 0.34f,  0.33f, 0.3f,  0.1f};
    static const uint8_t label[] = {1, 1, 0, 1, 1, 1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 1, 0, 1, 0};
    double value[METRIC_COUNT];
    measure((struct sample){.score = score, .label = label, .count = 20}, 0.5f, value);
    NEAR(value[METRIC_roc_auc], 0.68, 1e-15);
    NEAR(value[METRIC_prevalence], 0.5, 0);
    NEAR(value[METRIC_accuracy], 0.6, 0); /* 6 of 10 alarms right, 6 of 10 silences */
}

/* By hand: fraud 0.8, legitimate 0.5 twice tied with a fraud, legitimate 0.2. Of 2 x 3 pairs the
 * first fraud wins 3, the second wins 1 and ties 2: 5 of 6. Average precision: half the recall at
 * precision 1, half at 2/4. */
TEST(ties_count_half_in_roc_auc_and_are_one_step_in_pr_auc)
{
    static const float score[] = {0.5f, 0.8f, 0.5f, 0.2f, 0.5f};
    static const uint8_t label[] = {0, 1, 1, 0, 0};
    double value[METRIC_COUNT];
    measure((struct sample){.score = score, .label = label, .count = 5}, 0.5f, value);
    NEAR(value[METRIC_roc_auc], 5.0 / 6, 1e-15);
    NEAR(value[METRIC_pr_auc], 0.75, 1e-15);
    NEAR(value[METRIC_precision], 0.5, 0);
    NEAR(value[METRIC_recall], 1, 0);
    NEAR(value[METRIC_f1], 2.0 / 3, 1e-15);
    NEAR(value[METRIC_accuracy], 0.6, 0);
}

TEST(a_constant_score_has_roc_auc_one_half_and_pr_auc_the_prevalence)
{
    static const float score[] = {0.3f, 0.3f, 0.3f, 0.3f};
    static const uint8_t label[] = {0, 1, 0, 0};
    double value[METRIC_COUNT];
    measure((struct sample){.score = score, .label = label, .count = 4}, 0.5f, value);
    NEAR(value[METRIC_roc_auc], 0.5, 0);
    NEAR(value[METRIC_pr_auc], 0.25, 0);
}

TEST(log_loss_and_brier_by_hand)
{
    static const float score[] = {0.5f, 0.25f};
    static const uint8_t label[] = {1, 0};
    double value[METRIC_COUNT];
    measure((struct sample){.score = score, .label = label, .count = 2}, 0.5f, value);
    NEAR(value[METRIC_log_loss], (log(2) + log(4.0 / 3)) / 2, 1e-15);
    NEAR(value[METRIC_brier], (0.25 + 0.0625) / 2, 1e-15);
}

TEST(a_sure_and_wrong_score_costs_the_logarithm_of_the_clip)
{
    static const float score[] = {0, 1};
    static const uint8_t label[] = {1, 0};
    double value[METRIC_COUNT];
    measure((struct sample){.score = score, .label = label, .count = 2}, 0.5f, value);
    NEAR(value[METRIC_log_loss], 23 * log(2), 1e-12);
}

/* Ten legitimate rows: a false-positive rate of .1 is one of them. Strictly below .05 is none, so
 * only the two frauds above all of them count; the best gap of the curves is at 0.5, 3/4 - 1/10. */
TEST(recall_at_a_false_positive_rate_is_strictly_below_it)
{
    static const float score[] = {0.9f, 0.8f, 0.7f, 0.5f, 0.1f, 0.2f, 0.2f,
                                  0.2f, 0.2f, 0.2f, 0.2f, 0.2f, 0.2f, 0.2f};
    static const uint8_t label[] = {1, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    double value[METRIC_COUNT];
    measure((struct sample){.score = score, .label = label, .count = 14}, 0.6f, value);
    NEAR(value[METRIC_recall_at_fpr_05], 0.5, 0);
    NEAR(value[METRIC_ks], 0.65, 1e-15);
    NEAR(value[METRIC_specificity], 0.9, 0);
    NEAR(value[METRIC_fpr], 0.1, 0);
    NEAR(value[METRIC_alert_rate], 3.0 / 14, 0);
    NEAR(value[METRIC_mcc], (2 * 9 - 1 * 2) / sqrt(3.0 * 11 * 4 * 10), 1e-15);
}

/* Exactly 1 of 20 legitimate rows is a rate of .05, and so is not below it. */
TEST(a_false_positive_rate_of_the_bound_itself_is_not_below_it)
{
    float score[21] = {0.9f, 0.8f};
    uint8_t label[21] = {0, 1};
    double value[METRIC_COUNT];
    measure((struct sample){.score = score, .label = label, .count = 21}, 0.5f, value);
    NEAR(value[METRIC_recall_at_fpr_05], 0, 0);
}

TEST(a_model_that_ranks_backwards_has_no_ks)
{
    static const float score[] = {0.9f, 0.8f, 0.1f};
    static const uint8_t label[] = {0, 0, 1};
    double value[METRIC_COUNT];
    measure((struct sample){.score = score, .label = label, .count = 3}, 0.5f, value);
    NEAR(value[METRIC_ks], 0, 0);
    NEAR(value[METRIC_mcc], -1, 1e-15);
}

/* Thirty rows, two a bin: 0.75 with one fraud in a bin misses by 0.25, and the rest is right. */
TEST(calibration_error_is_taken_over_bins_of_equal_mass)
{
    float score[30] = {0.75f, 0.75f};
    uint8_t label[30] = {1, 0};
    double value[METRIC_COUNT];
    measure((struct sample){.score = score, .label = label, .count = 30}, 0.5f, value);
    NEAR(value[METRIC_ece], 0.25 / 15, 1e-15);
    NEAR(value[METRIC_ece_alerts], 0.25, 1e-15);
    NEAR(value[METRIC_score_ratio], 1.5, 1e-15);
}

/* The prevalence for every row: no skill, no calibration error, and the baseline's losses. */
TEST(the_best_constant_is_the_baseline)
{
    float score[8];
    uint8_t label[8] = {1, 0, 0, 1};
    for (size_t i = 0; i < 8; i++)
        score[i] = 0.25f;
    double value[METRIC_COUNT];
    measure((struct sample){.score = score, .label = label, .count = 8}, 0.5f, value);
    NEAR(value[METRIC_baseline_log_loss], 0.25 * log(4) + 0.75 * log(4.0 / 3), 1e-15);
    NEAR(value[METRIC_log_loss], value[METRIC_baseline_log_loss], 1e-15);
    NEAR(value[METRIC_baseline_brier], 0.1875, 0);
    NEAR(value[METRIC_brier_skill], 0, 1e-15);
    NEAR(value[METRIC_ece], 0, 1e-15);
    NEAR(value[METRIC_score_ratio], 1, 1e-15);
    TRUE(isnan(value[METRIC_ece_alerts]));
}

TEST(what_one_class_cannot_say_is_not_a_number)
{
    static const float score[] = {0.1f, 0.9f};
    static const uint8_t none[] = {0, 0}, all[] = {1, 1};
    double value[METRIC_COUNT];
    measure((struct sample){.score = score, .label = none, .count = 2}, 0.5f, value);
    TRUE(isnan(value[METRIC_roc_auc]));
    TRUE(isnan(value[METRIC_pr_auc]));
    TRUE(isnan(value[METRIC_ks]) && isnan(value[METRIC_recall_at_fpr_01]));
    TRUE(isnan(value[METRIC_score_ratio]) && isnan(value[METRIC_brier_skill]));
    NEAR(value[METRIC_baseline_log_loss], 0, 0);
    NEAR(value[METRIC_mcc], 0, 0);
    NEAR(value[METRIC_recall], 0, 0);
    NEAR(value[METRIC_f1], 0, 0);
    measure((struct sample){.score = score, .label = all, .count = 2}, 0.95f, value);
    TRUE(isnan(value[METRIC_roc_auc]));
    TRUE(isnan(value[METRIC_fpr]) && isnan(value[METRIC_specificity]));
    NEAR(value[METRIC_pr_auc], 1, 0);
    NEAR(value[METRIC_precision], 0, 0);
    measure((struct sample){.score = score, .label = none, .count = 2}, 0.95f, value);
    NEAR(value[METRIC_f1], 0, 0);
    NEAR(value[METRIC_accuracy], 1, 0);
}

TEST(nothing_is_defined_on_an_empty_sample)
{
    double value[METRIC_COUNT];
    measure((struct sample){0}, 0.5f, value);
    for (size_t i = 0; i < METRIC_COUNT; i++)
        TRUE(isnan(value[i]));
}

TEST(every_metric_of_the_table_is_complete_and_named_once)
{
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        TRUE(metrics[i]->name != NULL && metrics[i]->name[0] != '\0');
        TRUE(metrics[i]->about != NULL && metrics[i]->about[0] != '\0');
        TRUE(metrics[i]->of != NULL);
        TRUE(metric_find(view_of(metrics[i]->name)) == metrics[i]);
        SAME(metric_index_of(metrics[i]), i);
    }
    TRUE(metric_find(VIEW("auc")) == NULL);
}

TEST(only_the_metrics_that_say_so_move_with_the_threshold)
{
    static const float score[] = {0.1f, 0.6f, 0.3f, 0.9f, 0.7f};
    static const uint8_t label[] = {0, 0, 1, 1, 1};
    double low[METRIC_COUNT], high[METRIC_COUNT];
    measure((struct sample){.score = score, .label = label, .count = 5}, 0.2f, low);
    measure((struct sample){.score = score, .label = label, .count = 5}, 0.8f, high);
    for (size_t i = 0; i < METRIC_COUNT; i++)
        SAME(low[i] != high[i], metrics[i]->at_threshold);
}
