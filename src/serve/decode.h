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
 * How rows lie in a body is a shape (serve/shape.h), by content type.
 * A field that is unknown, of the wrong kind, given twice or absent though
 * required is an error that names it.
 */
#ifndef SERVE_DECODE_H
#define SERVE_DECODE_H

#include "data/csv.h"
#include "data/record.h"

enum { DECODE_ROWS_MAX = 100000, DECODE_TYPES = 6, DECODE_KEPT = 3 };

struct shape;

struct decode_rules {
    struct {
        const char *type; /* a content type, and how its rows are laid out */
        const struct shape *shape;
    } takes[DECODE_TYPES]; /* those behind the last are NULL */
    bool fill_absent;      /* a required number that is absent is 0, and counted in `filled` */
};

struct decode {
    const struct schema *schema;
    struct decode_rules rules;
    struct record record; /* the current one; good until the next */
    size_t rows;          /* read so far */
    uint64_t filled, unseen;

    size_t keep[DECODE_KEPT];      /* columns whose values are wanted as sent; set after opening */
    struct view kept[DECODE_KEPT]; /* of the current row; NULL text: none, or no text or number */

    /* The shape's: */
    const struct shape *shape;
    void *state;
    struct cell *cell;
    bool begun, done, many;
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
