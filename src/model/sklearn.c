#include "model/sklearn.h"

#include "base/text.h"
#include "model/numpy.h"
#include "model/sklearn_estimator.h"
#include "model/xgboost.h"
#include "model/xgboost_pickle.h"

#include <math.h>
#include <stdarg.h>

enum { WRAPPERS_MAX = 8, STEPS_MAX = 64, NOTES_MAX = 4096, PARTS_MAX = 256 };

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT, "the model does not fit the memory limit");
}

static bool is_scaler(const struct pickle *value)
{
    return value != NULL && value->kind == PICKLE_OBJECT &&
           pickle_is_in(value, "sklearn", "StandardScaler");
}

static bool is_model(const struct pickle *value)
{
    return estimator_find(value) != NULL || xgboost_pickle_is(value);
}

static bool add_note(struct imported *model, struct arena *arena, const char *fmt, ...)
    PRINTF(3, 4);

/* Notes are cut off past their room: they are for people. False: the arena is full. */
static bool add_note(struct imported *model, struct arena *arena, const char *fmt, ...)
{
    char line[NOTES_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    struct text text = text_in_arena(arena);
    if (model->notes.length > 0 && model->notes.length < NOTES_MAX)
        text_add(&text, model->notes), text_adds(&text, "; ");
    text_adds(&text, line);
    model->notes = text_view(&text);
    return !text.cut;
}

/* ---------------------------------------------------------------- scalers */

/* One number a feature; `otherwise` for all of them when the scaler leaves that out. */
static bool scaler_part(const struct pickle *scaler, const char *attribute, bool used,
                        double otherwise, size_t count, struct arena *arena, const double **out,
                        struct err *err)
{
    struct numpy array;
    struct numpy_column column = {0};
    double *part = arena_new(arena, double, count);
    if (part == NULL)
        return out_of_memory(err);
    if (used && (!numpy_of(pickle_attribute(scaler, attribute), &array, err) ||
                 !numpy_numbers(&array, &column, err)))
        return err_while(err, "StandardScaler: %s", attribute);
    if (used && column.count != count)
        return err_set(err, ERR_MODEL, "the StandardScaler scales %zu features, the model has %zu",
                       column.count, count);
    for (size_t i = 0; i < count; i++) {
        part[i] = used ? numpy_number(&column, i) : otherwise;
        if (!isfinite(part[i]))
            return err_set(err, ERR_MODEL, "StandardScaler: %s of feature %zu is not finite",
                           attribute, i);
    }
    *out = part;
    return true;
}

static bool check_scaler_names(const struct view *name, const struct imported *model,
                               struct err *err)
{
    if (name == NULL || model->feature_name == NULL)
        return true;
    for (size_t i = 0; i < model->forest.feature_count; i++)
        if (!view_same(name[i], model->feature_name[i]))
            return err_set(err, ERR_MODEL,
                           "the StandardScaler's feature %zu is '" VIEW_FMT
                           "', the model's is '" VIEW_FMT "'",
                           i, VIEW_ARG(name[i]), VIEW_ARG(model->feature_name[i]));
    return true;
}

/* (x - mean_) / scale_, as the transform of the same name does it: in double, rounded once. */
static bool take_scaler(const struct pickle *scaler, struct arena *arena, struct imported *model,
                        struct err *err)
{
    size_t count = model->forest.feature_count;
    bool centred = pickle_is_true(pickle_attribute(scaler, "with_mean"), true);
    bool scaled = pickle_is_true(pickle_attribute(scaler, "with_std"), true);
    const double *mean, *scale;
    const struct view *name;
    if (model->mean != NULL)
        return err_set(err, ERR_MODEL, "there are two StandardScalers: one is supported");
    if (!scaler_part(scaler, "mean_", centred, 0, count, arena, &mean, err) ||
        !scaler_part(scaler, "scale_", scaled, 1, count, arena, &scale, err) ||
        !estimator_names(scaler, count, arena, &name, err) || !check_scaler_names(name, model, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!(scale[i] > 0))
            return err_set(err, ERR_MODEL, "StandardScaler: scale_ of feature %zu is not above 0",
                           i);
    model->mean = mean;
    model->scale = scale;
    if (model->feature_name == NULL)
        model->feature_name = name;
    return true;
}

/* ---------------------------------------------------------------- thresholds */

static bool says_threshold(struct view name)
{
    static const char word[] = "threshold";
    for (size_t i = 0; i + sizeof word - 1 <= name.length; i++)
        if (view_same_fold((struct view){name.text + i, sizeof word - 1}, VIEW("threshold")))
            return true;
    return false;
}

static bool take_number(double number, struct view name, struct arena *arena,
                        struct imported *model, struct err *err)
{
    if (!says_threshold(name))
        return add_note(model, arena,
                        "'" VIEW_FMT "' holds the number %.17g, which is not called a threshold: "
                        "left out",
                        VIEW_ARG(name), number) ||
               out_of_memory(err);
    if (!isnan(model->threshold))
        return err_set(err, ERR_MODEL, "'" VIEW_FMT "' is a second threshold: give one",
                       VIEW_ARG(name));
    if (!(number >= 0 && number <= 1))
        return err_set(err, ERR_MODEL, "the threshold %.17g in '" VIEW_FMT "' is no probability",
                       number, VIEW_ARG(name));
    model->threshold = number;
    return true;
}

/* ---------------------------------------------------------------- parts, one level down */

/* What a class that is not known holds, or a dict: its attributes. NULL: nothing to look into. */
static const struct pickle *parts_of(const struct pickle *value)
{
    if (value != NULL && value->kind == PICKLE_OBJECT)
        value = value->object->state;
    return value != NULL && value->kind == PICKLE_DICT && value->count <= PARTS_MAX ? value : NULL;
}

static struct view key_of(const struct pickle *parts, size_t index)
{
    struct view key;
    return pickle_bytes(parts->item[2 * index], &key) ? key : (struct view){"", 0};
}

static bool look_into(const struct pickle *root, struct arena *arena, struct imported *model,
                      struct err *err)
{
    const struct pickle *parts = parts_of(root);
    size_t taken = 0;
    for (size_t i = 0; parts != NULL && i < parts->count; i++) {
        struct view key = key_of(parts, i);
        const struct pickle *part = parts->item[2 * i + 1];
        double number;
        bool scaler = is_scaler(part);
        bool threshold = !scaler && says_threshold(key) && numpy_scalar(part, &number);
        if ((scaler && !take_scaler(part, arena, model, err)) ||
            (threshold && !take_number(number, key, arena, model, err)))
            return err_while(err, VIEW_FMT ": '" VIEW_FMT "'", VIEW_ARG(pickle_describe(root)),
                             VIEW_ARG(key));
        if (!scaler && !threshold)
            continue;
        taken++;
        if (!add_note(model, arena, VIEW_FMT " is looked into: '" VIEW_FMT "', a %s, is taken",
                      VIEW_ARG(pickle_describe(root)), VIEW_ARG(key),
                      scaler ? "StandardScaler" : "threshold"))
            return out_of_memory(err);
    }
    return taken > 0 ||
           err_set(err, ERR_MODEL,
                   "'" VIEW_FMT
                   "' is not known and holds neither a StandardScaler nor a threshold: "
                   "save the scaler itself",
                   VIEW_ARG(pickle_describe(root)));
}

bool sklearn_companion(const struct pickle *root, struct view name, struct arena *arena,
                       struct imported *model, struct err *err)
{
    struct imported more = *model; /* on failure the model is as it was */
    double number;
    bool ok = is_scaler(root)               ? take_scaler(root, arena, &more, err)
              : numpy_scalar(root, &number) ? take_number(number, name, arena, &more, err)
              : is_model(root)              ? err_set(err, ERR_MODEL,
                                                      VIEW_FMT " is a second model: import one at a "
                                                                            "time",
                                                      VIEW_ARG(pickle_class(root)))
                                            : look_into(root, arena, &more, err);
    if (ok)
        *model = more;
    return ok;
}

/* ---------------------------------------------------------------- models */

/* "sklearn.ensemble._forest.RandomForestClassifier" is known as
 * "sklearn.ensemble.RandomForestClassifier", with the version that saved it. */
static bool name_kind(const struct pickle *model, struct arena *arena, struct imported *out,
                      struct err *err)
{
    struct view rest = pickle_class(model), part, version;
    struct text text = text_in_arena(arena);
    bool first = true;
    while (view_cut(&rest, '.', &part)) {
        bool inner = rest.length > 0 && part.length > 0 &&
                     (part.text[0] == '_' || (!first && text.length > sizeof "sklearn."));
        if (inner)
            continue;
        if (!first)
            text_addc(&text, '.');
        text_add(&text, part);
        first = false;
    }
    if (pickle_bytes(pickle_attribute(model, "_sklearn_version"), &version) &&
        version.length <= 32 && view_is_utf8(version))
        text_addc(&text, ' '), text_add(&text, version);
    out->kind = text_view(&text);
    return !text.cut || out_of_memory(err);
}

static bool read_xgboost(const struct pickle *model, struct arena *arena, struct imported *out,
                         struct err *err)
{
    size_t trees;
    if (!xgboost_pickle_bytes(model, arena, &out->model, &trees, err) ||
        !xgboost_parse(out->model, arena, &out->forest, err))
        return false;
    out->feature_name = out->forest.feature_name;
    return out->forest.tree_count <= trees ||
           err_set(err, ERR_MODEL,
                   "training stopped early, and predict() uses %zu of its %zu trees: save "
                   "model.get_booster()[: model.best_iteration + 1] with save_model",
                   trees, out->forest.tree_count);
}

static bool read_model(const struct pickle *model, size_t file_size, struct arena *arena,
                       struct imported *out, struct err *err)
{
    if (!name_kind(model, arena, out, err))
        return false;
    if (!xgboost_pickle_is(model))
        return estimator_read(estimator_find(model), model, file_size, arena, out, err);
    return read_xgboost(model, arena, out, err) ||
           err_while(err, VIEW_FMT, VIEW_ARG(pickle_class(model)));
}

static bool is_pipeline(const struct pickle *value)
{
    return pickle_is(value, "sklearn.pipeline.Pipeline") ||
           pickle_is(value, "imblearn.pipeline.Pipeline");
}

/* Steps that training takes and prediction does not. */
static bool is_resampler(const struct pickle *value)
{
    return view_starts(pickle_class(value), "imblearn.over_sampling.") ||
           view_starts(pickle_class(value), "imblearn.under_sampling.") ||
           view_starts(pickle_class(value), "imblearn.combine.");
}

/* The model in what stands around it. `scaler`: a pipeline's; `parts`: the dict it was in. */
struct unwrapped {
    const struct pickle *model, *scaler, *parts;
};

static bool open_pipeline(const struct pickle *pipeline, struct unwrapped *out, struct err *err)
{
    const struct pickle *steps = pickle_attribute(pipeline, "steps");
    if (steps == NULL || steps->kind != PICKLE_LIST || steps->count == 0 ||
        steps->count > STEPS_MAX)
        return err_set(err, ERR_MODEL, "the pipeline has no steps, or more than %d", STEPS_MAX);
    for (size_t i = 0; i < steps->count; i++) {
        const struct pickle *step = pickle_item(steps->item[i], 1);
        if (i + 1 == steps->count) {
            out->model = step;
        } else if (is_scaler(step)) {
            if (out->scaler != NULL)
                return err_set(err, ERR_MODEL, "there are two StandardScalers: one is supported");
            out->scaler = step;
        } else if (!pickle_is_none(step) && !pickle_is_text(step, "passthrough") &&
                   !is_resampler(step)) {
            return err_set(err, ERR_MODEL,
                           "step %zu of the pipeline, '" VIEW_FMT "', is not supported: "
                           "StandardScaler and passthrough are; do it before the model",
                           i + 1, VIEW_ARG(pickle_describe(step)));
        }
    }
    return true;
}

static bool is_search(const struct pickle *value)
{
    return pickle_is_in(value, "sklearn", "GridSearchCV") ||
           pickle_is_in(value, "sklearn", "RandomizedSearchCV") ||
           pickle_is_in(value, "sklearn", "HalvingGridSearchCV") ||
           pickle_is_in(value, "sklearn", "HalvingRandomSearchCV");
}

static bool holds_model(const struct pickle *value)
{
    return is_model(value) || is_pipeline(value) || is_search(value);
}

static bool open_dict(const struct pickle *dict, struct unwrapped *out, struct err *err)
{
    const struct pickle *found = NULL;
    for (size_t i = 0; dict->count <= PARTS_MAX && i < dict->count; i++) {
        const struct pickle *part = dict->item[2 * i + 1];
        if (!holds_model(part))
            continue;
        if (found != NULL)
            return err_set(err, ERR_MODEL, "the dict holds two models: save the one to import");
        found = part;
    }
    if (found == NULL)
        return err_set(err, ERR_MODEL, "the dict holds no model that is known");
    out->parts = dict;
    out->model = found;
    return true;
}

static bool unknown(const struct pickle *value, struct err *err)
{
    if (pickle_is_in(value, "sklearn", "CalibratedClassifierCV"))
        return err_set(err, ERR_MODEL,
                       VIEW_FMT " is not supported: save the estimator inside it, and calibrate "
                                "on your own data",
                       VIEW_ARG(pickle_class(value)));
    return err_set(err, ERR_MODEL,
                   "'" VIEW_FMT "' is not a model that is read (nothing in the file was run): save "
                   "a tree model of scikit-learn or XGBoost, or a Pipeline of StandardScaler and "
                   "one",
                   VIEW_ARG(pickle_describe(value)));
}

static bool unwrap(const struct pickle *root, struct unwrapped *out, struct err *err)
{
    out->model = root;
    for (size_t depth = 0; depth < WRAPPERS_MAX; depth++) {
        const struct pickle *value = out->model;
        if (is_model(value))
            return true;
        if (is_pipeline(value)) {
            if (!open_pipeline(value, out, err))
                return false;
        } else if (is_search(value)) {
            out->model = pickle_attribute(value, "best_estimator_");
        } else if (value != NULL && value->kind == PICKLE_DICT && out->parts == NULL) {
            if (!open_dict(value, out, err))
                return false;
        } else {
            return unknown(value, err);
        }
    }
    return err_set(err, ERR_MODEL, "the model is wrapped more than %d times", WRAPPERS_MAX);
}

static bool has_companions(const struct pickle *parts)
{
    double number;
    for (size_t i = 0; i < parts->count; i++) {
        const struct pickle *part = parts->item[2 * i + 1];
        if (is_scaler(part) || (says_threshold(key_of(parts, i)) && numpy_scalar(part, &number)))
            return true;
    }
    return false;
}

bool sklearn_read(const struct pickle *root, size_t file_size, struct arena *arena,
                  struct imported *out, struct err *err)
{
    struct unwrapped inside = {0};
    if (!unwrap(root, &inside, err) || !read_model(inside.model, file_size, arena, out, err))
        return false;
    if (inside.scaler != NULL && !take_scaler(inside.scaler, arena, out, err))
        return false;
    return inside.parts == NULL || !has_companions(inside.parts) ||
           look_into(inside.parts, arena, out, err);
}
