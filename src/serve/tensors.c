#include "serve/tensors.h"

#include "serve/shape.h"

#include <math.h>

const struct tensor_output_row tensor_outputs[TENSOR_OUTPUTS] = {
    [TENSOR_SCORE] = {"score", "FP32"},
    [TENSOR_LABEL] = {"label", "INT32"},
    [TENSOR_DECISION] = {"decision", "BYTES"},
    [TENSOR_CONTRIBUTIONS] = {"contributions", "FP64"},
};

/* ---------------------------------------------------------------- one tensor */

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
        written->type = value.kind == TOKEN_TEXT ? datatype_find(value.text) : NULL;
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

/* ---------------------------------------------------------------- inputs */

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

/* ---------------------------------------------------------------- outputs */

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

/* ---------------------------------------------------------------- the request */

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

bool tensors_read(struct decode *decode, struct arena *arena, struct err *err)
{
    struct tensors *tensors = arena_new(arena, struct tensors, 1);
    if (tensors == NULL)
        return too_many(err);
    *tensors = (struct tensors){0};
    decode->state = tensors;
    return read_request(decode, tensors, arena, err);
}
