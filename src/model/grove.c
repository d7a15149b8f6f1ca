#include "model/grove.h"

#include <math.h>

/* The categories of one node become a set of bits. */
static bool add_set(struct grove *grove, const struct sprout *sprout, uint32_t *out,
                    struct err *err)
{
    int32_t highest = -1;
    for (size_t i = 0; i < sprout->category_count; i++) {
        int32_t code = sprout->category[i];
        if (code < 0)
            return err_set(err, ERR_MODEL, "category %d is negative", code);
        if (code > FOREST_CATEGORY_MAX)
            return err_set(err, ERR_LIMIT, "category %d is past the highest that is taken, %d",
                           code, FOREST_CATEGORY_MAX);
        highest = code > highest ? code : highest;
    }
    if (highest < 0)
        return err_set(err, ERR_MODEL, "it splits on categories and lists none");

    size_t first = grove->bits.count, words = (size_t)highest / 32 + 1;
    uint32_t *bits = pile_add(&grove->bits, sizeof *bits, words, grove->arena, err);
    struct category_set *set = pile_add(&grove->set, sizeof *set, 1, grove->arena, err);
    if (bits == NULL || set == NULL)
        return false;
    if (first > UINT32_MAX)
        return err_set(err, ERR_LIMIT, "the model's categories take more than %u words",
                       UINT32_MAX);
    *set = (struct category_set){.first = (uint32_t)first, .words = (uint32_t)words};
    for (size_t i = 0; i < sprout->category_count; i++) {
        uint32_t code = (uint32_t)sprout->category[i];
        bits[code / 32] |= UINT32_C(1) << code % 32;
    }
    *out = (uint32_t)(grove->set.count - 1);
    return true;
}

static bool make_leaf(const struct sprout *sprout, struct node *out, struct err *err)
{
    out->weight = (float)sprout->weight;
    return isfinite(out->weight) || err_set(err, ERR_MODEL, "its weight is not finite");
}

static bool make_branch(struct grove *grove, size_t index, const struct sprout *sprout,
                        struct node *out, struct err *err)
{
    if (sprout->feature < 0 || sprout->feature >= FOREST_FEATURES_MAX)
        return err_set(err, ERR_MODEL, "feature %lld is out of range", (long long)sprout->feature);
    if (sprout->feature >= grove->features_needed) {
        grove->features_needed = sprout->feature + 1;
        grove->needed_by_tree = grove->root.count;
        grove->needed_by_node = index;
    }
    out->feature = (uint32_t)sprout->feature & 0x3fffffff;
    out->missing_left = sprout->missing_left;
    out->categorical = sprout->categorical;
    if (sprout->categorical)
        return add_set(grove, sprout, &out->set, err);
    out->threshold = sprout->threshold;
    return !isnan(out->threshold) || err_set(err, ERR_MODEL, "its threshold is NaN");
}

/* A child must exist and be nobody else's. */
static bool queue_child(struct grove *grove, const struct sapling *sapling, int64_t child,
                        struct err *err)
{
    bool *taken = grove->taken.item;
    if (child < 0 || child >= (int64_t)sapling->count)
        return err_set(err, ERR_MODEL, "its child %lld does not exist", (long long)child);
    if (taken[child])
        return err_set(err, ERR_MODEL, "its child %lld has a parent already", (long long)child);
    taken[child] = true;
    uint32_t *place = pile_add(&grove->queue, sizeof *place, 1, grove->arena, err);
    if (place == NULL)
        return false;
    *place = (uint32_t)child;
    return true;
}

/* Node `index` of the sapling becomes node `at` of the grove; its children are queued. */
static bool plant_node(struct grove *grove, const struct sapling *sapling, size_t index,
                       size_t root, size_t at, struct err *err)
{
    struct sprout sprout = {.left = -1, .right = -1};
    if (!sapling->node(sapling->from, index, &sprout, err))
        return false;
    struct node *node = (struct node *)grove->node.item + at;
    if (sprout.left == -1 && sprout.right == -1) {
        if (!make_leaf(&sprout, node, err))
            return false;
        if (grove->precise)
            ((double *)grove->weight.item)[at] = sprout.weight;
    } else if (sprout.left == -1 || sprout.right == -1) {
        return err_set(err, ERR_MODEL, "it has one child");
    } else {
        node->left = (uint32_t)(root + grove->queue.count);
        if (!queue_child(grove, sapling, sprout.left, err) ||
            !queue_child(grove, sapling, sprout.right, err) ||
            !make_branch(grove, index, &sprout, node, err))
            return false;
    }
    if (isnan(sprout.cover) || isnan(sprout.gain))
        return err_set(err, ERR_MODEL, "its cover or gain is NaN");
    ((float *)grove->cover.item)[at] = sprout.cover;
    ((float *)grove->gain.item)[at] = sprout.gain;
    return true;
}

static bool clear_ground(struct grove *grove, const struct sapling *sapling, size_t count,
                         struct err *err)
{
    struct arena *arena = grove->arena;
    if (grove->root.count == FOREST_TREES_MAX)
        return err_set(err, ERR_LIMIT, "more than %d trees", FOREST_TREES_MAX);
    if (count > FOREST_NODES_MAX - grove->node.count)
        return err_set(err, ERR_LIMIT, "more than %d nodes", FOREST_NODES_MAX);
    grove->queue.count = grove->taken.count = 0;
    return pile_add(&grove->node, sizeof(struct node), count, arena, err) != NULL &&
           (!grove->precise ||
            pile_add(&grove->weight, sizeof(double), count, arena, err) != NULL) &&
           pile_add(&grove->cover, sizeof(float), count, arena, err) != NULL &&
           pile_add(&grove->gain, sizeof(float), count, arena, err) != NULL &&
           pile_add(&grove->queue, sizeof(uint32_t), 1, arena, err) != NULL &&
           pile_add(&grove->taken, sizeof(bool), sapling->count, arena, err) != NULL;
}

/* From the root down, a level at a time. Every node is planted once or not at all, so this ends. */
bool grove_plant(struct grove *grove, const struct sapling *sapling, struct err *err)
{
    if (sapling->count == 0)
        return err_set(err, ERR_MODEL, "the tree has no nodes");
    if (sapling->deleted >= sapling->count)
        return err_set(err, ERR_MODEL, "every node of the tree is deleted");
    size_t root = grove->node.count, count = sapling->count - sapling->deleted;
    if (!clear_ground(grove, sapling, count, err))
        return false;
    ((bool *)grove->taken.item)[0] = true; /* the root is nobody's child */

    size_t depth = 0, level_end = 1, at = 0;
    for (; at < grove->queue.count && at < count; at++) {
        if (at == level_end) {
            level_end = grove->queue.count;
            if (++depth > FOREST_DEPTH_MAX)
                return err_set(err, ERR_LIMIT, "the tree is deeper than %d", FOREST_DEPTH_MAX);
        }
        size_t index = ((const uint32_t *)grove->queue.item)[at];
        if (!plant_node(grove, sapling, index, root, root + at, err))
            return err_while(err, "node %zu", index);
    }
    if (grove->queue.count != count)
        return err_set(err, ERR_MODEL,
                       "%zu nodes are reached from the root, of %zu with %zu deleted",
                       grove->queue.count, sapling->count, sapling->deleted);
    uint32_t *place = pile_add(&grove->root, sizeof *place, 1, grove->arena, err);
    if (place == NULL)
        return false;
    *place = (uint32_t)root;
    grove->depth_max = depth > grove->depth_max ? depth : grove->depth_max;
    return true;
}

bool grove_check_features(const struct grove *grove, int64_t feature_count, struct err *err)
{
    if (grove->features_needed <= feature_count)
        return true;
    return err_set(err, ERR_MODEL,
                   "tree %zu: node %zu: it splits on feature %lld, and the model has %lld",
                   grove->needed_by_tree, grove->needed_by_node,
                   (long long)grove->features_needed - 1, (long long)feature_count);
}

bool grove_settle(const struct grove *grove, struct arena *arena, struct forest *out,
                  struct err *err)
{
    out->node = pile_settle(&grove->node, sizeof *out->node, arena);
    out->cover = pile_settle(&grove->cover, sizeof *out->cover, arena);
    out->gain = pile_settle(&grove->gain, sizeof *out->gain, arena);
    out->root = pile_settle(&grove->root, sizeof *out->root, arena);
    out->set = pile_settle(&grove->set, sizeof *out->set, arena);
    out->bits = pile_settle(&grove->bits, sizeof *out->bits, arena);
    out->weight = grove->precise ? pile_settle(&grove->weight, sizeof *out->weight, arena) : NULL;
    out->node_count = grove->node.count;
    out->tree_count = grove->root.count;
    out->set_count = grove->set.count;
    out->bits_count = grove->bits.count;
    out->depth_max = grove->depth_max;
    if (out->node == NULL || out->cover == NULL || out->gain == NULL || out->root == NULL ||
        out->set == NULL || out->bits == NULL || (grove->precise && out->weight == NULL))
        return err_set(err, ERR_LIMIT, "the model does not fit the %zu bytes it may take",
                       arena->limit);
    return true;
}

float threshold_above(double threshold)
{
    float nearest = (float)threshold;
    /* A float at or below the threshold must pass, so the bar is the next one up. */
    return (double)nearest > threshold ? nearest : nextafterf(nearest, INFINITY);
}

float threshold_past(double threshold)
{
    return nextafterf((float)threshold, INFINITY);
}
