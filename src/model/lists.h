/*
 * lists: the numbers of a model file, collected in an arena while their count is unknown.
 *
 * A pile grows by doubling; what it outgrew stays in the arena, so the arena
 * is a scratch one. Lists of a file are read into piles, and a pile emptied
 * with `count = 0` keeps its memory for the next tree.
 *
 *     struct whole_list parents = {0};
 *     if (!whole_list_read(&parents, &tokens, &scratch, err)) ...
 *     whole_at(&parents, 3)
 */
#ifndef MODEL_LISTS_H
#define MODEL_LISTS_H

#include "model/tokens.h"

/* Items of one size, one after another. A growing pile moves: keep indices, not pointers. */
struct pile {
    void *item;
    size_t count, room;
};

/* `count` more items of `size` bytes, zeroed; NULL and ERR_LIMIT when the arena is full. */
void *pile_add(struct pile *pile, size_t size, size_t count, struct arena *arena, struct err *err);

/* A copy in an arena of its own, on cache lines (arena_lines); NULL: that one is full. */
void *pile_settle(const struct pile *pile, size_t size, struct arena *arena);

/* Two types, so that neither is read as the other. */
struct whole_list {
    struct pile pile; /* of int32_t */
};
struct float_list {
    struct pile pile; /* of float, NaN and infinities among them */
};

enum { LIST_MAX = 64 * 1024 * 1024 };

/* The next value, which must be a list, replaces what was in `list`. */
bool whole_list_read(struct whole_list *list, struct tokens *tokens, struct arena *arena,
                     struct err *err);
bool float_list_read(struct float_list *list, struct tokens *tokens, struct arena *arena,
                     struct err *err);

size_t whole_count(const struct whole_list *list);
size_t float_count(const struct float_list *list);
int32_t whole_at(const struct whole_list *list, size_t index);
float float_at(const struct float_list *list, size_t index);

#endif
