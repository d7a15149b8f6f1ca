/*
 * The metrics that take a score for a probability and look at its size.
 */
#include "measure/metrics.h"
#include "measure/reliability.h"

#include <math.h>

/* Scores are clipped to [e, 1 - e] with e = 2^-23, the machine epsilon of a float: what
 * scikit-learn takes for an array of float32. The logarithms are taken in double. */
static double log_loss(const struct ranking *ranking, const struct confusion *confusion UNUSED)
{
    static const double clip = 0x1p-23;
    double sum = 0;
    for (size_t i = 0; i < ranking->groups; i++) {
        const struct score_group *group = &ranking->group[i];
        double score = fmin(fmax((double)group->score, clip), 1 - clip);
        if (group->fraud > 0)
            sum -= group->fraud * log(score);
        if (group->legitimate > 0)
            sum -= group->legitimate * log1p(-score);
    }
    return sum / ranking_weight(ranking);
}

static double brier(const struct ranking *ranking, const struct confusion *confusion UNUSED)
{
    double sum = 0;
    for (size_t i = 0; i < ranking->groups; i++) {
        const struct score_group *group = &ranking->group[i];
        double score = (double)group->score;
        sum += group->fraud * (1 - score) * (1 - score);
        sum += group->legitimate * score * score;
    }
    return sum / ranking_weight(ranking);
}

static double prevalence(const struct ranking *ranking, const struct confusion *confusion UNUSED)
{
    return ranking->fraud / ranking_weight(ranking);
}

/* Always answering the prevalence costs the entropy of the labels, and their variance. */
static double baseline_log_loss(const struct ranking *ranking, const struct confusion *at UNUSED)
{
    double p = prevalence(ranking, NULL);
    return p == 0 || p == 1 ? 0 : -p * log(p) - (1 - p) * log1p(-p);
}

static double baseline_brier(const struct ranking *ranking, const struct confusion *at UNUSED)
{
    double p = prevalence(ranking, NULL);
    return p * (1 - p);
}

static double brier_skill(const struct ranking *ranking, const struct confusion *confusion)
{
    double worst = baseline_brier(ranking, confusion);
    return worst == 0 ? (double)NAN : 1 - brier(ranking, confusion) / worst;
}

static double score_ratio(const struct ranking *ranking, const struct confusion *confusion UNUSED)
{
    if (ranking->fraud == 0)
        return (double)NAN;
    double sum = 0;
    for (size_t i = 0; i < ranking->groups; i++)
        sum += group_weight(&ranking->group[i]) * (double)ranking->group[i].score;
    return sum / ranking->fraud;
}

static double ece(const struct ranking *ranking, const struct confusion *confusion UNUSED)
{
    struct reliability_bin bin[RELIABILITY_BINS];
    return reliability_of(ranking, ranking_weight(ranking), bin);
}

static double ece_alerts(const struct ranking *ranking, const struct confusion *confusion)
{
    struct reliability_bin bin[RELIABILITY_BINS];
    double alarms = confusion->true_positive + confusion->false_positive;
    return reliability_of(ranking, alarms, bin);
}

const struct metric metric_log_loss = {
    .name = "log_loss",
    .about = "mean negative log-likelihood of the labels, scores clipped by 2^-23",
    .of = log_loss,
};

const struct metric metric_brier = {
    .name = "brier",
    .about = "mean squared distance between score and label",
    .of = brier,
};

const struct metric metric_prevalence = {
    .name = "prevalence",
    .about = "share of rows that are fraud: what the sample is, not how good the model is",
    .higher_is_better = true,
    .describes = true,
    .of = prevalence,
};

const struct metric metric_brier_skill = {
    .name = "brier_skill",
    .about = "share of the baseline's Brier score that the model saves",
    .higher_is_better = true,
    .of = brier_skill,
};

const struct metric metric_ece = {
    .name = "ece",
    .about = "expected calibration error over 15 bins of equal mass",
    .of = ece,
};

const struct metric metric_ece_alerts = {
    .name = "ece_alerts",
    .about = "expected calibration error among the alarms, 15 bins of equal mass",
    .at_threshold = true,
    .of = ece_alerts,
};

const struct metric metric_score_ratio = {
    .name = "score_ratio",
    .about = "mean score over prevalence: 1 is right on average, 22 is 22 times too high",
    .describes = true,
    .of = score_ratio,
};

const struct metric metric_baseline_log_loss = {
    .name = "baseline_log_loss",
    .about = "log loss of always answering the prevalence",
    .describes = true,
    .of = baseline_log_loss,
};

const struct metric metric_baseline_brier = {
    .name = "baseline_brier",
    .about = "Brier score of always answering the prevalence",
    .describes = true,
    .of = baseline_brier,
};
