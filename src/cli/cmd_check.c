#include "cli/project.h"
#include "train/leak.h"
#include "train/pipeline.h"

/* Everything training would read, read, checked and looked over, with nothing written. */
struct check {
    struct project *project;
    struct arena *arena;
    struct prepared prepared;
    struct leaks leaks;
};

static void print_join(const struct past_join *join)
{
    const struct join_audit *audit = &join->audit;
    printf("join of %s on " VIEW_FMT ": %zu x %zu rows -> %zu; %zu keys on the left, %zu on the "
           "right; %zu left rows without a right one, %zu right rows unused, %zu right keys "
           "repeated\n",
           join->path, VIEW_ARG(join->key), audit->left_rows, audit->right_rows, audit->rows,
           audit->left_keys, audit->right_keys, audit->unmatched_left, audit->unused_right,
           audit->repeated_right);
}

static void print_past(const struct check *check)
{
    const struct past *past = &check->prepared.past;
    for (size_t i = 0; i < past->joins; i++)
        print_join(&past->join[i]);
    printf("label " VIEW_FMT ": %zu frauds of %zu (%.3f %%)\n",
           VIEW_ARG(config_text(&check->project->config, KEY_DATA_LABEL)), past->frauds,
           past->table.rows, 100 * (double)past->frauds / (double)past->table.rows);
    printf("columns: %zu, of which the model reads %zu as %zu features\n",
           check->prepared.schema.count, check->prepared.schema.input_count,
           check->prepared.plan.count);
}

static void print_leaks(const struct leaks *leaks)
{
    for (size_t i = 0; i < leaks->count; i++) {
        const struct leak_finding *finding = &leaks->finding[i];
        printf("%s%s %s: " VIEW_FMT "\n        %s\n", leak_level_name(finding->level),
               finding->accepted ? " (accepted)" : "", finding->leak->name, VIEW_ARG(finding->text),
               finding->leak->remedy);
    }
    if (leaks->count == 0)
        printf("audit: no leak found\n");
}

static bool check_all(struct check *check, struct err *err)
{
    const struct config *config = &check->project->config;
    if (!pipeline_check(config, err) ||
        !prepared_load(&check->prepared, config, check->arena, err) ||
        !leaks_find(&check->leaks, &check->prepared, config, check->arena, err))
        return false;
    print_past(check);
    print_leaks(&check->leaks);
    size_t errors = leaks_unaccepted(&check->leaks);
    return errors == 0 || err_set(err, ERR_GATE, "%zu of these would stop training", errors);
}

static bool run(const struct call *call, struct err *err)
{
    struct project project;
    if (!project_open(&project, call, err))
        return false;
    struct arena arena = {.limit = (size_t)config_number(&project.config, KEY_DATA_MEMORY_MB)
                                   << 20};
    struct check check = {.project = &project, .arena = &arena};
    bool ok = check_all(&check, err);
    arena_release(&arena);
    project_close(&project);
    return ok;
}

const struct command command_check = {
    .name = "check",
    .arguments = "",
    .about = "the data: every cell, key and label, and what would leak; nothing written",
    .run = run,
};
