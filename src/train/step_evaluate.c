/*
 * evaluate: what the model is worth, by our own scoring.
 *
 *     policy.json       the threshold, chosen on the validation slice
 *     evaluation.json   metrics of both slices; the test slice chose nothing
 *     metrics.json      the test slice's metrics by name, for gates and the registry
 */
#include "base/doc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/number.h"
#include "measure/metrics.h"
#include "measure/threshold.h"
#include "model/engine.h"
#include "model/xgboost.h"
#include "train/npy.h"
#include "train/pipeline.h"

enum { DOCUMENT_SIZE_MAX = 64 << 20, MODEL_SIZE_MAX = 1 << 30 };

/* One slice, scored. */
struct scored {
    const char *name;
    struct sample sample;
    struct ranking ranking;
    double metric[METRIC_COUNT];
    struct confusion confusion;
    struct digest digest; /* of the slice's matrix and labels */
};

struct evaluation {
    struct pipeline *pipeline;
    struct arena *arena;
    struct forest forest;
    struct engine engine;
    struct scored validation, test;
    float threshold;
    double threshold_f1; /* on the validation slice; best_f1 only */
    bool threshold_chosen;
};

static bool inputs(struct pipeline *pipeline, struct digester *digester, struct err *err UNUSED)
{
    static const enum step_id read[] = {STEP_ID_prepare, STEP_ID_train};
    for (size_t i = 0; i < LENGTH_OF(read); i++) {
        const struct digest *output = &pipeline->output[read[i]];
        digest_add(digester, (struct view){(const char *)output->bytes, sizeof output->bytes});
    }
    config_digest(pipeline->config, "decision", digester);
    return true;
}

static bool load_forest(struct evaluation *e, struct err *err)
{
    struct view bytes;
    if (!file_load(pipeline_file(e->pipeline, STEP_ID_train, "model.ubj"), MODEL_SIZE_MAX, e->arena,
                   &bytes, err))
        return false;
    if (!xgboost_parse(bytes, e->arena, &e->forest, err) ||
        !engine_build(&e->forest, NULL, e->arena, &e->engine, err))
        return err_while(err, "the model just trained");
    return true;
}

static bool score(struct evaluation *e, const char *slice, struct scored *out, struct err *err)
{
    char matrix_name[64], label_name[64];
    snprintf(matrix_name, sizeof matrix_name, "%s.npy", slice);
    snprintf(label_name, sizeof label_name, "%s_label.npy", slice);
    struct npy matrix, label;
    if (!npy_load(pipeline_file(e->pipeline, STEP_ID_prepare, matrix_name), NPY_F4, e->arena,
                  &matrix, err) ||
        !npy_load(pipeline_file(e->pipeline, STEP_ID_prepare, label_name), NPY_U1, e->arena, &label,
                  err))
        return false;
    if (matrix.width != e->forest.feature_count || label.rows != matrix.rows)
        return err_set(err, ERR_MODEL, "the model reads %zu features, the %s rows have %zu",
                       e->forest.feature_count, slice, matrix.width);
    float *scores = arena_new(e->arena, float, matrix.rows);
    if (scores == NULL)
        return err_set(err, ERR_LIMIT, "the scores do not fit the memory limit");
    engine_margins(&e->engine, matrix.value, matrix.rows, matrix.width, scores);
    for (size_t i = 0; i < matrix.rows; i++)
        scores[i] = forest_predict(&e->forest, scores[i]);
    struct digester digester;
    digester_open(&digester);
    digest_add(&digester, (struct view){matrix.value, matrix.rows * matrix.width * sizeof(float)});
    digest_add(&digester, (struct view){label.value, label.rows});
    *out = (struct scored){.name = slice, .digest = digest_end(&digester)};
    out->sample = (struct sample){.score = scores, .label = label.value, .count = matrix.rows};
    return ranking_init(&out->ranking, out->sample, e->arena, err);
}

/* A probability, when the rule is one; `chosen` when the validation slice is to choose. */
static bool read_rule(const struct config *config, bool *chosen, double *number, struct err *err)
{
    struct view rule = config_text(config, KEY_DECISION_THRESHOLD);
    *chosen = view_is(rule, "best_f1");
    if (*chosen || (number_parse(rule, number) && *number >= 0 && *number <= 1))
        return true;
    return err_set(err, ERR_INPUT,
                   "decision.threshold takes best_f1 or a probability from 0 to 1, not '" VIEW_FMT
                   "'",
                   VIEW_ARG(rule));
}

static bool check(const struct config *config, struct err *err)
{
    bool chosen;
    double number;
    return read_rule(config, &chosen, &number, err);
}

static bool choose_threshold(struct evaluation *e, struct err *err)
{
    double number;
    struct threshold best;
    if (!read_rule(e->pipeline->config, &e->threshold_chosen, &number, err))
        return false;
    if (!e->threshold_chosen) {
        e->threshold = (float)number;
        return true;
    }
    if (!threshold_best_f1(&e->validation.ranking, &best, err))
        return err_while(err, "choosing the threshold on the validation slice");
    e->threshold = best.score;
    e->threshold_f1 = best.f1;
    return true;
}

static void measure(struct evaluation *e, struct scored *scored)
{
    metrics_of(&scored->ranking, e->threshold, scored->metric);
    scored->confusion = confusion_at(&scored->sample, e->threshold);
}

/* ---------------------------------------------------------------- writing */

/* The layout of SageMaker's model-quality report: value and standard deviation by metric, and the
 * confusion matrix as actual -> predicted. */
static void write_metrics(const struct scored *scored, struct json *json)
{
    json_open(json, '{');
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        json_key(json, metrics[i]->name);
        json_open(json, '{');
        json_key(json, "value"), json_number(json, scored->metric[i]);
        json_close(json);
    }
    json_key(json, "confusion_matrix");
    json_open(json, '{');
    json_key(json, "0");
    json_open(json, '{');
    json_key(json, "0"), json_count(json, scored->confusion.true_negative);
    json_key(json, "1"), json_count(json, scored->confusion.false_positive);
    json_close(json);
    json_key(json, "1");
    json_open(json, '{');
    json_key(json, "0"), json_count(json, scored->confusion.false_negative);
    json_key(json, "1"), json_count(json, scored->confusion.true_positive);
    json_close(json);
    json_close(json);
    json_close(json);
}

static void write_slice(const struct scored *scored, struct json *json)
{
    char hex[DIGEST_HEX_SIZE];
    json_key(json, scored->name);
    json_open(json, '{');
    json_key(json, "rows"), json_count(json, scored->sample.count);
    json_key(json, "frauds"), json_count(json, scored->ranking.fraud);
    json_key(json, "sha256"), json_string(json, digest_print(&scored->digest, hex));
    json_key(json, "metrics"), write_metrics(scored, json);
    json_close(json);
}

static bool write_evaluation(const struct evaluation *e, struct text *text, struct err *err)
{
    struct json json = json_pretty_to(text);
    const struct doc *training =
        doc_load(pipeline_file(e->pipeline, STEP_ID_train, "training.json"), DOCUMENT_SIZE_MAX,
                 e->arena, err);
    if (training == NULL)
        return false;
    json_open(&json, '{');
    json_key(&json, "classification_metrics"), write_metrics(&e->test, &json);
    json_key(&json, "threshold");
    json_open(&json, '{');
    json_key(&json, "value"), json_number(&json, (double)e->threshold);
    json_key(&json, "chosen_on");
    json_string(&json, e->threshold_chosen ? "validation" : "configuration");
    if (e->threshold_chosen)
        json_key(&json, "f1_on_validation"), json_number(&json, e->threshold_f1);
    json_close(&json);
    json_key(&json, "slices");
    json_open(&json, '{');
    write_slice(&e->validation, &json);
    write_slice(&e->test, &json);
    json_close(&json);

    const struct doc *cv = doc_find(training, "cross_validation");
    struct view metric;
    double mean, deviation;
    size_t folds;
    if (cv != NULL) {
        if (!doc_need_text(cv, "metric", &metric, err) ||
            !doc_need_number(cv, "mean", &mean, err) ||
            !doc_need_number(cv, "standard_deviation", &deviation, err) ||
            !doc_need_count(cv, "folds", INT32_MAX, &folds, err))
            return false;
        json_key(&json, "cross_validation");
        json_open(&json, '{');
        json_key(&json, "metric"), json_text(&json, metric);
        json_key(&json, "folds"), json_count(&json, folds);
        json_key(&json, "mean"), json_number(&json, mean);
        json_key(&json, "standard_deviation"), json_number(&json, deviation);
        json_close(&json);
    }
    json_close(&json);
    return true;
}

static bool save(const struct evaluation *e, const char *dir, const char *name,
                 const struct text *text, struct err *err)
{
    if (text->cut)
        return err_set(err, ERR_LIMIT, "%s does not fit the memory limit", name);
    return file_save(path_join(e->arena, dir, name), text_view(text), err);
}

static bool write_all(const struct evaluation *e, const char *dir, struct err *err)
{
    struct text policy = text_in_arena(e->arena), metric = text_in_arena(e->arena);
    struct text report = text_in_arena(e->arena);
    struct json json = json_pretty_to(&policy);
    json_open(&json, '{');
    json_key(&json, "threshold"), json_number(&json, (double)e->threshold);
    json_close(&json);

    json = json_to(&metric);
    json_open(&json, '{');
    for (size_t i = 0; i < METRIC_COUNT; i++)
        json_key(&json, metrics[i]->name), json_number(&json, e->test.metric[i]);
    json_key(&json, "threshold"), json_number(&json, (double)e->threshold);
    json_close(&json);
    return write_evaluation(e, &report, err) && save(e, dir, "policy.json", &policy, err) &&
           save(e, dir, "metrics.json", &metric, err) &&
           save(e, dir, "evaluation.json", &report, err);
}

static bool run(struct pipeline *pipeline, const char *dir, struct text *outcome, struct err *err)
{
    size_t memory = (size_t)config_number(pipeline->config, KEY_DATA_MEMORY_MB) << 20;
    CLEANUP(arena_release) struct arena arena = {.limit = memory};
    struct evaluation e = {.pipeline = pipeline, .arena = &arena};
    if (!load_forest(&e, err) || !score(&e, "validation", &e.validation, err) ||
        !score(&e, "test", &e.test, err) || !choose_threshold(&e, err))
        return false;
    measure(&e, &e.validation);
    measure(&e, &e.test);
    if (!write_all(&e, dir, err))
        return false;
    text_addf(outcome, "test: ROC-AUC %.4f, PR-AUC %.4f (prevalence %.4f), F1 %.3f at %.4f",
              e.test.metric[METRIC_roc_auc], e.test.metric[METRIC_pr_auc],
              e.test.metric[METRIC_prevalence], e.test.metric[METRIC_f1], (double)e.threshold);
    return true;
}

const struct step step_evaluate = {
    .name = "evaluate",
    .about = "threshold on the validation slice, metrics on the test slice",
    .writes = true,
    .check = check,
    .inputs = inputs,
    .run = run,
};
