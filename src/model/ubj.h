/*
 * ubj: Universal Binary JSON taken token by token, strictly, allocating nothing.
 *
 * The binary twin of base/scan.h: the same tokens come out, so one walk reads
 * both. It takes the dialect XGBoost writes: big-endian numbers; uncounted
 * objects; plain, counted ("[#L8") and typed ("[$d#L8") lists; no no-op, no
 * high-precision numbers. A count is believed only if that many items could
 * still stand in the bytes that are left.
 *
 *     struct ubj ubj = ubj_of(bytes);
 *     struct token token;
 *     while (ubj_next(&ubj, &token, err))
 *         ...
 *     if (err->kind != ERR_NONE) ...
 *
 * A number token has no text; its `number` is the value, exact for every type
 * but whole numbers past 2^53. Texts are views into the bytes: valid UTF-8
 * without U+0000.
 */
#ifndef MODEL_UBJ_H
#define MODEL_UBJ_H

#include "base/scan.h"

struct ubj_level {
    bool object;
    bool counted;
    char type;     /* of every item of a typed list, else 0 */
    uint64_t left; /* items still to come, when counted */
};

struct ubj {
    struct view body;
    size_t at;
    unsigned depth;
    bool after_key;
    bool started;
    struct ubj_level level[SCAN_DEPTH_MAX];
};

struct ubj ubj_of(struct view body);

/* False at the end of the document, and on an error (ERR_INPUT, with the byte's offset). */
bool ubj_next(struct ubj *ubj, struct token *out, struct err *err);

#endif
