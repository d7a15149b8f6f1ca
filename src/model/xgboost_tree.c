#include "model/xgboost_tree.h"

#include "model/xgboost_write.h"

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
    DOUBLES,
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
    [DOUBLES] = XGBOOST_DOUBLES_KEY,
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
        [DOUBLES] = &lists->doubles,
    };
    return list[key];
}

static struct float_list *float_of(struct tree_lists *lists, size_t key)
{
    return key == CONDITION ? &lists->split_conditions
           : key == COVER   ? &lists->sum_hessian
                            : &lists->loss_changes;
}

static bool read_member(struct tree_reader *reader, size_t key, struct tokens *tokens,
                        struct err *err)
{
    struct tree_lists *lists = &reader->lists;
    struct arena *arena = reader->grove.arena;
    if (key == PARAM)
        return read_param(lists, tokens, err);
    if (key == ID)
        return tokens_whole(tokens, &lists->id, err);
    if (key >= FLOAT_FIRST)
        return float_list_read(float_of(lists, key), tokens, arena, err);
    return whole_list_read(whole_of(lists, key), tokens, arena, err);
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

static bool read_lists(struct tree_reader *reader, struct tokens *tokens, struct err *err)
{
    struct tree_lists *lists = &reader->lists;
    struct keys keys = keys_of(tree_key_name, TREE_KEYS);
    forget(lists);
    while (keys_next(&keys, tokens, err))
        if (!read_member(reader, keys.at, tokens, err))
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
    lists->has_doubles = keys_seen(&keys, DOUBLES);
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
    if (lists->has_doubles && (int64_t)whole_count(&lists->doubles) != nodes * 2)
        return err_set(err, ERR_MODEL, "%s has %zu entries, two for each of %lld nodes are due",
                       XGBOOST_DOUBLES_KEY, whole_count(&lists->doubles), (long long)nodes);
    return true;
}

/* The first tree says whether scores are summed in double; the others must say the same. */
static bool check_doubles(struct tree_reader *reader, struct err *err)
{
    bool has = reader->lists.has_doubles;
    if (reader->grove.root.count == 0)
        reader->grove.precise = has;
    return reader->grove.precise == has ||
           err_set(err, ERR_MODEL, "it comes %s %s, and the trees before it %s",
                   has ? "with" : "without", XGBOOST_DOUBLES_KEY, has ? "without" : "with it");
}

/* Which nodes list categories. The segments lie end to end in `categories`, in order of nodes, as
 * XGBoost writes them: so reading them all takes one pass. */
static bool index_categories(struct tree_reader *reader, struct err *err)
{
    const struct tree_lists *lists = &reader->lists;
    size_t count = whole_count(&lists->categories_nodes);
    if (whole_count(&lists->categories_segments) != count ||
        whole_count(&lists->categories_sizes) != count)
        return err_set(err, ERR_MODEL, "categories_nodes, _segments and _sizes differ in length");

    reader->segment.count = 0;
    int32_t *segment = pile_add(&reader->segment, sizeof *segment, (size_t)lists->num_nodes,
                                reader->grove.arena, err);
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

static bool read_split(const struct tree_reader *reader, size_t index, struct sprout *out,
                       struct err *err)
{
    const struct tree_lists *lists = &reader->lists;
    int32_t type = lists->has_split_type ? whole_at(&lists->split_type, index) : 0;
    int32_t segment = ((const int32_t *)reader->segment.item)[index];
    if (type != 0 && type != 1)
        return err_set(err, ERR_MODEL, "split_type %d is neither 0 (number) nor 1 (category)",
                       type);
    if (type == 0 && segment != 0)
        return err_set(err, ERR_MODEL, "it splits on a number and lists categories");
    if (type == 1 && segment == 0)
        return err_set(err, ERR_MODEL, "it splits on categories and lists none");
    int32_t missing_left = whole_at(&lists->default_left, index);
    if (missing_left != 0 && missing_left != 1)
        return err_set(err, ERR_MODEL, "default_left is %d", missing_left);

    out->feature = whole_at(&lists->split_indices, index);
    out->missing_left = missing_left == 1;
    out->categorical = type == 1;
    out->threshold = float_at(&lists->split_conditions, index);
    if (type == 1) {
        size_t at = (size_t)segment - 1;
        out->category = (const int32_t *)lists->categories.pile.item +
                        whole_at(&lists->categories_segments, at);
        out->category_count = (size_t)whole_at(&lists->categories_sizes, at);
    }
    return true;
}

static bool check_parent(const struct tree_lists *lists, int64_t child, size_t parent,
                         struct err *err)
{
    if (!lists->has_parents || child <= 0 || child >= lists->num_nodes)
        return true; /* the grove says what is wrong with those */
    int32_t says = whole_at(&lists->parents, (size_t)child);
    return says == (int64_t)parent ||
           err_set(err, ERR_MODEL, "its child %lld says that its parent is %d", (long long)child,
                   says);
}

/* The double of a leaf, which its float must be the nearest to: an edited file may have changed
 * one of them only. */
static bool read_double(const struct tree_lists *lists, size_t index, double *out, struct err *err)
{
    uint64_t bits = (uint64_t)(uint32_t)whole_at(&lists->doubles, index * 2) << 32 |
                    (uint32_t)whole_at(&lists->doubles, index * 2 + 1);
    double value;
    memcpy(&value, &bits, sizeof value);
    if ((float)value != float_at(&lists->split_conditions, index))
        return err_set(err, ERR_MODEL, "%s says %.17g, and split_conditions %.9g",
                       XGBOOST_DOUBLES_KEY, value,
                       (double)float_at(&lists->split_conditions, index));
    *out = value;
    return true;
}

static bool read_node(const void *from, size_t index, struct sprout *out, struct err *err)
{
    const struct tree_reader *reader = from;
    const struct tree_lists *lists = &reader->lists;
    *out = (struct sprout){
        .left = whole_at(&lists->left_children, index),
        .right = whole_at(&lists->right_children, index),
        .cover = float_at(&lists->sum_hessian, index),
        .gain = float_at(&lists->loss_changes, index),
    };
    if (out->left == -1 && out->right == -1) {
        out->weight = (double)float_at(&lists->split_conditions, index);
        return !lists->has_doubles || read_double(lists, index, &out->weight, err);
    }
    return check_parent(lists, out->left, index, err) &&
           check_parent(lists, out->right, index, err) && read_split(reader, index, out, err);
}

bool tree_read(struct tree_reader *reader, struct tokens *tokens, struct err *err)
{
    const struct tree_lists *lists = &reader->lists;
    if (!read_lists(reader, tokens, err) || !check_lengths(&reader->lists, err) ||
        !check_doubles(reader, err) || !index_categories(reader, err))
        return false;
    if (lists->has_id && lists->id != (int64_t)reader->grove.root.count)
        return err_set(err, ERR_MODEL, "it calls itself tree %lld", (long long)lists->id);
    struct sapling sapling = {
        .from = reader,
        .node = read_node,
        .count = (size_t)lists->num_nodes,
        .deleted = (size_t)lists->num_deleted,
    };
    return grove_plant(&reader->grove, &sapling, err);
}
