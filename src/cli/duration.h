/*
 * duration: how long, as options say it: "90d", "24h", "30m", "15s", up to a hundred years.
 */
#ifndef CLI_DURATION_H
#define CLI_DURATION_H

#include "base/err.h"

/* Milliseconds. ERR_USAGE names the option. */
bool duration_read(const char *text, const char *option, int64_t *out, struct err *err);

#endif
