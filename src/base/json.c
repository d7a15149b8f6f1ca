#include "base/json.h"

#include "base/number.h"

#include <inttypes.h>
#include <math.h>

struct json json_to(struct text *text)
{
    return (struct json){.text = text};
}

struct json json_pretty_to(struct text *text)
{
    return (struct json){.text = text, .pretty = true};
}

static void line(struct json *json)
{
    if (!json->pretty)
        return;
    text_addc(json->text, '\n');
    for (int i = 0; i < json->depth; i++)
        text_adds(json->text, "  ");
}

/* What stands before a value or a key: a comma, a line. */
static void next(struct json *json)
{
    if (json->after_key) {
        json->after_key = false;
        return;
    }
    if (json->depth == 0)
        return;
    bool *filled = &json->filled[json->depth - 1];
    if (*filled)
        text_addc(json->text, ',');
    *filled = true;
    line(json);
}

void json_open(struct json *json, char bracket)
{
    assert(bracket == '{' || bracket == '[');
    assert(json->depth < JSON_WRITE_DEPTH_MAX);
    next(json);
    text_addc(json->text, bracket);
    json->open[json->depth] = bracket;
    json->filled[json->depth] = false;
    json->depth++;
}

void json_close(struct json *json)
{
    assert(json->depth > 0 && !json->after_key);
    json->depth--;
    if (json->filled[json->depth])
        line(json);
    text_addc(json->text, json->open[json->depth] == '{' ? '}' : ']');
    if (json->pretty && json->depth == 0)
        text_addc(json->text, '\n');
}

static void escape(struct text *text, unsigned char c)
{
    switch (c) {
    case '"':
        text_adds(text, "\\\"");
        break;
    case '\\':
        text_adds(text, "\\\\");
        break;
    case '\n':
        text_adds(text, "\\n");
        break;
    case '\r':
        text_adds(text, "\\r");
        break;
    case '\t':
        text_adds(text, "\\t");
        break;
    default:
        text_addf(text, "\\u%04x", c);
    }
}

static void quote_by_parts(struct text *text, struct view value)
{
    text_addc(text, '"');
    for (size_t at = 0; at < value.length;) {
        size_t plain = view_plain(view_from(value, at));
        text_add(text, (struct view){value.text + at, plain});
        at += plain;
        if (at == value.length)
            break;

        unsigned char c = (unsigned char)value.text[at];
        if (c < 0x80) {
            escape(text, c);
            at++;
            continue;
        }
        size_t size = 2;
        while (size <= 4 &&
               (at + size > value.length || !view_is_utf8((struct view){value.text + at, size})))
            size++;
        if (size <= 4) {
            text_add(text, (struct view){value.text + at, size});
            at += size;
        } else {
            text_adds(text, "\xef\xbf\xbd");
            at++;
        }
    }
    text_addc(text, '"');
}

static void quote(struct text *text, struct view value)
{
    size_t quotes = 2;
    if (view_plain(value) < value.length) {
        quote_by_parts(text, value);
        return;
    }
    char *at = text_reserve(text, value.length + quotes);
    if (at == NULL)
        return;
    *at = '"';
    if (value.length > 0)
        memcpy(at + 1, value.text, value.length);
    at[value.length + 1] = '"';
    text->length += value.length + quotes;
}

void json_key_view(struct json *json, struct view key)
{
    assert(json->depth > 0 && json->open[json->depth - 1] == '{' && !json->after_key);
    next(json);
    quote(json->text, key);
    text_addc(json->text, ':');
    if (json->pretty)
        text_addc(json->text, ' ');
    json->after_key = true;
}

void json_key_plain(struct json *json, struct view key)
{
    enum { MARKS = 4 }; /* a comma, two quotes and a colon */
    char *at = json->pretty ? NULL : text_reserve(json->text, key.length + MARKS), *start = at;
    if (at == NULL) {
        json_key_view(json, key);
        return;
    }
    assert(json->depth > 0 && json->open[json->depth - 1] == '{' && !json->after_key);
    bool *filled = &json->filled[json->depth - 1];
    *at = ',';
    at += *filled;
    *at++ = '"';
    memcpy(at, key.text, key.length);
    at += key.length;
    *at++ = '"';
    *at++ = ':';
    json->text->length += (size_t)(at - start);
    *filled = true;
    json->after_key = true;
}

void json_text(struct json *json, struct view value)
{
    next(json);
    quote(json->text, value);
}

void json_string(struct json *json, const char *value)
{
    if (value == NULL)
        json_null(json);
    else
        json_text(json, view_of(value));
}

void json_number(struct json *json, double value)
{
    next(json);
    if (isfinite(value))
        text_add_number(json->text, value);
    else
        text_adds(json->text, "null");
}

void json_count(struct json *json, uint64_t value)
{
    next(json);
    text_add_u64(json->text, value);
}

void json_i64(struct json *json, int64_t value)
{
    next(json);
    text_addf(json->text, "%" PRId64, value);
}

void json_bool(struct json *json, bool value)
{
    next(json);
    text_adds(json->text, value ? "true" : "false");
}

void json_null(struct json *json)
{
    next(json);
    text_adds(json->text, "null");
}

void json_raw(struct json *json, struct view value)
{
    next(json);
    text_add(json->text, value);
}
