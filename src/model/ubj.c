#include "model/ubj.h"

struct ubj ubj_of(struct view body)
{
    return (struct ubj){.body = body};
}

static bool wrong(const struct ubj *ubj, struct err *err, const char *what)
{
    return err_set(err, ERR_INPUT, "UBJ byte %zu: %s", ubj->at, what);
}

static size_t left_of(const struct ubj *ubj)
{
    return ubj->body.length - ubj->at;
}

static char here(const struct ubj *ubj)
{
    return left_of(ubj) == 0 ? '\0' : ubj->body.text[ubj->at];
}

/* Bytes of a number of this type; 0 when it is no number. */
static size_t width_of(char type)
{
    switch (type) {
    case 'i':
    case 'U':
    case 'C':
        return 1;
    case 'I':
        return 2;
    case 'l':
    case 'd':
        return 4;
    case 'L':
    case 'D':
        return 8;
    default:
        return 0;
    }
}

static uint64_t big_endian(const char *bytes, size_t width)
{
    uint64_t value = 0;
    for (size_t i = 0; i < width; i++)
        value = value << 8 | (unsigned char)bytes[i];
    return value;
}

static double number_of_bits(char type, uint64_t bits)
{
    switch (type) {
    case 'd': {
        uint32_t low = (uint32_t)bits;
        float value;
        memcpy(&value, &low, sizeof value);
        return (double)value;
    }
    case 'D': {
        double value;
        memcpy(&value, &bits, sizeof value);
        return value;
    }
    case 'U':
    case 'C':
        return (double)bits;
    case 'i':
        return (double)(int8_t)bits;
    case 'I':
        return (double)(int16_t)bits;
    case 'l':
        return (double)(int32_t)bits;
    default:
        return (double)(int64_t)bits;
    }
}

static bool take_number(struct ubj *ubj, char type, struct token *out, struct err *err)
{
    size_t width = width_of(type);
    if (left_of(ubj) < width)
        return wrong(ubj, err, "the file ends inside a number");
    uint64_t bits = big_endian(ubj->body.text + ubj->at, width);
    ubj->at += width;
    *out = (struct token){.kind = TOKEN_NUMBER, .number = number_of_bits(type, bits)};
    return true;
}

/* A length with its type in front: whole, not negative. */
static bool take_size(struct ubj *ubj, uint64_t *out, struct err *err)
{
    char type = here(ubj);
    size_t width = width_of(type);
    if (width == 0 || type == 'd' || type == 'D' || type == 'C')
        return wrong(ubj, err, "a length is expected");
    ubj->at++;
    if (left_of(ubj) < width)
        return wrong(ubj, err, "the file ends inside a length");
    uint64_t bits = big_endian(ubj->body.text + ubj->at, width);
    if (type != 'U' && bits >> (8 * width - 1) != 0)
        return wrong(ubj, err, "a length is negative");
    ubj->at += width;
    *out = bits;
    return true;
}

static bool take_text(struct ubj *ubj, struct view *out, struct err *err)
{
    uint64_t size;
    if (!take_size(ubj, &size, err))
        return false;
    if (size > left_of(ubj))
        return wrong(ubj, err, "the file ends inside a text");
    struct view text = {ubj->body.text + ubj->at, (size_t)size};
    if (!view_is_utf8(text) || memchr(text.text, '\0', text.length) != NULL)
        return wrong(ubj, err, "the text is not valid UTF-8, or holds U+0000");
    ubj->at += text.length;
    *out = text;
    return true;
}

static bool open_level(struct ubj *ubj, struct ubj_level level, struct token *out, struct err *err)
{
    if (ubj->depth == SCAN_DEPTH_MAX)
        return wrong(ubj, err, "the document nests too deeply");
    ubj->level[ubj->depth++] = level;
    *out = (struct token){.kind = level.object ? TOKEN_OBJECT : TOKEN_LIST};
    return true;
}

/* The bracket is taken already. */
static bool take_list(struct ubj *ubj, struct token *out, struct err *err)
{
    struct ubj_level level = {.object = false};
    size_t item_size = 1; /* the least an untyped item takes */
    if (here(ubj) == '$') {
        ubj->at++;
        level.type = here(ubj);
        item_size = width_of(level.type);
        if (item_size == 0)
            return wrong(ubj, err, "a typed list holds numbers only");
        ubj->at++;
        if (here(ubj) != '#')
            return wrong(ubj, err, "a typed list needs its count");
    }
    if (here(ubj) == '#') {
        ubj->at++;
        level.counted = true;
        if (!take_size(ubj, &level.left, err))
            return false;
        if (level.left > left_of(ubj) / item_size)
            return wrong(ubj, err, "the list says it is longer than the file");
    }
    return open_level(ubj, level, out, err);
}

static bool take_value(struct ubj *ubj, struct token *out, struct err *err)
{
    if (left_of(ubj) == 0)
        return wrong(ubj, err, "the file ends where a value is expected");
    char type = ubj->body.text[ubj->at];
    if (width_of(type) > 0) {
        ubj->at++;
        return take_number(ubj, type, out, err);
    }
    switch (type) {
    case '{':
        ubj->at++;
        return open_level(ubj, (struct ubj_level){.object = true}, out, err);
    case '[':
        ubj->at++;
        return take_list(ubj, out, err);
    case 'S':
        ubj->at++;
        *out = (struct token){.kind = TOKEN_TEXT};
        return take_text(ubj, &out->text, err);
    case 'T':
    case 'F':
    case 'Z':
        ubj->at++;
        *out = (struct token){.kind = type == 'T'   ? TOKEN_TRUE
                                      : type == 'F' ? TOKEN_FALSE
                                                    : TOKEN_NULL};
        return true;
    default:
        return wrong(ubj, err, "no value begins so");
    }
}

static bool close_level(struct ubj *ubj, struct token *out)
{
    bool object = ubj->level[--ubj->depth].object;
    *out = (struct token){.kind = object ? TOKEN_OBJECT_END : TOKEN_LIST_END};
    return true;
}

static bool next_of_object(struct ubj *ubj, struct token *out, struct err *err)
{
    if (ubj->after_key) {
        ubj->after_key = false;
        return take_value(ubj, out, err);
    }
    if (here(ubj) == '}') {
        ubj->at++;
        return close_level(ubj, out);
    }
    ubj->after_key = true;
    *out = (struct token){.kind = TOKEN_KEY};
    return take_text(ubj, &out->text, err);
}

static bool next_of_list(struct ubj *ubj, struct ubj_level *level, struct token *out,
                         struct err *err)
{
    if (!level->counted && here(ubj) == ']') {
        ubj->at++;
        return close_level(ubj, out);
    }
    if (!level->counted)
        return take_value(ubj, out, err);
    if (level->left == 0)
        return close_level(ubj, out);
    level->left--;
    return level->type != 0 ? take_number(ubj, level->type, out, err) : take_value(ubj, out, err);
}

bool ubj_next(struct ubj *ubj, struct token *out, struct err *err)
{
    if (ubj->depth > 0) {
        struct ubj_level *level = &ubj->level[ubj->depth - 1];
        return level->object ? next_of_object(ubj, out, err) : next_of_list(ubj, level, out, err);
    }
    if (!ubj->started) {
        ubj->started = true;
        return take_value(ubj, out, err);
    }
    if (left_of(ubj) > 0)
        return wrong(ubj, err, "bytes after the end of the document");
    return false;
}
