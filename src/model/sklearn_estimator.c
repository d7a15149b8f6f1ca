#include "model/sklearn_estimator.h"

#include "base/number.h"
#include "model/numpy.h"

#include <float.h>
#include <math.h>

/* ---------------------------------------------------------------- what is supported */

static bool refuse(const struct estimator_reading *reading, struct err *err, const char *what,
                   const char *remedy)
{
    return err_set(err, ERR_MODEL, VIEW_FMT ": %s: %s", VIEW_ARG(pickle_class(reading->model)),
                   what, remedy);
}

static bool one_output(const struct estimator_reading *reading, struct err *err)
{
    double outputs = 1;
    const struct pickle *said = pickle_attribute(reading->model, "n_outputs_");
    if (said != NULL && (!numpy_scalar(said, &outputs) || outputs != 1))
        return refuse(reading, err, "it has several outputs", "train one model per output");
    return true;
}

static bool two_classes(const struct estimator_reading *reading, struct err *err)
{
    struct numpy classes;
    const struct pickle *said = pickle_attribute(reading->model, "classes_");
    if (said == NULL)
        return refuse(reading, err, "it has no classes_", "save it after fit");
    if (!numpy_of(said, &classes, err))
        return err_while(err, "classes_");
    if (classes.count == 2 && strchr("fiub", classes.kind) == NULL)
        return refuse(reading, err, "its labels are texts, and which one is fraud it cannot say",
                      "train it on a label of 0 and 1");
    if (classes.count == 2)
        return true;
    return err_set(err, ERR_MODEL,
                   VIEW_FMT
                   ": it tells %zu classes apart: two are supported, of which the second is "
                   "fraud: train it on a label of 0 and 1",
                   VIEW_ARG(pickle_class(reading->model)), classes.count);
}

static bool text_among(const struct pickle *value, const char *const *word, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (pickle_is_text(value, word[i]))
            return true;
    return false;
}

unsigned estimator_version(const struct pickle *model)
{
    struct view rest, part;
    int64_t major, minor;
    if (!pickle_bytes(pickle_attribute(model, "_sklearn_version"), &rest))
        return 0;
    if (!view_cut(&rest, '.', &part) || !number_parse_i64(part, &major) ||
        !view_cut(&rest, '.', &part) || !number_parse_i64(part, &minor) || major < 0 ||
        major > 99 || minor < 0 || minor > 99)
        return 0;
    return (unsigned)(major * 100 + minor);
}

/* Trees learnt to take missing values in 1.3, forests of them in 1.4, with random splits in 1.6;
 * by criteria that can weigh them, and without constraints. */
static bool tree_refuses_missing(const struct pickle *tree, unsigned since, unsigned version)
{
    static const char *const criteria[] = {"gini", "entropy", "log_loss", "squared_error",
                                           "friedman_mse"};
    bool random = pickle_is_text(pickle_attribute(tree, "splitter"), "random");
    return version < since || (random && version < 106) ||
           !text_among(pickle_attribute(tree, "criterion"), criteria, LENGTH_OF(criteria)) ||
           !pickle_is_none(pickle_attribute(tree, "monotonic_cst"));
}

/* ---------------------------------------------------------------- trees and forests */

static bool plant(struct estimator_reading *reading, const struct pickle *tree,
                  const struct sklearn_leaf *leaf, struct err *err)
{
    size_t index = reading->grove.root.count;
    const struct pickle *inner = pickle_attribute(tree, "tree_");
    if (inner == NULL)
        return err_set(err, ERR_MODEL, "tree %zu is " VIEW_FMT ", not a fitted tree", index,
                       VIEW_ARG(pickle_describe(tree)));
    return sklearn_plant_tree(&reading->source, inner, leaf, err) ||
           err_while(err, "tree %zu", index);
}

static bool read_single(struct estimator_reading *reading, bool classifier, struct err *err)
{
    const struct sklearn_leaf leaf = {.share = classifier, .factor = 1};
    reading->refuses_missing =
        tree_refuses_missing(reading->model, 103, estimator_version(reading->model));
    return plant(reading, reading->model, &leaf, err);
}

/* The mean over the trees. */
static bool read_mean(struct estimator_reading *reading, bool classifier, struct err *err)
{
    const struct pickle *trees = pickle_attribute(reading->model, "estimators_");
    if (trees == NULL || trees->kind != PICKLE_LIST || trees->count == 0)
        return refuse(reading, err, "it has no trees", "save it after fit");
    const struct sklearn_leaf leaf = {
        .share = classifier, .factor = 1, .divide = (double)trees->count};
    reading->refuses_missing =
        tree_refuses_missing(trees->item[0], 104, estimator_version(reading->model));
    for (size_t i = 0; i < trees->count; i++)
        if (!plant(reading, trees->item[i], &leaf, err))
            return false;
    return true;
}

/* ---------------------------------------------------------------- gradient boosting */

static double log_odds(double probability)
{
    const double least = (double)FLT_EPSILON;
    const double clipped = fmin(fmax(probability, least), (double)(1.0F - FLT_EPSILON));
    return log(clipped / (1 - clipped));
}

static bool single_of(const struct pickle *object, const char *attribute, double *out)
{
    return numpy_scalar(pickle_attribute(object, attribute), out) && isfinite(*out);
}

/* What every row's sum starts with: by an estimator that looks at no feature. */
static bool first_prediction(const struct estimator_reading *reading, double *out, struct err *err)
{
    const struct pickle *first = pickle_attribute(reading->model, "init_");
    struct numpy prior;
    struct numpy_column column;
    *out = 0;
    if (pickle_is_text(first, "zero") || pickle_is_in(first, "sklearn", "ZeroEstimator"))
        return true;
    if (pickle_is(first, "sklearn.dummy.DummyClassifier")) {
        if (!pickle_is_text(pickle_attribute(first, "strategy"), "prior") ||
            !numpy_of(pickle_attribute(first, "class_prior_"), &prior, err) ||
            !numpy_numbers(&prior, &column, err) || prior.count != 2)
            return err_set(err, ERR_MODEL, "init_: it is not the prior of two classes");
        *out = log_odds(numpy_number(&column, 1));
        return isfinite(*out) || err_set(err, ERR_MODEL, "init_: the prior is no probability");
    }
    if (pickle_is(first, "sklearn.dummy.DummyRegressor"))
        return single_of(first, "constant_", out) ||
               err_set(err, ERR_MODEL, "init_: its constant is no number");
    bool known =
        (pickle_is_in(first, "sklearn", "LogOddsEstimator") && single_of(first, "prior", out)) ||
        (pickle_is_in(first, "sklearn", "MeanEstimator") && single_of(first, "mean", out)) ||
        (pickle_is_in(first, "sklearn", "QuantileEstimator") && single_of(first, "quantile", out));
    return known || err_set(err, ERR_MODEL,
                            "init_ is " VIEW_FMT ", and the default, 'zero' and constants are "
                            "supported: train without init=",
                            VIEW_ARG(pickle_describe(first)));
}

static bool read_boosted(struct estimator_reading *reading, bool classifier, struct err *err)
{
    static const char *const losses[] = {"log_loss", "deviance"};
    const struct pickle *loss = pickle_attribute(reading->model, "loss");
    struct numpy trees;
    double base, rate;
    if (classifier && !text_among(loss, losses, LENGTH_OF(losses)))
        return refuse(reading, err, "its loss is not log_loss", "train it with loss='log_loss'");
    if (!single_of(reading->model, "learning_rate", &rate))
        return err_set(err, ERR_MODEL, "learning_rate is no number");
    if (!first_prediction(reading, &base, err))
        return false;
    if (!numpy_of(pickle_attribute(reading->model, "estimators_"), &trees, err))
        return err_while(err, "estimators_");
    if (trees.kind != 'O' || trees.count == 0 || trees.dimensions != 2 || trees.shape[1] != 1)
        return err_set(err, ERR_MODEL, "estimators_ is not one tree for each stage");
    reading->refuses_missing = true;
    reading->probability = classifier;
    for (size_t i = 0; i < trees.count; i++) {
        const struct sklearn_leaf leaf = {.factor = rate, .base = i == 0 ? base : 0};
        if (!plant(reading, trees.object->item[i], &leaf, err))
            return false;
    }
    return true;
}

/* ---------------------------------------------------------------- histogram gradient boosting */

/* The codes of each categorical feature that training saw: bin_thresholds_ are their values. */
static bool known_codes(const struct pickle *thresholds, const struct numpy_column *is_category,
                        struct category_bits *known, struct err *err)
{
    for (size_t i = 0; i < is_category->count; i++) {
        struct numpy values;
        struct numpy_column column;
        if (numpy_whole(is_category, i) == 0)
            continue;
        if (!numpy_of(pickle_item(thresholds, i), &values, err) ||
            !numpy_numbers(&values, &column, err))
            return err_while(err, "bin_thresholds_: feature %zu", i);
        if (column.count > 256)
            return err_set(err, ERR_MODEL, "feature %zu has more than 256 categories", i);
        for (size_t v = 0; v < column.count; v++) {
            double code = numpy_number(&column, v);
            if (!(code >= 0 && code < 256) || code != floor(code))
                return err_set(err, ERR_MODEL,
                               "feature %zu has a category that is no code below 256", i);
            known[i].word[(unsigned)code / 32] |= UINT32_C(1) << (unsigned)code % 32;
        }
    }
    return true;
}

static bool read_categories(struct estimator_reading *reading, struct category_bits **known,
                            size_t *count, struct err *err)
{
    const struct pickle *said = pickle_attribute(reading->model, "is_categorical_");
    struct numpy flags;
    struct numpy_column column;
    size_t categories = 0;
    *known = NULL, *count = 0;
    if (pickle_is_none(said))
        return true;
    if (!numpy_of(said, &flags, err) || !numpy_numbers(&flags, &column, err))
        return err_while(err, "is_categorical_");
    if ((int64_t)column.count != reading->source.features)
        return err_set(err, ERR_MODEL, "is_categorical_ has %zu entries, the model %lld features",
                       column.count, (long long)reading->source.features);
    for (size_t i = 0; i < column.count; i++)
        categories += numpy_whole(&column, i) != 0;
    if (categories == 0)
        return true;
    struct category_bits *bits = arena_new(reading->scratch, struct category_bits, column.count);
    struct view *type = arena_new(reading->arena, struct view, column.count);
    if (bits == NULL || type == NULL)
        return err_set(err, ERR_LIMIT, "the model does not fit the memory limit");
    for (size_t i = 0; i < column.count; i++)
        type[i] = numpy_whole(&column, i) != 0 ? VIEW("c") : VIEW("float");
    reading->feature_type = type;
    *known = bits, *count = column.count;
    const struct pickle *mapper = pickle_attribute(reading->model, "_bin_mapper");
    return known_codes(pickle_attribute(mapper, "bin_thresholds_"), &column, bits, err);
}

static bool read_histogram(struct estimator_reading *reading, bool classifier, struct err *err)
{
    static const char *const class_losses[] = {"log_loss", "binary_crossentropy", "auto"};
    static const char *const number_losses[] = {"squared_error", "least_squares", "absolute_error",
                                                "least_absolute_deviation", "quantile"};
    const struct pickle *model = reading->model, *loss = pickle_attribute(model, "loss");
    const struct pickle *stages = pickle_attribute(model, "_predictors");
    struct category_bits *known;
    size_t known_count;
    double base;
    if (classifier && !text_among(loss, class_losses, LENGTH_OF(class_losses)))
        return refuse(reading, err, "its loss is not log_loss", "train it with loss='log_loss'");
    if (!classifier && !text_among(loss, number_losses, LENGTH_OF(number_losses)))
        return refuse(reading, err, "its loss has a link of its own",
                      "train it with loss='squared_error'");
    if (!pickle_is_none(pickle_attribute(model, "_preprocessor")))
        return refuse(reading, err, "it encodes its categories itself",
                      "encode them before and train without categorical_features");
    if (!single_of(model, "_baseline_prediction", &base))
        return err_set(err, ERR_MODEL, "_baseline_prediction is no number");
    if (!pickle_whole(pickle_attribute(model, "n_features_in_"), &reading->source.features) &&
        !pickle_whole(pickle_attribute(model, "_n_features"), &reading->source.features) &&
        !pickle_whole(pickle_attribute(model, "n_features_"), &reading->source.features))
        return err_set(err, ERR_MODEL, "it does not say how many features it has");
    if (stages == NULL || stages->kind != PICKLE_LIST || stages->count == 0)
        return refuse(reading, err, "it has no trees", "save it after fit");
    if (!read_categories(reading, &known, &known_count, err))
        return false;
    reading->probability = classifier;
    for (size_t i = 0; i < stages->count; i++) {
        const struct pickle *stage = stages->item[i];
        if (stage->kind != PICKLE_LIST || stage->count != 1)
            return err_set(err, ERR_MODEL, "stage %zu is not one tree", i);
        if (!sklearn_plant_predictor(&reading->source, stage->item[0], known, known_count,
                                     i == 0 ? base : 0, err))
            return err_while(err, "tree %zu", i);
    }
    return true;
}

/* ---------------------------------------------------------------- the table */

static const struct estimator estimators[] = {
    {"sklearn", "RandomForestClassifier", true, read_mean},
    {"sklearn", "RandomForestRegressor", false, read_mean},
    {"sklearn", "ExtraTreesClassifier", true, read_mean},
    {"sklearn", "ExtraTreesRegressor", false, read_mean},
    {"sklearn", "GradientBoostingClassifier", true, read_boosted},
    {"sklearn", "GradientBoostingRegressor", false, read_boosted},
    {"sklearn", "HistGradientBoostingClassifier", true, read_histogram},
    {"sklearn", "HistGradientBoostingRegressor", false, read_histogram},
    {"sklearn", "DecisionTreeClassifier", true, read_single},
    {"sklearn", "DecisionTreeRegressor", false, read_single},
    {"sklearn", "ExtraTreeClassifier", true, read_single},
    {"sklearn", "ExtraTreeRegressor", false, read_single},
};

const struct estimator *estimator_find(const struct pickle *value)
{
    if (value == NULL || value->kind != PICKLE_OBJECT)
        return NULL;
    for (size_t i = 0; i < LENGTH_OF(estimators); i++)
        if (pickle_is_in(value, estimators[i].package, estimators[i].name))
            return &estimators[i];
    return NULL;
}

bool estimator_names(const struct pickle *object, size_t count, struct arena *arena,
                     const struct view **out, struct err *err)
{
    const struct pickle *said = pickle_attribute(object, "feature_names_in_");
    struct numpy names;
    *out = NULL;
    if (pickle_is_none(said))
        return true;
    if (!numpy_of(said, &names, err))
        return err_while(err, "feature_names_in_");
    if (names.count != count)
        return err_set(err, ERR_MODEL, "feature_names_in_ names %zu features, and there are %zu",
                       names.count, count);
    struct view *name = arena_new(arena, struct view, count);
    if (name == NULL)
        return err_set(err, ERR_LIMIT, "the names do not fit the memory limit");
    for (size_t i = 0; i < count; i++)
        if (!numpy_text(&names, i, arena, &name[i], err))
            return err_while(err, "feature_names_in_");
    *out = name;
    return true;
}

static bool settle(struct estimator_reading *reading, struct imported *out, struct err *err)
{
    int64_t features = reading->source.features;
    if (features < 1 || features > FOREST_FEATURES_MAX)
        return err_set(err, ERR_MODEL, "the model has %lld features", (long long)features);
    struct forest forest = {
        .feature_count = (size_t)features,
        .feature_type = reading->feature_type,
        .objective =
            reading->probability ? &objective_binary_logistic : &objective_reg_squarederror,
        .base_score = reading->probability ? 0.5F : 0,
    };
    if (!grove_check_features(&reading->grove, features, err) ||
        !grove_settle(&reading->grove, reading->arena, &forest, err) ||
        !estimator_names(reading->model, forest.feature_count, reading->arena, &forest.feature_name,
                         err))
        return false;
    out->forest = forest;
    out->feature_name = forest.feature_name;
    out->missing_refused = reading->refuses_missing || reading->source.missing_unseen;
    return true;
}

bool estimator_read(const struct estimator *estimator, const struct pickle *model, size_t file_size,
                    struct arena *arena, struct imported *out, struct err *err)
{
    enum { NODE_SIZE_LEAST = 16 }; /* in a file; scikit-learn's own take 48 and more */
    CLEANUP(arena_release) struct arena scratch = {.limit = arena->limit};
    struct estimator_reading reading = {
        .model = model,
        .arena = arena,
        .scratch = &scratch,
        .grove = {.arena = &scratch, .precise = true},
        .source = {.scratch = &scratch, .left = file_size / NODE_SIZE_LEAST, .features = -1},
    };
    reading.source.grove = &reading.grove;
    if (!one_output(&reading, err) || (estimator->classifier && !two_classes(&reading, err)))
        return false;
    return (estimator->read(&reading, estimator->classifier, err) && settle(&reading, out, err)) ||
           err_while(err, VIEW_FMT, VIEW_ARG(pickle_class(model)));
}
