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
 * difference is 0. What needs a group variable is missing without one.
 */
#ifndef MEASURE_BIAS_H
#define MEASURE_BIAS_H

#include "base/err.h"
#include "base/view.h"

struct bias_sample {
    const uint8_t *observed;  /* by row: 1, the label was favourable */
    const uint8_t *predicted; /* by row: 1, the decision was; NULL before training */
    const uint8_t *member;    /* by row: 1, of facet d */
    const uint32_t *group;    /* by row, below `groups`; NULL: no group variable */
    size_t groups, count;
};

enum { FACET_A, FACET_D };
enum { BIAS_MEMBERS_MIN = 30, BIAS_OUTCOMES_MIN = 10, BIAS_FLAGGED_MIN = 30 };

struct bias_table {
    uint64_t n[2][2][2]; /* facet, observed, predicted */
    bool predicts;       /* else [..][..][0] counts the labels alone */
    bool grouped;
    double cdd[2]; /* conditional demographic disparity of the labels, of the decisions */
};

bool bias_count(const struct bias_sample *sample, struct bias_table *out, struct arena *arena,
                struct err *err);

/* A difference or ratio of two shares, when the metric is one: from it follows an interval. */
struct bias_shares {
    uint64_t hit[2], of[2]; /* by facet */
    int sign;               /* value = sign * (share of a - share of d) */
};

struct bias {
    const char *name;        /* "DPL" */
    const char *description; /* "Difference in Proportions of Labels (DPL)" */
    bool after;              /* needs decisions */
    bool grouped;            /* needs a group variable */
    double (*of)(const struct bias_table *table);
    bool (*shares)(const struct bias_table *table, struct bias_shares *out); /* or NULL */
};

#define BIAS(name) extern const struct bias bias_##name;
#include "measure/biases.def"
#undef BIAS

extern const struct bias *const biases[];
extern const size_t biases_count;

struct bias_value {
    double value;     /* may be infinite */
    double low, high; /* Newcombe's 95 % interval of a difference of shares; else NaN */
    const char *why;  /* why there is no value; NULL: there is */
};
struct bias_value bias_of(const struct bias *bias, const struct bias_table *table);

/* "fair enough to say": enough members and outcomes in both facets, and enough flagged. Otherwise
 * which of these lacks: a small group's metrics are noise, and where nobody is flagged every
 * metric of decisions is 0 and says nothing ("vacuous"). NULL: the figures stand. */
const char *bias_caveat(const struct bias_table *table);

#endif
