/*
 * judge: one alarm's state from what it remembers and one reading more. No clock, no database.
 *
 *     struct alarm_memory memory = {0};                of a key that is new
 *     judge_reading(&rule, &reading, at_ms, &memory);
 *     if (judge_tell(&rule, &memory, silenced, remind_ms, at_ms, &kind)) ...
 *
 * A reading is a breach, fine, or without data. It counts as a window when it ends a window's
 * length after the last one that counted (less a tenth, for schedules are not exact): one burst is
 * not two windows, and what two replicas find out at once counts once. Where one breach is enough,
 * a breach counts at once. So many breaches among the last so many windows are ALARM; fewer are
 * WATCH. While it stands, what is between the limit and the recovery is still a breach. A reading
 * that is `anew` begins without a past.
 */
#ifndef MONITOR_JUDGE_H
#define MONITOR_JUDGE_H

#include "monitor/rules.h"

enum { ALARM_INCIDENT_SIZE = 33 };

/* What is kept of one key, an alarm and a subject. All zero but the state: nothing yet. */
struct alarm_memory {
    enum alarm_state state;
    int64_t since_ms;                 /* in this state; 0: the key is new */
    char past[ALARM_WINDOWS_MAX + 1]; /* '!' a breach, '.' none; newest last */
    int64_t counted_ms;               /* the end of the newest of them; 0: none */
    int64_t seen_ms;                  /* of the last reading with data; 0: none */
    double value, limit;              /* of that reading; NaN: none */
    char said[ALARM_SAID_MAX + 1];
    char incident[ALARM_INCIDENT_SIZE]; /* from begin to end, "" else: the caller's to make */
    int64_t begun_ms;
    int64_t told_ms; /* of the last notice of this incident; 0: nobody was told */
    int64_t told;    /* notices of this incident */
};

/* `at_ms`: the end of the window that the reading is about. */
void judge_reading(const struct alarm_rule *rule, const struct reading *reading, int64_t at_ms,
                   struct alarm_memory *memory);

/* Should somebody be told now, and what? The memory then holds that it was done. */
bool judge_tell(const struct alarm_rule *rule, struct alarm_memory *memory, bool silenced,
                int64_t remind_ms, int64_t now_ms, enum notice_kind *out);

#endif
