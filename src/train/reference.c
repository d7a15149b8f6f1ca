#include "train/reference.h"

#include "store/base64.h"
#include "store/reference.h"

/* Of `of` rows, number `index` is among `count` at even distances. */
static bool is_chosen(size_t index, size_t count, size_t of)
{
    return (index + 1) * count / of != index * count / of;
}

static void write_bytes(struct json *json, const char *key, const void *bytes, size_t size,
                        struct text *scratch)
{
    scratch->length = 0;
    base64_add(scratch, (struct view){bytes, size});
    json_key(json, key), json_text(json, text_view(scratch));
}

bool reference_write(const struct prepared *prepared, size_t rows_max, struct arena *arena,
                     struct json *json, struct err *err)
{
    size_t all = 0, at = 0, seen = 0, width = prepared->plan.width;
    for (int s = 0; s < SLICE_NONE; s++)
        all += prepared->count[s][0] + prepared->count[s][1];
    size_t rows = all < rows_max ? all : rows_max;
    rows = rows < REFERENCE_FLOATS_MAX / width ? rows : REFERENCE_FLOATS_MAX / width;
    float *value = arena_new(arena, float, rows *width);
    uint8_t *slice = arena_new(arena, uint8_t, rows), *label = arena_new(arena, uint8_t, rows);
    struct cell *cell = arena_new(arena, struct cell, prepared->schema.count);
    if (value == NULL || slice == NULL || label == NULL || cell == NULL)
        return err_set(err, ERR_LIMIT, "the reference rows do not fit the memory limit");
    struct record record = {.schema = &prepared->schema, .cell = cell};
    for (size_t i = 0; i < prepared->past.table.rows; i++) {
        if (prepared->slice[i] == SLICE_NONE || !is_chosen(seen++, rows, all))
            continue;
        if (!table_record(&prepared->past.table, i, &record, err))
            return false;
        feature_apply(&prepared->plan, &record, value + at * width);
        slice[at] = prepared->slice[i];
        label[at++] = prepared->past.label[i];
    }
    struct text scratch = text_in_arena(arena);
    json_open(json, '{');
    json_key(json, "rows"), json_count(json, rows);
    json_key(json, "features");
    json_open(json, '[');
    for (size_t i = 0; i < width; i++)
        json_text(json, prepared->plan.width_name[i]);
    json_close(json);
    write_bytes(json, "slice", slice, rows, &scratch);
    write_bytes(json, "label", label, rows, &scratch);
    write_bytes(json, "values", value, rows * width * sizeof *value, &scratch);
    json_close(json);
    return !scratch.cut ||
           err_set(err, ERR_LIMIT, "the reference rows do not fit the memory limit");
}
