#include "model/lightgbm.h"

#include "base/number.h"
#include "model/import.h"
#include "model/lightgbm_tree.h"

#include <math.h>

/* The lines before the first tree that matter. */
enum header_key {
    VERSION,
    CLASSES,
    TREES_PER_ROUND,
    LAST_FEATURE,
    OBJECTIVE,
    AVERAGE,
    NAMES,
    INFOS,
    SIZES,
    HEADER_KEYS,
};

static const char *const header_name[HEADER_KEYS] = {
    [VERSION] = "version",
    [CLASSES] = "num_class",
    [TREES_PER_ROUND] = "num_tree_per_iteration",
    [LAST_FEATURE] = "max_feature_idx",
    [OBJECTIVE] = "objective",
    [AVERAGE] = "average_output",
    [NAMES] = "feature_names",
    [INFOS] = "feature_infos",
    [SIZES] = "tree_sizes",
};

/* LightGBM's objectives with one output, and its own other names for them. */
enum link { LINK_SIGMOID, LINK_NONE };

static const struct {
    const char *name;
    enum link link;
} links[] = {
    {"binary", LINK_SIGMOID},
    {"cross_entropy", LINK_SIGMOID},
    {"xentropy", LINK_SIGMOID},
    {"regression", LINK_NONE},
    {"regression_l2", LINK_NONE},
    {"l2", LINK_NONE},
    {"mean_squared_error", LINK_NONE},
    {"mse", LINK_NONE},
    {"l2_root", LINK_NONE},
    {"root_mean_squared_error", LINK_NONE},
    {"rmse", LINK_NONE},
    {"regression_l1", LINK_NONE},
    {"l1", LINK_NONE},
    {"mean_absolute_error", LINK_NONE},
    {"mae", LINK_NONE},
    {"huber", LINK_NONE},
    {"fair", LINK_NONE},
    {"quantile", LINK_NONE},
    {"mape", LINK_NONE},
    {"custom", LINK_NONE},
    {"none", LINK_NONE},
};

struct reader {
    struct arena scratch;
    struct arena *arena; /* the forest's */
    struct view value[HEADER_KEYS];
    bool seen[HEADER_KEYS];
    struct lightgbm_trees trees;
    enum link link;
    double sigmoid; /* the factor of binary */
    int64_t feature_count;
};

static void forget(struct reader *reader)
{
    arena_release(&reader->scratch);
}

static bool full(const struct arena *arena, struct err *err)
{
    return err_set(err, ERR_LIMIT, "the model does not fit the %zu bytes it may take",
                   arena->limit);
}

/* ---------------------------------------------------------------- the header */

static bool keep(struct reader *reader, struct view key, struct view value, struct err *err)
{
    for (size_t i = 0; i < HEADER_KEYS; i++) {
        if (!view_is(key, header_name[i]))
            continue;
        if (reader->seen[i])
            return err_set(err, ERR_MODEL, "the line '%s' comes twice", header_name[i]);
        reader->seen[i] = true;
        reader->value[i] = value;
    }
    return true;
}

/* Stops in front of the first tree. */
static bool read_header(struct reader *reader, struct view *rest, struct err *err)
{
    struct view line, key, after = *rest;
    while (lightgbm_line(&after, &line) && !view_starts(line, "Tree=")) {
        if (view_cut(&line, '=', &key) && !keep(reader, key, line, err))
            return false;
        *rest = after;
    }
    return true;
}

static bool read_whole(const struct reader *reader, enum header_key key, int64_t *out,
                       struct err *err)
{
    if (!reader->seen[key])
        return err_set(err, ERR_MODEL, "the line '%s' is missing", header_name[key]);
    return number_parse_i64(reader->value[key], out) ||
           err_set(err, ERR_MODEL, "%s '" VIEW_FMT "' is not a whole number", header_name[key],
                   VIEW_ARG(reader->value[key]));
}

static bool check_version(const struct reader *reader, struct err *err)
{
    struct view version = reader->value[VERSION];
    return view_is(version, "v2") || view_is(version, "v3") || view_is(version, "v4") ||
           err_set(err, ERR_MODEL,
                   "version '" VIEW_FMT "' of LightGBM's text is not supported: v2 to v4 are; "
                   "load the model in LightGBM 3 or 4 and save it again",
                   VIEW_ARG(version));
}

static bool check_outputs(const struct reader *reader, struct err *err)
{
    int64_t classes, per_round = 1, last;
    if (!read_whole(reader, CLASSES, &classes, err) ||
        (reader->seen[TREES_PER_ROUND] && !read_whole(reader, TREES_PER_ROUND, &per_round, err)) ||
        !read_whole(reader, LAST_FEATURE, &last, err))
        return false;
    if (classes != 1 || per_round != 1)
        return err_set(err, ERR_MODEL,
                       "%lld classes are not supported: two, as objective=binary, are",
                       (long long)(classes != 1 ? classes : per_round));
    if (last < 0)
        return err_set(err, ERR_MODEL, "max_feature_idx is %lld", (long long)last);
    return last < FOREST_FEATURES_MAX ||
           err_set(err, ERR_LIMIT, "more than %d features", FOREST_FEATURES_MAX);
}

/* What follows an objective's name: "sigmoid:1", "sqrt". */
static bool read_setting(struct reader *reader, struct view setting, struct err *err)
{
    struct view name;
    if (view_is(setting, "sqrt"))
        return err_set(err, ERR_MODEL, "reg_sqrt is not supported: train with reg_sqrt=false");
    view_cut(&setting, ':', &name);
    if (!view_is(name, "sigmoid"))
        return true;
    return (number_parse(setting, &reader->sigmoid) && reader->sigmoid > 0) ||
           err_set(err, ERR_MODEL, "sigmoid '" VIEW_FMT "' is not a number above 0",
                   VIEW_ARG(setting));
}

static bool read_objective(struct reader *reader, struct err *err)
{
    struct view rest = reader->value[OBJECTIVE], name, setting;
    reader->link = LINK_NONE;
    reader->sigmoid = 1;
    if (!view_cut(&rest, ' ', &name))
        return true; /* trained with a function of the caller's: raw sums are all it has */
    size_t i = 0;
    while (i < LENGTH_OF(links) && !view_is(name, links[i].name))
        i++;
    if (i == LENGTH_OF(links))
        return err_set(err, ERR_MODEL,
                       "objective '" VIEW_FMT "' is not supported: binary, cross_entropy and "
                       "regression are",
                       VIEW_ARG(name));
    reader->link = links[i].link;
    while (view_cut(&rest, ' ', &setting))
        if (!read_setting(reader, setting, err))
            return false;
    return true;
}

/* ----------------------------------------------------------------- the trees */

/* How many items a line has that are parted by blanks. */
static size_t count_items(struct view text)
{
    struct view item;
    size_t count = 0;
    while (view_cut(&text, ' ', &item))
        count += item.length > 0;
    return count;
}

static bool read_trees(struct reader *reader, struct view *rest, struct err *err)
{
    struct view line, key;
    struct grove *grove = &reader->trees.grove;
    while (lightgbm_line(rest, &line)) {
        int64_t number;
        size_t tree = grove->root.count;
        if (line.length == 0)
            continue;
        if (!view_starts(line, "Tree="))
            break;
        view_cut(&line, '=', &key);
        if (!number_parse_i64(line, &number) || number != (int64_t)tree)
            return err_set(err, ERR_MODEL, "tree %zu calls itself '" VIEW_FMT "'", tree,
                           VIEW_ARG(line));
        if (!lightgbm_tree_read(&reader->trees, rest, err))
            return err_while(err, "tree %zu", tree);
    }
    if (grove->root.count == 0)
        return err_set(err, ERR_MODEL, "the model has no trees");
    if (reader->seen[SIZES] && count_items(reader->value[SIZES]) != grove->root.count)
        return err_set(err, ERR_MODEL,
                       "there are %zu trees, tree_sizes speaks of %zu: the file "
                       "has lost its end",
                       grove->root.count, count_items(reader->value[SIZES]));
    return grove_check_features(grove, reader->feature_count, err);
}

/* LightGBM 2.2.2 and before: an rf's leaves are what the others' sums become. */
static bool leaves_are_probabilities(const struct reader *reader)
{
    const struct grove *grove = &reader->trees.grove;
    const struct node *node = grove->node.item;
    const double *weight = grove->weight.item;
    if (!reader->seen[AVERAGE] || !view_is(reader->value[VERSION], "v2"))
        return false;
    for (size_t i = 0; i < grove->node.count; i++)
        if (node_is_leaf(&node[i]) && !(weight[i] >= 0 && weight[i] <= 1))
            return false;
    return true;
}

static bool scale_leaves(struct reader *reader, double factor, double divisor, struct err *err)
{
    struct grove *grove = &reader->trees.grove;
    struct node *node = grove->node.item;
    double *weight = grove->weight.item;
    for (size_t i = 0; i < grove->node.count; i++) {
        if (!node_is_leaf(&node[i]))
            continue;
        weight[i] = weight[i] * factor / divisor;
        node[i].weight = (float)weight[i];
        if (!isfinite(node[i].weight))
            return err_set(err, ERR_MODEL, "a leaf is not finite");
    }
    return true;
}

/* ----------------------------------------------------------------- the names */

static bool settle_names(const struct reader *reader, struct forest *out, struct err *err)
{
    struct view rest = reader->value[NAMES], item;
    size_t count = 0;
    if (!reader->seen[NAMES])
        return err_set(err, ERR_MODEL, "the line 'feature_names' is missing");
    struct view *name = arena_new(reader->arena, struct view, out->feature_count);
    if (name == NULL)
        return full(reader->arena, err);
    while (count < out->feature_count && view_cut(&rest, ' ', &item)) {
        if (!view_is_utf8(item) || memchr(item.text, '\0', item.length) != NULL)
            return err_set(err, ERR_MODEL,
                           "feature_names: entry %zu is not valid UTF-8, or holds U+0000", count);
        name[count] = (struct view){view_copy(item, reader->arena), item.length};
        if (name[count++].text == NULL)
            return full(reader->arena, err);
    }
    out->feature_name = name;
    return (count == out->feature_count && rest.length == 0) ||
           err_set(err, ERR_MODEL, "feature_names has %s than max_feature_idx says, %zu",
                   count < out->feature_count ? "fewer entries" : "more entries",
                   out->feature_count);
}

/* "[0:1.5]" is what a number ranged over, "3:-1:7" are the categories there were. */
static bool settle_types(const struct reader *reader, struct forest *out, struct err *err)
{
    struct view rest = reader->value[INFOS], item;
    struct view *type = arena_new(reader->arena, struct view, out->feature_count);
    bool any = false;
    if (type == NULL)
        return full(reader->arena, err);
    for (size_t i = 0; i < out->feature_count; i++) {
        bool category = view_cut(&rest, ' ', &item) && item.length > 0 && item.text[0] != '[' &&
                        !view_is(item, "none");
        type[i] = category ? VIEW("c") : VIEW("float");
        any = any || category;
    }
    out->feature_type = any ? type : NULL;
    return true;
}

/* ---------------------------------------------------------------- the forest */

static bool build(struct reader *reader, struct forest *out, struct err *err)
{
    bool average = reader->seen[AVERAGE], probabilities = leaves_are_probabilities(reader);
    bool sigmoid = reader->link == LINK_SIGMOID && !probabilities;
    struct forest forest = {
        .feature_count = (size_t)reader->feature_count,
        .objective = sigmoid ? &objective_binary_logistic : &objective_reg_squarederror,
        .base_score = sigmoid ? 0.5F : 0.0F,
    };
    forest.base_margin = forest.objective->margin_of(forest.base_score);
    if (!scale_leaves(reader, sigmoid ? reader->sigmoid : 1.0,
                      average ? (double)reader->trees.grove.root.count : 1.0, err) ||
        !grove_settle(&reader->trees.grove, reader->arena, &forest, err) ||
        !settle_names(reader, &forest, err) || !settle_types(reader, &forest, err))
        return false;
    *out = forest;
    return true;
}

bool lightgbm_is(struct view bytes)
{
    return view_starts(bytes, "tree\n") || view_starts(bytes, "tree\r\n");
}

static bool parse(struct reader *reader, struct view bytes, struct forest *out, struct err *err)
{
    if (!lightgbm_is(bytes))
        return err_set(err, ERR_MODEL, "this is no model saved by LightGBM as text");
    if (!read_header(reader, &bytes, err) || !check_version(reader, err) ||
        !check_outputs(reader, err) || !read_objective(reader, err))
        return false;
    int64_t last;
    if (!read_whole(reader, LAST_FEATURE, &last, err))
        return false;
    reader->feature_count = last + 1;
    return read_trees(reader, &bytes, err) && build(reader, out, err);
}

bool lightgbm_parse(struct view bytes, struct arena *arena, struct forest *out, struct err *err)
{
    CLEANUP(forget) struct reader reader = {.arena = arena, .scratch = {.limit = arena->limit}};
    reader.trees.grove = (struct grove){.arena = &reader.scratch, .precise = true};
    return parse(&reader, bytes, out, err);
}

/* ---------------------------------------------------------------- the import */

static bool read_import(struct view bytes, struct arena *arena, struct imported *out,
                        struct err *err)
{
    struct text kind = text_in_arena(arena);
    struct view rest = bytes, line, key;
    struct forest forest;
    if (!lightgbm_parse(bytes, arena, &forest, err))
        return false;
    while (lightgbm_line(&rest, &line) && !view_starts(line, "version="))
        ;
    view_cut(&line, '=', &key);
    text_addf(&kind, "LightGBM text " VIEW_FMT, VIEW_ARG(line));
    if (kind.cut)
        return full(arena, err);
    out->kind = text_view(&kind);
    out->forest = forest;
    out->feature_name = forest.feature_name;
    return true;
}

const struct importer importer_lightgbm = {
    .name = "lightgbm",
    .about = "LightGBM's text model: Booster.save_model",
    .is = lightgbm_is,
    .read = read_import,
};
