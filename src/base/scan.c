#include "base/scan.h"

#include "base/number.h"

struct scan scan_of(struct view body, struct text *scratch)
{
    return (struct scan){.body = body, .scratch = scratch, .wants_value = true};
}

const char *token_name(enum token_kind kind)
{
    static const char *const names[] = {
        [TOKEN_OBJECT] = "an object", [TOKEN_OBJECT_END] = "the end of the object",
        [TOKEN_LIST] = "a list",      [TOKEN_LIST_END] = "the end of the list",
        [TOKEN_KEY] = "a key",        [TOKEN_TEXT] = "a text",
        [TOKEN_NUMBER] = "a number",  [TOKEN_TRUE] = "true",
        [TOKEN_FALSE] = "false",      [TOKEN_NULL] = "null",
    };
    return names[kind];
}

void scan_place(const struct scan *scan, size_t *line, size_t *column)
{
    *line = 1;
    *column = 1;
    for (size_t i = 0; i < scan->at && i < scan->body.length; i++) {
        ++*column;
        if (scan->body.text[i] == '\n') {
            ++*line;
            *column = 1;
        }
    }
}

COLD static bool wrong(const struct scan *scan, struct err *err, const char *what)
{
    size_t line, column;
    scan_place(scan, &line, &column);
    return err_set(err, ERR_INPUT, "JSON line %zu, column %zu: %s", line, column, what);
}

static bool at_end(const struct scan *scan)
{
    return scan->at == scan->body.length;
}

static char here(const struct scan *scan)
{
    return at_end(scan) ? '\0' : scan->body.text[scan->at];
}

INLINE size_t past_blank(struct view body, size_t at)
{
    while (at < body.length && (unsigned char)body.text[at] <= ' ' && view_blank(body.text[at]))
        at++;
    return at;
}

static void skip_blank(struct scan *scan)
{
    scan->at = past_blank(scan->body, scan->at);
}

static bool take_word(struct scan *scan, const char *word, enum token_kind kind, struct token *out,
                      struct err *err)
{
    struct view rest = view_from(scan->body, scan->at);
    if (!view_starts(rest, word))
        return wrong(scan, err, "a value is expected");
    scan->at += strlen(word);
    *out = (struct token){.kind = kind};
    return true;
}

static bool take_number(struct scan *scan, struct token *out, struct err *err)
{
    struct view rest = view_from(scan->body, scan->at);
    double number;
    size_t size = number_scan_json(rest, &number);
    if (size == 0)
        return wrong(scan, err, "this is no number JSON knows, or it is out of range");
    *out = (struct token){TOKEN_NUMBER, {rest.text, size}, number};
    scan->at += size;
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits after \u, or -1. */
static int32_t take_hex(struct scan *scan)
{
    if (scan->body.length - scan->at < 4)
        return -1;
    int32_t code = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(scan->body.text[scan->at + (size_t)i]);
        if (digit < 0)
            return -1;
        code = code << 4 | digit;
    }
    scan->at += 4;
    return code;
}

static void add_utf8(struct text *text, int32_t code)
{
    if (code < 0x80) {
        text_addc(text, (char)code);
        return;
    }
    char bytes[4];
    int size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const int lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (int i = size - 1; i > 0; i--) {
        bytes[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    bytes[0] = (char)(lead[size] | code);
    text_add(text, (struct view){bytes, (size_t)size});
}

static bool take_unicode(struct scan *scan, struct err *err)
{
    int32_t code = take_hex(scan);
    if (code < 0)
        return wrong(scan, err, "\\u is followed by four hexadecimal digits");
    if (code == 0)
        return wrong(scan, err, "U+0000 is not taken");
    if (code >= 0xdc00 && code <= 0xdfff)
        return wrong(scan, err, "a low surrogate stands alone");
    if (code >= 0xd800 && code <= 0xdbff) {
        if (!view_starts(view_from(scan->body, scan->at), "\\u"))
            return wrong(scan, err, "a high surrogate stands alone");
        scan->at += 2;
        int32_t low = take_hex(scan);
        if (low < 0xdc00 || low > 0xdfff)
            return wrong(scan, err, "a high surrogate stands alone");
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    add_utf8(scan->scratch, code);
    return true;
}

/* One escape, its backslash taken already. */
static bool take_escape(struct scan *scan, struct err *err)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    char c = here(scan);
    if (at_end(scan))
        return wrong(scan, err, "the text is never closed");
    scan->at++;
    if (c == 'u')
        return take_unicode(scan, err);
    const char *found = strchr(from, c);
    if (c == '\0' || found == NULL)
        return wrong(scan, err, "no such escape");
    text_addc(scan->scratch, to[found - from]);
    return true;
}

/* Plain bytes from here on: up to a quote, a backslash, a control character or the end. */
static struct view take_plain(struct scan *scan, bool *ascii)
{
    size_t first = scan->at;
    unsigned char seen = 0;
    scan->at += view_plain(view_from(scan->body, first));
    while (!at_end(scan)) {
        unsigned char c = (unsigned char)scan->body.text[scan->at];
        if (c == '"' || c == '\\' || c < 0x20)
            break;
        seen |= c;
        scan->at++;
    }
    *ascii = seen < 0x80;
    return (struct view){scan->body.text + first, scan->at - first};
}

/* The opening quote is still ahead. */
static bool take_text(struct scan *scan, struct view *out, struct err *err)
{
    scan->at++;
    bool written = false;
    size_t start = 0;
    for (;;) {
        bool ascii;
        struct view plain = take_plain(scan, &ascii);
        if (!ascii && !view_is_utf8(plain))
            return wrong(scan, err, "the text is not valid UTF-8");
        if (at_end(scan))
            return wrong(scan, err, "the text is never closed");
        char c = here(scan);
        if (c == '"' && !written) {
            scan->at++;
            *out = plain;
            return true;
        }
        if (c != '"' && c != '\\')
            return wrong(scan, err, "a control character stands in the text");
        if (!written) {
            written = true;
            start = scan->scratch->length;
        }
        text_add(scan->scratch, plain);
        scan->at++;
        if (c == '"')
            break;
        if (!take_escape(scan, err))
            return false;
    }
    if (scan->scratch->cut)
        return err_set(err, ERR_LIMIT, "the texts of the JSON body are too long");
    *out = (struct view){scan->scratch->bytes + start, scan->scratch->length - start};
    return true;
}

static bool open_level(struct scan *scan, bool object, struct token *out, struct err *err)
{
    if (scan->depth == SCAN_DEPTH_MAX)
        return wrong(scan, err, "the document nests too deeply");
    scan->at++;
    scan->object[scan->depth++] = object;
    scan->filled = false;
    scan->wants_value = !object;
    *out = (struct token){.kind = object ? TOKEN_OBJECT : TOKEN_LIST};
    return true;
}

static bool close_level(struct scan *scan, struct token *out)
{
    bool object = scan->object[--scan->depth];
    scan->at++;
    scan->filled = true;
    scan->wants_value = false;
    *out = (struct token){.kind = object ? TOKEN_OBJECT_END : TOKEN_LIST_END};
    return true;
}

static bool take_value(struct scan *scan, struct token *out, struct err *err)
{
    char c = here(scan);
    if (c == '{' || c == '[')
        return open_level(scan, c == '{', out, err);
    if (scan->at == 0 && view_starts(scan->body, "\xef\xbb\xbf"))
        return wrong(scan, err, "the document begins with a byte order mark: send it without one");

    scan->wants_value = false;
    scan->filled = true;
    if (c == '"') {
        *out = (struct token){.kind = TOKEN_TEXT};
        return take_text(scan, &out->text, err);
    }
    if (c == 't')
        return take_word(scan, "true", TOKEN_TRUE, out, err);
    if (c == 'f')
        return take_word(scan, "false", TOKEN_FALSE, out, err);
    if (c == 'n')
        return take_word(scan, "null", TOKEN_NULL, out, err);
    return take_number(scan, out, err);
}

static bool take_key(struct scan *scan, struct token *out, struct err *err)
{
    if (here(scan) != '"')
        return wrong(scan, err, "a key in quotes is expected");
    *out = (struct token){.kind = TOKEN_KEY};
    if (!take_text(scan, &out->text, err))
        return false;
    skip_blank(scan);
    if (here(scan) != ':')
        return wrong(scan, err, "a colon is expected after the key");
    scan->at++;
    scan->wants_value = true;
    return true;
}

bool scan_next(struct scan *scan, struct token *out, struct err *err)
{
    skip_blank(scan);
    if (scan->depth == 0 && !scan->wants_value) {
        if (!at_end(scan) && !scan->done)
            return wrong(scan, err, "text after the end of the document");
        scan->done = true;
        return false;
    }
    if (scan->depth == 0)
        return take_value(scan, out, err);

    bool object = scan->object[scan->depth - 1];
    if (object && scan->wants_value)
        return take_value(scan, out, err);
    if (here(scan) == (object ? '}' : ']'))
        return close_level(scan, out);
    if (scan->filled) {
        if (here(scan) != ',')
            return wrong(scan, err,
                         object ? "a comma or } is expected" : "a comma or ] is expected");
        scan->at++;
        skip_blank(scan);
    }
    return object ? take_key(scan, out, err) : take_value(scan, out, err);
}

bool scan_key_of(struct view name, struct arena *arena, struct scan_key *out, struct err *err)
{
    *out = (struct scan_key){0};
    if (view_plain(name) < name.length)
        return true;
    size_t length = name.length + strlen("\"\":");
    char *text = arena_new(arena, char, length + 1);
    if (text == NULL)
        return err_set(err, ERR_LIMIT, "the names do not fit the memory limit");
    snprintf(text, length + 1, "\"" VIEW_FMT "\":", VIEW_ARG(name));
    *out = (struct scan_key){.text = text, .length = length};
    size_t start = length < sizeof out->start ? length : sizeof out->start;
    memcpy(out->start, text, start);
    memset(out->mask, 0xff, start);
    return true;
}

/* A short name, no more than one blank behind a comma or a colon, and some bytes behind it all:
 * what nearly every member is. */
INLINE size_t usual_member(const struct scan *scan, const struct scan_key *key, double *number)
{
    enum { ROOM = 3 }; /* a comma and two blanks */
    uint64_t come[2];
    struct view rest = view_from(scan->body, scan->at);
    if (key->length > sizeof come || rest.length < sizeof come + ROOM)
        return 0;
    const char *at = rest.text;
    if (scan->filled && *at++ != ',')
        return 0;
    at += *at == ' ';
    memcpy(come, at, sizeof come);
    if (((come[0] ^ key->start[0]) & key->mask[0]) | ((come[1] ^ key->start[1]) & key->mask[1]))
        return 0;
    at += key->length;
    at += *at == ' ';
    size_t before = (size_t)(at - rest.text);
    size_t size = number_scan_json(view_from(rest, before), number);
    return size == 0 ? 0 : scan->at + before + size;
}

static size_t any_member(const struct scan *scan, const struct scan_key *key, double *number)
{
    struct view body = scan->body;
    size_t at = scan->at;
    if (scan->filled) {
        if (at == body.length || body.text[at] != ',')
            return 0;
        at++;
    }
    at = past_blank(body, at);
    if (body.length - at < key->length || memcmp(body.text + at, key->text, key->length) != 0)
        return 0;
    at = past_blank(body, at + key->length);
    size_t size = number_scan_json(view_from(body, at), number);
    return size == 0 ? 0 : at + size;
}

size_t scan_number_member(const struct scan *scan, const struct scan_key *key, double *number)
{
    if (key->length == 0)
        return 0;
    size_t place = usual_member(scan, key, number);
    return place != 0 ? place : any_member(scan, key, number);
}

void scan_past(struct scan *scan, size_t place)
{
    scan->at = place;
    scan->filled = true;
}

bool scan_skip(struct scan *scan, const struct token *first, struct err *err)
{
    if (first->kind != TOKEN_OBJECT && first->kind != TOKEN_LIST)
        return true;
    unsigned depth = scan->depth - 1;
    struct token token;
    while (scan->depth > depth)
        if (!scan_next(scan, &token, err))
            return false;
    return true;
}
