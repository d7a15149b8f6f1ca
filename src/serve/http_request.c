#include "serve/http_request.h"

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

struct view http_request_field(const struct http_request *request, const char *name)
{
    struct view wanted = view_of(name), rest = request->fields, found, value;
    while (http_field_next(&rest, &found, &value))
        if (view_same_fold(found, wanted))
            return value;
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
    return view_cut(&rest, ';', &media) && view_same_fold(view_trim(media), view_of(type));
}
