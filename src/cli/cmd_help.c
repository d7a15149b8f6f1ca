#include "cli/help.h"

void help_all(FILE *out)
{
    fputs("assay: a fraud model's whole life in one program\n\n"
          "usage: assay COMMAND [ARGUMENT]... [--option]...\n\n",
          out);
    for (size_t i = 0; i < commands_count; i++)
        if (!commands[i]->hidden)
            fprintf(out, "  %-9s %s\n", commands[i]->name, commands[i]->about);
    fputs("\nEvery command takes --project DIR (where assay.yaml is, default .),\n"
          "--set KEY=VALUE (over assay.yaml and the environment) and --help.\n"
          "Exit status: 0 done, 2 usage, 3 input, 4 not found, 5 conflict, 6 limit, 7 i/o,\n"
          "8 store, 9 model, 10 refused by the gate, 11 a part is not available, 12 drift.\n",
          out);
}

void help_one(FILE *out, const struct command *command)
{
    fprintf(out, "usage: assay %s %s\n\n%s\n", command->name, command->arguments, command->about);
    if (command->more != NULL)
        fprintf(out, "\n%s", command->more);
    const struct option_row *row = command->options;
    if (row != NULL && row->name != NULL)
        fputs("\n", out);
    for (; row != NULL && row->name != NULL; row++) {
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", row->name, row->value == NULL ? "" : " ",
                 row->value == NULL ? "" : row->value);
        fprintf(out, "  %-22s %s\n", left, row->about);
    }
}

static bool run(const struct call *call, struct err *err)
{
    if (call->arguments == 0) {
        help_all(stdout);
        return true;
    }
    const struct command *command = command_find(call->argument[0]);
    if (command == NULL || command->hidden)
        return err_set(err, ERR_USAGE, "no command '%s'; `assay help` lists them",
                       call->argument[0]);
    help_one(stdout, command);
    return true;
}

const struct command command_help = {
    .name = "help",
    .arguments = "[COMMAND]",
    .about = "what there is, or what one command does",
    .most = 1,
    .run = run,
};
