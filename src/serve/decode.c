#include "serve/decode.h"

#include "serve/http_request.h"

/* ---------------------------------------------------------------- columns */

static bool wrong_count(const struct decode *decode, struct err *err)
{
    return err_set(err, ERR_INPUT, "Expected %zu features", decode->schema->input_count);
}

/* Clients mostly send the fields in one order: the column after the last is tried first. */
static bool find_column(const struct decode *decode, struct view name, size_t *index,
                        struct err *err)
{
    const struct schema *schema = decode->schema;
    if (*index < schema->count && view_same(schema->column[*index].name, name))
        return true;
    uint32_t found = dictionary_find(&schema->names, name);
    if (found == DICTIONARY_NONE)
        return err_set(err, ERR_INPUT, "'" VIEW_FMT "' is not a feature of this model",
                       VIEW_ARG(name));
    *index = found;
    return true;
}

static bool is_fillable(const struct column *column)
{
    return column->input && !column->optional &&
           (column->kind == COLUMN_NUMBER || column->kind == COLUMN_INTEGER ||
            column->kind == COLUMN_BOOLEAN);
}

static bool fill_absent(struct decode *decode, struct err *err)
{
    static const struct token zero = {.kind = TOKEN_NUMBER, .text = VIEW("0")};
    const struct schema *schema = decode->schema;
    for (size_t i = 0; i < schema->count; i++) {
        if (decode->record.cell[i].set || !is_fillable(&schema->column[i]))
            continue;
        if (!record_set_token(&decode->record, i, &zero, err))
            return err_while(err, "filling the absent '" VIEW_FMT "' with 0",
                             VIEW_ARG(schema->column[i].name));
        decode->filled++;
    }
    return true;
}

static void begin_row(struct decode *decode)
{
    decode->record = record_of(decode->schema, decode->cell);
    decode->rows++;
}

static bool finish_row(struct decode *decode, struct err *err)
{
    if (decode->rules.fill_absent && !fill_absent(decode, err))
        return false;
    if (!record_finish(&decode->record, err))
        return false;
    decode->unseen += decode->record.unseen;
    return true;
}

/* ---------------------------------------------------------------- JSON */

static bool set_value(struct decode *decode, size_t index, const struct token *token,
                      struct err *err)
{
    /* What the model does not read may be anything. */
    if (!decode->schema->column[index].input && !scan_skip(&decode->scan, token, err))
        return false;
    return record_set_token(&decode->record, index, token, err);
}

/* The members of an object that has been entered. */
static bool take_named(struct decode *decode, struct err *err)
{
    struct token token;
    size_t index = 0;
    begin_row(decode);
    while (scan_next(&decode->scan, &token, err)) {
        if (token.kind == TOKEN_OBJECT_END)
            return finish_row(decode, err);
        if (!find_column(decode, token.text, &index, err) ||
            !scan_next(&decode->scan, &token, err) || !set_value(decode, index, &token, err))
            return false;
        index++;
    }
    return false;
}

/* The rest of a list whose first value is `token`. */
static bool take_positional(struct decode *decode, struct token token, struct err *err)
{
    const struct schema *schema = decode->schema;
    size_t count = 0;
    begin_row(decode);
    do {
        if (token.kind == TOKEN_LIST_END)
            return count == schema->input_count ? finish_row(decode, err)
                                                : wrong_count(decode, err);
        if (count == schema->input_count)
            return wrong_count(decode, err);
        if (!set_value(decode, schema->input[count++], &token, err))
            return false;
    } while (scan_next(&decode->scan, &token, err));
    return false;
}

static bool take_row(struct decode *decode, const struct token *first, struct err *err)
{
    struct token token;
    if (first->kind == TOKEN_OBJECT)
        return take_named(decode, err);
    if (first->kind == TOKEN_LIST)
        return scan_next(&decode->scan, &token, err) && take_positional(decode, token, err);
    return err_set(err, ERR_INPUT, "JSON: a row is an object or a list, not %s",
                   token_name(first->kind));
}

/* Reads past the end: what follows the only row is an error. */
static bool end_document(struct decode *decode, struct err *err)
{
    struct token token;
    decode->done = true;
    return !scan_next(&decode->scan, &token, err) && err->kind == ERR_NONE;
}

static bool take_envelope(struct decode *decode, const struct token *first, struct err *err)
{
    struct token token;
    if (first->kind != TOKEN_OBJECT)
        return err_set(err, ERR_INPUT, "JSON: {\"features\": ...} is expected, not %s",
                       token_name(first->kind));
    if (!scan_next(&decode->scan, &token, err))
        return false;
    if (token.kind == TOKEN_OBJECT_END)
        return err_set(err, ERR_INPUT, "'features' is missing: send {\"features\": ...}");
    if (!view_is(token.text, "features"))
        return err_set(err, ERR_INPUT, "'" VIEW_FMT "' is not known here: send only 'features'",
                       VIEW_ARG(token.text));
    if (!scan_next(&decode->scan, &token, err) || !take_row(decode, &token, err) ||
        !scan_next(&decode->scan, &token, err))
        return false;
    if (token.kind == TOKEN_OBJECT_END)
        return end_document(decode, err);
    const char *why =
        view_is(token.text, "features") ? "came twice" : "is not known here: send only 'features'";
    return err_set(err, ERR_INPUT, "'" VIEW_FMT "' %s", VIEW_ARG(token.text), why);
}

/* The first value of a body that is rows: one row, or the list of them. */
static bool take_first(struct decode *decode, struct err *err)
{
    struct token token, second;
    if (!scan_next(&decode->scan, &token, err))
        return false;
    if (decode->rules.envelope)
        return take_envelope(decode, &token, err);
    if (token.kind != TOKEN_LIST)
        return take_row(decode, &token, err) && end_document(decode, err);
    if (!scan_next(&decode->scan, &second, err))
        return false;
    if (second.kind == TOKEN_LIST_END)
        return err_set(err, ERR_INPUT, "JSON: the list holds no rows");
    if (second.kind != TOKEN_OBJECT && second.kind != TOKEN_LIST)
        return take_positional(decode, second, err) && end_document(decode, err);
    decode->many = true;
    return take_row(decode, &second, err);
}

static bool next_json(struct decode *decode, struct err *err)
{
    struct token token;
    if (!decode->begun) {
        decode->begun = true;
        return take_first(decode, err);
    }
    if (!scan_next(&decode->scan, &token, err))
        return false;
    if (token.kind == TOKEN_LIST_END) {
        end_document(decode, err);
        return false;
    }
    return take_row(decode, &token, err);
}

/* ---------------------------------------------------------------- CSV */

static bool read_header(struct decode *decode, const struct csv_row *row, struct arena *arena,
                        struct err *err)
{
    uint32_t *order = arena_new(arena, uint32_t, row->count);
    if (order == NULL)
        return err_set(err, ERR_LIMIT, "the header is longer than one request may be");
    for (size_t i = 0; i < row->count; i++) {
        size_t index = i;
        if (!find_column(decode, row->field[i], &index, err))
            return false;
        order[i] = (uint32_t)index;
    }
    decode->order = order;
    decode->fields = row->count;
    return true;
}

/* Whether the first line names columns; a copy of the cursor looks ahead. */
static bool open_csv(struct decode *decode, struct view body, struct arena *arena, struct err *err)
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
    begin_row(decode);
    if (row->count != decode->fields)
        return decode->order == decode->schema->input
                   ? wrong_count(decode, err)
                   : err_set(err, ERR_INPUT, "%zu fields, and the header has %zu", row->count,
                             decode->fields);
    for (size_t i = 0; i < row->count; i++)
        if (!record_set_text(&decode->record, decode->order[i], row->field[i], err))
            return false;
    return finish_row(decode, err);
}

static bool next_csv(struct decode *decode, struct err *err)
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

/* ---------------------------------------------------------------- the body */

static bool refuse_media(const struct decode_rules *rules, struct view content_type,
                         struct err *err)
{
    const char *remedy = rules->csv ? "application/json or text/csv" : "application/json";
    if (content_type.length == 0)
        return err_set(err, ERR_MEDIA, "the request has no Content-Type: send %s", remedy);
    return err_set(err, ERR_MEDIA, "Content-Type '" VIEW_FMT "' is not taken: send %s",
                   VIEW_ARG(content_type), remedy);
}

bool decode_open(struct decode *decode, const struct decode_rules *rules,
                 const struct schema *schema, struct view content_type, struct view body,
                 struct arena *arena, struct err *err)
{
    *decode = (struct decode){.schema = schema, .rules = *rules};
    decode->is_csv = rules->csv && http_media_is(content_type, "text/csv");
    /* Who can send only JSON need not say so. */
    bool is_json = http_media_is(content_type, "application/json") ||
                   (content_type.length == 0 && !rules->csv);
    if (!decode->is_csv && !is_json)
        return refuse_media(rules, content_type, err);
    if (body.length == 0)
        return err_set(err, ERR_INPUT, "the body is empty: %s is expected",
                       decode->is_csv ? "CSV" : "JSON");
    decode->cell = arena_new(arena, struct cell, schema->count);
    if (decode->cell == NULL)
        return err_set(err, ERR_LIMIT, "a record does not fit what one request may use");
    if (decode->is_csv)
        return open_csv(decode, body, arena, err);
    decode->scratch = text_in_arena(arena);
    decode->scan = scan_of(body, &decode->scratch);
    return true;
}

void decode_close(struct decode *decode)
{
    csv_close(&decode->csv);
}

bool decode_next(struct decode *decode, struct err *err)
{
    if (decode->done)
        return false;
    decode->scratch.length = 0; /* the last row's escaped texts are no longer needed */
    if (!(decode->is_csv ? next_csv(decode, err) : next_json(decode, err))) {
        if (err->kind != ERR_NONE && decode->many)
            err_while(err, "row %zu", decode->rows);
        return false;
    }
    if (decode->rows <= DECODE_ROWS_MAX)
        return true;
    return err_set(err, ERR_LIMIT, "more than %d rows in one request: send them in several",
                   (int)DECODE_ROWS_MAX);
}

bool decode_names_features(struct view body, struct arena *arena)
{
    struct text scratch = text_in_arena(arena);
    struct scan scan = scan_of(body, &scratch);
    struct token token;
    struct err err = {0};
    if (!scan_next(&scan, &token, &err) || token.kind != TOKEN_OBJECT)
        return false;
    while (scan_next(&scan, &token, &err) && token.kind == TOKEN_KEY) {
        bool here = view_is(token.text, "features");
        if (!scan_next(&scan, &token, &err))
            return false;
        if (here)
            return token.kind == TOKEN_OBJECT;
        if (!scan_skip(&scan, &token, &err))
            return false;
    }
    return false;
}
