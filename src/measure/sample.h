/*
 * sample: scores beside what really happened, and the order every ranking metric needs.
 *
 * A sample is a pair of columns somebody else keeps. A score is the higher the
 * more suspicious; a label is 1 for fraud and 0 for none. Scores are never NaN
 * (asserted): a model that gives one is a fault of ours.
 *
 * Sorting is done once, in an arena, and serves every metric that wants it:
 *
 *     struct ranking ranking;
 *     if (!ranking_init(&ranking, sample, arena, err))
 *         return false;
 *     for (size_t i = 0; i < ranking.groups; i++)
 *         use(ranking.group[i].score, ranking.group[i].fraud, ranking.group[i].count);
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
};

/* The rows of one score. */
struct score_group {
    float score;
    uint32_t count;
    uint32_t fraud;
};

struct ranking {
    struct sample sample; /* the rows ranked; empty when they were drawn again from others */
    uint64_t count;       /* all rows */
    uint64_t fraud;       /* those with label 1 */
    size_t groups;
    const struct score_group *group; /* by score, highest first; in the arena */
};

/* What the alarms at one threshold are worth. */
struct confusion {
    uint64_t true_positive;
    uint64_t false_positive;
    uint64_t true_negative;
    uint64_t false_negative;
};

/* Takes 28 bytes of the arena per row at most; time is linear in the rows. */
bool ranking_init(struct ranking *ranking, struct sample sample, struct arena *arena,
                  struct err *err);

/* A row is called fraud when its score >= threshold. The two agree. */
struct confusion confusion_at(const struct sample *sample, float threshold);
struct confusion ranking_confusion(const struct ranking *ranking, float threshold);

#endif
