#include "small_sklearn.h"

#include "base/file.h"
#include "base/number.h"
#include "model/import.h"
#include "model/sklearn.h"
#include "model/xgboost.h"

#include <math.h>

enum { MEMORY = 1 << 28, FILE_SIZE_MAX = 1 << 24 };

/* A file of the test data; the test is skipped when it is not there. */
static struct view load(const char *name, struct arena *arena)
{
    struct view bytes = {0};
    struct err err = {0};
    const char *path = test_data(name);
    if (path == NULL)
        test_skip(name, "it is not in ASSAY_DATA");
    WORKS(file_load(path, FILE_SIZE_MAX, arena, &bytes, &err), err);
    return bytes;
}

static double number_of(struct view text)
{
    double number = 0;
    FAIL_UNLESS(number_parse(view_trim(text), &number), "'" VIEW_FMT "' is no number",
                VIEW_ARG(text));
    return number;
}

/* The sum as scikit-learn makes it, before it is rounded to our float. */
static double precise_sum(const struct forest *forest, const float *row)
{
    double sum = (double)forest->base_margin;
    for (size_t tree = 0; tree < forest->tree_count; tree++)
        sum += forest->weight[forest_leaf(forest, tree, row)];
    return sum;
}

static bool read_model(struct view bytes, struct arena *arena, struct imported *out,
                       struct err *err)
{
    *out = (struct imported){.threshold = (double)NAN};
    return sklearn_read(small_pickle(bytes, arena), bytes.length, arena, out, err);
}

static void refused(struct view bytes, const char *says)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct imported model;
    struct err err = {0};
    FAILS(read_model(bytes, &arena, &model, &err), err, ERR_MODEL);
    SAYS(err, says);
}

static float score(const struct imported *model, float x0, float x1)
{
    const float row[] = {x0, x1};
    return forest_predict(&model->forest, forest_margin(&model->forest, row));
}

/* ---------------------------------------------------------------- by hand */

TEST(a_decision_tree_gives_the_second_classs_share_and_compares_by_less_or_equal)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct imported model;
    struct err err = {0};
    WORKS(read_model(VIEW(DECISION_TREE(ATTRIBUTE("_sklearn_version", "S'1.2.1'\n")) "."), &arena,
                     &model, &err),
          err);
    TEXT(model.kind, "sklearn.tree.DecisionTreeClassifier 1.2.1");
    SAME(model.forest.feature_count, 2);
    SAME(model.forest.node_count, 3);
    TRUE(score(&model, 0, 0.5F) == 0.75F);
    TRUE(score(&model, 0, nextafterf(0.5F, 1)) == 0.25F);
    TRUE(model.forest.weight[1] == 0.75 && model.forest.cover[0] == 12 &&
         model.forest.cover[1] == 8);
    TRUE(model.forest.gain[0] == 12 * 2 - 8 * 1 - 4 * 1);
    TRUE(model.missing_refused && isnan(model.threshold) && model.model.length == 0);
}

TEST(missing_values_go_where_the_tree_says_if_its_version_could)
{
#define TREE_WITH(version, more)                                                                   \
    VIEW(OBJECT("sklearn.tree._classes\nDecisionTreeClassifier",                                   \
                ATTRIBUTE("classes_", CLASSES) ATTRIBUTE("criterion", "S'gini'\n")                 \
                    ATTRIBUTE("_sklearn_version", "S'" version "'\n")                              \
                        more ATTRIBUTE("tree_", TREE_OF(TREE_NODES_MISSING, TREE_COUNTS))) ".")
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct imported model;
    struct err err = {0};
    WORKS(read_model(TREE_WITH("1.3.0", ""), &arena, &model, &err), err);
    TRUE(!model.missing_refused && score(&model, 0, NAN) == 0.75F);
    WORKS(read_model(TREE_WITH("1.2.2", ""), &arena, &model, &err), err);
    TRUE(model.missing_refused);
    WORKS(
        read_model(TREE_WITH("1.5.0", ATTRIBUTE("splitter", "S'random'\n")), &arena, &model, &err),
        err);
    TRUE(model.missing_refused);
    WORKS(read_model(TREE_WITH("1.5.0", ATTRIBUTE("monotonic_cst", "I1\n")), &arena, &model, &err),
          err);
    TRUE(model.missing_refused);
}

TEST(a_forest_is_the_mean_of_its_trees)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct imported model;
    struct err err = {0};
    WORKS(read_model(VIEW(OBJECT("sklearn.ensemble.forest\nRandomForestClassifier",
                                 ATTRIBUTE("classes_", CLASSES) ATTRIBUTE(
                                     "estimators_", "(" DECISION_TREE("") "p0\ng0\nl")) "."),
                     &arena, &model, &err),
          err);
    TEXT(model.kind, "sklearn.ensemble.RandomForestClassifier");
    SAME(model.forest.tree_count, 2);
    TRUE(model.forest.weight[1] == 0.375 && score(&model, 0, 0) == 0.75F);
}

#define BOOSTED(class, more)                                                                       \
    OBJECT("sklearn.ensemble._gb\n" class,                                                         \
           ATTRIBUTE("classes_", CLASSES) ATTRIBUTE("learning_rate", "F0.5\n")                     \
               ATTRIBUTE("estimators_", ARRAY_OF("(I2\nI1\nt", DTYPE("O8", "|"), "0",              \
                                                 "(" DECISION_NUMBER "p0\ng0\nl")) more)

TEST(gradient_boosting_adds_its_first_prediction_once_and_its_rate_to_each)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct imported model;
    struct err err = {0};
    WORKS(read_model(
              VIEW(BOOSTED("GradientBoostingClassifier",
                           ATTRIBUTE("loss", "S'log_loss'\n") ATTRIBUTE(
                               "init_", OBJECT("sklearn.dummy\nDummyClassifier",
                                               ATTRIBUTE("strategy", "S'prior'\n") ATTRIBUTE(
                                                   "class_prior_", ARRAY("(I2\nt", DTYPE("f8", "<"),
                                                                         "0", F64_2 F64_0))))) "."),
              &arena, &model, &err),
          err);
    /* A prior of 0 is clipped to a float's epsilon, as scikit-learn does. */
    double base = log(0x1p-23 / (1 - 0x1p-23));
    NEAR(model.forest.weight[1], base + 0.5 * 2, 1e-15);
    NEAR(model.forest.weight[5], 0.5 * -1, 0);
    NEAR(score(&model, 0, 0), 1 / (1 + exp(-(base + 2))), 1e-9);
    WORKS(
        read_model(VIEW(BOOSTED("GradientBoostingRegressor",
                                ATTRIBUTE("init_", OBJECT("sklearn.dummy\nDummyRegressor",
                                                          ATTRIBUTE("constant_", "F10.0\n")))) "."),
                   &arena, &model, &err),
        err);
    TRUE(score(&model, 0, 0) == 12.0F);
    WORKS(
        read_model(VIEW(BOOSTED("GradientBoostingRegressor", ATTRIBUTE("init_", "S'zero'\n")) "."),
                   &arena, &model, &err),
        err);
    TRUE(score(&model, 0, 1) == -1.0F);
}

TEST(what_a_forest_cannot_say_exactly_is_refused_by_name)
{
    refused(VIEW("cposix\nsystem\n(S'true'\ntR."), "'posix.system' is not a model");
    refused(VIEW("cos\nsystem\n(S'true'\ntR."), "'os.system' is not a model");
    refused(VIEW("N."), "'None' is not a model");
    refused(VIEW(OBJECT("sklearn.calibration\nCalibratedClassifierCV", "") "."),
            "CalibratedClassifierCV");
    refused(VIEW(OBJECT("sklearn.calibration\nLogistic", "") "."),
            "'sklearn.calibration.Logistic'");
    refused(VIEW(OBJECT("sklearn.tree._classes\nDecisionTreeClassifier", "") "."), "no classes_");
    refused(VIEW(OBJECT("sklearn.tree._classes\nDecisionTreeClassifier",
                        ATTRIBUTE("classes_", CLASSES)) "."),
            "not a fitted tree");
    refused(VIEW(OBJECT("sklearn.tree._classes\nDecisionTreeClassifier",
                        ATTRIBUTE("classes_", CLASSES_OF("3", "abc"))) "."),
            "it tells 3 classes apart");
    refused(VIEW(DECISION_TREE(ATTRIBUTE("n_outputs_", "I2\n")) "."), "it has several outputs");
    refused(VIEW(OBJECT("sklearn.ensemble._forest\nRandomForestRegressor",
                        ATTRIBUTE("estimators_", "(l")) "."),
            "it has no trees");
    refused(VIEW(BOOSTED("GradientBoostingClassifier", ATTRIBUTE("loss", "S'exponential'\n")) "."),
            "its loss is not log_loss");
    refused(VIEW(BOOSTED("GradientBoostingRegressor", ATTRIBUTE("init_", OBJECT("m\nC", ""))) "."),
            "init_ is m.C");
    refused(VIEW(OBJECT("sklearn.ensemble._hist_gradient_boosting.gradient_boosting\n"
                        "HistGradientBoostingClassifier",
                        ATTRIBUTE("classes_", CLASSES) ATTRIBUTE("loss", "S'log_loss'\n")
                            ATTRIBUTE("_preprocessor", "I1\n")) "."),
            "it encodes its categories itself");
    refused(VIEW(OBJECT("sklearn.tree._classes\nDecisionTreeRegressor",
                        ATTRIBUTE("tree_", TREE_OF(TREE_NODES, TREE_COUNTS))) "."),
            "its values are not 1 for each of 3 nodes");
}

TEST(a_pipeline_is_its_scaler_and_its_model)
{
#define PIPELINE(steps) VIEW(OBJECT("sklearn.pipeline\nPipeline", ATTRIBUTE("steps", steps)) ".")
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct imported model;
    struct err err = {0};
    WORKS(read_model(PIPELINE("((S's'\n" SCALER(
                         "") "t(S'p'\nS'passthrough'\nt(S'm'\n" DECISION_TREE("") "tl"),
                     &arena, &model, &err),
          err);
    TRUE(model.mean[0] == 1 && model.mean[1] == 2 && model.scale[0] == 2 && model.scale[1] == 4);
    TRUE(score(&model, 0, 0) == 0.75F);
    refused(PIPELINE("((S's'\n" SCALER("") "t(S't'\n" SCALER("") "t(S'm'\n" DECISION_TREE("") "tl"),
            "two StandardScalers");
    refused(PIPELINE(
                "((S's'\n" OBJECT("sklearn.x\nMinMaxScaler", "") "t(S'm'\n" DECISION_TREE("") "tl"),
            "step 1 of the pipeline, 'sklearn.x.MinMaxScaler'");
    refused(PIPELINE("(l"), "the pipeline has no steps");
    refused(PIPELINE("((S'm'\n" SCALER("") "tl"), "'sklearn.preprocessing._data.StandardScaler'");
}

TEST(a_pipeline_that_holds_itself_is_refused)
{
    refused(VIEW("csklearn.pipeline\nPipeline\n)Rp0\n(dS'steps'\n((S'm'\ng0\ntlsb."),
            "wrapped more than 8 times");
}

TEST(a_dict_of_a_teams_own_is_looked_into)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct imported model;
    struct err err = {0};
    WORKS(read_model(VIEW("(dS'clf'\n" DECISION_TREE("") "sS'scaler'\n" SCALER(
                         "") "sS'best_threshold'\nF0.25\nsS'auc'\nF0.9\ns."),
                     &arena, &model, &err),
          err);
    TRUE(model.threshold == 0.25 && model.mean != NULL);
    static const char taken[] = "'best_threshold', a threshold, is taken";
    TRUE(memmem(model.notes.text, model.notes.length, taken, sizeof taken - 1) != NULL);
    refused(VIEW("(dS'a'\n" DECISION_TREE("") "p0\nsS'b'\ng0\ns."), "the dict holds two models");
    refused(VIEW("(dS'a'\nI1\ns."), "the dict holds no model");
}

/* ---------------------------------------------------------------- beside a model */

static struct imported small_model(struct arena *arena)
{
    struct imported model;
    struct err err = {0};
    WORKS(read_model(VIEW(DECISION_TREE("") "."), arena, &model, &err), err);
    return model;
}

TEST(a_scaler_may_leave_out_its_mean_or_its_scale)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct imported model = small_model(&arena);
    struct err err = {0};
    WORKS(sklearn_companion(small_pickle(VIEW(SCALER(ATTRIBUTE("with_mean", "I00\n")) "."), &arena),
                            VIEW("s"), &arena, &model, &err),
          err);
    TRUE(model.mean[1] == 0 && model.scale[1] == 4);
    model = small_model(&arena);
    WORKS(sklearn_companion(small_pickle(VIEW(SCALER(ATTRIBUTE("with_std", "I00\n")) "."), &arena),
                            VIEW("s"), &arena, &model, &err),
          err);
    TRUE(model.mean[1] == 2 && model.scale[1] == 1);
}

static void companion_refused(struct view bytes, struct view name, const char *says)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct imported model = small_model(&arena);
    model.threshold = 0.5;
    struct imported before = model;
    struct err err = {0};
    FAILS(sklearn_companion(small_pickle(bytes, &arena), name, &arena, &model, &err), err,
          ERR_MODEL);
    SAYS(err, says);
    TRUE(memcmp(&model, &before, sizeof model) == 0);
}

TEST(a_number_is_a_threshold_when_its_name_says_so)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct imported model = small_model(&arena);
    struct err err = {0};
    WORKS(sklearn_companion(small_pickle(VIEW("F0.9\n."), &arena), VIEW("best_f1.joblib"), &arena,
                            &model, &err),
          err);
    TRUE(isnan(model.threshold));
    TRUE(memmem(model.notes.text, model.notes.length, "best_f1", 7) != NULL);
    WORKS(sklearn_companion(small_pickle(VIEW("F0.125\n."), &arena), VIEW("BestThreshold.pkl"),
                            &arena, &model, &err),
          err);
    TRUE(model.threshold == 0.125);
    companion_refused(VIEW("F0.25\n."), VIEW("threshold"), "is a second threshold");
}

TEST(what_stands_beside_a_model_must_fit_it)
{
    companion_refused(VIEW(DECISION_TREE("") "."), VIEW("b"), "is a second model");
    companion_refused(VIEW(OBJECT("m\nC", ATTRIBUTE("x", "I1\n")) "."), VIEW("b"),
                      "'m.C' is not known and holds neither");
    companion_refused(VIEW(OBJECT("sklearn.preprocessing._data\nStandardScaler", "") "."),
                      VIEW("b"), "StandardScaler: mean_");
    companion_refused(
        VIEW(OBJECT("sklearn.preprocessing._data\nStandardScaler",
                    ATTRIBUTE("mean_", ARRAY("(I1\nt", DTYPE("f8", "<"), "0", F64_1))) "."),
        VIEW("b"), "scales 1 features, the model has 2");
    companion_refused(
        VIEW(OBJECT("sklearn.preprocessing._data\nStandardScaler",
                    ATTRIBUTE("mean_", ARRAY("(I2\nt", DTYPE("f8", "<"), "0", F64_1 F64_NAN))) "."),
        VIEW("b"), "mean_ of feature 1 is not finite");
    companion_refused(
        VIEW(OBJECT("sklearn.preprocessing._data\nStandardScaler",
                    ATTRIBUTE("with_mean", "I00\n") ATTRIBUTE(
                        "scale_", ARRAY("(I2\nt", DTYPE("f8", "<"), "0", F64_1 F64_0))) "."),
        VIEW("b"), "scale_ of feature 1 is not above 0");
}

TEST(an_unknown_wrapper_is_looked_into_one_level_and_the_result_says_so)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct imported model = small_model(&arena);
    struct err err = {0};
    WORKS(
        sklearn_companion(
            small_pickle(VIEW(OBJECT("src.own\nPrep", ATTRIBUTE("inner", SCALER(""))) "."), &arena),
            VIEW("p"), &arena, &model, &err),
        err);
    TRUE(model.mean[0] == 1);
    TEXT(model.notes, "src.own.Prep is looked into: 'inner', a StandardScaler, is taken");
}

/* ---------------------------------------------------------------- system D */

enum { CARD_FEATURES = 30, CARD_ROWS = 5412 };

TEST(system_ds_forest_behind_its_scaler_gives_every_recorded_probability)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct imported model;
    struct err err = {0};
    WORKS(import_read(load("models/system-d/model.joblib", &arena), &arena, &model, &err), err);
    WORKS(import_companion(VIEW("preprocessor.joblib"),
                           load("models/system-d/preprocessor.joblib", &arena), &arena, &model,
                           &err),
          err);
    TEXT(model.kind, "sklearn.ensemble.RandomForestClassifier 1.7.2");
    SAME(model.forest.feature_count, CARD_FEATURES);
    SAME(model.forest.tree_count, 100);
    TRUE(model.mean != NULL && !model.missing_refused);

    struct view cards = load("cards/ulb/creditcard_core.csv", &arena),
                wanted = load("models/system-d/predictions.csv", &arena), line, cell;
    view_cut(&cards, '\n', &line), view_cut(&wanted, '\n', &line);
    size_t rows = 0;
    while (view_cut(&cards, '\n', &line) && line.length > 0) {
        float row[CARD_FEATURES];
        for (size_t i = 0; i < CARD_FEATURES && view_cut(&line, ',', &cell); i++)
            row[i] = (float)((number_of(cell) - model.mean[i]) / model.scale[i]);
        TRUE(view_cut(&wanted, '\n', &line));
        double probability = number_of(line);
        NEAR(precise_sum(&model.forest, row), probability, 1e-12);
        TRUE(number_ulps(forest_margin(&model.forest, row), (float)probability) <= 1);
        rows++;
    }
    SAME(rows, CARD_ROWS);
}

TEST(the_recorded_predictions_of_an_old_gradient_boosting_pickle_are_met)
{
    enum { FEATURES = 20 };
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct imported model;
    struct err err = {0};
    WORKS(import_read(load("models/sklearn/sk_gradient_boosting_classifier.model", &arena), &arena,
                      &model, &err),
          err);
    SAME(model.forest.feature_count, FEATURES);
    SAME(model.forest.tree_count, 50);
    TRUE(model.forest.objective == &objective_binary_logistic);
    TRUE(model.missing_refused);

    struct view lines = load("models/sklearn/sk_gradient_boosting_classifier_test.libsvm", &arena),
                wanted = load("models/sklearn/sk_gradient_boosting_classifier_true_predictions.txt",
                              &arena),
                line, cell;
    size_t rows = 0;
    while (view_cut(&lines, '\n', &line) && line.length > 0) {
        float row[FEATURES] = {0};
        TRUE(view_cut(&line, ' ', &cell));
        while (view_cut(&line, ' ', &cell)) {
            struct view index;
            TRUE(view_cut(&cell, ':', &index));
            row[(size_t)number_of(index)] = (float)number_of(cell);
        }
        TRUE(view_cut(&wanted, '\n', &line));
        double margin = number_of(line);
        NEAR(precise_sum(&model.forest, row), margin, 1e-12);
        NEAR(forest_margin(&model.forest, row), margin, 1e-7 * fmax(1, fabs(margin)));
        rows++;
    }
    TRUE(rows > 100 && view_trim(wanted).length == 0);
}

/* ---------------------------------------------------------------- system A */

static void same_forest(const struct forest *one, const struct forest *other)
{
    SAME(one->node_count, other->node_count);
    SAME(one->tree_count, other->tree_count);
    TRUE(memcmp(one->node, other->node, one->node_count * sizeof *one->node) == 0);
    TRUE(memcmp(one->root, other->root, one->tree_count * sizeof *one->root) == 0);
    TRUE(memcmp(&one->base_margin, &other->base_margin, sizeof one->base_margin) == 0);
}

TEST(system_as_pickled_booster_is_its_json_bit_for_bit_packed_or_not)
{
    const char *const names[] = {"models/system-a/model.pkl", "models/system-a/model.tar.gz"};
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct forest forest;
    struct err err = {0};
    WORKS(xgboost_parse(load("models/system-a/booster.json", &arena), &arena, &forest, &err), err);
    for (size_t i = 0; i < LENGTH_OF(names); i++) {
        struct imported model;
        WORKS(import_read(load(names[i], &arena), &arena, &model, &err), err);
        TEXT(model.kind, "xgboost.sklearn.XGBClassifier");
        TRUE(model.model.length > 0 && !xgboost_is_json(model.model));
        same_forest(&model.forest, &forest);
    }
}
