#include "model/adopt.h"

#include "base/rng.h"
#include "model/xgboost.h"

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

static bool name_column(const struct adoption *adoption, const struct forest *forest, size_t i,
                        struct arena *arena, struct view *out)
{
    if (adoption->name != NULL) {
        *out = adoption->name[i];
    } else if (forest->feature_name != NULL) {
        *out = forest->feature_name[i];
    } else {
        struct text text = text_in_arena(arena);
        text_addf(&text, "f%zu", i); /* XGBoost's own habit for nameless features */
        *out = text_view(&text);
        return !text.cut;
    }
    return true;
}

static bool make_column(const struct adoption *adoption, const struct forest *forest, size_t i,
                        struct arena *arena, struct column *column, struct err *err)
{
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
    if (!name_column(adoption, forest, i, arena, &column->name))
        return out_of_memory(err);
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

static bool make_schema(const struct adoption *adoption, const struct forest *forest,
                        struct arena *arena, struct schema *out, struct err *err)
{
    struct column *column = arena_new(arena, struct column, forest->feature_count);
    if (column == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < forest->feature_count; i++)
        if (!make_column(adoption, forest, i, arena, &column[i], err))
            return false;
    return schema_init(out, column, forest->feature_count, arena, err);
}

/* A feature keeps the name the forest has for it; the column it reads may have the caller's. */
static bool make_plan(const struct forest *forest, const struct schema *schema, struct arena *arena,
                      struct plan *out, struct err *err)
{
    *out = (struct plan){
        .schema = schema,
        .feature = arena_new(arena, struct feature, schema->count),
        .count = schema->count,
    };
    if (out->feature == NULL)
        return out_of_memory(err);
    for (uint32_t i = 0; i < schema->count; i++)
        out->feature[i] = (struct feature){
            .name = forest->feature_name != NULL ? forest->feature_name[i] : schema->column[i].name,
            .transform =
                kind_is_coded(schema->column[i].kind) ? &transform_ordinal : &transform_identity,
            .column = i,
            .other = i,
            .fill = (double)NAN,
        };
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

static struct cell draw_cell(const struct column *column, struct rng *rng, float threshold)
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
    return (struct cell){.number = number, .set = true};
}

static struct record *draw_golden(const struct schema *schema, const struct forest *forest,
                                  struct arena *arena)
{
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
            cell[c] = draw_cell(&schema->column[c], &rng, threshold[c]);
    }
    return record;
}

/* The caller's names may be others than the forest's own, but one of those in another place is a
 * list in the wrong order: every record would be read crosswise. */
static bool check_names(const struct adoption *adoption, const struct forest *forest,
                        struct arena *arena, struct err *err)
{
    if (adoption->name == NULL)
        return true;
    if (adoption->name_count != forest->feature_count)
        return err_set(err, ERR_INPUT, "%zu feature names for a model of %zu features",
                       adoption->name_count, forest->feature_count);
    if (forest->feature_name == NULL)
        return true;
    struct dictionary own = dictionary_in(arena);
    uint32_t at;
    for (size_t i = 0; i < forest->feature_count; i++)
        if (!dictionary_add(&own, forest->feature_name[i], &at))
            return out_of_memory(err);
    for (size_t i = 0; i < adoption->name_count; i++) {
        struct view name = adoption->name[i];
        at = dictionary_find(&own, name);
        if (at != DICTIONARY_NONE && !view_same(forest->feature_name[i], name))
            return err_set(err, ERR_INPUT,
                           "'" VIEW_FMT "' is given as feature %zu and is feature %u of the model: "
                           "give the names in the model's order, or leave them out",
                           VIEW_ARG(name), i + 1, at + 1);
    }
    return true;
}

bool adopt_model(const struct adoption *adoption, struct arena *arena, struct view *out,
                 struct err *err)
{
    struct forest forest;
    struct schema schema;
    struct plan plan;
    if (!xgboost_parse(adoption->model, arena, &forest, err) ||
        !check_names(adoption, &forest, arena, err))
        return false;
    if (!make_schema(adoption, &forest, arena, &schema, err) ||
        !make_plan(&forest, &schema, arena, &plan, err))
        return false;
    struct bundle_parts parts = {
        .project = adoption->project,
        .algorithm = VIEW("xgboost"),
        .schema = &schema,
        .plan = &plan,
        .model = adoption->model,
        .policy = {.threshold = adoption->threshold},
        .golden = draw_golden(&schema, &forest, arena),
        .golden_count = GOLDEN_RECORDS,
    };
    if (parts.golden == NULL)
        return out_of_memory(err);
    return bundle_seal(&parts, arena, out, err);
}
