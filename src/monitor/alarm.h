/*
 * alarm: what may go wrong, what is measured for it, and when it is worth waking somebody.
 *
 * One row of monitor/alarms.def, one struct in monitor/alarm_*.c. Of two kinds:
 *
 *     thresholded   the watch gives a value, which is compared with the limit here
 *     judged        the watch gives a state, because it has its own way to come to one
 *
 * What a row says is the default; monitor/rules.h has what is in force. Values are in the
 * quantity's own unit: seconds, shares of 1, bytes, plain numbers.
 */
#ifndef MONITOR_ALARM_H
#define MONITOR_ALARM_H

#include "monitor/quantity.h"
#include "store/notice.h"

#include <math.h>

enum alarm_state { STATE_OK, STATE_INSUFFICIENT, STATE_WATCH, STATE_ALARM, STATES };
extern const char *const alarm_states[STATES]; /* "OK", "INSUFFICIENT", "WATCH", "ALARM" */

enum alarm_compare { ALARM_ABOVE, ALARM_BELOW, ALARM_JUDGED };

/* A window without data counts as fine, as a breach, or not at all. */
enum alarm_missing { MISSING_OK, MISSING_ALARM, MISSING_KEEP, MISSINGS };
extern const char *const alarm_missings[MISSINGS]; /* "ok", "alarm", "keep" */

enum { ALARM_WINDOWS_MAX = 24 };

struct alarm {
    const char *name;     /* "latency" */
    const char *about;    /* its headline: "Answers are slow" */
    const char *measures; /* "the 99th percentile of the time from request to answer" */
    enum quantity quantity;
    enum alarm_compare compare;
    double limit;      /* a breach is past it; of a judged one NaN */
    double recover;    /* while it stands, what is not past this counts as fine again */
    int64_t window_ms; /* that a value is taken over; 0: the watch's own affair */
    unsigned breaches; /* so many breaches ... */
    unsigned windows;  /* ... among the last so many windows are an alarm */
    const char *hours; /* "08:00-20:00" UTC: breaches at other times do not count; NULL: always */
    const char *days;  /* "mon-fri"; NULL: every day */
    enum alarm_missing missing;
    enum severity severity;
    const char *runbook; /* what to look at first, in a sentence or two */
};

/* The fields of a judged row: so many breaches among the last so many windows, of which those
 * without data do not count. */
#define ALARM_JUDGED_IN(some, of_windows)                                                          \
    .compare = ALARM_JUDGED, .limit = (double)NAN, .recover = (double)NAN, .breaches = (some),     \
    .windows = (of_windows), .missing = MISSING_KEEP

enum alarm_id {
#define ALARM(name) ALARM_ID_##name,
#include "monitor/alarms.def"
#undef ALARM
    ALARMS,
};

#define ALARM(name) extern const struct alarm alarm_##name;
#include "monitor/alarms.def"
#undef ALARM
extern const struct alarm *const alarms[ALARMS];

/* ALARMS when there is none of that name. */
enum alarm_id alarm_find(struct view name);
enum alarm_id alarm_id_of(const struct alarm *alarm); /* of a row */

void alarm_list_names(struct text *out); /* "latency, errors, ..." for messages */

/* What a watch found out about one thing: one column, one server, or the whole of it. */
struct reading {
    const struct alarm *alarm;
    struct view subject; /* "amount"; empty: there is only one. At most ALARM_SUBJECT_MAX bytes */
    enum alarm_state state; /* judged: the verdict; STATE_INSUFFICIENT: no data */
    double value;           /* thresholded: NaN is no data. Judged: for people, may be NaN */
    double limit;           /* judged: what it was measured against, for people, or NaN */
    bool anew;              /* the windows before were about something else: another champion */
    int64_t at_ms;          /* the end of the window it is about; 0: now */
    struct view text;       /* what was seen, in a line, for people; may be empty */
    bool gone;              /* it is no longer watched: what stood is over */
};

enum { ALARM_SUBJECT_MAX = 200, ALARM_SAID_MAX = 600 };

#endif
