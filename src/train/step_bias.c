/*
 * bias: whether the labels, and the decisions at the deployed threshold, fall on one group
 * otherwise than on the rest.
 *
 *     bias.json     Clarify's analysis.json: by facet the metrics of the labels (training rows)
 *                   and of the decisions (test rows), with counts, intervals and caveats besides
 *
 * A facet is a column's value, or the rows from a number on; the column need not be one that the
 * model reads. Favourable is the label `data.negative`, and a decision that flags nothing.
 */
#include "base/doc.h"
#include "base/file.h"
#include "base/number.h"
#include "measure/bias.h"
#include "model/engine.h"
#include "model/xgboost.h"
#include "train/npy.h"
#include "train/pipeline.h"
#include "train/prepared.h"

#include <math.h>

enum { DOCUMENT_SIZE_MAX = 64 << 20, MODEL_SIZE_MAX = 1 << 30, FACETS_MAX = 64 };

struct facet {
    struct view column, value;
    double from; /* NaN: by value */
    uint32_t index;
};

struct analysis {
    struct pipeline *pipeline;
    struct arena *arena;
    struct prepared prepared;
    struct facet facet[FACETS_MAX];
    size_t facets;
    uint32_t *group; /* by row of the table, or NULL */
    size_t groups;
    uint8_t *flagged; /* by row of the table, of the test slice */
    size_t vacuous;
};

static bool inputs(struct pipeline *pipeline, struct digester *digester, struct err *err UNUSED)
{
    static const enum step_id read[] = {STEP_ID_prepare, STEP_ID_train, STEP_ID_evaluate};
    for (size_t i = 0; i < LENGTH_OF(read); i++) {
        const struct digest *output = &pipeline->output[read[i]];
        digest_add(digester, (struct view){(const char *)output->bytes, sizeof output->bytes});
    }
    config_digest(pipeline->config, "columns", digester);
    config_digest(pipeline->config, "bias", digester);
    return true;
}

/* ---------------------------------------------------------------- facets */

static bool read_facet(const struct config *config, const struct yaml *item, struct facet *out,
                       struct err *err)
{
    *out = (struct facet){
        .column = config_item_text(item, KEY_BIAS_FACET_COLUMN),
        .value = config_item_text(item, KEY_BIAS_FACET_VALUE),
        .from = config_item_number(item, KEY_BIAS_FACET_FROM),
    };
    if (out->column.length == 0)
        return config_wrong(config, item, err, "a facet names its column");
    if ((out->value.length > 0) == !isnan(out->from))
        return config_wrong(config, item, err,
                            "a facet is a `value` of its column, or its numbers `from` one on");
    return true;
}

static bool read_facets(const struct config *config, struct facet *facet, size_t *count,
                        struct err *err)
{
    const struct yaml *list = config_node(config, "bias.facets");
    *count = 0;
    for (const struct yaml *item = list == NULL ? NULL : list->first; item != NULL;
         item = item->next) {
        if (*count == FACETS_MAX)
            return config_wrong(config, item, err, "at most %d facets", FACETS_MAX);
        if (!read_facet(config, item, &facet[(*count)++], err))
            return false;
    }
    return true;
}

static bool check(const struct config *config, struct err *err)
{
    struct facet facet[FACETS_MAX];
    size_t count;
    return read_facets(config, facet, &count, err);
}

static bool find_column(const struct analysis *a, const char *key, struct view name, uint32_t *out,
                        struct err *err)
{
    const struct prepared *p = &a->prepared;
    *out = dictionary_find(&p->schema.names, name);
    if (*out != DICTIONARY_NONE && p->past.table.series[*out].present)
        return true;
    return err_set(err, ERR_INPUT, "%s: '" VIEW_FMT "' is no column of the data", key,
                   VIEW_ARG(name));
}

static bool is_member(const struct analysis *a, const struct facet *facet, size_t row)
{
    const struct table *table = &a->prepared.past.table;
    char number[32];
    if (!isnan(facet->from)) {
        const double *value = table->series[facet->index].number;
        return value != NULL && value[row] >= facet->from;
    }
    struct view text = table_text(table, facet->index, row, number);
    return text.text != NULL && view_same(text, facet->value);
}

static bool take_groups(struct analysis *a, struct err *err)
{
    struct view name = config_text(a->pipeline->config, KEY_BIAS_GROUP);
    const struct table *table = &a->prepared.past.table;
    uint32_t column;
    if (name.length == 0)
        return true;
    struct dictionary values = dictionary_in(a->arena);
    a->group = arena_new(a->arena, uint32_t, table->rows);
    if (!find_column(a, "bias.group", name, &column, err))
        return false;
    for (size_t i = 0; a->group != NULL && i < table->rows; i++) {
        char number[32];
        struct view text = table_text(table, column, i, number);
        if (!dictionary_add(&values, text.text == NULL ? VIEW("") : text, &a->group[i]))
            a->group = NULL;
    }
    a->groups = values.count;
    return a->group != NULL || err_set(err, ERR_LIMIT, "the groups do not fit the memory limit");
}

/* ---------------------------------------------------------------- decisions */

static bool decide_test(struct analysis *a, struct err *err)
{
    struct pipeline *pipeline = a->pipeline;
    struct view bytes;
    struct forest forest;
    struct engine engine;
    struct npy matrix, row;
    double threshold;
    const struct doc *policy = doc_load(pipeline_file(pipeline, STEP_ID_evaluate, "policy.json"),
                                        DOCUMENT_SIZE_MAX, a->arena, err);
    if (policy == NULL || !doc_need_number(policy, "threshold", &threshold, err) ||
        !file_load(pipeline_file(pipeline, STEP_ID_train, "model.ubj"), MODEL_SIZE_MAX, a->arena,
                   &bytes, err) ||
        !xgboost_parse(bytes, a->arena, &forest, err) ||
        !engine_build(&forest, NULL, a->arena, &engine, err) ||
        !npy_load(pipeline_file(pipeline, STEP_ID_prepare, "test.npy"), NPY_F4, a->arena, &matrix,
                  err) ||
        !npy_load(pipeline_file(pipeline, STEP_ID_prepare, "test_row.npy"), NPY_U4, a->arena, &row,
                  err))
        return false;
    float *margin = arena_new(a->arena, float, matrix.rows);
    a->flagged = arena_new(a->arena, uint8_t, a->prepared.past.table.rows);
    if (margin == NULL || a->flagged == NULL)
        return err_set(err, ERR_LIMIT, "the decisions do not fit the memory limit");
    if (matrix.width != forest.feature_count || row.rows != matrix.rows)
        return err_set(err, ERR_MODEL, "the model reads %zu features, the test rows have %zu",
                       forest.feature_count, matrix.width);
    engine_margins(&engine, matrix.value, matrix.rows, matrix.width, margin);
    const uint32_t *from = row.value;
    for (size_t i = 0; i < matrix.rows; i++) {
        assert(from[i] < a->prepared.past.table.rows);
        a->flagged[from[i]] = forest_predict(&forest, margin[i]) >= (float)threshold;
    }
    return true;
}

/* ---------------------------------------------------------------- writing */

static bool count_facet(struct analysis *a, const struct facet *facet, bool after,
                        struct bias_table *out, struct err *err)
{
    const struct prepared *p = &a->prepared;
    CLEANUP(arena_release) struct arena scratch = {.limit = a->arena->limit};
    size_t rows = p->past.table.rows, count = 0;
    enum slice slice = after ? SLICE_TEST : SLICE_TRAIN;
    uint8_t *member = arena_new(&scratch, uint8_t, rows);
    uint8_t *label = arena_new(&scratch, uint8_t, rows);
    uint8_t *decision = arena_new(&scratch, uint8_t, rows);
    uint32_t *group = arena_new(&scratch, uint32_t, rows);
    if (member == NULL || label == NULL || decision == NULL || group == NULL)
        return err_set(err, ERR_LIMIT, "the facets do not fit the memory limit");
    for (size_t i = 0; i < rows; i++) {
        if (p->slice[i] != slice)
            continue;
        member[count] = is_member(a, facet, i);
        label[count] = !p->past.label[i];
        decision[count] = !a->flagged[i];
        group[count++] = a->group == NULL ? 0 : a->group[i];
    }
    struct bias_sample sample = {
        .observed = label,
        .predicted = after ? decision : NULL,
        .member = member,
        .group = a->group == NULL ? NULL : group,
        .groups = a->groups,
        .count = count,
    };
    return bias_count(&sample, out, &scratch, err);
}

static void write_number(struct json *json, const char *key, double value)
{
    json_key(json, key);
    if (isinf(value))
        json_string(json, value > 0 ? "Infinity" : "-Infinity");
    else
        json_number(json, value);
}

static void write_metric(const struct bias *bias, const struct bias_table *table, struct json *json)
{
    struct bias_value value = bias_of(bias, table);
    json_open(json, '{');
    json_key(json, "name"), json_string(json, bias->name);
    json_key(json, "description"), json_string(json, bias->description);
    write_number(json, "value", value.value);
    if (value.why != NULL)
        json_key(json, "error"), json_string(json, value.why);
    if (!isnan(value.low)) {
        json_key(json, "interval_95");
        json_open(json, '[');
        json_number(json, value.low), json_number(json, value.high);
        json_close(json);
    }
    json_close(json);
}

static void write_counts(const struct bias_table *table, struct json *json)
{
    static const char *const facet[] = {"rest", "facet"};
    json_key(json, "counts");
    json_open(json, '{');
    for (int f = 0; f < 2; f++) {
        const uint64_t(*n)[2] = table->n[f];
        json_key(json, facet[f]);
        json_open(json, '{');
        json_key(json, "members"), json_count(json, n[0][0] + n[0][1] + n[1][0] + n[1][1]);
        json_key(json, "frauds"), json_count(json, n[0][0] + n[0][1]);
        if (table->predicts) {
            json_key(json, "flagged"), json_count(json, n[0][0] + n[1][0]);
            json_key(json, "good_flagged"), json_count(json, n[1][0]);
            json_key(json, "frauds_passed"), json_count(json, n[0][1]);
        }
        json_close(json);
    }
    json_close(json);
}

static bool write_facet(struct analysis *a, const struct facet *facet, bool after,
                        struct json *json, struct err *err)
{
    struct bias_table table;
    char digits[NUMBER_SIZE];
    if (!count_facet(a, facet, after, &table, err))
        return false;
    const char *caveat = bias_caveat(&table);
    a->vacuous += after && caveat != NULL;
    json_open(json, '{');
    json_key(json, "value_or_threshold");
    if (isnan(facet->from))
        json_text(json, facet->value);
    else
        json_text(json, (struct view){digits, number_print(facet->from, digits)});
    write_counts(&table, json);
    if (caveat != NULL)
        json_key(json, "caveat"), json_string(json, caveat);
    json_key(json, "metrics");
    json_open(json, '[');
    for (size_t i = 0; i < biases_count; i++)
        if (biases[i]->after == after)
            write_metric(biases[i], &table, json);
    json_close(json);
    json_close(json);
    return true;
}

static bool is_first_of_column(const struct analysis *a, size_t facet)
{
    for (size_t i = 0; i < facet; i++)
        if (view_same(a->facet[i].column, a->facet[facet].column))
            return false;
    return true;
}

/* All facets that one column makes, as a list under its name. */
static bool write_column(struct analysis *a, size_t first, bool after, struct json *json,
                         struct err *err)
{
    json_key_view(json, a->facet[first].column);
    json_open(json, '[');
    for (size_t i = first; i < a->facets; i++)
        if (view_same(a->facet[i].column, a->facet[first].column) &&
            !write_facet(a, &a->facet[i], after, json, err))
            return false;
    json_close(json);
    return true;
}

static bool write_part(struct analysis *a, bool after, struct json *json, struct err *err)
{
    const struct config *config = a->pipeline->config;
    json_key(json, after ? "post_training_bias_metrics" : "pre_training_bias_metrics");
    json_open(json, '{');
    json_key(json, "label"), json_text(json, config_text(config, KEY_DATA_LABEL));
    json_key(json, "label_value_or_threshold");
    json_text(json, config_text(config, KEY_DATA_NEGATIVE));
    json_key(json, "slice"), json_string(json, after ? "test" : "train");
    json_key(json, "facets");
    json_open(json, '{');
    for (size_t i = 0; i < a->facets; i++)
        if (is_first_of_column(a, i) && !write_column(a, i, after, json, err))
            return false;
    json_close(json);
    json_close(json);
    return true;
}

static bool write_all(struct analysis *a, const char *dir, struct err *err)
{
    struct text text = text_in_arena(a->arena);
    struct json json = json_pretty_to(&text);
    json_open(&json, '{');
    json_key(&json, "version"), json_string(&json, "1.0");
    if (!write_part(a, false, &json, err) || !write_part(a, true, &json, err))
        return false;
    json_close(&json);
    if (text.cut)
        return err_set(err, ERR_LIMIT, "bias.json does not fit the memory limit");
    return file_save(path_join(a->arena, dir, "bias.json"), text_view(&text), err);
}

static bool analyse(struct analysis *a, struct err *err)
{
    if (!read_facets(a->pipeline->config, a->facet, &a->facets, err))
        return false;
    if (a->facets == 0)
        return true;
    if (!prepared_load(&a->prepared, a->pipeline->config, a->arena, err) || !take_groups(a, err) ||
        !decide_test(a, err))
        return false;
    for (size_t i = 0; i < a->facets; i++)
        if (!find_column(a, "bias.facets", a->facet[i].column, &a->facet[i].index, err))
            return false;
    return true;
}

static bool run(struct pipeline *pipeline, const char *dir, struct text *outcome, struct err *err)
{
    size_t memory = (size_t)config_number(pipeline->config, KEY_DATA_MEMORY_MB) << 20;
    CLEANUP(arena_release) struct arena arena = {.limit = memory};
    struct analysis a = {.pipeline = pipeline, .arena = &arena};
    if (!analyse(&a, err) || !write_all(&a, dir, err))
        return false;
    if (a.facets == 0)
        text_adds(outcome, "no facet is declared (bias.facets)");
    else
        text_addf(outcome, "%zu facets, of which %zu say nothing of the decisions", a.facets,
                  a.vacuous);
    return true;
}

const struct step step_bias = {
    .name = "bias",
    .about = "labels and decisions by the groups under bias.facets",
    .writes = true,
    .check = check,
    .inputs = inputs,
    .run = run,
};
