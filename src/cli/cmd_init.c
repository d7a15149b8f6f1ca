#include "cli/command.h"
#include "cli/draft.h"
#include "cli/templates.h"

enum { OPTION_FROM, OPTION_JOIN, OPTION_ON, OPTION_LABEL, OPTION_TEMPLATE };

static bool run(const struct call *call, struct err *err)
{
    const char *dir = call->argument[0], *wanted = call->option[OPTION_TEMPLATE];
    if ((wanted == NULL) == (call->option[OPTION_FROM] == NULL))
        return err_set(err, ERR_USAGE, "either --from FILE or --template NAME is wanted");
    if (wanted != NULL) {
        const char *yaml = template_find(wanted);
        if (yaml == NULL)
            return err_set(err, ERR_USAGE, "no template '%s'; there are claims and cards", wanted);
        if (!draft_save(dir, yaml, err))
            return false;
        fprintf(stderr, "%s/assay.yaml: for the data of `assay generate %s --out %s`\n", dir,
                wanted, dir);
        return true;
    }
    struct draft_options options = {
        .dir = dir,
        .from = call->option[OPTION_FROM],
        .join = call->option[OPTION_JOIN],
        .on = call->option[OPTION_ON],
        .label = call->option[OPTION_LABEL],
    };
    return draft_project(&options, stderr, err);
}

static const struct option_row options[] = {
    [OPTION_FROM] = {"from", "FILE", "a CSV of past records, plain, gzip or zstd"},
    [OPTION_JOIN] = {"join", "FILE", "a second CSV, joined"},
    [OPTION_ON] = {"on", "COLUMN", "the key; found when one column is in both files"},
    [OPTION_LABEL] = {"label", "COLUMN",
                      "what was fraud; found when it is called fraud, Class, ..."},
    [OPTION_TEMPLATE] = {"template", "NAME", "claims or cards: fits the generated data"},
    {0},
};

const struct command command_init = {
    .name = "init",
    .arguments = "DIR",
    .about = "a project: assay.yaml drafted from the data's columns",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
