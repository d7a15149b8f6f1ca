#include "small_model.h"
#include "small_sklearn.h"

#include "model/adopt.h"
#include "model/import.h"
#include "model/tar.h"

#include <math.h>

enum { MEMORY = 32 << 20 };

static void refused(struct view bytes, const char *says)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct imported model = {.threshold = 77};
    struct err err = {0};
    FAILS(import_read(bytes, &arena, &model, &err), err, ERR_MODEL);
    SAYS(err, says);
    TRUE(model.threshold == 77); /* outputs are written on success only */
}

TEST(every_row_of_the_table_is_complete_and_named_once)
{
    for (size_t i = 0; i < importers_count; i++) {
        TRUE(importers[i]->name != NULL && importers[i]->about != NULL);
        TRUE(importers[i]->is != NULL && importers[i]->read != NULL);
        TRUE(!importers[i]->is((struct view){"", 0}));
        for (size_t other = 0; other < i; other++)
            TRUE(strcmp(importers[i]->name, importers[other]->name) != 0);
    }
}

TEST(xgboosts_own_files_are_handed_on_as_they_are)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct small small = {0};
    struct view json = small_json(&small, &arena), ubj = small_ubj(json, UBJ_TYPED, &arena);
    struct imported model;
    struct err err = {0};
    WORKS(import_read(json, &arena, &model, &err), err);
    TEXT(model.kind, "xgboost json 1.7.4");
    TRUE(view_same(model.model, json) && isnan(model.threshold) && !model.missing_refused);
    WORKS(import_read(ubj, &arena, &model, &err), err);
    TEXT(model.kind, "xgboost ubj 1.7.4");
    TRUE(view_same(model.model, ubj));
}

/* {"Config": {}, "Model": model}, and the model inside a pickled Booster or estimator. */
static struct view booster(struct view handle, const char *before, const char *after,
                           struct arena *arena)
{
    struct text text = text_in_arena(arena);
    text_adds(&text, before);
    text_adds(&text, "cxgboost.core\nBooster\n)R}S'handle'\ncbuiltins\nbytearray\n(B");
    for (unsigned i = 0; i < 4; i++)
        text_addc(&text, (char)(handle.length >> 8 * i & 0xff));
    text_add(&text, handle);
    text_adds(&text, "tRsb");
    text_adds(&text, after);
    text_addc(&text, '.');
    return text_view(&text);
}

static struct view serialised(struct view model, struct arena *arena)
{
    struct text text = text_in_arena(arena);
    text_adds(&text, "{\"Config\": {\"learner\": [1, {}]}, \"Model\" : ");
    text_add(&text, model);
    text_adds(&text, "}");
    return text_view(&text);
}

#define ESTIMATOR_BEFORE "cxgboost.sklearn\nXGBClassifier\n)R}S'_Booster'\n"

TEST(a_pickled_booster_holds_its_model_beside_its_settings)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct small small = {0};
    struct view json = small_json(&small, &arena), both = serialised(json, &arena);
    struct view handles[] = {json, both, small_ubj(json, UBJ_PLAIN, &arena),
                             small_ubj(both, UBJ_TYPED, &arena)};
    for (size_t i = 0; i < LENGTH_OF(handles); i++) {
        struct imported model;
        struct err err = {0};
        float row[2] = {0, 0};
        WORKS(import_read(booster(handles[i], "", "", &arena), &arena, &model, &err), err);
        TEXT(model.kind, "xgboost.core.Booster");
        TRUE(forest_margin(&model.forest, row) == -1);
        TRUE(model.model.text[0] == '{' && model.model.text[model.model.length - 1] == '}');
        WORKS(import_read(booster(handles[i], ESTIMATOR_BEFORE, "sS'missing'\nFnan\nsb", &arena),
                          &arena, &model, &err),
              err);
        TEXT(model.kind, "xgboost.sklearn.XGBClassifier");
    }
}

TEST(an_estimator_that_predicts_with_fewer_trees_or_another_missing_is_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct small small = {.trees = TREE_OF_THREE "," TREE_OF_CATEGORIES,
                          .tree_info = "[0,0]",
                          .learner_more = ",\"attributes\":{\"best_iteration\":\"0\"}"};
    struct view json = small_json(&small, &arena), rest = json, head;
    /* The first "attributes" is the writer's empty one: the second one is renamed over it. */
    struct text text = text_in_arena(&arena);
    const char *empty = memmem(json.text, json.length, "\"attributes\":{},", 16);
    TRUE(empty != NULL);
    head = (struct view){json.text, (size_t)(empty - json.text)};
    rest = view_from(json, head.length + 16);
    text_add(&text, head), text_add(&text, rest);
    json = text_view(&text);
    struct imported model;
    struct err err = {0};
    WORKS(import_read(booster(json, "", "", &arena), &arena, &model, &err), err); /* uses all */
    refused(booster(json, ESTIMATOR_BEFORE, "sb", &arena), "predict() uses 1 of its 2 trees");
    struct small one = {0};
    refused(booster(small_json(&one, &arena), ESTIMATOR_BEFORE, "sS'missing'\nF-999.0\nsb", &arena),
            "it takes -999 for missing");
    refused(booster(VIEW("CONFIG-offset:"), "", "", &arena), "binary form of XGBoost before 1.3");
    refused(VIEW(OBJECT("xgboost.sklearn\nXGBClassifier", "") "."), "it holds no booster");
}

/* A model of two trees whose attributes are these. */
static struct view json_with(const char *attributes, struct arena *arena)
{
    struct small small = {.trees = TREE_OF_THREE "," TREE_OF_CATEGORIES, .tree_info = "[0,0]"};
    struct view json = small_json(&small, arena);
    struct text text = text_in_arena(arena);
    const char *empty = memmem(json.text, json.length, "\"attributes\":{}", 15);
    TRUE(empty != NULL);
    text_add(&text, (struct view){json.text, (size_t)(empty - json.text)});
    text_adds(&text, attributes);
    text_add(&text, view_from(json, (size_t)(empty - json.text) + 15));
    return text_view(&text);
}

TEST(a_file_of_an_estimator_that_stopped_early_is_refused_as_its_pickle_is)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct imported model;
    struct err err = {0};
    WORKS(import_read(json_with("\"attributes\":{\"best_iteration\":\"0\"}", &arena), &arena,
                      &model, &err),
          err); /* a booster's: its predict() uses all */
    WORKS(import_read(json_with("\"attributes\":{\"best_iteration\":\"1\",\"scikit_learn\":\"{}\"}",
                                &arena),
                      &arena, &model, &err),
          err);
    FAILS(import_read(json_with("\"attributes\":{\"best_iteration\":\"0\",\"scikit_learn\":\"{}\"}",
                                &arena),
                      &arena, &model, &err),
          err, ERR_MODEL);
    SAYS(err, "uses 1 of its 2 trees");
}

TEST(packed_models_are_unpacked_and_the_tar_files_one_model_is_found)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct text text = text_in_arena(&arena);
    struct imported model;
    struct err err = {0};
    tar_add(&text, "code/serve.py", VIEW("import os\n"));
    tar_add(&text, "._tree.pkl", VIEW(DECISION_TREE("") "."));
    tar_add(&text, "tree.pkl", VIEW(DECISION_TREE("") "."));
    tar_end(&text);
    WORKS(import_read(text_view(&text), &arena, &model, &err), err);
    TEXT(model.kind, "sklearn.tree.DecisionTreeClassifier");
    text.length = 0;
    tar_add(&text, "a.pkl", VIEW(DECISION_TREE("") "."));
    tar_add(&text, "b.pkl", VIEW("N."));
    tar_end(&text);
    refused(text_view(&text), "holds 2 files that could be the model");
    text.length = 0;
    tar_add(&text, "deep/model.pkl", VIEW(DECISION_TREE("") "."));
    tar_add(&text, "scaler.pkl", VIEW("N."));
    tar_end(&text);
    WORKS(import_read(text_view(&text), &arena, &model, &err), err);
    text.length = 0;
    tar_add(&text, "readme", VIEW("hello"));
    tar_end(&text);
    refused(text_view(&text), "holds no model of a kind that is read");
}

TEST(a_file_of_another_kind_is_refused_with_the_remedy)
{
    refused(VIEW(""), "empty");
    refused(VIEW("hello"), "no model of a kind that is read: XGBoost 1.0 to 3.x");
    refused(VIEW("\xfd"
                 "7zXZ\0..."),
            "lzma (xz), which is not read: save it with joblib.dump(model, path, compress=3)");
    refused(VIEW("\x5d\x00\x00\x80."), "packed with lzma");
    refused(VIEW("BZh91AY&SY"), "packed with bz2");
    refused(VIEW("\x04\x22\x4d\x18"), "packed with lz4");
    refused(VIEW("ZF0x19"), "joblib before 0.10");
    refused(VIEW("binf...."), "save_model('model.json')");
    refused(VIEW("PK\x03\x04"), "a zip file");
    refused(VIEW("\x1f\x8b\x08\x00\x00\x00"), "gzip");
    refused(VIEW("\x78\x9c\xff\xff\xff"), "zlib");
}

TEST(a_companion_that_is_no_pickle_is_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct imported model;
    struct err err = {0};
    WORKS(import_read(VIEW(DECISION_TREE("") "."), &arena, &model, &err), err);
    FAILS(import_companion(VIEW("threshold.txt"), VIEW("0.5"), &arena, &model, &err), err,
          ERR_MODEL);
    SAYS(err, "a StandardScaler or a threshold");
    WORKS(import_companion(VIEW("threshold/f1.pkl"), VIEW("F0.5\n."), &arena, &model, &err), err);
    TRUE(isnan(model.threshold)); /* the folder's name says nothing */
}

/* ---------------------------------------------------------------- into a bundle */

static void adopts(const struct imported *model, struct arena *arena, struct bundle *bundle)
{
    const struct adoption adoption = {.project = VIEW("elsewhere"), .threshold = 0.25F};
    struct view file;
    struct err err = {0};
    WORKS(adopt_imported(&adoption, model, arena, &file, &err), err);
    WORKS(bundle_open(bundle, file, &err), err);
}

TEST(a_tree_its_scaler_and_its_threshold_become_one_bundle)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(bundle_release) struct bundle bundle = {0};
    struct imported model;
    struct err err = {0};
    WORKS(import_read(VIEW(DECISION_TREE("") "."), &arena, &model, &err), err);
    WORKS(import_companion(VIEW("s"), VIEW(SCALER("") "."), &arena, &model, &err), err);
    adopts(&model, &arena, &bundle);
    TEXT(bundle.algorithm, "sklearn");
    TRUE(bundle.plan.feature[1].transform == &transform_standardise);
    TRUE(bundle.plan.feature[1].centre == 2 && bundle.plan.feature[1].scale == 4);
    TRUE(bundle.forest.weight != NULL && bundle.forest.weight[1] == 0.75);
    TRUE(memmem(bundle.paper[PAPER_lineage].text, bundle.paper[PAPER_lineage].length,
                "DecisionTreeClassifier", 22) != NULL);
    /* (4 - 2) / 4 is the threshold itself, which goes left; one float more does not. */
    struct cell cell[2] = {{.number = 0}, {.number = 4}};
    struct record record = {.schema = &bundle.schema, .cell = cell};
    float row[2];
    feature_apply(&bundle.plan, &record, row);
    TRUE(row[0] == -0.5F && forest_margin(&bundle.forest, row) == 0.75F);
    cell[1].number = 4.000001;
    feature_apply(&bundle.plan, &record, row);
    TRUE(forest_margin(&bundle.forest, row) == 0.25F);
}

TEST(standardising_has_the_bits_of_scikit_learns_own_arithmetic)
{
    /* numpy: float32((0.1 - 0.7) / 3.3), (1e10 - 1/3) / 7e-5; each in double, rounded once. */
    static const struct {
        double value, centre, scale;
    } cases[] = {{0.1, 0.7, 3.3}, {1e10, 1.0 / 3, 7e-5}, {-5.25, 1e-9, 1.0000001}};
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        const struct feature feature = {.transform = &transform_standardise,
                                        .centre = cases[i].centre,
                                        .scale = cases[i].scale};
        const struct cell cell = {.number = cases[i].value};
        float ours;
        feature_apply_one(&feature, &cell, &cell, &ours);
        volatile double moved = cases[i].value - cases[i].centre;
        volatile double scaled = moved / cases[i].scale;
        TRUE(ours == (float)scaled);
    }
}

TEST(a_model_that_refuses_missing_values_is_not_adopted_to_take_them)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(bundle_release) struct bundle bundle = {0};
    struct imported model;
    struct view file;
    struct err err = {0};
    WORKS(import_read(VIEW(DECISION_TREE("") "."), &arena, &model, &err), err);
    TRUE(model.missing_refused);
    struct adoption adoption = {.project = VIEW("p"), .threshold = 0.5F, .allow_missing = true};
    FAILS(adopt_imported(&adoption, &model, &arena, &file, &err), err, ERR_INPUT);
    SAYS(err, "refuses missing values");
    adopts(&model, &arena, &bundle);
    TRUE(!bundle.schema.column[0].optional);
}
