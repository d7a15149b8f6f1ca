#include "serve/shape.h"
#include "serve/tensors.h"

static bool open(struct decode *decode, struct view body UNUSED, struct arena *arena,
                 struct err *err)
{
    if (!tensors_read(decode, arena, err))
        return false;
    const struct tensors *tensors = decode->state;
    decode->many = tensors->rows > 1;
    return true;
}

/* ---------------------------------------------------------------- rows */

static bool too_few(struct err *err)
{
    return err_set(err, ERR_INPUT, "'data' has fewer values than 'shape' says");
}

static bool take_value(struct decode *decode, const struct tensor *tensor, size_t column,
                       const struct token *token, struct err *err)
{
    if (token->kind == TOKEN_LIST_END)
        return too_few(err);
    if (!datatype_takes(tensor->type, token))
        return err_set(err, ERR_INPUT, "'" VIEW_FMT "': %s%s" VIEW_FMT " is no %s",
                       VIEW_ARG(decode->schema->column[column].name), token_name(token->kind),
                       token->text.length > 0 ? " " : "", VIEW_ARG(token->text),
                       tensor->type->name);
    return shape_set(decode, column, token, err);
}

/* One row of a tensor, whose first token is given. */
static bool take_row(struct decode *decode, struct tensor *tensor, struct token token,
                     struct err *err)
{
    for (size_t i = 0; i < tensor->width; i++) {
        size_t column = tensor->whole ? decode->schema->input[i] : tensor->column;
        if ((i > 0 || tensor->nested) && !scan_next(&tensor->scan, &token, err))
            return false;
        if (!take_value(decode, tensor, column, &token, err))
            return false;
    }
    if (!tensor->nested)
        return true;
    if (!scan_next(&tensor->scan, &token, err))
        return false;
    return token.kind == TOKEN_LIST_END ||
           err_set(err, ERR_INPUT, "'data' has more values in a row than 'shape' says");
}

static bool step(struct decode *decode, struct tensor *tensor, bool first, struct err *err)
{
    struct token token;
    if (!scan_next(&tensor->scan, &token, err))
        return false;
    if (first)
        tensor->nested = token.kind == TOKEN_LIST;
    if (token.kind == TOKEN_LIST_END)
        return too_few(err);
    if (tensor->nested != (token.kind == TOKEN_LIST) || (tensor->nested && tensor->flat))
        return err_set(err, ERR_INPUT,
                       "'data' is a flat list, or a list for each row as 'shape' says");
    return take_row(decode, tensor, token, err);
}

static bool is_at_end(struct tensor *tensor, struct err *err)
{
    struct token token;
    if (!scan_next(&tensor->scan, &token, err))
        return false;
    return token.kind == TOKEN_LIST_END ||
           err_set(err, ERR_INPUT, "'data' has more values than 'shape' says");
}

static bool next(struct decode *decode, struct err *err)
{
    struct tensors *tensors = decode->state;
    bool first = decode->rows == 0;
    shape_begin_row(decode);
    for (size_t i = 0; i < tensors->count; i++)
        if (!step(decode, &tensors->tensor[i], first, err))
            return false;
    decode->done = decode->rows == tensors->rows;
    for (size_t i = 0; decode->done && i < tensors->count; i++)
        if (!is_at_end(&tensors->tensor[i], err))
            return false;
    return shape_finish_row(decode, err);
}

/* ---------------------------------------------------------------- describing */

/* A tensor of one value for a column. */
static void describe_tensor(const struct column *column, struct json *json)
{
    json_open(json, '{');
    json_key(json, "type"), json_string(json, "object");
    json_key(json, "properties");
    json_open(json, '{');
    json_key(json, "name");
    json_open(json, '{');
    json_key(json, "const"), json_text(json, column->name);
    json_close(json);
    json_key(json, "shape"), json_raw(json, VIEW("{\"const\":[1]}"));
    json_key(json, "datatype");
    json_open(json, '{');
    json_key(json, "const"), json_string(json, datatype_of_column(column));
    json_close(json);
    json_key(json, "parameters"), describe_reference("Free", json);
    json_key(json, "data");
    json_open(json, '{');
    json_key(json, "type"), json_string(json, "array");
    json_key(json, "items");
    json_open(json, '{');
    json_key(json, "allOf");
    json_open(json, '[');
    describe_column(column, json);
    json_raw(json, view_of(datatype_schema(datatype_find(view_of(datatype_of_column(column))))));
    json_close(json);
    json_close(json);
    json_key(json, "minItems"), json_count(json, 1);
    json_key(json, "maxItems"), json_count(json, 1);
    json_close(json);
    json_close(json);
    json_key(json, "required");
    json_raw(json, VIEW("[\"name\",\"shape\",\"datatype\",\"data\"]"));
    json_key(json, "additionalProperties"), json_bool(json, false);
    json_close(json);
}

/* A schema cannot say that shapes and data agree, so it says the plainest of what is taken: one
 * row, a tensor for each column, in the order of the model's metadata. */
static void describe_inputs(const struct description *description)
{
    struct json *json = description->json;
    const struct schema *schema = description->schema;
    json_open(json, '{');
    json_key(json, "type"), json_string(json, "array");
    if (schema != NULL) {
        json_key(json, "prefixItems");
        json_open(json, '[');
        for (size_t i = 0; i < schema->input_count; i++)
            describe_tensor(&schema->column[schema->input[i]], json);
        json_close(json);
        json_key(json, "minItems"), json_count(json, schema->input_count);
        json_key(json, "maxItems"), json_count(json, schema->input_count);
    }
    json_close(json);
}

static void describe(const struct shape *shape UNUSED, const struct description *description)
{
    struct json *json = description->json;
    json_open(json, '{');
    json_key(json, "type"), json_string(json, "object");
    json_key(json, "properties");
    json_open(json, '{');
    json_key(json, "id");
    json_raw(json, VIEW("{\"type\":\"string\",\"pattern\":\"^[^\\\\u0000]*$\"}"));
    json_key(json, "parameters"), describe_reference("Free", json);
    json_key(json, "model_name");
    json_raw(json, VIEW("{\"type\":\"string\",\"pattern\":\"^[^\\\\u0000]*$\"}"));
    json_key(json, "inputs"), describe_inputs(description);
    json_key(json, "outputs");
    json_raw(json, VIEW("{\"type\":\"array\",\"uniqueItems\":true,\"items\":{\"type\":\"object\","
                        "\"properties\":{\"name\":{\"enum\":[\"score\",\"label\",\"decision\","
                        "\"contributions\"]}},\"required\":[\"name\"],"
                        "\"additionalProperties\":false}}"));
    json_close(json);
    json_key(json, "required"), json_raw(json, VIEW("[\"inputs\"]"));
    json_key(json, "additionalProperties"), json_bool(json, false);
    json_close(json);
}

const struct shape shape_tensors = {.open = open, .next = next, .describe = describe};
