#include "serve/shape.h"

static bool next(struct decode *decode, struct err *err)
{
    struct token token;
    if (!scan_next(&decode->scan, &token, err))
        return false;
    if (token.kind != TOKEN_OBJECT)
        return err_set(err, ERR_INPUT, "JSON: {\"features\": ...} is expected, not %s",
                       token_name(token.kind));
    if (!scan_next(&decode->scan, &token, err))
        return false;
    if (token.kind == TOKEN_OBJECT_END)
        return err_set(err, ERR_INPUT, "'features' is missing: send {\"features\": ...}");
    if (!view_is(token.text, "features"))
        return err_set(err, ERR_INPUT, "'" VIEW_FMT "' is not known here: send only 'features'",
                       VIEW_ARG(token.text));
    if (!scan_next(&decode->scan, &token, err) || !shape_take_row(decode, &token, err) ||
        !scan_next(&decode->scan, &token, err))
        return false;
    if (token.kind == TOKEN_OBJECT_END)
        return shape_end_document(decode, err);
    const char *why =
        view_is(token.text, "features") ? "came twice" : "is not known here: send only 'features'";
    return err_set(err, ERR_INPUT, "'" VIEW_FMT "' %s", VIEW_ARG(token.text), why);
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

static void describe(const struct shape *shape UNUSED, const struct description *description)
{
    struct json *json = description->json;
    json_open(json, '{');
    json_key(json, "type"), json_string(json, "object");
    json_key(json, "properties");
    json_open(json, '{');
    json_key(json, "features"), describe_row(description->filled, json);
    json_close(json);
    json_key(json, "required"), json_raw(json, VIEW("[\"features\"]"));
    json_key(json, "additionalProperties"), json_bool(json, false);
    json_close(json);
}

const struct shape shape_features = {.next = next, .describe = describe};
