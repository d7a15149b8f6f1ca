/*
 * watch: one thing that is looked at again and again. A line in monitor/watches.def, a struct in
 * monitor/watch_NAME.c, a key monitor.NAME with its schedule.
 *
 * A watch is given a stretch of time and all it may need, and says what it saw: readings for the
 * alarms it covers, a line for people, a document for programs.
 */
#ifndef MONITOR_WATCH_H
#define MONITOR_WATCH_H

#include "data/config.h"
#include "model/bundle.h"
#include "monitor/alarm.h"
#include "monitor/domain.h"
#include "monitor/run.h"
#include "monitor/schedule.h"
#include "store/registry.h"

enum { WATCH_READINGS_MAX = 6000 }; /* columns, and a few more */

struct watch_look {
    const struct config *config;
    struct store *store;
    const char *journal_dir;
    struct arena *arena; /* of this look */
    const struct domain_port *domain;
    int64_t since_us, until_us, now_ms;
    const struct version *version; /* the champion; NULL: there is none */
    const struct bundle *bundle;   /* its, for a watch that needs_champion */
    bool anew;                     /* the last look was at another champion */

    /* What it says. */
    enum watch_state state;
    size_t rows;
    struct text *message;  /* a line */
    struct json *document; /* an object is open */
    struct reading *reading;
    size_t readings;
};

struct watch {
    const char *name;
    const char *about;
    enum key_id schedule;
    bool needs_champion; /* without one there is nothing to look at, and that is no failure */
    const struct alarm *const *covers; /* it gives all the readings that there are of these */
    size_t covers_count;
    bool (*look)(struct watch_look *look, struct err *err);
};

enum watch_id {
#define WATCH(name) WATCH_ID_##name,
#include "monitor/watches.def"
#undef WATCH
    WATCHES,
};

#define WATCH(name) extern const struct watch watch_##name;
#include "monitor/watches.def"
#undef WATCH
extern const struct watch *const watches[WATCHES];
const struct watch *watch_find(struct view name); /* or NULL */

/* When it is due; an error names the key. */
bool watch_schedule(const struct watch *watch, const struct config *config, struct schedule *out,
                    struct err *err);

/* One kind of state as another. */
enum alarm_state alarm_state_of(enum drift_state state);
enum watch_state watch_state_of(enum alarm_state state);

/* Adds a reading, and raises the look's state to the reading's. `subject` and `text` are copied; of
 * a subject, a column's name among them, the first ALARM_SUBJECT_MAX bytes. */
bool look_read(struct watch_look *look, const struct reading *reading, struct err *err);

/* Of two readings of an alarm about one subject, two names that were cut alike among them, the
 * graver stays: neither the history nor the alarms have room for both. */
void look_merge(struct watch_look *look);

#endif
