/*
 * prepare: past records become the three slices' matrices.
 *
 *     schema.json, plan.json           what the bundle will hold
 *     train.npy, validation.npy, test.npy, and *_label.npy, *_row.npy
 *     folds.npy                        for cross-validation
 *     golden.json                      records the bundle tests itself with
 *     statistics.json, constraints.json   what the training rows looked like, for drift
 *     reference.json               some of the rows, for drift
 *     prepared.json                    counts, the joins' audit, the files' digests
 */
#include "base/file.h"
#include "model/golden.h"
#include "train/baseline.h"
#include "train/npy.h"
#include "train/parameter.h"
#include "train/pipeline.h"
#include "train/prepared.h"
#include "train/reference.h"

#include <math.h>

enum { ROWS_A_REPORT = 50000, GOLDEN_ROWS = 64, GOLDEN_FRAUDS = 16 };

/* All of one preparation. */
struct preparation {
    struct pipeline *pipeline;
    struct arena *arena;
    const char *dir;
    size_t memory;
    struct prepared prepared;
};

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT,
                   "the data does not fit the memory limit (data.memory_mb raises it)");
}

/* ---------------------------------------------------------------- inputs */

static bool check(const struct config *config, struct err *err)
{
    return past_is_named(config, err) && prepared_names_declared(config, err);
}

static bool digest_file(struct pipeline *pipeline, struct view path, struct digester *digester,
                        struct err *err)
{
    struct digest digest;
    char hex[DIGEST_HEX_SIZE];
    if (!digest_of_file(config_path_of(pipeline->config, path), &digest, err))
        return false;
    digest_add(digester, view_of(digest_print(&digest, hex)));
    return true;
}

static bool inputs(struct pipeline *pipeline, struct digester *digester, struct err *err)
{
    static const char *const sections[] = {
        "data.label", "data.positive", "data.negative",          "columns",         "features",
        "split",      "model.folds",   "monitor.reference_rows", "data.newest_days"};
    const struct config *config = pipeline->config;
    if (!digest_file(pipeline, config_text(config, KEY_DATA_FILE), digester, err))
        return false;
    const struct yaml *joins = config_node(config, "data.join");
    for (const struct yaml *join = joins == NULL ? NULL : joins->first; join != NULL;
         join = join->next) {
        digest_add(digester, config_item_text(join, KEY_JOIN_ON));
        digest_add(digester, config_item_text(join, KEY_JOIN_FAN_OUT));
        if (!digest_file(pipeline, config_item_text(join, KEY_JOIN_FILE), digester, err))
            return false;
    }
    for (size_t i = 0; i < LENGTH_OF(sections); i++)
        config_digest(config, sections[i], digester);
    prepared_names_digest(config, digester);
    return true;
}

/* ---------------------------------------------------------------- writing */

static const char *file_named(struct preparation *p, const char *slice, const char *suffix)
{
    char name[64];
    snprintf(name, sizeof name, "%s%s.npy", slice, suffix);
    return path_join(p->arena, p->dir, name);
}

static bool write_slice(struct preparation *p, enum slice slice, struct record *record,
                        struct err *err)
{
    CLEANUP(arena_release) struct arena scratch = {.limit = p->memory};
    size_t rows = p->prepared.count[slice][0] + p->prepared.count[slice][1], at = 0;
    float *value = arena_new(&scratch, float, rows * p->prepared.plan.width);
    uint8_t *label = arena_new(&scratch, uint8_t, rows);
    uint32_t *source = arena_new(&scratch, uint32_t, rows);
    if (value == NULL || label == NULL || source == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < p->prepared.past.table.rows; i++) {
        if (p->prepared.slice[i] != slice)
            continue;
        if (!table_record(&p->prepared.past.table, i, record, err))
            return false;
        feature_apply(&p->prepared.plan, record, value + at * p->prepared.plan.width);
        label[at] = p->prepared.past.label[i];
        source[at++] = (uint32_t)i;
        if (at % ROWS_A_REPORT == 0)
            pipeline_part(p->pipeline, STEP_ID_prepare, slice_name(slice), at, rows);
    }
    const char *name = slice_name(slice);
    struct npy matrix = {NPY_F4, rows, p->prepared.plan.width, value};
    struct npy labels = {NPY_U1, rows, 0, label}, sources = {NPY_U4, rows, 0, source};
    return npy_save(file_named(p, name, ""), &matrix, err) &&
           npy_save(file_named(p, name, "_label"), &labels, err) &&
           npy_save(file_named(p, name, "_row"), &sources, err);
}

/* Folds of the training rows alone. */
static bool write_folds(struct preparation *p, struct err *err)
{
    size_t folds = config_count(p->pipeline->config, KEY_MODEL_FOLDS);
    if (folds < 2)
        return true;
    CLEANUP(arena_release) struct arena scratch = {.limit = p->memory};
    size_t rows = p->prepared.count[SLICE_TRAIN][0] + p->prepared.count[SLICE_TRAIN][1], at = 0;
    uint8_t *label = arena_new(&scratch, uint8_t, rows);
    double *time_ms = arena_new(&scratch, double, rows);
    uint32_t *group = arena_new(&scratch, uint32_t, rows);
    uint8_t *fold = arena_new(&scratch, uint8_t, rows * folds);
    if (label == NULL || time_ms == NULL || group == NULL || fold == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < p->prepared.past.table.rows; i++) {
        if (!p->prepared.wanted[i])
            continue;
        label[at] = p->prepared.past.label[i];
        time_ms[at] = p->prepared.time_ms == NULL ? 0 : p->prepared.time_ms[i];
        group[at++] = p->prepared.group == NULL ? 0 : p->prepared.group[i];
    }
    struct split_rows these = {.count = rows,
                               .label = label,
                               .time_ms = time_ms,
                               .group = group,
                               .group_count = p->prepared.groups};
    if (!split_folds(&p->prepared.split, &these, folds, fold, &scratch, err))
        return false;
    struct npy array = {NPY_U1, folds, rows, fold};
    return npy_save(file_named(p, "folds", ""), &array, err);
}

/* Test rows at even distances, and the first frauds among them. */
static bool is_golden(const struct preparation *p, size_t row, size_t *seen, size_t *frauds)
{
    if (p->prepared.slice[row] != SLICE_TEST)
        return false;
    size_t rows = p->prepared.count[SLICE_TEST][0] + p->prepared.count[SLICE_TEST][1];
    size_t stride = rows / GOLDEN_ROWS + 1;
    bool even = (*seen)++ % stride == 0;
    bool fraud = p->prepared.past.label[row] && *frauds < GOLDEN_FRAUDS;
    *frauds += fraud;
    return even || fraud;
}

static bool write_golden(struct preparation *p, struct record *record, struct err *err)
{
    struct text text = text_in_arena(p->arena);
    struct json json = json_to(&text);
    size_t seen = 0, frauds = 0;
    json_open(&json, '[');
    for (size_t i = 0; i < p->prepared.past.table.rows; i++) {
        if (!is_golden(p, i, &seen, &frauds))
            continue;
        if (!table_record(&p->prepared.past.table, i, record, err))
            return false;
        golden_write_record(record, &json);
    }
    json_close(&json);
    if (text.cut)
        return out_of_memory(err);
    return file_save(path_join(p->arena, p->dir, "golden.json"), text_view(&text), err);
}

static void write_audit(const struct join_audit *audit, struct json *json)
{
    json_open(json, '{');
    json_key(json, "left_rows"), json_count(json, audit->left_rows);
    json_key(json, "right_rows"), json_count(json, audit->right_rows);
    json_key(json, "rows"), json_count(json, audit->rows);
    json_key(json, "left_keys"), json_count(json, audit->left_keys);
    json_key(json, "right_keys"), json_count(json, audit->right_keys);
    json_key(json, "unmatched_left"), json_count(json, audit->unmatched_left);
    json_key(json, "unused_right"), json_count(json, audit->unused_right);
    json_key(json, "repeated_right"), json_count(json, audit->repeated_right);
    json_close(json);
}

static bool write_digest_of(struct preparation *p, struct view file, struct json *json,
                            struct err *err)
{
    struct digest digest;
    char hex[DIGEST_HEX_SIZE];
    if (!digest_of_file(config_path_of(p->pipeline->config, file), &digest, err))
        return false;
    json_string(json, digest_print(&digest, hex));
    return true;
}

static double trained_until(const struct prepared *p)
{
    double until = -(double)INFINITY;
    for (size_t i = 0; i < p->past.table.rows; i++)
        if (p->wanted[i])
            until = fmax(until, p->time_ms[i]);
    return until;
}

static bool write_prepared(struct preparation *p, struct err *err)
{
    const struct config *config = p->pipeline->config;
    struct text text = text_in_arena(p->arena);
    struct json json = json_pretty_to(&text);
    json_open(&json, '{');
    json_key(&json, "rows"), json_count(&json, p->prepared.past.table.rows);
    json_key(&json, "features"), json_count(&json, p->prepared.plan.width);
    if (p->prepared.time_ms != NULL)
        json_key(&json, "trained_until_ms"), json_number(&json, trained_until(&p->prepared));
    json_key(&json, "data_sha256");
    json_open(&json, '[');
    if (!write_digest_of(p, config_text(config, KEY_DATA_FILE), &json, err))
        return false;
    const struct yaml *joins = config_node(config, "data.join");
    for (const struct yaml *join = joins == NULL ? NULL : joins->first; join != NULL;
         join = join->next)
        if (!write_digest_of(p, config_item_text(join, KEY_JOIN_FILE), &json, err))
            return false;
    json_close(&json);
    json_key(&json, "joins");
    json_open(&json, '[');
    for (size_t i = 0; i < p->prepared.past.joins; i++)
        write_audit(&p->prepared.past.join[i].audit, &json);
    json_close(&json);
    json_key(&json, "slices");
    json_open(&json, '{');
    for (int s = 0; s < SLICE_COUNT; s++) {
        json_key(&json, slice_name((enum slice)s));
        json_open(&json, '{');
        json_key(&json, "rows"),
            json_count(&json, p->prepared.count[s][0] + p->prepared.count[s][1]);
        json_key(&json, "frauds"), json_count(&json, p->prepared.count[s][1]);
        json_close(&json);
    }
    json_close(&json);
    json_close(&json);
    if (text.cut)
        return out_of_memory(err);
    return file_save(path_join(p->arena, p->dir, "prepared.json"), text_view(&text), err);
}

static bool write_unit(struct preparation *p, const char *name,
                       void (*write)(const struct preparation *, struct json *), struct err *err)
{
    struct text text = text_in_arena(p->arena);
    struct json json = json_pretty_to(&text);
    write(p, &json);
    if (text.cut)
        return out_of_memory(err);
    return file_save(path_join(p->arena, p->dir, name), text_view(&text), err);
}

static bool write_baseline(struct preparation *p, const char *name,
                           bool (*write)(const struct prepared *, struct arena *, struct json *,
                                         struct err *),
                           struct err *err)
{
    struct text text = text_in_arena(p->arena);
    struct json json = json_pretty_to(&text);
    if (!write(&p->prepared, p->arena, &json, err))
        return false;
    if (text.cut)
        return out_of_memory(err);
    return file_save(path_join(p->arena, p->dir, name), text_view(&text), err);
}

static bool write_reference(struct preparation *p, struct err *err)
{
    struct text text = text_in_arena(p->arena);
    struct json json = json_to(&text);
    size_t rows = config_count(p->pipeline->config, KEY_MONITOR_REFERENCE);
    if (!reference_write(&p->prepared, rows, p->arena, &json, err))
        return false;
    if (text.cut)
        return out_of_memory(err);
    return file_save(path_join(p->arena, p->dir, "reference.json"), text_view(&text), err);
}

static void write_schema(const struct preparation *p, struct json *json)
{
    schema_write(&p->prepared.schema, json);
}

static void write_plan(const struct preparation *p, struct json *json)
{
    plan_write(&p->prepared.plan, json);
}

static bool write_all(struct preparation *p, struct err *err)
{
    struct cell *cell = arena_new(p->arena, struct cell, p->prepared.schema.count);
    if (cell == NULL)
        return out_of_memory(err);
    struct record record = {.schema = &p->prepared.schema, .cell = cell};
    for (int s = 0; s < SLICE_NONE; s++)
        if (!write_slice(p, (enum slice)s, &record, err))
            return false;
    return write_folds(p, err) && write_golden(p, &record, err) && write_prepared(p, err) &&
           write_unit(p, "schema.json", write_schema, err) &&
           write_unit(p, "plan.json", write_plan, err) &&
           write_baseline(p, "statistics.json", baseline_statistics, err) &&
           write_baseline(p, "constraints.json", baseline_constraints, err) &&
           write_reference(p, err);
}

static bool run(struct pipeline *pipeline, const char *dir, struct text *outcome, struct err *err)
{
    size_t memory = (size_t)config_number(pipeline->config, KEY_DATA_MEMORY_MB) << 20;
    CLEANUP(arena_release) struct arena arena = {.limit = memory};
    struct preparation p = {.pipeline = pipeline, .arena = &arena, .dir = dir, .memory = memory};
    if (!prepared_load(&p.prepared, pipeline->config, &arena, err) || !write_all(&p, err))
        return false;
    text_addf(outcome, "%zu rows, %zu features;", p.prepared.past.table.rows,
              p.prepared.plan.width);
    for (int s = 0; s < SLICE_NONE; s++)
        text_addf(outcome, " %s %zu/%zu", slice_name((enum slice)s),
                  p.prepared.count[s][0] + p.prepared.count[s][1], p.prepared.count[s][1]);
    if (p.prepared.count[SLICE_NONE][0] + p.prepared.count[SLICE_NONE][1] > 0)
        text_addf(outcome, " (left out %zu)",
                  p.prepared.count[SLICE_NONE][0] + p.prepared.count[SLICE_NONE][1]);
    return true;
}

const struct step step_prepare = {
    .name = "prepare",
    .about = "read, join, check, split; fit the features on the training rows",
    .writes = true,
    .check = check,
    .inputs = inputs,
    .run = run,
};
