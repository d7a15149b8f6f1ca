/* watch_ground: a store, rules and readings for tests of alarms, on SQLite and on PostgreSQL. */
#ifndef TESTS_MONITOR_WATCH_GROUND_H
#define TESTS_MONITOR_WATCH_GROUND_H

#include "monitor/alarms.h"
#include "monitor/outbox.h"
#include "store/ground.h"

#include <math.h>

#define MINUTE INT64_C(60000)
#define START  INT64_C(1750420800000) /* Friday 2025-06-20 12:00 */

#define STORE(store, name)                                                                         \
    FRESH_STORE(store, name);                                                                      \
    static struct alarm_rules rules;                                                               \
    alarm_rules_init(&rules)

static inline struct alarm_tally take_errors(struct store *store, const struct alarm_rules *rules,
                                             const char *subject, int64_t minute, double value)
{
    struct err err = {0};
    struct alarm_tally tally;
    struct reading reading = {.alarm = &alarm_errors,
                              .subject = view_of(subject),
                              .value = value,
                              .text = VIEW("12 of 40 failed")};
    struct alarm_round round = {
        .reading = &reading, .readings = 1, .now_ms = START + minute * MINUTE};
    WORKS(alarms_take(store, rules, &round, &tally, &err), err);
    return tally;
}

static inline int64_t count_rows(struct store *store, const char *sql)
{
    struct err err = {0};
    CLEANUP(db_finish) struct db_statement row = {0};
    WORKS(db_prepare(&store->db, sql, &row, &err), err);
    FAIL_UNLESS(db_next(&row, &err), "%s: %s", sql, err.text);
    return db_i64(&row, 0);
}

#endif
