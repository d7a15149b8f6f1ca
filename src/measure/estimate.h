/*
 * estimate: how good a model's decisions are before anybody knows.
 *
 * Where probabilities are calibrated, they say how many of the alarms are right: the sum of the
 * probabilities of the rows with an alarm is the expected number of true positives, and so on for
 * each cell of the confusion matrix, and for each point of the ROC and precision-recall curves
 * (confidence-based performance estimation, NannyML). What is expected of each cell gives each
 * figure of measure/estimates.def:
 *
 *     struct interval figure[ESTIMATE_COUNT];
 *     if (!estimate_figures(&rows, ESTIMATE_DRAWS, seed, 0.95, arena, figure, err)) ...
 *
 * The interval is of chance alone: labels are drawn from the probabilities, row by row, and the
 * figure is taken of them each time. It is drawn and not computed because frauds are few (five true
 * positives are no normal number), because it serves every figure alike, and because it is quick:
 * a draw costs as much as it has frauds.
 *
 * This holds while what the probabilities say is true: other rows may come (covariate drift), but
 * a row like before must be as often fraud as before. Fraudsters change just that. So, where the
 * labels of a window have come in, the figure they give is held against its draws:
 *
 *     struct disagreement found[ESTIMATE_COUNT];
 *     if (!estimate_against(&rows, label, ESTIMATE_DRAWS, seed, arena, found, err)) ...
 *
 * Their disagreement is the signal of concept drift.
 *
 * Undefined is NaN: precision without an alarm; recall, f1, pr_auc, roc_auc where nothing is
 * expected to be fraud, roc_auc where everything is; fraud_rate without rows.
 */
#ifndef MEASURE_ESTIMATE_H
#define MEASURE_ESTIMATE_H

#include "measure/cost.h"
#include "measure/interval.h"

/* One window. Scores are never NaN, probabilities in [0, 1] (asserted). */
struct estimate_rows {
    const float *score;        /* raw: what ranks */
    const double *probability; /* calibrated, on a slice that trained nothing */
    const uint8_t *alarm;      /* 1: decided to be fraud */
    const double *amount;      /* NULL: 0 */
    size_t count;
    struct cost_matrix matrix; /* measure/cost.h */
};

/* What happened, or may be expected to have. */
struct estimate_tally {
    double rows, alarms, frauds;
    double caught; /* true positives */
    double above;  /* pairs of a fraud and a legitimate row above it; of equal score: half */
    double steps;  /* the sum of each fraud's precision at its score */
    double lost;   /* amounts and fees of the missed */
    struct cost_matrix matrix;
};

struct estimate {
    const char *name;
    const char *about;
    double (*of)(const struct estimate_tally *tally);
};

enum estimate_index {
#define ESTIMATE(name) ESTIMATE_##name,
#include "measure/estimates.def"
#undef ESTIMATE
    ESTIMATE_COUNT,
};

#define ESTIMATE(name) extern const struct estimate estimate_##name;
#include "measure/estimates.def"
#undef ESTIMATE

extern const struct estimate *const estimates[ESTIMATE_COUNT];

/* Enough for a chance of .001, which the disagreement of ten figures at 1 % needs. */
enum { ESTIMATE_DRAWS = 2000 };

/* Value: of the expected cells. Low and high: where so many of the draws lie, percentiles. */
bool estimate_figures(const struct estimate_rows *rows, size_t draws, uint64_t seed, double level,
                      struct arena *arena, struct interval out[ESTIMATE_COUNT], struct err *err);

/* The cells of the confusion matrix, as many as are expected of each. */
struct confusion estimate_confusion(const struct estimate_rows *rows);

#define DISAGREEMENT_ALPHA 0.01 /* of all figures together, by Holm's steps */
/* With rows enough any model disagrees a little; less than a twentieth of the estimate is not worth
 * a call. */
#define DISAGREEMENT_SHARE 0.05

struct disagreement {
    double estimated; /* the mean of the draws, which is what the labels should have given */
    double realised;
    double low,
        high;      /* of realised - estimated: 95 % for the true gap; none is where 0 is within */
    double chance; /* two-sided; 1 where a figure is undefined */
    bool disagrees;
};

bool estimate_against(const struct estimate_rows *rows, const uint8_t *label, size_t draws,
                      uint64_t seed, struct arena *arena, struct disagreement out[ESTIMATE_COUNT],
                      struct err *err);

#endif
