/*
 * command: one verb of the command line. A file cmd_NAME.c, a line in
 * commands.def; help and dispatch come from the table.
 *
 * A command names its options in a table too; --help, --project and --set are
 * everybody's. Standard output is for results, standard error for progress and
 * the one line that says what went wrong.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "base/err.h"
#include "base/view.h"

enum { OPTIONS_MAX = 16, SETS_MAX = 64, MANY_MAX = 32 };

struct option_row {
    const char *name;  /* without the dashes */
    const char *value; /* what it takes, for help; NULL: a switch */
    const char *about;
};

/* A command as it was called. */
struct call {
    const char *program; /* a path that can be run again */
    const char *const *argument;
    size_t arguments;
    const char *option[OPTIONS_MAX]; /* by the command's table; a switch that is on is "" */
    const char *many[MANY_MAX];      /* the values of the option that may be said more than once */
    size_t manys;
    const char *project;       /* --project, else "." */
    const char *set[SETS_MAX]; /* --set KEY=VALUE, in order */
    size_t sets;
};

struct command {
    const char *name;
    const char *arguments; /* for help: "REFERENCE", "[FILE]", "" */
    const char *about;
    const char *more;                 /* a few lines for `help NAME`, or NULL */
    const struct option_row *options; /* ends with an empty row; NULL: none */
    const char *repeats;              /* the option that may be said more than once, or NULL */
    size_t least, most;               /* arguments */
    bool hidden;
    bool (*run)(const struct call *call, struct err *err);
};

#define COMMAND(name) extern const struct command command_##name;
#include "cli/commands.def"
#undef COMMAND

extern const struct command *const commands[];
extern const size_t commands_count;

const struct command *command_find(const char *name); /* or NULL */

/* ERR_USAGE for what the command does not take. `wants_help`: --help was among it. */
bool call_parse(const struct command *command, int argc, char **argv, struct call *call,
                bool *wants_help, struct err *err);

#endif
