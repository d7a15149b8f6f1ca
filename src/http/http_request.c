#include "http/http_request.h"

bool http_field_next(struct view *rest, struct view *name, struct view *value)
{
    struct view line;
    if (rest->length == 0 || !view_cut(rest, '\n', &line))
        return false;
    *name = (struct view){0};
    const char *colon = memchr(line.text, ':', line.length);
    if (colon == NULL)
        return true;
    size_t length = (size_t)(colon - line.text);
    *name = (struct view){line.text, length};
    *value = view_trim(view_from(line, length + 1));
    return true;
}

struct view http_request_find(const struct http_request *request, struct view wanted)
{
    struct view rest = request->fields, found, value;
    while (rest.length > wanted.length) {
        /* Most lines are another field's, and are not taken apart. */
        if (rest.text[wanted.length] == ':' && http_field_next(&rest, &found, &value)) {
            if (view_same_fold(found, wanted))
                return value;
            continue;
        }
        const char *end = memchr(rest.text, '\n', rest.length);
        if (end == NULL)
            break;
        rest = view_from(rest, (size_t)(end - rest.text) + 1);
    }
    return (struct view){0};
}

struct view http_request_query(const struct http_request *request, const char *name)
{
    size_t length = strlen(name);
    struct view rest = request->query, part;
    while (rest.length > 0 && view_cut(&rest, '&', &part))
        if (view_starts(part, name) && part.length > length && part.text[length] == '=')
            return view_from(part, length + 1);
    return (struct view){0};
}

bool http_media_is(struct view content_type, const char *type)
{
    struct view rest = content_type, media;
    if (view_is(content_type, type)) /* as nearly all write it */
        return true;
    return view_cut(&rest, ';', &media) && view_same_fold(view_trim(media), view_of(type));
}

bool http_media_is_utf8(struct view content_type)
{
    struct view rest = content_type, part, name;
    if (!view_cut(&rest, ';', &part))
        return true;
    while (rest.length > 0 && view_cut(&rest, ';', &part)) {
        part = view_trim(part);
        if (!view_cut(&part, '=', &name) || !view_same_fold(view_trim(name), VIEW("charset")))
            continue;
        part = view_trim(part);
        if (part.length >= 2 && *part.text == '"' && view_ends(part, "\""))
            part = (struct view){part.text + 1, part.length - 2};
        return view_same_fold(part, VIEW("utf-8")) || view_same_fold(part, VIEW("utf8"));
    }
    return true;
}

static bool is_refused(struct view parameters)
{
    struct view part;
    while (parameters.length > 0 && view_cut(&parameters, ';', &part)) {
        part = view_trim(part);
        if (view_is(part, "q=0") || view_is(part, "q=0.0") || view_is(part, "q=0.00") ||
            view_is(part, "q=0.000"))
            return true;
    }
    return false;
}

size_t http_accepts(struct view accept, const char *const *types, size_t count, size_t otherwise)
{
    struct view rest = accept, part, media;
    while (rest.length > 0 && view_cut(&rest, ',', &part)) {
        if (!view_cut(&part, ';', &media) || is_refused(part))
            continue;
        media = view_trim(media);
        if (view_is(media, "*/*"))
            return otherwise;
        for (size_t i = 0; i < count; i++)
            if (view_same_fold(media, view_of(types[i])))
                return i;
    }
    return otherwise;
}
