#include "cli/command.h"

#include <getopt.h>

enum { COMMON_HELP = 1000, COMMON_PROJECT, COMMON_SET };

static size_t count_options(const struct command *command)
{
    size_t count = 0;
    while (command->options != NULL && command->options[count].name != NULL)
        count++;
    assert(count <= OPTIONS_MAX);
    return count;
}

static bool take(struct call *call, int which, const char *value, bool *wants_help, struct err *err)
{
    switch (which) {
    case COMMON_HELP:
        *wants_help = true;
        return true;
    case COMMON_PROJECT:
        call->project = value;
        return true;
    case COMMON_SET:
        if (call->sets == SETS_MAX || strchr(value, '=') == NULL)
            return err_set(err, ERR_USAGE, "--set takes KEY=VALUE, at most %d times", SETS_MAX);
        call->set[call->sets++] = value;
        return true;
    default:
        call->option[which] = value == NULL ? "" : value;
        return true;
    }
}

static bool refuse(const struct command *command, const char *word, int why, struct err *err)
{
    return err_set(err, ERR_USAGE, "'%s' %s; `assay help %s` says what %s takes",
                   word == NULL ? "" : word,
                   why == ':' ? "needs a value" : "is no option of this command", command->name,
                   command->name);
}

bool call_parse(const struct command *command, int argc, char **argv, struct call *call,
                bool *wants_help, struct err *err)
{
    struct option rows[OPTIONS_MAX + 4] = {
        {"help", no_argument, NULL, COMMON_HELP},
        {"project", required_argument, NULL, COMMON_PROJECT},
        {"set", required_argument, NULL, COMMON_SET},
    };
    size_t count = count_options(command);
    for (size_t i = 0; i < count; i++) {
        bool takes = command->options[i].value != NULL;
        rows[3 + i] = (struct option){command->options[i].name,
                                      takes ? required_argument : no_argument, NULL, (int)i};
    }
    call->project = ".";
    optind = 1;
    opterr = 0;
    for (int which; (which = getopt_long(argc, argv, ":", rows, NULL)) != -1;) {
        if (which == '?' || which == ':')
            return refuse(command, argv[optind - 1], which, err);
        if (!take(call, which, optarg, wants_help, err))
            return false;
    }
    call->argument = (const char *const *)(argv + optind);
    call->arguments = (size_t)(argc - optind);
    if (*wants_help)
        return true;
    if (call->arguments < command->least || call->arguments > command->most)
        return err_set(err, ERR_USAGE, "usage: assay %s %s; `assay help %s` says more",
                       command->name, command->arguments, command->name);
    return true;
}
