/* Any bytes as a pickle: an error, or inert values; any values as a model or as what stands beside
 * one: an error, or a forest that any row can be walked down. */
#include "model/import.h"
#include "model/pickle_read.h"
#include "model/sklearn.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY = 16 << 20 };

static void check(const struct err *err)
{
    assert(err->kind == ERR_MODEL || err->kind == ERR_LIMIT);
}

static void walk(const struct forest *forest, float value)
{
    static float row[4096];
    if (forest->feature_count > LENGTH_OF(row))
        return;
    for (size_t i = 0; i < forest->feature_count; i++)
        row[i] = value;
    float score = forest_predict(forest, forest_margin(forest, row));
    assert(!isnan(score)); /* a sum of finite weights may reach infinity, and stays there */
}

static void walk_all(const struct imported *model)
{
    walk(&model->forest, NAN);
    walk(&model->forest, 0);
    walk(&model->forest, 1e30F);
    walk(&model->forest, 33);
    for (size_t i = 0; model->mean != NULL && i < model->forest.feature_count; i++)
        assert(isfinite(model->mean[i]) && model->scale[i] > 0);
    for (size_t i = 0; model->feature_name != NULL && i < model->forest.feature_count; i++)
        assert(view_is_utf8(model->feature_name[i]));
    assert(isnan(model->threshold) || (model->threshold >= 0 && model->threshold <= 1));
}

/* The values as something beside a model of one feature and one leaf. */
static void read_companion(const struct pickle *root, struct arena *arena)
{
    static const struct node leaf = {.weight = 0};
    static const uint32_t root_at = 0;
    struct imported model = {
        .forest = {.node = &leaf,
                   .root = &root_at,
                   .node_count = 1,
                   .tree_count = 1,
                   .feature_count = 6,
                   .objective = &objective_binary_logistic},
        .threshold = (double)NAN,
    };
    struct err err = {0};
    if (sklearn_companion(root, VIEW("threshold"), arena, &model, &err))
        walk_all(&model);
    else
        check(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view bytes = {(const char *)data, size};
    const struct pickle *root;
    struct imported model = {.threshold = (double)NAN};
    struct err err = {0};
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    if (pickle_read(bytes, &arena, &root, &err)) {
        read_companion(root, &arena);
        if (sklearn_read(root, size, &arena, &model, &err))
            walk_all(&model);
        else
            check(&err);
    } else {
        check(&err);
    }
    CLEANUP(arena_release) struct arena again = {.limit = MEMORY};
    err = (struct err){0};
    if (import_read(bytes, &again, &model, &err))
        walk_all(&model);
    else
        check(&err);
    return 0;
}
