/*
 * decode: the records of a request's body, one at a time, straight into cells.
 *
 *     CLEANUP(decode_close) struct decode decode;
 *     if (!decode_open(&decode, &rules, schema, content_type, body, arena, err))
 *         ...
 *     while (decode_next(&decode, err))
 *         use(&decode.record);
 *     if (err->kind != ERR_NONE) ...
 *
 * Rows are written in one of these ways:
 *
 *     {"age": 35, ...}                 named
 *     [35, ...]                        positional: the schema's inputs in their order
 *     [{...}, {...}]  [[...], [...]]   many of either
 *     age,...\n35,...\n                CSV with a header, whose first field names a column
 *     35,...\n                         CSV without one
 *
 * and in a "features" envelope, one row: {"features": {...}} or {"features": [...]}.
 * A field that is unknown, of the wrong kind, given twice or absent though
 * required is an error that names it.
 */
#ifndef SERVE_DECODE_H
#define SERVE_DECODE_H

#include "data/csv.h"
#include "data/record.h"

enum { DECODE_ROWS_MAX = 100000 };

struct decode_rules {
    bool envelope;    /* {"features": row} */
    bool csv;         /* text/csv is taken too */
    bool fill_absent; /* a required number that is absent is 0, and counted in `filled` */
};

struct decode {
    const struct schema *schema;
    struct decode_rules rules;
    struct record record; /* the current one; good until the next */
    size_t rows;          /* read so far */
    uint64_t filled, unseen;

    struct cell *cell;
    bool is_csv, begun, done, many;
    struct scan scan;
    struct text scratch;
    struct csv csv;
    const uint32_t *order; /* the column of each CSV field */
    size_t fields;
};

bool decode_open(struct decode *decode, const struct decode_rules *rules,
                 const struct schema *schema, struct view content_type, struct view body,
                 struct arena *arena, struct err *err);
bool decode_next(struct decode *decode, struct err *err);
void decode_close(struct decode *decode); /* after a failed decode_open too */

/* Whether the "features" of an envelope are an object. False for whatever is no envelope. */
bool decode_names_features(struct view body, struct arena *arena);

#endif
