#include "train/bias_facets.h"

#include "base/file.h"
#include "data/declare.h"

#include <math.h>

/* ---------------------------------------------------------------- assay.yaml */

struct declared {
    struct view column, value;
    double from;              /* NaN: by value */
    const struct yaml *cross; /* a list of columns, or NULL */
};

static bool read_declared(const struct config *config, const struct yaml *item,
                          struct declared *out, struct err *err)
{
    *out = (struct declared){
        .column = config_item_text(item, KEY_BIAS_FACET_COLUMN),
        .value = config_item_text(item, KEY_BIAS_FACET_VALUE),
        .from = config_item_number(item, KEY_BIAS_FACET_FROM),
        .cross = yaml_find(item, "columns"),
    };
    if (out->cross != NULL) {
        if (out->column.length > 0 || out->value.length > 0 || !isnan(out->from))
            return config_wrong(config, item, err,
                                "a facet of `columns` is every combination of their values; it has "
                                "no `column`, `value` or `from`");
        if (out->cross->count < 1 || out->cross->count > FACET_COLUMNS_MAX)
            return config_wrong(config, item, err, "`columns` takes 1 to %d columns",
                                FACET_COLUMNS_MAX);
        return true;
    }
    if (out->column.length == 0)
        return config_wrong(config, item, err, "a facet names its column");
    if ((out->value.length > 0) == !isnan(out->from))
        return config_wrong(config, item, err,
                            "a facet is a `value` of its column, or its numbers `from` one on");
    return true;
}

static const struct yaml *first_declared(const struct config *config)
{
    const struct yaml *list = config_node(config, "bias.facets");
    return list == NULL ? NULL : list->first;
}

static bool names_are_declared(const struct declared *declared, const struct schema *schema,
                               struct err *err)
{
    static const char key[] = "bias.facets";
    if (declared->cross == NULL)
        return prepared_name_declared(schema, key, declared->column, err);
    for (const struct yaml *item = declared->cross->first; item != NULL; item = item->next)
        if (!prepared_name_declared(schema, key, item->text, err))
            return false;
    return true;
}

bool bias_facets_check(const struct config *config, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct view group = config_text(config, KEY_BIAS_GROUP);
    struct declared declared;
    struct schema schema;
    if (!declare_schema(config, &arena, &schema, err) ||
        (group.length > 0 && !prepared_name_declared(&schema, "bias.group", group, err)))
        return false;
    for (const struct yaml *item = first_declared(config); item != NULL; item = item->next)
        if (!read_declared(config, item, &declared, err) ||
            !names_are_declared(&declared, &schema, err))
            return false;
    if (config_text(config, KEY_BIAS_ANALYSIS_CONFIG).length == 0)
        return true;
    struct bias_config clarify;
    return bias_config_load(&clarify, config_path(config, KEY_BIAS_ANALYSIS_CONFIG), &arena, err) ||
           err_while(err, "bias.analysis_config");
}

bool bias_facets_are_declared(const struct config *config)
{
    return first_declared(config) != NULL ||
           config_text(config, KEY_BIAS_ANALYSIS_CONFIG).length > 0;
}

bool bias_facets_digest(const struct config *config, struct digester *digester, struct err *err)
{
    struct digest digest;
    if (config_text(config, KEY_BIAS_ANALYSIS_CONFIG).length == 0)
        return true;
    if (!digest_of_file(config_path(config, KEY_BIAS_ANALYSIS_CONFIG), &digest, err))
        return err_while(err, "bias.analysis_config");
    digest_add(digester, (struct view){(const char *)digest.bytes, sizeof digest.bytes});
    return true;
}

/* ---------------------------------------------------------------- columns */

struct loading {
    struct bias_facets *facets;
    const struct config *config;
    const struct prepared *prepared;
    struct arena *arena;
};

/* Each column is read once, however many facets it makes. */
static bool take_column(struct loading *l, const char *key, struct view name,
                        const struct facet_column **out, struct err *err)
{
    const struct table *table = &l->prepared->past.table;
    struct bias_facets *facets = l->facets;
    uint32_t index;
    if (!prepared_column(l->prepared, key, name, &index, err))
        return false;
    size_t at = 0;
    while (at < facets->columns && facets->index[at] != index)
        at++;
    *out = &facets->column[at];
    if (at < facets->columns)
        return true;
    if (at == BIAS_COLUMNS_MAX)
        return err_set(err, ERR_INPUT, "%s: facets of more than %d columns", key, BIAS_COLUMNS_MAX);
    struct facet_column *column = &facets->column[at];
    facets->index[facets->columns++] = index;
    if (!facet_column_init(column, l->prepared->schema.column[index].name, table->rows, l->arena,
                           err))
        return false;
    for (size_t i = 0; i < table->rows; i++) {
        char number[32];
        if (!facet_column_set(column, i, table_text(table, index, i, number), err))
            return false;
    }
    return true;
}

static bool add_declared(struct loading *l, const struct declared *declared, struct err *err)
{
    static const char key[] = "bias.facets";
    struct facet_list *list = &l->facets->list;
    const struct facet_column *column[FACET_COLUMNS_MAX];
    size_t count = 0;
    for (const struct yaml *item = declared->cross == NULL ? NULL : declared->cross->first;
         item != NULL; item = item->next)
        if (!take_column(l, key, item->text, &column[count++], err))
            return false;
    if (count > 0)
        return facet_add_cross(list, column, count, l->arena, err);
    if (!take_column(l, key, declared->column, &column[0], err))
        return false;
    return isnan(declared->from)
               ? facet_add_values(list, column[0], &declared->value, 1, l->arena, err)
               : facet_add_limit(list, column[0], declared->from, false, l->arena, err);
}

/* ---------------------------------------------------------------- analysis_config.json */

static bool column_name(const struct bias_config *clarify, const struct bias_column *column,
                        struct view *out, struct err *err)
{
    *out = column->name;
    if (column->name.text != NULL)
        return true;
    if (column->index >= clarify->headers.count)
        return err_set(err, ERR_INPUT,
                       "column number %zu has no name among 'headers'; name the column instead",
                       column->index);
    *out = clarify->headers.text[column->index];
    return true;
}

/* The labels are those that training reads: the file may not say otherwise. */
static bool check_label(const struct config *config, const struct bias_config *clarify,
                        struct err *err)
{
    struct view label, negative = config_text(config, KEY_DATA_NEGATIVE);
    bool favours[2] = {false, false};
    if (!column_name(clarify, &clarify->label, &label, err))
        return false;
    if (!view_same(label, config_text(config, KEY_DATA_LABEL)))
        return err_set(err, ERR_INPUT, "its label is '" VIEW_FMT "', data.label is '" VIEW_FMT "'",
                       VIEW_ARG(label), VIEW_ARG(config_text(config, KEY_DATA_LABEL)));
    for (size_t i = 0; i < clarify->label_values.count; i++) {
        struct view value = clarify->label_values.text[i];
        favours[0] |= facet_same_value(value, negative);
        favours[1] |= facet_same_value(value, config_text(config, KEY_DATA_POSITIVE));
    }
    if (!favours[0] || favours[1])
        return err_set(err, ERR_INPUT,
                       "'label_values_or_threshold' must be the favourable label alone, which is "
                       "data.negative: '" VIEW_FMT "'",
                       VIEW_ARG(negative));
    return true;
}

static bool add_clarify_facet(struct loading *l, const struct bias_config *clarify,
                              const struct bias_config_facet *facet, struct err *err)
{
    struct facet_list *list = &l->facets->list;
    const struct facet_column *column;
    struct view name;
    if (!column_name(clarify, &facet->column, &name, err) ||
        !take_column(l, "facet", name, &column, err))
        return false;
    return facet_add_declared(list, column, facet->values.text, facet->values.count, l->arena, err);
}

static bool add_clarify(struct loading *l, const char *path, struct err *err)
{
    struct bias_facets *facets = l->facets;
    struct bias_config *clarify = arena_new(l->arena, struct bias_config, 1);
    struct view group;
    if (clarify == NULL)
        return err_set(err, ERR_LIMIT, "the facets do not fit the memory limit");
    if (!bias_config_load(clarify, path, l->arena, err))
        return false;
    if (!check_label(l->config, clarify, err))
        return err_while(err, "'%s'", path);
    for (size_t i = 0; i < clarify->facets; i++)
        if (!add_clarify_facet(l, clarify, &clarify->facet[i], err))
            return err_while(err, "'%s'", path);
    if (clarify->grouped && facets->group == NULL &&
        (!column_name(clarify, &clarify->group, &group, err) ||
         !take_column(l, "group_variable", group, &facets->group, err)))
        return err_while(err, "'%s'", path);
    memcpy(facets->method, clarify->method, sizeof facets->method);
    if (!isnan(clarify->probability_threshold) && clarify->unused_count < BIAS_CONFIG_UNUSED_MAX)
        clarify->unused[clarify->unused_count++] = VIEW("probability_threshold"); /* the policy's */
    facets->unused = clarify->unused;
    facets->unused_count = clarify->unused_count;
    return true;
}

bool bias_facets_load(struct bias_facets *facets, const struct config *config,
                      const struct prepared *prepared, struct arena *arena, struct err *err)
{
    struct loading l = {facets, config, prepared, arena};
    struct view group = config_text(config, KEY_BIAS_GROUP);
    *facets = (struct bias_facets){.method = {{.wanted = true}, {.wanted = true}}};
    if (group.length > 0 && !take_column(&l, "bias.group", group, &facets->group, err))
        return false;
    for (const struct yaml *item = first_declared(config); item != NULL; item = item->next) {
        struct declared declared;
        if (!read_declared(config, item, &declared, err) || !add_declared(&l, &declared, err))
            return false;
    }
    if (config_text(config, KEY_BIAS_ANALYSIS_CONFIG).length == 0)
        return true;
    return add_clarify(&l, config_path(config, KEY_BIAS_ANALYSIS_CONFIG), err) ||
           err_while(err, "bias.analysis_config");
}
