#include "model/xgboost.h"

#include "base/number.h"
#include "model/xgboost_cats.h"
#include "model/xgboost_tree.h"
#include "model/xgboost_write.h"

#include <math.h>

enum { VERSION_MIN = 1, VERSION_MAX = 3 }; /* the major ones that are understood */

/* What the file has said so far. Its texts are views into the file or into the scratch arena. */
struct reader {
    struct tokens tokens;
    struct arena scratch;
    struct arena *arena; /* the forest's */
    struct tree_reader trees;
    struct cats cats;

    struct whole_list version, tree_info;
    struct float_list weight_drop;
    struct pile feature_name, feature_type; /* struct view */
    struct view booster, objective;
    float base_score;
    int64_t tree_count, class_count, target_count, feature_count;
    bool has_model, has_weight_drop, has_tree_count;
};

static void forget(struct reader *reader)
{
    arena_release(&reader->scratch);
}

/* ---------------------------------------------------------------- reading */

static bool read_texts(struct reader *reader, struct pile *out, struct err *err)
{
    struct token token;
    if (!tokens_want(&reader->tokens, TOKEN_LIST, &token, err))
        return false;
    while (tokens_next(&reader->tokens, &token, err)) {
        if (token.kind == TOKEN_LIST_END)
            return true;
        if (token.kind != TOKEN_TEXT)
            return err_set(err, ERR_MODEL, "entry %zu is no text", out->count);
        if (out->count == FOREST_FEATURES_MAX)
            return err_set(err, ERR_LIMIT, "more than %d features", FOREST_FEATURES_MAX);
        struct view *item = pile_add(out, sizeof *item, 1, &reader->scratch, err);
        if (item == NULL)
            return false;
        *item = token.text;
    }
    return false;
}

static bool read_trees(struct reader *reader, struct err *err)
{
    struct token token;
    if (!tokens_want(&reader->tokens, TOKEN_LIST, &token, err))
        return false;
    while (tokens_next(&reader->tokens, &token, err)) {
        if (token.kind == TOKEN_LIST_END)
            return true;
        size_t tree = reader->trees.grove.root.count;
        if (token.kind != TOKEN_OBJECT)
            return err_set(err, ERR_MODEL, "tree %zu is no object", tree);
        if (!tree_read(&reader->trees, &reader->tokens, err))
            return err_while(err, "tree %zu", tree);
    }
    return false;
}

static bool read_tree_count(struct reader *reader, struct err *err)
{
    static const char *const names[] = {"num_trees"};
    struct keys keys;
    if (!keys_open(&keys, names, LENGTH_OF(names), &reader->tokens, err))
        return false;
    while (keys_next(&keys, &reader->tokens, err)) {
        if (!tokens_whole(&reader->tokens, &reader->tree_count, err))
            return err_while(err, "num_trees");
        reader->has_tree_count = true;
    }
    return keys.done;
}

/* Beside the trees since 3.4, beside the booster's name before. */
static bool read_weight_drop(struct reader *reader, struct err *err)
{
    if (reader->has_weight_drop)
        return err_set(err, ERR_MODEL, "it comes twice");
    reader->has_weight_drop = true;
    return float_list_read(&reader->weight_drop, &reader->tokens, &reader->scratch, err);
}

static bool read_model(struct reader *reader, struct err *err)
{
    enum { PARAM, TREES, TREE_INFO, WEIGHT_DROP, CATS };
    static const char *const names[] = {
        [PARAM] = "gbtree_model_param", [TREES] = "trees", [TREE_INFO] = "tree_info",
        [WEIGHT_DROP] = "weight_drop",  [CATS] = "cats",
    };
    struct tokens *tokens = &reader->tokens;
    struct keys keys;
    if (reader->has_model)
        return err_set(err, ERR_MODEL, "it comes twice");
    reader->has_model = true;
    if (!keys_open(&keys, names, LENGTH_OF(names), tokens, err))
        return false;
    while (keys_next(&keys, tokens, err)) {
        bool read = false;
        switch (keys.at) {
        case PARAM:
            read = read_tree_count(reader, err);
            break;
        case TREES:
            read = read_trees(reader, err);
            break;
        case TREE_INFO:
            read = whole_list_read(&reader->tree_info, tokens, &reader->scratch, err);
            break;
        case WEIGHT_DROP:
            read = read_weight_drop(reader, err);
            break;
        case CATS:
            read = cats_read(&reader->cats, tokens, reader->arena, &reader->scratch, err);
            break;
        }
        if (!read)
            return err_while(err, "%s", names[keys.at]);
    }
    return keys.done;
}

/* DART before 3.4 holds a whole gbtree inside; that one's name says nothing new. */
static bool read_inner(struct reader *reader, struct err *err)
{
    static const char *const names[] = {"model"};
    struct keys keys;
    if (!keys_open(&keys, names, LENGTH_OF(names), &reader->tokens, err))
        return false;
    while (keys_next(&keys, &reader->tokens, err))
        if (!read_model(reader, err))
            return err_while(err, "model");
    return keys.done;
}

static bool read_booster(struct reader *reader, struct err *err)
{
    enum { NAME, MODEL, GBTREE, WEIGHT_DROP };
    static const char *const names[] = {
        [NAME] = "name", [MODEL] = "model", [GBTREE] = "gbtree", [WEIGHT_DROP] = "weight_drop"};
    struct keys keys;
    if (!keys_open(&keys, names, LENGTH_OF(names), &reader->tokens, err))
        return false;
    while (keys_next(&keys, &reader->tokens, err)) {
        bool read = keys.at == NAME     ? tokens_text(&reader->tokens, &reader->booster, err)
                    : keys.at == MODEL  ? read_model(reader, err)
                    : keys.at == GBTREE ? read_inner(reader, err)
                                        : read_weight_drop(reader, err);
        if (!read)
            return err_while(err, "%s", names[keys.at]);
    }
    return keys.done && keys_need(&keys, NAME, err);
}

/* 0.5, "5E-1" or, since 3.1, "[5E-1]". */
static bool read_base_score(struct reader *reader, struct err *err)
{
    struct token token;
    if (!tokens_next(&reader->tokens, &token, err))
        return false;
    if (token.kind != TOKEN_TEXT)
        return token_float(&token, &reader->base_score, err);
    struct view text = token.text;
    if (text.length >= 2 && text.text[0] == '[' && text.text[text.length - 1] == ']') {
        text = (struct view){text.text + 1, text.length - 2};
        if (memchr(text.text, ',', text.length) != NULL)
            return err_set(err, ERR_MODEL,
                           "a base score per output, " VIEW_FMT
                           ", is not supported: train one model per target",
                           VIEW_ARG(token.text));
    }
    double nearest;
    if (!number_parse(text, &nearest) || !float_of_text(text, nearest, &reader->base_score))
        return err_set(err, ERR_MODEL, "'" VIEW_FMT "' is not a number", VIEW_ARG(token.text));
    return true;
}

static bool read_model_param(struct reader *reader, struct err *err)
{
    enum { BASE_SCORE, FEATURES, CLASSES, TARGETS };
    static const char *const names[] = {
        [BASE_SCORE] = "base_score",
        [FEATURES] = "num_feature",
        [CLASSES] = "num_class",
        [TARGETS] = "num_target",
    };
    int64_t *const count[] = {
        [FEATURES] = &reader->feature_count,
        [CLASSES] = &reader->class_count,
        [TARGETS] = &reader->target_count,
    };
    struct keys keys;
    if (!keys_open(&keys, names, LENGTH_OF(names), &reader->tokens, err))
        return false;
    while (keys_next(&keys, &reader->tokens, err)) {
        bool read = keys.at == BASE_SCORE ? read_base_score(reader, err)
                                          : tokens_whole(&reader->tokens, count[keys.at], err);
        if (!read)
            return err_while(err, "%s", names[keys.at]);
    }
    return keys.done && keys_need(&keys, BASE_SCORE, err) && keys_need(&keys, FEATURES, err);
}

static bool read_objective(struct reader *reader, struct err *err)
{
    static const char *const names[] = {"name"};
    struct keys keys;
    if (!keys_open(&keys, names, LENGTH_OF(names), &reader->tokens, err))
        return false;
    while (keys_next(&keys, &reader->tokens, err))
        if (!tokens_text(&reader->tokens, &reader->objective, err))
            return err_while(err, "name");
    return keys.done && keys_need(&keys, 0, err);
}

static bool read_learner(struct reader *reader, struct err *err)
{
    enum { BOOSTER, PARAM, OBJECTIVE, NAMES, TYPES };
    static const char *const names[] = {
        [BOOSTER] = "gradient_booster", [PARAM] = "learner_model_param", [OBJECTIVE] = "objective",
        [NAMES] = "feature_names",      [TYPES] = "feature_types",
    };
    struct keys keys;
    if (!keys_open(&keys, names, LENGTH_OF(names), &reader->tokens, err))
        return false;
    while (keys_next(&keys, &reader->tokens, err)) {
        bool read = keys.at == BOOSTER     ? read_booster(reader, err)
                    : keys.at == PARAM     ? read_model_param(reader, err)
                    : keys.at == OBJECTIVE ? read_objective(reader, err)
                    : keys.at == NAMES     ? read_texts(reader, &reader->feature_name, err)
                                           : read_texts(reader, &reader->feature_type, err);
        if (!read)
            return err_while(err, "%s", names[keys.at]);
    }
    return keys.done && keys_need(&keys, BOOSTER, err) && keys_need(&keys, PARAM, err) &&
           keys_need(&keys, OBJECTIVE, err);
}

static bool read_document(struct reader *reader, struct err *err)
{
    enum { LEARNER, VERSION };
    static const char *const names[] = {[LEARNER] = "learner", [VERSION] = "version"};
    struct tokens *tokens = &reader->tokens;
    struct keys keys;
    if (!keys_open(&keys, names, LENGTH_OF(names), tokens, err))
        return false;
    while (keys_next(&keys, tokens, err)) {
        bool read = keys.at == LEARNER
                        ? read_learner(reader, err)
                        : whole_list_read(&reader->version, tokens, &reader->scratch, err);
        if (!read)
            return err_while(err, "%s", names[keys.at]);
    }
    return keys.done && keys_need(&keys, LEARNER, err) && keys_need(&keys, VERSION, err) &&
           tokens_end(tokens, err);
}

/* --------------------------------------------------------------- checking */

static bool check_kind(const struct reader *reader, struct err *err)
{
    if (whole_count(&reader->version) != 3)
        return err_set(err, ERR_MODEL, "version is not three numbers");
    int32_t major = whole_at(&reader->version, 0);
    if (major < VERSION_MIN || major > VERSION_MAX)
        return err_set(err, ERR_MODEL, "saved by XGBoost %d, and %d to %d are understood", major,
                       VERSION_MIN, VERSION_MAX);
    if (!view_is(reader->booster, "gbtree") && !view_is(reader->booster, "dart"))
        return err_set(err, ERR_MODEL,
                       "booster '" VIEW_FMT "' is not supported: gbtree and dart "
                       "are",
                       VIEW_ARG(reader->booster));
    if (objective_find(reader->objective) == NULL)
        return err_set(err, ERR_MODEL,
                       "objective '" VIEW_FMT "' is not supported: "
                       "binary:logistic, reg:logistic and reg:squarederror are",
                       VIEW_ARG(reader->objective));
    if (reader->class_count > 1)
        return err_set(err, ERR_MODEL,
                       "%lld classes are not supported: two, as one probability, "
                       "are",
                       (long long)reader->class_count);
    if (reader->target_count > 1)
        return err_set(err, ERR_MODEL, "%lld targets are not supported: train one model per target",
                       (long long)reader->target_count);
    return true;
}

static bool check_trees(const struct reader *reader, struct err *err)
{
    size_t trees = reader->trees.grove.root.count;
    if (!reader->has_model || trees == 0)
        return err_set(err, ERR_MODEL, "the model has no trees");
    if (reader->has_tree_count && reader->tree_count != (int64_t)trees)
        return err_set(err, ERR_MODEL, "there are %zu trees, num_trees says %lld", trees,
                       (long long)reader->tree_count);
    if (whole_count(&reader->tree_info) != trees)
        return err_set(err, ERR_MODEL, "there are %zu trees, tree_info has %zu entries", trees,
                       whole_count(&reader->tree_info));
    for (size_t tree = 0; tree < trees; tree++)
        if (whole_at(&reader->tree_info, tree) != 0)
            return err_set(err, ERR_MODEL, "tree %zu is for output %d: one output is supported",
                           tree, whole_at(&reader->tree_info, tree));
    if (view_is(reader->booster, "dart") && !reader->has_weight_drop)
        return err_set(err, ERR_MODEL, "booster 'dart' comes without weight_drop");
    if (reader->has_weight_drop && reader->trees.grove.precise)
        return err_set(err, ERR_MODEL, "weight_drop and %s cannot stand in one model",
                       XGBOOST_DOUBLES_KEY);
    if (reader->has_weight_drop && float_count(&reader->weight_drop) != trees)
        return err_set(err, ERR_MODEL, "there are %zu trees, weight_drop has %zu entries", trees,
                       float_count(&reader->weight_drop));
    return true;
}

/* A list by feature is absent, or complete. */
static bool check_count(const struct reader *reader, const char *name, const struct pile *pile,
                        struct err *err)
{
    if (pile->count == 0 || (int64_t)pile->count == reader->feature_count)
        return true;
    return err_set(err, ERR_MODEL, "%s has %zu entries, num_feature says %lld", name, pile->count,
                   (long long)reader->feature_count);
}

static bool check_features(const struct reader *reader, struct err *err)
{
    if (reader->feature_count < 1)
        return err_set(err, ERR_MODEL, "num_feature is %lld", (long long)reader->feature_count);
    if (reader->feature_count > FOREST_FEATURES_MAX)
        return err_set(err, ERR_LIMIT, "more than %d features", FOREST_FEATURES_MAX);
    if (!grove_check_features(&reader->trees.grove, reader->feature_count, err))
        return false;
    return check_count(reader, "feature_names", &reader->feature_name, err) &&
           check_count(reader, "feature_types", &reader->feature_type, err) &&
           check_count(reader, "cats.enc", &reader->cats.feature, err);
}

/* --------------------------------------------------------------- building */

/* libxgboost adds leaf * weight, a float product: once per tree is as good as once per row. */
static bool apply_weight_drop(struct reader *reader, struct err *err)
{
    if (!reader->has_weight_drop)
        return true;
    const struct grove *grove = &reader->trees.grove;
    struct node *node = grove->node.item;
    const uint32_t *root = grove->root.item;
    size_t trees = grove->root.count;
    for (size_t tree = 0; tree < trees; tree++) {
        size_t end = tree + 1 < trees ? root[tree + 1] : grove->node.count;
        for (size_t i = root[tree]; i < end; i++) {
            if (!node_is_leaf(&node[i]))
                continue;
            node[i].weight *= float_at(&reader->weight_drop, tree);
            if (!isfinite(node[i].weight))
                return err_set(err, ERR_MODEL, "weight_drop: tree %zu: a leaf is not finite", tree);
        }
    }
    return true;
}

/* A settled pile of texts, with their bytes; `out` is NULL when there are none. */
static bool settle_texts(const struct pile *pile, struct arena *arena, const struct view **out)
{
    *out = NULL;
    if (pile->count == 0)
        return true;
    struct view *text = pile_settle(pile, sizeof *text, arena);
    if (text == NULL)
        return false;
    for (size_t i = 0; i < pile->count; i++) {
        text[i].text = view_copy(text[i], arena);
        if (text[i].text == NULL)
            return false;
    }
    *out = text;
    return true;
}

/* False: the arena is full. */
static bool settle_names(const struct reader *reader, struct forest *out)
{
    if (reader->cats.feature.count > 0) {
        out->category = pile_settle(&reader->cats.feature, sizeof *out->category, reader->arena);
        if (out->category == NULL)
            return false;
    }
    return settle_texts(&reader->feature_name, reader->arena, &out->feature_name) &&
           settle_texts(&reader->feature_type, reader->arena, &out->feature_type);
}

static bool build(struct reader *reader, struct forest *out, struct err *err)
{
    struct forest forest = {
        .feature_count = (size_t)reader->feature_count,
        .objective = objective_find(reader->objective),
        .base_score = reader->base_score,
    };
    forest.base_margin = forest.objective->margin_of(forest.base_score);
    if (!isfinite(forest.base_margin))
        return err_set(err, ERR_MODEL, "base_score %g is not one %s can start from",
                       (double)forest.base_score, forest.objective->name);
    for (size_t i = 0; i < LENGTH_OF(forest.version); i++)
        forest.version[i] = whole_at(&reader->version, i);
    if (!apply_weight_drop(reader, err) ||
        !grove_settle(&reader->trees.grove, reader->arena, &forest, err))
        return false;
    if (!settle_names(reader, &forest))
        return err_set(err, ERR_LIMIT, "the model does not fit the %zu bytes it may take",
                       reader->arena->limit);
    *out = forest;
    return true;
}

bool xgboost_is_json(struct view bytes)
{
    return !tokens_are_ubj(bytes);
}

bool xgboost_parse(struct view bytes, struct arena *arena, struct forest *out, struct err *err)
{
    CLEANUP(forget) struct reader reader = {.arena = arena, .scratch = {.limit = arena->limit}};
    reader.trees.grove.arena = &reader.scratch;
    return tokens_open(&reader.tokens, bytes, &reader.scratch, err) &&
           read_document(&reader, err) && check_kind(&reader, err) && check_trees(&reader, err) &&
           check_features(&reader, err) && build(&reader, out, err);
}
