/*
 * explain: what the model's scores come from, over the test slice.
 *
 *     explanations.json   by feature: the mean |SHAP|, its mean with sign, its spread, and how its
 *                         values go with its contributions; summed up by source column as well;
 *                         and what a report draws (train/explain_figures.h)
 *     reasons.json        the codes and texts that explain a decision (decide/reason.h)
 *
 * SHAP values are exact and path-dependent (model/shap.h), of the margin, in
 * log-odds. The layout's first part is Clarify's, under its own names.
 */
#include "base/doc.h"
#include "base/file.h"
#include "base/json.h"
#include "data/declare.h"
#include "feature/plan.h"
#include "model/shap.h"
#include "train/explain_figures.h"
#include "train/explain_reasons.h"
#include "train/npy.h"
#include "train/scored.h"

#include <math.h>

enum { DOCUMENT_SIZE_MAX = 64 << 20, ROWS_MAX = 20000, BLOCK = 4096 };

/* Of one feature, or of a column's features together. */
struct effect {
    struct view name;
    uint32_t index; /* of the feature or the column */
    double mean_abs, mean, squares;
    double direction; /* correlation of value and contribution; NaN: one of them is constant */
};

struct explanation {
    struct pipeline *pipeline;
    struct arena *arena;
    struct schema schema;
    struct plan plan;
    struct trained model;
    struct explainer explainer;
    struct npy matrix;
    size_t rows; /* explained, at even distances */
    struct explained figures;
    struct effect *feature, *column;
};

static bool inputs(struct pipeline *pipeline, struct digester *digester, struct err *err UNUSED)
{
    static const enum step_id read[] = {STEP_ID_prepare, STEP_ID_train};
    for (size_t i = 0; i < LENGTH_OF(read); i++) {
        const struct digest *output = &pipeline->output[read[i]];
        digest_add(digester, (struct view){(const char *)output->bytes, sizeof output->bytes});
    }
    config_digest(pipeline->config, "reasons", digester);
    config_digest(pipeline->config, "explain", digester);
    return true;
}

/* The reasons are written once to nowhere: what is wrong with them is said before a model is
 * trained. */
static bool check(const struct config *config, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct schema schema;
    struct view reasons;
    return declare_schema(config, &arena, &schema, err) &&
           explain_reasons_write(config, &schema, &arena, &reasons, err);
}

static bool load(struct explanation *x, struct err *err)
{
    struct pipeline *pipeline = x->pipeline;
    const struct doc *schema = doc_load(pipeline_file(pipeline, STEP_ID_prepare, "schema.json"),
                                        DOCUMENT_SIZE_MAX, x->arena, err);
    if (schema == NULL || !schema_read(&x->schema, schema, x->arena, err))
        return false;
    const struct doc *plan = doc_load(pipeline_file(pipeline, STEP_ID_prepare, "plan.json"),
                                      DOCUMENT_SIZE_MAX, x->arena, err);
    return plan != NULL && plan_read(&x->plan, &x->schema, plan, x->arena, err) &&
           trained_load(&x->model, pipeline, x->arena, err) &&
           explainer_build(&x->model.forest, NULL, x->arena, &x->explainer, err) &&
           npy_load(pipeline_file(pipeline, STEP_ID_prepare, "test.npy"), NPY_F4, x->arena,
                    &x->matrix, err);
}

/* ---------------------------------------------------------------- sums */

/* Running means, so that nothing is added up that is larger than a value. */
struct pair {
    double n, x, y, xx, yy, xy;
};

static void pair_add(struct pair *pair, double x, double y)
{
    pair->n++;
    double dx = x - pair->x, dy = y - pair->y;
    pair->x += dx / pair->n;
    pair->y += dy / pair->n;
    pair->xx += dx * (x - pair->x);
    pair->yy += dy * (y - pair->y);
    pair->xy += dx * (y - pair->y);
}

static void add_row(struct explanation *x, const float *row, const double *phi, struct pair *pair,
                    double *of_column)
{
    double rows = (double)x->rows;
    memset(of_column, 0, x->schema.count * sizeof *of_column);
    for (size_t i = 0; i < x->plan.count; i++) {
        const struct feature *feature = &x->plan.feature[i];
        for (uint32_t f = feature->first; f < feature->first + feature->width; f++) {
            struct effect *effect = &x->feature[f];
            effect->mean_abs += fabs(phi[f]) / rows;
            effect->mean += phi[f] / rows;
            effect->squares += phi[f] * phi[f] / rows;
            of_column[feature->column] += phi[f];
            if (!isnan(row[f]))
                pair_add(&pair[f], (double)row[f], phi[f]);
        }
    }
    for (size_t c = 0; c < x->schema.count; c++) {
        x->column[c].mean_abs += fabs(of_column[c]) / rows;
        x->column[c].mean += of_column[c] / rows;
        x->column[c].squares += of_column[c] * of_column[c] / rows;
    }
}

static bool make_room(struct explanation *x, double **phi, double **of_column, struct pair **pair,
                      void **scratch)
{
    x->feature = arena_new(x->arena, struct effect, x->plan.width);
    x->column = arena_new(x->arena, struct effect, x->schema.count);
    *phi = arena_new(x->arena, double, BLOCK * x->plan.width);
    *of_column = arena_new(x->arena, double, x->schema.count);
    *pair = arena_new(x->arena, struct pair, x->plan.width);
    *scratch = arena_alloc(x->arena, 1, x->explainer.batch_scratch);
    return x->feature != NULL && x->column != NULL && *phi != NULL && *of_column != NULL &&
           *pair != NULL && *scratch != NULL;
}

static bool explain(struct explanation *x, struct err *err)
{
    double *phi, *of_column;
    struct pair *pair;
    void *scratch;
    if (x->matrix.width != x->plan.width || x->model.forest.feature_count != x->plan.width)
        return err_set(err, ERR_MODEL, "the model reads %zu features, the test rows have %zu",
                       x->model.forest.feature_count, x->matrix.width);
    if (!make_room(x, &phi, &of_column, &pair, &scratch))
        return err_set(err, ERR_LIMIT, "the explanations do not fit the memory limit");
    size_t stride = x->matrix.rows / ROWS_MAX + 1;
    x->rows = (x->matrix.rows + stride - 1) / stride;
    const float *value = x->matrix.value;
    for (size_t done = 0; done < x->rows; done += BLOCK) {
        size_t width = x->plan.width, left = x->rows - done, count = left < BLOCK ? left : BLOCK;
        const float *row = value + done * stride * width;
        shap_batch(&x->explainer, row, count, stride * width, phi, scratch);
        for (size_t i = 0; i < count; i++)
            add_row(x, row + i * stride * width, phi + i * width, pair, of_column);
    }
    for (size_t f = 0; f < x->plan.width; f++) {
        const struct pair *p = &pair[f];
        x->feature[f].name = x->plan.width_name[f];
        x->feature[f].index = (uint32_t)f;
        x->feature[f].direction =
            p->xx > 0 && p->yy > 0 ? p->xy / sqrt(p->xx * p->yy) : (double)NAN;
    }
    for (size_t c = 0; c < x->schema.count; c++) {
        x->column[c].name = x->schema.column[c].name;
        x->column[c].index = (uint32_t)c;
        x->column[c].direction = (double)NAN;
    }
    x->figures = (struct explained){.plan = &x->plan,
                                    .engine = &x->model.engine,
                                    .explainer = &x->explainer,
                                    .matrix = value,
                                    .rows = x->matrix.rows};
    return explained_init(&x->figures, x->arena, err);
}

/* ---------------------------------------------------------------- writing */

/* The largest first; equal ones in the model's order. */
static void sort(struct effect *effect, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct effect one = effect[i];
        size_t at = i;
        for (; at > 0 && effect[at - 1].mean_abs < one.mean_abs; at--)
            effect[at] = effect[at - 1];
        effect[at] = one;
    }
}

static bool write_effects(const struct explanation *x, bool column, struct json *json,
                          struct err *err)
{
    const struct effect *effect = column ? x->column : x->feature;
    size_t count = column ? x->schema.count : x->plan.width;
    double total = 0;
    for (size_t i = 0; i < count; i++)
        total += effect[i].mean_abs;
    json_open(json, '[');
    for (size_t i = 0; i < count; i++) {
        if (effect[i].mean_abs == 0)
            continue;
        double variance = effect[i].squares - effect[i].mean * effect[i].mean;
        json_open(json, '{');
        json_key(json, "name"), json_text(json, effect[i].name);
        json_key(json, "mean_abs"), json_number(json, effect[i].mean_abs);
        json_key(json, "share"), json_number(json, effect[i].mean_abs / total);
        json_key(json, "mean"), json_number(json, effect[i].mean);
        json_key(json, "standard_deviation");
        json_number(json, sqrt(variance > 0 ? variance : 0));
        if (!isnan(effect[i].direction))
            json_key(json, "direction"), json_number(json, effect[i].direction);
        CLEANUP(arena_release) struct arena scratch = {.limit = x->arena->limit};
        if (!explained_write_quantiles(&x->figures, column, effect[i].index, json, &scratch, err))
            return false;
        json_close(json);
    }
    json_close(json);
    return true;
}

static void write_clarify(const struct explanation *x, struct json *json)
{
    json_key(json, "explanations");
    json_open(json, '{');
    json_key(json, "tree_shap");
    json_open(json, '{');
    json_key(json, "label0");
    json_open(json, '{');
    json_key(json, "global_shap_values");
    json_open(json, '{');
    for (size_t f = 0; f < x->plan.width; f++)
        json_key_view(json, x->feature[f].name), json_number(json, x->feature[f].mean_abs);
    json_close(json);
    json_key(json, "expected_value"), json_number(json, x->explainer.expected);
    json_close(json);
    json_close(json);
    json_close(json);
}

/* Of the features that matter at all, the largest first: they are sorted already. */
static bool write_figures(const struct explanation *x, struct json *json, struct err *err)
{
    uint32_t feature[BEESWARM_FEATURES];
    size_t count = 0;
    for (; count < x->plan.width && count < BEESWARM_FEATURES && x->feature[count].mean_abs > 0;
         count++)
        feature[count] = x->feature[count].index;
    return explained_write_dependence(&x->figures, feature, count, json, x->arena, err) &&
           explained_write_beeswarm(&x->figures, feature, count, json, x->arena, err);
}

static bool write_reasons(const struct explanation *x, const char *dir, struct err *err)
{
    struct view reasons;
    return explain_reasons_write(x->pipeline->config, &x->schema, x->arena, &reasons, err) &&
           file_save(path_join(x->arena, dir, "reasons.json"), reasons, err);
}

static bool write_all(const struct explanation *x, const char *dir, struct err *err)
{
    struct text text = text_in_arena(x->arena);
    struct json json = json_pretty_to(&text);
    json_open(&json, '{');
    json_key(&json, "version"), json_string(&json, "1.0");
    write_clarify(x, &json);
    json_key(&json, "rows"), json_count(&json, x->rows);
    json_key(&json, "slice"), json_string(&json, "test");
    sort(x->feature, x->plan.width);
    sort(x->column, x->schema.count);
    json_key(&json, "features");
    if (!write_effects(x, false, &json, err))
        return false;
    json_key(&json, "columns");
    if (!write_effects(x, true, &json, err) || !write_figures(x, &json, err))
        return false;
    json_close(&json);
    if (text.cut)
        return err_set(err, ERR_LIMIT, "explanations.json does not fit the memory limit");
    return file_save(path_join(x->arena, dir, "explanations.json"), text_view(&text), err);
}

static bool run(struct pipeline *pipeline, const char *dir, struct text *outcome, struct err *err)
{
    size_t memory = (size_t)config_number(pipeline->config, KEY_DATA_MEMORY_MB) << 20;
    CLEANUP(arena_release) struct arena arena = {.limit = memory};
    struct explanation x = {.pipeline = pipeline, .arena = &arena};
    if (!load(&x, err) || !explain(&x, err) || !write_all(&x, dir, err) ||
        !write_reasons(&x, dir, err))
        return false;
    text_adds(outcome, "most by");
    double total = 0;
    for (size_t i = 0; i < x.schema.count; i++)
        total += x.column[i].mean_abs;
    for (size_t i = 0; i < 3 && i < x.schema.count && x.column[i].mean_abs > 0; i++)
        text_addf(outcome, "%s " VIEW_FMT " %.0f %%", i > 0 ? "," : "", VIEW_ARG(x.column[i].name),
                  100 * x.column[i].mean_abs / total);
    return true;
}

const struct step step_explain = {
    .name = "explain",
    .about = "exact SHAP values of the test slice, by feature and by column",
    .writes = true,
    .check = check,
    .inputs = inputs,
    .run = run,
};
