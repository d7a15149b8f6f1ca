/*
 * table: many records in columns, typed, for training and for files to score.
 *
 * A table is read from CSV once, against the columns the schema declares; each
 * cell goes through the same cell_parse as a request's. Texts are kept once and
 * numbered. table_record gives any row back as a `struct record`, coded by the
 * schema's values as they are then: the walk of a training row and of a request
 * is the same from there on.
 *
 *     struct table claims, customers, joined;
 *     table_load(&claims, &schema, "claims.csv", memory, arena, err)
 *     table_load(&customers, &schema, "customers.csv", memory, arena, err)
 *     table_join(&joined, &claims, &customers, &join, &audit, arena, err)
 */
#ifndef DATA_TABLE_H
#define DATA_TABLE_H

#include "data/record.h"

enum { TABLE_ROWS_MAX = 500000000 };

/* One column's cells. */
struct series {
    double *number; /* NUMBER, INTEGER, BOOLEAN, TIMESTAMP: NaN is missing */
    uint32_t *text; /* CATEGORY, ORDINAL, ID, TEXT: in table->texts; DICTIONARY_NONE is missing */
    bool present;   /* the file has this column */
};

struct table {
    const struct schema *schema;
    const char *path; /* for messages */
    size_t rows;
    struct series *series; /* schema->count of them */
    uint32_t *line;        /* where each row stands in its file */
    struct dictionary texts;
};

/* Every column of the file must be in the schema; a ragged line, a cell of the wrong type or an
 * empty file is ERR_INPUT with path, line and column. Inputs that the file lacks stay absent:
 * table_require says so. */
bool table_load(struct table *table, const struct schema *schema, const char *path, size_t size_max,
                struct arena *arena, struct err *err);

/* Only the rows that `wanted` marks stay, in their order. */
void table_keep(struct table *table, const uint8_t *wanted);

/* ERR_INPUT that names the first input column neither file had. */
bool table_require_inputs(const struct table *table, struct err *err);

struct join {
    struct view key;
    bool allow_fan_out; /* a key that stands twice on the right multiplies rows */
};

/* What a join did, for the run's record and the reader's eyes. */
struct join_audit {
    size_t left_rows, right_rows, rows;
    size_t left_keys, right_keys; /* distinct */
    size_t unmatched_left;        /* left rows without a right row: its columns are missing */
    size_t unused_right;          /* right rows that no left row wanted */
    size_t repeated_right;        /* right keys that stand more than once */
};

/* A left join. */
bool table_join(struct table *out, const struct table *left, const struct table *right,
                const struct join *join, struct join_audit *audit, struct arena *arena,
                struct err *err);

/* Row `row` as a record; `record` has schema->count cells of the caller's. Fails when a required
 * input is missing in a joined row, or a value is refused as unseen. */
bool table_record(const struct table *table, size_t row, struct record *record, struct err *err);

/* The labels: 1 where the label column says `positive`, 0 where it says `negative`; anything else
 * is ERR_INPUT with its line. 1 and 1.0 say the same, and `Y` and `yes` in a boolean column. */
struct label_words {
    struct view column, positive, negative;
};
bool table_labels(const struct table *table, const struct label_words *words, uint8_t *out,
                  struct err *err);

/* Gives every coded input column that has no values those of the rows `wanted` marks, sorted by
 * bytes. `columns` is the schema's own array. */
bool table_learn_values(const struct table *table, struct column *columns, const uint8_t *wanted,
                        struct arena *arena, struct err *err);

/* A row's cell as text, for keys, groups and messages; a number in its shortest spelling, a boolean
 * as 1 or 0, an instant as its milliseconds. NULL text: missing. */
struct view table_text(const struct table *table, size_t column, size_t row, char number[32]);

#endif
