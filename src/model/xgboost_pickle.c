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

static bool read_best_iteration(struct tokens *tokens, int64_t *best, struct err *err)
{
    static const char *const names[] = {"best_iteration"};
    struct keys keys;
    if (!keys_open(&keys, names, LENGTH_OF(names), tokens, err))
        return false;
    while (keys_next(&keys, tokens, err))
        if (!tokens_whole(tokens, best, err))
            return err_while(err, "best_iteration");
    return keys.done;
}

/* Training that stopped early leaves the round it would go back to; -1: it did not. */
static bool best_iteration(struct view model, struct arena *scratch, int64_t *best, struct err *err)
{
    static const char *const top[] = {"learner"}, *const inner[] = {"attributes"};
    struct tokens tokens;
    struct keys keys, learner;
    *best = -1;
    if (!tokens_open(&tokens, model, scratch, err) ||
        !keys_open(&keys, top, LENGTH_OF(top), &tokens, err))
        return false;
    while (keys_next(&keys, &tokens, err)) {
        if (!keys_open(&learner, inner, LENGTH_OF(inner), &tokens, err))
            return false;
        while (keys_next(&learner, &tokens, err))
            if (!read_best_iteration(&tokens, best, err))
                return err_while(err, "attributes");
        if (!learner.done)
            return false;
    }
    return keys.done;
}

static bool check_estimator(const struct pickle *estimator, struct view model,
                            struct arena *scratch, struct err *err)
{
    double missing;
    int64_t best;
    if (numpy_scalar(pickle_attribute(estimator, "missing"), &missing) && !isnan(missing))
        return err_set(err, ERR_MODEL,
                       "it takes %g for missing: train it with missing=nan and leave missing cells "
                       "empty",
                       missing);
    if (!best_iteration(model, scratch, &best, err))
        return false;
    return best < 0 ||
           err_set(err, ERR_MODEL,
                   "training stopped early, and predict() uses the trees up to round %lld only: "
                   "save model.get_booster()[:%lld] with save_model",
                   (long long)best, (long long)best + 1);
}

bool xgboost_pickle_bytes(const struct pickle *value, struct arena *arena, struct view *out,
                          struct err *err)
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
    if (is_estimator(value) && !check_estimator(value, model, &scratch, err))
        return false;
    *out = model;
    return true;
}
