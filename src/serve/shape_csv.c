#include "serve/shape.h"

static bool read_header(struct decode *decode, const struct csv_row *row, struct arena *arena,
                        struct err *err)
{
    uint32_t *order = arena_new(arena, uint32_t, row->count);
    if (order == NULL)
        return err_set(err, ERR_LIMIT, "the header is longer than one request may be");
    for (size_t i = 0; i < row->count; i++) {
        size_t index = i;
        if (!shape_find_column(decode, row->field[i], &index, err))
            return false;
        order[i] = (uint32_t)index;
    }
    decode->order = order;
    decode->fields = row->count;
    return true;
}

/* Whether the first line names columns; a copy of the cursor looks ahead. */
static bool open(struct decode *decode, struct view body, struct arena *arena, struct err *err)
{
    struct csv_row row;
    if (!csv_open(&decode->csv, body, arena, err))
        return false;
    struct csv start = decode->csv;
    decode->order = decode->schema->input;
    decode->fields = decode->schema->input_count;
    if (!csv_next(&decode->csv, &row, err))
        return err->kind == ERR_NONE ? err_set(err, ERR_INPUT, "the CSV holds no rows") : false;
    if (schema_find(decode->schema, row.field[0]) != NULL)
        return read_header(decode, &row, arena, err);
    arena_release(&decode->csv.unquoted);
    decode->csv = start;
    return true;
}

static bool take_csv_row(struct decode *decode, const struct csv_row *row, struct err *err)
{
    shape_begin_row(decode);
    if (row->count != decode->fields)
        return decode->order == decode->schema->input
                   ? shape_wrong_count(decode, err)
                   : err_set(err, ERR_INPUT, "%zu fields, and the header has %zu", row->count,
                             decode->fields);
    for (size_t i = 0; i < row->count; i++)
        if (!shape_set_text(decode, decode->order[i], row->field[i], err))
            return false;
    return shape_finish_row(decode, err);
}

static bool next(struct decode *decode, struct err *err)
{
    struct csv_row row;
    if (!csv_next(&decode->csv, &row, err)) {
        if (err->kind == ERR_NONE && decode->rows == 0)
            err_set(err, ERR_INPUT, "the CSV holds a header and no rows");
        return false;
    }
    if (take_csv_row(decode, &row, err))
        return true;
    return err_while(err, "CSV line %zu", row.line);
}

static void describe(const struct shape *shape UNUSED, const struct description *description)
{
    describe_csv(description->schema, description->json);
}

const struct shape shape_csv = {.open = open, .next = next, .describe = describe};
