/* HEAP: branches for many rows. */
#include "model/engine_build.h"
#include "model/lists.h"

struct stack {
    struct engine *engine;
    struct arena *scratch;
    struct pile tree, branch, leaf, precise;
};

static uint16_t levels_of(const struct engine *engine, size_t tree)
{
    uint16_t depth = engine->tree_depth[tree];
    return depth > 0 ? depth : 1;
}

/* The branches below one place, in heap order. */
static void fill(const struct engine *engine, const uint32_t slot[ENGINE_SLOTS], size_t top,
                 size_t levels, struct heap_branch *out)
{
    size_t count = 0;
    for (size_t level = 0; level < levels; level++)
        for (size_t i = 0; i < (size_t)1 << level; i++) {
            uint32_t at = slot[(top << level) + i];
            bool branches = at != ENGINE_NOWHERE && !node_is_leaf(&engine->forest.node[at]);
            struct column_test test = {.rank = COLUMN_NEVER};
            if (branches)
                test = columns_test(&engine->columns, &engine->forest.node[at]);
            out[count++] = (struct heap_branch){
                .offset = (uint32_t)test.column * ENGINE_ROWS,
                .rank = test.rank * UINT32_C(0x01010101),
            };
        }
}

/* A leaf's bytes go to as many planes, so that a byte lookup can find each. */
static void fill_leaves(const struct forest *forest, const uint32_t slot[ENGINE_SLOTS],
                        size_t leaves, uint8_t *plane, double *precise)
{
    for (size_t i = 0; i < leaves; i++) {
        uint32_t node = slot[leaves + i];
        if (node == ENGINE_NOWHERE)
            continue;
        uint8_t byte[sizeof(float)];
        memcpy(byte, &forest->node[node].weight, sizeof byte);
        for (size_t b = 0; b < sizeof byte; b++)
            plane[b * leaves + i] = byte[b];
        if (precise != NULL)
            precise[i] = forest->weight[node];
    }
}

static bool add_tree(struct stack *stack, size_t tree, struct err *err)
{
    struct engine *engine = stack->engine;
    const struct forest *forest = &engine->forest;
    size_t levels = levels_of(engine, tree), leaves = (size_t)1 << levels;
    uint32_t slot[ENGINE_SLOTS];
    engine_spread(forest, forest->root[tree], levels, slot);
    struct heap_tree entry = {
        .branch = (uint32_t)stack->branch.count,
        .leaf = (uint32_t)(stack->leaf.count / sizeof(float)),
        .levels = (uint32_t)levels,
    };
    struct heap_tree *place = pile_add(&stack->tree, sizeof *place, 1, stack->scratch, err);
    struct heap_branch *branch =
        pile_add(&stack->branch, sizeof *branch, leaves - 1, stack->scratch, err);
    /* A plane begins on a cache line when it is one line long or more, which is when it is read by
     * vectors. */
    uint8_t *plane = pile_add(&stack->leaf, 1, leaves * sizeof(float), stack->scratch, err);
    double *precise = NULL;
    if (forest->weight != NULL)
        precise = pile_add(&stack->precise, sizeof *precise, leaves, stack->scratch, err);
    if (place == NULL || branch == NULL || plane == NULL ||
        (forest->weight != NULL && precise == NULL))
        return false;
    *place = entry;
    size_t top = levels > WIDE_LEVELS ? levels - WIDE_LEVELS : 0;
    fill(engine, slot, 1, top > 0 ? top : levels, branch);
    branch += ((size_t)1 << top) - 1;
    for (size_t i = 0; top > 0 && i < (size_t)1 << top; i++)
        fill(engine, slot, ((size_t)1 << top) + i, WIDE_LEVELS, branch + i * (WIDE_LANES - 1));
    fill_leaves(forest, slot, leaves, plane, precise);
    return true;
}

bool engine_build_heaps(struct engine *engine, struct arena *arena, struct err *err)
{
    const struct forest *forest = &engine->forest;
    if (forest->depth_max > HEAP_LEVELS_MAX || engine->columns.category_count > 0)
        return true;
    CLEANUP(arena_release) struct arena scratch = {.limit = arena->limit};
    struct stack stack = {.engine = engine, .scratch = &scratch};
    for (size_t tree = 0; tree < forest->tree_count; tree++)
        if (!add_tree(&stack, tree, err))
            return false;
    engine->heap = pile_settle(&stack.tree, sizeof *engine->heap, arena);
    engine->heap_branch = pile_settle(&stack.branch, sizeof *engine->heap_branch, arena);
    engine->heap_leaf = pile_settle(&stack.leaf, 1, arena);
    engine->heap_precise_leaf =
        pile_settle(&stack.precise, sizeof *engine->heap_precise_leaf, arena);
    if (engine->heap == NULL || engine->heap_branch == NULL || engine->heap_leaf == NULL ||
        engine->heap_precise_leaf == NULL)
        return err_set(err, ERR_LIMIT, "the model does not fit the memory limit");
    engine->heaps = true;
    return true;
}
