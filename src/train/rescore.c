#include "train/rescore.h"

#include "decide/decision.h"

#include <math.h>

static bool is_coded(enum column_kind kind)
{
    return kind == COLUMN_CATEGORY || kind == COLUMN_ORDINAL || kind == COLUMN_ID ||
           kind == COLUMN_TEXT;
}

/* Where the bundle's inputs stand in the table; DICTIONARY_NONE: nowhere. */
static bool map_columns(const struct bundle *bundle, const struct prepared *p, uint32_t *from,
                        struct err *err)
{
    const struct schema *schema = &bundle->schema;
    for (size_t i = 0; i < schema->input_count; i++) {
        const struct column *wanted = &schema->column[schema->input[i]];
        from[i] = dictionary_find(&p->schema.names, wanted->name);
        if (from[i] != DICTIONARY_NONE && !p->past.table.series[from[i]].present)
            from[i] = DICTIONARY_NONE;
        if (from[i] == DICTIONARY_NONE && !wanted->optional)
            return err_set(err, ERR_INPUT, "the data has no column '" VIEW_FMT "'",
                           VIEW_ARG(wanted->name));
        /* A number is printed anew, and 07 would be another category than the one it was. */
        if (from[i] != DICTIONARY_NONE && is_coded(wanted->kind) &&
            !is_coded(p->schema.column[from[i]].kind))
            return err_set(err, ERR_INPUT, "'" VIEW_FMT "' was of type %s and is %s now",
                           VIEW_ARG(wanted->name), kind_name(wanted->kind),
                           kind_name(p->schema.column[from[i]].kind));
    }
    return true;
}

/* An instant is taken as it is: its text is of another format than the bundle may read. */
static bool take_time(const struct prepared *p, uint32_t from, size_t row, struct record *record,
                      size_t column, struct err *err)
{
    if (p->schema.column[from].kind != COLUMN_TIMESTAMP)
        return err_set(err, ERR_INPUT, "'" VIEW_FMT "' is no timestamp any more",
                       VIEW_ARG(p->schema.column[from].name));
    double time_ms = p->past.table.series[from].number[row];
    if (!isnan(time_ms))
        record->cell[column] = (struct cell){.number = time_ms, .set = true};
    return true;
}

static bool take_record(const struct bundle *bundle, const struct prepared *p, const uint32_t *from,
                        size_t row, struct record *record, struct err *err)
{
    const struct schema *schema = &bundle->schema;
    *record = record_of(schema, record->cell);
    for (size_t i = 0; i < schema->input_count; i++) {
        size_t column = schema->input[i];
        char number[32];
        if (from[i] == DICTIONARY_NONE)
            continue;
        if (schema->column[column].kind == COLUMN_TIMESTAMP) {
            if (!take_time(p, from[i], row, record, column, err))
                return false;
            continue;
        }
        struct view text = table_text(&p->past.table, from[i], row, number);
        if (text.text != NULL && !record_set_text(record, column, text, err))
            return false;
    }
    return record_finish(record, err);
}

bool rescore(const struct bundle *bundle, const struct prepared *p, const uint32_t *row,
             size_t count, float *score, struct arena *arena, struct err *err)
{
    uint32_t *from = arena_new(arena, uint32_t, bundle->schema.input_count);
    float *features = arena_new(arena, float, bundle->plan.width);
    struct cell *cell = arena_new(arena, struct cell, bundle->schema.count);
    if (from == NULL || features == NULL || cell == NULL)
        return err_set(err, ERR_LIMIT, "the champion's rows do not fit the memory limit");
    struct record record = {.schema = &bundle->schema, .cell = cell};
    if (!map_columns(bundle, p, from, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!take_record(bundle, p, from, row[i], &record, err))
            return err_while(err, "%s line %u", p->past.table.path, p->past.table.line[row[i]]);
        score[i] = decide(bundle, &record, features).score;
    }
    return true;
}
