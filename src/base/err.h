/*
 * err: what went wrong, in one value.
 *
 * A function that can fail returns false and fills the `struct err` its caller
 * passed last. The value is fixed in size, so reporting an error never
 * allocates, and it is filled once, where the fault is found; callers on the
 * way up may only say what they were doing:
 *
 *     if (!csv_load(&csv, path, err))
 *         return err_while(err, "reading labels from '%s'", path);
 *
 * The kind decides the exit status and the HTTP status; nobody maps by hand.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/base.h"

enum err_kind {
#define ERR(kind, exit, http, name) ERR_##kind,
#include "base/errs.def"
#undef ERR
};

struct err {
    enum err_kind kind;
    char text[508];
};

/* Both return false, so that a failing function can end with `return err_set(...)`. */
COLD bool err_set(struct err *err, enum err_kind kind, const char *fmt, ...) PRINTF(3, 4);
COLD bool err_while(struct err *err, const char *fmt, ...) PRINTF(2, 3);

const char *err_name(enum err_kind kind);
int err_exit_status(enum err_kind kind);
int err_http_status(enum err_kind kind);

#endif
