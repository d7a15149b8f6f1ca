/*
 * bias: whether the labels, and the decisions, fall on one group otherwise than on the rest.
 *
 *     bias.json     Clarify's analysis.json: by facet the metrics of the labels (training rows)
 *                   and of the decisions (test rows), at the threshold in force and, when the
 *                   budget is declared, at its alarms; with counts, rates, intervals and verdicts
 *
 * Facets come from bias.facets (train/bias_facets.h) and from Clarify's own analysis_config.json.
 * Their columns need not be ones that the model reads. Favourable is the label `data.negative`, and
 * a decision that flags nothing.
 */
#include "base/file.h"
#include "base/json.h"
#include "measure/bias_report.h"
#include "model/policy.h"
#include "train/bias_facets.h"
#include "train/npy.h"
#include "train/scored.h"

#include <math.h>

enum { DOCUMENT_SIZE_MAX = 64 << 20 };

struct analysis {
    struct pipeline *pipeline;
    struct arena *arena;
    struct bias_facets facets;
    struct beside beside; /* with the past itself */
    struct scored test;
    struct bias_told told;
};

static bool inputs(struct pipeline *pipeline, struct digester *digester, struct err *err)
{
    static const enum step_id read[] = {STEP_ID_prepare, STEP_ID_train, STEP_ID_evaluate};
    for (size_t i = 0; i < LENGTH_OF(read); i++) {
        const struct digest *output = &pipeline->output[read[i]];
        digest_add(digester, (struct view){(const char *)output->bytes, sizeof output->bytes});
    }
    config_digest(pipeline->config, "columns", digester);
    config_digest(pipeline->config, "bias", digester);
    config_digest(pipeline->config, "evaluation", digester);
    return bias_facets_digest(pipeline->config, digester, err);
}

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT,
                   "the facets do not fit the memory limit (data.memory_mb raises it)");
}

/* ---------------------------------------------------------------- rows */

/* The training rows' numbers and labels; the test rows are the scored ones. */
static bool labels_part(struct analysis *a, struct bias_part *part, struct err *err)
{
    const struct prepared *p = &a->beside.prepared;
    size_t rows = p->count[SLICE_TRAIN][0] + p->count[SLICE_TRAIN][1], at = 0;
    uint32_t *row = arena_new(a->arena, uint32_t, rows);
    uint8_t *observed = arena_new(a->arena, uint8_t, rows);
    if (row == NULL || observed == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < p->past.table.rows; i++) {
        if (p->slice[i] != SLICE_TRAIN)
            continue;
        row[at] = (uint32_t)i;
        observed[at++] = !p->past.label[i];
    }
    part->slice = "train";
    part->row = row;
    part->observed = observed;
    part->rows = rows;
    return true;
}

static bool threshold_point(struct analysis *a, struct bias_point *out, struct err *err)
{
    struct policy policy;
    const struct doc *doc = doc_load(pipeline_file(a->pipeline, STEP_ID_evaluate, "policy.json"),
                                     DOCUMENT_SIZE_MAX, a->arena, err);
    uint8_t *passes = arena_new(a->arena, uint8_t, a->test.count);
    if (doc == NULL || !policy_read(&policy, doc, a->arena, err))
        return false;
    if (passes == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < a->test.count; i++)
        passes[i] = !(a->test.stream.sample.score[i] >= policy.threshold);
    *out = (struct bias_point){
        .name = "threshold", .threshold = (double)policy.threshold, .passes = passes};
    return true;
}

/* Only when a budget is declared and the rows have a time, by which its periods are told. */
static bool budget_point(struct analysis *a, struct bias_part *part, struct bias_point *out,
                         struct err *err)
{
    const struct config *config = a->pipeline->config;
    size_t alarms = config_count(config, KEY_BUDGET_ALARMS);
    const struct scored *test = &a->test;
    if (alarms == 0 || test->stream.period == NULL)
        return true;
    uint8_t *passes = arena_new(a->arena, uint8_t, test->count);
    if (passes == NULL)
        return out_of_memory(err);
    *out = (struct bias_point){.name = "budget",
                               .alarms = alarms,
                               .period = config_text(config, KEY_BUDGET_PERIOD).text,
                               .passes = passes};
    part->points = 2;
    return bias_budget_passes(test->stream.sample.score, test->stream.period, test->count, alarms,
                              a->arena, passes, &out->threshold, err);
}

/* By feature, the column it is made of. */
static bool name_features(const struct analysis *a, struct bias_part *part, struct err *err)
{
    struct view *from = arena_new(a->arena, struct view, a->beside.prepared.plan.width);
    if (from == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < a->beside.prepared.plan.count; i++) {
        const struct feature *feature = &a->beside.prepared.plan.feature[i];
        for (uint32_t f = feature->first; f < feature->first + feature->width; f++)
            from[f] = a->beside.prepared.schema.column[feature->column].name;
    }
    part->feature = a->test.matrix;
    part->width = a->test.width;
    part->feature_from = from;
    return true;
}

static bool decisions_part(struct analysis *a, struct bias_part *part, struct bias_point *point,
                           struct err *err)
{
    uint8_t *observed = arena_new(a->arena, uint8_t, a->test.count);
    if (observed == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < a->test.count; i++)
        observed[i] = !a->test.stream.sample.label[i];
    part->after = true;
    part->slice = "test";
    part->row = a->test.row;
    part->rows = a->test.count;
    part->observed = observed;
    part->point = point;
    part->points = 1;
    return threshold_point(a, &point[0], err) && budget_point(a, part, &point[1], err) &&
           name_features(a, part, err);
}

/* ---------------------------------------------------------------- writing */

static bool write_part(struct analysis *a, bool after, struct json *json, struct err *err)
{
    const struct config *config = a->pipeline->config;
    struct bias_point point[BIAS_POINTS_MAX];
    struct bias_part part = {
        .label = config_text(config, KEY_DATA_LABEL),
        .favourable = config_text(config, KEY_DATA_NEGATIVE),
        .group = a->facets.group,
        .facets = &a->facets.list,
        .minima = {config_count(config, KEY_BIAS_MEMBERS_MIN),
                   config_count(config, KEY_BIAS_OUTCOMES_MIN),
                   config_count(config, KEY_BIAS_FLAGGED_MIN)},
        .methods = a->facets.method[after].names,
    };
    if (!a->facets.method[after].wanted)
        return true;
    return (after ? decisions_part(a, &part, point, err) : labels_part(a, &part, err)) &&
           bias_write_part(&part, json, a->arena->limit, &a->told, err);
}

static void write_unused(const struct bias_facets *facets, struct json *json)
{
    if (facets->unused_count == 0)
        return;
    json_key(json, "not_applied");
    json_open(json, '[');
    for (size_t i = 0; i < facets->unused_count; i++)
        json_text(json, facets->unused[i]);
    json_close(json);
}

static bool write_all(struct analysis *a, const char *dir, struct err *err)
{
    struct text text = text_in_arena(a->arena);
    struct json json = json_pretty_to(&text);
    json_open(&json, '{');
    json_key(&json, "version"), json_string(&json, "1.0");
    if (!write_part(a, false, &json, err) || !write_part(a, true, &json, err))
        return false;
    write_unused(&a->facets, &json);
    json_close(&json);
    if (text.cut)
        return err_set(err, ERR_LIMIT, "bias.json does not fit the memory limit");
    return file_save(path_join(a->arena, dir, "bias.json"), text_view(&text), err);
}

/* Without a facet nothing is read again: both parts are there and empty. */
static bool analyse(struct analysis *a, struct err *err)
{
    const struct pipeline *pipeline = a->pipeline;
    struct trained model;
    return beside_load(&a->beside, pipeline->config, true, a->arena, err) &&
           bias_facets_load(&a->facets, pipeline->config, &a->beside.prepared, a->arena, err) &&
           trained_load(&model, pipeline, a->arena, err) &&
           scored_load(&a->test, "test", pipeline, &model, &a->beside, a->arena, err);
}

static bool run(struct pipeline *pipeline, const char *dir, struct text *outcome, struct err *err)
{
    size_t memory = (size_t)config_number(pipeline->config, KEY_DATA_MEMORY_MB) << 20;
    CLEANUP(arena_release) struct arena arena = {.limit = memory};
    struct analysis *a = arena_new(&arena, struct analysis, 1);
    if (a == NULL)
        return out_of_memory(err);
    a->pipeline = pipeline;
    a->arena = &arena;
    if (!bias_facets_are_declared(pipeline->config)) {
        text_adds(outcome, "no facet is declared (bias.facets)");
        return file_save(path_join(&arena, dir, "bias.json"),
                         VIEW("{\n  \"version\": \"1.0\"\n}\n"), err);
    }
    if (!analyse(a, err) || !write_all(a, dir, err))
        return false;
    text_addf(outcome, "%zu facets: %zu too small, %zu vacuous", a->told.facets, a->told.too_small,
              a->told.vacuous);
    return true;
}

const struct step step_bias = {
    .name = "bias",
    .about = "labels and decisions by the groups under bias.facets",
    .writes = true,
    .check = bias_facets_check,
    .inputs = inputs,
    .run = run,
};
