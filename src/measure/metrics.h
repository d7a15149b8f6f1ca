/*
 * metrics: how good scores are, as numbers with names.
 *
 * Every metric is a row of measure/metrics.def; evaluation, gates, the registry
 * and the page go through the table and name none of them:
 *
 *     double value[METRIC_COUNT];
 *     metrics_of(&ranking, threshold, value);
 *     for (size_t i = 0; i < METRIC_COUNT; i++)
 *         json_key(&json, metrics[i]->name), json_number(&json, value[i]);
 *
 * The values are those of scikit-learn to 1e-12 (log_loss with eps 2^-23). What is not defined is
 * NaN (null in JSON, and passes no gate):
 *
 *     everything                                        on an empty sample
 *     roc_auc, ks, recall_at_fpr_*, brier_skill         where all rows are of one class
 *     pr_auc, score_ratio                               where none is fraud
 *     specificity, fpr                                  where all are fraud
 *     ece_alerts                                        without an alarm
 *
 * Precision without an alarm, recall without a fraud, f1 without either and mcc where alarms or
 * labels are all of one kind are 0, as scikit-learn has it. The baseline of one class is 0.
 *
 * Every metric is a function of the groups of equal scores and of counts: no order of ties can
 * change it, and rows drawn again (measure/interval.h) need no sorting again.
 */
#ifndef MEASURE_METRICS_H
#define MEASURE_METRICS_H

#include "measure/sample.h"

struct metric {
    const char *name;
    const char *about; /* one line, for help texts and documents */
    bool higher_is_better;
    bool at_threshold; /* depends on the threshold */
    bool describes;    /* what the sample or the line is, not how good: compare no models by it */
    double (*of)(const struct ranking *ranking, const struct confusion *confusion);
};

enum metric_index {
#define METRIC(name) METRIC_##name,
#include "measure/metrics.def"
#undef METRIC
    METRIC_COUNT,
};

extern const struct metric *const metrics[METRIC_COUNT];

#define METRIC(name) extern const struct metric metric_##name;
#include "measure/metrics.def"
#undef METRIC

/* NULL when there is none of that name. */
const struct metric *metric_find(struct view name);
enum metric_index metric_index_of(const struct metric *metric);

/* Every metric of the table, in its order. The threshold is used as in confusion_at. */
void metrics_of(const struct ranking *ranking, float threshold, double value[METRIC_COUNT]);

/* One of them; `confusion` is looked at only where the metric is `at_threshold`. */
double metric_value(const struct metric *metric, const struct ranking *ranking,
                    const struct confusion *confusion);

#endif
