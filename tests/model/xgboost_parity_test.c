/*
 * Our parser and walk against libxgboost itself: it trains and saves, both predict, and every
 * margin and score must have the same bits. The library is opened when it is there, so that this
 * test links no more than the room does; ASSAY_LIBXGBOOST names another build of it.
 */
#include "model/engine.h"
#include "model/kernel.h"
#include "model/xgboost.h"

#include "base/file.h"
#include "base/number.h"
#include "base/rng.h"
#include "base/text.h"
#include "harness.h"
#include "model/same_forest.h"
#include "model/xgboost_write.h"

#include <dlfcn.h>
#include <math.h>
#include <xgboost/c_api.h>

enum { FEATURES = 9, ROWS = 700, PARAMS_MAX = 12, CATEGORY_FEATURE = 6, CATEGORIES = 45 };

#define CALLS(CALL)                                                                                \
    CALL(XGBoostVersion)                                                                           \
    CALL(XGBGetLastError)                                                                          \
    CALL(XGDMatrixCreateFromDense)                                                                 \
    CALL(XGDMatrixSetFloatInfo)                                                                    \
    CALL(XGDMatrixSetStrFeatureInfo)                                                               \
    CALL(XGDMatrixFree)                                                                            \
    CALL(XGBoosterCreate)                                                                          \
    CALL(XGBoosterFree)                                                                            \
    CALL(XGBoosterSetParam)                                                                        \
    CALL(XGBoosterUpdateOneIter)                                                                   \
    CALL(XGBoosterSaveModelToBuffer)                                                               \
    CALL(XGBoosterLoadModelFromBuffer)                                                             \
    CALL(XGBoosterPredictFromDMatrix)                                                              \
    CALL(XGBoosterPredictFromDense)                                                                \
    CALL(XGBoosterSetStrFeatureInfo)

static struct {
    void *handle;
#define CALL(name) typeof(&name) name;
    CALLS(CALL)
#undef CALL
    int major, minor, patch;
} xgb;

#if defined(__SANITIZE_ADDRESS__)
/* The library keeps thread-local and registry memory until the process ends. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libxgboost\nleak:libgomp\nleak:libdmlc\n";
}
#endif

/* NULL when the library can be used, else why not. */
static const char *library_missing(void)
{
#if defined(__SANITIZE_THREAD__)
    return "libgomp is not instrumented, so ThreadSanitizer would report the library's own threads";
#endif
    const char *chosen = getenv("ASSAY_LIBXGBOOST");
    const char *const names[] = {"libxgboost.so.0", "libxgboost.so.3", "libxgboost.so"};
    if (xgb.handle != NULL)
        return NULL;
    setenv("OMP_WAIT_POLICY", "PASSIVE", 1); /* idle threads sleep: spinning starves the others */
    if (chosen != NULL && chosen[0] == '\0')
        chosen = NULL;
    if (chosen != NULL)
        xgb.handle = dlopen(chosen, RTLD_NOW | RTLD_LOCAL);
    for (size_t i = 0; chosen == NULL && xgb.handle == NULL && i < LENGTH_OF(names); i++)
        xgb.handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    FAIL_UNLESS(chosen == NULL || xgb.handle != NULL, "ASSAY_LIBXGBOOST: %s", dlerror());
    if (xgb.handle == NULL)
        return "libxgboost cannot be opened: apt-get install libxgboost-dev";
#define CALL(name)                                                                                 \
    *(void **)(&xgb.name) = dlsym(xgb.handle, #name);                                              \
    FAIL_UNLESS(xgb.name != NULL, "libxgboost has no %s", #name);
    CALLS(CALL)
#undef CALL
    xgb.XGBoostVersion(&xgb.major, &xgb.minor, &xgb.patch);
    printf("# libxgboost %d.%d.%d\n", xgb.major, xgb.minor, xgb.patch);
    return NULL;
}

#define NEEDS_LIBRARY                                                                              \
    do {                                                                                           \
        const char *why = library_missing();                                                       \
        if (why != NULL)                                                                           \
            SKIP(why);                                                                             \
    } while (0)

#define MUST(call) FAIL_UNLESS(xgb.call == 0, "%s: %s", #call, xgb.XGBGetLastError())

/* ---------------------------------------------------------------- matrices */

struct matrix {
    float value[ROWS][FEATURES];
    float label[ROWS];
    size_t rows;
};

/* What a trial trains, and on what. */
struct trial {
    const char *name;
    const char *param[PARAMS_MAX]; /* key, value, key, value, NULL */
    int rounds;
    double missing; /* the share of empty cells */
    bool categories;
    bool odd_values; /* denormals, -0.0, the largest floats */
};

static float odd_value(struct rng *rng)
{
    static const float odd[] = {0.0F,     -0.0F,   1e-45F,   -1e-45F, 1e-40F,
                                1.1e-38F, 3.4e38F, -3.4e38F, 1.0F,    0x1.000002p0F};
    return odd[rng_below(rng, LENGTH_OF(odd))];
}

/* Some columns are smooth, some have few values so that thresholds and cells are equal. */
static void fill(struct matrix *matrix, const struct trial *trial, uint32_t stream, size_t rows)
{
    struct rng rng = rng_of(20260101, stream, 7);
    matrix->rows = rows;
    for (size_t row = 0; row < rows; row++) {
        double sum = 0;
        for (size_t i = 0; i < FEATURES; i++) {
            double value = i % 3 == 0   ? rng_normal(&rng)
                           : i % 3 == 1 ? (double)rng_below(&rng, 5)
                                        : exp(3 * rng_normal(&rng));
            if (trial->categories && i >= CATEGORY_FEATURE)
                value = (double)rng_below(&rng, i == CATEGORY_FEATURE ? CATEGORIES : 3);
            matrix->value[row][i] = (float)value;
            if (trial->odd_values && i == 3)
                matrix->value[row][i] = odd_value(&rng);
            sum += i == CATEGORY_FEATURE && trial->categories ? fmod(value * 7, 11) - 5
                                                              : fmin(value, 4) * (i % 2 ? 1 : -1);
            if (rng_unit(&rng) < trial->missing)
                matrix->value[row][i] = NAN;
        }
        matrix->label[row] = sum + 2 * rng_normal(&rng) > 0;
    }
}

static const char *array_interface(const struct matrix *matrix, char *out, size_t size)
{
    snprintf(out, size,
             "{\"data\":[%zu,true],\"shape\":[%zu,%d],\"typestr\":\"<f4\",\"version\":3}",
             (size_t)&matrix->value[0][0], matrix->rows, FEATURES);
    return out;
}

static const char *feature_types[FEATURES] = {"float", "float", "float", "float", "float",
                                              "float", "c",     "c",     "c"};

static DMatrixHandle open_matrix(const struct matrix *matrix, const struct trial *trial)
{
    char interface[256];
    DMatrixHandle handle;
    MUST(XGDMatrixCreateFromDense(array_interface(matrix, interface, sizeof interface),
                                  "{\"missing\":NaN,\"nthread\":1}", &handle));
    MUST(XGDMatrixSetFloatInfo(handle, "label", matrix->label, matrix->rows));
    if (trial->categories)
        MUST(XGDMatrixSetStrFeatureInfo(handle, "feature_type", feature_types, FEATURES));
    return handle;
}

/* ---------------------------------------------------------------- boosters */

static BoosterHandle train(const struct trial *trial, DMatrixHandle matrix)
{
    BoosterHandle booster;
    MUST(XGBoosterCreate(&matrix, 1, &booster));
    MUST(XGBoosterSetParam(booster, "nthread", "1"));
    MUST(XGBoosterSetParam(booster, "verbosity", "0"));
    MUST(XGBoosterSetParam(booster, "objective", "binary:logistic"));
    for (size_t i = 0; i + 1 < PARAMS_MAX && trial->param[i] != NULL; i += 2)
        MUST(XGBoosterSetParam(booster, trial->param[i], trial->param[i + 1]));
    for (int round = 0; round < trial->rounds; round++)
        MUST(XGBoosterUpdateOneIter(booster, round, matrix));
    return booster;
}

static struct view save(BoosterHandle booster, const char *format)
{
    bst_ulong length;
    const char *bytes;
    MUST(XGBoosterSaveModelToBuffer(booster, format, &length, &bytes));
    return (struct view){bytes, length};
}

/* A booster that has nothing but the saved bytes: no cached predictions. */
static BoosterHandle load(struct view bytes)
{
    BoosterHandle booster;
    MUST(XGBoosterCreate(NULL, 0, &booster));
    MUST(XGBoosterSetParam(booster, "nthread", "1"));
    MUST(XGBoosterLoadModelFromBuffer(booster, bytes.text, bytes.length));
    return booster;
}

#define PREDICT(type)                                                                              \
    "{\"type\":" type ",\"training\":false,\"iteration_begin\":0,\"iteration_end\":0,"             \
    "\"strict_shape\":false,\"missing\":NaN,\"cache_id\":0}"

static const char *const predict_margin = PREDICT("1"), *const predict_score = PREDICT("0");

static void check_kernel(const char *name, const struct engine *engine, const struct matrix *matrix,
                         const float *want, bool margins)
{
    static float many[ROWS];
    engine_margins(engine, matrix->value[0], matrix->rows, FEATURES, many);
    for (size_t row = 0; row < matrix->rows; row++) {
        float one = engine_margin(engine, matrix->value[row]);
        SAME(number_ulps(one, many[row]), 0);
        if (!margins)
            one = forest_predict(&engine->forest, one);
        FAIL_UNLESS(memcmp(&one, &want[row], sizeof one) == 0,
                    "%s, kernel %s: row %zu: the %s is %.9g, libxgboost says %.9g", name,
                    engine->kernel->name, row, margins ? "margin" : "score", (double)one,
                    (double)want[row]);
    }
}

/* `want` are the library's answers for the rows of `matrix`; ours must have their bits, by every
 * kernel that is here. */
static void check_answers(const char *name, const struct forest *forest,
                          const struct matrix *matrix, const float *want, bool margins)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 256 << 20};
    size_t tried = 0;
    for (size_t i = 0; i < kernels_count; i++) {
        struct engine engine;
        struct err err = {0};
        if (!engine_build(forest, kernels[i]->name, &arena, &engine, &err))
            continue;
        check_kernel(name, &engine, matrix, want, margins);
        tried++;
    }
    TRUE(tried > 0);
}

static void check_matrix(const char *name, BoosterHandle booster, const struct forest *forest,
                         const struct matrix *matrix, DMatrixHandle handle)
{
    for (int margins = 0; margins < 2; margins++) {
        bst_ulong const *shape;
        bst_ulong dimensions;
        const float *want;
        MUST(XGBoosterPredictFromDMatrix(booster, handle, margins ? predict_margin : predict_score,
                                         &shape, &dimensions, &want));
        SAME(shape[0], matrix->rows);
        check_answers(name, forest, matrix, want, margins);
    }
}

/* What we write is what we read, and what the library reads. */
static void check_written(const char *name, const struct forest *forest,
                          const struct matrix *matrix, DMatrixHandle handle)
{
    for (int format = XGBOOST_JSON; format <= XGBOOST_UBJ; format++) {
        CLEANUP(arena_release) struct arena arena = {.limit = 256 << 20};
        struct err err = {0};
        struct forest again;
        struct text text = text_in_arena(&arena);
        WORKS(xgboost_write(forest, (enum xgboost_format)format, &text, &err), err);
        WORKS(xgboost_parse(text_view(&text), &arena, &again, &err), err);
        same_forest(forest, &again);
        BoosterHandle loaded = load(text_view(&text));
        check_matrix(name, loaded, forest, matrix, handle);
        MUST(XGBoosterFree(loaded));
    }
}

/* Trains, saves in both formats, and compares on rows the booster has not seen. */
static void run(const struct trial *trial, void (*look)(const struct forest *forest))
{
    static struct matrix past, fresh;
    fill(&past, trial, 1, ROWS);
    fill(&fresh, trial, 2, ROWS);
    DMatrixHandle past_handle = open_matrix(&past, trial);
    DMatrixHandle fresh_handle = open_matrix(&fresh, trial);
    BoosterHandle booster = train(trial, past_handle);

    static const char *const formats[] = {"{\"format\":\"json\"}", "{\"format\":\"ubj\"}"};
    for (size_t i = 0; i < LENGTH_OF(formats); i++) {
        CLEANUP(arena_release) struct arena arena = {.limit = 256 << 20};
        struct err err = {0};
        struct forest forest;
        struct view bytes = save(booster, formats[i]);
        FAIL_UNLESS(xgboost_parse(bytes, &arena, &forest, &err), "%s: %s", trial->name, err.text);
        SAME(xgboost_is_json(bytes), i == 0);
        if (look != NULL)
            look(&forest);
        BoosterHandle loaded = load(bytes);
        check_matrix(trial->name, booster, &forest, &fresh, fresh_handle);
        check_matrix(trial->name, loaded, &forest, &fresh, fresh_handle);
        MUST(XGBoosterFree(loaded));
        if (i == 0)
            check_written(trial->name, &forest, &fresh, fresh_handle);
    }
    MUST(XGBoosterFree(booster));
    MUST(XGDMatrixFree(past_handle));
    MUST(XGDMatrixFree(fresh_handle));
}

/* ------------------------------------------------------------------- trials */

TEST(margins_and_scores_have_libxgboosts_bits_at_every_depth_and_gap)
{
    NEEDS_LIBRARY;
    static const char *const depths[] = {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"};
    static const double missing[] = {0, 0.05, 0.3};
    for (size_t depth = 0; depth < LENGTH_OF(depths); depth++)
        for (size_t gap = 0; gap < LENGTH_OF(missing); gap++)
            run(&(struct trial){.name = depths[depth],
                                .param = {"max_depth", depths[depth], "min_child_weight", "0.1",
                                          "tree_method", gap % 2 ? "exact" : "hist"},
                                .rounds = 40,
                                .missing = missing[gap]},
                NULL);
}

TEST(denormals_negative_zero_and_the_largest_floats_go_the_same_way)
{
    NEEDS_LIBRARY;
    static const char *const methods[] = {"exact", "hist", "approx"};
    for (size_t i = 0; i < LENGTH_OF(methods); i++)
        run(&(struct trial){.name = methods[i],
                            .param = {"tree_method", methods[i], "min_child_weight", "0"},
                            .rounds = 30,
                            .missing = 0.1,
                            .odd_values = true},
            NULL);
}

static void look_at_one_leaf(const struct forest *forest)
{
    SAME(forest->depth_max, 0);
    SAME(forest->node_count, forest->tree_count);
}

TEST(trees_of_a_single_leaf_are_trees)
{
    NEEDS_LIBRARY;
    run(&(struct trial){.name = "one leaf", .param = {"gamma", "1e9"}, .rounds = 20},
        look_at_one_leaf);
}

TEST(two_thousand_trees_are_added_in_the_same_order)
{
    NEEDS_LIBRARY;
    run(&(struct trial){.name = "2000 trees",
                        .param = {"max_depth", "3", "tree_method", "hist", "eta", "0.05"},
                        .rounds = 2000,
                        .missing = 0.1},
        NULL);
}

TEST(base_scores_become_the_same_margins)
{
    NEEDS_LIBRARY;
    static const char *const scores[] = {"0.1",    "0.5",       "0.9",         "0.0333",
                                         "0.0001", "0.2353870", "0.035135217", "0.49677777"};
    static const char *const objectives_used[] = {"binary:logistic", "reg:logistic",
                                                  "reg:squarederror"};
    for (size_t i = 0; i < LENGTH_OF(scores); i++)
        for (size_t j = 0; j < LENGTH_OF(objectives_used); j++)
            run(&(struct trial){.name = scores[i],
                                .param = {"base_score", scores[i], "objective", objectives_used[j]},
                                .rounds = 5},
                NULL);
}

TEST(dart_and_forests_of_parallel_trees_are_the_same_sum)
{
    NEEDS_LIBRARY;
    run(&(struct trial){.name = "dart",
                        .param = {"booster", "dart", "rate_drop", "0.2", "skip_drop", "0.1",
                                  "normalize_type", "forest"},
                        .rounds = 60,
                        .missing = 0.1},
        NULL);
    run(&(struct trial){.name = "random forest",
                        .param = {"num_parallel_tree", "20", "subsample", "0.8", "eta", "1",
                                  "colsample_bynode", "0.6"},
                        .rounds = 3,
                        .missing = 0.1},
        NULL);
    run(&(struct trial){.name = "dart of parallel trees",
                        .param = {"booster", "dart", "rate_drop", "0.3", "num_parallel_tree", "4",
                                  "subsample", "0.8"},
                        .rounds = 20},
        NULL);
}

static void look_for_categories(const struct forest *forest)
{
    TRUE(forest->set_count > 0);
}

TEST(categories_go_the_same_way_one_by_one_and_in_sets)
{
    NEEDS_LIBRARY;
    static const char *const methods[] = {"hist", "approx"};
    static const char *const onehot[] = {"1", "100"};
    for (size_t i = 0; i < LENGTH_OF(methods); i++)
        for (size_t j = 0; j < LENGTH_OF(onehot); j++)
            run(&(struct trial){.name = methods[i],
                                .param = {"tree_method", methods[i], "max_cat_to_onehot", onehot[j],
                                          "max_depth", "5"},
                                .rounds = 30,
                                .missing = 0.1,
                                .categories = true},
                look_for_categories);
}

/* Cells no training matrix may hold: the library refuses them in a DMatrix, but takes them in
 * place, as a server would. */
TEST(infinities_and_impossible_categories_go_the_same_way)
{
    NEEDS_LIBRARY;
    static const float odd[] = {INFINITY,    -INFINITY,   -1.0F, -0.5F, -0.0F, 0.9F,
                                2.5F,        44.9F,       45.0F, 63.0F, 64.0F, 1000.0F,
                                16777215.0F, 16777216.0F, 3e9F,  NAN};
    static struct matrix past, strange;
    const struct trial trial = {
        .param = {"tree_method", "hist", "max_cat_to_onehot", "1", "max_depth", "6"},
        .rounds = 40,
        .missing = 0.1,
        .categories = true,
    };
    fill(&past, &trial, 1, ROWS);
    fill(&strange, &trial, 3, ROWS);
    struct rng rng = rng_of(5, 5, 5);
    for (size_t row = 0; row < strange.rows; row++)
        for (size_t i = 0; i < FEATURES; i++)
            if (rng_unit(&rng) < 0.4)
                strange.value[row][i] = odd[rng_below(&rng, LENGTH_OF(odd))];

    DMatrixHandle handle = open_matrix(&past, &trial);
    BoosterHandle booster = train(&trial, handle);
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct err err = {0};
    struct forest forest;
    WORKS(xgboost_parse(save(booster, "{\"format\":\"ubj\"}"), &arena, &forest, &err), err);
    look_for_categories(&forest);

    char interface[256];
    bst_ulong const *shape;
    bst_ulong dimensions;
    const float *want;
    MUST(XGBoosterPredictFromDense(booster, array_interface(&strange, interface, sizeof interface),
                                   predict_margin, NULL, &shape, &dimensions, &want));
    check_answers("in place", &forest, &strange, want, true);
    MUST(XGBoosterFree(booster));
    MUST(XGDMatrixFree(handle));
}

TEST(names_and_types_set_on_the_booster_are_read_back)
{
    NEEDS_LIBRARY;
    static const char *names[FEATURES] = {"a", "b", "\303\251t\303\251", "d \"q\"", "e", "f", "g",
                                          "h", "i"};
    static struct matrix past;
    const struct trial trial = {.param = {"tree_method", "hist"}, .rounds = 3, .categories = true};
    fill(&past, &trial, 1, ROWS);
    DMatrixHandle handle = open_matrix(&past, &trial);
    BoosterHandle booster = train(&trial, handle);
    MUST(XGBoosterSetStrFeatureInfo(booster, "feature_name", names, FEATURES));
    MUST(XGBoosterSetStrFeatureInfo(booster, "feature_type", feature_types, FEATURES));
    static const char *const formats[] = {"{\"format\":\"json\"}", "{\"format\":\"ubj\"}"};
    for (size_t i = 0; i < LENGTH_OF(formats); i++) {
        CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
        struct err err = {0};
        struct forest forest;
        WORKS(xgboost_parse(save(booster, formats[i]), &arena, &forest, &err), err);
        for (size_t j = 0; j < FEATURES; j++) {
            TEXT(forest.feature_name[j], names[j]);
            TEXT(forest.feature_type[j], feature_types[j]);
        }
    }
    MUST(XGBoosterFree(booster));
    MUST(XGDMatrixFree(handle));
}

/* ------------------------------------------------------------- other people's */

/* The cells of a CSV file after its first two columns, a row after another; empty is NaN. */
static size_t read_cells(const char *name, size_t width, struct arena *arena, float **out)
{
    enum { CSV_ROWS_MAX = 1000 };
    struct err err = {0};
    struct view rest, line, cell;
    const char *path = test_data(name);
    FAIL_UNLESS(path != NULL, "%s is missing beside the models", name);
    WORKS(file_load(path, 4 << 20, arena, &rest, &err), err);
    *out = arena_new(arena, float, CSV_ROWS_MAX *width);
    assert(*out != NULL);
    size_t rows = 0;
    TRUE(view_cut(&rest, '\n', &line));
    while (view_cut(&rest, '\n', &line) && line.length > 0) {
        TRUE(rows < CSV_ROWS_MAX && view_cut(&line, ',', &cell) && view_cut(&line, ',', &cell));
        for (size_t i = 0; i < width; i++) {
            double value = (double)NAN;
            TRUE(view_cut(&line, ',', &cell));
            cell = view_trim(cell);
            TRUE(cell.length == 0 || number_parse(cell, &value));
            (*out)[rows * width + i] = (float)value;
        }
        rows++;
    }
    return rows;
}

static void check_foreign(const char *model, const char *rows_name)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct err err = {0};
    struct forest forest;
    struct view bytes;
    const char *path = test_data(model);
    if (path == NULL)
        test_skip(__func__, "ASSAY_DATA has no models/xgboost/ieee-cis");
    WORKS(file_load(path, 4 << 20, &arena, &bytes, &err), err);
    WORKS(xgboost_parse(bytes, &arena, &forest, &err), err);

    float *cells;
    size_t rows = read_cells(rows_name, forest.feature_count, &arena, &cells);
    char interface[256];
    snprintf(interface, sizeof interface,
             "{\"data\":[%zu,true],\"shape\":[%zu,%zu],\"typestr\":\"<f4\",\"version\":3}",
             (size_t)cells, rows, forest.feature_count);
    DMatrixHandle matrix;
    MUST(XGDMatrixCreateFromDense(interface, "{\"missing\":NaN,\"nthread\":1}", &matrix));
    BoosterHandle booster = load(bytes);
    bst_ulong const *shape;
    bst_ulong dimensions;
    const float *want;
    MUST(XGBoosterPredictFromDMatrix(booster, matrix, predict_margin, &shape, &dimensions, &want));
    SAME(shape[0], rows);
    for (size_t row = 0; row < rows; row++)
        SAME(number_ulps(forest_margin(&forest, cells + row * forest.feature_count), want[row]), 0);
    TRUE(rows > 30);
    MUST(XGBoosterFree(booster));
    MUST(XGDMatrixFree(matrix));
}

TEST(the_ieee_cis_fraud_model_of_3_0_scores_alike)
{
    NEEDS_LIBRARY;
    check_foreign("models/xgboost/ieee-cis/IEEE-CIS_xgboost_model.json",
                  "models/xgboost/ieee-cis/IEEE-CIS_testset_sample_300.csv");
}

TEST(the_ieee_cis_fraud_model_of_3_1_scores_alike)
{
    NEEDS_LIBRARY;
    if (xgb.major < 3 || (xgb.major == 3 && xgb.minor < 1))
        SKIP("a library before 3.1 reads base_score \"[x]\" wrongly: name a newer one by "
             "ASSAY_LIBXGBOOST");
    check_foreign("models/xgboost/ieee-cis/IEEE-CIS_xgboost_model_depth_16.json",
                  "models/xgboost/ieee-cis/IEEE-CIS_testset_sample_300.csv");
    check_foreign("models/xgboost/ieee-cis/IEEE-CIS_xgboost_model_depth_16.json",
                  "models/xgboost/ieee-cis/IEEE-CIS_trainset_sample.csv");
}
