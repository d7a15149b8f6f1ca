/*
 * joined: the CSV that a command is given, with that of --join, whose rows have the same --on.
 *
 *     const struct joined joined = {.path = ..., .with = ..., .key = ...};
 *     if (!joined_check(&joined, err)) ...
 *     if (!joined_load(&joined, &bundle.schema, arena, &table, err)) ...
 */
#ifndef CLI_JOINED_H
#define CLI_JOINED_H

#include "data/table.h"

struct joined {
    const char *path;
    const char *with; /* NULL: it stands alone */
    const char *key;  /* a column's name; NULL with `with` */
};

/* ERR_USAGE: one without the other. */
bool joined_check(const struct joined *joined, struct err *err);

/* Every column that the schema wants as an input is there. */
bool joined_load(const struct joined *joined, const struct schema *schema, struct arena *arena,
                 struct table *out, struct err *err);

#endif
