#include "base/file.h"
#include "cli/grafana.h"
#include "cli/project.h"
#include "cli/prometheus.h"

enum { OPTION_JOB, OPTION_OUT };

static bool write_out(struct text *text, const char *path, struct err *err)
{
    if (text->cut)
        return err_set(err, ERR_LIMIT, "the file does not fit the memory limit");
    if (path != NULL)
        return file_save(path, text_view(text), err);
    fwrite(text->bytes, 1, text->length, stdout);
    return true;
}

static bool write_rules(struct project *project, const struct call *call, struct text *text,
                        struct err *err)
{
    const char *job = call->option[OPTION_JOB] == NULL ? "assay" : call->option[OPTION_JOB];
    struct alarm_rules rules;
    if (!prometheus_job_is_plain(view_of(job)))
        return err_set(err, ERR_USAGE,
                       "--job takes a name of letters, digits, '_', '-' and '.', not '%s'", job);
    if (!alarm_rules_read(&project->config, &rules, err))
        return false;
    prometheus_rules_write(&rules, job, text);
    return true;
}

static bool run(const struct call *call, struct err *err)
{
    struct project project;
    bool rules = strcmp(call->argument[0], "rules") == 0;
    if (!rules && strcmp(call->argument[0], "grafana") != 0)
        return err_set(err, ERR_USAGE, "there are rules and grafana, not '%s'", call->argument[0]);
    if (!rules && call->option[OPTION_JOB] != NULL)
        return err_set(err, ERR_USAGE, "the job is a variable of the dashboard; --job is of rules");
    if (!project_open_loosely(&project, call, err))
        return false;
    struct text text = text_in_arena(&project.arena);
    bool ok = true;
    if (rules)
        ok = write_rules(&project, call, &text, err);
    else
        grafana_write(&text);
    ok = ok && write_out(&text, call->option[OPTION_OUT], err);
    project_close(&project);
    return ok;
}

static const struct option_row options[] = {
    [OPTION_JOB] = {"job", "NAME", "rules: what Prometheus calls the servers' job, default assay"},
    [OPTION_OUT] = {"out", "FILE", "write there instead of to standard output"},
    {0},
};

const struct command command_dashboards = {
    .name = "dashboards",
    .arguments = "rules|grafana",
    .about = "files for who watches with Prometheus and Grafana: alerting rules, a dashboard",
    .more = "rules     alerting rules: the alarms of `assay alarms rules`, as assay.yaml has them\n"
            "grafana   a dashboard to import\n",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
