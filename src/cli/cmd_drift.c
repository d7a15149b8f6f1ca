#include "base/file.h"
#include "cli/guess.h"
#include "cli/project.h"
#include "cli/separate.h"
#include "data/declare.h"
#include "monitor/compare_violations.h"
#include "monitor/drift_limits.h"

#include <errno.h>

enum {
    OPTION_BASELINE,
    OPTION_NEW,
    OPTION_MODE,
    OPTION_IGNORE,
    OPTION_JSON,
    OPTION_OUTPUT,
    OPTION_VIOLATIONS,
    OPTION_MULTIVARIATE,
};

/* All that a run works on. */
struct work {
    struct project project;
    struct arena arena;
    struct schema schema;
    struct sheet before, now;
    struct comparison comparison;
    bool together; /* `domain` is filled */
    struct domain domain;
};

/* ---------------------------------------------------------------- the table */

enum { DOMAIN_SEED = 1 };
enum { NAME_WIDTH = 16, NAME_WIDTH_MAX = 40 };

static int name_width(const struct comparison *comparison)
{
    size_t width = NAME_WIDTH;
    for (size_t i = 0; i < comparison->count; i++) {
        size_t length = comparison->column[i].column->name.length;
        width = length > width && comparison->column[i].left_out == NULL ? length : width;
    }
    return width < NAME_WIDTH_MAX ? (int)width : NAME_WIDTH_MAX;
}

static void print_column(const struct comparison_column *c, int width)
{
    struct view name = c->column->name;
    int shown = name.length < NAME_WIDTH_MAX ? (int)name.length : NAME_WIDTH_MAX;
    printf("%-*.*s %-12s %8.4f %7.4f", width, shown, name.text,
           c->judged ? drift_state_name(c->state) : "-", c->figure[DRIFT_psi], c->figure[DRIFT_js]);
    if (c->reference.numbers)
        printf(" %7.4f %8.4f", c->figure[DRIFT_ks], c->figure[DRIFT_wasserstein_sigma]);
    else
        printf(" %7s %8s", "-", "-");
    if (c->judged)
        printf(" %9.2g", c->p);
    else
        printf(" %9s", "-");
    printf(" %7.2f %7.2f %7.2f", 100 * drift_missing_share(&c->reference.self),
           100 * drift_missing_share(&c->window), 100 * drift_outside_share(&c->window));
    if (c->now->mistyped > 0)
        printf("  %zu mistyped", c->now->mistyped);
    if (c->has_rate && c->rate.state != DRIFT_OK && c->rate.state != DRIFT_INSUFFICIENT)
        printf("  all but " VIEW_FMT ": %.4f%%, before %.4f%%", VIEW_ARG(c->common),
               100 * c->rate.now, 100 * c->rate.before);
    printf("\n");
}

static void print_left_out(const struct comparison *comparison)
{
    const char *before = "left out: ";
    for (size_t i = 0; i < comparison->count; i++) {
        const struct comparison_column *c = comparison->order[i];
        if (c->left_out == NULL)
            continue;
        printf("%s" VIEW_FMT " (%s)", before, VIEW_ARG(c->column->name), c->left_out);
        before = ", ";
    }
    const struct sheet *sheets[] = {comparison->before, comparison->now};
    for (size_t s = 0; s < LENGTH_OF(sheets); s++)
        for (size_t i = 0; i < sheets[s]->extras; i++) {
            printf("%s" VIEW_FMT " (%s, not in the schema)", before, VIEW_ARG(sheets[s]->extra[i]),
                   s == 0 ? "baseline" : "new data");
            before = ", ";
        }
    if (strcmp(before, ", ") == 0)
        printf("\n");
}

/* What systems before said, and what they left unsaid. */
static void print_verdict(const struct comparison *comparison)
{
    const struct drift_mode *mode = comparison->mode;
    printf("drift detected: %s", comparison->drifted > 0 ? "yes" : "no");
    const char *before = ", in ";
    for (size_t i = 0; i < comparison->count; i++) {
        const struct comparison_column *c = comparison->order[i];
        if (!c->judged || (c->state != DRIFT_WATCH && c->state != DRIFT_ALARM))
            continue;
        printf("%s" VIEW_FMT, before, VIEW_ARG(c->column->name));
        before = ", ";
    }
    printf("\nstate: %s; rule %s: %s\n", drift_state_name(comparison->state), mode->name,
           mode->about);
    printf("false alarms: %s%.2f%% of comparisons in which none of %zu columns drifted\n",
           mode->of_the_family ? "at most " : "about ", 100 * comparison->false_alarms,
           comparison->judged);
}

static void print_table(const struct comparison *comparison)
{
    int width = name_width(comparison);
    printf("baseline %s: %zu rows; new data %s: %zu rows\n", comparison->before->path,
           comparison->before->rows, comparison->now->path, comparison->now->rows);
    printf("%-*s %-12s %8s %7s %7s %8s %9s %7s %7s %7s\n", width, "column", "state", "PSI", "JS",
           "KS", "W1/sigma", "p", "miss%", "now%", "unseen%");
    for (size_t i = 0; i < comparison->count; i++)
        if (comparison->order[i]->left_out == NULL)
            print_column(comparison->order[i], width);
    print_left_out(comparison);
    print_verdict(comparison);
}

static void print_domain(const struct domain *domain)
{
    enum { SHOWN_MAX = 5 };
    printf("all columns together: %s, a model tells new rows from old ones with ROC-AUC %.4f "
           "(%.4f to %.4f) on %zu and %zu rows",
           drift_state_name(domain->state), domain->auc, domain->low, domain->high, domain->rows[0],
           domain->rows[1]);
    bool tells = domain->state == DRIFT_WATCH || domain->state == DRIFT_ALARM;
    size_t shown = !tells ? 0 : domain->parts < SHOWN_MAX ? domain->parts : SHOWN_MAX;
    for (size_t i = 0; i < shown && domain->part[i].share > 0; i++)
        printf("%s" VIEW_FMT " (%.0f %%)", i == 0 ? "; by " : ", ", VIEW_ARG(domain->part[i].name),
               100 * domain->part[i].share);
    printf("\n");
}

/* ---------------------------------------------------------------- documents */

static bool put(const struct text *text, const char *path, struct err *err)
{
    if (text->cut)
        return err_set(err, ERR_LIMIT, "the report does not fit the memory limit");
    if (path != NULL)
        return file_save(path, text_view(text), err);
    if (fwrite(text->bytes, 1, text->length, stdout) != text->length)
        return err_set(err, ERR_IO, "the report cannot be written: %s", strerror(errno));
    return true;
}

static bool put_report(const struct call *call, struct work *work, struct err *err)
{
    struct text text = text_in_arena(&work->arena);
    struct json json = json_pretty_to(&text);
    const char *path = call->option[OPTION_OUTPUT];
    if (call->option[OPTION_JSON] == NULL)
        print_table(&work->comparison);
    if (call->option[OPTION_JSON] == NULL && work->together)
        print_domain(&work->domain);
    if (call->option[OPTION_JSON] == NULL && path == NULL)
        return true;
    json_open(&json, '{');
    comparison_write(&work->comparison, &json);
    if (work->together) {
        json_key(&json, "multivariate");
        domain_write(&work->domain, &json);
    }
    json_close(&json);
    text_addc(&text, '\n');
    return put(&text, path, err) &&
           (path == NULL || call->option[OPTION_JSON] == NULL || put(&text, NULL, err));
}

static bool put_violations(const struct call *call, const struct comparison *comparison,
                           struct arena *arena, struct err *err)
{
    struct violations violations;
    struct view document;
    if (call->option[OPTION_VIOLATIONS] == NULL)
        return true;
    violations_begin(&violations, arena);
    compare_violations(comparison, &violations);
    return violations_end(&violations, &document, err) &&
           file_save(call->option[OPTION_VIOLATIONS], document, err);
}

/* ---------------------------------------------------------------- the command */

/* assay.yaml declares the columns; without one they are guessed from the baseline. */
static bool find_schema(struct work *work, const char *baseline, struct err *err)
{
    if (config_node(&work->project.config, "columns") != NULL)
        return declare_schema(&work->project.config, &work->arena, &work->schema, err);
    return guess_schema(baseline, &work->arena, &work->schema, err);
}

static bool find_limits(struct work *work, struct drift_limits **out, struct err *err)
{
    const struct config *config = &work->project.config;
    struct drift_limits *limits =
        arena_new(&work->arena, struct drift_limits, work->schema.count + 1);
    if (limits == NULL)
        return err_set(err, ERR_LIMIT, "%zu columns do not fit the memory limit",
                       work->schema.count);
    if (!drift_limits_are_named(config, &work->schema, err))
        return false;
    for (size_t i = 0; i < work->schema.count; i++)
        if (!drift_limits_of(config, work->schema.column[i].name, &limits[i], err))
            return false;
    *out = limits;
    return true;
}

static bool read_both(struct work *work, const struct call *call, struct err *err)
{
    const char *baseline = call->option[OPTION_BASELINE], *now = call->option[OPTION_NEW];
    struct arena *arena = &work->arena;
    return find_schema(work, baseline, err) &&
           sheet_load(&work->before, &work->schema, NULL, baseline, arena->limit, arena, err) &&
           sheet_load(&work->now, &work->schema, &work->before, now, arena->limit, arena, err);
}

static bool compare(struct work *work, const struct call *call, const struct drift_mode *mode,
                    struct err *err)
{
    struct drift_limits *limits = NULL;
    if (!read_both(work, call, err) || !find_limits(work, &limits, err))
        return false;
    struct comparison_options options = {
        .mode = mode, .ignore = call->many, .ignores = call->manys, .limits = limits};
    if (!compare_sheets(&work->before, &work->now, &options, &work->arena, &work->comparison, err))
        return false;
    work->together = call->option[OPTION_MULTIVARIATE] != NULL;
    struct separator separator = {.program = call->program};
    struct domain_port port = separator_port(&separator);
    size_t rows_min = (size_t)config_count(&work->project.config, KEY_MONITOR_ROWS_MIN);
    return !work->together || domain_compare(&work->comparison, &port, rows_min, DOMAIN_SEED,
                                             &work->arena, &work->domain, err);
}

/* Cron looks at the status: an alarm is one of its own. */
static bool tell(const struct work *work, struct err *err)
{
    const struct comparison *comparison = &work->comparison;
    size_t alarms = 0;
    for (size_t i = 0; i < comparison->count; i++)
        alarms += comparison->column[i].judged && comparison->column[i].state == DRIFT_ALARM;
    if (comparison->state == DRIFT_ALARM)
        return err_set(err, ERR_DRIFT,
                       "%zu of %zu columns drifted to ALARM, the first is '" VIEW_FMT "'", alarms,
                       comparison->judged, VIEW_ARG(comparison->order[0]->column->name));
    if (work->together && work->domain.state == DRIFT_ALARM)
        return err_set(err, ERR_DRIFT,
                       "the columns drifted together: a model tells new rows from old ones with "
                       "ROC-AUC %.4f",
                       work->domain.auc);
    return true;
}

static bool find_mode(const struct call *call, const struct drift_mode **out, struct err *err)
{
    const char *name = call->option[OPTION_MODE];
    char bytes[128];
    struct text names = text_in(bytes, sizeof bytes);
    *out = drift_mode_find(view_of(name == NULL ? drift_mode_assay.name : name));
    for (size_t i = 0; i < drift_modes_count; i++)
        text_addf(&names, "%s%s", i == 0 ? "" : ", ", drift_modes[i]->name);
    return *out != NULL ||
           err_set(err, ERR_USAGE, "there is no mode '%s'; there are %s", name, text_c(&names));
}

static bool run(const struct call *call, struct err *err)
{
    static struct work work;
    const struct drift_mode *mode;
    if (call->option[OPTION_BASELINE] == NULL || call->option[OPTION_NEW] == NULL)
        return err_set(err, ERR_USAGE, "--baseline-data and --new-data name the two files");
    if (!find_mode(call, &mode, err) || !project_open_loosely(&work.project, call, err))
        return false;
    work.arena.limit = (size_t)config_number(&work.project.config, KEY_DATA_MEMORY_MB) << 20;
    bool ok = compare(&work, call, mode, err) && put_report(call, &work, err) &&
              put_violations(call, &work.comparison, &work.arena, err) && tell(&work, err);
    arena_release(&work.arena);
    project_close(&work.project);
    return ok;
}

static const struct option_row options[] = {
    [OPTION_BASELINE] = {"baseline-data", "FILE", "a CSV of what was, plain, gzip or zstd"},
    [OPTION_NEW] = {"new-data", "FILE", "a CSV of what is"},
    [OPTION_MODE] = {"mode", "NAME", "assay (default), ks or columns: by which rule"},
    [OPTION_IGNORE] = {"ignore", "COLUMN", "not compared, a counter or a clock; more than once"},
    [OPTION_JSON] = {"json", NULL, "the report as JSON instead of a table"},
    [OPTION_OUTPUT] = {"output", "FILE", "the report as JSON into a file as well"},
    [OPTION_VIOLATIONS] = {"violations", "FILE", "Model Monitor's constraint_violations.json"},
    [OPTION_MULTIVARIATE] = {"multivariate", NULL,
                             "all columns together too: can a model tell new rows from old ones"},
    {0},
};

const struct command command_drift = {
    .name = "drift",
    .arguments = "",
    .about = "two files of records compared, column by column: what changed, and does it matter",
    .more = "The columns are those of assay.yaml; where there is none, they are guessed from the\n"
            "baseline. Mode ks looks at each numeric column alone with KS p < 0.05, mode columns\n"
            "at each column with p < 0.1; both say how often they are wrong. The exit status is\n"
            "12 when a column is in ALARM, 0 for OK, WATCH and INSUFFICIENT.\n",
    .options = options,
    .repeats = "ignore",
    .run = run,
};
