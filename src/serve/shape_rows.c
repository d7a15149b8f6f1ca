#include "serve/shape.h"

/* The first column from `index` on whose text is wanted too. */
static size_t next_kept(const struct decode *decode, size_t index)
{
    size_t next = decode->schema->count;
#pragma GCC unroll 3
    for (size_t i = 0; i < DECODE_KEPT; i++)
        if (decode->keep[i] >= index && decode->keep[i] < next)
            next = decode->keep[i];
    return next;
}

/* Members that come in the schema's order with the numbers that are expected, which is what nearly
 * all are: the first column that has not come so. */
static size_t take_usual(struct decode *decode, size_t index)
{
    const struct usual *usual = decode->schema->usual;
    size_t end = next_kept(decode, index);
    for (; index < end; index++) {
        double number;
        size_t place = scan_number_member(&decode->scan, &usual[index].key, &number);
        if (place == 0 || !record_set_usual(&decode->record, index, number))
            break;
        scan_past(&decode->scan, place);
    }
    return index;
}

/* The members of an object that has been entered. */
static bool take_named(struct decode *decode, struct err *err)
{
    struct token token;
    shape_begin_row(decode);
    size_t index = take_usual(decode, 0);
    decode->record.lead = index;
    for (;; index = take_usual(decode, index + 1)) {
        if (!scan_next(&decode->scan, &token, err))
            return false;
        if (token.kind == TOKEN_OBJECT_END)
            return shape_finish_row(decode, err);
        if (!shape_find_column(decode, token.text, &index, err) ||
            !scan_next(&decode->scan, &token, err) || !shape_set(decode, index, &token, err))
            return false;
    }
}

/* The rest of a list whose first value is `token`. */
bool shape_take_positional(struct decode *decode, struct token token, struct err *err)
{
    const struct schema *schema = decode->schema;
    size_t count = 0;
    shape_begin_row(decode);
    do {
        if (token.kind == TOKEN_LIST_END)
            return count == schema->input_count ? shape_finish_row(decode, err)
                                                : shape_wrong_count(decode, err);
        if (count == schema->input_count)
            return shape_wrong_count(decode, err);
        if (!shape_set(decode, schema->input[count++], &token, err))
            return false;
    } while (scan_next(&decode->scan, &token, err));
    return false;
}

bool shape_take_row(struct decode *decode, const struct token *first, struct err *err)
{
    struct token token;
    if (first->kind == TOKEN_OBJECT)
        return take_named(decode, err);
    if (first->kind == TOKEN_LIST)
        return scan_next(&decode->scan, &token, err) && shape_take_positional(decode, token, err);
    shape_begin_row(decode); /* that is what is wrong */
    return err_set(err, ERR_INPUT, "JSON: a row is an object or a list, not %s",
                   token_name(first->kind));
}

/* Reads past the end: what follows the only row is an error. */
bool shape_end_document(struct decode *decode, struct err *err)
{
    struct token token;
    decode->done = true;
    return !scan_next(&decode->scan, &token, err) && err->kind == ERR_NONE;
}

/* The first value of a body that is rows: one row, or the list of them. */
static bool take_first(struct decode *decode, struct err *err)
{
    struct token token, second;
    if (!scan_next(&decode->scan, &token, err))
        return false;
    if (token.kind != TOKEN_LIST)
        return shape_take_row(decode, &token, err) && shape_end_document(decode, err);
    if (!scan_next(&decode->scan, &second, err))
        return false;
    if (second.kind == TOKEN_LIST_END)
        return err_set(err, ERR_INPUT, "JSON: the list holds no rows");
    if (second.kind != TOKEN_OBJECT && second.kind != TOKEN_LIST)
        return shape_take_positional(decode, second, err) && shape_end_document(decode, err);
    decode->many = true;
    return shape_take_row(decode, &second, err);
}

static bool next(struct decode *decode, struct err *err)
{
    struct token token;
    if (!decode->begun) {
        decode->begun = true;
        return take_first(decode, err);
    }
    if (!scan_next(&decode->scan, &token, err))
        return false;
    if (token.kind == TOKEN_LIST_END) {
        shape_end_document(decode, err);
        return false;
    }
    return shape_take_row(decode, &token, err);
}

static void describe(const struct shape *shape UNUSED, const struct description *description)
{
    struct json *json = description->json;
    json_open(json, '{');
    json_key(json, "anyOf");
    json_open(json, '[');
    describe_row(description->filled, json);
    describe_list_of_rows(description->filled, json);
    json_close(json);
    json_close(json);
}

const struct shape shape_rows = {.next = next, .describe = describe};
