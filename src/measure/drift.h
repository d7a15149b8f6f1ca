/*
 * drift: how far a window of a column is from the column as it was.
 *
 * A reference is built once and compared with any number of windows. A column is numbers (floats,
 * as the model sees them; NaN is missing) or categories (codes below `values`; any other is unseen,
 * DRIFT_MISSING is missing):
 *
 *     struct drift_reference reference;
 *     struct drift_window window;
 *     if (!drift_reference_numbers(&reference, past, past_rows, arena, err) ||
 *         !drift_window_numbers(&window, &reference, now, now_rows, arena, err))
 *         return false;
 *     double psi = drift_psi.distance(&reference, &window);
 *
 * Bins come from the reference alone. Numbers: a value with a tenth of the rows or more is a bin of
 * its own; what lies between two such values is cut at the reference's quantiles into as many parts
 * as it has tenths, one at least; so a column without such values has ten equal parts. Below the
 * least and above the greatest are two bins more, and missing one. Categories: a bin for each value
 * with a hundredth of the rows or more (at the 500 rows a judgement needs, five are expected there:
 * Cochran, 1954), one for the rarer together, one for unseen, one for missing. A bin that is empty
 * on both sides is not there: it is counted nowhere.
 *
 * Distances are the rows of measure/drifts.def. All of them are 0 or more and finite, whatever the
 * column: a side without rows is at distance 0 (measure/drift_judge.h says INSUFFICIENT of it).
 * Those of values look at what is present on each side, and are 0 when that is nothing: the bin
 * of missing values speaks then. Wasserstein's look at finite values; infinities have their place
 * in the bins and in the order.
 */
#ifndef MEASURE_DRIFT_H
#define MEASURE_DRIFT_H

#include "base/err.h"
#include "base/view.h"

#define DRIFT_MISSING UINT32_MAX /* a code */

enum { DRIFT_TENTHS = 10, DRIFT_NUMBER_BINS_MAX = 32, DRIFT_RARE_SHARE = 100 };
enum { DRIFT_ROWS_MAX = 500000000 };

enum drift_role {
    DRIFT_PART,    /* of numbers: above the bin before, up to `high` */
    DRIFT_ATOM,    /* one number */
    DRIFT_BELOW,   /* the reference's least */
    DRIFT_BETWEEN, /* two atoms, where the reference has nothing */
    DRIFT_ABOVE,   /* the reference's greatest */
    DRIFT_VALUE,   /* one category */
    DRIFT_RARE,    /* categories with less than a hundredth of the rows each */
    DRIFT_UNSEEN,  /* categories */
    DRIFT_ABSENT,  /* missing */
};

struct drift_bin {
    enum drift_role role;
    float high;    /* of numbers, but for DRIFT_ABOVE: the greatest that belongs here */
    uint32_t code; /* DRIFT_VALUE */
};

/* What is known of one side. */
struct drift_window {
    size_t rows;
    size_t present;        /* not missing */
    size_t outside;        /* present, and not within what the reference has: below, between,
                            * above, unseen */
    const float *sorted;   /* numbers: those present */
    const uint64_t *count; /* by bin of the reference */
};

struct drift_reference {
    bool numbers;
    struct drift_window self; /* the reference as if it were a window of itself */
    size_t bins;
    const struct drift_bin *bin;
    size_t values;          /* categories: codes below are known */
    const uint32_t *bin_of; /* categories: by code */
    const float *mark;      /* numbers: each DRIFT_STRIDEth of the sorted */
    double mean, deviation; /* numbers: of the finite; 0 without */
    double median, iqr;     /* as numpy's percentile has them */
};

enum { DRIFT_STRIDE = 64 };

/* What they point to is in the arena; nothing points to `value` or `code` afterwards. ERR_LIMIT
 * when it does not fit, or for more than DRIFT_ROWS_MAX rows. */
bool drift_reference_numbers(struct drift_reference *out, const float *value, size_t rows,
                             struct arena *arena, struct err *err);
bool drift_reference_codes(struct drift_reference *out, const uint32_t *code, size_t rows,
                           size_t values, struct arena *arena, struct err *err);

/* `reference` is of the same kind (asserted), and stays until the window goes. */
bool drift_window_numbers(struct drift_window *out, const struct drift_reference *reference,
                          const float *value, size_t rows, struct arena *arena, struct err *err);
bool drift_window_codes(struct drift_window *out, const struct drift_reference *reference,
                        const uint32_t *code, size_t rows, struct arena *arena, struct err *err);

/* Bins with a row on either side: the B of chi-square's B - 1. */
size_t drift_bins_used(const struct drift_reference *reference, const struct drift_window *window);

/* Shares of all rows; 0 of none. */
double drift_missing_share(const struct drift_window *window);
double drift_outside_share(const struct drift_window *window);

/* ---------------------------------------------------------------- distances */

struct drift {
    const char *name;
    const char *about; /* one line, with the source of the formula */
    bool of_numbers;   /* categories have none: the distance is 0 */
    double (*distance)(const struct drift_reference *reference, const struct drift_window *window);
    /* How likely one at least as great is where nothing drifted; NULL: no such law is used. */
    double (*chance)(const struct drift_reference *reference, const struct drift_window *window);
};

enum drift_index {
#define DRIFT(name) DRIFT_##name,
#include "measure/drifts.def"
#undef DRIFT
    DRIFT_COUNT,
};

#define DRIFT(name) extern const struct drift drift_##name;
#include "measure/drifts.def"
#undef DRIFT

extern const struct drift *const drifts[DRIFT_COUNT];
const struct drift *drift_find(struct view name); /* or NULL */

#endif
