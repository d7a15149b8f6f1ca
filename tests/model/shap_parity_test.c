/*
 * Our contributions and interactions against libxgboost's, which adds in float: it trains and
 * saves, both explain. The library is opened when it is there; ASSAY_LIBXGBOOST names another
 * build of it.
 */
#include "model/shap.h"

#include "base/rng.h"
#include "harness.h"
#include "model/xgboost.h"

#include <dlfcn.h>
#include <math.h>
#include <xgboost/c_api.h>

enum { FEATURES = 8, ROWS = 600, ASKED = 40, WIDTH = FEATURES + 1, CODES = 40, FIRST_CODE = 6 };

#define CALLS(CALL)                                                                                \
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
    CALL(XGBoosterPredictFromDMatrix)

static struct {
    void *handle;
#define CALL(name) typeof(&name) name;
    CALLS(CALL)
#undef CALL
} xgb;

#if defined(__SANITIZE_ADDRESS__)
/* The library keeps thread-local and registry memory until the process ends. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libxgboost\nleak:libgomp\nleak:libdmlc\n";
}
#endif

static const char *library_missing(void)
{
#if defined(__SANITIZE_THREAD__)
    return "libgomp is not instrumented, so ThreadSanitizer would report the library's own threads";
#endif
    const char *chosen = getenv("ASSAY_LIBXGBOOST");
    const char *const names[] = {"libxgboost.so.0", "libxgboost.so.3", "libxgboost.so"};
    setenv("OMP_WAIT_POLICY", "PASSIVE", 1); /* idle threads sleep: spinning starves the others */
    if (chosen != NULL && chosen[0] != '\0')
        xgb.handle = dlopen(chosen, RTLD_NOW | RTLD_LOCAL);
    else
        for (size_t i = 0; xgb.handle == NULL && i < LENGTH_OF(names); i++)
            xgb.handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (xgb.handle == NULL)
        return "libxgboost cannot be opened: apt-get install libxgboost-dev";
#define CALL(name)                                                                                 \
    *(void **)(&xgb.name) = dlsym(xgb.handle, #name);                                              \
    FAIL_UNLESS(xgb.name != NULL, "libxgboost has no %s", #name);
    CALLS(CALL)
#undef CALL
    return NULL;
}

#define NEEDS_LIBRARY                                                                              \
    do {                                                                                           \
        const char *why = library_missing();                                                       \
        if (why != NULL)                                                                           \
            SKIP(why);                                                                             \
    } while (0)

#define MUST(call) FAIL_UNLESS(xgb.call == 0, "%s: %s", #call, xgb.XGBGetLastError())

/* What a trial trains, and on what. */
struct trial {
    const char *param[12]; /* key, value, key, value, NULL */
    int rounds;
    double missing;
    bool categories;
};

static float cell[ROWS][FEATURES];

/* The first rows are explained, all are learned from. */
static DMatrixHandle open_rows(const struct trial *trial, size_t rows)
{
    static const char *types[FEATURES] = {"float", "float", "float", "float",
                                          "float", "float", "c",     "c"};
    char interface[256];
    DMatrixHandle handle;
    snprintf(interface, sizeof interface,
             "{\"data\":[%zu,true],\"shape\":[%zu,%d],\"typestr\":\"<f4\",\"version\":3}",
             (size_t)&cell[0][0], rows, FEATURES);
    MUST(XGDMatrixCreateFromDense(interface, "{\"missing\":NaN,\"nthread\":1}", &handle));
    if (trial->categories)
        MUST(XGDMatrixSetStrFeatureInfo(handle, "feature_type", types, FEATURES));
    return handle;
}

static BoosterHandle train(const struct trial *trial)
{
    static float label[ROWS];
    struct rng rng = rng_of(20260401, 1, 1);
    for (size_t row = 0; row < ROWS; row++) {
        double sum = 0;
        for (size_t i = 0; i < FEATURES; i++) {
            bool code = trial->categories && i >= FIRST_CODE;
            double value = code    ? (double)rng_below(&rng, i == FIRST_CODE ? CODES : 3)
                           : i % 2 ? (double)rng_below(&rng, 6)
                                   : rng_normal(&rng);
            sum += code ? fmod(value * 7, 5) - 2 : value * (i % 3 ? 1 : -1);
            cell[row][i] = rng_unit(&rng) < trial->missing ? NAN : (float)value;
        }
        label[row] = sum + 2 * rng_normal(&rng) > 4;
    }
    BoosterHandle booster;
    DMatrixHandle matrix = open_rows(trial, ROWS);
    MUST(XGDMatrixSetFloatInfo(matrix, "label", label, ROWS));
    MUST(XGBoosterCreate(&matrix, 1, &booster));
    MUST(XGBoosterSetParam(booster, "nthread", "1"));
    MUST(XGBoosterSetParam(booster, "verbosity", "0"));
    MUST(XGBoosterSetParam(booster, "objective", "binary:logistic"));
    MUST(XGBoosterSetParam(booster, "min_child_weight", "0.05"));
    for (size_t i = 0; trial->param[i] != NULL; i += 2)
        MUST(XGBoosterSetParam(booster, trial->param[i], trial->param[i + 1]));
    for (int round = 0; round < trial->rounds; round++)
        MUST(XGBoosterUpdateOneIter(booster, round, matrix));
    MUST(XGDMatrixFree(matrix));
    return booster;
}

static const float *ask(BoosterHandle booster, DMatrixHandle matrix, int type)
{
    char config[160];
    bst_ulong const *shape;
    bst_ulong dimensions;
    const float *out;
    snprintf(config, sizeof config,
             "{\"type\":%d,\"training\":false,\"iteration_begin\":0,\"iteration_end\":0,"
             "\"strict_shape\":false}",
             type);
    MUST(XGBoosterPredictFromDMatrix(booster, matrix, config, &shape, &dimensions, &out));
    SAME(shape[0], ASKED);
    return out;
}

/* A float's error for every tree and branch that it adds, and for shares that it multiplies. */
static void agree(const char *what, size_t row, double ours, float theirs, double size)
{
    FAIL_UNLESS(fabs(ours - (double)theirs) <= 4e-6 * size,
                "%s: row %zu: %.9g, libxgboost says %.9g", what, row, ours, (double)theirs);
}

static void check_row(const struct explainer *explainer, size_t row, const float *contribution,
                      const double *looked_up, const float *interaction, void *scratch)
{
    double phi[FEATURES], pair[FEATURES * FEATURES], size = fabs(explainer->expected);
    shap_row(explainer, cell[row], phi, scratch);
    shap_interactions(explainer, cell[row], pair, scratch);
    for (size_t i = 0; i < FEATURES; i++)
        size += fabs(phi[i]);
    for (size_t i = 0; i < FEATURES; i++)
        agree("contribution", row, phi[i], contribution[i], size);
    for (size_t i = 0; i < FEATURES; i++)
        agree("contribution by tables", row, looked_up[i], contribution[i], size);
    agree("expected", row, explainer->expected, contribution[FEATURES], size);
    for (size_t i = 0; i < FEATURES; i++)
        for (size_t j = 0; j < FEATURES; j++)
            agree("interaction", row, pair[i * FEATURES + j], interaction[i * WIDTH + j], size);
}

static void run(const struct trial *trial)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 256 << 20};
    struct err err = {0};
    struct forest forest;
    struct explainer explainer;
    bst_ulong length;
    const char *bytes;
    BoosterHandle booster = train(trial);
    MUST(XGBoosterSaveModelToBuffer(booster, "{\"format\":\"ubj\"}", &length, &bytes));
    WORKS(xgboost_parse((struct view){bytes, length}, &arena, &forest, &err), err);
    WORKS(explainer_build(&forest, NULL, &arena, &explainer, &err), err);
    SAME(trial->categories, forest.set_count > 0);
    size_t scratch_size = explainer.pairs_scratch > explainer.batch_scratch
                              ? explainer.pairs_scratch
                              : explainer.batch_scratch;
    void *scratch = arena_alloc(&arena, 1, scratch_size);

    DMatrixHandle asked = open_rows(trial, ASKED);
    static float contribution[ASKED * WIDTH];
    memcpy(contribution, ask(booster, asked, 2), sizeof contribution);
    const float *interaction = ask(booster, asked, 4);
    static double looked_up[ASKED * FEATURES];
    explainer.table_rows = 0; /* or they are too few for tables */
    shap_batch(&explainer, &cell[0][0], ASKED, FEATURES, looked_up, scratch);
    for (size_t row = 0; row < ASKED; row++)
        check_row(&explainer, row, contribution + row * WIDTH, looked_up + row * FEATURES,
                  interaction + row * WIDTH * WIDTH, scratch);
    MUST(XGDMatrixFree(asked));
    MUST(XGBoosterFree(booster));
}

TEST(contributions_and_interactions_are_libxgboosts_at_every_depth_and_gap)
{
    NEEDS_LIBRARY;
    static const char *const depths[] = {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "12"};
    static const double missing[] = {0, 0.2};
    for (size_t depth = 0; depth < LENGTH_OF(depths); depth++)
        for (size_t gap = 0; gap < LENGTH_OF(missing); gap++)
            run(&(struct trial){.param = {"max_depth", depths[depth], "tree_method", "hist"},
                                .rounds = 20,
                                .missing = missing[gap]});
}

TEST(categories_are_explained_alike_one_by_one_and_in_sets)
{
    NEEDS_LIBRARY;
    static const char *const onehot[] = {"1", "100"};
    for (size_t i = 0; i < LENGTH_OF(onehot); i++)
        run(&(struct trial){
            .param = {"max_depth", "5", "tree_method", "hist", "max_cat_to_onehot", onehot[i]},
            .rounds = 20,
            .missing = 0.1,
            .categories = true});
}

TEST(dart_random_forests_and_trees_of_one_leaf_are_explained_alike)
{
    NEEDS_LIBRARY;
    run(&(struct trial){.param = {"booster", "dart", "rate_drop", "0.3"}, .rounds = 20});
    run(&(struct trial){.param = {"num_parallel_tree", "10", "subsample", "0.7"}, .rounds = 3});
    run(&(struct trial){.param = {"gamma", "1e9"}, .rounds = 3});
}
