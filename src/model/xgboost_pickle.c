#include "model/xgboost_pickle.h"

#include "model/numpy.h"
#include "model/tokens.h"

#include <math.h>

static bool is_booster(const struct pickle *value)
{
    return value != NULL && value->kind == PICKLE_OBJECT &&
           pickle_is(value, "xgboost.core.Booster");
}

static bool is_estimator(const struct pickle *value)
{
    return value != NULL && value->kind == PICKLE_OBJECT &&
           (pickle_is(value, "xgboost.sklearn.XGBClassifier") ||
            pickle_is(value, "xgboost.sklearn.XGBRegressor") ||
            pickle_is(value, "xgboost.sklearn.XGBRFClassifier") ||
            pickle_is(value, "xgboost.sklearn.XGBRFRegressor"));
}

bool xgboost_pickle_is(const struct pickle *value)
{
    return is_booster(value) || is_estimator(value);
}

static size_t place_of(const struct tokens *tokens)
{
    return tokens->binary ? tokens->ubj.at : tokens->scan.at;
}

/* The bytes of the next value, which is an object. */
static bool take_object(struct tokens *tokens, struct view bytes, struct view *out, struct err *err)
{
    size_t from = place_of(tokens);
    if (!tokens_skip(tokens, err))
        return false;
    *out = view_trim((struct view){bytes.text + from, place_of(tokens) - from});
    /* The scanner of JSON stands before the colon. */
    if (out->length > 0 && out->text[0] == ':')
        *out = view_trim(view_from(*out, 1));
    return out->length > 0 && out->text[0] == '{' ? true
                                                  : err_set(err, ERR_MODEL, "it is no object");
}

/* {"Config": ..., "Model": ...}, or the model itself. */
static bool model_part(struct view bytes, struct arena *scratch, struct view *out, struct err *err)
{
    static const char *const names[] = {"Model"};
    struct tokens tokens;
    struct keys keys;
    *out = bytes;
    if (!tokens_open(&tokens, bytes, scratch, err) ||
        !keys_open(&keys, names, LENGTH_OF(names), &tokens, err))
        return false;
    while (keys_next(&keys, &tokens, err))
        if (!take_object(&tokens, bytes, out, err))
            return err_while(err, "Model");
    return keys.done && tokens_end(&tokens, err);
}

/* In front of what stands at a path of keys. False when there is nothing; what is damaged is found
 * when the model is read. */
static bool find(struct view model, const char *const *path, size_t depth, struct arena *scratch,
                 struct tokens *tokens)
{
    struct keys keys;
    struct err ignored = {0};
    if (!tokens_open(tokens, model, scratch, &ignored))
        return false;
    for (size_t level = 0; level < depth; level++)
        if (!keys_open(&keys, path + level, 1, tokens, &ignored) ||
            !keys_next(&keys, tokens, &ignored))
            return false;
    return true;
}

static bool find_whole(struct view model, const char *const *path, size_t depth,
                       struct arena *scratch, int64_t *out)
{
    struct tokens tokens;
    struct err ignored = {0};
    return find(model, path, depth, scratch, &tokens) && tokens_whole(&tokens, out, &ignored);
}

/* Training that was asked to watch itself leaves its best round, and the estimators' predict()
 * stops there. */
static size_t trees_used(struct view model, struct arena *scratch)
{
    static const char *const best_at[] = {"learner", "attributes", "best_iteration"};
    static const char *const tree_at[] = {"learner", "gradient_booster", "model",
                                          "gbtree_model_param", "num_parallel_tree"};
    static const char *const dart_at[] = {"learner", "gradient_booster",   "gbtree",
                                          "model",   "gbtree_model_param", "num_parallel_tree"};
    int64_t best, parallel;
    if (!find_whole(model, best_at, LENGTH_OF(best_at), scratch, &best))
        return SIZE_MAX;
    if (!find_whole(model, tree_at, LENGTH_OF(tree_at), scratch, &parallel) &&
        !find_whole(model, dart_at, LENGTH_OF(dart_at), scratch, &parallel))
        parallel = 1;
    size_t trees;
    if (best < 0 || best == INT64_MAX || parallel < 1 ||
        __builtin_mul_overflow((size_t)best + 1, (size_t)parallel, &trees))
        return SIZE_MAX;
    return trees;
}

/* An estimator's save_model leaves its mark, and its load_model takes up the best round again. */
size_t xgboost_trees_used(struct view model, struct arena *arena)
{
    static const char *const mark_at[] = {"learner", "attributes", "scikit_learn"};
    CLEANUP(arena_release) struct arena scratch = {.limit = arena->limit};
    struct tokens tokens;
    return find(model, mark_at, LENGTH_OF(mark_at), &scratch, &tokens) ? trees_used(model, &scratch)
                                                                       : SIZE_MAX;
}

static bool check_missing(const struct pickle *estimator, struct err *err)
{
    double missing;
    if (!numpy_scalar(pickle_attribute(estimator, "missing"), &missing) || isnan(missing))
        return true;
    return err_set(err, ERR_MODEL,
                   "it takes %g for missing: train it with missing=nan and leave missing cells "
                   "empty",
                   missing);
}

bool xgboost_pickle_bytes(const struct pickle *value, struct arena *arena, struct view *out,
                          size_t *trees, struct err *err)
{
    const struct pickle *booster =
        is_estimator(value) ? pickle_attribute(value, "_Booster") : value;
    struct view handle, model;
    if (!is_booster(booster) || !pickle_bytes(pickle_attribute(booster, "handle"), &handle))
        return err_set(err, ERR_MODEL, "it holds no booster: save it after fit");
    if (handle.length == 0 || handle.text[0] != '{')
        return err_set(err, ERR_MODEL,
                       "the booster is in the binary form of XGBoost before 1.3: load it there and "
                       "save it with save_model('model.json')");
    CLEANUP(arena_release) struct arena scratch = {.limit = arena->limit};
    if (!model_part(handle, &scratch, &model, err))
        return false;
    if (is_estimator(value) && !check_missing(value, err))
        return false;
    *trees = is_estimator(value) ? trees_used(model, &scratch) : SIZE_MAX;
    *out = model;
    return true;
}
