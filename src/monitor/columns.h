/*
 * columns: a model's row, column by column, as a watch compares it.
 *
 * The journal keeps the floats a model saw. Those of a category are put together again: the
 * indicators of one_hot, or the place in the order of ordinal, are one column of codes, and none of
 * them, unseen and missing alike, is missing. What is left of the instant (hour, weekday, day) is
 * not watched: a window says when it was anyway.
 */
#ifndef MONITOR_COLUMNS_H
#define MONITOR_COLUMNS_H

#include "feature/plan.h"
#include "measure/drift.h"

struct watched {
    struct view name;
    const struct feature *feature;
    bool numbers;
    size_t values; /* of codes */
};

struct watched_columns {
    struct watched *column;
    size_t count;
    size_t left_out;
};

bool watched_columns_of(const struct plan *plan, struct watched_columns *out, struct arena *arena,
                        struct err *err);

/* Of `rows` rows of `width` floats; `out` has room for as many. */
void watched_numbers(const struct watched *column, const float *value, size_t rows, size_t width,
                     float *out);
void watched_codes(const struct watched *column, const float *value, size_t rows, size_t width,
                   uint32_t *out);

#endif
