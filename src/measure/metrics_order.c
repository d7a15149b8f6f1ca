/*
 * The metrics that look at nothing but the order of the scores.
 */
#include "measure/metrics.h"

#include <math.h>

static double share(uint64_t part, uint64_t whole)
{
    return (double)part / (double)whole;
}

/* The chance that a fraud scores higher than a legitimate row, a tie counting half: the
 * Mann-Whitney statistic with mid-ranks. Counts are whole, so only the division rounds. */
static double roc_auc(const struct ranking *ranking, const struct confusion *confusion UNUSED)
{
    uint64_t legitimate = ranking->count - ranking->fraud;
    if (ranking->fraud == 0 || legitimate == 0)
        return (double)NAN;
    uint64_t below = legitimate, wins_twice = 0;
    for (size_t i = 0; i < ranking->groups; i++) {
        uint64_t tied = ranking->group[i].count - ranking->group[i].fraud;
        below -= tied;
        wins_twice += ranking->group[i].fraud * (2 * below + tied);
    }
    return share(wins_twice, 2 * ranking->fraud) / (double)legitimate;
}

/* Average precision: the sum of (R_n - R_n-1) P_n over the distinct scores, without the trapezoid
 * that would flatter (Davis and Goadrich, 2006). */
static double pr_auc(const struct ranking *ranking, const struct confusion *confusion UNUSED)
{
    if (ranking->fraud == 0)
        return (double)NAN;
    uint64_t alarms = 0, caught = 0;
    double sum = 0;
    for (size_t i = 0; i < ranking->groups; i++) {
        alarms += ranking->group[i].count;
        caught += ranking->group[i].fraud;
        sum += ranking->group[i].fraud * share(caught, alarms);
    }
    return sum / (double)ranking->fraud;
}

/* Where the two curves are farthest apart with the frauds on top. The distance has a sign: a model
 * that ranks backwards reaches 0, at the line above all scores, and must not pass for a good one.
 */
static double ks(const struct ranking *ranking, const struct confusion *confusion UNUSED)
{
    uint64_t legitimate = ranking->count - ranking->fraud;
    if (ranking->fraud == 0 || legitimate == 0)
        return (double)NAN;
    uint64_t caught = 0, insulted = 0;
    double widest = 0;
    for (size_t i = 0; i < ranking->groups; i++) {
        caught += ranking->group[i].fraud;
        insulted += ranking->group[i].count - ranking->group[i].fraud;
        widest = fmax(widest, share(caught, ranking->fraud) - share(insulted, legitimate));
    }
    return widest;
}

/* Strictly below, as the Bank Account Fraud suite has it (Jesus et al., 2022). The line above all
 * scores is always allowed, so the least value is 0. Every distinct score is a line: a curve
 * thinned to its corners would miss points on a straight piece. */
static double recall_below(const struct ranking *ranking, double fpr)
{
    uint64_t legitimate = ranking->count - ranking->fraud;
    if (ranking->fraud == 0 || legitimate == 0)
        return (double)NAN;
    uint64_t caught = 0, insulted = 0;
    for (size_t i = 0; i < ranking->groups; i++) {
        uint64_t more = insulted + ranking->group[i].count - ranking->group[i].fraud;
        if (share(more, legitimate) >= fpr)
            break;
        insulted = more;
        caught += ranking->group[i].fraud;
    }
    return share(caught, ranking->fraud);
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
