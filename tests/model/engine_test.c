#include "harness.h"
#include "model/engine.h"
#include "model/kernel.h"
#include "model/import.h"
#include "model/random_forest.h"
#include "base/file.h"

#include <math.h>
#include <stdlib.h>

static bool can_use(const struct kernel *kernel, const struct engine *engine)
{
    return kernel->supported() &&
           (kernel->columns_max == 0 ||
            (engine->shape != ENGINE_PLAIN && engine->columns.count <= kernel->columns_max));
}

/* All rows through all kernels, one by one and together, against the plain walk. */
static size_t count_differences(const struct random_forest *kind, const struct forest *forest,
                                struct arena *arena, const float *rows, size_t count)
{
    size_t stride = kind->features, differences = 0;
    struct engine any;
    struct err err = {0};
    WORKS(engine_build(forest, NULL, arena, &any, &err), err);
    float *margin = arena_new(arena, float, count);
    for (size_t k = 0; k < kernels_count; k++) {
        if (!can_use(kernels[k], &any))
            continue;
        struct engine engine;
        WORKS(engine_build(forest, kernels[k]->name, arena, &engine, &err), err);
        TRUE(engine.kernel == kernels[k]);
        engine_margins(&engine, rows, count, stride, margin);
        for (size_t i = 0; i < count; i++) {
            float plain = forest_margin(forest, rows + i * stride);
            float one = engine_margin(&engine, rows + i * stride);
            bool same = memcmp(&plain, &one, sizeof one) == 0 &&
                        memcmp(&plain, &margin[i], sizeof one) == 0;
            if (!same && differences++ == 0)
                fprintf(stderr,
                        "seed %zu, kernel %s, row %zu: %.9g by one, %.9g by many, not %.9g\n",
                        (size_t)kind->seed, kernels[k]->name, i, (double)one, (double)margin[i],
                        (double)plain);
        }
    }
    return differences;
}

static void hold(struct random_forest kind, size_t row_count)
{
    CLEANUP(arena_release) struct arena arena = {.limit = (size_t)1 << 30};
    struct forest forest;
    struct err err = {0};
    WORKS(random_forest_make(&kind, &arena, &forest, &err), err);
    float *rows = arena_new(&arena, float, row_count *kind.features);
    for (size_t i = 0; i < row_count; i++)
        random_row(&kind, i, rows + i * kind.features);
    SAME(count_differences(&kind, &forest, &arena, rows, row_count), 0);
}

static struct random_forest kind_of(uint64_t seed)
{
    struct rng rng = rng_of(7, 0, seed);
    static const size_t features[] = {1, 3, 15, 16, 17, 30, 33, 64, 65, 100};
    static const unsigned numbers[] = {0, 3, 17, 40, 255, 256, 2000};
    struct random_forest kind = {.seed = seed, .nodes_max = 4096};
    kind.depth = 1 + seed % 20;
    kind.trees = 1 + rng_below(&rng, kind.depth > 8 ? 6 : 20);
    kind.features = features[rng_below(&rng, LENGTH_OF(features))];
    kind.numbers = numbers[rng_below(&rng, LENGTH_OF(numbers))];
    kind.categories = rng_below(&rng, 4) == 0 ? 2 : 0;
    kind.missing = rng_below(&rng, 2) == 0;
    kind.precise = rng_below(&rng, 4) == 0;
    kind.nodes_max = rng_below(&rng, 3) == 0 ? 200 : 4096;
    return kind;
}

TEST(a_thousand_random_forests_have_the_same_bits_by_every_kernel)
{
    size_t forests = getenv("ASSAY_SOAK") != NULL ? 10000 : 1000;
    for (uint64_t seed = 0; seed < forests; seed++)
        hold(kind_of(seed), 1 + seed % 40);
}

TEST(any_number_of_rows_gives_what_each_row_gives_alone)
{
    static const size_t counts[] = {1, 2, 15, 16, 17, 18, 63, 64, 65, 255, 256, 257, 300, 512, 600};
    for (size_t i = 0; i < LENGTH_OF(counts); i++) {
        struct random_forest kind = {.seed = 100 + i,
                                     .trees = 20,
                                     .features = 40,
                                     .depth = 1 + i % 8,
                                     .nodes_max = 4096,
                                     .numbers = 100,
                                     .missing = true};
        hold(kind, counts[i]);
    }
}

static const struct engine *build(struct random_forest kind, struct arena *arena,
                                  struct engine *engine)
{
    struct forest forest;
    struct err err = {0};
    WORKS(random_forest_make(&kind, arena, &forest, &err), err);
    WORKS(engine_build(&forest, NULL, arena, engine, &err), err);
    return engine;
}

/* Eights of trees, whole and not, by 30, 100 and 200 columns. */
TEST(every_number_of_trees_is_summed_in_order)
{
    static const size_t features[] = {30, 100, 200};
    for (size_t trees = 1; trees <= 34; trees++)
        for (size_t i = 0; i < LENGTH_OF(features); i++)
            hold((struct random_forest){.seed = 300 + trees,
                                        .trees = trees,
                                        .features = features[i],
                                        .depth = 1 + trees % 6,
                                        .nodes_max = 4096,
                                        .numbers = 40,
                                        .missing = true},
                 12);
}

TEST(each_kind_of_forest_has_its_layout)
{
    CLEANUP(arena_release) struct arena arena = {.limit = (size_t)1 << 30};
    struct random_forest kind = {
        .seed = 3, .trees = 30, .features = 30, .depth = 6, .nodes_max = 4096, .numbers = 200};
    struct engine engine;
    SAME(build(kind, &arena, &engine)->shape, ENGINE_WIDE);
    TRUE(engine.heaps && engine.eight != NULL);
    kind.depth = 8;
    SAME(build(kind, &arena, &engine)->shape, ENGINE_CHAIN);
    SAME(engine.steps, 2);
    TRUE(engine.heaps);
    kind.depth = 12;
    SAME(build(kind, &arena, &engine)->steps, 3);
    TRUE(!engine.heaps);
    kind.depth = 20;
    SAME(build(kind, &arena, &engine)->steps, 0);
    kind.depth = 6;
    kind.categories = 3;
    SAME(build(kind, &arena, &engine)->shape, ENGINE_WIDE);
    TRUE(!engine.heaps && engine.category_first != NULL && engine.eight == NULL);
}

TEST(a_forest_of_too_many_columns_is_walked_plainly)
{
    CLEANUP(arena_release) struct arena arena = {.limit = (size_t)1 << 30};
    struct random_forest kind = {
        .seed = 4, .trees = 40, .features = 400, .depth = 8, .nodes_max = 4096, .numbers = 50};
    struct engine engine;
    SAME(build(kind, &arena, &engine)->shape, ENGINE_PLAIN);
    TEXT(view_of(engine.kernel->name), "portable");
    hold(kind, 20);
}

TEST(a_kernel_that_is_not_there_is_an_error_that_names_it)
{
    CLEANUP(arena_release) struct arena arena = {.limit = (size_t)1 << 30};
    struct random_forest kind = {
        .seed = 5, .trees = 2, .features = 3, .depth = 2, .nodes_max = 99, .numbers = 9};
    struct forest forest;
    struct engine engine;
    struct err err = {0};
    WORKS(random_forest_make(&kind, &arena, &forest, &err), err);
    FAILS(engine_build(&forest, "abacus", &arena, &engine, &err), err, ERR_INPUT);
    SAYS(err, "'abacus'");
}

TEST(an_arena_that_is_too_small_is_a_limit)
{
    CLEANUP(arena_release) struct arena arena = {.limit = (size_t)1 << 30};
    struct random_forest kind = {
        .seed = 6, .trees = 50, .features = 30, .depth = 6, .nodes_max = 4096, .numbers = 90};
    struct forest forest;
    struct engine engine;
    struct err err = {0};
    WORKS(random_forest_make(&kind, &arena, &forest, &err), err);
    for (size_t limit = 100; limit < 400 * 1000; limit += limit / 3) {
        CLEANUP(arena_release) struct arena small = {.limit = limit};
        err = (struct err){0};
        if (!engine_build(&forest, NULL, &small, &engine, &err))
            SAME(err.kind, ERR_LIMIT);
    }
}

static bool one_split_of_many_categories(const void *from, size_t index, struct sprout *out,
                                         struct err *err UNUSED)
{
    static const int32_t code[] = {1, 65535};
    *out = (struct sprout){.left = -1, .right = -1, .weight = index == 1 ? -1 : 1};
    if (index == 0)
        *out = (struct sprout){.left = 1,
                               .right = 2,
                               .feature = *(const int *)from,
                               .categorical = true,
                               .category = code,
                               .category_count = 2};
    return true;
}

TEST(a_small_model_of_high_categories_needs_no_more_memory_than_a_small_model_has)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct grove grove = {.arena = &arena};
    struct engine engine;
    struct err err = {0};
    for (int tree = 0; tree < 100; tree++) {
        int feature = tree % 3;
        struct sapling sapling = {
            .from = &feature, .node = one_split_of_many_categories, .count = 3};
        WORKS(grove_plant(&grove, &sapling, &err), err);
    }
    struct forest forest = {.feature_count = 3,
                            .objective = objective_find(VIEW("binary:logistic"))};
    WORKS(grove_settle(&grove, &arena, &forest, &err), err);
    WORKS(engine_build(&forest, NULL, &arena, &engine, &err), err);
    const float row[] = {65535, 1, 2};
    SAME(engine_margin(&engine, row), 34 + 33 - 33);
}

TEST(every_kernel_is_complete_and_the_last_one_runs_everywhere)
{
    for (size_t i = 0; i < kernels_count; i++) {
        const struct kernel *kernel = kernels[i];
        TRUE(kernel->name[0] != '\0' && kernel->about[0] != '\0');
        TRUE(kernel->supported != NULL && kernel->rank != NULL && kernel->margin != NULL &&
             kernel->margins != NULL);
        for (size_t j = 0; j < i; j++)
            TRUE(strcmp(kernels[j]->name, kernel->name) != 0);
    }
    TRUE(kernels[kernels_count - 1]->supported());
    SAME(kernels[kernels_count - 1]->columns_max, 0);
}

/* ---------------------------------------------------------------- other people's models */

/* A value where a branch may go wrong: on a threshold, just below, or missing. */
static void draw_row(const struct forest *forest, uint64_t index, float *row)
{
    struct rng rng = rng_of(11, 3, index);
    for (size_t f = 0; f < forest->feature_count; f++)
        row[f] = rng_below(&rng, 6) == 0 ? NAN : (float)rng_below(&rng, 20) - 3;
    for (size_t i = 0; i < forest->node_count; i++) {
        const struct node *node = &forest->node[i];
        if (node_is_leaf(node) || node->categorical || rng_below(&rng, 8) > 0)
            continue;
        row[node->feature] =
            rng_below(&rng, 2) == 0 ? node->threshold : nextafterf(node->threshold, -INFINITY);
    }
}

static void hold_model(const char *name)
{
    enum { ROWS = 600 };
    CLEANUP(arena_release) struct arena arena = {.limit = (size_t)1 << 30};
    struct imported model = {0};
    struct view bytes;
    struct err err = {0};
    WORKS(file_load(test_data(name), 64 << 20, &arena, &bytes, &err), err);
    WORKS(import_read(bytes, &arena, &model, &err), err);
    struct random_forest kind = {.features = model.forest.feature_count};
    float *rows = arena_new(&arena, float, ROWS *kind.features);
    for (size_t i = 0; i < ROWS; i++)
        draw_row(&model.forest, i, rows + i * kind.features);
    SAME(count_differences(&kind, &model.forest, &arena, rows, ROWS), 0);
}

TEST(the_models_of_the_test_data_have_the_same_bits_by_every_kernel)
{
    static const char *const names[] = {
        "models/system-a/booster.json",
        "models/system-a/model.pkl",
        "models/system-d/model.joblib",
        "models/xgboost/audit/BinomialClassificationAudit.ubj",
        "models/xgboost/audit/BinomialClassificationAuditNA.ubj",
        "models/xgboost/audit/LogisticRegressionAudit.json",
        "models/xgboost/audit/LogisticRegressionAuditNA.json",
        "models/xgboost/ieee-cis/IEEE-CIS_xgboost_model.json",
        "models/xgboost/ieee-cis/IEEE-CIS_xgboost_model_depth_16.json",
        "models/lightgbm/lg_breast_cancer.txt",
        "models/lightgbm/lg_dart_breast_cancer.model",
        "models/lightgbm/lg_rf_iris.model",
        "models/sklearn/sk_gradient_boosting_classifier.model",
    };
    for (size_t i = 0; i < LENGTH_OF(names); i++)
        if (test_data(names[i]) == NULL)
            SKIP("ASSAY_DATA has no models");
    for (size_t i = 0; i < LENGTH_OF(names); i++)
        hold_model(names[i]);
}
