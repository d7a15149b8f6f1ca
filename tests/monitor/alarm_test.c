#include "monitor/alarm.h"

#include "harness.h"
#include "monitor/rules.h"

#include <math.h>

TEST(every_alarm_is_whole_and_named_once)
{
    for (size_t i = 0; i < ALARMS; i++) {
        const struct alarm *alarm = alarms[i];
        SAME(alarm_find(view_of(alarm->name)), i);
        SAME(alarm_id_of(alarm), i);
        FAIL_UNLESS(strlen(alarm->about) > 8 && strlen(alarm->measures) > 12, "%s", alarm->name);
        size_t length = strlen(alarm->runbook);
        FAIL_UNLESS(length > 40 && alarm->runbook[length - 1] == '.', "%s: runbook", alarm->name);
        FAIL_UNLESS(alarm->breaches >= 1 && alarm->breaches <= alarm->windows &&
                        alarm->windows <= ALARM_WINDOWS_MAX,
                    "%s: %u of %u", alarm->name, alarm->breaches, alarm->windows);
        FAIL_UNLESS(alarm->windows == 1 || alarm->window_ms > 0 ||
                        alarm->compare == ALARM_JUDGED, /* its watch says which window it is */
                    "%s: windows without a length cannot be told apart", alarm->name);
        FAIL_UNLESS((alarm->compare == ALARM_JUDGED) == isnan(alarm->limit), "%s", alarm->name);
        if (alarm->compare == ALARM_ABOVE)
            FAIL_UNLESS(alarm->recover <= alarm->limit, "%s: recover", alarm->name);
        if (alarm->compare == ALARM_BELOW)
            FAIL_UNLESS(alarm->recover >= alarm->limit, "%s: recover", alarm->name);
    }
    SAME(alarm_find(VIEW("")), ALARMS);
    SAME(alarm_find(VIEW("latencies")), ALARMS);
}

TEST(the_promised_limits_are_the_defaults)
{
    TRUE(alarm_latency.limit == 1 && alarm_latency.quantity == QUANTITY_TIME);
    TRUE(alarm_errors.limit == 10 && alarm_errors.window_ms == 300000);
    TRUE(alarm_invocations.limit == 1 && alarm_invocations.compare == ALARM_BELOW &&
         alarm_invocations.window_ms == 1800000);
    TRUE(alarm_latency_severe.limit == 2);
    TRUE(alarm_error_rate.limit == 0.05 && alarm_error_rate.quantity == QUANTITY_SHARE);
}

TEST(the_names_are_listed_in_the_tables_order)
{
    char bytes[600];
    struct text text = text_in(bytes, sizeof bytes);
    alarm_list_names(&text);
    TRUE(view_starts(text_view(&text), "server_down, latency, latency_severe, errors"));
    TRUE(view_ends(text_view(&text), "retrain_refused, monitor_failed"));
}
