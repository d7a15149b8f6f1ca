/* Forests nobody trained, for tests that hold for all of them. */
#ifndef TESTS_MODEL_RANDOM_FOREST_H
#define TESTS_MODEL_RANDOM_FOREST_H

#include "base/rng.h"
#include "model/grove.h"
#include "model/objective.h"

#include <float.h>
#include <math.h>

struct random_forest {
    uint64_t seed;
    size_t trees, features, depth; /* of some trees; others are shallower */
    size_t nodes_max;              /* of a tree */
    unsigned numbers;    /* how many different thresholds a feature has; 0: a handful of odd ones */
    unsigned categories; /* one feature in so many is a category; 0: none */
    bool missing, precise;
};

struct random_tree {
    struct sprout node[4096];
    int32_t code[4096][8];
    size_t count;
};

/* Where comparisons go wrong, if they do. */
static const float odd_values[] = {
    0.0F,    -0.0F,    1.0F,     -1.0F,     FLT_MIN, -FLT_MIN, FLT_TRUE_MIN, -FLT_TRUE_MIN,
    FLT_MAX, -FLT_MAX, INFINITY, -INFINITY, 0.5F,    1e-30F,   1e30F,        16777216.0F,
};

static inline float random_value(const struct random_forest *kind, struct rng *rng)
{
    if (kind->numbers == 0 || rng_below(rng, 16) == 0)
        return odd_values[rng_below(rng, LENGTH_OF(odd_values))];
    return ((float)rng_below(rng, kind->numbers) - (float)kind->numbers / 2) * 0.37F;
}

static inline bool random_is_category(const struct random_forest *kind, size_t feature)
{
    return kind->categories > 0 && feature % kind->categories == 0;
}

static inline bool random_node(const void *from, size_t index, struct sprout *out, struct err *err)
{
    const struct random_tree *tree = from;
    (void)err;
    *out = tree->node[index];
    return true;
}

static inline void random_branch(const struct random_forest *kind, struct rng *rng,
                                 struct random_tree *tree, size_t at)
{
    struct sprout *node = &tree->node[at];
    node->feature = (int64_t)rng_below(rng, kind->features);
    node->missing_left = kind->missing && rng_below(rng, 2) == 0;
    node->gain = 1;
    node->left = (int64_t)tree->count++;
    node->right = (int64_t)tree->count++;
    for (int side = 0; side < 2; side++)
        tree->node[side ? node->right : node->left] = (struct sprout){.left = -1, .right = -1};
    if (!random_is_category(kind, (size_t)node->feature)) {
        do
            node->threshold = random_value(kind, rng);
        while (isnan(node->threshold));
        return;
    }
    node->categorical = true;
    node->category = tree->code[at];
    node->category_count = 1 + rng_below(rng, 8);
    for (size_t i = 0; i < node->category_count; i++)
        tree->code[at][i] = (int32_t)rng_below(rng, rng_below(rng, 4) == 0 ? 300 : 12);
}

static inline void random_tree(const struct random_forest *kind, size_t index,
                               struct random_tree *tree)
{
    struct rng rng = rng_of(kind->seed, 1, index);
    size_t depth = rng_below(&rng, 4) == 0 ? rng_below(&rng, kind->depth + 1) : kind->depth;
    size_t level_end = 1;
    tree->count = 1;
    tree->node[0] = (struct sprout){.left = -1, .right = -1};
    for (size_t at = 0, level = 0; at < tree->count; at++) {
        if (at == level_end) {
            level++;
            level_end = tree->count;
        }
        struct sprout *node = &tree->node[at];
        bool room = tree->count + 2 <= kind->nodes_max && tree->count + 2 <= 4096;
        if (level < depth && room && (at == 0 || rng_below(&rng, 8) > 0))
            random_branch(kind, &rng, tree, at);
        else
            node->weight = (double)(float)((rng_unit(&rng) - 0.5) * (kind->precise ? 0.3 : 0.7)) +
                           (kind->precise ? 1e-12 * rng_unit(&rng) : 0);
        node->cover = 1 + (float)rng_below(&rng, 1000);
    }
}

static inline bool random_forest_make(const struct random_forest *kind, struct arena *arena,
                                      struct forest *out, struct err *err)
{
    static struct random_tree tree;
    struct grove grove = {.arena = arena, .precise = kind->precise};
    for (size_t i = 0; i < kind->trees; i++) {
        random_tree(kind, i, &tree);
        struct sapling sapling = {.from = &tree, .node = random_node, .count = tree.count};
        if (!grove_plant(&grove, &sapling, err))
            return false;
    }
    *out = (struct forest){
        .feature_count = kind->features,
        .objective = objective_find(VIEW("binary:logistic")),
        .base_score = 0.25F,
    };
    out->base_margin = out->objective->margin_of(out->base_score);
    return grove_settle(&grove, arena, out, err);
}

static inline void random_row(const struct random_forest *kind, uint64_t index, float *row)
{
    struct rng rng = rng_of(kind->seed, 2, index);
    for (size_t f = 0; f < kind->features; f++) {
        if (kind->missing && rng_below(&rng, 5) == 0)
            row[f] = NAN;
        else if (random_is_category(kind, f))
            row[f] = rng_below(&rng, 8) == 0
                         ? odd_values[rng_below(&rng, LENGTH_OF(odd_values))]
                         : (float)rng_below(&rng, 14) + (rng_below(&rng, 4) == 0 ? 0.5F : 0.0F);
        else
            row[f] = random_value(kind, &rng);
    }
}

#endif
