/* A row in each line: JSON lines, and the one line of a query. */
#include "serve/shape.h"

static struct view *rest_of(struct decode *decode)
{
    return decode->state;
}

static bool open(struct decode *decode, struct view body, struct arena *arena, struct err *err)
{
    struct view *rest = arena_new(arena, struct view, 1);
    if (rest == NULL)
        return err_set(err, ERR_LIMIT, "the rows do not fit what one request may use");
    *rest = body;
    decode->state = rest;
    return true;
}

/* ---------------------------------------------------------------- JSON lines */

static bool take_line(struct decode *decode, struct view line, struct err *err)
{
    struct token token;
    decode->scan = scan_of(line, &decode->scratch);
    if (!scan_next(&decode->scan, &token, err)) {
        shape_begin_row(decode); /* that is what is wrong */
        return false;
    }
    bool ok = shape_take_row(decode, &token, err) && shape_end_document(decode, err);
    decode->done = false; /* that was the line's end */
    return ok;
}

static bool next(struct decode *decode, struct err *err)
{
    struct view line;
    while (rest_of(decode)->length > 0 && view_cut(rest_of(decode), '\n', &line)) {
        if (view_trim(line).length == 0)
            continue;
        decode->many = true;
        return take_line(decode, line, err);
    }
    return decode->rows > 0 ? false : err_set(err, ERR_INPUT, "the JSON lines hold no rows");
}

static void describe_lines(const struct shape *shape UNUSED, const struct description *description)
{
    struct json *json = description->json;
    json_raw(json, VIEW("{\"type\":\"string\",\"description\":\"a row of JSON in each line\"}"));
}

const struct shape shape_lines = {.open = open, .next = next, .describe = describe_lines};

/* ---------------------------------------------------------------- a query */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "%C3%B8+x" is written out; in place when there is nothing to write. */
static bool decode_percent(struct text *scratch, struct view *text, struct err *err)
{
    if (memchr(text->text, '%', text->length) == NULL &&
        memchr(text->text, '+', text->length) == NULL)
        return true;
    size_t start = scratch->length;
    for (size_t i = 0; i < text->length; i++) {
        char c = text->text[i];
        if (c == '+')
            c = ' ';
        if (c == '%') {
            int high = i + 2 < text->length ? hex_digit(text->text[i + 1]) : -1;
            int low = high < 0 ? -1 : hex_digit(text->text[i + 2]);
            if (low < 0)
                return err_set(err, ERR_INPUT, "'%%' is followed by two hexadecimal digits");
            c = (char)(high << 4 | low);
            i += 2;
            if (c == '\0')
                return err_set(err, ERR_INPUT, "'%%00' is not taken");
        }
        text_addc(scratch, c);
    }
    *text = view_from(text_view(scratch), start);
    return !scratch->cut || err_set(err, ERR_LIMIT, "the query is longer than one may be");
}

static bool take_pair(struct decode *decode, struct view pair, size_t *index, struct err *err)
{
    struct view name;
    if (!view_cut(&pair, '=', &name) || pair.text == NULL || name.length == 0)
        return err_set(err, ERR_INPUT, "a query is name=value pairs with '&' between");
    return decode_percent(&decode->scratch, &name, err) &&
           decode_percent(&decode->scratch, &pair, err) &&
           shape_find_column(decode, name, index, err) && shape_set_text(decode, *index, pair, err);
}

static bool next_pairs(struct decode *decode, struct err *err)
{
    struct view pair;
    size_t index = 0;
    shape_begin_row(decode);
    decode->done = true;
    while (rest_of(decode)->length > 0 && view_cut(rest_of(decode), '&', &pair)) {
        if (!take_pair(decode, pair, &index, err))
            return false;
        index++;
    }
    return shape_finish_row(decode, err);
}

const struct shape shape_form = {.open = open, .next = next_pairs};
