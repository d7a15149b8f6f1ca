#include "feature/plan.h"

#include <float.h>
#include <math.h>

/* What stands in for a missing value. */
static void apply_fill(const struct feature *feature, const struct record *record, float *row)
{
    struct cell filled = {.number = feature->fill};
    feature_apply_one(feature, &filled, &record->cell[feature->other], row + feature->first);
}

void feature_apply(const struct plan *plan, const struct record *record, float *row)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct feature *feature = &plan->feature[i];
        const struct cell *cell = &record->cell[feature->column];
        if (isnan(cell->number) && !isnan(feature->fill))
            apply_fill(feature, record, row);
        else
            feature_apply_one(feature, cell, &record->cell[feature->other], row + feature->first);
    }
}

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT, "the feature plan does not fit the memory limit");
}

bool plan_may_fill(const struct column *column, double fill)
{
    if (kind_is_coded(column->kind))
        return fill >= 0 && fill < (double)column->values.count && fill == floor(fill);
    return fabs(fill) <= (column->kind == COLUMN_TIMESTAMP ? CELL_TIME_MS_MAX : (double)FLT_MAX);
}

/* ---------------------------------------------------------------- layout */

/* XGBoost's Python refuses [, ] and < in a feature's name: they are written as in a URL. */
static void add_name(struct text *out, struct view name)
{
    for (size_t i = 0; i < name.length; i++) {
        if (memchr("[]<", name.text[i], 3) != NULL)
            text_addf(out, "%%%02X", (unsigned char)name.text[i]);
        else
            text_addc(out, name.text[i]);
    }
}

/* "column=value" for one-hot. */
static bool name_width(const struct plan *plan, const struct feature *feature, uint32_t i,
                       struct arena *arena, struct view *out)
{
    struct text name = text_in_arena(arena);
    add_name(&name, feature->name);
    if (feature->transform->one_per_value) {
        text_addc(&name, '=');
        add_name(&name, plan->schema->column[feature->column].values.text[i]);
    }
    *out = text_view(&name);
    return !name.cut;
}

static uint32_t width_of(const struct plan *plan, const struct feature *feature)
{
    if (!feature->transform->one_per_value)
        return 1;
    return plan->schema->column[feature->column].values.count;
}

bool plan_layout(struct plan *plan, struct arena *arena, struct err *err)
{
    size_t width = 0;
    for (size_t i = 0; i < plan->count; i++) {
        struct feature *feature = &plan->feature[i];
        feature->first = (uint32_t)width;
        feature->width = width_of(plan, feature);
        width += feature->width;
        if (width > PLAN_WIDTH_MAX)
            return err_set(err, ERR_LIMIT,
                           "the row grows past %d numbers at feature '" VIEW_FMT
                           "'; encode it as frequency, or leave it out",
                           PLAN_WIDTH_MAX, VIEW_ARG(feature->name));
    }
    if (width == 0)
        return err_set(err, ERR_INPUT, "no column is left for the model to read");
    plan->width = width;
    plan->width_name = arena_new(arena, struct view, width);
    if (plan->width_name == NULL)
        return out_of_memory(err);
    struct dictionary names = dictionary_in(arena);
    for (size_t i = 0; i < plan->count; i++) {
        const struct feature *feature = &plan->feature[i];
        for (uint32_t j = 0; j < feature->width; j++) {
            struct view *name = &plan->width_name[feature->first + j];
            uint32_t index;
            if (!name_width(plan, feature, j, arena, name) ||
                !dictionary_add(&names, *name, &index))
                return out_of_memory(err);
            if (index != feature->first + j)
                return err_set(err, ERR_INPUT,
                               "two features are called '" VIEW_FMT "'; give one a name of its own",
                               VIEW_ARG(*name));
        }
    }
    return true;
}

/* ---------------------------------------------------------------- in a bundle */

static void write_feature(const struct plan *plan, const struct feature *feature, struct json *json)
{
    const struct column *column = plan->schema->column;
    const struct transform *transform = feature->transform;
    json_open(json, '{');
    json_key(json, "name"), json_text(json, feature->name);
    json_key(json, "transform"), json_string(json, transform->name);
    json_key(json, "column"), json_text(json, column[feature->column].name);
    if (transform->columns == 2)
        json_key(json, "other"), json_text(json, column[feature->other].name);
    if (!isnan(feature->fill))
        json_key(json, "fill"), json_number(json, feature->fill);
    if (transform->needs_spread) {
        json_key(json, "centre"), json_number(json, feature->centre);
        json_key(json, "scale"), json_number(json, feature->scale);
    }
    if (transform->needs_share) {
        json_key(json, "share");
        json_open(json, '[');
        for (size_t i = 0; i < feature->shares; i++)
            json_number(json, feature->share[i]);
        json_close(json);
    }
    json_close(json);
}

void plan_write(const struct plan *plan, struct json *json)
{
    json_open(json, '{');
    json_key(json, "features");
    json_open(json, '[');
    for (size_t i = 0; i < plan->count; i++)
        write_feature(plan, &plan->feature[i], json);
    json_close(json);
    json_close(json);
}

static bool read_column(const struct schema *schema, const struct doc *doc, const char *key,
                        const struct transform *transform, uint32_t *out, struct err *err)
{
    struct view name;
    if (!doc_need_text(doc, key, &name, err))
        return false;
    const struct column *column = schema_find(schema, name);
    if (column == NULL)
        return err_set(err, ERR_INPUT, "'%s': the schema has no column '" VIEW_FMT "'", key,
                       VIEW_ARG(name));
    if (!column->input || (transform->kinds >> column->kind & 1) == 0)
        return err_set(err, ERR_INPUT, "'%s': %s does not read the column '" VIEW_FMT "'", key,
                       transform->name, VIEW_ARG(name));
    *out = (uint32_t)(column - schema->column);
    return true;
}

static bool read_shares(const struct doc *doc, size_t wanted, struct feature *feature,
                        struct arena *arena, struct err *err)
{
    const struct doc *list;
    if (!doc_need(doc, "share", DOC_LIST, &list, err))
        return false;
    if (list->count != wanted)
        return err_set(err, ERR_INPUT, "'share' has %zu numbers, the column %zu values",
                       list->count, wanted);
    double *share = arena_new(arena, double, list->count);
    if (share == NULL)
        return out_of_memory(err);
    for (const struct doc *item = list->first; item != NULL; item = item->next) {
        if (item->kind != DOC_NUMBER || item->number < 0 || item->number > 1)
            return err_set(err, ERR_INPUT, "'share' is no list of numbers from 0 to 1");
        share[feature->shares++] = item->number;
    }
    feature->share = share;
    return true;
}

static bool read_feature(const struct schema *schema, const struct doc *doc,
                         struct feature *feature, struct arena *arena, struct err *err)
{
    struct view name;
    if (!doc_need_text(doc, "name", &feature->name, err) ||
        !doc_need_text(doc, "transform", &name, err))
        return false;
    const struct transform *transform = transform_find(name);
    if (transform == NULL)
        return err_set(err, ERR_INPUT, "no transform is called '" VIEW_FMT "'", VIEW_ARG(name));
    feature->transform = transform;
    if (!read_column(schema, doc, "column", transform, &feature->column, err))
        return false;
    feature->other = feature->column;
    if (transform->columns == 2 &&
        !read_column(schema, doc, "other", transform, &feature->other, err))
        return false;
    feature->fill = (double)NAN;
    if (doc_find(doc, "fill") != NULL && !doc_need_number(doc, "fill", &feature->fill, err))
        return false;
    const struct column *read = &schema->column[feature->column];
    if (!isnan(feature->fill) && !plan_may_fill(read, feature->fill))
        return err_set(err, ERR_INPUT, "'fill' is no value of the column");
    if (transform->needs_spread && (!doc_need_number(doc, "centre", &feature->centre, err) ||
                                    !doc_need_number(doc, "scale", &feature->scale, err)))
        return false;
    if (feature->scale < 0)
        return err_set(err, ERR_INPUT, "'scale' is below 0");
    return !transform->needs_share || read_shares(doc, read->values.count, feature, arena, err);
}

bool plan_read(struct plan *plan, const struct schema *schema, const struct doc *doc,
               struct arena *arena, struct err *err)
{
    const struct doc *features;
    if (!doc_need(doc, "features", DOC_LIST, &features, err))
        return err_while(err, "plan");
    struct plan made = {
        .schema = schema,
        .feature = arena_new(arena, struct feature, features->count),
    };
    if (features->count > PLAN_WIDTH_MAX || made.feature == NULL)
        return out_of_memory(err);
    for (const struct doc *item = features->first; item != NULL; item = item->next)
        if (!read_feature(schema, item, &made.feature[made.count++], arena, err))
            return err_while(err, "plan: feature %zu", made.count);
    if (!plan_layout(&made, arena, err))
        return err_while(err, "plan");
    *plan = made;
    return true;
}
