/*
 * instant: when, as options say it: "2026-11-21", "2026-11-21T13:50:00Z".
 */
#ifndef CLI_INSTANT_H
#define CLI_INSTANT_H

#include "cli/command.h"

/* Microseconds since 1970; an option that was not given leaves *out_us as it is. ERR_USAGE: the
 * text is no instant. */
bool instant_option(const struct call *call, size_t option, int64_t *out_us, struct err *err);

#endif
