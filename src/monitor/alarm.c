#include "monitor/alarm.h"

const char *const alarm_states[STATES] = {"OK", "INSUFFICIENT", "WATCH", "ALARM"};
const char *const alarm_missings[MISSINGS] = {"ok", "alarm", "keep"};

const struct alarm *const alarms[ALARMS] = {
#define ALARM(name) &alarm_##name,
#include "monitor/alarms.def"
#undef ALARM
};

enum alarm_id alarm_find(struct view name)
{
    size_t i = 0;
    while (i < ALARMS && !view_is(name, alarms[i]->name))
        i++;
    return (enum alarm_id)i;
}

enum alarm_id alarm_id_of(const struct alarm *alarm)
{
    size_t i = 0;
    while (i < ALARMS && alarms[i] != alarm)
        i++;
    assert(i < ALARMS);
    return (enum alarm_id)i;
}

void alarm_list_names(struct text *out)
{
    for (size_t i = 0; i < ALARMS; i++) {
        text_adds(out, i == 0 ? "" : ", ");
        text_adds(out, alarms[i]->name);
    }
}
