#include "monitor/judge.h"

#include "harness.h"

#include <math.h>

#define MINUTE INT64_C(60000)
#define START  INT64_C(1750420800000) /* Friday 2025-06-20 12:00 */

static struct alarm_rule rule_of(const struct alarm *alarm)
{
    static struct alarm_rules rules;
    alarm_rules_init(&rules);
    return rules.rule[alarm_id_of(alarm)];
}

static enum alarm_state see(const struct alarm_rule *rule, struct alarm_memory *memory,
                            int64_t minute, double value)
{
    struct reading reading = {.alarm = rule->alarm, .value = value, .text = VIEW("seen")};
    judge_reading(rule, &reading, START + minute * MINUTE, memory);
    return memory->state;
}

static enum alarm_state judged(const struct alarm_rule *rule, struct alarm_memory *memory,
                               int64_t minute, enum alarm_state state)
{
    struct reading reading = {
        .alarm = rule->alarm, .state = state, .value = 0.3, .limit = 0.25, .text = VIEW("seen")};
    judge_reading(rule, &reading, START + minute * MINUTE, memory);
    return memory->state;
}

TEST(two_breaches_among_three_windows_are_an_alarm_and_one_is_a_watch)
{
    struct alarm_rule rule = rule_of(&alarm_latency); /* 1 s, 2 of 3, 5 min */
    struct alarm_memory memory = {0};
    SAME(see(&rule, &memory, 0, 1.5), STATE_WATCH);
    SAME(see(&rule, &memory, 5, 0.2), STATE_WATCH);
    SAME(see(&rule, &memory, 10, 1.5), STATE_ALARM);
    SAME(memory.begun_ms, START + 10 * MINUTE);
    TRUE(memory.value == 1.5 && memory.limit == 1);
    TEXT(view_of(memory.past), "!.!");
}

TEST(one_burst_seen_in_overlapping_windows_is_one_breach)
{
    struct alarm_rule rule = rule_of(&alarm_latency);
    struct alarm_memory memory = {0};
    for (int64_t minute = 0; minute < 4; minute++)
        SAME(see(&rule, &memory, minute, 1.5), STATE_WATCH);
    TEXT(view_of(memory.past), "!");
    SAME(see(&rule, &memory, 5, 0.2), STATE_WATCH);
    SAME(see(&rule, &memory, 10, 0.2), STATE_WATCH);
    SAME(see(&rule, &memory, 15, 0.2), STATE_OK);
}

TEST(a_schedule_need_not_be_exact)
{
    struct alarm_rule rule = rule_of(&alarm_latency);
    struct alarm_memory memory = {0};
    struct reading reading = {.alarm = rule.alarm, .value = 1.5};
    judge_reading(&rule, &reading, START, &memory);
    judge_reading(&rule, &reading, START + 5 * MINUTE - 1500, &memory);
    SAME(memory.state, STATE_ALARM);
}

TEST(the_limit_itself_is_no_breach)
{
    struct alarm_rule errors = rule_of(&alarm_errors), calls = rule_of(&alarm_invocations);
    struct alarm_memory a = {0}, b = {0};
    SAME(see(&errors, &a, 0, 10), STATE_OK);
    SAME(see(&errors, &a, 5, 11), STATE_ALARM);
    SAME(see(&calls, &b, 0, 1), STATE_OK);
    SAME(see(&calls, &b, 30, 0), STATE_ALARM);
}

TEST(where_one_breach_is_enough_it_counts_at_once_and_is_over_after_a_clean_window)
{
    struct alarm_rule rule = rule_of(&alarm_errors);
    struct alarm_memory memory = {0};
    SAME(see(&rule, &memory, 0, 0), STATE_OK);
    SAME(see(&rule, &memory, 1, 12), STATE_ALARM);
    SAME(see(&rule, &memory, 2, 12), STATE_ALARM);
    SAME(see(&rule, &memory, 4, 0), STATE_ALARM);
    SAME(see(&rule, &memory, 7, 0), STATE_OK);
}

TEST(while_it_stands_what_lies_between_limit_and_recovery_is_a_breach)
{
    struct alarm_rule rule = rule_of(&alarm_error_rate); /* 5 %, recovers at 2.5 % */
    struct alarm_memory memory = {0};
    SAME(see(&rule, &memory, 0, 0.03), STATE_OK);
    SAME(see(&rule, &memory, 5, 0.06), STATE_ALARM);
    SAME(see(&rule, &memory, 10, 0.03), STATE_ALARM);
    SAME(see(&rule, &memory, 15, 0.025), STATE_OK);
    SAME(see(&rule, &memory, 20, 0.03), STATE_OK);
    rule = rule_of(&alarm_disk); /* below 10 %, recovers at 15 % */
    memory = (struct alarm_memory){0};
    SAME(see(&rule, &memory, 0, 0.12), STATE_OK);
    SAME(see(&rule, &memory, 5, 0.09), STATE_ALARM);
    SAME(see(&rule, &memory, 10, 0.12), STATE_ALARM);
    SAME(see(&rule, &memory, 15, 0.15), STATE_OK);
}

TEST(a_window_without_data_is_what_the_rule_says)
{
    struct alarm_rule rule = rule_of(&alarm_errors);
    struct alarm_memory fresh = {0}, memory = {0};
    rule.missing = MISSING_KEEP;
    SAME(see(&rule, &fresh, 0, (double)NAN), STATE_INSUFFICIENT);
    SAME(see(&rule, &memory, 0, 12), STATE_ALARM);
    SAME(see(&rule, &memory, 10, (double)NAN), STATE_ALARM);
    TEXT(view_of(memory.past), "!");
    rule.missing = MISSING_OK;
    SAME(see(&rule, &memory, 20, (double)NAN), STATE_INSUFFICIENT);
    TEXT(view_of(memory.past), ".");
    TRUE(memory.value == 12 && memory.seen_ms == START); /* what was seen last */
    rule.missing = MISSING_ALARM;
    SAME(see(&rule, &memory, 30, (double)NAN), STATE_ALARM);
}

TEST(a_quiet_night_is_no_breach)
{
    struct alarm_rule rule = rule_of(&alarm_invocations); /* mon-fri 08:00-20:00 */
    struct alarm_memory memory = {0};
    for (int64_t minute = 8 * 60 + 5; minute < (24 + 20) * 60; minute += 30) /* from 20:05 on */
        TRUE(see(&rule, &memory, minute, 0) != STATE_ALARM);                 /* the weekend too */
    memory = (struct alarm_memory){0};
    SAME(see(&rule, &memory, 7 * 60, 0), STATE_ALARM); /* 19:00 */
    SAME(see(&rule, &memory, 9 * 60, 0), STATE_ALARM); /* 21:00: stands, and is not counted */
    SAME(memory.counted_ms, START + 7 * 60 * MINUTE);
    SAME(see(&rule, &memory, 10 * 60, 3), STATE_OK); /* good news at any hour */
}

TEST(a_watchs_own_verdict_is_taken)
{
    struct alarm_rule rule = rule_of(&alarm_performance);
    struct alarm_memory memory = {0};
    SAME(judged(&rule, &memory, 0, STATE_INSUFFICIENT), STATE_INSUFFICIENT);
    SAME(judged(&rule, &memory, 1, STATE_OK), STATE_OK);
    SAME(judged(&rule, &memory, 2, STATE_WATCH), STATE_WATCH);
    SAME(judged(&rule, &memory, 3, STATE_ALARM), STATE_ALARM);
    TRUE(memory.value == 0.3 && memory.limit == 0.25);
    SAME(judged(&rule, &memory, 4, STATE_INSUFFICIENT), STATE_ALARM);
    SAME(judged(&rule, &memory, 5, STATE_WATCH), STATE_WATCH);
    SAME(judged(&rule, &memory, 6, STATE_OK), STATE_OK);
}

TEST(drift_is_an_alarm_when_two_of_the_last_three_windows_say_so)
{
    struct alarm_rule rule = rule_of(&alarm_drift);
    struct alarm_memory memory = {0};
    SAME(judged(&rule, &memory, 0, STATE_ALARM), STATE_WATCH);
    SAME(judged(&rule, &memory, 1, STATE_OK), STATE_WATCH);
    SAME(judged(&rule, &memory, 2, STATE_INSUFFICIENT), STATE_WATCH); /* no window */
    SAME(judged(&rule, &memory, 3, STATE_ALARM), STATE_ALARM);
    SAME(judged(&rule, &memory, 4, STATE_OK), STATE_WATCH);
    SAME(judged(&rule, &memory, 5, STATE_ALARM), STATE_ALARM);
    SAME(judged(&rule, &memory, 6, STATE_OK), STATE_WATCH);
    SAME(judged(&rule, &memory, 7, STATE_OK), STATE_WATCH);
    SAME(judged(&rule, &memory, 8, STATE_OK), STATE_OK);
}

TEST(windows_before_another_champion_do_not_count)
{
    struct alarm_rule rule = rule_of(&alarm_drift);
    struct alarm_memory memory = {0};
    SAME(judged(&rule, &memory, 0, STATE_ALARM), STATE_WATCH);
    SAME(judged(&rule, &memory, 1, STATE_ALARM), STATE_ALARM);
    struct reading reading = {.alarm = rule.alarm, .state = STATE_ALARM, .anew = true};
    judge_reading(&rule, &reading, START + 2 * MINUTE, &memory);
    SAME(memory.state, STATE_WATCH);
    SAME(judged(&rule, &memory, 3, STATE_OK), STATE_WATCH);
    SAME(judged(&rule, &memory, 4, STATE_OK), STATE_WATCH);
    SAME(judged(&rule, &memory, 5, STATE_OK), STATE_OK);
}

TEST(a_window_that_was_judged_is_not_judged_again)
{
    struct alarm_rule rule = rule_of(&alarm_performance);
    struct alarm_memory memory = {0};
    SAME(judged(&rule, &memory, 10, STATE_ALARM), STATE_ALARM);
    SAME(judged(&rule, &memory, 10, STATE_OK), STATE_ALARM);
    SAME(judged(&rule, &memory, 3, STATE_OK), STATE_ALARM);
    SAME(judged(&rule, &memory, 11, STATE_OK), STATE_OK);
}

TEST(what_is_no_longer_watched_stands_no_more)
{
    struct alarm_rule rule = rule_of(&alarm_memory);
    struct alarm_memory memory = {0};
    see(&rule, &memory, 0, 1e12);
    SAME(see(&rule, &memory, 1, 1e12), STATE_ALARM);
    struct reading reading = {.alarm = rule.alarm, .value = (double)NAN, .gone = true};
    judge_reading(&rule, &reading, START + 2 * MINUTE, &memory);
    SAME(memory.state, STATE_INSUFFICIENT);
    SAME(see(&rule, &memory, 3, 1e12), STATE_WATCH);
}

TEST(what_is_said_is_cut_between_characters)
{
    struct alarm_rule rule = rule_of(&alarm_performance);
    struct alarm_memory memory = {0};
    char long_text[ALARM_SAID_MAX + 10];
    memset(long_text, 'a', sizeof long_text);
    memcpy(long_text + ALARM_SAID_MAX - 1, "\xc3\xa9", 2);
    struct reading reading = {
        .alarm = rule.alarm, .state = STATE_OK, .text = {long_text, sizeof long_text}};
    judge_reading(&rule, &reading, START, &memory);
    SAME(strlen(memory.said), ALARM_SAID_MAX - 1);
}

/* ---------------------------------------------------------------- telling */

#define NOTHING NOTICE_KINDS

static enum notice_kind tell(const struct alarm_rule *rule, struct alarm_memory *memory,
                             bool silenced, int64_t minute)
{
    enum notice_kind kind;
    bool told = judge_tell(rule, memory, silenced, 60 * MINUTE, START + minute * MINUTE, &kind);
    return told ? kind : NOTHING;
}

TEST(it_is_told_when_it_begins_reminded_of_and_told_when_it_is_over)
{
    struct alarm_rule rule = rule_of(&alarm_errors);
    struct alarm_memory memory = {0};
    see(&rule, &memory, 0, 0);
    SAME(tell(&rule, &memory, false, 0), NOTHING);
    see(&rule, &memory, 5, 12);
    SAME(tell(&rule, &memory, false, 5), NOTICE_BEGUN);
    SAME(tell(&rule, &memory, false, 6), NOTHING);
    SAME(tell(&rule, &memory, false, 64), NOTHING);
    SAME(tell(&rule, &memory, false, 65), NOTICE_STANDING);
    SAME(tell(&rule, &memory, false, 66), NOTHING);
    SAME(memory.told, 2);
    see(&rule, &memory, 70, 0);
    SAME(tell(&rule, &memory, false, 70), NOTICE_OVER);
    SAME(memory.told, 3);
    SAME(tell(&rule, &memory, false, 71), NOTHING);
}

TEST(what_is_silenced_is_told_when_the_silence_ends)
{
    struct alarm_rule rule = rule_of(&alarm_errors);
    struct alarm_memory memory = {0};
    see(&rule, &memory, 0, 12);
    SAME(tell(&rule, &memory, true, 0), NOTHING);
    SAME(tell(&rule, &memory, true, 90), NOTHING);
    SAME(tell(&rule, &memory, false, 95), NOTICE_BEGUN);
    see(&rule, &memory, 100, 0);
    SAME(tell(&rule, &memory, true, 100), NOTICE_OVER); /* who was told is told */
    see(&rule, &memory, 110, 12);
    SAME(tell(&rule, &memory, true, 110), NOTHING);
    see(&rule, &memory, 120, 0);
    SAME(tell(&rule, &memory, false, 120), NOTHING); /* nobody knew of it */
}

TEST(a_clock_that_was_far_ahead_stops_no_alarm)
{
    struct alarm_rule rule = rule_of(&alarm_errors);
    struct alarm_memory memory = {0};
    SAME(see(&rule, &memory, 100 * 24 * 60, 0), STATE_OK); /* in a hundred days */
    SAME(see(&rule, &memory, 5, 40), STATE_ALARM);
    SAME(memory.counted_ms, START + 5 * MINUTE);
    SAME(see(&rule, &memory, 3, 0), STATE_ALARM); /* somewhat older than what is known */
}
