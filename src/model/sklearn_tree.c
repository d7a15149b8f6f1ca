#include "model/sklearn_tree.h"

#include "model/numpy.h"

#include <math.h>

/* The least a node takes in a file; so a file has no more nodes than its size over this. */
static bool spend(struct sklearn_source *source, size_t nodes, struct err *err)
{
    if (nodes > source->left)
        return err_set(err, ERR_MODEL, "the trees have more nodes than the file has room for");
    source->left -= nodes;
    return true;
}

/* ---------------------------------------------------------------- sklearn.tree */

struct tree {
    const struct sklearn_leaf *leaf;
    struct numpy_column left, right, feature, threshold, impurity, cover, missing_left, value;
    struct numpy values;
    size_t outputs; /* values a node has */
    bool has_missing;
};

static size_t value_place(const struct tree *tree, size_t node, size_t output)
{
    return tree->values.fortran ? output * tree->left.count + node : node * tree->outputs + output;
}

static double leaf_weight(const struct tree *tree, size_t index)
{
    const struct sklearn_leaf *leaf = tree->leaf;
    double value = numpy_number(&tree->value, value_place(tree, index, 0));
    if (leaf->share) {
        double positive = numpy_number(&tree->value, value_place(tree, index, 1));
        double sum = value + positive; /* 1 since scikit-learn 1.3, weights of samples before */
        value = sum == 0 ? 0 : positive / sum;
    }
    value = leaf->base + leaf->factor * value;
    return leaf->divide == 0 ? value : value / leaf->divide;
}

/* How much a split took from the weighted impurity. */
static double gain_of(const struct tree *tree, size_t index, int64_t left, int64_t right)
{
    const size_t count = tree->left.count;
    if (left < 0 || right < 0 || (size_t)left >= count || (size_t)right >= count)
        return 0; /* the grove refuses such a node */
    double gain =
        numpy_number(&tree->cover, index) * numpy_number(&tree->impurity, index) -
        numpy_number(&tree->cover, (size_t)left) * numpy_number(&tree->impurity, (size_t)left) -
        numpy_number(&tree->cover, (size_t)right) * numpy_number(&tree->impurity, (size_t)right);
    return isfinite(gain) ? gain : 0;
}

static bool tree_node(const void *from, size_t index, struct sprout *out, struct err *err UNUSED)
{
    const struct tree *tree = from;
    int64_t left = numpy_whole(&tree->left, index), right = numpy_whole(&tree->right, index);
    double cover = numpy_number(&tree->cover, index);
    *out = (struct sprout){.left = left, .right = right, .cover = (float)cover};
    if (left == -1 && right == -1) {
        out->weight = leaf_weight(tree, index);
        return true;
    }
    out->feature = numpy_whole(&tree->feature, index);
    out->threshold = threshold_above(numpy_number(&tree->threshold, index));
    out->missing_left = tree->has_missing && numpy_whole(&tree->missing_left, index) != 0;
    out->gain = (float)gain_of(tree, index, left, right);
    return true;
}

static bool read_values(const struct pickle *value, struct tree *tree, struct err *err)
{
    struct numpy *values = &tree->values;
    if (!numpy_of(value, values, err) || !numpy_numbers(values, &tree->value, err))
        return err_while(err, "values");
    tree->outputs = tree->leaf->share ? 2 : 1;
    if (values->dimensions != 3 || values->shape[0] != tree->left.count || values->shape[1] != 1 ||
        values->shape[2] != tree->outputs)
        return err_set(err, ERR_MODEL, "its values are not %zu for each of %zu nodes",
                       tree->outputs, tree->left.count);
    return true;
}

bool sklearn_plant_tree(struct sklearn_source *source, const struct pickle *value,
                        const struct sklearn_leaf *leaf, struct err *err)
{
    struct tree tree = {.leaf = leaf};
    struct numpy nodes;
    int64_t features;
    if (!pickle_is_in(value, "sklearn", "_tree.Tree"))
        return err_set(err, ERR_MODEL, "tree_ is " VIEW_FMT ", not a Tree",
                       VIEW_ARG(pickle_describe(value)));
    if (!pickle_whole(pickle_argument(value, 0), &features) || features < 0)
        return err_set(err, ERR_MODEL, "the tree does not say how many features it has");
    if (source->features >= 0 && features != source->features)
        return err_set(err, ERR_MODEL, "the tree has %lld features, the model has %lld",
                       (long long)features, (long long)source->features);
    source->features = features;
    if (!numpy_of(pickle_attribute(value, "nodes"), &nodes, err))
        return err_while(err, "nodes");
    tree.has_missing = numpy_has_field(&nodes, "missing_go_to_left");
    if (!numpy_field(&nodes, "left_child", &tree.left, err) ||
        !numpy_field(&nodes, "right_child", &tree.right, err) ||
        !numpy_field(&nodes, "feature", &tree.feature, err) ||
        !numpy_field(&nodes, "threshold", &tree.threshold, err) ||
        !numpy_field(&nodes, "impurity", &tree.impurity, err) ||
        !numpy_field(&nodes, "weighted_n_node_samples", &tree.cover, err) ||
        (tree.has_missing && !numpy_field(&nodes, "missing_go_to_left", &tree.missing_left, err)))
        return err_while(err, "nodes");
    source->missing_unseen = source->missing_unseen || !tree.has_missing;
    if (!read_values(pickle_attribute(value, "values"), &tree, err) ||
        !spend(source, nodes.count, err))
        return false;
    const struct sapling sapling = {.from = &tree, .node = tree_node, .count = nodes.count};
    return grove_plant(source->grove, &sapling, err);
}

/* ---------------------------------------------------------------- histogram gradient boosting */

struct predictor {
    struct numpy_column left, right, feature, threshold, missing_left, is_leaf, value, count, gain;
    struct numpy_column is_categorical, set, bits;
    struct numpy sets;
    bool has_categories;
    const struct category_bits *known;
    size_t known_count;
    double base;
    int32_t *code; /* room for 256 */
};

enum { SET_WORDS = 8, CODES = 32 * SET_WORDS };

/*
 * scikit-learn: in the set goes left; not in it, but seen in training, goes right; all others go
 * where the missing go. Ours: in the set goes right, all others left. When the missing go left, the
 * set that goes right is the codes seen less the ones in the set. When they go right, the children
 * change sides and the set stays as it is.
 */
static bool predictor_categories(const struct predictor *predictor, size_t index,
                                 struct sprout *out, struct err *err)
{
    if (out->feature < 0 || (size_t)out->feature >= predictor->known_count)
        return err_set(err, ERR_MODEL, "it splits feature %lld by category, which has none",
                       (long long)out->feature);
    int64_t set = numpy_whole(&predictor->set, index);
    if (set < 0 || (size_t)set >= predictor->sets.shape[0])
        return err_set(err, ERR_MODEL, "its set of categories %lld does not exist", (long long)set);
    const struct category_bits *known = &predictor->known[out->feature];
    size_t count = 0;
    for (uint32_t code = 0; code < CODES; code++) {
        size_t place = numpy_place(&predictor->sets, (size_t)set, code / 32);
        bool in_set = numpy_whole(&predictor->bits, place) >> code % 32 & 1;
        bool seen = known->word[code / 32] >> code % 32 & 1;
        if (out->missing_left ? seen && !in_set : in_set)
            predictor->code[count++] = (int32_t)code;
    }
    if (!out->missing_left) {
        int64_t left = out->left;
        out->left = out->right;
        out->right = left;
        out->missing_left = true;
    }
    out->categorical = true;
    out->category = predictor->code;
    out->category_count = count;
    return true;
}

static bool predictor_node(const void *from, size_t index, struct sprout *out, struct err *err)
{
    const struct predictor *predictor = from;
    *out = (struct sprout){
        .left = -1,
        .right = -1,
        .cover = (float)numpy_number(&predictor->count, index),
    };
    if (numpy_whole(&predictor->is_leaf, index) != 0) {
        out->weight = predictor->base + numpy_number(&predictor->value, index);
        return true;
    }
    double gain = numpy_number(&predictor->gain, index);
    out->left = numpy_whole(&predictor->left, index);
    out->right = numpy_whole(&predictor->right, index);
    if (out->left <= 0 || out->right <= 0) /* 0 is what leaves have: the root is nobody's child */
        return err_set(err, ERR_MODEL, "it is no leaf and has no children");
    out->feature = numpy_whole(&predictor->feature, index);
    out->missing_left = numpy_whole(&predictor->missing_left, index) != 0;
    out->gain = isfinite(gain) && gain > 0 ? (float)gain : 0;
    if (predictor->has_categories && numpy_whole(&predictor->is_categorical, index) != 0)
        return predictor_categories(predictor, index, out, err);
    out->threshold = threshold_past(numpy_number(&predictor->threshold, index));
    return true;
}

static bool read_sets(const struct pickle *value, const struct numpy *nodes,
                      struct predictor *predictor, struct err *err)
{
    predictor->has_categories = numpy_has_field(nodes, "is_categorical"); /* since 0.24 */
    if (predictor->has_categories &&
        (!numpy_field(nodes, "is_categorical", &predictor->is_categorical, err) ||
         !numpy_field(nodes, "bitset_idx", &predictor->set, err)))
        return false;
    if (predictor->known == NULL)
        return true;
    if (!numpy_of(pickle_attribute(value, "raw_left_cat_bitsets"), &predictor->sets, err) ||
        !numpy_numbers(&predictor->sets, &predictor->bits, err))
        return err_while(err, "raw_left_cat_bitsets");
    const struct numpy *sets = &predictor->sets;
    if (sets->dimensions != 2 || sets->shape[1] != SET_WORDS || sets->size != sizeof(uint32_t))
        return err_set(err, ERR_MODEL, "raw_left_cat_bitsets is not %d words a set", SET_WORDS);
    return true;
}

bool sklearn_plant_predictor(struct sklearn_source *source, const struct pickle *value,
                             const struct category_bits *known, size_t known_count, double base,
                             struct err *err)
{
    struct predictor predictor = {.known = known, .known_count = known_count, .base = base};
    struct numpy nodes;
    int32_t code[CODES];
    predictor.code = code;
    if (!pickle_is_in(value, "sklearn", "predictor.TreePredictor"))
        return err_set(err, ERR_MODEL, "it is " VIEW_FMT ", not a TreePredictor",
                       VIEW_ARG(pickle_describe(value)));
    if (!numpy_of(pickle_attribute(value, "nodes"), &nodes, err))
        return err_while(err, "nodes");
    /* `num_threshold` since 0.24, `threshold` before. */
    const char *threshold =
        numpy_has_field(&nodes, "num_threshold") ? "num_threshold" : "threshold";
    if (!numpy_field(&nodes, "left", &predictor.left, err) ||
        !numpy_field(&nodes, "right", &predictor.right, err) ||
        !numpy_field(&nodes, "feature_idx", &predictor.feature, err) ||
        !numpy_field(&nodes, threshold, &predictor.threshold, err) ||
        !numpy_field(&nodes, "missing_go_to_left", &predictor.missing_left, err) ||
        !numpy_field(&nodes, "is_leaf", &predictor.is_leaf, err) ||
        !numpy_field(&nodes, "value", &predictor.value, err) ||
        !numpy_field(&nodes, "count", &predictor.count, err) ||
        !numpy_field(&nodes, "gain", &predictor.gain, err) ||
        !read_sets(value, &nodes, &predictor, err))
        return err_while(err, "nodes");
    if (!spend(source, nodes.count, err))
        return false;
    const struct sapling sapling = {
        .from = &predictor, .node = predictor_node, .count = nodes.count};
    return grove_plant(source->grove, &sapling, err);
}
