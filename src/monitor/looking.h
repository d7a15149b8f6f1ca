/*
 * looking: one look of one watch, from its taking to what is remembered of it.
 *
 *     CLEANUP(looking_release) struct looking looking;
 *     looking_init(&looking, monitor, watch);
 *     if (!looking_take(&looking, &wanted, now_ms, &taken, err) || !taken) ...
 *     if (!looking_look(&looking, now_ms, &why))
 *         return looking_fail(&looking, &why, now_ms, &outcome, err);
 *     return looking_tell(&looking, now_ms, err) && looking_finish(&looking, &outcome, err);
 *
 * All it holds is its own, and an outcome's texts are its until it is released. Which order the
 * last steps have, and whether the alarms are told at all, is the monitor's affair.
 */
#ifndef MONITOR_LOOKING_H
#define MONITOR_LOOKING_H

#include "monitor/monitor.h"

enum { LOOKING_MESSAGE_SIZE = 600 };

struct looking {
    const struct monitor *monitor;
    const struct watch *watch;
    struct watch_run run;

    /* What it stands on. */
    struct arena arena;
    struct bundle bundle;
    struct version version;

    /* What it said. */
    struct watch_look look;
    char message_bytes[LOOKING_MESSAGE_SIZE];
    struct text message, document;
};

void looking_init(struct looking *looking, const struct monitor *monitor,
                  const struct watch *watch);
void looking_release(struct looking *looking);

/* Takes the run (monitor/run.h). */
bool looking_take(struct looking *looking, const struct run_wanted *wanted, int64_t now_ms,
                  bool *taken, struct err *err);

/* Lets the watch look at the champion of now. */
bool looking_look(struct looking *looking, int64_t now_ms, struct err *err);

/* The alarms hear what it saw, and of what it speaks no longer. */
bool looking_tell(struct looking *looking, int64_t now_ms, struct err *err);

/* What it saw, or why it could not, is remembered. ERR_CONFLICT: another monitor was quicker. */
bool looking_finish(struct looking *looking, struct run_outcome *outcome, struct err *err);
bool looking_fail(struct looking *looking, const struct err *why, int64_t now_ms,
                  struct run_outcome *outcome, struct err *err);

#endif
