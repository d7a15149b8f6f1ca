/*
 * bias: whether a decision falls on one group otherwise than on the rest.
 *
 * The metrics are SageMaker Clarify's, before training on the labels and after
 * it on the decisions, each a row of measure/biases.def, and those that fraud
 * teams argue about: whose good customers are stopped.
 *
 *     struct bias_table table;
 *     if (!bias_count(&sample, &table, err)) ...
 *     for (size_t i = 0; i < biases_count; i++)
 *         struct bias_value value = bias_of(biases[i], &table);
 *
 * Facet d is the group that is named, facet a everybody else; 1 is the
 * FAVOURABLE outcome, for fraud "legitimate", so that a decision of 1 lets a
 * customer pass. Labels are compared over both facets' union, as mathematics
 * has it (Clarify's own code drops a label that one facet lacks).
 *
 * divide(x, 0) is infinite and 0 / 0 is 0; of two equal infinities the
 * difference is 0. What needs a group variable is missing without one, what
 * needs neighbours (measure/bias_flip.h) without them.
 */
#ifndef MEASURE_BIAS_H
#define MEASURE_BIAS_H

#include "base/err.h"
#include "base/text.h"

struct bias_sample {
    const uint8_t *observed;  /* by row: 1, the label was favourable */
    const uint8_t *predicted; /* by row: 1, the decision was; NULL before training */
    const uint8_t *member;    /* by row: 1, of facet d */
    const uint32_t *group;    /* by row, below `groups`; NULL: no group variable */
    size_t groups, count;
};

enum { FACET_A, FACET_D };

/* Of facet d: how many were decided otherwise than their like in facet a. */
struct bias_flips {
    uint64_t against; /* stopped, and most of their neighbours pass */
    uint64_t towards; /* pass, and most of their neighbours are stopped */
    uint64_t members; /* that were compared */
    uint64_t others;  /* of facet a, among whom neighbours were sought */
    unsigned neighbours;
};

struct bias_table {
    uint64_t n[2][2][2]; /* facet, observed, predicted */
    bool predicts;       /* else [..][..][0] counts the labels alone */
    bool grouped;
    bool flips;              /* `flip` is filled */
    double cdd[2];           /* conditional demographic disparity of the labels, of the decisions */
    const uint64_t *cell[2]; /* by labels, by decisions: 4 x group + 2 x facet + outcome */
    size_t groups;
    struct bias_flips flip;
};

/* What `cell` points to is in the arena. */
bool bias_count(const struct bias_sample *sample, struct bias_table *out, struct arena *arena,
                struct err *err);

/* Two shares, when the metric is their difference or ratio: from them follows an interval. */
struct bias_shares {
    uint64_t hit[2], of[2]; /* by facet */
    int sign;               /* value = sign * (share of a - share of d) */
};

/* How the 95 % interval of a metric is made. */
enum bias_interval {
    BIAS_NO_INTERVAL, /* what is counted is the sample itself */
    BIAS_NEWCOMBE,    /* a difference of shares: Newcombe (1998), method 10 */
    BIAS_ABSOLUTE,    /* as many times |a difference of shares|: that interval, folded at 0 */
    BIAS_KATZ,        /* a ratio of shares: Katz et al. (1978), of logarithms */
    BIAS_PAIRED,      /* a difference of counts of the same rows: Agresti and Min (2005) */
    BIAS_BOOTSTRAP,   /* percentiles of 1,000 draws of the counts from Poisson distributions; of
                       * 100 at least where groups are thousands */
};
const char *bias_interval_name(enum bias_interval interval); /* "newcombe" */

struct bias {
    const char *name;        /* "DPL" */
    const char *description; /* "Difference in Positive Proportions in Labels (DPL)" */
    bool after;              /* needs decisions */
    bool grouped;            /* needs a group variable */
    bool flips;              /* needs neighbours */
    enum bias_interval interval;
    double times;   /* BIAS_ABSOLUTE */
    double neutral; /* where neither facet is favoured: 0, of ratios 1 */
    int favours;    /* whom a value above neutral favours: +1 a, -1 d, 0: it does not say */
    double (*of)(const struct bias_table *table);
    void (*shares)(const struct bias_table *table, struct bias_shares *out); /* or NULL */
};

#define BIAS(name) extern const struct bias bias_##name;
#include "measure/biases.def"
#undef BIAS

extern const struct bias *const biases[];
extern const size_t biases_count;

struct bias_value {
    double value;     /* may be infinite */
    double low, high; /* its 95 % interval; NaN: none can be given */
    const char *why;  /* why there is no value; NULL: there is */
};
struct bias_value bias_of(const struct bias *bias, const struct bias_table *table);

/* "the rest", "the facet" or "neither": whom the value favours, in words; NULL: it does not say. */
const char *bias_favours(const struct bias *bias, double value);

/* ---------------------------------------------------------------- what the figures are worth */

struct bias_minima {
    uint64_t members;  /* in each facet */
    uint64_t outcomes; /* frauds, and good ones, in each facet */
    uint64_t flagged;  /* in each facet */
};
enum { BIAS_MEMBERS_MIN = 30, BIAS_OUTCOMES_MIN = 10, BIAS_FLAGGED_MIN = 30 };

enum bias_verdict {
    BIAS_STANDS,
    BIAS_TOO_SMALL, /* too few members or outcomes: the metrics would be noise */
    BIAS_VACUOUS,   /* too few flagged: of decisions that stop nobody every metric is 0, and says
                     * nothing */
};
const char *bias_verdict_name(enum bias_verdict verdict); /* "stands", "too_small", "vacuous" */

/* `why`, a fixed builder, is told what lacks, when something does. */
enum bias_verdict bias_judge(const struct bias_table *table, const struct bias_minima *minima,
                             struct text *why);

/* The sums of one facet. */
uint64_t bias_members(const struct bias_table *table, int facet);
uint64_t bias_observed(const struct bias_table *table, int facet, int label);
uint64_t bias_predicted(const struct bias_table *table, int facet, int decision);

#endif
