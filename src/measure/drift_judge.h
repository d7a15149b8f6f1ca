/*
 * drift_judge: which of a family of columns have drifted, and how much it matters.
 *
 * Where nothing drifted, PSI / (1/n + 1/N) is about chi-square with B - 1 degrees of freedom (n and
 * N rows in B bins; Yurdakul and Naranjo, 2020); what that leaves out while rows are few is added
 * in drift_judge.c. That law gives each column its chance, Holm's steps (1979) hold the chance that
 * any column of the family is wrongly above the floor to `alpha`, however the columns depend on
 * each other, and the limits say what is large enough to matter:
 *
 *     INSUFFICIENT   fewer rows than `rows_min`, in the window or in the reference
 *     OK             not above the floor, or too small to matter
 *     WATCH          above the floor, and PSI >= `watch`
 *     ALARM          above the floor, and PSI >= `alarm`
 *
 *     struct drift_case column[29];                one each, from drift_case_of
 *     struct drift_finding finding[29];
 *     drift_judge(column, 29, 0.01, finding);
 *
 * A rate (of fraud, of declines) is a family of its own kind of evidence: rate_judge.
 */
#ifndef MEASURE_DRIFT_JUDGE_H
#define MEASURE_DRIFT_JUDGE_H

#include "measure/drift.h"

enum drift_state { DRIFT_OK, DRIFT_INSUFFICIENT, DRIFT_WATCH, DRIFT_ALARM };
const char *drift_state_name(enum drift_state state); /* "OK", "INSUFFICIENT", ... */

#define DRIFT_ALPHA 0.01

/* Of one column; what an operator may set for each. */
struct drift_limits {
    double watch;    /* PSI */
    double alarm;    /* PSI */
    size_t rows_min; /* on either side */
};
extern const struct drift_limits drift_limits_default; /* .05, .25, 500 */

/* The limits as they must be: 0 <= watch <= alarm, both finite. */
bool drift_limits_check(const struct drift_limits *limits, struct err *err);

struct drift_case {
    double psi;
    size_t bins; /* drift_bins_used */
    size_t reference_rows, rows;
    struct drift_limits limits;
};
struct drift_case drift_case_of(const struct drift_reference *reference,
                                const struct drift_window *window,
                                const struct drift_limits *limits);

struct drift_finding {
    enum drift_state state;
    double chance; /* of a PSI as large where nothing drifted, of this column alone */
    double floor;  /* PSI that is noise, at the step of Holm's that judged this column */
    bool above;    /* the floor */
};

/* Columns with too few rows are not of the family: they take nothing from the others. */
void drift_judge(const struct drift_case *column, size_t count, double alpha,
                 struct drift_finding *out);

/* The gravest of them: of none, or of none with enough rows, INSUFFICIENT. */
enum drift_state drift_worst(const struct drift_finding *finding, size_t count);

/* ---------------------------------------------------------------- rates */

/* A rare class shifts in no PSI: from .2 % to .4 % is .0014. So a rate is judged as a rate: by
 * Fisher's exact test, and by how many times it is what it was. */
struct rate_case {
    uint64_t hits_before, rows_before, hits, rows;
    double watch, alarm; /* times as much, or as little; > 1 */
    size_t rows_min;
};
/* Half as much again is worth a look, three times as much a call: with 1 % alpha .2 % against
 * .4 % is seen from about 12,000 rows a side. */
#define RATE_WATCH 1.5
#define RATE_ALARM 3.0

struct rate_finding {
    enum drift_state state;
    double before, now; /* shares; 0 of no rows */
    double times;       /* (hits + .5) / (rows + 1) of now over before, so that it is finite */
    double chance;
};

void rate_judge(const struct rate_case *rate, size_t count, double alpha, struct rate_finding *out);

#endif
