#include "serve/shape.h"
#include "serve/tensors.h"

#include <math.h>

const struct tensor_output_row tensor_outputs[TENSOR_OUTPUTS] = {
    [TENSOR_SCORE] = {"score", "FP32"},
    [TENSOR_LABEL] = {"label", "INT32"},
    [TENSOR_DECISION] = {"decision", "BYTES"},
    [TENSOR_CONTRIBUTIONS] = {"contributions", "FP64"},
};

/* ---------------------------------------------------------------- datatypes */

enum family { FAMILY_BOOL, FAMILY_WHOLE, FAMILY_REAL, FAMILY_BYTES };

struct datatype {
    const char *name;
    enum family family;
    double min, max; /* FAMILY_WHOLE; 2^63 and 2^64 are past the last one, but no double between */
};

static const struct datatype datatypes[] = {
    {.name = "BOOL", .family = FAMILY_BOOL},   {"UINT8", FAMILY_WHOLE, 0, 0xff},
    {"UINT16", FAMILY_WHOLE, 0, 0xffff},       {"UINT32", FAMILY_WHOLE, 0, 0xffffffff},
    {"UINT64", FAMILY_WHOLE, 0, 0x1p64},       {"INT8", FAMILY_WHOLE, -0x80, 0x7f},
    {"INT16", FAMILY_WHOLE, -0x8000, 0x7fff},  {"INT32", FAMILY_WHOLE, -0x1p31, 0x7fffffff},
    {"INT64", FAMILY_WHOLE, -0x1p63, 0x1p63},  {.name = "FP16", .family = FAMILY_REAL},
    {.name = "FP32", .family = FAMILY_REAL},   {.name = "FP64", .family = FAMILY_REAL},
    {.name = "BYTES", .family = FAMILY_BYTES},
};

static const struct datatype *find_datatype(struct view name)
{
    for (size_t i = 0; i < LENGTH_OF(datatypes); i++)
        if (view_is(name, datatypes[i].name))
            return &datatypes[i];
    return NULL;
}

const char *tensor_datatype_of(const struct column *column)
{
    switch (column->kind) {
    case COLUMN_NUMBER:
        return "FP64";
    case COLUMN_INTEGER:
        return "INT64";
    case COLUMN_BOOLEAN:
        return "BOOL";
    case COLUMN_TIMESTAMP:
        return column->format == TIME_ISO ? "BYTES" : "FP64";
    default:
        return "BYTES";
    }
}

static bool is_of(const struct datatype *type, const struct token *token)
{
    bool number = token->kind == TOKEN_NUMBER;
    if (token->kind == TOKEN_NULL)
        return true;
    switch (type->family) {
    case FAMILY_BOOL:
        return token->kind == TOKEN_TRUE || token->kind == TOKEN_FALSE ||
               (number && (token->number == 0 || token->number == 1));
    case FAMILY_WHOLE:
        return number && token->number == floor(token->number) && token->number >= type->min &&
               token->number <= type->max;
    case FAMILY_REAL:
        return number;
    case FAMILY_BYTES:
        break;
    }
    return token->kind == TOKEN_TEXT;
}

/* ---------------------------------------------------------------- the request */

/* A tensor whose data is being read. */
struct tensor {
    struct scan scan; /* within the data's list */
    const struct datatype *type;
    size_t width; /* values a row: 1, or every feature */
    size_t column;
    bool whole;  /* it holds every feature */
    bool flat;   /* its shape has one dimension */
    bool nested; /* each row is a list of its own; known from the first on */
};

/* A tensor as it is written. */
struct written {
    struct view name;
    const struct datatype *type;
    size_t dimension[2], dimensions;
    struct scan data;
    bool has_name, has_shape, has_data;
};

static bool is_list(const struct token *token, const char *what, struct err *err)
{
    return token->kind == TOKEN_LIST ||
           err_set(err, ERR_INPUT, "'%s' is a list, not %s", what, token_name(token->kind));
}

static bool is_text(const struct token *token, const char *what, struct err *err)
{
    return token->kind == TOKEN_TEXT ||
           err_set(err, ERR_INPUT, "'%s' is a text, not %s", what, token_name(token->kind));
}

static bool read_shape(struct scan *scan, struct written *written, struct err *err)
{
    struct token token;
    written->has_shape = true;
    written->dimensions = 0;
    while (scan_next(scan, &token, err) && token.kind == TOKEN_NUMBER) {
        if (written->dimensions == LENGTH_OF(written->dimension))
            return err_set(err, ERR_INPUT,
                           "'shape' has more than two dimensions: [rows] and [rows, features] are "
                           "taken");
        if (token.number < 1 || token.number > DECODE_ROWS_MAX ||
            token.number != floor(token.number))
            return err_set(err, ERR_INPUT, "'shape': '" VIEW_FMT "' is not a count of 1 to %d",
                           VIEW_ARG(token.text), (int)DECODE_ROWS_MAX);
        written->dimension[written->dimensions++] = (size_t)token.number;
    }
    if (err->kind != ERR_NONE)
        return false;
    if (token.kind != TOKEN_LIST_END)
        return err_set(err, ERR_INPUT, "'shape' is a list of counts, not of %s",
                       token_name(token.kind));
    return written->dimensions > 0 || err_set(err, ERR_INPUT, "'shape' is empty");
}

static bool take_member(struct scan *scan, struct view key, struct written *written,
                        struct err *err)
{
    struct token value;
    if (!scan_next(scan, &value, err))
        return false;
    if (view_is(key, "name")) {
        written->name = value.text;
        written->has_name = true;
        return is_text(&value, "name", err);
    }
    if (view_is(key, "shape"))
        return is_list(&value, "shape", err) && read_shape(scan, written, err);
    if (view_is(key, "datatype")) {
        written->type = value.kind == TOKEN_TEXT ? find_datatype(value.text) : NULL;
        return written->type != NULL ||
               err_set(err, ERR_INPUT,
                       "'datatype': '" VIEW_FMT "' is none of BOOL, UINT8 to UINT64, INT8 to "
                       "INT64, FP16, FP32, FP64 and BYTES",
                       VIEW_ARG(value.text));
    }
    if (view_is(key, "data")) {
        if (!is_list(&value, "data", err))
            return false;
        written->data = *scan;
        written->has_data = true;
        return scan_skip(scan, &value, err);
    }
    if (view_is(key, "parameters"))
        return scan_skip(scan, &value, err);
    return err_set(err, ERR_INPUT, "'" VIEW_FMT "' is not known in a tensor", VIEW_ARG(key));
}

static bool is_whole(const struct written *written, struct err *err)
{
    const char *missing = !written->has_name      ? "name"
                          : !written->has_shape   ? "shape"
                          : written->type == NULL ? "datatype"
                          : !written->has_data    ? "data"
                                                  : NULL;
    return missing == NULL || err_set(err, ERR_INPUT, "'%s' is missing", missing);
}

static bool place(const struct decode *decode, const struct written *written, struct tensor *tensor,
                  struct err *err)
{
    size_t index = 0;
    bool named = schema_find(decode->schema, written->name) != NULL;
    bool flat = written->dimensions == 1;
    *tensor =
        (struct tensor){.scan = written->data, .type = written->type, .width = 1, .flat = flat};
    if (flat || (named && written->dimension[1] == 1)) {
        if (!shape_find_column(decode, written->name, &index, err))
            return false;
        tensor->column = index;
        return true;
    }
    tensor->whole = true;
    tensor->width = written->dimension[1];
    return tensor->width == decode->schema->input_count || shape_wrong_count(decode, err);
}

static bool too_many(struct err *err)
{
    return err_set(err, ERR_LIMIT, "the tensors do not fit what one request may use");
}

static struct tensor *add_tensor(struct tensors *tensors, struct arena *arena)
{
    enum { FIRST_ROOM = 8 };
    if (tensors->count == tensors->room) {
        size_t room = tensors->room == 0 ? FIRST_ROOM : tensors->room * 2;
        struct tensor *more = arena_new(arena, struct tensor, room);
        if (more == NULL)
            return NULL;
        if (tensors->count > 0)
            memcpy(more, tensors->tensor, tensors->count * sizeof *more);
        tensors->tensor = more;
        tensors->room = room;
    }
    return &tensors->tensor[tensors->count++];
}

/* An object that has been entered. */
static bool read_tensor(struct decode *decode, struct tensors *tensors, struct arena *arena,
                        struct err *err)
{
    struct written written = {0};
    struct token token;
    while (scan_next(&decode->scan, &token, err) && token.kind == TOKEN_KEY)
        if (!take_member(&decode->scan, token.text, &written, err))
            return false;
    if (err->kind != ERR_NONE || !is_whole(&written, err))
        return false;
    if (tensors->count == decode->schema->count)
        return err_set(err, ERR_INPUT, "there are more tensors than the model has columns");
    struct tensor *tensor = add_tensor(tensors, arena);
    if (tensor == NULL)
        return too_many(err);
    if (tensors->count > 1 && written.dimension[0] != tensors->rows)
        return err_set(err, ERR_INPUT, "'shape': %zu rows, and the first tensor has %zu",
                       written.dimension[0], tensors->rows);
    tensors->rows = written.dimension[0];
    if (!place(decode, &written, tensor, err))
        return false;
    return tensors->count == 1 || !(tensor->whole || tensors->tensor[0].whole) ||
           err_set(err, ERR_INPUT, "a tensor of every feature stands alone");
}

static bool read_inputs(struct decode *decode, struct tensors *tensors, struct arena *arena,
                        struct err *err)
{
    struct token token;
    if (tensors->count > 0)
        return err_set(err, ERR_INPUT, "'inputs' came twice");
    while (scan_next(&decode->scan, &token, err) && token.kind == TOKEN_OBJECT)
        if (!read_tensor(decode, tensors, arena, err))
            return err_while(err, "input %zu", tensors->count == 0 ? 1 : tensors->count);
    if (err->kind != ERR_NONE)
        return false;
    if (token.kind != TOKEN_LIST_END)
        return err_set(err, ERR_INPUT, "'inputs': a tensor is an object, not %s",
                       token_name(token.kind));
    return tensors->count > 0 || err_set(err, ERR_INPUT, "'inputs' holds no tensors");
}

static bool want(struct tensors *tensors, struct view name, struct err *err)
{
    enum tensor_output output = 0;
    while (output < TENSOR_OUTPUTS && !view_is(name, tensor_outputs[output].name))
        output++;
    if (output == TENSOR_OUTPUTS)
        return err_set(err, ERR_INPUT,
                       "'outputs': '" VIEW_FMT "' is none of score, label, decision and "
                       "contributions",
                       VIEW_ARG(name));
    for (size_t i = 0; i < tensors->wanted_count; i++)
        if (tensors->wanted[i] == output)
            return err_set(err, ERR_INPUT, "'outputs': '" VIEW_FMT "' came twice", VIEW_ARG(name));
    tensors->wanted[tensors->wanted_count++] = output;
    return true;
}

/* An object that has been entered. */
static bool read_output(struct scan *scan, struct tensors *tensors, struct err *err)
{
    struct token key, value;
    bool named = false;
    while (scan_next(scan, &key, err) && key.kind == TOKEN_KEY) {
        if (!scan_next(scan, &value, err))
            return false;
        if (view_is(key.text, "parameters")) {
            if (!scan_skip(scan, &value, err))
                return false;
            continue;
        }
        if (!view_is(key.text, "name"))
            return err_set(err, ERR_INPUT, "'outputs': '" VIEW_FMT "' is not known in an output",
                           VIEW_ARG(key.text));
        if (named || !is_text(&value, "name", err) || !want(tensors, value.text, err))
            return named ? err_set(err, ERR_INPUT, "'outputs': 'name' came twice") : false;
        named = true;
    }
    return err->kind == ERR_NONE &&
           (named || err_set(err, ERR_INPUT, "'outputs': an output has no 'name'"));
}

static bool read_outputs(struct scan *scan, struct tensors *tensors, struct err *err)
{
    struct token token;
    while (scan_next(scan, &token, err) && token.kind == TOKEN_OBJECT)
        if (!read_output(scan, tensors, err))
            return false;
    return err->kind == ERR_NONE &&
           (token.kind == TOKEN_LIST_END ||
            err_set(err, ERR_INPUT, "'outputs': an output is an object, not %s",
                    token_name(token.kind)));
}

static bool take_id(const struct token *value, struct tensors *tensors, struct arena *arena,
                    struct err *err)
{
    if (!is_text(value, "id", err))
        return false;
    tensors->id =
        (struct view){arena_copy(arena, value->text.text, value->text.length), value->text.length};
    return tensors->id.text != NULL || too_many(err);
}

static bool read_request(struct decode *decode, struct tensors *tensors, struct arena *arena,
                         struct err *err)
{
    struct token token, value;
    struct scan *scan = &decode->scan;
    if (!scan_next(scan, &token, err))
        return false;
    if (token.kind != TOKEN_OBJECT)
        return err_set(err, ERR_INPUT, "JSON: {\"inputs\": [tensor, ...]} is expected, not %s",
                       token_name(token.kind));
    while (scan_next(scan, &token, err) && token.kind == TOKEN_KEY) {
        struct view key = token.text;
        bool ok = scan_next(scan, &value, err);
        if (ok && view_is(key, "inputs"))
            ok = is_list(&value, "inputs", err) && read_inputs(decode, tensors, arena, err);
        else if (ok && view_is(key, "outputs"))
            ok = is_list(&value, "outputs", err) && read_outputs(scan, tensors, err);
        else if (ok && view_is(key, "id"))
            ok = take_id(&value, tensors, arena, err);
        else if (ok && view_is(key, "parameters"))
            ok = scan_skip(scan, &value, err);
        else if (ok && view_is(key, "model_name")) /* KServe's client says it again */
            ok = is_text(&value, "model_name", err);
        else if (ok)
            ok = err_set(err, ERR_INPUT,
                         "'" VIEW_FMT "' is not known here: id, parameters, inputs and outputs are",
                         VIEW_ARG(key));
        if (!ok)
            return false;
    }
    if (err->kind != ERR_NONE || !shape_end_document(decode, err))
        return false;
    decode->done = false; /* the rows are still to come */
    return tensors->count > 0 || err_set(err, ERR_INPUT, "'inputs' is missing");
}

static bool open(struct decode *decode, struct view body UNUSED, struct arena *arena,
                 struct err *err)
{
    struct tensors *tensors = arena_new(arena, struct tensors, 1);
    if (tensors == NULL)
        return too_many(err);
    *tensors = (struct tensors){0};
    decode->state = tensors;
    if (!read_request(decode, tensors, arena, err))
        return false;
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
    if (!is_of(tensor->type, token))
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

static const char *values_of(const struct datatype *type)
{
    static const char *const values[] = {
        [FAMILY_BOOL] = "{\"enum\":[true,false,0,1,null]}",
        [FAMILY_WHOLE] = "{\"type\":[\"integer\",\"null\"]}",
        [FAMILY_REAL] = "{\"type\":[\"number\",\"null\"]}",
        [FAMILY_BYTES] = "{\"type\":[\"string\",\"null\"]}",
    };
    return values[type->family];
}

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
    json_key(json, "const"), json_string(json, tensor_datatype_of(column));
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
    json_raw(json, view_of(values_of(find_datatype(view_of(tensor_datatype_of(column))))));
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
