#include "base/json.h"
#include "cli/command.h"
#include "train/child.h"
#include "train/worker.h"

/* The parent reads what went wrong from standard output; standard error is the library's. */
static void report(const struct err *err)
{
    char bytes[2048];
    struct text text = text_in(bytes, sizeof bytes);
    struct json json = json_to(&text);
    json_open(&json, '{');
    json_key(&json, "error"), json_string(&json, err->text);
    json_key(&json, "kind"), json_count(&json, err->kind);
    json_close(&json);
    printf("%.*s\n", (int)text.length, text.bytes);
}

static bool run(const struct call *call, struct err *err)
{
    bool ok = call->option[0] != NULL ? worker_probe(err)
              : call->arguments == 1  ? worker_run(call->argument[0], err)
                                      : err_set(err, ERR_USAGE, "a job is wanted");
    if (!ok)
        report(err);
    return ok;
}

static const struct option_row options[] = {
    {"probe", NULL, "say which libxgboost training will use"},
    {0},
};

const struct command command_worker = {
    .name = CHILD_COMMAND,
    .arguments = "JOB",
    .about = "train one job; started by `assay train`",
    .options = options,
    .most = 1,
    .hidden = true,
    .run = run,
};
