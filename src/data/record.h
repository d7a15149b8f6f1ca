/*
 * record: one event's typed cells against a schema.
 *
 * However a value arrives, as CSV text or as a JSON token, it becomes the same
 * cell here or is refused with an error that names its column; there is no
 * second parser. Reading a record allocates nothing: texts are views into the
 * body it came in.
 *
 *     struct cell cells[...];
 *     struct record record = record_of(schema, cells);
 *     if (!record_set_text(&record, column, field, err)) ...     CSV
 *     if (!record_set_token(&record, column, &token, err)) ...   JSON
 *     if (!record_finish(&record, err)) ...                      what was absent
 */
#ifndef DATA_RECORD_H
#define DATA_RECORD_H

#include "base/scan.h"
#include "data/schema.h"

enum { CODE_UNSEEN = -1 };
/* The latest instant a cell may hold, 9999-12-31T23:59:59.999; the earliest is its opposite. */
#define CELL_TIME_MS_MAX 253402300799999.0

/* NUMBER, INTEGER: the value. BOOLEAN: 0 or 1. TIMESTAMP: ms since 1970. CATEGORY, ORDINAL: the
 * code, or CODE_UNSEEN. Missing: NaN. ID, TEXT: NaN, and the text when there is one. */
struct cell {
    double number;
    struct view text; /* CATEGORY, ORDINAL, ID, TEXT; NULL text: missing */
    bool set;
    bool refused; /* of a column the model does not read: not of its type, and taken for missing */
};

struct record {
    const struct schema *schema;
    struct cell *cell;  /* schema->count of them, the caller's */
    size_t given;       /* cells set by their names or places, of schema->count */
    size_t lead;        /* so many of the first ones are set, if not more */
    unsigned unseen;    /* category values outside the schema, accepted */
    unsigned gaps;      /* cells missing or refused, of columns that are read at all */
    uint32_t fault;     /* the column that was refused, and 1; 0: none was */
    bool fault_missing; /* because it was missing */
};

struct record record_of(const struct schema *schema, struct cell *cell); /* clears the cells */

/* Setting a column twice is an error: the field came twice. A column that the model does not read
 * is never refused, and read only when something is expected of it. */
bool record_set_text(struct record *record, size_t column, struct view text, struct err *err);
bool record_set_token(struct record *record, size_t column, const struct token *token,
                      struct err *err);

/* By far the most values are a number where one is expected, within the bounds: sets it, or is
 * false and has changed nothing; then record_set_token says what is wrong, if anything. */
bool record_set_usual(struct record *record, size_t column, double number);

/* Columns never set become missing. An input that is not optional and was not set is an error
 * that names it. */
bool record_finish(struct record *record, struct err *err);

/* One cell by itself, for tables. */
bool cell_parse(const struct column *column, struct view text, struct cell *out, struct err *err);

bool cell_is_missing(const struct column *column, const struct cell *cell);

#endif
