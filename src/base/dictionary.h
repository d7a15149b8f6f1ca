/*
 * dictionary: texts numbered in the order they first came.
 *
 * Grows in an arena; finding allocates nothing. Column names, category values
 * and the interned texts of a table are dictionaries.
 *
 *     struct dictionary words = dictionary_in(arena);
 *     uint32_t index;
 *     if (!dictionary_add(&words, VIEW("Rear"), &index)) ...   the arena is full
 *     dictionary_find(&words, VIEW("Front"))                   DICTIONARY_NONE
 */
#ifndef BASE_DICTIONARY_H
#define BASE_DICTIONARY_H

#include "base/view.h"

#define DICTIONARY_NONE UINT32_MAX

struct dictionary {
    struct arena *arena;
    struct view *text; /* by index */
    uint64_t *hash;    /* by index */
    uint32_t count, size;
    uint32_t *slot; /* open addressing: index + 1, 0 is empty; slots is a power of two */
    uint32_t slots;
};

struct dictionary dictionary_in(struct arena *arena);

/* The text's index, new or known; the text is copied when it is new. False: the arena is full. */
bool dictionary_add(struct dictionary *dictionary, struct view text, uint32_t *index);

uint32_t dictionary_find(const struct dictionary *dictionary, struct view text);

#endif
