#include "train/trial.h"

#include "base/doc.h"
#include "base/file.h"
#include "base/rng.h"
#include "train/child.h"
#include "train/job.h"
#include "train/npy.h"
#include "train/scored.h"

#include <math.h>

enum { MODELS = 3, BY_TIME = 0, AT_RANDOM = 1, HIDDEN = 2 };
enum { DAY_MS = 86400 * 1000, DOCUMENT_SIZE_MAX = 1 << 20, STREAM_TRIAL = 64 };

static const double quarter = 0.75, default_days = 7;
static const double gap_worth_a_warning = 1.15, drop_worth_a_warning = 0.15;

/* The training rows in the prepared order. */
struct rows {
    size_t count;
    const uint8_t *label;
    double *time_ms;
    uint8_t *role; /* [MODELS][count] */
};

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT, "the trial does not fit the memory limit");
}

static bool is_wanted(const struct config *config)
{
    return config_bool(config, KEY_AUDIT_TRIAL) && beside_time(config).length > 0;
}

bool trial_inputs(struct pipeline *pipeline, struct digester *digester, struct err *err)
{
    const struct config *config = pipeline->config;
    config_digest(config, "evaluation.time", digester);
    config_digest(config, "split", digester);
    if (!is_wanted(config))
        return true;
    config_digest(config, "model", digester);
    config_digest(config, "model.parameters", digester);
    if (!pipeline_library(pipeline, err))
        return false;
    digest_add(digester, pipeline->library);
    return true;
}

/* ---------------------------------------------------------------- roles */

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static bool load_rows(struct pipeline *pipeline, const struct prepared *p, const double *time_ms,
                      struct arena *arena, struct rows *out, struct err *err)
{
    struct npy label, row;
    if (!npy_load(pipeline_file(pipeline, STEP_ID_prepare, "train_label.npy"), NPY_U1, arena,
                  &label, err) ||
        !npy_load(pipeline_file(pipeline, STEP_ID_prepare, "train_row.npy"), NPY_U4, arena, &row,
                  err))
        return false;
    *out = (struct rows){.count = label.rows,
                         .label = label.value,
                         .time_ms = arena_new(arena, double, label.rows),
                         .role = arena_new(arena, uint8_t, MODELS * label.rows)};
    if (out->time_ms == NULL || out->role == NULL)
        return out_of_memory(err);
    const uint32_t *source = row.value;
    for (size_t i = 0; i < out->count && source[i] < p->past.table.rows; i++)
        out->time_ms[i] = time_ms[source[i]];
    return true;
}

/* The instant from which the newest quarter of the rows comes. */
static bool find_newest(const struct rows *rows, double *out, struct err *err)
{
    CLEANUP(arena_release) struct arena scratch = {.limit = SIZE_MAX / 2};
    double *sorted = arena_new(&scratch, double, rows->count);
    if (sorted == NULL)
        return out_of_memory(err);
    memcpy(sorted, rows->time_ms, rows->count * sizeof *sorted);
    qsort(sorted, rows->count, sizeof *sorted, by_value);
    *out = sorted[(size_t)((double)rows->count * quarter)];
    return true;
}

static void split_by_time(const struct rows *rows, double newest, double delay, uint8_t *role)
{
    for (size_t i = 0; i < rows->count; i++)
        role[i] = rows->time_ms[i] >= newest          ? FOLD_VALIDATES
                  : rows->time_ms[i] < newest - delay ? FOLD_TRAINS
                                                      : FOLD_LEFT_OUT;
}

static void count_roles(const struct rows *rows, const uint8_t *role, size_t count[3][2])
{
    memset(count, 0, 3 * sizeof *count);
    for (size_t i = 0; i < rows->count; i++)
        count[role[i]][rows->label[i]]++;
}

/* As many of each class in each role as by time, drawn from all rows. */
static bool split_at_random(const struct rows *rows, uint64_t seed, const size_t like[3][2],
                            uint8_t *role, struct arena *arena, struct err *err)
{
    uint32_t *order = arena_new(arena, uint32_t, rows->count);
    if (order == NULL)
        return out_of_memory(err);
    for (int label = 0; label < 2; label++) {
        struct rng rng = rng_of(seed, (uint64_t)(STREAM_TRIAL + label), 0);
        size_t count = 0;
        for (size_t i = 0; i < rows->count; i++)
            if (rows->label[i] == label)
                order[count++] = (uint32_t)i;
        rng_shuffle(&rng, order, count);
        for (size_t i = 0; i < count; i++)
            role[order[i]] = i < like[FOLD_VALIDATES][label] ? FOLD_VALIDATES
                             : i < like[FOLD_VALIDATES][label] + like[FOLD_TRAINS][label]
                                 ? FOLD_TRAINS
                                 : FOLD_LEFT_OUT;
    }
    return true;
}

static bool give_roles(struct pipeline *pipeline, struct rows *rows, struct trial *out,
                       struct arena *arena, struct err *err)
{
    double newest = 0, days = config_number(pipeline->config, KEY_SPLIT_DELAY_DAYS);
    size_t count[3][2], fewer[3][2];
    if (!find_newest(rows, &newest, err))
        return false;
    out->days = days > 0 ? days : default_days;
    split_by_time(rows, newest, days * DAY_MS, rows->role);
    split_by_time(rows, newest, (days + out->days) * DAY_MS, rows->role + HIDDEN * rows->count);
    count_roles(rows, rows->role, count);
    count_roles(rows, rows->role + HIDDEN * rows->count, fewer);
    out->frauds = count[FOLD_VALIDATES][1];
    if (out->frauds < TRIAL_FRAUDS_MIN || fewer[FOLD_TRAINS][1] < TRIAL_FRAUDS_MIN ||
        count[FOLD_VALIDATES][0] == 0 || fewer[FOLD_TRAINS][0] == 0) {
        out->why_not = "too few frauds among the training rows";
        return true;
    }
    return split_at_random(rows, config_count(pipeline->config, KEY_SPLIT_SEED), count,
                           rows->role + AT_RANDOM * rows->count, arena, err);
}

/* ---------------------------------------------------------------- the worker */

static bool write_job(struct pipeline *pipeline, const struct prepared *p, const struct rows *rows,
                      const char *dir, struct arena *arena, const char **path, struct err *err)
{
    bool parallel = view_is(config_text(pipeline->config, KEY_MODEL_ALGORITHM), "random_forest");
    struct job job = {.prepared = view_of(pipeline->dir[STEP_ID_prepare]),
                      .fold_dir = view_of(dir),
                      .out = view_of(dir),
                      .metric = VIEW("aucpr"),
                      .rounds = parallel ? 1 : TRIAL_ROUNDS,
                      .folds = MODELS,
                      .folds_alone = true,
                      .feature_name = p->plan.width_name,
                      .feature_count = p->plan.width};
    size_t frauds = p->count[SLICE_TRAIN][1];
    struct npy folds = {NPY_U1, MODELS, rows->count, rows->role};
    struct text text = text_in_arena(arena);
    struct json json = json_to(&text);
    if (!parameters_resolve(pipeline->config, rows->count, frauds, arena, &job.parameters, err) ||
        !npy_save(path_join(arena, dir, "folds.npy"), &folds, err))
        return false;
    job_write(&job, &json);
    *path = path_join(arena, dir, ".job.json");
    return text.cut ? out_of_memory(err) : file_save(*path, text_view(&text), err);
}

static void hear_nothing(void *self UNUSED, struct view line UNUSED)
{
}

static bool read_figures(const char *dir, struct arena *arena, struct trial *out, struct err *err)
{
    const struct doc *doc =
        doc_load(path_join(arena, dir, "training.json"), DOCUMENT_SIZE_MAX, arena, err);
    const struct doc *list = doc_find(doc_find(doc, "cross_validation"), "by_fold");
    if (doc == NULL)
        return false;
    if (list == NULL || list->count != MODELS)
        return err_set(err, ERR_INPUT, "the trial's figures are not there");
    const struct doc *by_time = list->first, *at_random = by_time->next;
    out->by_time = by_time->number;
    out->at_random = at_random->number;
    out->hidden = at_random->next->number;
    return true;
}

static bool clear(const char *dir, struct arena *arena, struct err *err)
{
    static const char *const names[] = {"folds.npy", "training.json", ".job.json"};
    for (size_t i = 0; i < LENGTH_OF(names); i++)
        if (!file_remove(path_join(arena, dir, names[i]), err))
            return false;
    return true;
}

static const double *find_times(const struct prepared *p, const struct config *config,
                                struct trial *out, struct err *err)
{
    struct view name = beside_time(config);
    uint32_t column;
    if (name.length == 0) {
        out->why_not = "no time is named (split.column or evaluation.time)";
        return NULL;
    }
    if (!prepared_column(p, "evaluation.time", name, &column, err))
        return NULL;
    const double *time_ms = p->past.table.series[column].number;
    if (p->schema.column[column].kind != COLUMN_TIMESTAMP) {
        out->why_not = "the time is no timestamp";
        return NULL;
    }
    for (size_t i = 0; i < p->past.table.rows; i++)
        if (isnan(time_ms[i])) {
            out->why_not = "the time is missing in some rows";
            return NULL;
        }
    return time_ms;
}

bool trial_make(struct pipeline *pipeline, const struct prepared *p, const char *dir,
                struct arena *arena, struct trial *out, struct err *err)
{
    struct rows rows;
    const char *job;
    struct child_listener listener = {.line = hear_nothing};
    *out = (struct trial){0};
    if (!config_bool(pipeline->config, KEY_AUDIT_TRIAL)) {
        out->why_not = "audit.trial is false";
        return true;
    }
    const double *time_ms = find_times(p, pipeline->config, out, err);
    if (time_ms == NULL)
        return err->kind == ERR_NONE;
    if (!load_rows(pipeline, p, time_ms, arena, &rows, err) ||
        !give_roles(pipeline, &rows, out, arena, err))
        return false;
    return out->why_not != NULL || (write_job(pipeline, p, &rows, dir, arena, &job, err) &&
                                    child_run(pipeline->program, job, &listener, err) &&
                                    read_figures(dir, arena, out, err) && clear(dir, arena, err));
}

/* ---------------------------------------------------------------- findings */

/* Found by training, not by looking: the trial adds them itself. */
static bool look_nowhere(struct leaks *leaks UNUSED, const struct leak *leak UNUSED,
                         struct err *err UNUSED)
{
    return true;
}

const struct leak leak_random_gap = {
    .name = "random_gap",
    .about = "a random split would show a better model than time will",
    .remedy = "split.kind time or dates, and trust the figures by time",
    .look = look_nowhere,
};

const struct leak leak_label_delay = {
    .name = "label_delay",
    .about = "the model is much worse when the last days' labels have not come in yet",
    .remedy = "split.delay_days as long as labels take, and train again as often as they come",
    .look = look_nowhere,
};

bool trial_judge(const struct trial *trial, struct leaks *leaks, struct err *err)
{
    if (trial->why_not != NULL || !(trial->by_time > 0))
        return true;
    double gap = trial->at_random / trial->by_time, drop = 1 - trial->hidden / trial->by_time;
    bool timed = split_is_timed(leaks->prepared->split.kind);
    if (gap > gap_worth_a_warning &&
        !leak_add(leaks, &leak_random_gap, timed ? LEAK_NOTE : LEAK_WARNING, VIEW(""), gap, err,
                  "PR-AUC of a small model is %.3f on rows drawn at random and %.3f on the newest "
                  "quarter (%zu frauds)",
                  trial->at_random, trial->by_time, trial->frauds))
        return false;
    if (drop > drop_worth_a_warning &&
        !leak_add(leaks, &leak_label_delay, LEAK_WARNING, VIEW(""), drop, err,
                  "PR-AUC of a small model falls from %.3f to %.3f when the labels of the last %g "
                  "days are hidden (%zu frauds)",
                  trial->by_time, trial->hidden, trial->days, trial->frauds))
        return false;
    leaks_rank(leaks);
    return true;
}
