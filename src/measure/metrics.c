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
    uint64_t legitimate = ranking->sample.count - ranking->fraud;
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

/* Scores are clipped to [e, 1 - e] with e = 2^-23, the machine epsilon of a float: what
 * scikit-learn takes for an array of float32. The logarithms are taken in double. */
static double log_loss(const struct ranking *ranking, const struct confusion *confusion UNUSED)
{
    static const double clip = 0x1p-23;
    const struct sample *sample = &ranking->sample;
    double sum = 0;
    for (size_t i = 0; i < sample->count; i++) {
        double score = fmin(fmax((double)sample->score[i], clip), 1 - clip);
        sum -= sample->label[i] ? log(score) : log1p(-score);
    }
    return sum / (double)sample->count;
}

static double brier(const struct ranking *ranking, const struct confusion *confusion UNUSED)
{
    const struct sample *sample = &ranking->sample;
    double sum = 0;
    for (size_t i = 0; i < sample->count; i++) {
        double miss = (double)sample->score[i] - sample->label[i];
        sum += miss * miss;
    }
    return sum / (double)sample->count;
}

static double accuracy(const struct ranking *ranking, const struct confusion *confusion)
{
    return share(confusion->true_positive + confusion->true_negative, ranking->sample.count);
}

static double precision(const struct ranking *ranking UNUSED, const struct confusion *confusion)
{
    uint64_t alarms = confusion->true_positive + confusion->false_positive;
    return alarms == 0 ? 0 : share(confusion->true_positive, alarms);
}

static double recall(const struct ranking *ranking, const struct confusion *confusion)
{
    return ranking->fraud == 0 ? 0 : share(confusion->true_positive, ranking->fraud);
}

static double f1(const struct ranking *ranking, const struct confusion *confusion)
{
    uint64_t both = ranking->fraud + confusion->true_positive + confusion->false_positive;
    return both == 0 ? 0 : share(2 * confusion->true_positive, both);
}

static double prevalence(const struct ranking *ranking, const struct confusion *confusion UNUSED)
{
    return share(ranking->fraud, ranking->sample.count);
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

const struct metric metric_prevalence = {
    .name = "prevalence",
    .about = "share of rows that are fraud: what the sample is, not how good the model is",
    .higher_is_better = true,
    .of = prevalence,
};

const struct metric *const metrics[METRIC_COUNT] = {
#define METRIC(name) [METRIC_##name] = &metric_##name,
#include "measure/metrics.def"
#undef METRIC
};

const struct metric *metric_find(struct view name)
{
    for (size_t i = 0; i < METRIC_COUNT; i++)
        if (view_is(name, metrics[i]->name))
            return metrics[i];
    return NULL;
}

enum metric_index metric_index_of(const struct metric *metric)
{
    size_t i = 0;
    while (i < METRIC_COUNT && metrics[i] != metric)
        i++;
    assert(i < METRIC_COUNT);
    return (enum metric_index)i;
}

void metrics_of(const struct ranking *ranking, float threshold, double value[METRIC_COUNT])
{
    struct confusion confusion = confusion_at(&ranking->sample, threshold);
    for (size_t i = 0; i < METRIC_COUNT; i++)
        value[i] = ranking->sample.count == 0 ? (double)NAN : metrics[i]->of(ranking, &confusion);
}
