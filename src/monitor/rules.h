/*
 * rules: the alarms as they are in force: the table's defaults with what assay.yaml says over them,
 * and who is told.
 *
 *     alarms:
 *       remind_hours: 24
 *       rules:
 *         latency: {limit: 800 ms, windows: 2 of 3, severity: error}
 *         invocations: {hours: "06:00-22:00", days: mon-sun}
 *       sinks:
 *         team: {kind: slack, url_file: /run/secrets/slack, least: warning}
 *
 * A name that is no alarm's, a limit in another quantity's unit and a recovery on the wrong side of
 * the limit are refused with their line.
 */
#ifndef MONITOR_RULES_H
#define MONITOR_RULES_H

#include "data/config.h"
#include "monitor/alarm.h"

/* The times of day and days of the week, UTC, at which breaches count. A window counts when all of
 * it is within. */
struct alarm_hours {
    unsigned days; /* bit 0 Monday .. bit 6 Sunday */
    int from_minute, to_minute;
};

struct alarm_rule {
    const struct alarm *alarm;
    bool enabled;
    double limit, recover;
    int64_t window_ms;
    unsigned breaches, windows;
    struct alarm_hours hours;
    enum alarm_missing missing;
    enum severity severity;
};

enum { ALARM_SINKS_MAX = 16, ALARM_SINK_NAME_MAX = 64 };

/* Where notices go: the sink's name and the least severity that it wants. */
struct alarm_route {
    char sink[ALARM_SINK_NAME_MAX + 1];
    enum severity least;
};

struct alarm_rules {
    struct alarm_rule rule[ALARMS];
    struct alarm_route route[ALARM_SINKS_MAX];
    size_t routes;
    int64_t remind_ms;  /* 0: no reminders */
    int64_t overdue_ms; /* a notice that waits longer is complained about */
    double objective;   /* share of requests that must not fail, for the burn rate */
};

/* Without sinks in the configuration there is one, `log`. */
bool alarm_rules_read(const struct config *config, struct alarm_rules *out, struct err *err);

/* The defaults, without a configuration. */
void alarm_rules_init(struct alarm_rules *out);

/* Is [at - window, at] within the hours? */
bool alarm_hours_hold(const struct alarm_hours *hours, int64_t at_ms, int64_t window_ms);
void alarm_hours_add(struct text *text,
                     const struct alarm_hours *hours); /* "mon-fri 08:00-20:00" */

#endif
