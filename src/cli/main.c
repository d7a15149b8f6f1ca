#include "cli/command.h"
#include "cli/help.h"

#include <signal.h>

/* The message may quote the input: what would command a terminal is shown as a question mark. */
static int fail(const char *command, const struct err *err)
{
    fprintf(stderr, "assay %s: ", command);
    for (const char *at = err->text; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        fputc(c < ' ' || c == 0x7f ? '?' : c, stderr);
    }
    fputc('\n', stderr);
    return err_exit_status(err->kind);
}

int main(int argc, char **argv)
{
    struct err err = {0};
    signal(SIGPIPE, SIG_IGN); /* a client that went away is an error of that client's */
    signal(SIGXFSZ, SIG_IGN); /* a file-size limit is an error of the write */
    if (argc < 2) {
        help_all(stdout);
        return 0;
    }
    const char *name = strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ? "help"
                       : strcmp(argv[1], "--version") == 0                          ? "version"
                                                                                    : argv[1];
    const struct command *command = command_find(name);
    if (command == NULL) {
        err_set(&err, ERR_USAGE, "no such command; `assay help` lists them");
        return fail(name, &err);
    }
    struct call call = {.program = "/proc/self/exe"};
    bool wants_help = false;
    if (!call_parse(command, argc - 1, argv + 1, &call, &wants_help, &err))
        return fail(name, &err);
    if (wants_help) {
        help_one(stdout, command);
        return 0;
    }
    if (!command->run(&call, &err))
        return fail(name, &err);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        err_set(&err, ERR_IO, "standard output cannot be written");
        return fail(name, &err);
    }
    return 0;
}
