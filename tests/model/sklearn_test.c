#include "harness.h"

#include "base/file.h"
#include "base/number.h"
#include "model/import.h"
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
