#include "serve/decode.h"

#include "http/http_request.h"
#include "serve/shape.h"

/* ---------------------------------------------------------------- columns */

bool shape_wrong_count(const struct decode *decode, struct err *err)
{
    return err_set(err, ERR_INPUT, "Expected %zu features", decode->schema->input_count);
}

bool shape_find_column(const struct decode *decode, struct view name, size_t *index,
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

void shape_begin_row(struct decode *decode)
{
    decode->record = record_of(decode->schema, decode->cell);
    for (size_t i = 0; i < DECODE_KEPT; i++)
        decode->kept[i] = (struct view){0};
    decode->rows++;
}

bool shape_finish_row(struct decode *decode, struct err *err)
{
    if (decode->rules.fill_absent && !fill_absent(decode, err))
        return false;
    if (!record_finish(&decode->record, err))
        return false;
    decode->unseen += decode->record.unseen;
    return true;
}

/* Columns that the server wants to know as they were sent. */
static void note_kept(struct decode *decode, size_t index, struct view text)
{
#pragma GCC unroll 3
    for (size_t i = 0; i < DECODE_KEPT; i++)
        if (decode->keep[i] == index)
            decode->kept[i] = text;
}

bool shape_set(struct decode *decode, size_t index, const struct token *token, struct err *err)
{
    bool scalar = token->kind == TOKEN_TEXT || token->kind == TOKEN_NUMBER;
    note_kept(decode, index, scalar ? token->text : (struct view){0});
    /* What the model does not read may be anything. */
    if (!scalar && !decode->schema->column[index].input && !scan_skip(&decode->scan, token, err))
        return false;
    return record_set_token(&decode->record, index, token, err);
}

bool shape_set_text(struct decode *decode, size_t index, struct view text, struct err *err)
{
    note_kept(decode, index, text);
    return record_set_text(&decode->record, index, text, err);
}

/* ---------------------------------------------------------------- the body */

static bool refuse_media(const struct decode_rules *rules, struct view content_type,
                         struct err *err)
{
    char bytes[200];
    struct text remedy = text_in(bytes, sizeof bytes);
    for (size_t i = 0; i < DECODE_TYPES && rules->takes[i].shape != NULL; i++) {
        text_adds(&remedy, i == 0 ? "" : " or ");
        text_adds(&remedy, rules->takes[i].type);
    }
    if (content_type.length == 0)
        return err_set(err, ERR_MEDIA, "the request has no Content-Type: send %s", text_c(&remedy));
    return err_set(err, ERR_MEDIA, "Content-Type '" VIEW_FMT "' is not taken: send %s",
                   VIEW_ARG(content_type), text_c(&remedy));
}

/* Who can send only one type need not say so. */
static const struct shape *shape_for(const struct decode_rules *rules, struct view content_type)
{
    if (content_type.length == 0 && rules->takes[1].shape == NULL)
        return rules->takes[0].shape;
    for (size_t i = 0; i < DECODE_TYPES && rules->takes[i].shape != NULL; i++)
        if (http_media_is(content_type, rules->takes[i].type))
            return rules->takes[i].shape;
    return NULL;
}

bool decode_open(struct decode *decode, const struct decode_rules *rules,
                 const struct schema *schema, struct view content_type, struct view body,
                 struct arena *arena, struct err *err)
{
    *decode = (struct decode){.schema = schema, .rules = *rules};
    memset(decode->keep, 0xff, sizeof decode->keep); /* no column */
    decode->shape = shape_for(rules, content_type);
    if (decode->shape == NULL)
        return refuse_media(rules, content_type, err);
    if (body.length == 0)
        return err_set(err, ERR_INPUT, "the body is empty: %s is expected",
                       decode->shape == &shape_csv ? "CSV" : "JSON");
    decode->cell = arena_new(arena, struct cell, schema->count);
    if (decode->cell == NULL)
        return err_set(err, ERR_LIMIT, "a record does not fit what one request may use");
    decode->scratch = text_in_arena(arena);
    decode->scan = scan_of(body, &decode->scratch);
    return decode->shape->open == NULL || decode->shape->open(decode, body, arena, err);
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
    if (!decode->shape->next(decode, err)) {
        if (err->kind != ERR_NONE && decode->many)
            err_while(err, "row %zu", decode->rows);
        return false;
    }
    if (decode->rows <= DECODE_ROWS_MAX)
        return true;
    return err_set(err, ERR_LIMIT, "more than %d rows in one request: send them in several",
                   (int)DECODE_ROWS_MAX);
}
