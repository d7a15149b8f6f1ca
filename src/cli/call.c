#include "cli/command.h"

enum { COMMON_HELP = OPTIONS_MAX, COMMON_PROJECT, COMMON_SET };

/* Everybody's options, after the command's own. */
static const struct option_row common[] = {
    {"help", NULL, ""},
    {"project", "DIR", ""},
    {"set", "KEY=VALUE", ""},
};

/* The option that `name` spells whole: an abbreviation of today would mean something else the day
 * a longer option is added. */
static const struct option_row *find(const struct command *command, struct view name, int *which)
{
    const struct option_row *rows = command->options;
    for (int i = 0; rows != NULL && rows[i].name != NULL; i++) {
        assert(i < OPTIONS_MAX);
        *which = i;
        if (view_is(name, rows[i].name))
            return &rows[i];
    }
    for (size_t i = 0; i < LENGTH_OF(common); i++) {
        *which = COMMON_HELP + (int)i;
        if (view_is(name, common[i].name))
            return &common[i];
    }
    return NULL;
}

static bool take(const struct command *command, struct call *call, int which, const char *value,
                 bool *wants_help, struct err *err)
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
        call->option[which] = value;
        if (command->repeats == NULL || strcmp(command->repeats, command->options[which].name) != 0)
            return true;
        if (call->manys == MANY_MAX)
            return err_set(err, ERR_USAGE, "--%s is said more than %d times", command->repeats,
                           (int)MANY_MAX);
        call->many[call->manys++] = value;
        return true;
    }
}

static bool refuse(const struct command *command, const char *word, const char *why,
                   struct err *err)
{
    return err_set(err, ERR_USAGE, "'%s' %s; `assay help %s` says what %s takes", word, why,
                   command->name, command->name);
}

/* One option: --name, --name=value, or --name and the next word. `next` is NULL after the last;
 * `used` says that it was taken. */
static bool take_word(const struct command *command, const char *word, const char *next,
                      struct call *call, bool *used, bool *wants_help, struct err *err)
{
    struct view rest = view_of(word), name;
    int which;
    *used = false;
    if (!view_starts(rest, "--"))
        return refuse(command, word, "is no option of this command", err);
    view_cut(&rest, '=', &name);
    const struct option_row *row = find(command, view_from(name, 2), &which);
    if (row == NULL)
        return refuse(command, word, "is no option of this command", err);
    const char *value = rest.text;
    if (row->value == NULL)
        return value == NULL ? take(command, call, which, "", wants_help, err)
                             : refuse(command, word, "takes no value", err);
    if (value == NULL) {
        value = next;
        *used = true;
    }
    if (value == NULL)
        return refuse(command, word, "needs a value", err);
    return take(command, call, which, value, wants_help, err);
}

bool call_parse(const struct command *command, int argc, char **argv, struct call *call,
                bool *wants_help, struct err *err)
{
    int kept = 1; /* arguments move up to argv[1], [2], ... */
    bool options = true;
    call->project = ".";
    for (int i = 1; i < argc; i++) {
        char *word = argv[i];
        bool used;
        if (options && strcmp(word, "--") == 0) {
            options = false;
        } else if (!options || word[0] != '-' || word[1] == '\0') {
            argv[kept++] = word;
        } else {
            if (!take_word(command, word, argv[i + 1], call, &used, wants_help, err))
                return false;
            i += used;
        }
    }
    call->argument = (const char *const *)(argv + 1);
    call->arguments = (size_t)(kept - 1);
    if (*wants_help)
        return true;
    if (call->arguments < command->least || call->arguments > command->most)
        return err_set(err, ERR_USAGE, "usage: assay %s %s; `assay help %s` says more",
                       command->name, command->arguments, command->name);
    return true;
}
