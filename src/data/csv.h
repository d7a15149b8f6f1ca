/*
 * csv: records out of comma-separated text (RFC 4180), one at a time.
 *
 * The reader is a cursor over bytes somebody else keeps. Each call to csv_next
 * gives the fields of one record as views, which live until the next call. The
 * loop is the same everywhere:
 *
 *     struct csv_row row;
 *     while (csv_next(&csv, &row, &err))
 *         use(row.field, row.count);
 *     if (err.kind != ERR_NONE)
 *         ...
 *
 * Lines end in LF or CR LF; a wholly empty line is stepped over; a byte order
 * mark at the start is not data. Errors name line and column.
 */
#ifndef DATA_CSV_H
#define DATA_CSV_H

#include "base/err.h"
#include "base/text.h"

enum { CSV_FIELDS_MAX = 4096, CSV_FIELD_SIZE_MAX = 1 << 20 };

struct csv {
    struct view rest;
    const char *line_start;
    size_t line;           /* of what comes next, from 1 */
    struct arena unquoted; /* fields that had doubled quotes, of the current row */
    struct view *field;
    uint32_t *column;
};

struct csv_row {
    const struct view *field;
    const uint32_t *column; /* where each field starts in its line, in bytes from 1 */
    size_t count;
    size_t line; /* where the record starts */
};

/* The arena holds the cursor's field table; csv_close gives back the rest. */
bool csv_open(struct csv *csv, struct view text, struct arena *arena, struct err *err);
bool csv_next(struct csv *csv, struct csv_row *out, struct err *err);
void csv_close(struct csv *csv);

/* A field as it must be written: quoted when it has to be. */
void csv_write(struct text *text, struct view field);

#endif
