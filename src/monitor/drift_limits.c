#include "monitor/drift_limits.h"

static const struct yaml *first_of(const struct config *config)
{
    const struct yaml *limits = config_node(config, "monitor.limits");
    return limits == NULL ? NULL : limits->first;
}

bool drift_limits_of(const struct config *config, struct view name, struct drift_limits *out,
                     struct err *err)
{
    struct err wrong = {0};
    struct drift_limits limits = drift_limits_default;
    limits.rows_min = (size_t)config_count(config, KEY_MONITOR_ROWS_MIN);
    for (const struct yaml *item = first_of(config); item != NULL; item = item->next) {
        if (!view_same(item->key, name))
            continue;
        limits.watch = config_item_number(item, KEY_MONITOR_LIMIT_WATCH);
        limits.alarm = config_item_number(item, KEY_MONITOR_LIMIT_ALARM);
        if (!drift_limits_check(&limits, &wrong))
            return config_wrong(config, item, err, "%s", wrong.text);
    }
    *out = limits;
    return true;
}

bool drift_limits_are_named(const struct config *config, const struct schema *schema,
                            struct err *err)
{
    for (const struct yaml *item = first_of(config); item != NULL; item = item->next)
        if (schema_find(schema, item->key) == NULL && !view_is(item->key, "score"))
            return config_wrong(config, item, err,
                                "monitor.limits: '" VIEW_FMT "' is no column of the data",
                                VIEW_ARG(item->key));
    return true;
}
