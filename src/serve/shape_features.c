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

const struct shape shape_features = {.next = next};
