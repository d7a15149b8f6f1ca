#include "cli/project.h"
#include "data/declare.h"
#include "data/past.h"
#include "feature/fit.h"
#include "train/pipeline.h"

/* Everything training would read, read and checked, with nothing written. */
struct check {
    struct project *project;
    struct arena *arena;
    struct schema schema;
    struct declared_plan declared;
    struct past past;
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

/* Each row as training would see it: what is missing or refused is found here. */
static bool check_rows(struct check *check, struct err *err)
{
    struct cell *cell = arena_new(check->arena, struct cell, check->schema.count);
    if (cell == NULL)
        return err_set(err, ERR_LIMIT, "the records do not fit the memory limit");
    struct record record = {.schema = &check->schema, .cell = cell};
    for (size_t i = 0; i < check->past.table.rows; i++)
        if (!table_record(&check->past.table, i, &record, err))
            return false;
    return true;
}

static void print_past(const struct check *check)
{
    const struct past *past = &check->past;
    for (size_t i = 0; i < past->joins; i++)
        print_join(&past->join[i]);
    printf("label " VIEW_FMT ": %zu frauds of %zu (%.3f %%)\n",
           VIEW_ARG(config_text(&check->project->config, KEY_DATA_LABEL)), past->frauds,
           past->table.rows, 100 * (double)past->frauds / (double)past->table.rows);
    printf("columns: %zu, of which the model reads %zu as %zu features\n", check->schema.count,
           check->schema.input_count, check->declared.plan.count);
}

static bool check_all(struct check *check, struct err *err)
{
    const struct config *config = &check->project->config;
    if (!pipeline_check(config, err) ||
        !declare_schema(config, check->arena, &check->schema, err) ||
        !plan_declare(config, &check->schema, check->arena, &check->declared, err) ||
        !past_load(&check->past, config, &check->schema, check->arena, err) ||
        !check_rows(check, err))
        return false;
    print_past(check);
    return true;
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
    .about = "the data against the schema: every cell, key and label, nothing written",
    .run = run,
};
