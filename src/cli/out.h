/*
 * out: where a command writes what it was asked for: standard output, or the FILE of --out.
 *
 *     struct out out;
 *     return out_open(&out, path, arena, err) && out_end(&out, write_all(out.stream, err), err);
 *
 * A file is written beside and takes its name when all is in it. A pipe or a device is written to
 * as it is: taking its name would make /dev/null a file.
 */
#ifndef CLI_OUT_H
#define CLI_OUT_H

#include "base/arena.h"
#include "base/err.h"

#include <stdio.h>

struct out {
    FILE *stream;
    const char *path;     /* NULL: standard output */
    const char *building; /* what is written to until it takes the name; NULL: the path itself */
};

bool out_open(struct out *out, const char *path, struct arena *arena, struct err *err);

/* Keeps what went well and removes what did not; true when it is there. */
bool out_end(struct out *out, bool ok, struct err *err);

#endif
