#include "feature/fit.h"

#include "base/number.h"

#include <math.h>

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT, "the feature plan does not fit the memory limit");
}

/* What becomes of a column when nothing is said. */
static const char *encoding_of(enum column_kind kind)
{
    switch (kind) {
    case COLUMN_NUMBER:
    case COLUMN_INTEGER:
    case COLUMN_BOOLEAN:
        return "identity";
    case COLUMN_CATEGORY:
        return "one_hot";
    case COLUMN_ORDINAL:
        return "ordinal";
    case COLUMN_TIMESTAMP:
    case COLUMN_ID:
    case COLUMN_TEXT:
        break;
    }
    return "none";
}

static bool take_imputation(const struct config *config, const struct yaml *node, struct view text,
                            struct imputation *out, struct err *err)
{
    static const char *const words[] = {"none", "mean", "median", "mode"};
    *out = (struct imputation){.how = IMPUTE_CONSTANT, .text = text, .line = node->line};
    for (size_t i = 0; i < LENGTH_OF(words); i++)
        if (view_is(text, words[i]))
            out->how = (enum impute)i;
    if (out->how != IMPUTE_CONSTANT)
        return true;
    out->constant = (double)NAN;
    if (number_parse(text, &out->constant) && !isfinite((float)out->constant))
        return config_wrong(config, node, err, "'impute' is out of a float's range");
    return true;
}

static bool check_kind(const struct config *config, const struct yaml *node,
                       const struct transform *transform, const struct column *column,
                       struct err *err)
{
    if (transform->kinds >> column->kind & 1)
        return true;
    return config_wrong(config, node, err, "%s does not read %s, which '" VIEW_FMT "' is",
                        transform->name, kind_name(column->kind), VIEW_ARG(column->name));
}

static bool find_transform(const struct config *config, const struct yaml *node, struct view name,
                           const struct transform **out, struct err *err)
{
    *out = transform_find(name);
    if (*out != NULL)
        return true;
    char bytes[256];
    struct text all = text_in(bytes, sizeof bytes);
    for (size_t i = 0; i < transforms_count; i++)
        text_addf(&all, "%s%s", i == 0 ? "" : ", ", transforms[i]->name);
    return config_wrong(config, node, err, "no transform '" VIEW_FMT "'; there are: %s",
                        VIEW_ARG(name), text_c(&all));
}

/* The feature that a column is by itself, if it is one. */
static bool declare_column(const struct config *config, const struct schema *schema, uint32_t index,
                           const struct yaml *node, struct declared_plan *out, struct err *err)
{
    const struct column *column = &schema->column[index];
    struct view name = config_item_text(node, KEY_COLUMN_ENCODE);
    bool told = name.length > 0;
    if (!told)
        name = view_of(encoding_of(column->kind));
    if (!column->input && told && !view_is(name, "none"))
        return config_wrong(config, node, err, "'" VIEW_FMT "' is no input, so it has no encoding",
                            VIEW_ARG(column->name));
    if (!column->input || view_is(name, "none")) {
        const struct yaml *impute = yaml_find(node, "impute");
        return impute == NULL || view_is(impute->text, "none") ||
               config_wrong(config, impute, err,
                            "'" VIEW_FMT "' is no feature by itself, so nothing is imputed; a "
                            "feature under `features` has an 'impute' of its own",
                            VIEW_ARG(column->name));
    }
    const struct transform *transform;
    if (!find_transform(config, node, name, &transform, err) ||
        !check_kind(config, node, transform, column, err))
        return false;
    if (transform->columns != 1)
        return config_wrong(config, node, err, "%s reads two columns: put it under `features`",
                            transform->name);
    size_t at = out->plan.count++;
    out->plan.feature[at] = (struct feature){.name = column->name,
                                             .transform = transform,
                                             .column = index,
                                             .other = index,
                                             .fill = (double)NAN};
    return take_imputation(config, node, config_item_text(node, KEY_COLUMN_IMPUTE),
                           &out->imputation[at], err);
}

static bool find_input(const struct config *config, const struct schema *schema,
                       const struct yaml *node, const struct transform *transform, enum key_id key,
                       uint32_t *out, struct err *err)
{
    struct view name = config_item_text(node, key);
    const struct column *column = schema_find(schema, name);
    if (column == NULL)
        return config_wrong(config, node, err, "no column '" VIEW_FMT "' is declared",
                            VIEW_ARG(name));
    if (!column->input)
        return config_wrong(config, node, err, "the model may not read '" VIEW_FMT "'",
                            VIEW_ARG(name));
    *out = (uint32_t)(column - schema->column);
    return check_kind(config, node, transform, column, err);
}

static bool declare_feature(const struct config *config, const struct schema *schema,
                            const struct yaml *node, struct arena *arena, struct declared_plan *out,
                            struct err *err)
{
    const struct transform *transform;
    if (yaml_find(node, "transform") == NULL || yaml_find(node, "column") == NULL)
        return config_wrong(config, node, err, "a feature needs a transform and a column");
    if (!find_transform(config, node, config_item_text(node, KEY_FEATURE_TRANSFORM), &transform,
                        err))
        return false;
    if ((transform->columns == 2) != (yaml_find(node, "other") != NULL))
        return config_wrong(config, node, err, "%s reads %u column%s", transform->name,
                            transform->columns,
                            transform->columns == 2 ? "s: name the second as 'other'" : "");
    size_t at = out->plan.count++;
    struct feature *feature = &out->plan.feature[at];
    *feature = (struct feature){.transform = transform, .fill = (double)NAN};
    if (!find_input(config, schema, node, transform, KEY_FEATURE_COLUMN, &feature->column, err))
        return false;
    feature->other = feature->column;
    if (transform->columns == 2 &&
        !find_input(config, schema, node, transform, KEY_FEATURE_OTHER, &feature->other, err))
        return false;

    struct text name = text_in_arena(arena);
    struct view given = config_item_text(node, KEY_FEATURE_NAME);
    if (given.length > 0) {
        text_add(&name, given);
    } else {
        text_add(&name, schema->column[feature->column].name);
        text_addf(&name, "_%s", transform->name);
    }
    feature->name = text_view(&name);
    if (name.cut)
        return out_of_memory(err);
    return take_imputation(config, node, config_item_text(node, KEY_FEATURE_IMPUTE),
                           &out->imputation[at], err);
}

bool plan_declare(const struct config *config, struct schema *schema, struct arena *arena,
                  struct declared_plan *out, struct err *err)
{
    const struct yaml *columns = config_node(config, "columns");
    const struct yaml *features = config_node(config, "features");
    size_t most = schema->count + (features == NULL ? 0 : features->count);
    struct declared_plan made = {
        .plan = {.schema = schema, .feature = arena_new(arena, struct feature, most)},
        .imputation = arena_new(arena, struct imputation, most),
    };
    bool *read = arena_new(arena, bool, schema->count);
    if (made.plan.feature == NULL || made.imputation == NULL || read == NULL)
        return out_of_memory(err);
    uint32_t index = 0;
    for (const struct yaml *node = columns->first; node != NULL; node = node->next)
        if (!declare_column(config, schema, index++, node, &made, err))
            return false;
    for (const struct yaml *node = features == NULL ? NULL : features->first; node != NULL;
         node = node->next)
        if (!declare_feature(config, schema, node, arena, &made, err))
            return false;

    for (size_t i = 0; i < made.plan.count; i++)
        read[made.plan.feature[i].column] = read[made.plan.feature[i].other] = true;
    for (size_t i = 0; i < schema->count; i++)
        schema->column[i].input &= read[i];
    schema_take_inputs(schema);
    *out = made;
    return true;
}
