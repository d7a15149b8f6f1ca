#include "base/text.h"

#include <stdarg.h>

struct text text_in(char *bytes, size_t size)
{
    return (struct text){.bytes = bytes, .size = size};
}

struct text text_in_arena(struct arena *arena)
{
    return (struct text){.arena = arena};
}

COLD static bool grow(struct text *text, size_t more)
{
    enum { FIRST_SIZE = 1024 };
    if (text->arena == NULL)
        return false;
    size_t size = text->size == 0 ? FIRST_SIZE : text->size * 2;
    while (size < text->length + more)
        size *= 2;
    char *bytes = arena_new(text->arena, char, size);
    if (bytes == NULL)
        return false;
    if (text->length > 0)
        memcpy(bytes, text->bytes, text->length);
    text->bytes = bytes;
    text->size = size;
    return true;
}

char *text_reserve(struct text *text, size_t size)
{
    if (text->cut)
        return NULL;
    if (size > text->size - text->length && !grow(text, size)) {
        text->cut = true;
        return NULL;
    }
    return text->bytes + text->length;
}

void text_add(struct text *text, struct view view)
{
    if (view.length == 0)
        return;
    char *at = text_reserve(text, view.length);
    if (at == NULL)
        return;
    memcpy(at, view.text, view.length);
    text->length += view.length;
}

void text_addc(struct text *text, char c)
{
    char *at = text_reserve(text, 1);
    if (at == NULL)
        return;
    *at = c;
    text->length++;
}

void text_adds(struct text *text, const char *string)
{
    text_add(text, view_of(string));
}

void text_addf(struct text *text, const char *fmt, ...)
{
    char line[1024];
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int length = vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    assert(length >= 0);

    size_t size = (size_t)length;
    if (size < sizeof line) {
        text_add(text, (struct view){line, size});
    } else {
        char *at = text_reserve(text, size + 1);
        if (at != NULL) {
            vsnprintf(at, size + 1, fmt, again);
            text->length += size;
        }
    }
    va_end(again);
}

struct view text_view(const struct text *text)
{
    return (struct view){text->bytes == NULL ? "" : text->bytes, text->length};
}

const char *text_c(struct text *text)
{
    char *end = text_reserve(text, 1);
    if (end == NULL)
        return "";
    *end = '\0';
    return text->bytes;
}
