#include "base/view.h"

int view_shown(struct view view)
{
    return view.length > VIEW_SHOWN_MAX ? VIEW_SHOWN_MAX : (int)view.length;
}

bool view_same(struct view a, struct view b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.text, b.text, a.length) == 0);
}

bool view_is(struct view view, const char *text)
{
    return view_same(view, view_of(text));
}

static unsigned char fold(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

bool view_same_fold(struct view a, struct view b)
{
    if (a.length != b.length)
        return false;
    for (size_t i = 0; i < a.length; i++)
        if (fold(a.text[i]) != fold(b.text[i]))
            return false;
    return true;
}

bool view_starts(struct view view, const char *prefix)
{
    size_t length = strlen(prefix);
    return view.length >= length && memcmp(view.text, prefix, length) == 0;
}

bool view_ends(struct view view, const char *suffix)
{
    size_t length = strlen(suffix);
    return view.length >= length && memcmp(view.text + view.length - length, suffix, length) == 0;
}

int view_order(struct view a, struct view b)
{
    size_t shared = a.length < b.length ? a.length : b.length;
    int order = shared == 0 ? 0 : memcmp(a.text, b.text, shared);
    if (order != 0)
        return order;
    return (a.length > b.length) - (a.length < b.length);
}

uint64_t view_hash(struct view view)
{
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < view.length; i++)
        hash = (hash ^ (unsigned char)view.text[i]) * 1099511628211u;
    return hash ^ hash >> 32;
}

/* Eight bytes at a time; a byte's top bit says that it is not plain. A subtraction that borrows
 * spoils only bytes above the one that made it, and the lowest is what counts. */
static uint64_t not_plain(uint64_t eight)
{
    const uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
    uint64_t quote = eight ^ '"' * ones, slash = eight ^ '\\' * ones;
    return ((eight - 0x20 * ones) | (quote - ones) | (slash - ones) | eight) & tops;
}

static uint64_t load_eight(const char *text)
{
    uint64_t eight;
    memcpy(&eight, text, sizeof eight);
    return eight;
}

size_t view_plain(struct view view)
{
    static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the lowest byte comes first");
    enum { EIGHT = sizeof(uint64_t) };
    size_t at = 0;
    for (; view.length - at >= EIGHT; at += EIGHT) {
        uint64_t stops = not_plain(load_eight(view.text + at));
        if (stops != 0)
            return at + (size_t)__builtin_ctzll(stops) / EIGHT;
    }
    if (at == view.length)
        return at;
    uint64_t last = 0x2020202020202020;
    if (view.length >= EIGHT) { /* with some that were looked at already */
        at = view.length - EIGHT;
        last = load_eight(view.text + at);
    } else {
        for (size_t i = view.length; i-- > 0;)
            last = last << 8 | (unsigned char)view.text[i];
    }
    uint64_t stops = not_plain(last);
    return stops == 0 ? view.length : at + (size_t)__builtin_ctzll(stops) / EIGHT;
}

struct view view_from(struct view view, size_t offset)
{
    assert(offset <= view.length);
    return (struct view){view.text + offset, view.length - offset};
}

struct view view_trim(struct view view)
{
    while (view.length > 0 && view_blank(view.text[0]))
        view = view_from(view, 1);
    while (view.length > 0 && view_blank(view.text[view.length - 1]))
        view.length--;
    return view;
}

bool view_cut(struct view *rest, char mark, struct view *out)
{
    if (rest->text == NULL)
        return false;

    const char *at = rest->length == 0 ? NULL : memchr(rest->text, mark, rest->length);
    if (at == NULL) {
        *out = *rest;
        *rest = (struct view){0};
        return true;
    }
    size_t before = (size_t)(at - rest->text);
    *out = (struct view){rest->text, before};
    *rest = view_from(*rest, before + 1);
    return true;
}

/* How many bytes the character at `at` takes, 0 when it is not valid. RFC 3629. */
static size_t character_size(const unsigned char *at, size_t left)
{
    unsigned char c = at[0];
    if (c < 0x80)
        return 1;
    if (c < 0xc2 || c > 0xf4)
        return 0;

    size_t size = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    if (size > left)
        return 0;
    unsigned char low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    unsigned char high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    if (at[1] < low || at[1] > high)
        return 0;
    for (size_t i = 2; i < size; i++)
        if (at[i] < 0x80 || at[i] > 0xbf)
            return 0;
    return size;
}

bool view_is_utf8(struct view view)
{
    const unsigned char *bytes = (const unsigned char *)view.text;
    for (size_t at = 0; at < view.length;) {
        size_t size = character_size(bytes + at, view.length - at);
        if (size == 0)
            return false;
        at += size;
    }
    return true;
}

void view_mend(char *text)
{
    for (size_t at = 0, length = strlen(text); at < length;) {
        size_t size = character_size((const unsigned char *)text + at, length - at);
        if (size == 0)
            text[at] = '?';
        at += size == 0 ? 1 : size;
    }
}

char *view_copy(struct view view, struct arena *arena)
{
    return arena_copy(arena, view.text, view.length);
}
