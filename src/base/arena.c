#include "base/arena.h"

enum { BLOCK_SIZE = 64 * 1024, WARM_MAX = 4 * BLOCK_SIZE, ALIGNMENT = 16 };

struct arena_block {
    struct arena_block *older;
    size_t size;
    size_t used;
    _Alignas(ALIGNMENT) unsigned char bytes[];
};

static struct arena_block *block_new(size_t size, struct arena_block *older)
{
    struct arena_block *block =
        size < SIZE_MAX - sizeof *block ? malloc(sizeof *block + size) : NULL;
    if (block == NULL)
        return NULL;
    *block = (struct arena_block){.older = older, .size = size};
    return block;
}

void *arena_room(struct arena *arena, size_t need)
{
    assert(arena->limit > 0);
    size_t padded;
    if (__builtin_add_overflow(need, (size_t)ALIGNMENT - 1, &padded))
        return NULL;
    padded &= ~(size_t)(ALIGNMENT - 1);
    if (padded > arena->limit - arena->used)
        return NULL;

    struct arena_block *block = arena->block;
    if (block == NULL || padded > block->size - block->used) {
        block = block_new(padded > BLOCK_SIZE ? padded : BLOCK_SIZE, block);
        if (block == NULL)
            return NULL;
        arena->block = block;
    }

    void *bytes = block->bytes + block->used;
    block->used += padded;
    arena->used += padded;
    return bytes;
}

void *arena_alloc(struct arena *arena, size_t size, size_t count)
{
    size_t need;
    void *bytes = __builtin_mul_overflow(size, count, &need) ? NULL : arena_room(arena, need);
    return bytes == NULL ? NULL : memset(bytes, 0, need);
}

void *arena_lines(struct arena *arena, size_t size, size_t count)
{
    enum { LINE = 64 };
    size_t need;
    if (__builtin_mul_overflow(size, count, &need) || need > SIZE_MAX - 2 * LINE)
        return NULL;
    unsigned char *bytes = arena_alloc(arena, 1, need + 2 * LINE);
    return bytes == NULL ? NULL : bytes + (LINE - (uintptr_t)bytes % LINE) % LINE;
}

char *arena_copy(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_new(arena, char, length + 1);
    if (copy != NULL && length > 0) /* no text has no bytes, and may have no place */
        memcpy(copy, text, length);
    return copy;
}

void arena_reset(struct arena *arena)
{
    struct arena_block *warm = NULL, *older;
    for (struct arena_block *block = arena->block; block != NULL; block = older) {
        older = block->older;
        bool keep = block->size <= WARM_MAX && (warm == NULL || warm->size < block->size);
        free(keep ? warm : block);
        warm = keep ? block : warm;
    }
    if (warm != NULL)
        *warm = (struct arena_block){.size = warm->size};
    arena->block = warm;
    arena->used = 0;
}

void arena_release(struct arena *arena)
{
    arena_reset(arena);
    free(arena->block);
    *arena = (struct arena){.limit = arena->limit};
}
