#include "data/quality.h"

#include "base/number.h"
#include "data/csv.h"
#include "data/source.h"

#include <math.h>

enum cell_state { CELL_GOOD, CELL_ABSENT, CELL_REFUSED };

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT, "the check does not fit the memory limit (data.memory_mb)");
}

bool quality_init(struct quality *quality, const struct schema *schema,
                  const struct quality_rules *rules, struct arena *arena, struct err *err)
{
    struct quality made = {.schema = schema, .rules = rules, .arena = arena};
    made.tally = arena_new(arena, struct quality_tally, rules->count + 1);
    made.seen = arena_new(arena, struct dictionary, rules->count + 1);
    made.first = arena_new(arena, uint32_t, schema->count + 1);
    if (made.tally == NULL || made.seen == NULL || made.first == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < rules->count; i++)
        made.seen[i] = dictionary_in(arena);
    for (size_t column = 0, rule = 0; column <= schema->count; column++) {
        while (rule < rules->count && rules->rule[rule].column < column)
            rule++;
        made.first[column] = (uint32_t)rule;
    }
    *quality = made;
    return true;
}

/* ---------------------------------------------------------------- one cell */

static bool note_offender(struct quality *quality, struct quality_tally *tally, size_t line,
                          struct view text, struct err *err)
{
    tally->violations++;
    quality->row_fails = true;
    if (tally->shown == QUALITY_SHOWN)
        return true;
    size_t length = text.length < QUALITY_VALUE_MAX ? text.length : QUALITY_VALUE_MAX;
    char *copy = arena_copy(quality->arena, length == 0 ? "" : text.text, length);
    if (copy == NULL)
        return out_of_memory(err);
    tally->line[tally->shown] = line;
    tally->value[tally->shown++] = (struct view){copy, length};
    return true;
}

static bool see_value(struct quality *quality, size_t index, const struct cell *cell,
                      struct view text, bool *holds, struct err *err)
{
    const struct expectation *expectation = quality->rules->rule[index].expectation;
    if (expectation->kind != &expectation_unique) {
        *holds = expectation_holds(expectation, cell);
        return true;
    }
    struct dictionary *seen = &quality->seen[index];
    uint32_t before = seen->count, at;
    if (!dictionary_add(seen, text, &at))
        return out_of_memory(err);
    *holds = at == before;
    return true;
}

static bool see_cell(struct quality *quality, size_t column, enum cell_state state,
                     const struct cell *cell, struct view text, size_t line, struct err *err)
{
    for (size_t i = quality->first[column]; i < quality->first[column + 1]; i++) {
        const struct expectation_kind *kind = quality->rules->rule[i].expectation->kind;
        struct quality_tally *tally = &quality->tally[i];
        bool presence = kind == &expectation_not_null, type = kind == &expectation_type;
        bool holds = true;
        if (presence)
            holds = state != CELL_ABSENT;
        else if (state == CELL_ABSENT || (state == CELL_REFUSED && !type))
            continue;
        else if (type)
            holds = state == CELL_GOOD;
        else if (!see_value(quality, i, cell, text, &holds, err))
            return false;
        tally->judged++;
        if (!holds && !note_offender(quality, tally, line, text, err))
            return false;
    }
    return true;
}

static void end_row(struct quality *quality)
{
    quality->rows++;
    quality->rows_failed += quality->row_fails;
    quality->row_fails = false;
}

/* ---------------------------------------------------------------- a file */

struct file {
    const char *path;
    uint32_t *column; /* of the schema, by field; UINT32_MAX: in no schema */
    size_t fields;
    struct column *lenient; /* by field: the column, allowed to be missing */
};

static bool add_difference(struct quality *quality, struct view name, bool missing, bool required,
                           struct err *err)
{
    char *copy = arena_copy(quality->arena, name.text, name.length);
    if (copy == NULL)
        return out_of_memory(err);
    quality->column[quality->columns++] =
        (struct quality_column){{copy, name.length}, missing, required};
    return true;
}

static bool read_header(struct quality *quality, struct file *file, const struct csv_row *row,
                        struct arena *arena, struct err *err)
{
    const struct schema *schema = quality->schema;
    bool *present = arena_new(arena, bool, schema->count);
    file->fields = row->count;
    file->column = arena_new(arena, uint32_t, row->count);
    file->lenient = arena_new(arena, struct column, row->count);
    quality->column = arena_new(arena, struct quality_column, row->count + schema->count);
    if (present == NULL || file->column == NULL || file->lenient == NULL || quality->column == NULL)
        return out_of_memory(err);
    quality->columns = 0;
    for (size_t i = 0; i < row->count; i++) {
        uint32_t index = dictionary_find(&schema->names, row->field[i]);
        file->column[i] = index == DICTIONARY_NONE ? UINT32_MAX : index;
        if (index == DICTIONARY_NONE) {
            if (!add_difference(quality, row->field[i], false, false, err))
                return false;
            continue;
        }
        if (present[index])
            return err_set(err, ERR_INPUT, "%s line %zu: column '" VIEW_FMT "' stands twice",
                           file->path, row->line, VIEW_ARG(row->field[i]));
        present[index] = true;
        file->lenient[i] = schema->column[index];
        file->lenient[i].optional = true;
    }
    for (size_t i = 0; i < schema->count; i++) {
        const struct column *column = &schema->column[i];
        if (!present[i] && (column->input || column->expect_count > 0) &&
            !add_difference(quality, column->name, true, column->input && !column->optional, err))
            return false;
    }
    return true;
}

static bool read_row(struct quality *quality, const struct file *file, const struct csv_row *row,
                     struct err *err)
{
    if (row->count != file->fields)
        return err_set(err, ERR_INPUT, "%s line %zu: %zu fields, the header has %zu", file->path,
                       row->line, row->count, file->fields);
    for (size_t i = 0; i < file->fields; i++) {
        if (file->column[i] == UINT32_MAX)
            continue;
        struct cell cell;
        struct err why = {0};
        enum cell_state state = CELL_GOOD;
        if (!cell_parse(&file->lenient[i], row->field[i], &cell, &why))
            state = CELL_REFUSED;
        else if (cell_is_missing(&file->lenient[i], &cell))
            state = CELL_ABSENT;
        if (!see_cell(quality, file->column[i], state, &cell, row->field[i], row->line, err))
            return false;
    }
    end_row(quality);
    return true;
}

bool quality_file(struct quality *quality, const char *path, size_t size_max, struct arena *arena,
                  struct err *err)
{
    CLEANUP(arena_release) struct arena whole = {.limit = size_max};
    CLEANUP(csv_close) struct csv csv = {0};
    struct file file = {.path = path};
    struct view text;
    struct csv_row row;
    if (!source_load(path, size_max, &whole, &text, err) || !csv_open(&csv, text, arena, err))
        return false;
    if (!csv_next(&csv, &row, err))
        return err->kind != ERR_NONE
                   ? err_while(err, "%s", path)
                   : err_set(err, ERR_INPUT, "%s is empty: a header is expected", path);
    if (!read_header(quality, &file, &row, arena, err))
        return false;
    while (csv_next(&csv, &row, err))
        if (!read_row(quality, &file, &row, err))
            return false;
    return err->kind == ERR_NONE || err_while(err, "%s", path);
}

/* ---------------------------------------------------------------- a table */

static bool see_series(struct quality *quality, const struct table *table, size_t column,
                       size_t row, struct err *err)
{
    const struct series *series = &table->series[column];
    char number[NUMBER_SIZE];
    struct view text = table_text(table, column, row, number);
    struct cell cell = {
        .number = series->number != NULL ? series->number[row] : (double)NAN,
        .text = series->text != NULL ? text : (struct view){0},
    };
    enum cell_state state = text.text == NULL ? CELL_ABSENT : CELL_GOOD;
    return see_cell(quality, column, state, &cell, text, table->line[row], err);
}

bool quality_table(struct quality *quality, const struct table *table, struct err *err)
{
    for (size_t row = 0; row < table->rows; row++) {
        for (size_t column = 0; column < table->schema->count; column++)
            if (table->series[column].present && !see_series(quality, table, column, row, err))
                return false;
        end_row(quality);
    }
    return true;
}

/* ---------------------------------------------------------------- verdicts */

double quality_share(const struct quality_tally *tally)
{
    return tally->judged == 0 ? 1 : 1 - (double)tally->violations / (double)tally->judged;
}

bool quality_passes(const struct quality *quality, size_t rule)
{
    static const double rounding = 1e-12;
    double mostly = quality->rules->rule[rule].expectation->mostly;
    return quality_share(&quality->tally[rule]) >= mostly - rounding;
}

size_t quality_errors(const struct quality *quality)
{
    size_t errors = 0;
    for (size_t i = 0; i < quality->rules->count; i++)
        errors += quality->rules->rule[i].expectation->severity == EXPECT_ERROR &&
                  !quality_passes(quality, i);
    for (size_t i = 0; i < quality->columns; i++)
        errors += quality->column[i].missing && quality->column[i].required;
    return errors;
}
