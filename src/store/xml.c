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

/* The size of the entity at the start of `text`, 0 when it is none of those known. */
static size_t entity(struct view text, char *out)
{
    static const struct {
        const char *name;
        char stands_for;
    } named[] = {
        {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''},
    };
    enum { LONGEST = 8 };
    for (size_t i = 0; i < LENGTH_OF(named); i++) {
        if (!view_starts(text, named[i].name))
            continue;
        *out = named[i].stands_for;
        return strlen(named[i].name);
    }
    bool hex = view_starts(text, "&#x");
    size_t at = hex ? 3 : 2;
    unsigned value = 0;
    if (!view_starts(text, "&#"))
        return 0;
    for (; at < text.length && at < LONGEST && text.text[at] != ';'; at++) {
        const char *digits = "0123456789abcdef", *digit = strchr(digits, text.text[at] | 0x20);
        if (text.text[at] < '0' || digit == NULL || (!hex && digit - digits > 9))
            return 0;
        value = value * (hex ? 16 : 10) + (unsigned)(digit - digits);
    }
    if (at == text.length || text.text[at] != ';' || value == 0 || value > 127)
        return 0;
    *out = (char)value;
    return at + 1;
}

struct view xml_unescape(struct view text, struct arena *arena)
{
    char *bytes = arena_new(arena, char, text.length + 1);
    size_t length = 0;
    while (bytes != NULL && text.length > 0) {
        char c = text.text[0];
        size_t size = c == '&' ? entity(text, &c) : 0;
        bytes[length++] = c;
        text = view_from(text, size == 0 ? 1 : size);
    }
    return (struct view){bytes, length};
}
