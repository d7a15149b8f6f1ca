#include "model/adopt.h"

#include "base/rng.h"
#include "model/xgboost.h"
#include "model/xgboost_write.h"

#include <math.h>

enum { GOLDEN_RECORDS = 64, GOLDEN_SEED = 1 };

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT, "the model does not fit the memory limit");
}

/* ---------------------------------------------------------------- schema */

static enum column_kind kind_of_type(const struct forest *forest, size_t feature)
{
    if (forest->category != NULL && forest->category[feature].count > 0)
        return COLUMN_CATEGORY;
    if (forest->feature_type == NULL)
        return COLUMN_NUMBER;
    return view_is(forest->feature_type[feature], "i") ? COLUMN_BOOLEAN : COLUMN_NUMBER;
}

static bool is_bare_category(const struct forest *forest, size_t feature)
{
    return forest->feature_type != NULL && view_is(forest->feature_type[feature], "c") &&
           (forest->category == NULL || forest->category[feature].count == 0);
}

static bool name_column(const struct adoption *adoption, const struct imported *imported, size_t i,
                        struct arena *arena, struct view *out)
{
    if (adoption->name != NULL) {
        *out = adoption->name[i];
    } else if (imported->feature_name != NULL) {
        *out = imported->feature_name[i];
    } else {
        struct text text = text_in_arena(arena);
        text_addf(&text, "f%zu", i); /* XGBoost's own habit for nameless features */
        *out = text_view(&text);
        return !text.cut;
    }
    return true;
}

static bool make_column(const struct adoption *adoption, const struct imported *imported, size_t i,
                        struct arena *arena, struct column *column, struct err *err)
{
    const struct forest *forest = &imported->forest;
    *column = (struct column){
        .kind = kind_of_type(forest, i),
        .input = true,
        .optional = adoption->allow_missing,
        .min = (double)NAN,
        .max = (double)NAN,
    };
    /* Codes without names can only come as codes. */
    if (is_bare_category(forest, i))
        column->kind = COLUMN_INTEGER;
    if (!name_column(adoption, imported, i, arena, &column->name))
        return out_of_memory(err);
    if (imported->mean != NULL && column->kind != COLUMN_NUMBER)
        return err_set(err, ERR_MODEL,
                       "feature '" VIEW_FMT "' is a category, and the scaler would scale its codes",
                       VIEW_ARG(column->name));
    if (column->kind != COLUMN_CATEGORY)
        return true;
    column->values = dictionary_in(arena);
    for (size_t c = 0; c < forest->category[i].count; c++) {
        uint32_t index;
        if (!dictionary_add(&column->values, forest->category[i].name[c], &index))
            return out_of_memory(err);
        if (index != c)
            return err_set(err, ERR_MODEL,
                           "feature '" VIEW_FMT "' has the category '" VIEW_FMT "' twice",
                           VIEW_ARG(column->name), VIEW_ARG(forest->category[i].name[c]));
    }
    return true;
}

static bool make_schema(const struct adoption *adoption, const struct imported *imported,
                        struct arena *arena, struct schema *out, struct err *err)
{
    size_t count = imported->forest.feature_count;
    struct column *column = arena_new(arena, struct column, count);
    if (column == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < count; i++)
        if (!make_column(adoption, imported, i, arena, &column[i], err))
            return false;
    return schema_init(out, column, count, arena, err);
}

/* A feature keeps the name the forest has for it; the column it reads may have the caller's. */
static struct feature make_feature(const struct imported *imported, const struct schema *schema,
                                   uint32_t i)
{
    const struct view *name = imported->feature_name;
    struct feature feature = {
        .name = name != NULL ? name[i] : schema->column[i].name,
        .transform =
            kind_is_coded(schema->column[i].kind) ? &transform_ordinal : &transform_identity,
        .column = i,
        .other = i,
        .fill = (double)NAN,
    };
    if (imported->mean != NULL) {
        feature.transform = &transform_standardise;
        feature.centre = imported->mean[i];
        feature.scale = imported->scale[i];
    }
    return feature;
}

static bool make_plan(const struct imported *imported, const struct schema *schema,
                      struct arena *arena, struct plan *out, struct err *err)
{
    *out = (struct plan){
        .schema = schema,
        .feature = arena_new(arena, struct feature, schema->count),
        .count = schema->count,
    };
    if (out->feature == NULL)
        return out_of_memory(err);
    for (uint32_t i = 0; i < schema->count; i++)
        out->feature[i] = make_feature(imported, schema, i);
    return plan_layout(out, arena, err);
}

/* ---------------------------------------------------------------- golden records */

/* The threshold of some branch on each feature; NaN where the forest never looks. */
static void draw_thresholds(const struct forest *forest, struct rng *rng, float *threshold,
                            uint32_t *seen)
{
    for (size_t i = 0; i < forest->feature_count; i++) {
        threshold[i] = NAN;
        seen[i] = 0;
    }
    for (size_t i = 0; i < forest->node_count; i++) {
        const struct node *node = &forest->node[i];
        if (node_is_leaf(node) || node->categorical)
            continue;
        /* Each branch of a feature is as likely to be kept as any other. */
        if (rng_below(rng, ++seen[node->feature]) == 0)
            threshold[node->feature] = node->threshold;
    }
}

static double draw_number(struct rng *rng, float threshold)
{
    if (isnan(threshold) || isinf(threshold))
        return 0;
    uint64_t side = rng_below(rng, 3);
    double value = side == 0   ? (double)nextafterf(threshold, -INFINITY)
                   : side == 1 ? (double)threshold
                               : (double)threshold * 1.5 + 1;
    return isfinite((float)value) ? value : 0;
}

/* A scaler stands between the cell and the forest: the value is the one that it turns into the one
 * drawn, as nearly as a float's text says it. */
static struct cell draw_cell(const struct column *column, const struct feature *feature,
                             struct rng *rng, float threshold)
{
    enum { MISSING_ONE_IN = 8 };
    if (column->optional && rng_below(rng, MISSING_ONE_IN) == 0)
        return (struct cell){.number = (double)NAN, .set = true};
    if (column->kind == COLUMN_CATEGORY) {
        uint64_t code = rng_below(rng, column->values.count);
        return (struct cell){
            .number = (double)code, .text = column->values.text[code], .set = true};
    }
    double number = column->kind == COLUMN_BOOLEAN   ? (double)rng_below(rng, 2)
                    : column->kind == COLUMN_INTEGER ? (double)rng_below(rng, 16)
                                                     : draw_number(rng, threshold);
    if (feature->transform == &transform_standardise) {
        double unscaled = number * feature->scale + feature->centre;
        number = isfinite((float)unscaled) ? unscaled : 0;
    }
    return (struct cell){.number = number, .set = true};
}

static struct record *draw_golden(const struct plan *plan, const struct forest *forest,
                                  struct arena *arena)
{
    const struct schema *schema = plan->schema;
    struct record *record = arena_new(arena, struct record, GOLDEN_RECORDS);
    float *threshold = arena_new(arena, float, schema->count);
    uint32_t *seen = arena_new(arena, uint32_t, schema->count);
    if (record == NULL || threshold == NULL || seen == NULL)
        return NULL;
    for (size_t i = 0; i < GOLDEN_RECORDS; i++) {
        struct cell *cell = arena_new(arena, struct cell, schema->count);
        if (cell == NULL)
            return NULL;
        struct rng rng = rng_of(GOLDEN_SEED, 0, i);
        draw_thresholds(forest, &rng, threshold, seen);
        record[i] = record_of(schema, cell);
        for (size_t c = 0; c < schema->count; c++)
            cell[c] = draw_cell(&schema->column[c], &plan->feature[c], &rng, threshold[c]);
    }
    return record;
}

/* The caller's names may be others than the forest's own, but one of those in another place is a
 * list in the wrong order: every record would be read crosswise. */
static bool check_names(const struct adoption *adoption, const struct imported *imported,
                        struct arena *arena, struct err *err)
{
    const struct forest *forest = &imported->forest;
    const struct view *known = imported->feature_name;
    if (adoption->name == NULL)
        return true;
    if (adoption->name_count != forest->feature_count)
        return err_set(err, ERR_INPUT, "%zu feature names for a model of %zu features",
                       adoption->name_count, forest->feature_count);
    if (known == NULL)
        return true;
    struct dictionary own = dictionary_in(arena);
    uint32_t at;
    for (size_t i = 0; i < forest->feature_count; i++)
        if (!dictionary_add(&own, known[i], &at))
            return out_of_memory(err);
    for (size_t i = 0; i < adoption->name_count; i++) {
        struct view name = adoption->name[i];
        at = dictionary_find(&own, name);
        if (at != DICTIONARY_NONE && !view_same(known[i], name))
            return err_set(err, ERR_INPUT,
                           "'" VIEW_FMT "' is given as feature %zu and is feature %u of the model: "
                           "give the names in the model's order, or leave them out",
                           VIEW_ARG(name), i + 1, at + 1);
    }
    return true;
}

/* ---------------------------------------------------------------- sealing */

/* A foreign forest in XGBoost's format, its features called as the plan calls them. */
static bool write_model(const struct imported *imported, const struct plan *plan,
                        struct arena *arena, struct view *out, struct err *err)
{
    if (imported->model.length > 0) {
        *out = imported->model;
        return true;
    }
    struct forest forest = imported->forest;
    forest.feature_name = plan->width_name;
    struct text text = text_in_arena(arena);
    if (!xgboost_write(&forest, XGBOOST_UBJ, &text, err))
        return false;
    *out = text_view(&text);
    return true;
}

/* Where it came from, and what was made of it, for people. */
static bool write_lineage(const struct imported *imported, struct arena *arena, struct view *out,
                          struct err *err)
{
    struct text text = text_in_arena(arena);
    struct json json = json_pretty_to(&text);
    json_open(&json, '{');
    json_key(&json, "imported"), json_text(&json, imported->kind);
    json_key(&json, "scaled"), json_bool(&json, imported->mean != NULL);
    json_key(&json, "missing_refused"), json_bool(&json, imported->missing_refused);
    if (imported->notes.length > 0)
        json_key(&json, "notes"), json_text(&json, imported->notes);
    json_close(&json);
    *out = text_view(&text);
    return !text.cut || out_of_memory(err);
}

/* "sklearn" of "sklearn.ensemble.RandomForestClassifier 1.7.2". */
static struct view algorithm_of(struct view kind)
{
    size_t length = 0;
    while (length < kind.length && kind.text[length] != '.' && kind.text[length] != ' ')
        length++;
    return length == 0 ? VIEW("xgboost") : (struct view){kind.text, length};
}

bool adopt_imported(const struct adoption *adoption, const struct imported *imported,
                    struct arena *arena, struct view *out, struct err *err)
{
    const struct forest *forest = &imported->forest;
    struct schema schema;
    struct plan plan;
    if (adoption->allow_missing && imported->missing_refused)
        return err_set(err, ERR_INPUT,
                       "this model refuses missing values, so its features may not be absent: "
                       "import it without --allow-missing");
    if (!check_names(adoption, imported, arena, err))
        return false;
    if (!make_schema(adoption, imported, arena, &schema, err) ||
        !make_plan(imported, &schema, arena, &plan, err))
        return false;
    struct bundle_parts parts = {
        .project = adoption->project,
        .algorithm = algorithm_of(imported->kind),
        .schema = &schema,
        .plan = &plan,
        .policy = policy_of(adoption->threshold),
        .golden = draw_golden(&plan, forest, arena),
        .golden_count = GOLDEN_RECORDS,
    };
    if (parts.golden == NULL)
        return out_of_memory(err);
    bool told = imported->kind.length > 0;
    if (!write_model(imported, &plan, arena, &parts.model, err) ||
        (told && !write_lineage(imported, arena, &parts.paper[PAPER_lineage], err)))
        return false;
    return bundle_seal(&parts, arena, out, err);
}

bool adopt_model(const struct adoption *adoption, struct arena *arena, struct view *out,
                 struct err *err)
{
    struct imported imported = {.model = adoption->model};
    if (!xgboost_parse(adoption->model, arena, &imported.forest, err))
        return false;
    imported.feature_name = imported.forest.feature_name;
    return adopt_imported(adoption, &imported, arena, out, err);
}
