/*
 * The metrics that look at nothing but the order of the scores.
 */
#include "measure/metrics.h"

#include <math.h>

/* The chance that a fraud scores higher than a legitimate row, a tie counting half: the
 * Mann-Whitney statistic with mid-ranks. Without weights only the division rounds; with them the
 * sums may end a rounding above what can be. */
static double roc_auc(const struct ranking *ranking, const struct confusion *confusion UNUSED)
{
    if (ranking->fraud == 0 || ranking->legitimate == 0)
        return (double)NAN;
    double above = 0, wins_twice = 0;
    for (size_t i = 0; i < ranking->groups; i++) {
        double tied = ranking->group[i].fraud;
        wins_twice += ranking->group[i].legitimate * (2 * above + tied);
        above += tied;
    }
    return fmin(1, wins_twice / (2 * ranking->fraud) / ranking->legitimate);
}

/* Average precision: the sum of (R_n - R_n-1) P_n over the distinct scores, without the trapezoid
 * that would flatter (Davis and Goadrich, 2006). */
static double pr_auc(const struct ranking *ranking, const struct confusion *confusion UNUSED)
{
    if (ranking->fraud == 0)
        return (double)NAN;
    double caught = 0, insulted = 0, sum = 0;
    for (size_t i = 0; i < ranking->groups; i++) {
        caught += ranking->group[i].fraud;
        insulted += ranking->group[i].legitimate;
        sum += ranking->group[i].fraud * (caught / (caught + insulted));
    }
    return sum / ranking->fraud;
}

/* Where the two curves are farthest apart with the frauds on top. The distance has a sign: a model
 * that ranks backwards reaches 0, at the line above all scores, and must not pass for a good one.
 */
static double ks(const struct ranking *ranking, const struct confusion *confusion UNUSED)
{
    if (ranking->fraud == 0 || ranking->legitimate == 0)
        return (double)NAN;
    double caught = 0, insulted = 0, widest = 0;
    for (size_t i = 0; i < ranking->groups; i++) {
        caught += ranking->group[i].fraud;
        insulted += ranking->group[i].legitimate;
        double apart = caught / ranking->fraud - insulted / ranking->legitimate;
        widest = apart > widest ? apart : widest;
    }
    return widest;
}

/* Strictly below, as the Bank Account Fraud suite has it (Jesus et al., 2022). The line above all
 * scores is always allowed, so the least value is 0. Every distinct score is a line: a curve
 * thinned to its corners would miss points on a straight piece. */
static double recall_below(const struct ranking *ranking, double fpr)
{
    if (ranking->fraud == 0 || ranking->legitimate == 0)
        return (double)NAN;
    double caught = 0, insulted = 0;
    for (size_t i = 0; i < ranking->groups; i++) {
        insulted += ranking->group[i].legitimate;
        if (insulted / ranking->legitimate >= fpr)
            break;
        caught += ranking->group[i].fraud;
    }
    return caught / ranking->fraud;
}

static double recall_at_fpr_001(const struct ranking *ranking, const struct confusion *at UNUSED)
{
    return recall_below(ranking, 0.001);
}

static double recall_at_fpr_005(const struct ranking *ranking, const struct confusion *at UNUSED)
{
    return recall_below(ranking, 0.005);
}

static double recall_at_fpr_01(const struct ranking *ranking, const struct confusion *at UNUSED)
{
    return recall_below(ranking, 0.01);
}

static double recall_at_fpr_05(const struct ranking *ranking, const struct confusion *at UNUSED)
{
    return recall_below(ranking, 0.05);
}

const struct metric metric_roc_auc = {
    .name = "roc_auc",
    .about = "chance that a fraud scores above a legitimate row, ties counting half",
    .higher_is_better = true,
    .of = roc_auc,
};

const struct metric metric_pr_auc = {
    .name = "pr_auc",
    .about = "average precision: precision at every recall step, weighted by the step",
    .higher_is_better = true,
    .of = pr_auc,
};

const struct metric metric_ks = {
    .name = "ks",
    .about = "largest recall minus false-positive rate over all thresholds",
    .higher_is_better = true,
    .of = ks,
};

const struct metric metric_recall_at_fpr_001 = {
    .name = "recall_at_fpr_001",
    .about = "largest recall with a false-positive rate below 0.1 %",
    .higher_is_better = true,
    .of = recall_at_fpr_001,
};

const struct metric metric_recall_at_fpr_005 = {
    .name = "recall_at_fpr_005",
    .about = "largest recall with a false-positive rate below 0.5 %",
    .higher_is_better = true,
    .of = recall_at_fpr_005,
};

const struct metric metric_recall_at_fpr_01 = {
    .name = "recall_at_fpr_01",
    .about = "largest recall with a false-positive rate below 1 %",
    .higher_is_better = true,
    .of = recall_at_fpr_01,
};

const struct metric metric_recall_at_fpr_05 = {
    .name = "recall_at_fpr_05",
    .about = "largest recall with a false-positive rate below 5 %",
    .higher_is_better = true,
    .of = recall_at_fpr_05,
};
