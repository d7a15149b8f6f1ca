#include "base/file.h"
#include "cli/container.h"
#include "cli/draft.h"
#include "cli/progress.h"
#include "cli/project.h"
#include "train/pipeline.h"

enum { OPTION_UNTIL, OPTION_FROM, OPTION_JOIN, OPTION_ON, OPTION_LABEL };

/* `assay train --from claims.csv --join customers.csv --label fraud`: the project is drafted first.
 */
static bool draft(const struct call *call, struct err *err)
{
    struct draft_options options = {
        .dir = call->project,
        .from = call->option[OPTION_FROM],
        .join = call->option[OPTION_JOIN],
        .on = call->option[OPTION_ON],
        .label = call->option[OPTION_LABEL],
    };
    return draft_project(&options, stderr, err);
}

static bool train_until(struct project *project, const struct call *call, enum step_id until,
                        struct version *version, struct err *err)
{
    struct terminal terminal = terminal_of(stderr);
    struct pipeline pipeline = {
        .config = &project->config,
        .store = &project->store,
        .program = call->program,
        .actor = project_actor(),
        .progress = terminal_progress(&terminal),
        .arena = &project->arena,
    };
    bool ok = pipeline_run(&pipeline, until, err);
    terminal_end(&terminal);
    if (!ok || until < STEP_ID_register)
        return ok;
    char hex[DIGEST_HEX_SIZE];
    printf("%lld " VIEW_FMT " %s%s\n", (long long)pipeline.version.number,
           VIEW_ARG(pipeline.version.name), digest_print(&pipeline.version.bundle, hex),
           pipeline.champion ? " champion" : "");
    *version = pipeline.version;
    return true;
}

static bool train_whole(struct project *project, const struct call *call, struct version *version,
                        struct err *err)
{
    return train_until(project, call, STEP_ID_deploy, version, err);
}

static bool run(const struct call *call, struct err *err)
{
    enum step_id until = STEP_ID_deploy;
    if (call->option[OPTION_UNTIL] != NULL &&
        !step_find(view_of(call->option[OPTION_UNTIL]), &until)) {
        char bytes[200];
        struct text all = text_in(bytes, sizeof bytes);
        for (size_t i = 0; i < STEP_COUNT; i++)
            text_addf(&all, "%s%s", i == 0 ? "" : ", ", steps[i]->name);
        return err_set(err, ERR_USAGE, "no step '%s'; there are: %s", call->option[OPTION_UNTIL],
                       text_c(&all));
    }
    for (int i = OPTION_JOIN; i <= OPTION_LABEL && call->option[OPTION_FROM] == NULL; i++)
        if (call->option[i] != NULL)
            return err_set(err, ERR_USAGE, "--%s goes with --from; assay.yaml says it otherwise",
                           command_train.options[i].name);
    if (call->option[OPTION_FROM] == NULL && container_trains(call))
        return container_train(call, train_whole, err);
    if (call->option[OPTION_FROM] != NULL && !draft(call, err))
        return false;
    struct project project;
    struct version version;
    if (!project_open(&project, call, err))
        return false;
    bool ok = project_open_store(&project, err) &&
              train_until(&project, call, until, &version, err) &&
              project_checkpoint(&project, false, err);
    project_close(&project);
    return ok;
}

static const struct option_row options[] = {
    [OPTION_UNTIL] = {"until", "STEP", "stop after prepare, train, evaluate, gate or register"},
    [OPTION_FROM] = {"from", "FILE",
                     "draft assay.yaml from this CSV first; there must be none yet"},
    [OPTION_JOIN] = {"join", "FILE", "with --from: a second CSV, joined"},
    [OPTION_ON] = {"on", "COLUMN", "with --join: the key; found when one column is in both"},
    [OPTION_LABEL] = {"label", "COLUMN", "with --from: the column that says what was fraud"},
    {0},
};

const struct command command_train = {
    .name = "train",
    .arguments = "",
    .about = "prepare, train, evaluate, gate, register, deploy",
    .more = "Each step runs again only when something it depends on changed; a run that was\n"
            "killed resumes. Prints the version's number, name and bundle digest. A gate that\n"
            "refuses ends with exit status 10 and registers nothing.\n"
            "In SageMaker's container, where there is no assay.yaml but\n"
            "/opt/ml/input/config/hyperparameters.json, it trains from the channel `train` and\n"
            "leaves the model in /opt/ml/model.\n",
    .options = options,
    .run = run,
};
