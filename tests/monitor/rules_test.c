#include "monitor/rules.h"

#include "base/clock.h"
#include "harness.h"

static bool read_rules(const char *yaml, struct alarm_rules *out, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    struct config config;
    config_init(&config, &arena);
    return config_parse(&config, view_of(yaml), err) && alarm_rules_read(&config, out, err);
}

#define REFUSED(yaml, part)                                                                        \
    do {                                                                                           \
        struct alarm_rules rules;                                                                  \
        struct err err = {0};                                                                      \
        FAILS(read_rules(yaml, &rules, &err), err, ERR_INPUT);                                     \
        SAYS(err, part);                                                                           \
    } while (0)

TEST(without_a_word_the_tables_defaults_are_in_force_and_notices_go_to_the_log)
{
    struct alarm_rules rules;
    struct err err = {0};
    WORKS(read_rules("", &rules, &err), err);
    TRUE(rules.rule[ALARM_ID_latency].limit == 1 && rules.rule[ALARM_ID_latency].enabled);
    SAME(rules.remind_ms, 86400000);
    SAME(rules.overdue_ms, 3600000);
    TRUE(rules.objective == 0.999);
    SAME(rules.routes, 1);
    TEXT(view_of(rules.route[0].sink), "log");
    SAME(rules.route[0].least, SEVERITY_INFO);
}

TEST(what_the_file_says_is_in_force_in_its_own_unit)
{
    struct alarm_rules rules;
    struct err err = {0};
    WORKS(read_rules("alarms:\n"
                     "  remind_hours: 2\n"
                     "  rules:\n"
                     "    latency: {limit: 500 ms, window: 1 h, windows: 3 of 5, severity: error}\n"
                     "    error_rate: {limit: 5 %, recover: 0.01, missing: alarm}\n"
                     "    disk: {limit: 20 %}\n"
                     "    drift: {enabled: false}\n"
                     "    invocations: {hours: '06:30-24:00', days: 'fri-mon,wed'}\n"
                     "  sinks:\n"
                     "    team: {least: error}\n"
                     "    pager: {least: critical}\n",
                     &rules, &err),
          err);
    SAME(rules.remind_ms, 7200000);
    const struct alarm_rule *latency = &rules.rule[ALARM_ID_latency];
    NEAR(latency->limit, 0.5, 1e-12);
    NEAR(latency->recover, 0.4, 1e-12); /* as 0.8 is to 1 */
    TRUE(latency->window_ms == 3600000 && latency->breaches == 3 && latency->windows == 5);
    SAME(latency->severity, SEVERITY_ERROR);
    const struct alarm_rule *rate = &rules.rule[ALARM_ID_error_rate];
    TRUE(rate->limit == 0.05 && rate->recover == 0.01 && rate->missing == MISSING_ALARM);
    NEAR(rules.rule[ALARM_ID_disk].recover, 0.3, 1e-12);
    TRUE(!rules.rule[ALARM_ID_drift].enabled && rules.rule[ALARM_ID_score_drift].enabled);
    const struct alarm_hours *hours = &rules.rule[ALARM_ID_invocations].hours;
    SAME(hours->days, 1 << 4 | 1 << 5 | 1 << 6 | 1 << 0 | 1 << 2);
    TRUE(hours->from_minute == 390 && hours->to_minute == 1440);
    SAME(rules.routes, 2);
    TEXT(view_of(rules.route[1].sink), "pager");
    SAME(rules.route[1].least, SEVERITY_CRITICAL);
}

TEST(a_rule_that_makes_no_sense_is_refused_with_its_line)
{
    REFUSED("alarms:\n  rules:\n    latencies: {limit: 1 s}\n", "line 3, column 5: no alarm");
    REFUSED("alarms:\n  rules:\n    latencies: {limit: 1 s}\n", "latency_severe, errors");
    REFUSED("alarms: {rules: {latency: {limit: 1000}}}\n",
            "'limit' of alarm 'latency' takes a time");
    REFUSED("alarms: {rules: {error_rate: {limit: 5}}}\n", "takes a share");
    REFUSED("alarms: {rules: {latency: {limit: 1 s, recover: 2 s}}}\n", "wrong side");
    REFUSED("alarms: {rules: {disk: {limit: 5 %, recover: 1 %}}}\n", "wrong side");
    REFUSED("alarms: {rules: {drift: {limit: 5}}}\n", "its watch judges");
    REFUSED("alarms: {rules: {disk: {window: 5 min}}}\n", "no window to set");
    REFUSED("alarms: {rules: {latency: {window: 1 s}}}\n", "from 1 min to 30 d");
    REFUSED("alarms: {rules: {latency: {windows: 3 of 2}}}\n", "'2 of 3'");
    REFUSED("alarms: {rules: {latency: {windows: 0 of 2}}}\n", "'2 of 3'");
    REFUSED("alarms: {rules: {latency: {windows: 1 of 25}}}\n", "up to 24");
    REFUSED("alarms: {rules: {latency: {hours: '20:00-08:00'}}}\n", "time of day");
    REFUSED("alarms: {rules: {latency: {hours: '08:00-24:01'}}}\n", "time of day");
    REFUSED("alarms: {rules: {latency: {days: monday}}}\n", "'mon-fri'");
    REFUSED("alarms: {rules: {latency: {severity: awful}}}\n", "one of: info warning");
    REFUSED("alarms: {rules: {latency: {limits: 1 s}}}\n", "no key");
}

static int64_t at(const char *time)
{
    int64_t ms = 0;
    FAIL_UNLESS(clock_parse(view_of(time), &ms), "%s", time);
    return ms;
}

TEST(a_window_counts_when_all_of_it_is_within_the_hours)
{
    struct alarm_rules rules;
    alarm_rules_init(&rules);
    const struct alarm_hours *hours = &rules.rule[ALARM_ID_invocations].hours; /* mon-fri 8 to 20 */
    int64_t window = 30 * 60000;
    TRUE(alarm_hours_hold(hours, at("2025-06-20T12:00:00"), window)); /* a Friday */
    TRUE(alarm_hours_hold(hours, at("2025-06-20T08:30:00"), window));
    TRUE(!alarm_hours_hold(hours, at("2025-06-20T08:29:59"), window));
    TRUE(alarm_hours_hold(hours, at("2025-06-20T20:00:00"), window));
    TRUE(!alarm_hours_hold(hours, at("2025-06-20T20:00:01"), window));
    TRUE(!alarm_hours_hold(hours, at("2025-06-21T12:00:00"), window));
    TRUE(alarm_hours_hold(&rules.rule[ALARM_ID_latency].hours, at("2025-06-21T00:01:00"), window));
}

TEST(hours_are_shown_as_they_are_written)
{
    char bytes[100];
    struct text text = text_in(bytes, sizeof bytes);
    struct alarm_rules rules;
    alarm_rules_init(&rules);
    alarm_hours_add(&text, &rules.rule[ALARM_ID_invocations].hours);
    text_adds(&text, "; ");
    alarm_hours_add(&text, &rules.rule[ALARM_ID_latency].hours);
    text_adds(&text, "; ");
    alarm_hours_add(&text, &(struct alarm_hours){1 << 0 | 1 << 2 | 1 << 5 | 1 << 6, 0, 1440});
    TEXT(text_view(&text), "mon-fri 08:00-20:00; always; mon,wed,sat-sun 00:00-24:00");
}
