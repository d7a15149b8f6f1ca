/*
 * train: the worker trains on the prepared matrix.
 *
 *     model.ubj        XGBoost's own
 *     training.json    parameters as told, rounds kept, cross-validation
 */
#include "base/doc.h"
#include "base/file.h"
#include "feature/plan.h"
#include "train/child.h"
#include "train/job.h"
#include "train/pipeline.h"

enum { DOCUMENT_SIZE_MAX = 64 << 20 };

/* ---------------------------------------------------------------- the worker's words */

struct listening {
    struct pipeline *pipeline;
    char last[256];
};

static void hear_progress(void *self, struct view line)
{
    struct listening *listening = self;
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 16};
    struct err ignored = {0};
    const struct doc *doc = doc_parse(line, &arena, &ignored);
    struct view text;
    size_t done, total;
    if (doc == NULL || !doc_need_text(doc, "text", &text, &ignored) ||
        !doc_need_count(doc, "done", INT32_MAX, &done, &ignored) ||
        !doc_need_count(doc, "total", INT32_MAX, &total, &ignored))
        return;
    snprintf(listening->last, sizeof listening->last, "%.*s", (int)text.length, text.text);
    pipeline_part(listening->pipeline, STEP_ID_train, listening->last, done, total);
}

static void keep_line(void *self, struct view line)
{
    struct listening *listening = self;
    snprintf(listening->last, sizeof listening->last, "%.*s", (int)line.length, line.text);
}

/* Which libxgboost the worker will open: part of what the model depends on. */
bool pipeline_library(struct pipeline *pipeline, struct err *err)
{
    if (pipeline->library.text != NULL)
        return true;
    struct listening listening = {.pipeline = pipeline};
    struct child_listener listener = {.line = keep_line, .self = &listening};
    if (!child_run(pipeline->program, "--probe", &listener, err))
        return false;
    const struct doc *doc = doc_parse(view_of(listening.last), pipeline->arena, err);
    return doc != NULL && doc_need_text(doc, "xgboost", &pipeline->library, err);
}

static bool inputs(struct pipeline *pipeline, struct digester *digester, struct err *err)
{
    if (!pipeline_library(pipeline, err))
        return false;
    const struct digest *prepared = &pipeline->output[STEP_ID_prepare];
    digest_add(digester, (struct view){(const char *)prepared->bytes, sizeof prepared->bytes});
    digest_add(digester, pipeline->library);
    config_digest(pipeline->config, "model", digester);
    config_digest(pipeline->config, "model.parameters", digester);
    return true;
}

/* ---------------------------------------------------------------- the job */

static bool read_prepared(struct pipeline *pipeline, struct schema *schema, struct plan *plan,
                          size_t *rows, size_t *frauds, struct err *err)
{
    struct arena *arena = pipeline->arena;
    const struct doc *doc = doc_load(pipeline_file(pipeline, STEP_ID_prepare, "schema.json"),
                                     DOCUMENT_SIZE_MAX, arena, err);
    if (doc == NULL || !schema_read(schema, doc, arena, err))
        return false;
    doc = doc_load(pipeline_file(pipeline, STEP_ID_prepare, "plan.json"), DOCUMENT_SIZE_MAX, arena,
                   err);
    if (doc == NULL || !plan_read(plan, schema, doc, arena, err))
        return false;
    doc = doc_load(pipeline_file(pipeline, STEP_ID_prepare, "prepared.json"), DOCUMENT_SIZE_MAX,
                   arena, err);
    const struct doc *slices = doc_find(doc, "slices"), *train = doc_find(slices, "train");
    return doc != NULL && doc_need_count(train, "rows", SIZE_MAX / 2, rows, err) &&
           doc_need_count(train, "frauds", SIZE_MAX / 2, frauds, err);
}

static bool write_job(struct pipeline *pipeline, const char *dir, const char **path,
                      struct err *err)
{
    const struct config *config = pipeline->config;
    struct schema schema;
    struct plan plan;
    size_t rows, frauds;
    if (!read_prepared(pipeline, &schema, &plan, &rows, &frauds, err))
        return false;
    bool parallel = view_is(config_text(config, KEY_MODEL_ALGORITHM), "random_forest");
    struct job job = {
        .prepared = view_of(pipeline->dir[STEP_ID_prepare]),
        .out = view_of(dir),
        .metric = config_text(config, KEY_MODEL_METRIC),
        .rounds = parallel ? 1 : config_count(config, KEY_MODEL_ROUNDS),
        .early_stopping = config_count(config, KEY_MODEL_STOPPING),
        .folds = config_count(config, KEY_MODEL_FOLDS),
        .feature_name = plan.width_name,
        .feature_count = plan.width,
    };
    if (!parameters_resolve(config, rows, frauds, pipeline->arena, &job.parameters, err))
        return false;
    struct text text = text_in_arena(pipeline->arena);
    struct json json = json_to(&text);
    job_write(&job, &json);
    if (text.cut)
        return err_set(err, ERR_LIMIT, "the job does not fit the memory limit");
    *path = path_join(pipeline->arena, dir, ".job.json");
    return file_save(*path, text_view(&text), err);
}

static bool say_outcome(struct pipeline *pipeline, const char *dir, struct text *outcome,
                        struct err *err)
{
    const struct doc *doc = doc_load(path_join(pipeline->arena, dir, "training.json"),
                                     DOCUMENT_SIZE_MAX, pipeline->arena, err);
    double rounds, mean, deviation;
    if (doc == NULL || !doc_need_number(doc, "rounds", &rounds, err))
        return false;
    text_addf(outcome, "XGBoost " VIEW_FMT ", %g round%s", VIEW_ARG(pipeline->library), rounds,
              rounds == 1 ? "" : "s");
    const struct doc *cv = doc_find(doc, "cross_validation");
    struct view metric;
    if (cv == NULL)
        return true;
    if (!doc_need_number(cv, "mean", &mean, err) || !doc_need_text(cv, "metric", &metric, err) ||
        !doc_need_number(cv, "standard_deviation", &deviation, err))
        return false;
    text_addf(outcome, "; %zu-fold " VIEW_FMT " %.4f, sd %.4f",
              (size_t)config_count(pipeline->config, KEY_MODEL_FOLDS), VIEW_ARG(metric), mean,
              deviation);
    return true;
}

static bool run(struct pipeline *pipeline, const char *dir, struct text *outcome, struct err *err)
{
    const char *job = NULL;
    struct listening listening = {.pipeline = pipeline};
    struct child_listener listener = {.line = hear_progress, .self = &listening};
    return write_job(pipeline, dir, &job, err) &&
           child_run(pipeline->program, job, &listener, err) && file_remove(job, err) &&
           say_outcome(pipeline, dir, outcome, err);
}

const struct step step_train = {
    .name = "train",
    .about = "cross-validate on the training rows, then train on all of them",
    .writes = true,
    .check = parameters_check,
    .inputs = inputs,
    .run = run,
};
