#include "monitor/stretch.h"

#define DAY_US 86400e6

int64_t stretch_maturity_us(const struct watch_look *look)
{
    return (int64_t)(config_number(look->config, KEY_MONITOR_MATURITY) * DAY_US);
}

static bool load(const struct watch_look *look, int64_t since_us, int64_t until_us, bool labels,
                 struct window *out, struct err *err)
{
    struct window_query query = {
        .since_us = since_us,
        .until_us = until_us,
        .bundle = look->bundle,
        .rows_max = (size_t)config_count(look->config, KEY_MONITOR_ROWS_MAX),
        .labels = labels,
    };
    return window_load(out, look->store, look->journal_dir, &query, look->arena, err);
}

bool stretch_load(const struct watch_look *look, int64_t since_us, int64_t until_us,
                  struct window *out, struct err *err)
{
    return load(look, since_us, until_us, false, out, err);
}

bool stretch_load_mature(const struct watch_look *look, struct window *out, struct err *err)
{
    int64_t mature_us = stretch_maturity_us(look);
    return load(look, look->since_us - mature_us, look->until_us - mature_us, true, out, err);
}

bool stretch_unlabelled_count(const struct watch_look *look)
{
    return view_is(config_text(look->config, KEY_MONITOR_UNLABELLED), "legit");
}
