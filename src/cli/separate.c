#include "cli/separate.h"

#include "base/file.h"
#include "base/number.h"
#include "data/split.h"
#include "model/import.h"
#include "train/child.h"
#include "train/job.h"
#include "train/npy.h"

#include <errno.h>
#include <math.h>

enum { ROUNDS = 40, MEMORY_MAX = 1 << 30 };

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT, "the two files to tell apart do not fit the memory limit");
}

static void hear_nothing(void *self UNUSED, struct view line UNUSED)
{
}

static bool write_arrays(const struct domain_task *task, const char *dir, struct arena *arena,
                         struct err *err)
{
    uint8_t *role = arena_new(arena, uint8_t, DOMAIN_FOLDS * task->rows);
    if (role == NULL)
        return out_of_memory(err);
    for (size_t f = 0; f < DOMAIN_FOLDS; f++)
        for (size_t i = 0; i < task->rows; i++)
            role[f * task->rows + i] = task->fold[i] == f ? FOLD_VALIDATES : FOLD_TRAINS;
    struct npy value = {NPY_F4, task->rows, task->width, task->value};
    struct npy label = {NPY_U1, task->rows, 0, task->label};
    struct npy fold = {NPY_U1, DOMAIN_FOLDS, task->rows, role};
    return npy_save(path_join(arena, dir, "train.npy"), &value, err) &&
           npy_save(path_join(arena, dir, "train_label.npy"), &label, err) &&
           npy_save(path_join(arena, dir, "folds.npy"), &fold, err);
}

static double share_of_new(const struct domain_task *task)
{
    double count = 0;
    for (size_t i = 0; i < task->rows; i++)
        count += task->label[i];
    return count / (double)task->rows;
}

static bool write_job(const struct domain_task *task, const char *dir, struct arena *arena,
                      const char **path, struct err *err)
{
    static const struct parameter fixed[] = {
        {VIEW("objective"), VIEW("binary:logistic")},
        {VIEW("tree_method"), VIEW("hist")},
        {VIEW("max_depth"), VIEW("4")},
        {VIEW("eta"), VIEW("0.2")},
        {VIEW("min_child_weight"), VIEW("10")},
        {VIEW("seed"), VIEW("1")},
        {VIEW("nthread"), VIEW("2")},
    };
    char digits[NUMBER_SIZE];
    struct job job = {.prepared = view_of(dir),
                      .out = view_of(dir),
                      .metric = VIEW("auc"),
                      .rounds = ROUNDS,
                      .folds = DOMAIN_FOLDS,
                      .feature_name = task->name,
                      .feature_count = task->width};
    for (size_t i = 0; i < LENGTH_OF(fixed); i++)
        job.parameters.item[job.parameters.count++] = fixed[i];
    job.parameters.item[job.parameters.count++] =
        (struct parameter){VIEW("base_score"), {digits, number_print(share_of_new(task), digits)}};
    struct text text = text_in_arena(arena);
    struct json json = json_to(&text);
    job_write(&job, &json);
    *path = path_join(arena, dir, "job.json");
    return text.cut ? out_of_memory(err) : file_save(*path, text_view(&text), err);
}

static bool read_scores(const struct domain_task *task, const char *dir, struct arena *arena,
                        float *score, struct err *err)
{
    struct npy array;
    if (!npy_load(path_join(arena, dir, "fold_score.npy"), NPY_F4, arena, &array, err))
        return false;
    if (array.rows != task->rows)
        return err_set(err, ERR_INPUT, "the folds' scores do not fit the rows");
    memcpy(score, array.value, task->rows * sizeof *score);
    return true;
}

static bool read_gains(const struct domain_task *task, const char *dir, struct arena *arena,
                       double *gain, struct err *err)
{
    struct view bytes;
    struct imported model;
    if (!file_load(path_join(arena, dir, "model.ubj"), MEMORY_MAX, arena, &bytes, err) ||
        !import_read(bytes, arena, &model, err))
        return false;
    for (size_t i = 0; i < task->width; i++)
        gain[i] = 0;
    for (size_t i = 0; i < model.forest.node_count; i++) {
        const struct node *node = &model.forest.node[i];
        if (!node_is_leaf(node) && node->feature < task->width)
            gain[node->feature] += fmax(0, (double)model.forest.gain[i]);
    }
    return true;
}

static bool separate_in(const char *dir, const struct separator *separator,
                        const struct domain_task *task, float *score, double *gain, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY_MAX};
    struct child_listener listener = {.line = hear_nothing};
    const char *job;
    return write_arrays(task, dir, &arena, err) && write_job(task, dir, &arena, &job, err) &&
           child_run(separator->program, job, &listener, err) &&
           read_scores(task, dir, &arena, score, err) && read_gains(task, dir, &arena, gain, err);
}

/* The worker reads and writes files: they live in a directory of their own, and go with it. */
static bool separate(void *self, const struct domain_task *task, float *score, double *gain,
                     struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 16};
    const char *temporary = getenv("TMPDIR");
    char *dir = view_copy(
        view_of(path_join(&arena, temporary == NULL ? "/tmp" : temporary, "assay-drift-XXXXXX")),
        &arena);
    if (dir == NULL || mkdtemp(dir) == NULL)
        return err_set(err, ERR_IO, "no directory for the worker in %s: %s",
                       temporary == NULL ? "/tmp" : temporary, strerror(errno));
    struct err ignored = {0};
    bool ok = separate_in(dir, self, task, score, gain, err);
    return dir_remove(dir, ok ? err : &ignored) && ok;
}

struct domain_port separator_port(struct separator *separator)
{
    return (struct domain_port){.separate = separate, .self = separator};
}
