#include "cli/check_quality.h"
#include "cli/project.h"
#include "data/declare.h"
#include "train/leak.h"
#include "train/pipeline.h"

/* Everything training would read, read, checked and looked over, with nothing written. */
struct check {
    const struct call *call;
    struct project *project;
    struct arena *arena;
    struct prepared prepared;
    struct leaks leaks;
    struct quality_rules rules;
    struct quality quality; /* which points to them */
};

enum { OPTION_MODEL, OPTION_BUNDLE, OPTION_VIOLATIONS };

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

static bool no_errors(const struct quality *quality, struct err *err)
{
    size_t errors = quality_errors(quality);
    return errors == 0 || err_set(err, ERR_GATE, "%zu expectations of severity error fail", errors);
}

static bool save_violations(const struct call *call, const struct quality *quality,
                            struct arena *arena, struct err *err)
{
    const char *path = call->option[OPTION_VIOLATIONS];
    return path == NULL || check_quality_save(quality, path, arena, err);
}

/* The past's own rows against what is declared of them. */
static bool check_expectations(struct check *check, struct err *err)
{
    const struct schema *schema = &check->prepared.schema;
    if (!quality_rules_of(&check->rules, schema, NULL, check->arena, err) ||
        !quality_init(&check->quality, schema, &check->rules, check->arena, err) ||
        !quality_table(&check->quality, &check->prepared.past.table, err))
        return false;
    check_quality_print(&check->quality);
    return save_violations(check->call, &check->quality, check->arena, err);
}

static bool check_past(struct check *check, struct err *err)
{
    const struct config *config = &check->project->config;
    if (!pipeline_check(config, err) ||
        !prepared_load(&check->prepared, config, check->arena, err) ||
        !leaks_find(&check->leaks, &check->prepared, config, check->arena, err))
        return false;
    print_past(check);
    print_leaks(&check->leaks);
    size_t errors = leaks_unaccepted(&check->leaks);
    if (!check_expectations(check, err))
        return false;
    if (errors > 0)
        return err_set(err, ERR_GATE, "%zu of these would stop training", errors);
    return no_errors(&check->quality, err);
}

/* A bundle's schema and what its training rows were like, or assay.yaml's schema alone. */
static bool rules_for_file(struct check *check, struct bundle *bundle, struct schema *schema,
                           struct quality_rules *rules, struct err *err)
{
    const struct call *call = check->call;
    const struct doc *constraints = NULL;
    if (call->option[OPTION_MODEL] == NULL && call->option[OPTION_BUNDLE] == NULL)
        return declare_schema(&check->project->config, check->arena, schema, err) &&
               quality_rules_of(rules, schema, NULL, check->arena, err);
    struct version version;
    if (!project_load_bundle(check->project, call->option[OPTION_BUNDLE],
                             call->option[OPTION_MODEL], bundle, &version, err))
        return false;
    struct view paper = bundle->paper[PAPER_constraints];
    if (paper.length > 0) {
        constraints = doc_parse(paper, check->arena, err);
        if (constraints == NULL)
            return err_while(err, "constraints.json");
    }
    *schema = bundle->schema;
    return quality_rules_of(rules, schema, constraints, check->arena, err);
}

static bool check_file(struct check *check, const char *path, struct bundle *bundle,
                       struct err *err)
{
    struct schema schema;
    if (!rules_for_file(check, bundle, &schema, &check->rules, err) ||
        !quality_init(&check->quality, &schema, &check->rules, check->arena, err) ||
        !quality_file(&check->quality, path, check->arena->limit, check->arena, err))
        return false;
    check_quality_print(&check->quality);
    return save_violations(check->call, &check->quality, check->arena, err) &&
           no_errors(&check->quality, err);
}

static bool run(const struct call *call, struct err *err)
{
    struct project project;
    struct bundle bundle = {0};
    bool file = call->arguments > 0;
    if (!file && (call->option[OPTION_MODEL] != NULL || call->option[OPTION_BUNDLE] != NULL))
        return err_set(err, ERR_USAGE, "--model and --bundle go with a file to check");
    bool loosely = file && call->option[OPTION_BUNDLE] != NULL;
    if (loosely ? !project_open_loosely(&project, call, err) : !project_open(&project, call, err))
        return false;
    struct arena arena = {.limit = (size_t)config_number(&project.config, KEY_DATA_MEMORY_MB)
                                   << 20};
    struct check check = {.call = call, .project = &project, .arena = &arena};
    bool ok = file ? check_file(&check, call->argument[0], &bundle, err) : check_past(&check, err);
    bundle_release(&bundle);
    arena_release(&arena);
    project_close(&project);
    return ok;
}

static const struct option_row options[] = {
    [OPTION_MODEL] = {"model", "REFERENCE", "with a file: the version whose schema and baseline"},
    [OPTION_BUNDLE] = {"bundle", "FILE", "with a file: a bundle instead of assay.yaml"},
    [OPTION_VIOLATIONS] = {"violations", "FILE", "write what failed as constraint_violations.json"},
    {0},
};

const struct command command_check = {
    .name = "check",
    .arguments = "[DATA.csv]",
    .about = "the data: every cell, key and label, what is expected of it, and what would leak",
    .more =
        "Without a file: all that training would read, with the audit of leaks; nothing is\n"
        "written. With one: its rows against what assay.yaml, or a version's bundle, expects\n"
        "of the columns (docs/quality.md). Exit status 10 when an error is among the findings.\n",
    .options = options,
    .most = 1,
    .run = run,
};
