/*
 * The metrics of the alarms at one threshold.
 */
#include "measure/metrics.h"

#include <math.h>

static double accuracy(const struct ranking *ranking, const struct confusion *confusion)
{
    return (confusion->true_positive + confusion->true_negative) / ranking_weight(ranking);
}

static double precision(const struct ranking *ranking UNUSED, const struct confusion *confusion)
{
    double alarms = confusion->true_positive + confusion->false_positive;
    return alarms == 0 ? 0 : confusion->true_positive / alarms;
}

static double recall(const struct ranking *ranking, const struct confusion *confusion)
{
    return ranking->fraud == 0 ? 0 : confusion->true_positive / ranking->fraud;
}

static double f1(const struct ranking *ranking, const struct confusion *confusion)
{
    double both = ranking->fraud + confusion->true_positive + confusion->false_positive;
    return both == 0 ? 0 : 2 * confusion->true_positive / both;
}

static double specificity(const struct ranking *ranking, const struct confusion *confusion)
{
    return ranking->legitimate == 0 ? (double)NAN : confusion->true_negative / ranking->legitimate;
}

static double fpr(const struct ranking *ranking, const struct confusion *confusion)
{
    return ranking->legitimate == 0 ? (double)NAN : confusion->false_positive / ranking->legitimate;
}

/* The correlation of alarm and label; 0 where one of the two never changes. Roots are taken before
 * the product, which would overflow no double but lose whole digits. */
static double mcc(const struct ranking *ranking, const struct confusion *confusion)
{
    double alarms = confusion->true_positive + confusion->false_positive;
    double silences = confusion->true_negative + confusion->false_negative;
    double fraud = ranking->fraud, legitimate = ranking->legitimate;
    if (alarms == 0 || silences == 0 || fraud == 0 || legitimate == 0)
        return 0;
    double right = confusion->true_positive * confusion->true_negative;
    double wrong = confusion->false_positive * confusion->false_negative;
    return (right - wrong) / (sqrt(alarms * silences) * sqrt(fraud * legitimate));
}

static double alert_rate(const struct ranking *ranking, const struct confusion *confusion)
{
    return (confusion->true_positive + confusion->false_positive) / ranking_weight(ranking);
}

const struct metric metric_accuracy = {
    .name = "accuracy",
    .about = "share of rows called rightly at the threshold",
    .higher_is_better = true,
    .at_threshold = true,
    .of = accuracy,
};

const struct metric metric_precision = {
    .name = "precision",
    .about = "share of alarms at the threshold that are fraud",
    .higher_is_better = true,
    .at_threshold = true,
    .of = precision,
};

const struct metric metric_recall = {
    .name = "recall",
    .about = "share of frauds that raise an alarm at the threshold",
    .higher_is_better = true,
    .at_threshold = true,
    .of = recall,
};

const struct metric metric_f1 = {
    .name = "f1",
    .about = "harmonic mean of precision and recall at the threshold",
    .higher_is_better = true,
    .at_threshold = true,
    .of = f1,
};

const struct metric metric_specificity = {
    .name = "specificity",
    .about = "share of legitimate rows that raise no alarm at the threshold",
    .higher_is_better = true,
    .at_threshold = true,
    .of = specificity,
};

const struct metric metric_fpr = {
    .name = "fpr",
    .about = "share of legitimate rows that raise an alarm at the threshold: the insult rate",
    .at_threshold = true,
    .of = fpr,
};

const struct metric metric_mcc = {
    .name = "mcc",
    .about = "Matthews correlation of alarm and label at the threshold",
    .higher_is_better = true,
    .at_threshold = true,
    .of = mcc,
};

const struct metric metric_alert_rate = {
    .name = "alert_rate",
    .about = "share of rows that raise an alarm at the threshold: the work it asks for",
    .at_threshold = true,
    .describes = true,
    .of = alert_rate,
};
