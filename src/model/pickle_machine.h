/*
 * pickle_machine: the stack that pickle's opcodes work on. Only the pickle_*.c files use it.
 *
 * An opcode (pickle_ops.def) is a function that takes from the stack, reads
 * what follows it in the file, and pushes. What cannot be is an error that
 * says so; pickle_read.c adds the byte and the opcode's name.
 */
#ifndef MODEL_PICKLE_MACHINE_H
#define MODEL_PICKLE_MACHINE_H

#include "model/lists.h"
#include "model/pickle_literal.h"
#include "model/pickle_read.h"

struct machine {
    struct literals in;
    size_t start;         /* where its pickle begins */
    struct arena *arena;  /* the values' */
    struct arena scratch; /* the stack's and the memo's */
    struct pile stack;    /* struct pickle * */
    struct pile mark;     /* size_t: how high the stack was */
    struct pile memo;     /* struct pickle *, NULL where nothing was put */
    size_t memo_used;
    struct pickle *chunk; /* values not given out yet */
    size_t chunk_left;
    size_t value_count;
    size_t recoded; /* bytes that were made out of text */
    bool inside;    /* an array's pickle inside the file's */
    bool done;
};

#define OP(byte, name, function) bool function(struct machine *machine, struct err *err);
#include "model/pickle_ops.def"
#undef OP

bool machine_full(struct err *err); /* ERR_LIMIT */

/* A copy of `value` that stays; NULL when the arena is full. */
struct pickle *machine_keep(struct machine *machine, struct pickle value, struct err *err);

bool machine_push(struct machine *machine, struct pickle *value, struct err *err);
bool machine_push_new(struct machine *machine, struct pickle value, struct err *err);

/* `out[0]` to `out[count - 1]`, as they were pushed. The stack below the last mark is out of
 * reach. */
bool machine_pop(struct machine *machine, size_t count, struct pickle **out, struct err *err);
bool machine_top(const struct machine *machine, struct pickle **out, struct err *err);

bool machine_mark(struct machine *machine, struct err *err);
bool machine_at_mark(const struct machine *machine); /* nothing stands above the last mark */
/* Everything above the last mark, which is gone then; `out` holds until the next push. */
bool machine_pop_mark(struct machine *machine, struct pickle ***out, size_t *count,
                      struct err *err);

/* `count` more pointers at the end of a list's, or a dict's, items. */
bool machine_extend(struct machine *machine, struct pickle *list, struct pickle *const *item,
                    size_t count, struct err *err);
/* A list, tuple, set or dict of them; NULL on failure. */
struct pickle *machine_items(struct machine *machine, enum pickle_kind kind,
                             struct pickle *const *item, size_t count, struct err *err);

/* The pickle that begins here, one level down, as joblib writes arrays of objects. */
bool pickle_read_inside(struct machine *machine, const struct pickle **out, struct err *err);

#endif
