/* What every fuzzer of models asks of a forest: any row can be walked down it, and it comes back
 * from XGBoost's format with the same margins. */
#ifndef FUZZ_ROUND_TRIP_H
#define FUZZ_ROUND_TRIP_H

#include "model/xgboost.h"
#include "model/xgboost_write.h"

#include <math.h>

static inline float walk(const struct forest *forest, float value)
{
    static float row[4096];
    if (forest->feature_count > LENGTH_OF(row))
        return 0;
    for (size_t i = 0; i < forest->feature_count; i++)
        row[i] = value;
    float margin = forest_margin(forest, row);
    assert(!isnan(forest_predict(forest, margin))); /* finite weights; a sum may reach infinity */
    return margin;
}

static inline void write_and_read(const struct forest *forest, enum xgboost_format format)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    static const float values[] = {NAN, 0, -0.0F, 1e30F, 33, -5};
    struct text text = text_in_arena(&arena);
    struct err err = {0};
    struct forest again;
    if (!xgboost_write(forest, format, &text, &err) ||
        !xgboost_parse(text_view(&text), &arena, &again, &err)) {
        assert(err.kind == ERR_LIMIT); /* the arena is small */
        return;
    }
    for (size_t i = 0; i < LENGTH_OF(values); i++) {
        float before = walk(forest, values[i]), after = walk(&again, values[i]);
        assert(memcmp(&before, &after, sizeof before) == 0);
    }
}

static inline void round_trip(const struct forest *forest)
{
    write_and_read(forest, XGBOOST_JSON);
    write_and_read(forest, XGBOOST_UBJ);
}

#endif
