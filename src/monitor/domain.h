/*
 * domain: can a model tell the new rows from the old ones?
 *
 * Columns may each stay as they are and change together: the same amounts, the same countries, but
 * the large amounts now come from another country. A classifier is trained to tell the two files
 * apart, in five folds; each row is scored by the fold that did not see it. Where nothing changed
 * its ROC-AUC is one half, but for chance (Lopez-Paz and Oquab, "Revisiting classifier two-sample
 * tests", 2017):
 *
 *     OK             the 99 % one-sided bound of the AUC is not above one half, or the AUC is small
 *     WATCH          above, and the AUC is .55 or more
 *     ALARM          above, and .65 or more
 *     INSUFFICIENT   too few rows
 *
 * Log-normal amounts (sigma 1.67) times 1.5, 2 and 3 are about .57, .61 and .68. The AUC is the
 * mean of the folds', since scores of two models are no one order; its deviation follows from
 * DeLong's of each.
 *
 * Training is not this room's: a port does it.
 */
#ifndef MONITOR_DOMAIN_H
#define MONITOR_DOMAIN_H

#include "monitor/compare.h"

#define DOMAIN_WATCH 0.55
#define DOMAIN_ALARM 0.65
#define DOMAIN_ALPHA 0.01

enum { DOMAIN_FOLDS = 5, DOMAIN_ROWS_MAX = 20000 }; /* rows of each file: drawn from more */

struct domain_task {
    const float *value; /* row by row; categories are codes, missing is NaN */
    size_t rows, width;
    const uint8_t *label;    /* 1: of the new data */
    const uint8_t *fold;     /* by row, below DOMAIN_FOLDS */
    const struct view *name; /* by column of the matrix */
};

struct domain_port {
    /* Fills, by row, the score of a model that was trained on the other folds, and, by column, how
     * much of the separation is its. */
    bool (*separate)(void *self, const struct domain_task *task, float *score, double *gain,
                     struct err *err);
    void *self;
};

struct domain_part {
    struct view name;
    double share; /* of the gain of all columns */
};

struct domain {
    enum drift_state state;
    size_t rows[2];           /* looked at: before, now */
    double auc;               /* .5 of too few rows */
    double low, high;         /* 95 % */
    struct domain_part *part; /* by share, the largest first */
    size_t parts;
};

/* Of a matrix that stands already: both labels occur in every fold. */
bool domain_separate(const struct domain_task *task, const struct domain_port *port,
                     struct arena *arena, struct domain *out, struct err *err);

bool domain_compare(const struct comparison *comparison, const struct domain_port *port,
                    size_t rows_min, uint64_t seed, struct arena *arena, struct domain *out,
                    struct err *err);

void domain_write(const struct domain *domain, struct json *json); /* one value */

#endif
