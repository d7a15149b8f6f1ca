/*
 * What the folds of the training rows say: each metric's mean and deviation over the folds.
 *
 * With a split by time the folds are prequential: each trains on what is older, less the label
 * delay, and is judged on the block after it.
 */
#include "base/doc.h"
#include "train/evaluation.h"
#include "train/npy.h"

#include <math.h>

enum { DOCUMENT_SIZE_MAX = 64 << 20 };

/* The training rows with the scores of the folds that held them out; `row` is in the past. */
struct held_out {
    struct npy fold, label, score, row;
    const double *weight; /* by row of the past; NULL: none are named */
};

static bool load(struct evaluation *e, struct held_out *out, size_t folds, struct err *err)
{
    const struct pipeline *p = e->pipeline;
    if (!npy_load(pipeline_file(p, STEP_ID_prepare, "folds.npy"), NPY_U1, e->arena, &out->fold,
                  err) ||
        !npy_load(pipeline_file(p, STEP_ID_prepare, "train_label.npy"), NPY_U1, e->arena,
                  &out->label, err) ||
        !npy_load(pipeline_file(p, STEP_ID_prepare, "train_row.npy"), NPY_U4, e->arena, &out->row,
                  err) ||
        !npy_load(pipeline_file(p, STEP_ID_train, "fold_score.npy"), NPY_F4, e->arena, &out->score,
                  err))
        return false;
    out->weight = e->beside.prepared.weight;
    return (out->fold.rows == folds && out->row.rows == out->label.rows &&
            out->fold.width == out->label.rows && out->score.rows == out->label.rows) ||
           err_set(err, ERR_INPUT, "the folds do not fit the training rows");
}

static bool measure_fold(const struct held_out *held, size_t fold, float threshold,
                         struct arena *arena, double *value, uint64_t count[2], struct err *err)
{
    size_t rows = held->label.rows;
    const uint8_t *role = (const uint8_t *)held->fold.value + fold * rows;
    const uint8_t *labels = held->label.value;
    const float *scores = held->score.value;
    float *score = arena_new(arena, float, rows);
    uint8_t *label = arena_new(arena, uint8_t, rows);
    double *weight = arena_new(arena, double, rows);
    const uint32_t *past_row = held->row.value;
    struct sample sample = {
        .score = score, .label = label, .weight = held->weight == NULL ? NULL : weight};
    struct ranking ranking;
    if (score == NULL || label == NULL || weight == NULL)
        return err_set(err, ERR_LIMIT, "the folds do not fit the memory limit");
    for (size_t i = 0; i < rows; i++)
        if (role[i] == FOLD_VALIDATES) {
            score[sample.count] = scores[i];
            weight[sample.count] = held->weight == NULL ? 1 : held->weight[past_row[i]];
            label[sample.count++] = labels[i];
        }
    if (!ranking_init(&ranking, sample, arena, err))
        return false;
    metrics_of(&ranking, threshold, value);
    count[0] = ranking.rows, count[1] = ranking.frauds;
    return true;
}

static void write_counts(const char *key, const uint64_t (*count)[2], size_t folds, int which,
                         struct json *json)
{
    json_key(json, key);
    json_open(json, '[');
    for (size_t f = 0; f < folds; f++)
        json_count(json, count[f][which]);
    json_close(json);
}

/* Mean and sample deviation over the folds; undefined in one fold is undefined. */
static void write_metric(const struct metric *metric, const double *value, size_t folds,
                         struct json *json)
{
    size_t index = metric_index_of(metric);
    double sum = 0, square = 0;
    for (size_t f = 0; f < folds; f++)
        sum += value[f * METRIC_COUNT + index];
    double mean = sum / (double)folds;
    for (size_t f = 0; f < folds; f++)
        square += pow(value[f * METRIC_COUNT + index] - mean, 2);
    json_key(json, metric->name);
    json_open(json, '{');
    json_key(json, "mean"), json_number(json, mean);
    json_key(json, "standard_deviation");
    json_number(json, sqrt(square / (double)(folds - 1)));
    json_key(json, "by_fold");
    json_open(json, '[');
    for (size_t f = 0; f < folds; f++)
        json_number(json, value[f * METRIC_COUNT + index]);
    json_close(json);
    json_close(json);
}

static bool write_metrics_of_folds(struct evaluation *e, size_t folds, struct json *json,
                                   struct err *err)
{
    struct held_out held;
    double *value = arena_new(e->arena, double, folds *METRIC_COUNT);
    uint64_t count[FOLDS_MAX][2];
    if (value == NULL)
        return err_set(err, ERR_LIMIT, "the folds do not fit the memory limit");
    if (!load(e, &held, folds, err))
        return false;
    for (size_t f = 0; f < folds; f++) {
        CLEANUP(arena_release) struct arena scratch = {.limit = e->arena->limit};
        if (!measure_fold(&held, f, e->policy.threshold, &scratch, value + f * METRIC_COUNT,
                          count[f], err))
            return false;
    }
    write_counts("rows", count, folds, 0, json);
    write_counts("frauds", count, folds, 1, json);
    json_key(json, "metrics");
    json_open(json, '{');
    for (size_t i = 0; i < METRIC_COUNT; i++)
        write_metric(metrics[i], value, folds, json);
    json_close(json);
    return true;
}

static bool write_folds(struct evaluation *e, struct json *json, struct err *err)
{
    const struct config *config = e->pipeline->config;
    const struct doc *training =
        doc_load(pipeline_file(e->pipeline, STEP_ID_train, "training.json"), DOCUMENT_SIZE_MAX,
                 e->arena, err);
    const struct doc *cv = doc_find(training, "cross_validation");
    struct view metric;
    enum split_kind kind = SPLIT_RANDOM;
    double mean, deviation;
    size_t folds;
    json_key(json, "cross_validation");
    if (training == NULL)
        return false;
    if (cv == NULL) {
        json_null(json);
        return true;
    }
    if (!doc_need_text(cv, "metric", &metric, err) || !doc_need_number(cv, "mean", &mean, err) ||
        !doc_need_number(cv, "standard_deviation", &deviation, err) ||
        !doc_need_count(cv, "folds", FOLDS_MAX, &folds, err))
        return false;
    json_open(json, '{');
    json_key(json, "scheme");
    split_kind_find(config_text(config, KEY_SPLIT_KIND), &kind);
    json_string(json, split_is_timed(kind)  ? "prequential"
                      : kind == SPLIT_GROUP ? "grouped"
                                            : "stratified");
    json_key(json, "slice"), json_string(json, "train");
    json_key(json, "threshold"), json_number(json, (double)e->policy.threshold);
    json_key(json, "metric"), json_text(json, metric);
    json_key(json, "folds"), json_count(json, folds);
    json_key(json, "mean"), json_number(json, mean);
    json_key(json, "standard_deviation"), json_number(json, deviation);
    static const char *const trained[] = {"mean", "standard_deviation", NULL};
    write_unweighted(e, trained, json);
    if (!write_metrics_of_folds(e, folds, json, err))
        return false;
    json_close(json);
    return true;
}

const struct figure figure_cross_validation = {"cross_validation", write_folds};
