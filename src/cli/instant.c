#include "cli/instant.h"

#include "base/clock.h"

bool instant_option(const struct call *call, size_t option, int64_t *out_us, struct err *err)
{
    const char *text = call->option[option];
    int64_t time_ms;
    if (text == NULL)
        return true;
    if (!clock_parse(view_of(text), &time_ms))
        return err_set(err, ERR_USAGE,
                       "--since and --until take an instant, 2026-11-21 or 2026-11-21T13:50:00Z, "
                       "not '%s'",
                       text);
    *out_us = time_ms * 1000;
    return true;
}
