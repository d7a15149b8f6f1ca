#include "model/onnx_ensemble.h"

#include <math.h>

/* The place of one entry of the lists, found by its tree and its name there. */
struct place {
    int64_t tree, name;
    uint32_t entry;
};

/* Which sum a leaf's weight belongs to: what ONNX calls class or target. */
enum { SUMS_MAX = 2 };

struct reader {
    struct onnx_ensemble *ensemble;
    struct arena *arena;

    const int64_t *tree, *name, *feature, *yes, *no, *missing_yes; /* by entry */
    const struct view *mode;
    const double *value;
    size_t count;

    struct place *place;      /* by tree, then name */
    double *weight[SUMS_MAX]; /* by place */
    bool weighed[SUMS_MAX];   /* some leaf has a weight of this sum */
    bool negative;            /* some weight is below zero */

    size_t first, length, root; /* of the tree being planted, in `place` */
};

/* ---------------------------------------------------------------- the lists */

static bool need(const struct reader *reader, const char *name, const struct onnx_attribute **out,
                 struct err *err)
{
    *out = onnx_find(reader->ensemble->node, name);
    return *out != NULL || err_set(err, ERR_MODEL, "%s is missing", name);
}

static bool check_length(const char *name, size_t count, size_t wanted, struct err *err)
{
    return count == wanted || err_set(err, ERR_MODEL, "%s has %zu entries, nodes_nodeids has %zu",
                                      name, count, wanted);
}

static bool read_wholes(const struct reader *reader, const char *name, const int64_t **out,
                        struct err *err)
{
    const struct onnx_attribute *attribute;
    if (!need(reader, name, &attribute, err))
        return false;
    *out = attribute->wholes;
    return check_length(name, attribute->whole_count, reader->count, err);
}

/* Numbers of which newer files may have a list of doubles, under a name of its own. */
static const struct onnx_attribute *find_numbers(const struct reader *reader, const char *name)
{
    char bytes[64];
    struct text exact = text_in(bytes, sizeof bytes);
    text_addf(&exact, "%s_as_tensor", name);
    const struct onnx_attribute *attribute = onnx_find(reader->ensemble->node, text_c(&exact));
    return attribute != NULL ? attribute : onnx_find(reader->ensemble->node, name);
}

static bool read_lists(struct reader *reader, struct err *err)
{
    const struct onnx_attribute *attribute;
    if (!need(reader, "nodes_nodeids", &attribute, err))
        return false;
    reader->name = attribute->wholes;
    reader->count = attribute->whole_count;
    if (reader->count == 0)
        return err_set(err, ERR_MODEL, "the model has no trees");
    if (reader->count > FOREST_NODES_MAX)
        return err_set(err, ERR_LIMIT, "more than %d nodes", FOREST_NODES_MAX);
    if (!read_wholes(reader, "nodes_treeids", &reader->tree, err) ||
        !read_wholes(reader, "nodes_featureids", &reader->feature, err) ||
        !read_wholes(reader, "nodes_truenodeids", &reader->yes, err) ||
        !read_wholes(reader, "nodes_falsenodeids", &reader->no, err) ||
        !need(reader, "nodes_modes", &attribute, err) ||
        !check_length("nodes_modes", attribute->text_count, reader->count, err))
        return false;
    reader->mode = attribute->texts;
    attribute = find_numbers(reader, "nodes_values");
    if (attribute == NULL)
        return err_set(err, ERR_MODEL, "nodes_values is missing");
    reader->value = attribute->number;
    if (!check_length("nodes_values", attribute->number_count, reader->count, err))
        return false;
    attribute = onnx_find(reader->ensemble->node, "nodes_missing_value_tracks_true");
    if (attribute == NULL || attribute->whole_count == 0)
        return true;
    reader->missing_yes = attribute->wholes;
    return check_length("nodes_missing_value_tracks_true", attribute->whole_count, reader->count,
                        err);
}

static int order_places(const void *a, const void *b)
{
    const struct place *first = a, *second = b;
    if (first->tree != second->tree)
        return first->tree < second->tree ? -1 : 1;
    return first->name < second->name ? -1 : first->name > second->name;
}

static bool sort_places(struct reader *reader, struct err *err)
{
    reader->place = arena_new(reader->arena, struct place, reader->count);
    for (size_t sum = 0; sum < SUMS_MAX; sum++)
        reader->weight[sum] = arena_new(reader->arena, double, reader->count);
    if (reader->place == NULL || reader->weight[0] == NULL || reader->weight[1] == NULL)
        return err_set(err, ERR_LIMIT, "the model does not fit the %zu bytes it may take",
                       reader->arena->limit);
    for (size_t i = 0; i < reader->count; i++)
        reader->place[i] =
            (struct place){.tree = reader->tree[i], .name = reader->name[i], .entry = (uint32_t)i};
    qsort(reader->place, reader->count, sizeof *reader->place, order_places);
    for (size_t i = 1; i < reader->count; i++)
        if (order_places(&reader->place[i - 1], &reader->place[i]) == 0)
            return err_set(err, ERR_MODEL, "tree %lld has two nodes %lld",
                           (long long)reader->place[i].tree, (long long)reader->place[i].name);
    return true;
}

/* NULL: there is no such node. */
static const struct place *find_place(const struct reader *reader, int64_t tree, int64_t name)
{
    struct place key = {.tree = tree, .name = name};
    return bsearch(&key, reader->place, reader->count, sizeof key, order_places);
}

static bool is_leaf(const struct reader *reader, size_t place)
{
    return view_is(reader->mode[reader->place[place].entry], "LEAF");
}

/* --------------------------------------------------------------- the weights */

static bool add_weight(struct reader *reader, int64_t tree, int64_t name, int64_t sum,
                       double weight, struct err *err)
{
    const struct place *place = find_place(reader, tree, name);
    if (place == NULL || !is_leaf(reader, (size_t)(place - reader->place)))
        return err_set(err, ERR_MODEL, "a weight is for node %lld of tree %lld, which is no leaf",
                       (long long)name, (long long)tree);
    if (sum < 0 || sum >= SUMS_MAX)
        return err_set(err, ERR_MODEL, "a weight is for output %lld: one or two are supported",
                       (long long)sum);
    if (!isfinite(weight))
        return err_set(err, ERR_MODEL, "a weight of tree %lld is not finite", (long long)tree);
    reader->weight[sum][place - reader->place] += weight;
    reader->weighed[sum] = true;
    reader->negative = reader->negative || weight < 0;
    return true;
}

/* The four lists "class_treeids" and so on, or "target_treeids". */
static bool read_weights(struct reader *reader, const char *prefix, struct err *err)
{
    static const char *const suffix[] = {"treeids", "nodeids", "ids"};
    const struct onnx_attribute *list[LENGTH_OF(suffix)];
    char bytes[64];
    for (size_t i = 0; i < LENGTH_OF(suffix); i++) {
        struct text name = text_in(bytes, sizeof bytes);
        text_addf(&name, "%s_%s", prefix, suffix[i]);
        if (!need(reader, text_c(&name), &list[i], err))
            return false;
    }
    struct text name = text_in(bytes, sizeof bytes);
    text_addf(&name, "%s_weights", prefix);
    const struct onnx_attribute *weights = find_numbers(reader, text_c(&name));
    size_t count = list[0]->whole_count;
    if (weights == NULL || weights->number_count != count || list[1]->whole_count != count ||
        list[2]->whole_count != count)
        return err_set(err, ERR_MODEL, "%s_treeids, _nodeids, _ids and _weights differ in length",
                       prefix);
    for (size_t i = 0; i < count; i++)
        if (!add_weight(reader, list[0]->wholes[i], list[1]->wholes[i], list[2]->wholes[i],
                        weights->number[i], err))
            return false;
    return true;
}

/* What the sum starts from. */
static bool read_base(const struct reader *reader, size_t *count, double base[SUMS_MAX],
                      struct err *err)
{
    const struct onnx_attribute *attribute = find_numbers(reader, "base_values");
    *count = attribute == NULL ? 0 : attribute->number_count;
    if (*count > SUMS_MAX)
        return err_set(err, ERR_MODEL, "base_values has %zu entries", *count);
    for (size_t i = 0; i < *count; i++) {
        base[i] = attribute->number[i];
        if (!isfinite(base[i]))
            return err_set(err, ERR_MODEL, "base_values: entry %zu is not finite", i);
    }
    return true;
}

static struct view transform_of(const struct reader *reader)
{
    const struct onnx_attribute *attribute = onnx_find(reader->ensemble->node, "post_transform");
    return attribute == NULL ? VIEW("NONE") : attribute->text;
}

static bool refuse_transform(struct view transform, struct err *err)
{
    return err_set(err, ERR_MODEL, "post_transform '" VIEW_FMT "' is not supported here",
                   VIEW_ARG(transform));
}

/* Both sums have weights: the score is the second one, or what softmax makes of the two. */
static bool join_two_sums(struct reader *reader, struct view transform, size_t base_count,
                          double base[SUMS_MAX], struct err *err)
{
    bool softmax = view_is(transform, "SOFTMAX");
    if (!softmax && !view_is(transform, "NONE") && !view_is(transform, "LOGISTIC"))
        return refuse_transform(transform, err);
    if (base_count == 1)
        return err_set(err, ERR_MODEL, "base_values has 1 entry for two classes");
    for (size_t i = 0; i < reader->count; i++)
        reader->weight[0][i] = reader->weight[1][i] - (softmax ? reader->weight[0][i] : 0);
    base[0] = base[1] - (softmax ? base[0] : 0);
    reader->ensemble->sigmoid = !view_is(transform, "NONE");
    return true;
}

/*
 * One sum has weights: that of the positive class, whichever class they name. With LOGISTIC,
 * ONNX Runtime takes the sum for a probability already when no weight is negative, and the
 * standard's own evaluator does not.
 */
static bool take_one_sum(struct reader *reader, struct view transform, size_t base_count,
                         double base[SUMS_MAX], struct err *err)
{
    bool logistic = view_is(transform, "LOGISTIC");
    if (!logistic && !view_is(transform, "NONE"))
        return refuse_transform(transform, err);
    if (logistic && !reader->negative)
        return err_set(
            err, ERR_MODEL,
            "post_transform 'LOGISTIC' where no weight is negative means one thing to "
            "ONNX Runtime and another to the standard: bring the model in its own format");
    if (reader->weighed[1])
        reader->weight[0] = reader->weight[1];
    base[0] = base_count == SUMS_MAX ? base[1] : base[0];
    reader->ensemble->sigmoid = logistic;
    return true;
}

static bool read_classifier(struct reader *reader, size_t base_count, double base[SUMS_MAX],
                            struct err *err)
{
    const struct onnx_node *node = reader->ensemble->node;
    const struct onnx_attribute *numbers = onnx_find(node, "classlabels_int64s");
    const struct onnx_attribute *texts = onnx_find(node, "classlabels_strings");
    size_t classes =
        (numbers == NULL ? 0 : numbers->whole_count) + (texts == NULL ? 0 : texts->text_count);
    if (classes != SUMS_MAX)
        return err_set(err, ERR_MODEL, "%zu classes are not supported: two are", classes);
    if (numbers == NULL || numbers->whole_count != SUMS_MAX)
        return err_set(err, ERR_MODEL,
                       "its labels are texts, and which one is fraud it cannot say: train it on a "
                       "label of 0 and 1");
    if (!read_weights(reader, "class", err))
        return false;
    bool both = reader->weighed[0] && reader->weighed[1];
    return (both ? join_two_sums : take_one_sum)(reader, transform_of(reader), base_count, base,
                                                 err);
}

static bool read_regressor(struct reader *reader, size_t base_count, struct err *err)
{
    const struct onnx_attribute *targets = onnx_find(reader->ensemble->node, "n_targets");
    if (targets != NULL && targets->whole != 1)
        return err_set(err, ERR_MODEL, "%lld targets are not supported: train one model per target",
                       (long long)targets->whole);
    if (!view_is(transform_of(reader), "NONE"))
        return refuse_transform(transform_of(reader), err);
    if (!read_weights(reader, "target", err))
        return false;
    if (reader->weighed[1] || base_count > 1)
        return err_set(err, ERR_MODEL, "the weights are for two targets, n_targets is 1");
    return true;
}

static size_t count_trees(const struct reader *reader)
{
    size_t trees = 1;
    for (size_t i = 1; i < reader->count; i++)
        trees += reader->place[i].tree != reader->place[i - 1].tree;
    return trees;
}

/* Averages and the base go into the leaves: the base into those of the first tree. */
static void settle_weights(struct reader *reader, bool average, double base)
{
    double divisor = average ? (double)count_trees(reader) : 1;
    for (size_t i = 0; i < reader->count; i++) {
        reader->weight[0][i] /= divisor;
        if (reader->place[i].tree == reader->place[0].tree)
            reader->weight[0][i] += base;
    }
}

static bool read_sums(struct reader *reader, struct err *err)
{
    size_t base_count;
    double base[SUMS_MAX] = {0};
    const struct onnx_node *node = reader->ensemble->node;
    const struct onnx_attribute *aggregate = onnx_find(node, "aggregate_function");
    bool average = aggregate != NULL && view_is(aggregate->text, "AVERAGE");
    if (aggregate != NULL && !average && !view_is(aggregate->text, "SUM"))
        return err_set(err, ERR_MODEL, "aggregate_function '" VIEW_FMT "' is not supported",
                       VIEW_ARG(aggregate->text));
    if (!read_base(reader, &base_count, base, err))
        return false;
    if (view_is(node->op, "TreeEnsembleClassifier")
            ? !read_classifier(reader, base_count, base, err)
            : !read_regressor(reader, base_count, err))
        return false;
    settle_weights(reader, average, base[0]);
    return true;
}

/* ------------------------------------------------------------- the thresholds */

/* Floats in their order as whole numbers without gaps: -inf is the first. */
static float float_at_step(int64_t step)
{
    int32_t bits = step >= 0 ? (int32_t)step : (int32_t)(INT32_MIN - step);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static double scaler_number(const double *number, size_t count, int64_t feature)
{
    return number[count == 1 ? 0 : feature];
}

static float scaled(const struct onnx_ensemble *ensemble, int64_t feature, float value)
{
    for (size_t i = 0; i < ensemble->scaler_count; i++) {
        const struct onnx_scaler *scaler = &ensemble->scaler[i];
        float offset = (float)scaler_number(scaler->offset, scaler->offset_count, feature);
        float scale = (float)scaler_number(scaler->scale, scaler->scale_count, feature);
        value = (value - offset) * scale;
    }
    return value;
}

static bool check_scalers(const struct onnx_ensemble *ensemble, int64_t feature, struct err *err)
{
    for (size_t i = 0; i < ensemble->scaler_count; i++) {
        const struct onnx_scaler *scaler = &ensemble->scaler[i];
        if ((scaler->offset_count != 1 && feature >= (int64_t)scaler->offset_count) ||
            (scaler->scale_count != 1 && feature >= (int64_t)scaler->scale_count))
            return err_set(err, ERR_MODEL, "the Scaler has no feature %lld", (long long)feature);
        double scale = scaler_number(scaler->scale, scaler->scale_count, feature);
        if (!(isfinite(scale) && scale > 0) ||
            !isfinite(scaler_number(scaler->offset, scaler->offset_count, feature)))
            return err_set(err, ERR_MODEL,
                           "the Scaler's offset or scale %g of feature %lld is not one that keeps "
                           "the order of numbers",
                           scale, (long long)feature);
    }
    return true;
}

/* The least float that, scaled, is not less than the threshold. */
static float unscaled(const struct onnx_ensemble *ensemble, int64_t feature, float threshold)
{
    const int64_t infinity = 0x7f800000;
    int64_t below = -infinity - 1, reached = infinity; /* infinity, scaled, is infinity */
    while (reached - below > 1) {
        int64_t middle = below + (reached - below) / 2;
        if (scaled(ensemble, feature, float_at_step(middle)) >= threshold)
            reached = middle;
        else
            below = middle;
    }
    return float_at_step(reached);
}

/* ---------------------------------------------------------------- the trees */

/* The sapling's node 0 is its root, which may stand anywhere in the file: the two are exchanged. */
static size_t exchanged(const struct reader *reader, size_t index)
{
    return index == 0 ? reader->root : index == reader->root ? 0 : index;
}

static bool find_child(const struct reader *reader, int64_t tree, int64_t name, int64_t *out,
                       struct err *err)
{
    const struct place *place = find_place(reader, tree, name);
    if (place == NULL)
        return err_set(err, ERR_MODEL, "its child %lld does not exist", (long long)name);
    *out = (int64_t)exchanged(reader, (size_t)(place - reader->place) - reader->first);
    return true;
}

static bool read_split(const struct reader *reader, size_t entry, struct sprout *out,
                       struct err *err)
{
    static const struct {
        const char *mode;
        bool or_equal; /* x <= t, else x < t */
        bool opposite; /* the test is true on the other side */
    } modes[] = {{"BRANCH_LEQ", true, false},
                 {"BRANCH_LT", false, false},
                 {"BRANCH_GT", true, true},
                 {"BRANCH_GTE", false, true}};
    size_t i = 0;
    while (i < LENGTH_OF(modes) && !view_is(reader->mode[entry], modes[i].mode))
        i++;
    if (i == LENGTH_OF(modes))
        return err_set(err, ERR_MODEL, "mode '" VIEW_FMT "' is not supported",
                       VIEW_ARG(reader->mode[entry]));
    double value = reader->value[entry];
    if (isnan(value))
        return err_set(err, ERR_MODEL, "its threshold is NaN");
    /* x < t on a double t is x < the least float that is not below it. */
    float nearest = (float)value;
    out->threshold = modes[i].or_equal          ? threshold_above(value)
                     : (double)nearest >= value ? nearest
                                                : nextafterf(nearest, INFINITY);
    bool missing_yes = reader->missing_yes != NULL && reader->missing_yes[entry] != 0;
    out->missing_left = missing_yes != modes[i].opposite;
    if (modes[i].opposite) {
        int64_t yes = out->left;
        out->left = out->right;
        out->right = yes;
    }
    return true;
}

static bool read_node(const void *from, size_t index, struct sprout *out, struct err *err)
{
    const struct reader *reader = from;
    const struct onnx_ensemble *ensemble = reader->ensemble;
    size_t at = reader->first + exchanged(reader, index), entry = reader->place[at].entry;
    if (is_leaf(reader, at)) {
        out->weight = reader->weight[0][at];
        return true;
    }
    int64_t tree = reader->place[at].tree;
    out->feature = reader->feature[entry];
    if (out->feature < 0 || out->feature >= FOREST_FEATURES_MAX)
        return err_set(err, ERR_MODEL, "feature %lld is out of range", (long long)out->feature);
    if (!find_child(reader, tree, reader->yes[entry], &out->left, err) ||
        !find_child(reader, tree, reader->no[entry], &out->right, err) ||
        !read_split(reader, entry, out, err))
        return false;
    if (ensemble->scaler_count == 0)
        return true;
    if (!check_scalers(ensemble, out->feature, err))
        return false;
    out->threshold = unscaled(ensemble, out->feature, out->threshold);
    return true;
}

/* The node that is nobody's child; the first one, when there is none. */
static bool find_root(struct reader *reader, bool *child, struct err *err)
{
    memset(child, 0, reader->length * sizeof *child);
    reader->root = 0;
    for (size_t i = 0; i < reader->length; i++) {
        const struct place *place = &reader->place[reader->first + i];
        if (is_leaf(reader, reader->first + i))
            continue;
        const int64_t names[] = {reader->yes[place->entry], reader->no[place->entry]};
        for (size_t side = 0; side < LENGTH_OF(names); side++) {
            int64_t at;
            if (!find_child(reader, place->tree, names[side], &at, err))
                return err_while(err, "node %lld", (long long)place->name);
            child[at] = true;
        }
    }
    while (reader->root < reader->length && child[reader->root])
        reader->root++;
    reader->root = reader->root == reader->length ? 0 : reader->root;
    return true;
}

/* Every leaf counts as one row. Children come after their parents. */
static void count_leaves(struct grove *grove)
{
    const struct node *node = grove->node.item;
    float *cover = grove->cover.item;
    for (size_t i = grove->node.count; i-- > 0;)
        cover[i] = node_is_leaf(&node[i]) ? 1 : cover[node[i].left] + cover[node[i].left + 1];
}

static bool plant_trees(struct reader *reader, struct err *err)
{
    bool *child = arena_new(reader->arena, bool, reader->count);
    if (child == NULL)
        return err_set(err, ERR_LIMIT, "the model does not fit the %zu bytes it may take",
                       reader->arena->limit);
    for (reader->first = 0; reader->first < reader->count; reader->first += reader->length) {
        int64_t tree = reader->place[reader->first].tree;
        reader->length = 1;
        while (reader->first + reader->length < reader->count &&
               reader->place[reader->first + reader->length].tree == tree)
            reader->length++;
        struct sapling sapling = {.from = reader, .node = read_node, .count = reader->length};
        if (!find_root(reader, child, err) || !grove_plant(&reader->ensemble->grove, &sapling, err))
            return err_while(err, "tree %lld", (long long)tree);
    }
    count_leaves(&reader->ensemble->grove);
    return true;
}

bool onnx_plant(struct onnx_ensemble *ensemble, struct err *err)
{
    struct reader reader = {.ensemble = ensemble, .arena = ensemble->grove.arena};
    return read_lists(&reader, err) && sort_places(&reader, err) && read_sums(&reader, err) &&
           plant_trees(&reader, err);
}
