#include "data/declare.h"

#include "data/expectation.h"

#include <math.h>

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT, "the schema does not fit the memory limit");
}

static bool take_list(const struct yaml *list, struct arena *arena, const struct view **out,
                      size_t *count, struct err *err)
{
    if (list == NULL || list->kind != YAML_LIST)
        return true;
    struct view *texts = arena_new(arena, struct view, list->count);
    if (texts == NULL)
        return out_of_memory(err);
    for (const struct yaml *item = list->first; item != NULL; item = item->next)
        texts[(*count)++] = item->text;
    *out = texts;
    return true;
}

static bool take_values(const struct config *config, const struct yaml *node, struct arena *arena,
                        struct column *column, struct err *err)
{
    const struct yaml *list = yaml_find(node, column->kind == COLUMN_ORDINAL ? "order" : "values");
    column->values = dictionary_in(arena);
    if (list != NULL && list->count > COLUMN_VALUES_MAX)
        return config_wrong(config, list, err, "at most %d values", COLUMN_VALUES_MAX);
    for (const struct yaml *item = list == NULL ? NULL : list->first; item != NULL;
         item = item->next) {
        uint32_t before = column->values.count, index;
        if (!dictionary_add(&column->values, item->text, &index))
            return out_of_memory(err);
        if (index != before)
            return config_wrong(config, item, err, "'" VIEW_FMT "' stands twice",
                                VIEW_ARG(item->text));
    }
    struct view unseen = config_item_text(node, KEY_COLUMN_UNSEEN);
    column->refuse_unseen =
        unseen.length > 0 ? view_is(unseen, "refuse") : column->values.count > 0;
    return true;
}

static bool never_read(enum column_kind kind)
{
    return kind == COLUMN_ID || kind == COLUMN_TEXT;
}

static bool check_members(const struct config *config, const struct yaml *node,
                          const struct column *column, struct err *err)
{
    bool ordinal = column->kind == COLUMN_ORDINAL, category = column->kind == COLUMN_CATEGORY;
    bool number = column->kind == COLUMN_NUMBER || column->kind == COLUMN_INTEGER;
    const struct {
        const char *key;
        bool fits;
        const char *whose;
    } rules[] = {
        {"order", ordinal, "an ordinal"},
        {"values", category, "a category"},
        {"unseen", ordinal || category, "a category or an ordinal"},
        {"min", number, "a number or an integer"},
        {"max", number, "a number or an integer"},
        {"format", column->kind == COLUMN_TIMESTAMP, "a timestamp"},
    };
    for (size_t i = 0; i < LENGTH_OF(rules); i++) {
        const struct yaml *member = yaml_find(node, rules[i].key);
        if (member != NULL && !rules[i].fits)
            return config_wrong(config, member, err, "'%s' belongs to %s, this column is %s",
                                rules[i].key, rules[i].whose, kind_name(column->kind));
    }
    const struct yaml *use = yaml_find(node, "use");
    if (use != NULL && !column->input && config_item_bool(node, KEY_COLUMN_USE))
        return config_wrong(config, use, err, "the model never reads %s",
                            never_read(column->kind) ? kind_name(column->kind) : "the label");
    for (size_t i = 0; i < column->missing_count; i++)
        if (dictionary_find(&column->values, column->missing[i]) != DICTIONARY_NONE)
            return config_wrong(config, yaml_find(node, "missing"), err,
                                "'" VIEW_FMT "' means missing, so it is none of the values",
                                VIEW_ARG(column->missing[i]));
    if (dictionary_find(&column->values, VIEW("")) != DICTIONARY_NONE)
        return config_wrong(config, yaml_find(node, ordinal ? "order" : "values"), err,
                            "the empty cell means missing, so it is none of the values");
    if (ordinal && column->values.count == 0)
        return config_wrong(config, node, err, "an ordinal needs its 'order', lowest first");
    if (column->min > column->max)
        return config_wrong(config, node, err, "'min' is above 'max'");
    return true;
}

/* Two of one name on a column could not be told apart in reports and metrics. */
static bool is_named_once(const struct expectation *expectation, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (view_same(expectation[i].name, expectation[count].name))
            return false;
    return true;
}

static bool take_expectations(const struct config *config, const struct yaml *node,
                              struct arena *arena, struct column *column, struct err *err)
{
    const struct yaml *list = yaml_find(node, "expect");
    if (list == NULL || list->kind != YAML_LIST)
        return true;
    struct expectation *made = arena_new(arena, struct expectation, list->count + 1);
    if (made == NULL)
        return out_of_memory(err);
    size_t count = 0;
    for (const struct yaml *item = list->first; item != NULL; item = item->next, count++) {
        struct err why = {0};
        struct expectation_spec spec = {
            .check = config_item_text(item, KEY_EXPECT_CHECK),
            .name = config_item_text(item, KEY_EXPECT_NAME),
            .severity = config_item_text(item, KEY_EXPECT_SEVERITY),
            .mostly = config_item_number(item, KEY_EXPECT_MOSTLY),
            .min = config_item_text(item, KEY_EXPECT_MIN),
            .max = config_item_text(item, KEY_EXPECT_MAX),
            .pattern = config_item_text(item, KEY_EXPECT_PATTERN),
        };
        if (spec.check.length == 0)
            return config_wrong(config, item, err, "an expectation needs its 'check'");
        if (!take_list(yaml_find(item, "set"), arena, &spec.set, &spec.set_count, err))
            return false;
        if (!expectation_make(&spec, column, arena, &made[count], &why))
            return config_wrong(config, item, err, "%s", why.text);
        if (!is_named_once(made, count))
            return config_wrong(config, item, err,
                                "this column has another " VIEW_FMT ": give one of them a 'name'",
                                VIEW_ARG(made[count].name));
    }
    column->expect = made;
    column->expect_count = count;
    return true;
}

static bool take_column(const struct config *config, const struct yaml *node, struct view label,
                        struct arena *arena, struct column *column, struct err *err)
{
    if (node->kind != YAML_MAP || yaml_find(node, "type") == NULL)
        return config_wrong(config, node, err, "column '" VIEW_FMT "' needs a type",
                            VIEW_ARG(node->key));
    column->name = node->key;
    if (!kind_find(config_item_text(node, KEY_COLUMN_TYPE), &column->kind))
        return config_wrong(config, node, err, "no such type");
    column->input = config_item_bool(node, KEY_COLUMN_USE) && !never_read(column->kind) &&
                    !view_same(node->key, label);
    column->optional = config_item_bool(node, KEY_COLUMN_OPTIONAL);
    column->known_after = view_is(config_item_text(node, KEY_COLUMN_KNOWN), "after");
    column->min = config_item_number(node, KEY_COLUMN_MIN);
    column->max = config_item_number(node, KEY_COLUMN_MAX);
    if (!take_list(yaml_find(node, "missing"), arena, &column->missing, &column->missing_count,
                   err))
        return false;
    if (column->kind == COLUMN_TIMESTAMP &&
        !time_format_find(config_item_text(node, KEY_COLUMN_FORMAT), &column->format))
        return config_wrong(config, node, err, "no such format");
    if (kind_is_coded(column->kind) && !take_values(config, node, arena, column, err))
        return false;
    return check_members(config, node, column, err) &&
           take_expectations(config, node, arena, column, err);
}

bool declare_schema(const struct config *config, struct arena *arena, struct schema *out,
                    struct err *err)
{
    const char *path = config->path == NULL ? "assay.yaml" : config->path;
    const struct yaml *columns = config_node(config, "columns");
    if (columns == NULL || columns->count == 0)
        return err_set(err, ERR_INPUT, "%s: 'columns' is empty; `assay init` drafts it from a CSV",
                       path);
    struct column *column = arena_new(arena, struct column, columns->count);
    if (column == NULL)
        return out_of_memory(err);
    struct view label = config_text(config, KEY_DATA_LABEL);
    size_t count = 0;
    for (const struct yaml *node = columns->first; node != NULL; node = node->next)
        if (!take_column(config, node, label, arena, &column[count++], err))
            return false;
    return schema_init(out, column, count, arena, err) || err_while(err, "%s", path);
}
