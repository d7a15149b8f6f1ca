/*
 * monitor: what is due is looked at, judged, told, and acted upon.
 *
 *     struct monitor monitor = {.config = &config, .store = &store, ...};
 *     if (!monitor_check(&config, err)) ...                   once
 *     if (!monitor_round(&monitor, clock_now_ms(), err)) ...  again and again
 *
 * A round takes each watch that is due (monitor/run.h: of many monitors one does), hands its
 * readings to the alarms, takes a step of the retraining, and delivers the notices that wait. While
 * a model is trained the watches go on. A
 * watch that fails is a reading too, and does not keep the others from being looked at; an error of
 * monitor_round is the database's. Any stretch of time can be looked at by hand: monitor_look.
 */
#ifndef MONITOR_MONITOR_H
#define MONITOR_MONITOR_H

#include "monitor/outbox.h"
#include "monitor/retrain.h"
#include "monitor/watch.h"

struct monitor {
    const struct config *config;
    struct store *store;
    const char *journal_dir;
    char owner[RUN_OWNER_SIZE]; /* this process among all monitors */
    struct alarm_rules rules;
    const struct notice_port *port;
    size_t ports;
    struct retrain retrain;
    struct domain_port domain; /* who tells new rows from old ones */
    /* A line about what was done; `bad`: it did not go well. */
    void (*say)(void *self, bool bad, const char *line);
    void *self;

    int64_t retraining_told; /* the last change of a retraining that was said */
    int64_t undelivered_ms;  /* when it was last said that notices wait */
};

/* The settings that can be refused before anything runs: schedules, alarms, retraining. */
bool monitor_check(const struct config *config, struct err *err);

/* Reads the rules and makes up the owner. The rest is the caller's. */
bool monitor_init(struct monitor *monitor, struct err *err);

bool monitor_round(struct monitor *monitor, int64_t now_ms, struct err *err);

/* When the next watch or retraining is due. */
int64_t monitor_next(const struct monitor *monitor, int64_t now_ms);

/* One watch, of any time, outside of its schedule: remembered, and no part of the history that
 * counts. The outcome's texts are in the arena. */
bool monitor_look(struct monitor *monitor, const struct watch *watch, int64_t since_ms,
                  int64_t until_ms, int64_t now_ms, struct arena *arena, struct run_outcome *out,
                  struct err *err);

#endif
