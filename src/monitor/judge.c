#include "monitor/judge.h"

#include <math.h>

#define AHEAD_MS INT64_C(86400000)

enum finding { FINDING_NONE, FINDING_FINE, FINDING_BREACH };

static enum finding finding_of_value(const struct alarm_rule *rule, double value, bool stands)
{
    double line = stands ? rule->recover : rule->limit;
    if (isnan(value))
        return FINDING_NONE;
    bool breach = rule->alarm->compare == ALARM_ABOVE ? value > line : value < line;
    return breach ? FINDING_BREACH : FINDING_FINE;
}

static enum finding finding_of_state(enum alarm_state state)
{
    if (state == STATE_INSUFFICIENT)
        return FINDING_NONE;
    return state == STATE_ALARM ? FINDING_BREACH : FINDING_FINE;
}

static enum finding finding_of(const struct alarm_rule *rule, const struct reading *reading,
                               bool stands)
{
    return rule->alarm->compare == ALARM_JUDGED ? finding_of_state(reading->state)
                                                : finding_of_value(rule, reading->value, stands);
}

static enum finding finding_of_missing(enum alarm_missing missing)
{
    static const enum finding findings[MISSINGS] = {
        [MISSING_OK] = FINDING_FINE,
        [MISSING_ALARM] = FINDING_BREACH,
        [MISSING_KEEP] = FINDING_NONE,
    };
    return findings[missing];
}

static void remember_value(const struct alarm_rule *rule, const struct reading *reading,
                           int64_t at_ms, struct alarm_memory *memory)
{
    bool judged = rule->alarm->compare == ALARM_JUDGED;
    memory->seen_ms = at_ms;
    memory->value = reading->value;
    memory->limit = judged ? reading->limit : rule->limit;
    size_t length = reading->text.length;
    if (length > ALARM_SAID_MAX) {
        length = ALARM_SAID_MAX;
        while (length > 0 && (reading->text.text[length] & 0xc0) == 0x80)
            length--; /* not within a character */
    }
    snprintf(memory->said, sizeof memory->said, "%.*s", (int)length,
             length == 0 ? "" : reading->text.text);
    view_mend(memory->said);
}

/* A window's end is taken for another window's when it is about a window's length later. */
static bool is_next_window(const struct alarm_rule *rule, const struct alarm_memory *memory,
                           int64_t at_ms)
{
    return memory->counted_ms == 0 ||
           at_ms >= memory->counted_ms + rule->window_ms - rule->window_ms / 10;
}

static void push(const struct alarm_rule *rule, struct alarm_memory *memory, char what)
{
    size_t length = strlen(memory->past), most = rule->windows;
    assert(most >= 1 && most <= ALARM_WINDOWS_MAX);
    if (length >= most) {
        size_t kept = most - 1;
        memmove(memory->past, memory->past + length - kept, kept);
        length = kept;
    }
    memory->past[length] = what;
    memory->past[length + 1] = '\0';
}

static enum alarm_state state_of(const struct alarm_rule *rule, const struct alarm_memory *memory,
                                 bool watched)
{
    unsigned breaches = 0;
    for (const char *at = memory->past; *at != '\0'; at++)
        breaches += *at == '!';
    if (breaches >= rule->breaches)
        return STATE_ALARM;
    return breaches > 0 || watched ? STATE_WATCH : STATE_OK;
}

static void change(struct alarm_memory *memory, enum alarm_state state, int64_t at_ms)
{
    if (memory->state == state && memory->since_ms != 0)
        return;
    if (state == STATE_ALARM)
        memory->begun_ms = at_ms;
    memory->state = state;
    memory->since_ms = at_ms;
}

/* A column that the new model does not have, a server that was taken away. */
static void forget(const struct alarm_rule *rule, const struct reading *reading, int64_t at_ms,
                   struct alarm_memory *memory)
{
    remember_value(rule, reading, at_ms, memory);
    memory->past[0] = '\0';
    memory->counted_ms = at_ms;
    change(memory, STATE_INSUFFICIENT, at_ms);
}

void judge_reading(const struct alarm_rule *rule, const struct reading *reading, int64_t at_ms,
                   struct alarm_memory *memory)
{
    bool judged = rule->alarm->compare == ALARM_JUDGED, stands = memory->state == STATE_ALARM;
    enum finding found = finding_of(rule, reading, stands);
    bool has_data = found != FINDING_NONE;
    if (memory->since_ms == 0)
        change(memory, STATE_INSUFFICIENT, at_ms);
    if (memory->counted_ms > at_ms + AHEAD_MS) {
        memory->counted_ms = 0; /* by a clock that was far ahead: nothing would count until then */
        memory->past[0] = '\0';
    }
    if (at_ms <= memory->counted_ms)
        return; /* told already, or older than what is known */
    if (reading->gone) {
        forget(rule, reading, at_ms, memory);
        return;
    }
    if (!has_data)
        found = finding_of_missing(rule->missing);
    if (found == FINDING_NONE)
        return;
    if (found == FINDING_BREACH && !alarm_hours_hold(&rule->hours, at_ms, rule->window_ms))
        return;
    if (has_data)
        remember_value(rule, reading, at_ms, memory);
    bool at_once = found == FINDING_BREACH && rule->breaches == 1;
    if (!at_once && !is_next_window(rule, memory, at_ms))
        return;
    if (reading->anew)
        memory->past[0] = '\0';
    push(rule, memory, found == FINDING_BREACH ? '!' : '.');
    memory->counted_ms = at_ms;
    enum alarm_state state =
        state_of(rule, memory, judged && has_data && reading->state == STATE_WATCH);
    change(memory, !has_data && state == STATE_OK ? STATE_INSUFFICIENT : state, at_ms);
}

/* ---------------------------------------------------------------- telling */

bool judge_tell(const struct alarm_rule *rule, struct alarm_memory *memory, bool silenced,
                int64_t remind_ms, int64_t now_ms, enum notice_kind *out)
{
    bool stands = memory->state == STATE_ALARM, told = memory->told_ms != 0;
    if (!stands) {
        /* Who was told that it began is told that it is over, whatever is silenced since. */
        memory->told_ms = 0;
        *out = NOTICE_OVER;
        memory->told += told;
        return told;
    }
    if (silenced || !rule->enabled)
        return false;
    if (told && (remind_ms == 0 || now_ms - memory->told_ms < remind_ms))
        return false;
    *out = told ? NOTICE_STANDING : NOTICE_BEGUN;
    memory->told_ms = now_ms;
    memory->told++;
    return true;
}
