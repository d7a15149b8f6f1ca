/* `assay train` as SageMaker calls it: settings and data from /opt/ml/input, the model to
 * /opt/ml/model. What the run leaves besides goes to /opt/ml/output/data, which the platform keeps.
 */
#include "base/doc.h"
#include "base/file.h"
#include "cli/container.h"
#include "cli/container_pipe.h"
#include "cli/draft.h"
#include "cli/guess.h"
#include "store/store.h"

#include <dirent.h>
#include <unistd.h>

enum { SETTINGS_MAX = 1 << 20, FAILURE_MAX = 1024, JOB_ARENA_MAX = 64 << 20 };

struct job {
    struct arena arena;
    const char *project; /* the directory that is made */
    const char *data;    /* the CSV of the train channel */
    bool spooled;        /* which came through a pipe, and is removed in the end */
    const struct doc *settings;
};

static const char *opt_ml(void)
{
    const char *root = getenv("ASSAY_OPT_ML");
    return root != NULL && root[0] != '\0' ? root : "/opt/ml";
}

bool container_trains(const struct call *call)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 16};
    return !file_exists(path_join(&arena, call->project, "assay.yaml")) &&
           file_exists(path_join(&arena, opt_ml(), "input/config/hyperparameters.json"));
}

/* ---------------------------------------------------------------- what the job says */

static bool read_settings(struct job *job, struct err *err)
{
    const char *path = path_join(&job->arena, opt_ml(), "input/config/hyperparameters.json");
    job->settings = doc_load(path, SETTINGS_MAX, &job->arena, err);
    if (job->settings == NULL)
        return false;
    if (job->settings->kind != DOC_OBJECT)
        return err_set(err, ERR_INPUT, "'%s' holds no object", path);
    for (const struct doc *item = job->settings->first; item != NULL; item = item->next)
        if (item->kind != DOC_TEXT)
            return err_set(err, ERR_INPUT, "'%s': '" VIEW_FMT "' is no text: SageMaker sends texts",
                           path, VIEW_ARG(item->key));
    return true;
}

/* Some of its clients write each value as JSON: "\"auc\"". */
static struct view value_of(const struct doc *item)
{
    struct view text = item->text;
    if (text.length >= 2 && *text.text == '"' && view_ends(text, "\""))
        return (struct view){text.text + 1, text.length - 2};
    return text;
}

static bool is_table(struct view name)
{
    return view_ends(name, ".csv") || view_ends(name, ".csv.gz") || view_ends(name, ".csv.zst");
}

static const char *const channels[] = {"train", "training"};

/* A channel that is streamed is written down beside the project. */
static bool find_pipe(struct job *job, struct err *err)
{
    const char *pipe = NULL;
    for (size_t i = 0; i < LENGTH_OF(channels) && pipe == NULL; i++)
        if (!container_pipe(opt_ml(), channels[i], &job->arena, &pipe, err))
            return false;
    if (pipe == NULL)
        return true;
    const char *dir = path_join(&job->arena, opt_ml(), "output/data");
    const char *file = path_join(&job->arena, dir, "train.csv");
    if (!dir_make(dir, err) || !container_spool(pipe, file, GUESS_MEMORY_MAX, err))
        return false;
    job->data = file;
    job->spooled = true;
    return true;
}

/* The one table of the channel that trains. */
static bool find_file(struct job *job, struct err *err)
{
    const char *path = NULL;
    DIR *dir = NULL;
    for (size_t i = 0; i < LENGTH_OF(channels) && dir == NULL; i++) {
        path = path_join(&job->arena, path_join(&job->arena, opt_ml(), "input/data"), channels[i]);
        dir = opendir(path);
    }
    if (dir == NULL)
        return err_set(err, ERR_NOT_FOUND,
                       "there is no channel 'train' or 'training' in %s/input/data", opt_ml());
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        if (is_table(view_of(entry->d_name)) && count++ == 0)
            job->data = path_join(&job->arena, path, entry->d_name);
    closedir(dir);
    if (count == 1)
        return true;
    return err_set(err, ERR_INPUT,
                   "'%s' holds %zu tables: one CSV with a header is expected, plain, gzip or zstd",
                   path, count);
}

static const struct {
    const char *name, *path;
} renamed[] = {{"num_round", "model.rounds"},
               {"early_stopping_rounds", "model.early_stopping"},
               {"seed", "model.seed"},
               {"nthread", "model.threads"}};

/* The key of assay.yaml that a hyperparameter is: by its path, or by the name that SageMaker's
 * XGBoost has for it. {0}: none, it is a parameter of XGBoost. */
static struct view key_of(const struct doc *item)
{
    for (size_t i = 0; i < LENGTH_OF(renamed); i++)
        if (view_is(item->key, renamed[i].name))
            return view_of(renamed[i].path);
    bool path = memchr(item->key.text, '.', item->key.length) != NULL;
    return path ? item->key : (struct view){0};
}

static bool apply(struct project *project, const struct doc *item, struct err *err)
{
    struct view key = key_of(item);
    return key.length == 0 || config_set(&project->config, key, value_of(item), err) ||
           err_while(err, "hyperparameter '" VIEW_FMT "'", VIEW_ARG(item->key));
}

static bool draft(struct job *job, struct err *err)
{
    struct draft_options options = {.dir = job->project, .from = job->data};
    struct draft_parameter *parameter =
        arena_new(&job->arena, struct draft_parameter, job->settings->count);
    if (parameter == NULL)
        return err_set(err, ERR_LIMIT, "there are too many hyperparameters");
    options.parameter = parameter;
    for (const struct doc *item = job->settings->first; item != NULL; item = item->next) {
        if (view_is(item->key, "label"))
            options.label = view_copy(value_of(item), &job->arena);
        else if (!view_starts(item->key, "sagemaker_") && key_of(item).length == 0)
            parameter[options.parameters++] = (struct draft_parameter){item->key, value_of(item)};
    }
    return draft_project(&options, stderr, err);
}

/* ---------------------------------------------------------------- what it leaves */

/* The bundle, and the trees alone as SageMaker's own container reads them. */
static bool deliver(struct job *job, struct project *project, const struct version *version,
                    struct err *err)
{
    const char *from, *dir = path_join(&job->arena, opt_ml(), "model");
    struct bundle bundle = {0};
    struct view bytes;
    CLEANUP(arena_release) struct arena arena = {.limit = BUNDLE_SIZE_MAX};
    if (!store_get_bundle(&project->store, &version->bundle, &arena, &from, err) ||
        !file_load(from, BUNDLE_SIZE_MAX, &arena, &bytes, err) || !dir_make(dir, err) ||
        !file_save(path_join(&job->arena, dir, "model.assay"), bytes, err) ||
        !bundle_load(&bundle, from, err))
        return false;
    bool ok = file_save(path_join(&job->arena, dir, "xgboost-model"), bundle.model, err);
    bundle_release(&bundle);
    return ok;
}

/* The platform shows the first 1024 characters to whoever asks why. */
static void tell_failure(struct job *job, const struct err *why)
{
    struct err err = {0};
    const char *dir = path_join(&job->arena, opt_ml(), "output");
    static_assert(sizeof why->text <= FAILURE_MAX, "an error fits");
    if (!dir_make(dir, &err) ||
        !file_save(path_join(&job->arena, dir, "failure"), view_of(why->text), &err))
        fprintf(stderr, "assay train: %s\n", err.text);
}

/* ---------------------------------------------------------------- the job */

static bool run(struct job *job, const struct call *call,
                bool (*train)(struct project *project, const struct call *call,
                              struct version *version, struct err *err),
                struct err *err)
{
    struct call own = *call;
    struct project project;
    struct version version = {0};
    job->project = path_join(&job->arena, opt_ml(), "output/data/project");
    if (!read_settings(job, err) || !find_pipe(job, err) ||
        (!job->spooled && !find_file(job, err)) || !draft(job, err))
        return false;
    own.project = job->project;
    if (!project_open(&project, &own, err))
        return false;
    bool ok = true;
    for (const struct doc *item = job->settings->first; ok && item != NULL; item = item->next)
        ok = apply(&project, item, err);
    ok = ok && project_open_store(&project, err) && train(&project, &own, &version, err) &&
         deliver(job, &project, &version, err);
    project_close(&project);
    return ok;
}

bool container_train(const struct call *call,
                     bool (*train)(struct project *project, const struct call *call,
                                   struct version *version, struct err *err),
                     struct err *err)
{
    struct job job = {.arena = {.limit = JOB_ARENA_MAX}};
    bool ok = run(&job, call, train, err);
    if (job.spooled)
        unlink(job.data); /* the platform keeps what is left beside the project */
    if (!ok)
        tell_failure(&job, err);
    arena_release(&job.arena);
    return ok;
}
