/*
 * window: what one bundle decided in a stretch of time, and what became of it.
 *
 *     struct window window;
 *     struct window_query query = {.since_us = since, .until_us = until, .bundle = &bundle};
 *     if (!window_load(&window, &store, journal_dir, &query, arena, err))
 *         return false;
 *
 * Decisions come from the database and from this machine's segments; a shadow's, which nobody was
 * told, are left out. Of more than `rows_max` every second, every fourth, ... is kept, the same
 * ones each time. Labels are those of the database: one that came within the last minute may be
 * missing.
 */
#ifndef MONITOR_WINDOW_H
#define MONITOR_WINDOW_H

#include "model/bundle.h"
#include "store/journal_table.h"

enum { WINDOW_ROWS_MAX = 200 * 1000, WINDOW_UNLABELLED = 0xFF };

struct window_query {
    int64_t since_us, until_us; /* from, before */
    const struct bundle *bundle;
    size_t rows_max; /* 0: WINDOW_ROWS_MAX */
    bool labels;     /* those are wanted too */
};

struct window {
    size_t seen; /* decisions of the bundle in that time */
    size_t rows; /* of them here */
    size_t width;
    float *value; /* row after row, what the model saw */
    float *score;
    double *probability;
    double *amount; /* NaN: not known */
    int64_t *at_us;
    uint8_t *fraud;   /* by row: the verdict */
    uint8_t *label;   /* 1 fraud, 0 legit, WINDOW_UNLABELLED */
    int64_t *told_us; /* when its label first said fraud; 0: it never did */
};

bool window_load(struct window *out, struct store *store, const char *journal_dir,
                 const struct window_query *query, struct arena *arena, struct err *err);

/* False: what it is for does not fit beside it either. */
bool window_too_large(struct err *err);

#endif
