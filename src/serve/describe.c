#include "serve/describe.h"

#include "base/number.h"
#include "data/record.h"

#include <float.h>
#include <math.h>

void describe_reference(const char *name, struct json *json)
{
    char bytes[80];
    snprintf(bytes, sizeof bytes, "#/components/schemas/%s", name);
    json_open(json, '{');
    json_key(json, "$ref"), json_string(json, bytes);
    json_close(json);
}

/* Instants as they are always taken; a few more ways to write one are, too. */
static const char instant[] = "^[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T"
                              "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,3})?Z$";

static void add_range(const struct column *column, double most, struct json *json)
{
    json_key(json, "minimum"), json_number(json, isnan(column->min) ? -most : column->min);
    json_key(json, "maximum"), json_number(json, isnan(column->max) ? most : column->max);
}

static void add_texts(const char *key, const struct view *text, size_t count, struct json *json)
{
    json_key(json, key);
    json_open(json, '[');
    for (size_t i = 0; i < count; i++)
        json_text(json, text[i]);
    json_close(json);
}

/* What is written and means that nothing is there: {"enum": [...]}. As numbers, what of it is one.
 */
static void describe_missing(const struct column *column, bool null, struct json *json)
{
    double number;
    json_open(json, '{');
    json_key(json, "enum");
    json_open(json, '[');
    if (null)
        json_null(json);
    json_string(json, "");
    for (size_t i = 0; i < column->missing_count; i++) {
        json_text(json, column->missing[i]);
        if (number_parse(column->missing[i], &number))
            json_number(json, number);
    }
    json_close(json);
    json_close(json);
}

/* A text with no U+0000 in it, or a number, which is taken as it is written. */
static void add_any_text(const struct column *column, struct json *json)
{
    json_key(json, "type"), json_raw(json, VIEW("[\"string\",\"number\"]"));
    json_key(json, "pattern"), json_string(json, "^[^\\u0000]+$");
    if (column->values.count > 0)
        add_texts("examples", column->values.text, column->values.count, json);
}

static void add_kind(const struct column *column, struct json *json)
{
    switch (column->kind) {
    case COLUMN_NUMBER:
        json_key(json, "type"), json_string(json, "number");
        add_range(column, (double)FLT_MAX, json);
        break;
    case COLUMN_INTEGER:
        json_key(json, "type"), json_string(json, "integer");
        add_range(column, 9007199254740991, json);
        break;
    case COLUMN_BOOLEAN:
        json_key(json, "enum");
        json_raw(json, VIEW("[true,false,0,1,\"0\",\"1\",\"true\",\"false\",\"yes\",\"no\",\"t\","
                            "\"f\",\"y\",\"n\"]"));
        break;
    case COLUMN_CATEGORY:
    case COLUMN_ORDINAL:
        if (column->refuse_unseen && column->values.count > 0)
            add_texts("enum", column->values.text, column->values.count, json);
        else
            add_any_text(column, json);
        break;
    case COLUMN_TIMESTAMP:
        json_key(json, "type");
        json_string(json, column->format == TIME_ISO ? "string" : "number");
        if (column->format == TIME_ISO)
            json_key(json, "pattern"), json_string(json, instant);
        else
            add_range(column, CELL_TIME_MS_MAX / (column->format == TIME_SECONDS ? 1000 : 1), json);
        break;
    case COLUMN_ID:
    case COLUMN_TEXT:
        add_any_text(column, json);
        break;
    }
}

void describe_column(const struct column *column, struct json *json)
{
    json_open(json, '{');
    if (!column->optional) {
        add_kind(column, json);
        json_key(json, "not"), describe_missing(column, false, json);
        json_close(json);
        return;
    }
    json_key(json, "anyOf");
    json_open(json, '[');
    json_open(json, '{');
    add_kind(column, json);
    json_close(json);
    describe_missing(column, true, json);
    json_close(json);
    json_close(json);
}

/* ---------------------------------------------------------------- rows */

/* What a 0 is put in for, where that is in its range. */
static bool may_be_filled(const struct column *column)
{
    bool number = column->kind == COLUMN_NUMBER || column->kind == COLUMN_INTEGER ||
                  column->kind == COLUMN_BOOLEAN;
    return number && !(column->min > 0) && !(column->max < 0);
}

static void describe_named(const struct schema *schema, bool filled, struct json *json)
{
    json_open(json, '{');
    json_key(json, "type"), json_string(json, "object");
    json_key(json, "properties");
    json_open(json, '{');
    for (size_t i = 0; i < schema->count; i++) {
        json_key_view(json, schema->column[i].name);
        if (schema->column[i].input)
            describe_column(&schema->column[i], json);
        else /* what the model does not read may be anything */
            describe_reference("Free", json);
    }
    json_close(json);
    json_key(json, "required");
    json_open(json, '[');
    for (size_t i = 0; i < schema->count; i++) {
        const struct column *column = &schema->column[i];
        if (column->input && !column->optional && !(filled && may_be_filled(column)))
            json_text(json, column->name);
    }
    json_close(json);
    json_key(json, "additionalProperties"), json_bool(json, false);
    json_close(json);
}

static void describe_listed(const struct schema *schema, struct json *json)
{
    json_open(json, '{');
    json_key(json, "type"), json_string(json, "array");
    json_key(json, "prefixItems");
    json_open(json, '[');
    for (size_t i = 0; i < schema->input_count; i++)
        describe_column(&schema->column[schema->input[i]], json);
    json_close(json);
    json_key(json, "minItems"), json_count(json, schema->input_count);
    json_key(json, "maxItems"), json_count(json, schema->input_count);
    json_close(json);
}

void describe_rows(const struct schema *schema, struct json *json)
{
    json_key(json, "NamedRow"), describe_named(schema, false, json);
    json_key(json, "FilledRow"), describe_named(schema, true, json);
    json_key(json, "ListedRow"), describe_listed(schema, json);
}

void describe_row(bool filled, struct json *json)
{
    json_open(json, '{');
    json_key(json, "anyOf");
    json_open(json, '[');
    describe_reference(filled ? "FilledRow" : "NamedRow", json);
    describe_reference("ListedRow", json);
    json_close(json);
    json_close(json);
}

void describe_list_of_rows(bool filled, struct json *json)
{
    json_open(json, '{');
    json_key(json, "type"), json_string(json, "array");
    json_key(json, "items"), describe_row(filled, json);
    json_key(json, "minItems"), json_count(json, 1);
    json_close(json);
}

/* ---------------------------------------------------------------- CSV */

enum { PATTERN_COLUMNS_MAX = 128, PATTERN_VALUES_MAX = 32 };

/* A text as a quoted field, every mark of a pattern escaped. */
static void add_literal(struct view value, struct text *text)
{
    text_addc(text, '"');
    for (size_t i = 0; i < value.length; i++) {
        char c = value.text[i];
        if (c == '"')
            text_addc(text, '"');
        if (c != '\0' && strchr("\\^$.|?*+()[]{}/-", c) != NULL)
            text_addc(text, '\\');
        text_addc(text, c);
    }
    text_addc(text, '"');
}

static void add_bounds(const struct column *column, struct text *text)
{
    char digits[NUMBER_SIZE];
    text_addc(text, '(');
    if (!isnan(column->min))
        text_add(text, (struct view){digits, number_print(column->min, digits)});
    if (!isnan(column->min) && !isnan(column->max))
        text_addc(text, '|');
    if (!isnan(column->max))
        text_add(text, (struct view){digits, number_print(column->max, digits)});
    text_addc(text, ')');
}

static void add_values(const struct column *column, struct text *text)
{
    text_addc(text, '(');
    for (size_t i = 0; i < column->values.count && i < PATTERN_VALUES_MAX; i++) {
        text_adds(text, i == 0 ? "" : "|");
        add_literal(column->values.text[i], text);
    }
    text_addc(text, ')');
}

static void add_field(const struct column *column, struct text *text)
{
    bool bounded = !isnan(column->min) || !isnan(column->max);
    switch (column->kind) {
    case COLUMN_NUMBER:
    case COLUMN_INTEGER:
        if (bounded)
            add_bounds(column, text);
        else
            text_adds(text,
                      column->kind == COLUMN_INTEGER ? "-?[0-9]{6}" : "-?[0-9]{3}\\.[0-9]{3}");
        return;
    case COLUMN_BOOLEAN:
        text_adds(text, "(true|false)");
        return;
    case COLUMN_TIMESTAMP:
        text_adds(text, column->format == TIME_ISO
                            ? "20[0-9]{2}-0[1-9]-[12][0-9]T[01][0-9]:[0-5][0-9]:[0-5][0-9]Z"
                            : "1[0-9]{8}");
        return;
    default:
        if (column->values.count > 0)
            add_values(column, text);
        else
            text_adds(text, "x[a-z]{1,8}");
    }
}

static void add_header(const struct schema *schema, struct text *text)
{
    text_adds(text, "^(");
    for (size_t i = 0; i < schema->input_count; i++) {
        text_adds(text, i == 0 ? "" : ",");
        add_literal(schema->column[schema->input[i]].name, text);
    }
    text_adds(text, "\\n)?(");
}

void describe_csv(const struct schema *schema, struct json *json)
{
    char bytes[16384];
    struct text text = text_in(bytes, sizeof bytes);
    if (schema != NULL && schema->input_count <= PATTERN_COLUMNS_MAX) {
        add_header(schema, &text);
        for (size_t i = 0; i < schema->input_count; i++) {
            text_adds(&text, i == 0 ? "" : ",");
            add_field(&schema->column[schema->input[i]], &text);
        }
        text_adds(&text, "\\n){1,8}$");
    }
    json_open(json, '{');
    json_key(json, "type"), json_string(json, "string");
    json_key(json, "description"), json_string(json, "CSV, with a header or without");
    if (text.length > 0 && !text.cut)
        json_key(json, "pattern"), json_text(json, text_view(&text));
    json_close(json);
}
