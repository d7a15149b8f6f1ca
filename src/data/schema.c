#include "data/schema.h"

#include "base/number.h"
#include "data/expectation.h"

#include <float.h>
#include <math.h>

static const char *const kind_names[] = {
#define KIND(kind, name, about) [COLUMN_##kind] = name,
#include "data/kinds.def"
#undef KIND
};

static const char *const format_names[] = {
    [TIME_ISO] = "iso",
    [TIME_SECONDS] = "seconds",
    [TIME_MILLISECONDS] = "milliseconds",
};

const char *kind_name(enum column_kind kind)
{
    return kind_names[kind];
}

bool kind_find(struct view name, enum column_kind *out)
{
    for (size_t i = 0; i < LENGTH_OF(kind_names); i++) {
        if (view_is(name, kind_names[i])) {
            *out = (enum column_kind)i;
            return true;
        }
    }
    return false;
}

bool time_format_find(struct view name, enum time_format *out)
{
    for (size_t i = 0; i < LENGTH_OF(format_names); i++) {
        if (view_is(name, format_names[i])) {
            *out = (enum time_format)i;
            return true;
        }
    }
    return false;
}

bool kind_is_coded(enum column_kind kind)
{
    return kind == COLUMN_CATEGORY || kind == COLUMN_ORDINAL;
}

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT, "the schema does not fit the memory limit");
}

/* Texts that mean missing may be numbers: then each value is compared with them. */
static bool has_missing_number(const struct column *column)
{
    double number;
    for (size_t i = 0; i < column->missing_count; i++)
        if (number_parse(column->missing[i], &number))
            return true;
    return false;
}

static void find_usual(const struct column *column, struct usual *usual)
{
    bool takes = column->input &&
                 (column->kind == COLUMN_NUMBER || column->kind == COLUMN_INTEGER) &&
                 !has_missing_number(column);
    usual->whole = column->kind == COLUMN_INTEGER;
    double most = usual->whole ? NUMBER_EXACT_MAX - 1 : (double)FLT_MAX;
    usual->least = takes ? fmax(-most, column->min) : (double)NAN; /* a NaN is no bound */
    usual->greatest = takes ? fmin(most, column->max) : (double)NAN;
}

bool schema_init(struct schema *schema, struct column *column, size_t count, struct arena *arena,
                 struct err *err)
{
    if (count == 0)
        return err_set(err, ERR_INPUT, "the schema has no columns");
    if (count > SCHEMA_COLUMNS_MAX)
        return err_set(err, ERR_LIMIT, "%zu columns, at most %d are taken", count,
                       SCHEMA_COLUMNS_MAX);
    struct schema made = {.column = column, .count = count, .names = dictionary_in(arena)};
    made.input = arena_new(arena, uint32_t, count);
    made.usual = arena_new(arena, struct usual, count);
    if (made.input == NULL || made.usual == NULL)
        return out_of_memory(err);
    for (uint32_t i = 0; i < count; i++) {
        struct view name = column[i].name;
        if (name.length == 0 || name.length > COLUMN_NAME_MAX)
            return err_set(err, ERR_INPUT, "column %u: a name has 1 to %d bytes", i + 1,
                           COLUMN_NAME_MAX);
        uint32_t index;
        if (!dictionary_add(&made.names, name, &index))
            return out_of_memory(err);
        if (index != i)
            return err_set(err, ERR_INPUT, "column '" VIEW_FMT "' stands twice in the schema",
                           VIEW_ARG(name));
        column[i].name = made.names.text[i];
        if (!scan_key_of(name, arena, &made.usual[i].key, err))
            return false;
    }
    schema_take_inputs(&made);
    *schema = made;
    return true;
}

void schema_take_inputs(struct schema *schema)
{
    schema->input_count = 0;
    for (uint32_t i = 0; i < schema->count; i++) {
        find_usual(&schema->column[i], &schema->usual[i]);
        if (schema->column[i].input)
            schema->input[schema->input_count++] = i;
    }
}

const struct column *schema_find(const struct schema *schema, struct view name)
{
    uint32_t index = dictionary_find(&schema->names, name);
    return index == DICTIONARY_NONE ? NULL : &schema->column[index];
}

static void write_list(struct json *json, const char *key, const struct view *item, size_t count)
{
    json_key(json, key);
    json_open(json, '[');
    for (size_t i = 0; i < count; i++)
        json_text(json, item[i]);
    json_close(json);
}

static void write_column(const struct column *column, struct json *json)
{
    json_open(json, '{');
    json_key(json, "name"), json_text(json, column->name);
    json_key(json, "type"), json_string(json, kind_name(column->kind));
    json_key(json, "input"), json_bool(json, column->input);
    json_key(json, "optional"), json_bool(json, column->optional);
    if (column->missing_count > 0)
        write_list(json, "missing", column->missing, column->missing_count);
    if (kind_is_coded(column->kind)) {
        write_list(json, "values", column->values.text, column->values.count);
        json_key(json, "refuse_unseen"), json_bool(json, column->refuse_unseen);
    }
    if (!isnan(column->min))
        json_key(json, "min"), json_number(json, column->min);
    if (!isnan(column->max))
        json_key(json, "max"), json_number(json, column->max);
    if (column->kind == COLUMN_TIMESTAMP)
        json_key(json, "format"), json_string(json, format_names[column->format]);
    if (column->expect_count > 0) {
        json_key(json, "expect");
        expectations_write(column->expect, column->expect_count, json);
    }
    json_close(json);
}

void schema_write(const struct schema *schema, struct json *json)
{
    json_open(json, '{');
    json_key(json, "columns");
    json_open(json, '[');
    for (size_t i = 0; i < schema->count; i++)
        write_column(&schema->column[i], json);
    json_close(json);
    json_close(json);
}

static bool read_texts(const struct doc *list, struct arena *arena, const struct view **out,
                       size_t *count, struct err *err)
{
    if (list == NULL)
        return true;
    if (list->kind != DOC_LIST || list->count > COLUMN_VALUES_MAX)
        return err_set(err, ERR_INPUT, "'" VIEW_FMT "' is no list of texts", VIEW_ARG(list->key));
    struct view *texts = arena_new(arena, struct view, list->count);
    if (texts == NULL)
        return out_of_memory(err);
    for (const struct doc *item = list->first; item != NULL; item = item->next) {
        if (item->kind != DOC_TEXT)
            return err_set(err, ERR_INPUT, "'" VIEW_FMT "' is no list of texts",
                           VIEW_ARG(list->key));
        texts[(*count)++] = item->text;
    }
    *out = texts;
    return true;
}

static bool read_values(const struct doc *doc, struct arena *arena, struct column *column,
                        struct err *err)
{
    const struct view *value = NULL;
    size_t count = 0;
    if (!read_texts(doc_find(doc, "values"), arena, &value, &count, err) ||
        !doc_need_bool(doc, "refuse_unseen", &column->refuse_unseen, err))
        return false;
    column->values = dictionary_in(arena);
    for (size_t i = 0; i < count; i++) {
        uint32_t index;
        if (!dictionary_add(&column->values, value[i], &index))
            return out_of_memory(err);
        if (index != i)
            return err_set(err, ERR_INPUT, "the value '" VIEW_FMT "' stands twice",
                           VIEW_ARG(value[i]));
    }
    return true;
}

static bool read_bound(const struct doc *doc, const char *key, double *out, struct err *err)
{
    *out = (double)NAN;
    return doc_find(doc, key) == NULL || doc_need_number(doc, key, out, err);
}

static bool read_column(const struct doc *doc, struct arena *arena, struct column *column,
                        struct err *err)
{
    struct view type, format;
    if (!doc_need_text(doc, "name", &column->name, err) ||
        !doc_need_text(doc, "type", &type, err) ||
        !doc_need_bool(doc, "input", &column->input, err) ||
        !doc_need_bool(doc, "optional", &column->optional, err) ||
        !read_texts(doc_find(doc, "missing"), arena, &column->missing, &column->missing_count,
                    err) ||
        !read_bound(doc, "min", &column->min, err) || !read_bound(doc, "max", &column->max, err))
        return false;
    if (!kind_find(type, &column->kind))
        return err_set(err, ERR_INPUT, "no column type is called '" VIEW_FMT "'", VIEW_ARG(type));
    if (column->kind == COLUMN_TIMESTAMP &&
        (!doc_need_text(doc, "format", &format, err) || !time_format_find(format, &column->format)))
        return err_set(err, ERR_INPUT, "a timestamp's format is iso, seconds or milliseconds");
    if (kind_is_coded(column->kind) && !read_values(doc, arena, column, err))
        return false;
    const struct doc *expect = doc_find(doc, "expect");
    return expect == NULL ||
           expectations_read(expect, column, arena, &column->expect, &column->expect_count, err);
}

bool schema_read(struct schema *schema, const struct doc *doc, struct arena *arena, struct err *err)
{
    const struct doc *columns;
    if (!doc_need(doc, "columns", DOC_LIST, &columns, err))
        return err_while(err, "schema");
    if (columns->count > SCHEMA_COLUMNS_MAX)
        return err_set(err, ERR_LIMIT, "schema: more than %d columns", SCHEMA_COLUMNS_MAX);
    struct column *column = arena_new(arena, struct column, columns->count);
    if (column == NULL)
        return out_of_memory(err);
    size_t count = 0;
    for (const struct doc *item = columns->first; item != NULL; item = item->next)
        if (!read_column(item, arena, &column[count++], err))
            return err_while(err, "schema: column %zu", count);
    return schema_init(schema, column, count, arena, err) || err_while(err, "schema");
}
