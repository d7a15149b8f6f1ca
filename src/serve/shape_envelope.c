#include "serve/shape.h"

static bool may_stand_beside(const struct shape *shape, struct view key)
{
    for (size_t i = 0; i < SHAPE_BESIDE && shape->beside[i] != NULL; i++)
        if (view_is(key, shape->beside[i]))
            return true;
    return false;
}

/* A member that does not hold the rows. */
static bool pass_by(struct decode *decode, struct view key, struct err *err)
{
    struct token value;
    if (!may_stand_beside(decode->shape, key))
        return err_set(err, ERR_INPUT, "'" VIEW_FMT "' is not known here: send {\"%s\": [...]}",
                       VIEW_ARG(key), decode->shape->rows);
    return scan_next(&decode->scan, &value, err) && scan_skip(&decode->scan, &value, err);
}

/* Up to the first row. */
static bool enter(struct decode *decode, struct err *err)
{
    const char *rows = decode->shape->rows;
    struct token token;
    if (!scan_next(&decode->scan, &token, err))
        return false;
    if (token.kind != TOKEN_OBJECT)
        return err_set(err, ERR_INPUT, "JSON: {\"%s\": [...]} is expected, not %s", rows,
                       token_name(token.kind));
    while (scan_next(&decode->scan, &token, err) && token.kind == TOKEN_KEY) {
        if (!view_is(token.text, rows)) {
            if (!pass_by(decode, token.text, err))
                return false;
            continue;
        }
        if (!scan_next(&decode->scan, &token, err))
            return false;
        return token.kind == TOKEN_LIST ||
               err_set(err, ERR_INPUT, "JSON: '%s' is a list of rows, not %s", rows,
                       token_name(token.kind));
    }
    return err->kind == ERR_NONE
               ? err_set(err, ERR_INPUT, "'%s' is missing: send {\"%s\": [...]}", rows, rows)
               : false;
}

/* From behind the last row to the end of the body. */
static bool leave(struct decode *decode, struct err *err)
{
    struct token token;
    while (scan_next(&decode->scan, &token, err)) {
        if (token.kind == TOKEN_OBJECT_END)
            return shape_end_document(decode, err);
        if (view_is(token.text, decode->shape->rows))
            return err_set(err, ERR_INPUT, "'%s' came twice", decode->shape->rows);
        if (!pass_by(decode, token.text, err))
            return false;
    }
    return false;
}

bool shape_next_of_envelope(struct decode *decode, struct err *err)
{
    struct token token;
    if (!decode->begun) {
        if (!enter(decode, err))
            return false;
        decode->begun = decode->many = true;
    }
    if (!scan_next(&decode->scan, &token, err))
        return false;
    if (token.kind != TOKEN_LIST_END)
        return shape_take_row(decode, &token, err);
    decode->many = false; /* what is wrong from here on is no row's fault */
    if (decode->rows == 0)
        err_set(err, ERR_INPUT, "'%s' holds no rows", decode->shape->rows);
    else
        leave(decode, err);
    return false;
}

static void describe(const struct shape *shape, const struct description *description)
{
    struct json *json = description->json;
    json_open(json, '{');
    json_key(json, "type"), json_string(json, "object");
    json_key(json, "properties");
    json_open(json, '{');
    json_key(json, shape->rows), describe_list_of_rows(description->filled, json);
    for (size_t i = 0; i < SHAPE_BESIDE && shape->beside[i] != NULL; i++)
        json_key(json, shape->beside[i]), describe_reference("Free", json);
    json_close(json);
    json_key(json, "required");
    json_open(json, '[');
    json_string(json, shape->rows);
    json_close(json);
    json_key(json, "additionalProperties"), json_bool(json, false);
    json_close(json);
}

const struct shape shape_instances = {
    .describe = describe,
    .next = shape_next_of_envelope,
    .rows = "instances",
    .beside = {"parameters", "signature_name"},
};
