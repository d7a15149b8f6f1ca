/*
 * sheet: a file of records as it is, good or bad, for looking at it.
 *
 * Training and scoring refuse a cell of the wrong type or a column nobody declared
 * (data/table.h). Whoever compares two files wants to hear of those: here each is counted and
 * taken for missing, and columns that are not in the schema are listed. A file that is no CSV, or
 * a line with too few fields, is still an error.
 *
 *     struct sheet before, now;
 *     if (!sheet_load(&before, schema, NULL, "january.csv", memory, arena, err) ||
 *         !sheet_load(&now, schema, &before, "may.csv", memory, arena, err)) ...
 *
 * Numbers are floats, as the model sees them. A category's code is its place among the values of
 * `like`; what is not among them gets the codes behind, in the order met.
 */
#ifndef MONITOR_SHEET_H
#define MONITOR_SHEET_H

#include "data/record.h"

struct sheet_column {
    bool present;
    size_t missing, mistyped;
    struct view example; /* the first that was mistyped */
    size_t example_line;
    float *number;            /* NUMBER, INTEGER, BOOLEAN; NaN: missing or mistyped */
    uint32_t *code;           /* CATEGORY, ORDINAL; DRIFT_MISSING */
    struct dictionary values; /* CATEGORY, ORDINAL: those that `like` has not */
};

struct sheet {
    const struct schema *schema;
    const char *path;
    size_t rows;                 /* 0 is fine: a header alone */
    struct sheet_column *column; /* schema->count */
    struct view *extra;          /* names that the schema has not */
    size_t extras;
};

/* Out of CSV text; `path` is for messages. All it becomes is bounded by the arena. */
bool sheet_read(struct sheet *out, const struct schema *schema, const struct sheet *like,
                const char *path, struct view text, struct arena *arena, struct err *err);

/* The same from a file, plain, gzip or zstd, of `size_max` bytes at most. */
bool sheet_load(struct sheet *out, const struct schema *schema, const struct sheet *like,
                const char *path, size_t size_max, struct arena *arena, struct err *err);

#endif
