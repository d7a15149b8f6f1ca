#include "model/forest.h"

#include <math.h>

bool forest_in_set(const struct forest *forest, uint32_t set, float value)
{
    const float code_end = 16777216.0F; /* from 2^24 on, floats no longer tell codes apart */
    if (value < 0.0F || value >= code_end)
        return false;
    uint32_t code = (uint32_t)value;
    const struct category_set *codes = &forest->set[set];
    return code / 32 < codes->words && (forest->bits[codes->first + code / 32] >> code % 32 & 1);
}

static bool goes_left(const struct forest *forest, const struct node *node, float value)
{
    if (isnan(value))
        return node->missing_left;
    if (node->categorical)
        return !forest_in_set(forest, node->set, value);
    return value < node->threshold;
}

uint32_t forest_leaf(const struct forest *forest, size_t tree, const float *row)
{
    uint32_t at = forest->root[tree];
    for (;;) { /* children come after their parents, so this ends */
        const struct node *node = &forest->node[at];
        if (node_is_leaf(node))
            return at;
        at = node->left + !goes_left(forest, node, row[node->feature]);
    }
}

static float precise_margin(const struct forest *forest, const float *row)
{
    double margin = (double)forest->base_margin;
    for (size_t tree = 0; tree < forest->tree_count; tree++)
        margin += forest->weight[forest_leaf(forest, tree, row)];
    return (float)margin;
}

float forest_margin(const struct forest *forest, const float *row)
{
    if (forest->weight != NULL)
        return precise_margin(forest, row);
    float margin = forest->base_margin;
    for (size_t tree = 0; tree < forest->tree_count; tree++)
        margin += forest->node[forest_leaf(forest, tree, row)].weight;
    return margin;
}

float forest_predict(const struct forest *forest, float margin)
{
    return forest->objective->score_of(margin);
}
