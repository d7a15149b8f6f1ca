#include "monitor/columns.h"

#include <math.h>

static bool is_of_the_clock(const struct transform *transform)
{
    return transform == &transform_hour || transform == &transform_weekday ||
           transform == &transform_day;
}

static bool is_coded(const struct transform *transform)
{
    return transform == &transform_one_hot || transform == &transform_ordinal;
}

bool watched_columns_of(const struct plan *plan, struct watched_columns *out, struct arena *arena,
                        struct err *err)
{
    struct watched_columns columns = {.column = arena_new(arena, struct watched, plan->count)};
    if (columns.column == NULL)
        return err_set(err, ERR_LIMIT, "the columns do not fit the memory limit");
    for (size_t i = 0; i < plan->count; i++) {
        const struct feature *feature = &plan->feature[i];
        if (is_of_the_clock(feature->transform)) {
            columns.left_out++;
            continue;
        }
        columns.column[columns.count++] = (struct watched){
            .name = feature->name,
            .feature = feature,
            .numbers = !is_coded(feature->transform),
            .values = plan->schema->column[feature->column].values.count,
        };
    }
    *out = columns;
    return true;
}

void watched_numbers(const struct watched *column, const float *value, size_t rows, size_t width,
                     float *out)
{
    for (size_t i = 0; i < rows; i++)
        out[i] = value[i * width + column->feature->first];
}

static uint32_t hot(const float *at, uint32_t width)
{
    for (uint32_t i = 0; i < width; i++)
        if (at[i] == 1)
            return i;
    return DRIFT_MISSING;
}

void watched_codes(const struct watched *column, const float *value, size_t rows, size_t width,
                   uint32_t *out)
{
    const struct feature *feature = column->feature;
    for (size_t i = 0; i < rows; i++) {
        const float *at = value + i * width + feature->first;
        if (feature->transform == &transform_one_hot)
            out[i] = hot(at, feature->width);
        else
            out[i] = isnan(*at) ? DRIFT_MISSING : (uint32_t)*at;
    }
}
