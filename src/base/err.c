#include "base/err.h"

#include <stdarg.h>

static const struct kind {
    int exit_status;
    int http_status;
    const char *name;
} kinds[] = {
#define ERR(kind, exit, http, name) [ERR_##kind] = {exit, http, name},
#include "base/errs.def"
#undef ERR
};

static const struct kind *kind_of(enum err_kind kind)
{
    assert((size_t)kind < LENGTH_OF(kinds));
    return &kinds[kind];
}

bool err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
{
    assert(kind != ERR_NONE);

    va_list args;
    va_start(args, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, args);
    va_end(args);
    err->kind = kind;
    return false;
}

/* Appends what fits. A message cut short is better than one that allocates. */
static void append(struct err *err, const char *text)
{
    size_t used = strlen(err->text);
    size_t length = strnlen(text, sizeof err->text - 1 - used);
    memcpy(err->text + used, text, length);
    err->text[used + length] = '\0';
}

bool err_while(struct err *err, const char *fmt, ...)
{
    assert(err->kind != ERR_NONE);

    struct err outer = {.kind = err->kind};
    va_list args;
    va_start(args, fmt);
    vsnprintf(outer.text, sizeof outer.text, fmt, args);
    va_end(args);

    append(&outer, ": ");
    append(&outer, err->text);
    *err = outer;
    return false;
}

const char *err_name(enum err_kind kind)
{
    return kind_of(kind)->name;
}

int err_exit_status(enum err_kind kind)
{
    return kind_of(kind)->exit_status;
}

int err_http_status(enum err_kind kind)
{
    return kind_of(kind)->http_status;
}
