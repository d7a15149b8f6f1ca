#include "data/table.h"

#include "base/number.h"
#include "data/csv.h"
#include "data/source.h"

#include <math.h>

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT,
                   "the data does not fit the memory limit (data.memory_mb raises it)");
}

static bool keeps_text(enum column_kind kind)
{
    return kind_is_coded(kind) || kind == COLUMN_ID || kind == COLUMN_TEXT;
}

static bool series_init(struct series *series, enum column_kind kind, size_t rows,
                        struct arena *arena)
{
    series->present = true;
    if (keeps_text(kind)) {
        series->text = arena_new(arena, uint32_t, rows);
        return series->text != NULL;
    }
    series->number = arena_new(arena, double, rows);
    return series->number != NULL;
}

/* ---------------------------------------------------------------- reading */

static size_t count_lines(struct view text)
{
    size_t lines = 1;
    const char *at = text.text, *end = text.text + text.length;
    while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        lines++;
        at++;
    }
    return lines;
}

/* Which schema column each field of the header is. */
static bool read_header(struct table *table, const struct csv_row *header, size_t rows_max,
                        uint32_t *column, struct arena *arena, struct err *err)
{
    for (size_t i = 0; i < header->count; i++) {
        struct view name = header->field[i];
        uint32_t index = dictionary_find(&table->schema->names, name);
        if (index == DICTIONARY_NONE)
            return err_set(err, ERR_INPUT,
                           "%s line %zu, column %u: '" VIEW_FMT "' is not in the schema; declare "
                           "it under `columns` (use: false when the model is not to read it)",
                           table->path, header->line, header->column[i], VIEW_ARG(name));
        if (table->series[index].present)
            return err_set(err, ERR_INPUT, "%s line %zu: column '" VIEW_FMT "' stands twice",
                           table->path, header->line, VIEW_ARG(name));
        if (!series_init(&table->series[index], table->schema->column[index].kind, rows_max, arena))
            return out_of_memory(err);
        column[i] = index;
    }
    return true;
}

static bool set_cell(struct table *table, size_t column, const struct cell *cell, struct err *err)
{
    struct series *series = &table->series[column];
    if (series->number != NULL) {
        series->number[table->rows] = cell->number;
        return true;
    }
    series->text[table->rows] = DICTIONARY_NONE;
    if (cell->text.text == NULL)
        return true;
    return dictionary_add(&table->texts, cell->text, &series->text[table->rows]) ||
           out_of_memory(err);
}

static bool read_row(struct table *table, const struct csv_row *row, const uint32_t *column,
                     size_t fields, struct err *err)
{
    if (row->count != fields)
        return err_set(err, ERR_INPUT, "%s line %zu: %zu fields, the header has %zu", table->path,
                       row->line, row->count, fields);
    for (size_t i = 0; i < fields; i++) {
        struct cell cell;
        if (!cell_parse(&table->schema->column[column[i]], row->field[i], &cell, err))
            return err_while(err, "%s line %zu, column %u", table->path, row->line, row->column[i]);
        if (!set_cell(table, column[i], &cell, err))
            return false;
    }
    table->line[table->rows] = row->line > UINT32_MAX ? UINT32_MAX : (uint32_t)row->line;
    table->rows++;
    return true;
}

static bool read_rows(struct table *table, struct csv *csv, size_t rows_max, struct arena *arena,
                      struct err *err)
{
    struct csv_row row;
    if (!csv_next(csv, &row, err))
        return err->kind != ERR_NONE
                   ? err_while(err, "%s", table->path)
                   : err_set(err, ERR_INPUT, "%s is empty: a header is expected", table->path);
    size_t fields = row.count;
    uint32_t *column = arena_new(arena, uint32_t, fields);
    table->line = arena_new(arena, uint32_t, rows_max);
    if (column == NULL || table->line == NULL)
        return out_of_memory(err);
    if (!read_header(table, &row, rows_max, column, arena, err))
        return false;
    while (csv_next(csv, &row, err))
        if (!read_row(table, &row, column, fields, err))
            return false;
    if (err->kind != ERR_NONE)
        return err_while(err, "%s", table->path);
    if (table->rows == 0)
        return err_set(err, ERR_INPUT, "%s has a header and no rows", table->path);
    return true;
}

bool table_load(struct table *table, const struct schema *schema, const char *path, size_t size_max,
                struct arena *arena, struct err *err)
{
    CLEANUP(arena_release) struct arena file = {.limit = size_max};
    struct view text;
    if (!source_load(path, size_max, &file, &text, err))
        return false;
    struct table made = {
        .schema = schema,
        .path = path,
        .series = arena_new(arena, struct series, schema->count),
        .texts = dictionary_in(arena),
    };
    size_t rows_max = count_lines(text);
    if (rows_max > TABLE_ROWS_MAX)
        return err_set(err, ERR_LIMIT, "%s: more than %d rows", path, TABLE_ROWS_MAX);
    CLEANUP(csv_close) struct csv csv = {0};
    if (made.series == NULL)
        return out_of_memory(err);
    if (!csv_open(&csv, text, arena, err) || !read_rows(&made, &csv, rows_max, arena, err))
        return false;
    *table = made;
    return true;
}

void table_keep(struct table *table, const uint8_t *wanted)
{
    size_t kept = 0;
    for (size_t i = 0; i < table->rows; i++) {
        if (!wanted[i])
            continue;
        for (size_t c = 0; c < table->schema->count; c++) {
            struct series *series = &table->series[c];
            if (series->number != NULL)
                series->number[kept] = series->number[i];
            if (series->text != NULL)
                series->text[kept] = series->text[i];
        }
        table->line[kept++] = table->line[i];
    }
    table->rows = kept;
}

bool table_require_inputs(const struct table *table, struct err *err)
{
    for (size_t i = 0; i < table->schema->count; i++) {
        const struct column *column = &table->schema->column[i];
        if (column->input && !column->optional && !table->series[i].present)
            return err_set(err, ERR_INPUT,
                           "%s: column '" VIEW_FMT "' is not there, and the schema requires it",
                           table->path, VIEW_ARG(column->name));
    }
    return true;
}

/* ---------------------------------------------------------------- rows back as records */

struct view table_text(const struct table *table, size_t column, size_t row,
                       char number[NUMBER_SIZE])
{
    const struct series *series = &table->series[column];
    if (series->text != NULL) {
        uint32_t text = series->text[row];
        return text == DICTIONARY_NONE ? (struct view){0} : table->texts.text[text];
    }
    if (series->number == NULL || isnan(series->number[row]))
        return (struct view){0};
    return (struct view){number, number_print(series->number[row], number)};
}

static bool coded_cell(const struct table *table, const struct column *column, uint32_t text,
                       struct cell *out, struct err *err)
{
    struct view view = text == DICTIONARY_NONE ? (struct view){0} : table->texts.text[text];
    return cell_parse(column, view, out, err);
}

bool table_record(const struct table *table, size_t row, struct record *record, struct err *err)
{
    const struct schema *schema = table->schema;
    *record = record_of(schema, record->cell);
    for (size_t i = 0; i < schema->count; i++) {
        const struct column *column = &schema->column[i];
        const struct series *series = &table->series[i];
        struct cell *cell = &record->cell[i];
        *cell = (struct cell){.number = (double)NAN, .set = true};
        if (!column->input)
            continue;
        if (series->text != NULL) {
            if (!coded_cell(table, column, series->text[row], cell, err))
                return err_while(err, "%s line %u", table->path, table->line[row]);
            cell->set = true;
            record->unseen += kind_is_coded(column->kind) && cell->number == CODE_UNSEEN;
        } else if (series->number != NULL) {
            cell->number = series->number[row];
        }
        if (isnan(cell->number) && !column->optional)
            return err_set(err, ERR_INPUT,
                           "%s line %u: '" VIEW_FMT "' is missing, and the schema requires it",
                           table->path, table->line[row], VIEW_ARG(column->name));
    }
    return true;
}

/* ---------------------------------------------------------------- labels and values */

static bool same_word(struct view text, struct view word)
{
    double a, b;
    if (view_same(text, word))
        return true;
    return number_parse(text, &a) && number_parse(word, &b) && a == b; /* 1 and 1.0 */
}

/* What the word is as a cell of the column, when the column keeps numbers: `yes` is 1, a date its
 * milliseconds. NaN, which equals no cell, when it is none. */
static double number_of_word(const struct column *column, struct view word)
{
    struct column plain = {.kind = column->kind, .format = column->format, .optional = true};
    plain.min = plain.max = (double)NAN;
    struct cell cell;
    struct err unused = {0};
    bool ok = !keeps_text(column->kind) && cell_parse(&plain, word, &cell, &unused);
    return ok ? cell.number : (double)NAN;
}

static bool label_is(const struct table *table, size_t column, size_t row, struct view word,
                     double number)
{
    const struct series *series = &table->series[column];
    if (series->number != NULL)
        return series->number[row] == number;
    uint32_t text = series->text[row];
    return text != DICTIONARY_NONE && same_word(table->texts.text[text], word);
}

bool table_labels(const struct table *table, const struct label_words *words, uint8_t *out,
                  struct err *err)
{
    uint32_t column = dictionary_find(&table->schema->names, words->column);
    if (column == DICTIONARY_NONE || !table->series[column].present)
        return err_set(err, ERR_INPUT, "the label column '" VIEW_FMT "' is not in %s",
                       VIEW_ARG(words->column), table->path);
    double one = number_of_word(&table->schema->column[column], words->positive);
    double zero = number_of_word(&table->schema->column[column], words->negative);
    if (same_word(words->positive, words->negative) || one == zero)
        return err_set(err, ERR_INPUT,
                       "data.positive '" VIEW_FMT "' and data.negative '" VIEW_FMT
                       "' are the same label",
                       VIEW_ARG(words->positive), VIEW_ARG(words->negative));
    for (size_t row = 0; row < table->rows; row++) {
        bool positive = label_is(table, column, row, words->positive, one);
        if (!positive && !label_is(table, column, row, words->negative, zero)) {
            char number[NUMBER_SIZE];
            struct view text = table_text(table, column, row, number);
            return err_set(err, ERR_INPUT,
                           "%s line %u: the label '" VIEW_FMT "' is neither '" VIEW_FMT
                           "' (fraud, data.positive) nor '" VIEW_FMT "' (data.negative)",
                           table->path, table->line[row], VIEW_ARG(text), VIEW_ARG(words->positive),
                           VIEW_ARG(words->negative));
        }
        out[row] = positive;
    }
    return true;
}

static int by_bytes(const void *a, const void *b)
{
    return view_order(*(const struct view *)a, *(const struct view *)b);
}

static bool learn(const struct table *table, const struct series *series, const uint8_t *wanted,
                  struct column *column, struct arena *arena, struct err *err)
{
    struct dictionary found = dictionary_in(arena);
    uint32_t index;
    for (size_t row = 0; row < table->rows; row++) {
        uint32_t text = series->text[row];
        if (wanted[row] && text != DICTIONARY_NONE &&
            !dictionary_add(&found, table->texts.text[text], &index))
            return out_of_memory(err);
        if (found.count > COLUMN_VALUES_MAX)
            return err_set(err, ERR_LIMIT,
                           "column '" VIEW_FMT "' has more than %d values: it is an id or a text "
                           "rather than a category",
                           VIEW_ARG(column->name), COLUMN_VALUES_MAX);
    }
    if (found.count > 0)
        qsort(found.text, found.count, sizeof *found.text, by_bytes);
    column->values = dictionary_in(arena);
    for (uint32_t i = 0; i < found.count; i++)
        if (!dictionary_add(&column->values, found.text[i], &index))
            return out_of_memory(err);
    return true;
}

bool table_learn_values(const struct table *table, struct column *columns, const uint8_t *wanted,
                        struct arena *arena, struct err *err)
{
    assert(columns == table->schema->column);
    for (size_t i = 0; i < table->schema->count; i++) {
        struct column *column = &columns[i];
        bool unknown = column->input && kind_is_coded(column->kind) && column->values.count == 0;
        if (unknown && table->series[i].present &&
            !learn(table, &table->series[i], wanted, column, arena, err))
            return false;
    }
    return true;
}
