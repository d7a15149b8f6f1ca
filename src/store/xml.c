#include "store/xml.h"

static const char *find(struct view in, const char *what)
{
    return in.length == 0 ? NULL : memmem(in.text, in.length, what, strlen(what));
}

static struct view behind(struct view in, const char *at)
{
    return view_from(in, (size_t)(at - in.text));
}

/* Behind "<name>" or "<name ...>"; false when there is none. "<names>" is another element. */
static bool skip_opening(struct view *rest, const char *name)
{
    char tag[64];
    int length = snprintf(tag, sizeof tag, "<%s", name);
    assert(length > 0 && (size_t)length < sizeof tag);
    for (const char *at; (at = find(*rest, tag)) != NULL;) {
        *rest = behind(*rest, at + length);
        if (rest->length == 0 || strchr("> \t\r\n", rest->text[0]) == NULL)
            continue;
        const char *end = memchr(rest->text, '>', rest->length);
        if (end == NULL)
            return false;
        *rest = behind(*rest, end + 1);
        return true;
    }
    return false;
}

bool xml_next(struct view *rest, const char *name, struct view *out)
{
    char tag[64];
    struct view body = *rest;
    int length = snprintf(tag, sizeof tag, "</%s>", name);
    assert(length > 0 && (size_t)length < sizeof tag);
    const char *end = skip_opening(&body, name) ? find(body, tag) : NULL;
    if (end == NULL)
        return false;
    *out = (struct view){body.text, (size_t)(end - body.text)};
    *rest = behind(body, end + length);
    return true;
}

struct view xml_text(struct view xml, const char *name)
{
    struct view text;
    return xml_next(&xml, name, &text) ? text : VIEW("");
}
