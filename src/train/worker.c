#include "train/worker.h"

#include "base/file.h"
#include "base/number.h"
#include "data/split.h"
#include "measure/metrics.h"
#include "train/job.h"
#include "train/xgb.h"

#include <math.h>

enum { JOB_SIZE_MAX = 64 << 20, JSON_LINE_MAX = 1024 };

/* The training rows and what is made of them. */
struct work {
    struct arena arena;
    struct job job;
    struct npy row;   /* float [n][width] */
    struct npy label; /* uint8 [n] */
    struct npy fold;  /* uint8 [folds][n] */
    float *label_float;
};

static void say(const char *text, size_t done, size_t total)
{
    char bytes[JSON_LINE_MAX];
    struct text line = text_in(bytes, sizeof bytes);
    struct json json = json_to(&line);
    json_open(&json, '{');
    json_key(&json, "text"), json_string(&json, text);
    json_key(&json, "done"), json_count(&json, done);
    json_key(&json, "total"), json_count(&json, total);
    json_close(&json);
    text_addc(&line, '\n');
    fwrite(line.bytes, 1, line.length, stdout);
    fflush(stdout);
}

static bool load(struct work *work, struct view from, const char *name, enum npy_type type,
                 struct npy *out, struct err *err)
{
    const char *dir = view_copy(from, &work->arena);
    return npy_load(path_join(&work->arena, dir, name), type, &work->arena, out, err);
}

static bool load_rows(struct work *work, struct err *err)
{
    if (!load(work, work->job.prepared, "train.npy", NPY_F4, &work->row, err) ||
        !load(work, work->job.prepared, "train_label.npy", NPY_U1, &work->label, err))
        return false;
    size_t rows = work->row.rows;
    if (work->row.width != work->job.feature_count || work->label.rows != rows)
        return err_set(err, ERR_INPUT, "the prepared arrays do not fit each other");
    if (work->job.folds >= 2) {
        struct view from = work->job.fold_dir.length > 0 ? work->job.fold_dir : work->job.prepared;
        if (!load(work, from, "folds.npy", NPY_U1, &work->fold, err))
            return false;
        if (work->fold.rows != work->job.folds || work->fold.width != rows)
            return err_set(err, ERR_INPUT, "the prepared folds do not fit the rows");
    }
    work->label_float = arena_new(&work->arena, float, rows);
    if (work->label_float == NULL)
        return err_set(err, ERR_LIMIT, "the labels do not fit the memory limit");
    const uint8_t *label = work->label.value;
    for (size_t i = 0; i < rows; i++)
        work->label_float[i] = label[i];
    return true;
}

/* ---------------------------------------------------------------- cross-validation */

/* One fold: its two matrices, its booster, its validation labels and its figures by round. */
struct fold {
    struct xgb_matrix matrix[2]; /* trains, validates */
    struct xgb_booster booster;
    uint8_t *label;
    double *figure;
    float *latest, *kept; /* scores of the rows that validate: after this round, after the best */
};

static void fold_close(struct fold *fold)
{
    xgb_booster_close(&fold->booster);
    xgb_matrix_close(&fold->matrix[0]);
    xgb_matrix_close(&fold->matrix[1]);
}

/* The rows that have `role` in the fold, as a matrix of the library's. */
static bool fold_matrix(struct work *work, const uint8_t *roles, uint8_t role,
                        struct xgb_matrix *out, uint8_t *labels, struct err *err)
{
    CLEANUP(arena_release) struct arena scratch = {.limit = SIZE_MAX / 2};
    size_t width = work->row.width, count = 0;
    for (size_t i = 0; i < work->row.rows; i++)
        count += roles[i] == role;
    float *value = arena_new(&scratch, float, count *width);
    float *label = arena_new(&scratch, float, count);
    const float *from = work->row.value;
    size_t at = 0;
    for (size_t i = 0; i < work->row.rows; i++) {
        if (roles[i] != role)
            continue;
        memcpy(value + at * width, from + i * width, width * sizeof *value);
        label[at] = work->label_float[i];
        if (labels != NULL)
            labels[at] = (uint8_t)work->label_float[i];
        at++;
    }
    return xgb_matrix_open(out, value, count, width, label, err);
}

static bool fold_open(struct work *work, size_t index, struct fold *fold, struct err *err)
{
    const uint8_t *roles = (const uint8_t *)work->fold.value + index * work->row.rows;
    fold->label = arena_new(&work->arena, uint8_t, work->row.rows);
    fold->figure = arena_new(&work->arena, double, work->job.rounds);
    fold->latest = arena_new(&work->arena, float, work->row.rows);
    fold->kept = arena_new(&work->arena, float, work->row.rows);
    if (fold->label == NULL || fold->figure == NULL || fold->latest == NULL || fold->kept == NULL)
        return err_set(err, ERR_LIMIT, "the folds do not fit the memory limit");
    return fold_matrix(work, roles, FOLD_TRAINS, &fold->matrix[0], NULL, err) &&
           fold_matrix(work, roles, FOLD_VALIDATES, &fold->matrix[1], fold->label, err) &&
           xgb_booster_open(&fold->booster, fold->matrix, 2, &work->job.parameters, err);
}

static const struct metric *metric_of(struct view name)
{
    return view_is(name, "auc")     ? &metric_roc_auc
           : view_is(name, "aucpr") ? &metric_pr_auc
                                    : &metric_log_loss;
}

static bool fold_round(struct work *work, struct fold *fold, size_t round, struct err *err)
{
    CLEANUP(arena_release) struct arena scratch = {.limit = SIZE_MAX / 2};
    const float *score;
    struct ranking ranking;
    if (!xgb_booster_round(&fold->booster, (int)round, &fold->matrix[0], err) ||
        !xgb_booster_scores(&fold->booster, &fold->matrix[1], &score, err))
        return false;
    memcpy(fold->latest, score, fold->matrix[1].rows * sizeof *score);
    struct sample sample = {.score = score, .label = fold->label, .count = fold->matrix[1].rows};
    if (!ranking_init(&ranking, sample, &scratch, err))
        return false;
    struct confusion none = {0};
    fold->figure[round] = metric_of(work->job.metric)->of(&ranking, &none);
    return true;
}

struct validation {
    size_t rounds; /* trained in every fold */
    size_t best;   /* the round with the best mean */
    double *mean;  /* by round */
};

static double mean_at(const struct fold *fold, size_t folds, size_t round)
{
    double sum = 0;
    for (size_t i = 0; i < folds; i++)
        sum += fold[i].figure[round];
    return sum / (double)folds;
}

static void keep_scores(struct fold *fold, size_t folds)
{
    for (size_t i = 0; i < folds; i++) {
        float *kept = fold[i].kept;
        fold[i].kept = fold[i].latest;
        fold[i].latest = kept;
    }
}

/* fold_score.npy: each training row's score by the fold that held it out; NaN: none did. */
static bool save_scores(struct work *work, const struct fold *fold, struct err *err)
{
    size_t rows = work->row.rows;
    float *score = arena_new(&work->arena, float, rows);
    if (score == NULL)
        return err_set(err, ERR_LIMIT, "the folds' scores do not fit the memory limit");
    for (size_t i = 0; i < rows; i++)
        score[i] = NAN;
    for (size_t f = 0; f < work->job.folds; f++) {
        const uint8_t *roles = (const uint8_t *)work->fold.value + f * rows;
        for (size_t i = 0, at = 0; i < rows; i++)
            if (roles[i] == FOLD_VALIDATES)
                score[i] = fold[f].kept[at++];
    }
    const char *dir = view_copy(work->job.out, &work->arena);
    struct npy array = {NPY_F4, rows, 0, score};
    return npy_save(path_join(&work->arena, dir, "fold_score.npy"), &array, err);
}

/* The folds advance together, so that stopping is decided on their mean. */
static bool run_folds(struct work *work, struct fold *fold, struct validation *out, struct err *err)
{
    const struct job *job = &work->job;
    bool higher = metric_of(job->metric)->higher_is_better;
    out->mean = arena_new(&work->arena, double, job->rounds);
    if (out->mean == NULL)
        return err_set(err, ERR_LIMIT, "the folds do not fit the memory limit");
    for (size_t round = 0; round < job->rounds; round++) {
        for (size_t i = 0; i < job->folds; i++)
            if (!fold_round(work, &fold[i], round, err))
                return err_while(err, "fold %zu, round %zu", i + 1, round + 1);
        out->mean[round] = mean_at(fold, job->folds, round);
        out->rounds = round + 1;
        double gain = out->mean[round] - out->mean[out->best];
        if (higher ? gain > 0 : gain < 0)
            out->best = round;
        if (job->early_stopping == 0 || out->best == round)
            keep_scores(fold, job->folds);
        say("cross-validation", round + 1, job->rounds);
        if (job->early_stopping > 0 && round - out->best >= job->early_stopping)
            break;
    }
    return true;
}

static double deviation_at(const struct fold *fold, size_t folds, size_t round, double mean)
{
    double square = 0;
    for (size_t i = 0; i < folds; i++)
        square += (fold[i].figure[round] - mean) * (fold[i].figure[round] - mean);
    return sqrt(square / (double)(folds - 1)); /* a sample's: n - 1 */
}

static void write_validation(const struct work *work, const struct fold *fold,
                             const struct validation *validation, size_t kept, struct json *json)
{
    const struct job *job = &work->job;
    size_t at = kept - 1;
    double mean = validation->mean[at];
    json_key(json, "cross_validation");
    json_open(json, '{');
    json_key(json, "metric"), json_text(json, job->metric);
    json_key(json, "folds"), json_count(json, job->folds);
    json_key(json, "mean"), json_number(json, mean);
    json_key(json, "standard_deviation");
    json_number(json, deviation_at(fold, job->folds, at, mean));
    json_key(json, "rounds_run"), json_count(json, validation->rounds);
    json_key(json, "by_fold");
    json_open(json, '[');
    for (size_t i = 0; i < job->folds; i++)
        json_number(json, fold[i].figure[at]);
    json_close(json);
    json_key(json, "mean_by_round");
    json_open(json, '[');
    for (size_t i = 0; i < validation->rounds; i++)
        json_number(json, validation->mean[i]);
    json_close(json);
    json_close(json);
}

static bool cross_validate(struct work *work, size_t *rounds, struct json *json, struct err *err)
{
    struct fold fold[FOLDS_MAX] = {0};
    struct validation validation = {0};
    bool ok = true;
    for (size_t i = 0; i < work->job.folds && ok; i++)
        ok = fold_open(work, i, &fold[i], err);
    ok = ok && run_folds(work, fold, &validation, err) &&
         (work->job.folds_alone || save_scores(work, fold, err));
    if (ok) {
        if (work->job.early_stopping > 0)
            *rounds = validation.best + 1;
        write_validation(work, fold, &validation, *rounds, json);
    }
    for (size_t i = 0; i < work->job.folds; i++)
        fold_close(&fold[i]);
    return ok;
}

/* ---------------------------------------------------------------- the model */

static bool train_all(struct work *work, size_t rounds, struct xgb_matrix *matrix,
                      struct xgb_booster *booster, struct err *err)
{
    if (!xgb_matrix_open(matrix, work->row.value, work->row.rows, work->row.width,
                         work->label_float, err) ||
        !xgb_booster_open(booster, matrix, 1, &work->job.parameters, err))
        return false;
    for (size_t round = 0; round < rounds; round++) {
        if (!xgb_booster_round(booster, (int)round, matrix, err))
            return err_while(err, "round %zu", round + 1);
        say("training", round + 1, rounds);
    }
    return xgb_booster_name_features(booster, work->job.feature_name, work->job.feature_count,
                                     &work->arena, err);
}

static bool save(struct work *work, const char *name, struct view bytes, struct err *err)
{
    const char *dir = view_copy(work->job.out, &work->arena);
    return file_save(path_join(&work->arena, dir, name), bytes, err);
}

static bool train_and_save(struct work *work, size_t rounds, struct err *err)
{
    CLEANUP(xgb_matrix_close) struct xgb_matrix matrix = {0};
    CLEANUP(xgb_booster_close) struct xgb_booster booster = {0};
    struct view bytes;
    return train_all(work, rounds, &matrix, &booster, err) &&
           xgb_booster_save(&booster, &bytes, err) && save(work, "model.ubj", bytes, err);
}

static void write_head(const struct work *work, const struct xgb *xgb, struct json *json)
{
    char version[48];
    snprintf(version, sizeof version, "%d.%d.%d", xgb->version[0], xgb->version[1],
             xgb->version[2]);
    json_open(json, '{');
    json_key(json, "xgboost"), json_string(json, version);
    json_key(json, "parameters");
    json_open(json, '{');
    for (size_t i = 0; i < work->job.parameters.count; i++) {
        json_key_view(json, work->job.parameters.item[i].name);
        json_text(json, work->job.parameters.item[i].value);
    }
    json_close(json);
}

static bool run(struct work *work, const char *job_path, struct err *err)
{
    struct xgb xgb;
    const struct doc *doc = doc_load(job_path, JOB_SIZE_MAX, &work->arena, err);
    if (doc == NULL || !job_read(&work->job, doc, &work->arena, err) || !load_rows(work, err) ||
        !xgb_open(&xgb, err))
        return false;
    struct text report = text_in_arena(&work->arena);
    struct json json = json_pretty_to(&report);
    write_head(work, &xgb, &json);
    size_t rounds = work->job.rounds;
    if (work->job.folds >= 2 && !cross_validate(work, &rounds, &json, err))
        return err_while(err, "cross-validation");
    json_key(&json, "rounds"), json_count(&json, rounds);
    json_close(&json);
    if (report.cut)
        return err_set(err, ERR_LIMIT, "the training report does not fit the memory limit");
    return (work->job.folds_alone || train_and_save(work, rounds, err)) &&
           save(work, "training.json", text_view(&report), err);
}

bool worker_run(const char *job_path, struct err *err)
{
    struct work work = {.arena = {.limit = SIZE_MAX / 2}};
    bool ok = run(&work, job_path, err);
    arena_release(&work.arena);
    return ok;
}

bool worker_probe(struct err *err)
{
    struct xgb xgb;
    if (!xgb_open(&xgb, err))
        return false;
    printf("{\"xgboost\":\"%d.%d.%d\"}\n", xgb.version[0], xgb.version[1], xgb.version[2]);
    return true;
}
