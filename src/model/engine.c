#include "model/engine.h"

#include "model/cpu.h"
#include "model/engine_build.h"
#include "model/kernel.h"

const struct kernel *const kernels[] = {
#define KERNEL(name) &kernel_##name,
#include "model/kernels.def"
#undef KERNEL
};
const size_t kernels_count = LENGTH_OF(kernels);

void engine_spread(const struct forest *forest, uint32_t top, size_t levels,
                   uint32_t slot[ENGINE_SLOTS])
{
    slot[1] = top;
    for (size_t place = 1; place < (size_t)1 << levels; place++) {
        uint32_t at = slot[place];
        bool branches = at != ENGINE_NOWHERE && !node_is_leaf(&forest->node[at]);
        slot[2 * place] = branches ? forest->node[at].left : at;
        slot[2 * place + 1] = branches ? forest->node[at].left + 1 : ENGINE_NOWHERE;
    }
}

/* Children come after their parents, so one pass from the front knows each node's depth. */
static bool measure_depths(struct engine *engine, struct arena *arena, struct err *err)
{
    const struct forest *forest = &engine->forest;
    CLEANUP(arena_release) struct arena scratch = {.limit = arena->limit};
    uint16_t *of_tree = arena_new(arena, uint16_t, forest->tree_count);
    uint16_t *depth = arena_new(&scratch, uint16_t, forest->node_count);
    if (of_tree == NULL || depth == NULL)
        return err_set(err, ERR_LIMIT, "the model does not fit the memory limit");
    for (size_t tree = 0; tree < forest->tree_count; tree++) {
        size_t end = tree + 1 < forest->tree_count ? forest->root[tree + 1] : forest->node_count;
        for (size_t at = forest->root[tree]; at < end; at++) {
            const struct node *node = &forest->node[at];
            if (node_is_leaf(node)) {
                of_tree[tree] = depth[at] > of_tree[tree] ? depth[at] : of_tree[tree];
                continue;
            }
            depth[node->left] = depth[node->left + 1] = (uint16_t)(depth[at] + 1);
        }
    }
    engine->tree_depth = of_tree;
    return true;
}

static const struct kernel *choose(const struct engine *engine, const char *name)
{
    for (size_t i = 0; i < kernels_count; i++) {
        const struct kernel *kernel = kernels[i];
        bool fits = kernel->columns_max == 0 ||
                    (engine->shape != ENGINE_PLAIN && engine->columns.count <= kernel->columns_max);
        bool wanted = name == NULL || strcmp(name, kernel->name) == 0;
        if (wanted && fits && kernel->supported())
            return kernel;
    }
    return NULL;
}

bool engine_build(const struct forest *forest, const char *kernel, struct arena *arena,
                  struct engine *out, struct err *err)
{
    struct engine engine = {.forest = *forest};
    if (!measure_depths(&engine, arena, err) || !columns_build(forest, arena, &engine.columns, err))
        return false;
    if (engine.columns.fit && !engine_build_blocks(&engine, arena, err))
        return false;
    if (engine.shape != ENGINE_PLAIN && !engine_build_heaps(&engine, arena, err))
        return false;
    engine.kernel = choose(&engine, kernel);
    if (engine.kernel == NULL)
        return err_set(
            err, ERR_INPUT,
            "this machine or this model cannot use the kernel '%s': leave it to be chosen", kernel);
    *out = engine;
    return true;
}

float engine_margin(const struct engine *engine, const float *row)
{
    return engine->kernel->margin(engine, row);
}

void engine_margins(const struct engine *engine, const float *rows, size_t count, size_t stride,
                    float *out)
{
    engine->kernel->margins(engine, rows, count, stride, out);
}
