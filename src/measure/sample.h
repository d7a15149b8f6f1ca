/*
 * sample: scores beside what really happened, and the order every ranking metric needs.
 *
 * A sample is a pair of columns somebody else keeps. A score is the higher the
 * more suspicious; a label is 1 for fraud and 0 for none. Scores are never NaN
 * (asserted): a model that gives one is a fault of ours.
 *
 * A row may stand for more or fewer than one: its weight, 0 or from WEIGHT_MIN
 * to WEIGHT_MAX (asserted; ask weight_is_valid at the door). A row of weight 0
 * is not there at all. Without weights every row stands for itself, and every
 * sum of weights is a whole number, as exact as counting.
 *
 * Sorting is done once, in an arena, and serves every metric that wants it:
 *
 *     struct ranking ranking;
 *     if (!ranking_init(&ranking, sample, arena, err))
 *         return false;
 *     for (size_t i = 0; i < ranking.groups; i++)
 *         use(ranking.group[i].score, ranking.group[i].fraud, ranking.group[i].legitimate);
 *
 * Rows with the same score are one group: no metric of ours may depend on the
 * order in which equal scores happen to stand. Negative zero equals zero.
 */
#ifndef MEASURE_SAMPLE_H
#define MEASURE_SAMPLE_H

#include "base/err.h"
#include "base/view.h"

struct sample {
    const float *score;
    const uint8_t *label; /* 1: fraud, 0: not */
    size_t count;
    const double *weight; /* NULL: every row weighs 1 */
};

/* Wide enough for any sampling, narrow enough that no product of sums over- or underflows. */
#define WEIGHT_MIN 1e-12
#define WEIGHT_MAX 1e12

static inline bool weight_is_valid(double weight)
{
    return weight == 0 || (weight >= WEIGHT_MIN && weight <= WEIGHT_MAX);
}

static inline double weight_of(const struct sample *sample, size_t row)
{
    return sample->weight == NULL ? 1 : sample->weight[row];
}

/* The rows of one score. */
struct score_group {
    float score;
    uint32_t rows;
    double fraud;      /* weight of the rows with label 1 */
    double legitimate; /* of the others */
};

struct ranking {
    struct sample sample; /* the rows ranked; empty when they were drawn again from others */
    uint64_t rows;        /* counted, where ranking_init made it: the evidence there is */
    uint64_t frauds;      /* those of them with label 1 */
    double fraud;         /* weighed: the sum of the groups' */
    double legitimate;
    size_t groups;
    const struct score_group *group; /* by score, highest first; in the arena */
};

static inline double group_weight(const struct score_group *group)
{
    return group->fraud + group->legitimate;
}

static inline double ranking_weight(const struct ranking *ranking)
{
    return ranking->fraud + ranking->legitimate;
}

/* What the alarms at one threshold are worth, in weight. */
struct confusion {
    double true_positive;
    double false_positive;
    double true_negative;
    double false_negative;
};

/* Takes 40 bytes of the arena per row at most; time is linear in the rows. */
bool ranking_init(struct ranking *ranking, struct sample sample, struct arena *arena,
                  struct err *err);

/* A row is called fraud when its score >= threshold. The two agree, but for the
 * rounding of weights that are not whole. */
struct confusion confusion_at(const struct sample *sample, float threshold);
struct confusion ranking_confusion(const struct ranking *ranking, float threshold);

#endif
