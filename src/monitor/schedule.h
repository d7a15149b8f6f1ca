/*
 * schedule: when something is due, in UTC.
 *
 *     "0 5 * * 1"     cron's five fields: minute, hour, day of the month, month, day of the week.
 *                     Each is *, numbers, ranges a-b, steps /n, lists of these with commas; months
 *                     and days also by their English names' first three letters; Sunday is 0 or 7.
 *                     When both days are restricted, either will do.
 *     "@weekly"       @hourly @daily @weekly @monthly: their usual first minute
 *     "15m"           every so often, counted from 1970: 10s, 15m, 6h, 7d
 *     "never"
 *
 * An instant at which something is due is what a run is known by: two servers that look at
 * different moments mean the same run.
 */
#ifndef MONITOR_SCHEDULE_H
#define MONITOR_SCHEDULE_H

#include "base/clock.h"
#include "base/err.h"

struct schedule {
    int64_t every_ms;                   /* above 0: so often, and the fields mean nothing */
    uint64_t minute;                    /* a bit for each that is meant; all 0: never */
    uint32_t hour, day, month, weekday; /* weekday: bit 0 Sunday */
    bool either_day;
};

/* ERR_INPUT says which field is wrong, and how. */
bool schedule_parse(struct view text, struct schedule *out, struct err *err);

/* The latest due instant at or before `at_ms`, and the first after it; INT64_MIN and INT64_MAX when
 * there is none within eight years (30 February). */
int64_t schedule_before(const struct schedule *schedule, int64_t at_ms);
int64_t schedule_after(const struct schedule *schedule, int64_t at_ms);

#endif
