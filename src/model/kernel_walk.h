/*
 * kernel_walk: from a row's ranks to its margin; shared by the kernels, compiled into each.
 *
 * A kernel_*.c defines, before it includes this, what its instructions make of
 *
 *     struct row                            a row's ranks, in registers
 *     row_load(ranks, width)                width: how many columns there may be
 *     mask_wide(&row, block, width)         a bit a lane: this branch goes right
 *     mask_chain(&row, block, width)
 *
 * `width` is a constant wherever these are compiled in.
 */
#ifndef MODEL_KERNEL_WALK_H
#define MODEL_KERNEL_WALK_H

#include "model/kernel.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* Three levels of branches, 7 bits in heap order, make one of 8 ways. */
#define WALK_WAY(m)                                                                                \
    (((m)&1) << 2 | ((m) >> (1 + ((m)&1)) & 1) << 1 |                                              \
     ((m) >> (3 + 2 * ((m)&1) + ((m) >> (1 + ((m)&1)) & 1)) & 1))
#define WALK_4(f, m)  f(m), f((m) + 1), f((m) + 2), f((m) + 3)
#define WALK_16(f, m) WALK_4(f, m), WALK_4(f, (m) + 4), WALK_4(f, (m) + 8), WALK_4(f, (m) + 12)
#define WALK_64(f, m)                                                                              \
    WALK_16(f, m), WALK_16(f, (m) + 16), WALK_16(f, (m) + 32), WALK_16(f, (m) + 48)
#define WALK_128(f)                                                                                \
    {                                                                                              \
        WALK_64(f, 0), WALK_64(f, 64)                                                              \
    }

static const uint8_t walk_way[128] = WALK_128(WALK_WAY);

/* Of the upper three levels of six: the first leaf of the way in the high byte, and in the low one
 * the lane where the branches below it start. */
#define WALK_WIDE(m) (WALK_WAY(m) * 8 << 8 | (7 + 7 * WALK_WAY(m)))
static const uint16_t walk_wide[128] = WALK_128(WALK_WIDE);

/* Called, not inlined: unrolled in each of the loops below it would crowd out the others. */
static __attribute__((noinline)) uint64_t categories(const struct engine *engine,
                                                     const struct ranks *ranks, size_t block)
{
    uint64_t mask = 0;
    for (uint32_t i = engine->category_first[block]; i < engine->category_first[block + 1]; i++) {
        const struct block_category *category = &engine->block_category[i];
        mask |= engine->category_mask[category->first + ranks->code[category->category]];
    }
    return mask;
}

/* What a loop over the trees is compiled for; all of it constant where it is used. */
struct walk {
    enum engine_shape shape;
    size_t steps;    /* of a chain; 0: until a leaf */
    bool categories; /* some branch is on one */
    int width;
};

/* The leaf of a tree, of all trees' 64 each. */
ALWAYS_INLINE size_t wide_leaf(const struct engine *engine, const struct row *row,
                               const struct ranks *ranks, size_t tree, struct walk walk)
{
    uint64_t mask = mask_wide(row, &engine->wide[tree], walk.width);
    if (walk.categories)
        mask |= categories(engine, ranks, tree);
    unsigned upper = walk_wide[mask & 127];
    unsigned lower = walk_way[mask >> (upper & 63) & 127];
    return tree * WIDE_LEAVES + (upper >> 8) + lower;
}

ALWAYS_INLINE size_t chain_way(const struct engine *engine, const struct row *row,
                               const struct ranks *ranks, size_t block, struct walk walk)
{
    uint32_t mask = mask_chain(row, &engine->chain[block], walk.width);
    if (walk.categories)
        mask |= (uint32_t)categories(engine, ranks, block);
    uint32_t way = walk_way[mask & 127];
    return block * CHAIN_LANES + 2 * way + (mask >> (8 + way) & 1);
}

/* The leaf of a tree, of all blocks' 16 ways. */
ALWAYS_INLINE size_t chain_leaf(const struct engine *engine, const struct row *row,
                                const struct ranks *ranks, size_t tree, struct walk walk)
{
    size_t way = chain_way(engine, row, ranks, engine->chain_first[tree], walk);
    if (walk.steps > 0) {
        for (size_t step = 1; step < walk.steps; step++)
            way = chain_way(engine, row, ranks, engine->next[way], walk);
        return way;
    }
    while (engine->next[way] != CHAIN_LEAF)
        way = chain_way(engine, row, ranks, engine->next[way], walk);
    return way;
}

ALWAYS_INLINE size_t leaf_of(const struct engine *engine, const struct row *row,
                             const struct ranks *ranks, size_t tree, struct walk walk)
{
    return walk.shape == ENGINE_WIDE ? wide_leaf(engine, row, ranks, tree, walk)
                                     : chain_leaf(engine, row, ranks, tree, walk);
}

ALWAYS_INLINE float walk_floats(const struct engine *engine, const struct ranks *ranks,
                                struct walk walk)
{
    struct row row = row_load(ranks, walk.width);
    float sum = engine->forest.base_margin;
    for (size_t tree = 0, trees = engine->forest.tree_count; tree < trees; tree++)
        sum += engine->leaf[leaf_of(engine, &row, ranks, tree, walk)];
    return sum;
}

ALWAYS_INLINE float walk_doubles(const struct engine *engine, const struct ranks *ranks,
                                 struct walk walk)
{
    struct row row = row_load(ranks, walk.width);
    double sum = (double)engine->forest.base_margin;
    for (size_t tree = 0, trees = engine->forest.tree_count; tree < trees; tree++)
        sum += engine->precise_leaf[leaf_of(engine, &row, ranks, tree, walk)];
    return (float)sum;
}

/* A loop of its own for each of the common kinds of forest. */
ALWAYS_INLINE float walk_shape(const struct engine *engine, const struct ranks *ranks, int width)
{
    bool precise = engine->precise_leaf != NULL, wide = engine->shape == ENGINE_WIDE;
    struct walk walk = {.shape = ENGINE_CHAIN, .width = width};
    if (engine->category_first != NULL) {
        walk.categories = true;
        if (wide)
            walk.shape = ENGINE_WIDE;
        return precise ? walk_doubles(engine, ranks, walk) : walk_floats(engine, ranks, walk);
    }
    if (wide) {
        walk.shape = ENGINE_WIDE;
        return precise ? walk_doubles(engine, ranks, walk) : walk_floats(engine, ranks, walk);
    }
    if (precise)
        return walk_doubles(engine, ranks, walk);
    if (engine->steps == 2) {
        walk.steps = 2;
        return walk_floats(engine, ranks, walk);
    }
    if (engine->steps == 3) {
        walk.steps = 3;
        return walk_floats(engine, ranks, walk);
    }
    return walk_floats(engine, ranks, walk);
}

#endif
