#include "base/dictionary.h"

struct dictionary dictionary_in(struct arena *arena)
{
    return (struct dictionary){.arena = arena};
}

/* The slot that holds the text, or the empty one where it belongs. */
static uint32_t probe(const struct dictionary *dictionary, struct view text, uint64_t hash)
{
    uint32_t mask = dictionary->slots - 1;
    uint32_t at = (uint32_t)hash & mask;
    while (dictionary->slot[at] != 0) {
        uint32_t index = dictionary->slot[at] - 1;
        if (dictionary->hash[index] == hash && view_same(dictionary->text[index], text))
            return at;
        at = (at + 1) & mask;
    }
    return at;
}

static bool grow(struct dictionary *dictionary)
{
    enum { FIRST_SIZE = 16 };
    uint32_t size = dictionary->size == 0 ? FIRST_SIZE : dictionary->size * 2;
    if (size > UINT32_MAX / 4)
        return false;
    struct view *text = arena_new(dictionary->arena, struct view, size);
    uint64_t *hash = arena_new(dictionary->arena, uint64_t, size);
    uint32_t *slot = arena_new(dictionary->arena, uint32_t, size * (size_t)2);
    if (text == NULL || hash == NULL || slot == NULL)
        return false;
    if (dictionary->count > 0) {
        memcpy(text, dictionary->text, dictionary->count * sizeof *text);
        memcpy(hash, dictionary->hash, dictionary->count * sizeof *hash);
    }
    dictionary->text = text;
    dictionary->hash = hash;
    dictionary->slot = slot;
    dictionary->size = size;
    dictionary->slots = size * 2;
    for (uint32_t i = 0; i < dictionary->count; i++)
        slot[probe(dictionary, text[i], hash[i])] = i + 1;
    return true;
}

bool dictionary_add(struct dictionary *dictionary, struct view text, uint32_t *index)
{
    uint32_t known = dictionary_find(dictionary, text);
    if (known != DICTIONARY_NONE) {
        *index = known;
        return true;
    }
    if (dictionary->count == dictionary->size && !grow(dictionary))
        return false;
    char *copy = view_copy(text, dictionary->arena);
    if (copy == NULL)
        return false;
    uint64_t hash = view_hash(text);
    uint32_t at = probe(dictionary, text, hash);
    dictionary->text[dictionary->count] = (struct view){copy, text.length};
    dictionary->hash[dictionary->count] = hash;
    *index = dictionary->count++;
    dictionary->slot[at] = *index + 1;
    return true;
}

uint32_t dictionary_find(const struct dictionary *dictionary, struct view text)
{
    if (dictionary->count == 0)
        return DICTIONARY_NONE;
    uint32_t at = probe(dictionary, text, view_hash(text));
    return dictionary->slot[at] == 0 ? DICTIONARY_NONE : dictionary->slot[at] - 1;
}
