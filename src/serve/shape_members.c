/* Rows in one of several members of an object. The object is read over once, to find them. */
#include "serve/shape.h"

/* Where the rows are. */
struct found {
    const struct shape_member *member; /* NULL: not yet */
    enum shape_form form;
    struct scan rows; /* within the list of rows; not of FORM_COLUMNS */
    uint32_t *column; /* FORM_SPLIT: the column of each value. FORM_COLUMNS: of each cursor */
    size_t columns, room;
    bool named;          /* FORM_SPLIT: there were "columns" */
    struct scan *cursor; /* FORM_COLUMNS: within the list of each column's values */
};

static bool too_much(struct err *err)
{
    return err_set(err, ERR_LIMIT, "the columns do not fit what one request may use");
}

/* One more column; its place. */
static bool add_column(const struct decode *decode, struct found *found, struct view name,
                       struct arena *arena, struct err *err)
{
    enum { FIRST_ROOM = 16 };
    size_t index = found->columns;
    if (!shape_find_column(decode, name, &index, err))
        return false;
    if (found->columns == decode->schema->count)
        return err_set(err, ERR_INPUT, "there are more columns than the model has");
    if (found->columns == found->room) {
        size_t room = found->room == 0 ? FIRST_ROOM : found->room * 2;
        uint32_t *column = arena_new(arena, uint32_t, room);
        struct scan *cursor = arena_new(arena, struct scan, room);
        if (column == NULL || cursor == NULL)
            return too_much(err);
        if (found->columns > 0) {
            memcpy(column, found->column, found->columns * sizeof *column);
            memcpy(cursor, found->cursor, found->columns * sizeof *cursor);
        }
        found->column = column;
        found->cursor = cursor;
        found->room = room;
    }
    found->column[found->columns++] = (uint32_t)index;
    return true;
}

static bool expect_list(const struct token *token, struct view name, struct err *err)
{
    return token->kind == TOKEN_LIST || err_set(err, ERR_INPUT, "'" VIEW_FMT "' is a list, not %s",
                                                VIEW_ARG(name), token_name(token->kind));
}

/* {"columns": [...], "data": [...], "index": [...]} that has been entered. */
static bool read_split(struct decode *decode, struct found *found, struct arena *arena,
                       struct err *err)
{
    struct scan *scan = &decode->scan;
    struct token key, value;
    bool has_data = false;
    while (scan_next(scan, &key, err) && key.kind == TOKEN_KEY) {
        if (!scan_next(scan, &value, err))
            return false;
        if (view_is(key.text, "columns")) {
            if (found->named || !expect_list(&value, key.text, err))
                return found->named ? err_set(err, ERR_INPUT, "'columns' came twice") : false;
            found->named = true;
            while (scan_next(scan, &value, err) && value.kind == TOKEN_TEXT)
                if (!add_column(decode, found, value.text, arena, err))
                    return false;
            if (err->kind != ERR_NONE)
                return false;
            if (value.kind != TOKEN_LIST_END)
                return err_set(err, ERR_INPUT, "'columns' is a list of names, not of %s",
                               token_name(value.kind));
            continue;
        }
        bool data = view_is(key.text, "data");
        if (!data && !view_is(key.text, "index"))
            return err_set(err, ERR_INPUT,
                           "'" VIEW_FMT "' is not known here: columns, data and index are",
                           VIEW_ARG(key.text));
        if (data && (has_data || !expect_list(&value, key.text, err)))
            return has_data ? err_set(err, ERR_INPUT, "'data' came twice") : false;
        if (data) {
            has_data = true;
            found->rows = *scan;
        }
        if (!scan_skip(scan, &value, err))
            return false;
    }
    return err->kind == ERR_NONE && (has_data || err_set(err, ERR_INPUT, "'data' is missing"));
}

/* {"age": [...], "city": [...]} that has been entered. */
static bool read_columns(struct decode *decode, struct found *found, struct arena *arena,
                         struct err *err)
{
    struct token token;
    while (scan_next(&decode->scan, &token, err) && token.kind == TOKEN_KEY) {
        struct view name = token.text;
        if (!add_column(decode, found, name, arena, err) ||
            !scan_next(&decode->scan, &token, err) || !expect_list(&token, name, err))
            return false;
        found->cursor[found->columns - 1] = decode->scan;
        if (!scan_skip(&decode->scan, &token, err))
            return false;
    }
    return err->kind == ERR_NONE &&
           (found->columns > 0 || err_set(err, ERR_INPUT, "there are no columns"));
}

/* The member's value, whose first token is given. */
static bool read_member(struct decode *decode, struct found *found, const struct token *value,
                        struct arena *arena, struct err *err)
{
    unsigned forms = found->member->forms;
    if (value->kind == TOKEN_LIST && (forms & (FORM_ROWS | FORM_RECORDS)) != 0) {
        found->form = forms & FORM_ROWS ? FORM_ROWS : FORM_RECORDS;
        found->rows = decode->scan;
        return scan_skip(&decode->scan, value, err);
    }
    if (value->kind == TOKEN_OBJECT && (forms & FORM_SPLIT) != 0) {
        found->form = FORM_SPLIT;
        return read_split(decode, found, arena, err);
    }
    if (value->kind == TOKEN_OBJECT && (forms & FORM_COLUMNS) != 0) {
        found->form = FORM_COLUMNS;
        return read_columns(decode, found, arena, err);
    }
    return err_set(err, ERR_INPUT, "it is %s, not %s",
                   forms & (FORM_ROWS | FORM_RECORDS) ? "a list of rows" : "an object",
                   token_name(value->kind));
}

static const struct shape_member *find_member(const struct shape *shape, struct view name)
{
    for (const struct shape_member *member = shape->member; member->name != NULL; member++)
        if (view_is(name, member->name))
            return member;
    return NULL;
}

static bool stands_beside(const struct shape *shape, struct view key)
{
    for (size_t i = 0; i < SHAPE_BESIDE && shape->beside[i] != NULL; i++)
        if (view_is(key, shape->beside[i]))
            return true;
    return false;
}

/* "one of a, b and c is expected" */
static bool say_members(const struct shape *shape, const char *what, struct err *err)
{
    char bytes[200];
    struct text text = text_in(bytes, sizeof bytes);
    for (const struct shape_member *member = shape->member; member->name != NULL; member++)
        text_addf(&text, "%s'%s'", member == shape->member ? "" : ", ", member->name);
    return err_set(err, ERR_INPUT, "JSON: an object with exactly one of %s is expected, not %s",
                   text_c(&text), what);
}

static bool open(struct decode *decode, struct view body UNUSED, struct arena *arena,
                 struct err *err)
{
    struct found *found = arena_new(arena, struct found, 1);
    const struct shape *shape = decode->shape;
    struct token token, value;
    if (found == NULL)
        return too_much(err);
    decode->state = found;
    if (!scan_next(&decode->scan, &token, err))
        return false;
    if (token.kind != TOKEN_OBJECT)
        return say_members(shape, token_name(token.kind), err);
    while (scan_next(&decode->scan, &token, err) && token.kind == TOKEN_KEY) {
        const struct shape_member *member = find_member(shape, token.text);
        if (member != NULL && found->member != NULL)
            return say_members(shape, "two", err);
        if (member == NULL && !stands_beside(shape, token.text)) {
            char other[120];
            snprintf(other, sizeof other, "'" VIEW_FMT "'", VIEW_ARG(token.text));
            return say_members(shape, other, err);
        }
        if (!scan_next(&decode->scan, &value, err))
            return false;
        if (member != NULL) {
            found->member = member;
            if (!read_member(decode, found, &value, arena, err))
                return err_while(err, "'%s'", member->name);
        } else if (!scan_skip(&decode->scan, &value, err)) {
            return false;
        }
    }
    if (err->kind != ERR_NONE)
        return false;
    if (found->member == NULL)
        return say_members(shape, "none of them", err);
    if (!shape_end_document(decode, err))
        return false;
    decode->done = false; /* the rows are still to come */
    decode->many = true;
    decode->scan = found->rows;
    return true;
}

/* ---------------------------------------------------------------- rows */

/* A list that has been entered, its values by the columns that were named. */
static bool take_split(struct decode *decode, const struct found *found, struct err *err)
{
    struct token token;
    size_t count = 0;
    shape_begin_row(decode);
    while (scan_next(&decode->scan, &token, err)) {
        if (token.kind == TOKEN_LIST_END && count == found->columns)
            return shape_finish_row(decode, err);
        if (token.kind == TOKEN_LIST_END || count == found->columns)
            return err_set(err, ERR_INPUT, "%s values than 'columns' has names",
                           count == found->columns ? "more" : "fewer");
        if (!shape_set(decode, found->column[count++], &token, err))
            return false;
    }
    return false;
}

static bool take_listed(struct decode *decode, const struct found *found, struct err *err)
{
    struct token token;
    if (!scan_next(&decode->scan, &token, err))
        return false;
    if (token.kind == TOKEN_LIST_END) {
        decode->done = true;
        decode->many = false;
        return decode->rows > 0 ? false : err_set(err, ERR_INPUT, "there are no rows");
    }
    bool split = found->form == FORM_SPLIT && found->named;
    enum token_kind wanted = found->form == FORM_RECORDS ? TOKEN_OBJECT : TOKEN_LIST;
    if ((split || found->form == FORM_RECORDS) && token.kind != wanted) {
        shape_begin_row(decode); /* that is what is wrong */
        return err_set(err, ERR_INPUT, "JSON: a row is %s here, not %s", token_name(wanted),
                       token_name(token.kind));
    }
    return split ? take_split(decode, found, err) : shape_take_row(decode, &token, err);
}

/* A step of each column. */
static bool take_across(struct decode *decode, const struct found *found, struct err *err)
{
    struct token token;
    shape_begin_row(decode);
    for (size_t i = 0; i < found->columns; i++) {
        const struct column *column = &decode->schema->column[found->column[i]];
        if (!scan_next(&found->cursor[i], &token, err))
            return false;
        if (i == 0)
            decode->done = token.kind == TOKEN_LIST_END;
        if (decode->done != (token.kind == TOKEN_LIST_END))
            return err_set(err, ERR_INPUT, "'" VIEW_FMT "' has %s values than the first column",
                           VIEW_ARG(column->name), decode->done ? "more" : "fewer");
        if (decode->done)
            continue;
        if (token.kind == TOKEN_LIST || token.kind == TOKEN_OBJECT)
            return err_set(err, ERR_INPUT, "'" VIEW_FMT "': a value is expected, not %s",
                           VIEW_ARG(column->name), token_name(token.kind));
        if (!shape_set(decode, found->column[i], &token, err))
            return false;
    }
    if (!decode->done)
        return shape_finish_row(decode, err);
    decode->rows--; /* what was begun is the end */
    decode->many = false;
    return decode->rows > 0 ? false : err_set(err, ERR_INPUT, "there are no rows");
}

static bool next(struct decode *decode, struct err *err)
{
    const struct found *found = decode->state;
    return found->form == FORM_COLUMNS ? take_across(decode, found, err)
                                       : take_listed(decode, found, err);
}

bool shape_begins(const struct shape *shape, const struct schema *schema, struct view body,
                  struct arena *arena)
{
    struct text scratch = text_in_arena(arena);
    struct scan scan = scan_of(body, &scratch);
    struct token token;
    struct err err = {0};
    return scan_next(&scan, &token, &err) && token.kind == TOKEN_OBJECT &&
           scan_next(&scan, &token, &err) && token.kind == TOKEN_KEY &&
           schema_find(schema, token.text) == NULL &&
           (find_member(shape, token.text) != NULL || stands_beside(shape, token.text));
}

/* ---------------------------------------------------------------- in words */

/* Names and rows of as many values: a schema can say it of all columns in their order. */
static void describe_split(const struct schema *schema, struct json *json)
{
    json_open(json, '{');
    json_key(json, "type"), json_string(json, "object");
    json_key(json, "properties");
    json_open(json, '{');
    json_key(json, "columns");
    json_open(json, '{');
    json_key(json, "const");
    json_open(json, '[');
    for (size_t i = 0; i < schema->input_count; i++)
        json_text(json, schema->column[schema->input[i]].name);
    json_close(json);
    json_close(json);
    json_key(json, "data");
    json_open(json, '{');
    json_key(json, "type"), json_string(json, "array");
    json_key(json, "items"), describe_reference("ListedRow", json);
    json_key(json, "minItems"), json_count(json, 1);
    json_close(json);
    json_key(json, "index"), describe_reference("Free", json);
    json_close(json);
    json_key(json, "required"), json_raw(json, VIEW("[\"data\"]"));
    json_key(json, "additionalProperties"), json_bool(json, false);
    json_close(json);
}

/* Lists of one length: a schema can say it of one. */
static void describe_columns(const struct schema *schema, struct json *json)
{
    json_open(json, '{');
    json_key(json, "type"), json_string(json, "object");
    json_key(json, "properties");
    json_open(json, '{');
    for (size_t i = 0; i < schema->input_count; i++) {
        const struct column *column = &schema->column[schema->input[i]];
        json_key_view(json, column->name);
        json_open(json, '{');
        json_key(json, "type"), json_string(json, "array");
        json_key(json, "items"), describe_column(column, json);
        json_key(json, "minItems"), json_count(json, 1);
        json_key(json, "maxItems"), json_count(json, 1);
        json_close(json);
    }
    json_close(json);
    json_key(json, "required");
    json_open(json, '[');
    for (size_t i = 0; i < schema->input_count; i++)
        if (!schema->column[schema->input[i]].optional)
            json_text(json, schema->column[schema->input[i]].name);
    json_close(json);
    json_key(json, "additionalProperties"), json_bool(json, false);
    json_close(json);
}

static void describe_forms(unsigned forms, const struct description *description)
{
    struct json *json = description->json;
    json_open(json, '{');
    json_key(json, "anyOf");
    json_open(json, '[');
    if (forms & FORM_ROWS)
        describe_list_of_rows(description->filled, json);
    if (forms & FORM_RECORDS) {
        json_open(json, '{');
        json_key(json, "type"), json_string(json, "array");
        json_key(json, "items");
        describe_reference(description->filled ? "FilledRow" : "NamedRow", json);
        json_key(json, "minItems"), json_count(json, 1);
        json_close(json);
    }
    if ((forms & FORM_SPLIT) && description->schema != NULL)
        describe_split(description->schema, json);
    if ((forms & FORM_COLUMNS) && description->schema != NULL)
        describe_columns(description->schema, json);
    if ((forms & (FORM_ROWS | FORM_RECORDS)) == 0 && description->schema == NULL)
        describe_reference("Free", json);
    json_close(json);
    json_close(json);
}

/* An object for each member that there may be. */
static void describe(const struct shape *shape, const struct description *description)
{
    struct json *json = description->json;
    json_open(json, '{');
    json_key(json, "anyOf");
    json_open(json, '[');
    for (const struct shape_member *member = shape->member; member->name != NULL; member++) {
        json_open(json, '{');
        json_key(json, "type"), json_string(json, "object");
        json_key(json, "properties");
        json_open(json, '{');
        json_key(json, member->name);
        describe_forms(member->forms, description);
        for (size_t i = 0; i < SHAPE_BESIDE && shape->beside[i] != NULL; i++)
            json_key(json, shape->beside[i]), describe_reference("Free", json);
        json_close(json);
        json_key(json, "required");
        json_open(json, '[');
        json_string(json, member->name);
        json_close(json);
        json_key(json, "additionalProperties"), json_bool(json, false);
        json_close(json);
    }
    json_close(json);
    json_close(json);
}

static const struct shape_member of_mlflow[] = {{"dataframe_split", FORM_SPLIT},
                                                {"dataframe_records", FORM_RECORDS},
                                                {"instances", FORM_ROWS},
                                                {"inputs", FORM_ROWS | FORM_COLUMNS},
                                                {0}};
const struct shape shape_mlflow = {
    .open = open, .next = next, .describe = describe, .member = of_mlflow, .beside = {"params"}};

static const struct shape_member of_azure[] = {
    {"data", FORM_ROWS}, {"input_data", FORM_ROWS | FORM_SPLIT}, {0}};
const struct shape shape_azure = {.open = open,
                                  .next = next,
                                  .describe = describe,
                                  .member = of_azure,
                                  .beside = {"params", "method"}};
