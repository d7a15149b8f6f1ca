/*
 * pickle_read: the reader of pickles, protocols 0 to 5, and of joblib's files. It executes nothing.
 *
 *     const struct pickle *root;
 *     if (!pickle_read(bytes, &arena, &root, &err))
 *         ...                             "byte 4711: REDUCE: the stack is empty"
 *
 * An interpreter of the opcodes with a stack and a memo, whose values are
 * inert (model/pickle.h). A few calls are so common that they are made out
 * into what they would give, by our own code: bytes that older protocols spell
 * as text, bytearray, set, and the constructor helpers of copyreg. Everything
 * else that a pickle wants called stays a note of what it wanted.
 *
 * Refused by name: persistent ids, extension codes, buffers kept outside the
 * file. Time and memory are linear in the bytes, below the arena's ceiling and
 * the ones here.
 */
#ifndef MODEL_PICKLE_READ_H
#define MODEL_PICKLE_READ_H

#include "model/pickle.h"

enum {
    PICKLE_SIZE_MAX = 1 << 30,
    PICKLE_VALUES_MAX = 32 * 1024 * 1024,
    PICKLE_STACK_MAX = 8 * 1024 * 1024,
    PICKLE_MARKS_MAX = 4096, /* containers that are open at once */
};

/* Whether the first byte can begin a pickle. Protocols 0 and 1 have no mark of their own, so the
 * last byte is looked at too. */
bool pickle_is_one(struct view bytes);

/* ERR_MODEL: damaged or refused, with the byte's offset; ERR_LIMIT: past a ceiling. The values
 * point into `bytes`. */
bool pickle_read(struct view bytes, struct arena *arena, const struct pickle **out,
                 struct err *err);

#endif
