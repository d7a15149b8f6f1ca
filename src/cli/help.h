/* help: what the tables say, printed. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/command.h"

void help_all(FILE *out);
void help_one(FILE *out, const struct command *command);

#endif
