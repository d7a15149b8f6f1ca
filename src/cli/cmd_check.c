#include "base/file.h"
#include "cli/project.h"
#include "data/declare.h"
#include "data/table.h"
#include "feature/fit.h"
#include "train/parameter.h"
#include "train/pipeline.h"

/* Everything training would read, read and checked, with nothing written. */
struct check {
    struct project *project;
    struct arena *arena;
    struct schema schema;
    struct declared_plan declared;
    struct table table;
};

static bool load(struct check *check, struct view file, struct table *out, struct err *err)
{
    const struct config *config = &check->project->config;
    size_t memory = (size_t)config_number(config, KEY_DATA_MEMORY_MB) << 20;
    const char *path = config_path_of(config, file);
    if (!table_load(out, &check->schema, path, memory, check->arena, err))
        return false;
    printf("%s: %zu rows\n", path, out->rows);
    return true;
}

static bool join(struct check *check, const struct yaml *item, struct err *err)
{
    struct table right, joined;
    struct join_audit audit;
    struct join how = {
        .key = config_item_text(item, KEY_JOIN_ON),
        .allow_fan_out = view_is(config_item_text(item, KEY_JOIN_FAN_OUT), "allow"),
    };
    if (!load(check, config_item_text(item, KEY_JOIN_FILE), &right, err) ||
        !table_join(&joined, &check->table, &right, &how, &audit, check->arena, err))
        return false;
    printf("join on " VIEW_FMT ": %zu x %zu rows -> %zu; %zu of %zu left keys, %zu right keys; "
           "%zu left rows without a right one, %zu right rows unused, %zu right keys repeated\n",
           VIEW_ARG(how.key), audit.left_rows, audit.right_rows, audit.rows, audit.left_keys,
           audit.left_rows, audit.right_keys, audit.unmatched_left, audit.unused_right,
           audit.repeated_right);
    check->table = joined;
    return true;
}

/* Each row as training would see it: what is missing or refused is found here. */
static bool check_rows(struct check *check, struct err *err)
{
    struct cell *cell = arena_new(check->arena, struct cell, check->schema.count);
    if (cell == NULL)
        return err_set(err, ERR_LIMIT, "the records do not fit the memory limit");
    struct record record = {.schema = &check->schema, .cell = cell};
    for (size_t i = 0; i < check->table.rows; i++)
        if (!table_record(&check->table, i, &record, err))
            return false;
    return true;
}

static bool check_labels(struct check *check, struct err *err)
{
    const struct config *config = &check->project->config;
    struct label_words words = {
        .column = config_text(config, KEY_DATA_LABEL),
        .positive = config_text(config, KEY_DATA_POSITIVE),
        .negative = config_text(config, KEY_DATA_NEGATIVE),
    };
    uint8_t *label = arena_new(check->arena, uint8_t, check->table.rows);
    if (label == NULL || !table_labels(&check->table, &words, label, err))
        return label != NULL ? false : err_set(err, ERR_LIMIT, "the labels do not fit");
    size_t frauds = 0;
    for (size_t i = 0; i < check->table.rows; i++)
        frauds += label[i];
    printf("label " VIEW_FMT ": %zu frauds of %zu (%.3f %%)\n", VIEW_ARG(words.column), frauds,
           check->table.rows, 100 * (double)frauds / (double)check->table.rows);
    return true;
}

static bool check_all(struct check *check, struct err *err)
{
    const struct config *config = &check->project->config;
    if (!data_is_named(config, err) || !parameters_check(config, err) ||
        !declare_schema(config, check->arena, &check->schema, err) ||
        !plan_declare(config, &check->schema, check->arena, &check->declared, err) ||
        !load(check, config_text(config, KEY_DATA_FILE), &check->table, err))
        return false;
    const struct yaml *joins = config_node(config, "data.join");
    for (const struct yaml *item = joins == NULL ? NULL : joins->first; item != NULL;
         item = item->next)
        if (!join(check, item, err))
            return false;
    if (!table_require_inputs(&check->table, err) || !check_labels(check, err) ||
        !check_rows(check, err))
        return false;
    printf("columns: %zu, of which the model reads %zu as %zu features\n", check->schema.count,
           check->schema.input_count, check->declared.plan.count);
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
