/*
 * alarms: what the watches found out, judged, remembered in the database, and told once.
 *
 * A watch hands in a round: the readings it took and the alarms it answers for. For each key, an
 * alarm and a subject, the state is judged (monitor/judge.h) against what the database remembers;
 * keys of these alarms that got no reading are judged by their missing-data policy. A change of
 * state is written down; what is to be told becomes a notice in the outbox of every sink that wants
 * its severity. All of a round is one transaction under the database's one write lock, so any
 * number of replicas may hand in the same round and each notice is written once.
 *
 *     struct reading readings[] = {{.alarm = &alarm_drift, .subject = VIEW("amount"), ...}};
 *     const struct alarm *covers[] = {&alarm_drift};
 *     struct alarm_round round = {covers, 1, readings, 1, clock_now_ms()};
 *     if (!alarms_take(&store, &rules, &round, &tally, err)) ...
 *     if (!outbox_deliver(...)) ...                        monitor/outbox.h
 */
#ifndef MONITOR_ALARMS_H
#define MONITOR_ALARMS_H

#include "monitor/judge.h"
#include "monitor/silence.h"

struct alarm_round {
    const struct alarm *const *covers; /* keys of these without a reading are missing theirs */
    size_t covers_count;
    const struct reading *reading;
    size_t readings;
    int64_t now_ms;
};

struct alarm_tally {
    size_t judged, standing;      /* keys of this round; those in ALARM after it */
    size_t begun, over, reminded; /* notices written */
};

/* A reading of an alarm that is not enabled is passed over. */
bool alarms_take(struct store *store, const struct alarm_rules *rules,
                 const struct alarm_round *round, struct alarm_tally *out, struct err *err);

/* ---------------------------------------------------------------- what is known */

struct alarm_key {
    const struct alarm *alarm; /* NULL: a row of another program's */
    struct view name, subject;
    struct alarm_memory memory;
};

/* Those that stand first, then by name; texts are in the arena. */
bool alarms_list(struct store *store, struct arena *arena, struct alarm_key **out, size_t *count,
                 struct err *err);

struct alarm_change {
    struct view alarm, subject, was, state, value, limit, said;
    int64_t at_ms;
};

/* Newest first, at most `most`; `alarm` empty: all. */
bool alarms_history(struct store *store, struct view alarm, size_t most, struct arena *arena,
                    struct alarm_change **out, size_t *count, struct err *err);

/* ---------------------------------------------------------------- keeping house */

/* Removes changes and sent notices older than `before_ms`, and silences that ended before. */
bool alarms_prune(struct store *store, int64_t before_ms, struct err *err);

#endif
