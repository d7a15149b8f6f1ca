#include "base/version.h"
#include "cli/command.h"

static bool run(const struct call *call UNUSED, struct err *err UNUSED)
{
    puts("assay " ASSAY_VERSION);
    return true;
}

const struct command command_version = {
    .name = "version",
    .arguments = "",
    .about = "which Assay this is",
    .run = run,
};
