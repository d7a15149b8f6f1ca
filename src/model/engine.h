/*
 * engine: a forest compiled for this machine, and the same margins as forest_margin's, sooner.
 *
 *     struct engine engine;
 *     if (!engine_build(&forest, &arena, &engine, &err)) ...
 *     float margin = engine_margin(&engine, row);
 *     engine_margins(&engine, rows, count, stride, margins);
 *
 * Bit for bit the same: on every machine, for one row or many, with missing
 * values, categories and infinities. The plain walk in model/forest.h is the
 * definition; every kernel is tested against it and against libxgboost.
 *
 * A branch is two bytes, a column and a rank (model/columns.h), so that one
 * instruction asks all the branches of a tree, or one branch of 64 rows:
 *
 *     one row     WIDE    trees up to 6 levels: all 63 branches at once give 63 bits, and two looks
 *                         into a table of 128 entries turn those into a leaf; or eight trees at
 *                         once, where a machine looks up bytes (model/kernel_eight.h)
 *                 CHAIN   deeper ones, four levels at a time: 15 branches, 16 ways on
 *     many rows   HEAP    trees up to 8 levels: every branch is asked of 128 rows, bottom up, and
 *                         each row keeps the number of the leaf that its upper branches choose
 *                         (deeper ones, and categories: row by row as above, a tree at a time)
 *
 * Nothing here is written after building; any number of threads may score at
 * once. No call allocates or locks. engine_margins takes 84 KiB of stack.
 */
#ifndef MODEL_ENGINE_H
#define MODEL_ENGINE_H

#include "model/columns.h"

enum {
    WIDE_LEVELS = 6,
    WIDE_LANES = 64,
    WIDE_LEAVES = 64,
    WIDE_WAYS = 8,  /* of three levels */
    WIDE_TREES = 8, /* in a wide_eight */
    CHAIN_LEVELS = 4,
    CHAIN_LANES = 16,
    CHAIN_STEPS_MAX = 3, /* deeper trees are walked until a leaf is met, shallower ones so often */
    CHAIN_LEAF = 0,      /* in `next`: this way ends in a leaf. No way leads back to block 0 */
    HEAP_LEVELS_MAX = 8,
    ENGINE_ROWS = 256, /* ranked and scored together */
};

/* The branches of a tree's top six levels, a lane each. Lanes 0 to 6 are the first three levels,
 * in heap order; lanes 7 + 7 w to 13 + 7 w the next three below way w of 8. */
struct wide_block {
    uint8_t column[WIDE_LANES];
    uint8_t rank[WIDE_LANES];
};

/* The same branches, of eight trees together, seven lanes of eight for each tree: first their upper
 * three levels, then the three below way w of 8. Trees that are not there always go left. */
struct wide_eight {
    struct wide_block upper, lower[WIDE_WAYS];
};

/* Four levels: lanes 0 to 6 the first three, lane 7 idle, lanes 8 to 15 the fourth. */
struct chain_block {
    uint8_t column[CHAIN_LANES];
    uint8_t rank[CHAIN_LANES];
};

/* A branch for many rows: where its column's ranks start, and its rank in each byte. */
struct heap_branch {
    uint32_t offset; /* column * ENGINE_ROWS */
    uint32_t rank;
};

/* A tree for many rows: 2^levels - 1 branches, and as many leaves and one. */
struct heap_tree {
    uint32_t branch; /* its first in heap_branch; root, then each level from the left */
    uint32_t leaf;   /* its first in heap_leaf; in the precise list too */
    uint32_t levels;
};

/* Which of a block's branches go right for each code of one of its category features. */
struct block_category {
    uint32_t category; /* of columns.category_feature */
    uint32_t first;    /* category_mask[first + code], a bit a lane */
};

enum engine_shape { ENGINE_PLAIN, ENGINE_WIDE, ENGINE_CHAIN };

struct kernel;

struct engine {
    struct forest forest; /* a second name for it */
    struct columns columns;
    const struct kernel *kernel;
    enum engine_shape shape;
    bool heaps; /* many rows at a time have their own layout */

    const struct wide_block *wide;   /* by tree */
    const struct wide_eight *eight;  /* by eight trees; NULL with categories or doubles */
    const struct chain_block *chain; /* all trees' */
    const uint32_t *chain_first;     /* by tree: its first block */
    const uint32_t *next;            /* by block, 16 ways: the block there, or CHAIN_LEAF */
    size_t steps;                    /* blocks on every way of every tree, or 0: until a leaf */
    const float *leaf;               /* by block, 64 or 16 ways */
    const double *precise_leaf;      /* the same in double; NULL unless the forest has doubles */

    const uint32_t *category_first; /* by block, and one more: its entries of block_category */
    const struct block_category *block_category;
    const uint64_t *category_mask;

    const struct heap_tree *heap;
    const struct heap_branch *heap_branch;
    const uint8_t *heap_leaf;        /* floats, byte by byte: 2^levels first bytes, and so on */
    const double *heap_precise_leaf; /* or these */

    const uint16_t *tree_depth; /* PLAIN */
};

/* With the fastest kernel there is here, or with one by name: NULL or one of model/kernels.def.
 * ERR_INPUT: this machine has not got it. `forest` may go, what it points to must stay. */
bool engine_build(const struct forest *forest, const char *kernel, struct arena *arena,
                  struct engine *out, struct err *err);

float engine_margin(const struct engine *engine, const float *row);

/* `stride` floats from the start of a row to the start of the next. */
void engine_margins(const struct engine *engine, const float *rows, size_t count, size_t stride,
                    float *out);

#endif
