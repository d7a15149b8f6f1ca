/* Any bytes as a model in JSON: an error, or a forest that any row can be walked down. */
#include "model/xgboost.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view bytes = {(const char *)data, size};
    struct err err = {0};
    struct forest forest;
    if (!xgboost_is_json(bytes))
        return 0;
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    if (!xgboost_parse(bytes, &arena, &forest, &err)) {
        assert(err.kind == ERR_MODEL || err.kind == ERR_LIMIT);
        return 0;
    }
    walk(&forest, NAN);
    walk(&forest, 0);
    walk(&forest, 1e30F);
    walk(&forest, 33);
    return 0;
}
