/*
 * scan: JSON taken token by token, strictly, allocating nothing.
 *
 * The scoring path's reader: whoever calls it knows which keys may come and
 * where each value goes. It holds the grammar (RFC 8259), nesting, valid UTF-8,
 * no lone surrogates, no U+0000 and no number outside a double's range;
 * duplicate and unknown keys are the caller's to refuse. It accepts exactly what
 * base/doc.h (jansson) accepts, with two exceptions: a whole number past 2^63 is a
 * double here and refused there, a number of 400 bytes or more is refused here.
 *
 *     struct scan scan = scan_of(body, scratch);
 *     struct token token;
 *     while (scan_next(&scan, &token, err))
 *         ...                             every token, SCAN_END excluded
 *     if (err->kind != ERR_NONE) ...
 *
 * Texts are views into the body; one with an escape is written out into
 * `scratch`, a fixed builder of the caller's as long as the body at most.
 */
#ifndef BASE_SCAN_H
#define BASE_SCAN_H

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"

enum { SCAN_DEPTH_MAX = 64 };

enum token_kind {
    TOKEN_OBJECT, /* { */
    TOKEN_OBJECT_END,
    TOKEN_LIST, /* [ */
    TOKEN_LIST_END,
    TOKEN_KEY, /* its value is the next token */
    TOKEN_TEXT,
    TOKEN_NUMBER,
    TOKEN_TRUE,
    TOKEN_FALSE,
    TOKEN_NULL,
};

struct token {
    enum token_kind kind;
    struct view text; /* TOKEN_KEY, TOKEN_TEXT: unescaped; TOKEN_NUMBER: as written */
    double number;
};

struct scan {
    struct view body;
    size_t at;
    struct text *scratch;
    unsigned depth;
    bool object[SCAN_DEPTH_MAX]; /* what each open level is */
    bool filled;                 /* the current level has a member */
    bool wants_value;            /* a key was given, or nothing yet */
    bool done;
};

struct scan scan_of(struct view body, struct text *scratch);

/* False at the end of the document, and on an error (ERR_INPUT, with its line and column). */
bool scan_next(struct scan *scan, struct token *out, struct err *err);

/* A member's key as most write it, `"name":`, to be met again and again where it is expected. */
struct scan_key {
    const char *text;
    size_t length;              /* 0: no name that could be met so */
    uint64_t start[2], mask[2]; /* its first bytes, and which they are */
};

/* `name` without its quotes; ERR_LIMIT. A name that is not plain (view_plain) is never met. */
bool scan_key_of(struct view name, struct arena *arena, struct scan_key *out, struct err *err);

/* Where a member of an object may come: whether it is this one, with a number. The place behind it,
 * for scan_past, or 0: then scan_next tells what comes. Nothing has changed either way. */
size_t scan_number_member(const struct scan *scan, const struct scan_key *key, double *number);
void scan_past(struct scan *scan, size_t place);

/* Steps over the rest of the value whose first token was `first`. */
bool scan_skip(struct scan *scan, const struct token *first, struct err *err);

/* Where the scanner is, for messages of the caller's own. */
void scan_place(const struct scan *scan, size_t *line, size_t *column);

const char *token_name(enum token_kind kind); /* "a number", "the end of the list", ... */

#endif
