#include "cli/alarm_meters.h"

#include "monitor/alarms.h"

enum { LOOK_BYTES_MAX = 64 << 20 };

bool alarm_meters_tell(struct store *store, struct meters *meters, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = LOOK_BYTES_MAX};
    struct alarm_key *key;
    size_t count, told = 0;
    if (!alarms_list(store, &arena, &key, &count, err))
        return err_while(err, "what the monitor says");
    struct meters_alarm *alarm = arena_new(&arena, struct meters_alarm, count + 1);
    if (alarm == NULL)
        return err_set(err, ERR_LIMIT, "the alarms do not fit the memory limit");
    for (size_t i = 0; i < count; i++) {
        struct meters_alarm *one = &alarm[told++];
        snprintf(one->alarm, sizeof one->alarm, "%.*s", (int)key[i].name.length, key[i].name.text);
        snprintf(one->subject, sizeof one->subject, "%.*s", (int)key[i].subject.length,
                 key[i].subject.text);
        one->state = (int)key[i].memory.state;
        one->value = key[i].memory.value;
        one->limit = key[i].memory.limit;
    }
    meters_set_alarms(meters, alarm, told);
    return true;
}
