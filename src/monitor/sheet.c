#include "monitor/sheet.h"

#include "data/csv.h"
#include "data/source.h"
#include "measure/drift.h"

#include <math.h>

static bool out_of_memory(const char *path, struct err *err)
{
    return err_set(err, ERR_LIMIT, "%s does not fit the memory limit (data.memory_mb raises it)",
                   path);
}

/* What is being read. */
struct reading {
    struct sheet sheet;
    const struct sheet *like;
    struct column *column; /* the schema's, with nothing required and no bounds */
    uint32_t *place;       /* by field: the schema's column, or DICTIONARY_NONE */
    size_t fields, rows_max;
    struct arena *arena;
};

static bool relax_columns(struct reading *reading, struct err *err)
{
    const struct schema *schema = reading->sheet.schema;
    reading->column = arena_new(reading->arena, struct column, schema->count + 1);
    reading->sheet.column = arena_new(reading->arena, struct sheet_column, schema->count + 1);
    if (reading->column == NULL || reading->sheet.column == NULL)
        return out_of_memory(reading->sheet.path, err);
    for (size_t i = 0; i < schema->count; i++) {
        struct column *column = &reading->column[i];
        *column = schema->column[i];
        column->optional = true;
        column->refuse_unseen = false;
        column->min = column->max = (double)NAN;
        reading->sheet.column[i].values = dictionary_in(reading->arena);
    }
    return true;
}

static bool make_room(struct reading *reading, size_t index)
{
    struct sheet_column *column = &reading->sheet.column[index];
    enum column_kind kind = reading->column[index].kind;
    column->present = true;
    if (kind_is_coded(kind)) {
        column->code = arena_new(reading->arena, uint32_t, reading->rows_max + 1);
        return column->code != NULL;
    }
    if (kind != COLUMN_NUMBER && kind != COLUMN_INTEGER && kind != COLUMN_BOOLEAN)
        return true;
    column->number = arena_new(reading->arena, float, reading->rows_max + 1);
    return column->number != NULL;
}

static bool read_header(struct reading *reading, const struct csv_row *row, struct err *err)
{
    struct sheet *sheet = &reading->sheet;
    struct dictionary names = dictionary_in(reading->arena);
    uint32_t index;
    reading->fields = row->count;
    reading->place = arena_new(reading->arena, uint32_t, row->count);
    sheet->extra = arena_new(reading->arena, struct view, row->count);
    if (reading->place == NULL || sheet->extra == NULL)
        return out_of_memory(sheet->path, err);
    for (size_t i = 0; i < row->count; i++) {
        if (!dictionary_add(&names, row->field[i], &index))
            return out_of_memory(sheet->path, err);
        if (index != i)
            return err_set(err, ERR_INPUT, "%s: column '" VIEW_FMT "' stands twice in the header",
                           sheet->path, VIEW_ARG(row->field[i]));
        reading->place[i] = dictionary_find(&sheet->schema->names, row->field[i]);
        if (reading->place[i] == DICTIONARY_NONE)
            sheet->extra[sheet->extras++] = names.text[index];
        else if (!make_room(reading, reading->place[i]))
            return out_of_memory(sheet->path, err);
    }
    return true;
}

/* The code among the values of `like`, or behind them. */
static bool code_of(struct reading *reading, size_t index, struct view text, uint32_t *out)
{
    struct sheet_column *column = &reading->sheet.column[index];
    uint32_t known = 0;
    if (reading->like != NULL) {
        const struct dictionary *values = &reading->like->column[index].values;
        *out = dictionary_find(values, text);
        known = values->count;
        if (*out != DICTIONARY_NONE)
            return true;
    }
    if (!dictionary_add(&column->values, text, out))
        return false;
    *out += known;
    return true;
}

static bool set_missing(struct sheet_column *column, size_t row)
{
    if (column->number != NULL)
        column->number[row] = NAN;
    if (column->code != NULL)
        column->code[row] = DRIFT_MISSING;
    return true;
}

static bool set_cell(struct reading *reading, size_t index, struct view text, size_t line,
                     struct err *err)
{
    struct sheet_column *column = &reading->sheet.column[index];
    const struct column *declared = &reading->column[index];
    size_t row = reading->sheet.rows;
    struct cell cell;
    struct err wrong = {0};
    if (!cell_parse(declared, text, &cell, &wrong)) {
        if (column->mistyped++ == 0) {
            const char *copy = view_copy(text, reading->arena);
            column->example = (struct view){copy, copy == NULL ? 0 : text.length};
            column->example_line = line;
        }
        return set_missing(column, row);
    }
    if (cell_is_missing(declared, &cell)) {
        column->missing++;
        return set_missing(column, row);
    }
    if (column->number != NULL)
        column->number[row] = (float)cell.number;
    return column->code == NULL || code_of(reading, index, cell.text, &column->code[row]) ||
           out_of_memory(reading->sheet.path, err);
}

static bool read_row(struct reading *reading, const struct csv_row *row, struct err *err)
{
    if (row->count != reading->fields)
        return err_set(err, ERR_INPUT, "%s line %zu: %zu fields, the header has %zu",
                       reading->sheet.path, row->line, row->count, reading->fields);
    for (size_t i = 0; i < row->count; i++)
        if (reading->place[i] != DICTIONARY_NONE &&
            !set_cell(reading, reading->place[i], row->field[i], row->line, err))
            return false;
    reading->sheet.rows++;
    return true;
}

static size_t count_lines(struct view text)
{
    size_t lines = 1;
    for (size_t i = 0; i < text.length; i++)
        lines += text.text[i] == '\n';
    return lines;
}

bool sheet_read(struct sheet *out, const struct schema *schema, const struct sheet *like,
                const char *path, struct view text, struct arena *arena, struct err *err)
{
    CLEANUP(arena_release) struct arena scratch = {.limit = SIZE_MAX / 2};
    CLEANUP(csv_close) struct csv csv = {0};
    struct reading reading = {
        .sheet = {.schema = schema, .path = path}, .like = like, .arena = arena};
    struct csv_row row;
    reading.rows_max = count_lines(text);
    if (!csv_open(&csv, text, &scratch, err) || !relax_columns(&reading, err))
        return false;
    if (!csv_next(&csv, &row, err))
        return err->kind != ERR_NONE
                   ? err_while(err, "%s", path)
                   : err_set(err, ERR_INPUT, "%s is empty: a header is expected", path);
    if (!read_header(&reading, &row, err))
        return false;
    while (csv_next(&csv, &row, err))
        if (!read_row(&reading, &row, err))
            return false;
    if (err->kind != ERR_NONE)
        return err_while(err, "%s", path);
    *out = reading.sheet;
    return true;
}

bool sheet_load(struct sheet *out, const struct schema *schema, const struct sheet *like,
                const char *path, size_t size_max, struct arena *arena, struct err *err)
{
    CLEANUP(arena_release) struct arena file = {.limit = size_max};
    struct view text;
    return source_load(path, size_max, &file, &text, err) &&
           sheet_read(out, schema, like, path, text, arena, err);
}
