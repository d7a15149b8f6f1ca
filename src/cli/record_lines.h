/*
 * record_lines: the records of a file of JSON lines, each line as a server would take it for a
 * body.
 *
 *     CLEANUP(record_lines_close) struct record_lines lines = {.schema = &bundle.schema};
 *     if (!record_lines_open(&lines, &file, BYTES_MAX, &arena, err))
 *         ...
 *     while (record_lines_next(&lines, err))
 *         use(lines.record, lines.line);
 *     if (err->kind != ERR_NONE) ...
 */
#ifndef CLI_RECORD_LINES_H
#define CLI_RECORD_LINES_H

#include "cli/joined.h"
#include "serve/decode.h"

struct record_lines {
    const struct schema *schema;
    const struct record *record; /* the current one; good until the next */
    size_t line;                 /* from 1 */
    const char *path;
    struct view rest;
    struct arena arena; /* of one line */
    struct decode decode;
    bool within; /* a line that may have more records */
};

bool record_lines_wanted(const char *path); /* by its name: .jsonl, .ndjson */
bool record_lines_open(struct record_lines *lines, const struct joined *file, size_t bytes_max,
                       struct arena *arena, struct err *err);
bool record_lines_next(struct record_lines *lines, struct err *err);
void record_lines_close(struct record_lines *lines); /* safe on a zeroed struct */

#endif
