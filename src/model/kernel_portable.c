/*
 * The kernel for any machine and any model: floats down the forest's own nodes.
 *
 * Eight trees are walked side by side, because one walk is a chain of waits
 * for memory. A walk that has met its leaf stays there until the deepest of the
 * eight is done; nothing is branched on that a row decides, unless it is a
 * category.
 */
#include "model/kernel.h"

#include <math.h>

enum { ABREAST = 8 };

static uint32_t goes_right(const struct forest *forest, const struct node *node, float value)
{
    if (node->categorical)
        return isnan(value) ? !node->missing_left : forest_in_set(forest, node->set, value);
    uint32_t missing = isnan(value), less = value < node->threshold;
    return (less | (missing & node->missing_left)) ^ 1;
}

/* The leaves of `count` trees, 8 at most; behind the last one the first is walked again. */
static void walk(const struct engine *engine, const float *row, size_t first, size_t count,
                 uint32_t at[ABREAST])
{
    const struct forest *forest = &engine->forest;
    unsigned depth = 0;
    for (size_t k = 0; k < ABREAST; k++) {
        size_t tree = first + (k < count ? k : 0);
        at[k] = forest->root[tree];
        depth = engine->tree_depth[tree] > depth ? engine->tree_depth[tree] : depth;
    }
    for (unsigned level = 0; level < depth; level++)
        for (size_t k = 0; k < ABREAST; k++) {
            const struct node *node = &forest->node[at[k]];
            uint32_t down = node->left + goes_right(forest, node, row[node->feature]);
            at[k] = node_is_leaf(node) ? at[k] : down;
        }
}

static float margin(const struct engine *engine, const float *row)
{
    const struct forest *forest = &engine->forest;
    float sum = forest->base_margin;
    double precise = (double)forest->base_margin;
    for (size_t tree = 0; tree < forest->tree_count; tree += ABREAST) {
        uint32_t leaf[ABREAST];
        size_t left = forest->tree_count - tree, count = left < ABREAST ? left : ABREAST;
        walk(engine, row, tree, count, leaf);
        for (size_t k = 0; k < count; k++)
            if (forest->weight != NULL)
                precise += forest->weight[leaf[k]];
            else
                sum += forest->node[leaf[k]].weight;
    }
    return forest->weight != NULL ? (float)precise : sum;
}

static void margins(const struct engine *engine, const float *rows, size_t count, size_t stride,
                    float *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = margin(engine, rows + i * stride);
}

static bool everywhere(void)
{
    return true;
}

const struct kernel kernel_portable = {
    .name = "portable",
    .about = "C, any machine and any model",
    .supported = everywhere,
    .rank = columns_rank,
    .margin = margin,
    .margins = margins,
};
