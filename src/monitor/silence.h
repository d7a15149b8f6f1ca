/*
 * silence: alarms that somebody asked not to be told of for a while, and why.
 *
 * While a silence holds, nothing is told of what begins or stands; what still stands when it ends
 * is told then. That an alarm is over is told always, to those who were told that it began. Each
 * silence, and its lifting, is an event of the audit log.
 */
#ifndef MONITOR_SILENCE_H
#define MONITOR_SILENCE_H

#include "store/store.h"

struct silence {
    int64_t id;
    struct view alarm, subject; /* "*" is any */
    int64_t from_ms, until_ms;
    struct view actor, reason;
};

/* The alarm is one of monitor/alarms.def or "*"; the reason is not empty. */
bool silence_add(struct store *store, const struct silence *wanted, int64_t *id, struct err *err);

/* ERR_NOT_FOUND: none of that number is in force. */
bool silence_lift(struct store *store, int64_t id, const char *actor, int64_t now_ms,
                  struct err *err);

/* Those in force at that time; texts are in the arena. */
bool silence_list(struct store *store, int64_t now_ms, struct arena *arena, struct silence **out,
                  size_t *count, struct err *err);

/* The first that covers it, or NULL. */
const struct silence *silence_find(const struct silence *silence, size_t count, struct view alarm,
                                   struct view subject);

#endif
