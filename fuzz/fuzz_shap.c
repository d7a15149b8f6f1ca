/* Any model that can be read can be explained: every kernel, one row and many, adds up to the
 * margin, whatever its covers say. */
#include "model/shap.h"

#include "base/rng.h"
#include "model/xgboost.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROWS = 3, FEATURES_MAX = 64 };

static float rows[ROWS][FEATURES_MAX];

static void fill_rows(const struct forest *forest)
{
    struct rng rng = rng_of(1, (uint32_t)forest->node_count, 2);
    for (size_t i = 0; i < (size_t)ROWS * FEATURES_MAX; i++)
        rows[i / FEATURES_MAX][i % FEATURES_MAX] =
            rng_below(&rng, 8) == 0 ? NAN : (float)rng_normal(&rng);
}

/* A factor's error for each branch above a leaf, and leaves may be huge and cancel. Tables hold
 * floats. */
static void check(const struct forest *forest, const double *phi, double expected, const float *row,
                  double within)
{
    double sum = expected, margin = (double)forest->base_margin, size = 1e-300;
    for (size_t i = 0; i < forest->feature_count; i++)
        sum += phi[i];
    for (size_t tree = 0; tree < forest->tree_count; tree++) {
        uint32_t leaf = forest_leaf(forest, tree, row);
        margin += forest->weight != NULL ? forest->weight[leaf] : (double)forest->node[leaf].weight;
    }
    for (size_t i = 0; i < forest->node_count; i++)
        if (node_is_leaf(&forest->node[i]))
            size +=
                fabs(forest->weight != NULL ? forest->weight[i] : (double)forest->node[i].weight);
    assert(!isfinite(size) || fabs(sum - margin) <= within * (size + fabs(margin)));
}

static void explain(const struct forest *forest, const char *kernel)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct explainer explainer;
    struct err err = {0};
    double phi[FEATURES_MAX], many[ROWS][FEATURES_MAX], looked_up[ROWS][FEATURES_MAX];
    if (!explainer_build(forest, kernel, &arena, &explainer, &err)) {
        assert(err.kind == ERR_LIMIT || err.kind == ERR_INPUT);
        return;
    }
    void *scratch = arena_alloc(&arena, 1, explainer.batch_scratch);
    if (scratch == NULL)
        return;
    explainer.table_rows = SIZE_MAX;
    shap_batch(&explainer, &rows[0][0], ROWS, FEATURES_MAX, &many[0][0], scratch);
    explainer.table_rows = 0; /* or there are too few rows for them */
    shap_batch(&explainer, &rows[0][0], ROWS, FEATURES_MAX, &looked_up[0][0], scratch);
    for (size_t row = 0; row < ROWS; row++) {
        shap_row(&explainer, rows[row], phi, scratch);
        check(forest, phi, explainer.expected, rows[row], 1e-9);
        check(forest, &many[0][0] + row * forest->feature_count, explainer.expected, rows[row],
              1e-9);
        check(forest, &looked_up[0][0] + row * forest->feature_count, explainer.expected, rows[row],
              1e-6);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    struct err err = {0};
    struct forest forest;
    if (!xgboost_parse((struct view){(const char *)data, size}, &arena, &forest, &err) ||
        forest.feature_count > FEATURES_MAX)
        return 0;
    fill_rows(&forest);
#define SHAP_KERNEL(name) explain(&forest, #name);
#include "model/shap_kernels.def"
#undef SHAP_KERNEL
    return 0;
}
