#include "model/xgboost_tree.h"

#include <math.h>

/* ---------------------------------------------------------------- reading */

static bool read_param(struct tree_lists *lists, struct tokens *tokens, struct err *err)
{
    enum { NODES, FEATURES, DELETED, LEAF_SIZE };
    static const char *const names[] = {
        [NODES] = "num_nodes",
        [FEATURES] = "num_feature",
        [DELETED] = "num_deleted",
        [LEAF_SIZE] = "size_leaf_vector",
    };
    int64_t *const value[] = {
        [NODES] = &lists->num_nodes,
        [FEATURES] = &lists->num_feature,
        [DELETED] = &lists->num_deleted,
        [LEAF_SIZE] = &lists->size_leaf_vector,
    };
    struct keys keys;
    if (!keys_open(&keys, names, LENGTH_OF(names), tokens, err))
        return false;
    while (keys_next(&keys, tokens, err)) {
        if (!tokens_whole(tokens, value[keys.at], err))
            return err_while(err, "%s", names[keys.at]);
        if (*value[keys.at] < 0)
            return err_set(err, ERR_MODEL, "%s is negative", names[keys.at]);
    }
    return keys.done && keys_need(&keys, NODES, err);
}

enum tree_key {
    WHOLE_FIRST,
    LEFT = WHOLE_FIRST,
    RIGHT,
    FEATURE,
    MISSING_LEFT,
    PARENT,
    SPLIT_TYPE,
    CATEGORIES,
    CATEGORY_NODES,
    CATEGORY_SEGMENTS,
    CATEGORY_SIZES,
    FLOAT_FIRST,
    CONDITION = FLOAT_FIRST,
    COVER,
    GAIN,
    PARAM,
    ID,
    TREE_KEYS,
};

static const char *const tree_key_name[TREE_KEYS] = {
    [LEFT] = "left_children",
    [RIGHT] = "right_children",
    [FEATURE] = "split_indices",
    [MISSING_LEFT] = "default_left",
    [PARENT] = "parents",
    [SPLIT_TYPE] = "split_type",
    [CATEGORIES] = "categories",
    [CATEGORY_NODES] = "categories_nodes",
    [CATEGORY_SEGMENTS] = "categories_segments",
    [CATEGORY_SIZES] = "categories_sizes",
    [CONDITION] = "split_conditions",
    [COVER] = "sum_hessian",
    [GAIN] = "loss_changes",
    [PARAM] = "tree_param",
    [ID] = "id",
};

static struct whole_list *whole_of(struct tree_lists *lists, size_t key)
{
    struct whole_list *const list[] = {
        [LEFT] = &lists->left_children,
        [RIGHT] = &lists->right_children,
        [FEATURE] = &lists->split_indices,
        [MISSING_LEFT] = &lists->default_left,
        [PARENT] = &lists->parents,
        [SPLIT_TYPE] = &lists->split_type,
        [CATEGORIES] = &lists->categories,
        [CATEGORY_NODES] = &lists->categories_nodes,
        [CATEGORY_SEGMENTS] = &lists->categories_segments,
        [CATEGORY_SIZES] = &lists->categories_sizes,
    };
    return list[key];
}

static struct float_list *float_of(struct tree_lists *lists, size_t key)
{
    return key == CONDITION ? &lists->split_conditions
           : key == COVER   ? &lists->sum_hessian
                            : &lists->loss_changes;
}

static bool read_member(struct grove *grove, size_t key, struct tokens *tokens, struct err *err)
{
    struct tree_lists *lists = &grove->lists;
    if (key == PARAM)
        return read_param(lists, tokens, err);
    if (key == ID)
        return tokens_whole(tokens, &lists->id, err);
    if (key >= FLOAT_FIRST)
        return float_list_read(float_of(lists, key), tokens, grove->arena, err);
    return whole_list_read(whole_of(lists, key), tokens, grove->arena, err);
}

/* The lists keep their memory from tree to tree, and nothing else. */
static void forget(struct tree_lists *lists)
{
    for (size_t key = WHOLE_FIRST; key < FLOAT_FIRST; key++)
        whole_of(lists, key)->pile.count = 0;
    for (size_t key = FLOAT_FIRST; key < PARAM; key++)
        float_of(lists, key)->pile.count = 0;
    lists->id = lists->num_nodes = lists->num_feature = 0;
    lists->num_deleted = lists->size_leaf_vector = 0;
}

static bool read_lists(struct grove *grove, struct tokens *tokens, struct err *err)
{
    struct tree_lists *lists = &grove->lists;
    struct keys keys = keys_of(tree_key_name, TREE_KEYS);
    forget(lists);
    while (keys_next(&keys, tokens, err))
        if (!read_member(grove, keys.at, tokens, err))
            return err_while(err, "%s", tree_key_name[keys.at]);
    if (!keys.done || !keys_need(&keys, PARAM, err))
        return false;

    if (lists->size_leaf_vector > 1)
        return err_set(err, ERR_MODEL,
                       "leaves with %lld values are not supported: train one "
                       "model per target",
                       (long long)lists->size_leaf_vector);
    static const enum tree_key needed[] = {LEFT,      RIGHT, FEATURE, MISSING_LEFT,
                                           CONDITION, COVER, GAIN};
    for (size_t i = 0; i < LENGTH_OF(needed); i++)
        if (!keys_need(&keys, needed[i], err))
            return false;
    lists->has_id = keys_seen(&keys, ID);
    lists->has_parents = keys_seen(&keys, PARENT);
    lists->has_split_type = keys_seen(&keys, SPLIT_TYPE);
    return true;
}

/* --------------------------------------------------------------- checking */

static bool check_length(const char *name, size_t count, int64_t nodes, struct err *err)
{
    if ((int64_t)count == nodes)
        return true;
    return err_set(err, ERR_MODEL, "%s has %zu entries, tree_param.num_nodes says %lld", name,
                   count, (long long)nodes);
}

static bool check_lengths(struct tree_lists *lists, struct err *err)
{
    int64_t nodes = lists->num_nodes;
    if (nodes == 0)
        return err_set(err, ERR_MODEL, "the tree has no nodes");
    for (size_t key = WHOLE_FIRST; key < CATEGORIES; key++) {
        bool absent =
            (key == PARENT && !lists->has_parents) || (key == SPLIT_TYPE && !lists->has_split_type);
        size_t count = whole_count(whole_of(lists, key));
        if (!absent && !check_length(tree_key_name[key], count, nodes, err))
            return false;
    }
    for (size_t key = FLOAT_FIRST; key < PARAM; key++)
        if (!check_length(tree_key_name[key], float_count(float_of(lists, key)), nodes, err))
            return false;
    return true;
}

/* Which nodes list categories. The segments lie end to end in `categories`, in order of nodes, as
 * XGBoost writes them: so reading them all takes one pass. */
static bool index_categories(struct grove *grove, struct err *err)
{
    const struct tree_lists *lists = &grove->lists;
    size_t count = whole_count(&lists->categories_nodes);
    if (whole_count(&lists->categories_segments) != count ||
        whole_count(&lists->categories_sizes) != count)
        return err_set(err, ERR_MODEL, "categories_nodes, _segments and _sizes differ in length");

    grove->segment.count = 0;
    int32_t *segment =
        pile_add(&grove->segment, sizeof *segment, (size_t)lists->num_nodes, grove->arena, err);
    if (segment == NULL)
        return false;
    int64_t node_before = -1, end = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t node = whole_at(&lists->categories_nodes, i);
        int64_t size = whole_at(&lists->categories_sizes, i);
        if (node <= node_before || node >= lists->num_nodes)
            return err_set(err, ERR_MODEL, "categories_nodes: entry %zu is out of order or range",
                           i);
        if (whole_at(&lists->categories_segments, i) != end || size < 0)
            return err_set(err, ERR_MODEL, "node %lld: its categories do not follow the last ones",
                           (long long)node);
        segment[node] = (int32_t)i + 1;
        node_before = node;
        end += size;
    }
    if (end != (int64_t)whole_count(&lists->categories))
        return err_set(err, ERR_MODEL,
                       "categories has %zu entries, categories_sizes add up to "
                       "%lld",
                       whole_count(&lists->categories), (long long)end);
    return true;
}

/* ---------------------------------------------------------------- planting */

/* The categories of one node become a set of bits. */
static bool add_set(struct grove *grove, size_t from, uint32_t *out, struct err *err)
{
    const struct tree_lists *lists = &grove->lists;
    size_t place = (size_t)whole_at(&grove->lists.categories_segments, from);
    size_t count = (size_t)whole_at(&grove->lists.categories_sizes, from);
    int32_t highest = -1;
    for (size_t i = place; i < place + count; i++) {
        int32_t code = whole_at(&lists->categories, i);
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
    for (size_t i = place; i < place + count; i++) {
        uint32_t code = (uint32_t)whole_at(&lists->categories, i);
        bits[code / 32] |= UINT32_C(1) << code % 32;
    }
    *out = (uint32_t)(grove->set.count - 1);
    return true;
}

static bool make_split(struct grove *grove, size_t from, struct node *out, struct err *err)
{
    const struct tree_lists *lists = &grove->lists;
    int32_t type = lists->has_split_type ? whole_at(&lists->split_type, from) : 0;
    int32_t segment = ((const int32_t *)grove->segment.item)[from];
    if (type != 0 && type != 1)
        return err_set(err, ERR_MODEL, "split_type %d is neither 0 (number) nor 1 (category)",
                       type);
    if (type == 0 && segment != 0)
        return err_set(err, ERR_MODEL, "it splits on a number and lists categories");
    if (type == 1 && segment == 0)
        return err_set(err, ERR_MODEL, "it splits on categories and lists none");

    int32_t feature = whole_at(&lists->split_indices, from);
    if (feature < 0 || feature >= FOREST_FEATURES_MAX)
        return err_set(err, ERR_MODEL, "feature %d is out of range", feature);
    if (feature >= grove->features_needed) {
        grove->features_needed = (int64_t)feature + 1;
        grove->needed_by_tree = grove->root.count;
        grove->needed_by_node = from;
    }
    int32_t missing_left = whole_at(&lists->default_left, from);
    if (missing_left != 0 && missing_left != 1)
        return err_set(err, ERR_MODEL, "default_left is %d", missing_left);
    out->feature = (uint32_t)feature & 0x3fffffff;
    out->missing_left = missing_left == 1;
    out->categorical = type == 1;
    if (type == 1)
        return add_set(grove, (size_t)segment - 1, &out->set, err);
    out->threshold = float_at(&lists->split_conditions, from);
    return !isnan(out->threshold) || err_set(err, ERR_MODEL, "its threshold is NaN");
}

/* A child must exist, be nobody else's, and know its parent. */
static bool take_child(struct grove *grove, int32_t child, int32_t parent, struct err *err)
{
    const struct tree_lists *lists = &grove->lists;
    bool *taken = grove->taken.item;
    if (child < 0 || child >= lists->num_nodes)
        return err_set(err, ERR_MODEL, "its child %d does not exist", child);
    if (taken[child])
        return err_set(err, ERR_MODEL, "its child %d has a parent already", child);
    if (lists->has_parents && whole_at(&lists->parents, (size_t)child) != parent)
        return err_set(err, ERR_MODEL, "its child %d says that its parent is %d", child,
                       whole_at(&lists->parents, (size_t)child));
    taken[child] = true;
    int32_t *place = pile_add(&grove->queue, sizeof *place, 1, grove->arena, err);
    if (place == NULL)
        return false;
    *place = child;
    return true;
}

/* The node at `from` in the file, as one of ours; its children are queued. */
static bool plant_node(struct grove *grove, size_t root, int32_t from, struct node *out,
                       struct err *err)
{
    const struct tree_lists *lists = &grove->lists;
    int32_t left = whole_at(&lists->left_children, (size_t)from);
    int32_t right = whole_at(&lists->right_children, (size_t)from);
    if (left == -1 && right == -1) {
        out->weight = float_at(&lists->split_conditions, (size_t)from);
        return isfinite(out->weight) || err_set(err, ERR_MODEL, "its weight is not finite");
    }
    if (left == -1 || right == -1)
        return err_set(err, ERR_MODEL, "it has one child");
    out->left = (uint32_t)(root + grove->queue.count);
    return take_child(grove, left, from, err) && take_child(grove, right, from, err) &&
           make_split(grove, (size_t)from, out, err);
}

/* Room for a tree of `count` nodes in every list by node. */
static bool clear_ground(struct grove *grove, size_t count, struct err *err)
{
    if (grove->node.count + count > FOREST_NODES_MAX)
        return err_set(err, ERR_LIMIT, "the model has more than %d nodes", FOREST_NODES_MAX);
    if (grove->root.count == FOREST_TREES_MAX)
        return err_set(err, ERR_LIMIT, "the model has more than %d trees", FOREST_TREES_MAX);
    struct arena *arena = grove->arena;
    grove->queue.count = grove->taken.count = 0;
    return pile_add(&grove->node, sizeof(struct node), count, arena, err) != NULL &&
           pile_add(&grove->cover, sizeof(float), count, arena, err) != NULL &&
           pile_add(&grove->gain, sizeof(float), count, arena, err) != NULL &&
           pile_add(&grove->queue, sizeof(int32_t), 1, arena, err) != NULL &&
           pile_add(&grove->taken, sizeof(bool), (size_t)grove->lists.num_nodes, arena, err) !=
               NULL;
}

/* From the root down, a level at a time. Every node is planted once or not at all, so this ends. */
static bool plant_tree(struct grove *grove, struct err *err)
{
    const struct tree_lists *lists = &grove->lists;
    if (lists->num_deleted >= lists->num_nodes)
        return err_set(err, ERR_MODEL, "tree_param.num_deleted leaves no node");
    size_t root = grove->node.count, count = (size_t)(lists->num_nodes - lists->num_deleted);
    if (!clear_ground(grove, count, err))
        return false;
    ((bool *)grove->taken.item)[0] = true; /* the root is nobody's child */

    size_t depth = 0, level_end = 1, at = 0;
    for (; at < grove->queue.count && at < count; at++) {
        if (at == level_end) {
            level_end = grove->queue.count;
            if (++depth > FOREST_DEPTH_MAX)
                return err_set(err, ERR_LIMIT, "the tree is deeper than %d", FOREST_DEPTH_MAX);
        }
        int32_t from = ((const int32_t *)grove->queue.item)[at];
        struct node *node = (struct node *)grove->node.item + root + at;
        if (!plant_node(grove, root, from, node, err))
            return err_while(err, "node %d", from);
        float cover = float_at(&lists->sum_hessian, (size_t)from);
        float gain = float_at(&lists->loss_changes, (size_t)from);
        if (isnan(cover) || isnan(gain))
            return err_set(err, ERR_MODEL, "node %d: its sum_hessian or loss_changes is NaN", from);
        ((float *)grove->cover.item)[root + at] = cover;
        ((float *)grove->gain.item)[root + at] = gain;
    }
    if (grove->queue.count != count)
        return err_set(err, ERR_MODEL,
                       "%zu nodes are reached from the root, of %lld with %lld "
                       "deleted",
                       grove->queue.count, (long long)lists->num_nodes,
                       (long long)lists->num_deleted);
    uint32_t *place = pile_add(&grove->root, sizeof *place, 1, grove->arena, err);
    if (place == NULL)
        return false;
    *place = (uint32_t)root;
    grove->depth_max = depth > grove->depth_max ? depth : grove->depth_max;
    return true;
}

bool tree_read(struct grove *grove, struct tokens *tokens, struct err *err)
{
    const struct tree_lists *lists = &grove->lists;
    if (!read_lists(grove, tokens, err) || !check_lengths(&grove->lists, err) ||
        !index_categories(grove, err))
        return false;
    if (lists->has_id && lists->id != (int64_t)grove->root.count)
        return err_set(err, ERR_MODEL, "it calls itself tree %lld", (long long)lists->id);
    return plant_tree(grove, err);
}
