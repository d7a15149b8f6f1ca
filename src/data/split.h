/*
 * split: which rows train, which choose the threshold, which test.
 *
 *     random   stratified by label, seeded
 *     time     oldest first; rows within the label delay before a later slice's start are
 *              in no slice, because their labels were not known yet
 *     dates    three windows of time that are named, train, validation and test; what lies in
 *              none is in no slice
 *     group    whole groups together (a customer, a policy), stratified by whether a
 *              group has any fraud, seeded
 *
 * Folds for cross-validation divide the training rows the same way; by time,
 * fold i trains on what is older than block i + 1 and validates on that block.
 */
#ifndef DATA_SPLIT_H
#define DATA_SPLIT_H

#include "base/err.h"
#include "base/view.h"

enum slice { SLICE_TRAIN, SLICE_VALIDATION, SLICE_TEST, SLICE_NONE, SLICE_COUNT };
enum split_kind { SPLIT_RANDOM, SPLIT_TIME, SPLIT_DATES, SPLIT_GROUP };

enum { FOLDS_MAX = 50 };

const char *slice_name(enum slice slice);
bool split_kind_find(struct view name, enum split_kind *out);

/* What the rows say that splitting needs. */
struct split_rows {
    size_t count;
    const uint8_t *label;
    const double *time_ms; /* SPLIT_TIME and SPLIT_DATES: never NaN */
    const uint32_t *group; /* SPLIT_GROUP: group of each row, below group_count */
    size_t group_count;
    const uint32_t *entity; /* of each row, below entity_count; NULL: nobody is left out as known */
    size_t entity_count;
};

struct split_window {
    double from_ms, before_ms;
};

struct split {
    enum split_kind kind;
    double train, validation;               /* shares; the rest tests */
    double delay_days;                      /* SPLIT_TIME, SPLIT_DATES: until a label is known */
    struct split_window window[SLICE_NONE]; /* SPLIT_DATES */
    uint64_t seed;
};

static inline bool split_is_timed(enum split_kind kind)
{
    return kind == SPLIT_TIME || kind == SPLIT_DATES;
}

/* With entities, a split that is timed leaves out of validation and test the rows of an entity that
 * had a fraud since training began and more than the label delay before the row's day (UTC): it is
 * known, and nobody needs a model to stop it.
 *
 * Fails (ERR_INPUT) when a slice would have no row, or no row of a class. */
bool split_make(const struct split *split, const struct split_rows *rows, uint8_t *slice,
                struct arena *arena, struct err *err);

enum fold_role { FOLD_LEFT_OUT, FOLD_TRAINS, FOLD_VALIDATES };

/* fold[f * rows->count + i] is row i's role in fold f; no row validates in two. */
bool split_folds(const struct split *split, const struct split_rows *rows, size_t folds,
                 uint8_t *fold, struct arena *arena, struct err *err);

#endif
