#include "monitor/watch.h"

#include "harness.h"
#include "monitor/schedule.h"

TEST(every_watch_is_whole_and_named_once)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
    struct config config;
    config_init(&config, &arena);
    SAME(WATCHES, LENGTH_OF(watches));
    for (size_t i = 0; i < WATCHES; i++) {
        const struct watch *watch = watches[i];
        struct schedule schedule;
        struct err err = {0};
        TRUE(watch->about[0] != '\0' && watch->look != NULL && watch->covers_count > 0);
        TRUE(strlen(watch->name) < RUN_WATCH_SIZE);
        TRUE(watch_find(view_of(watch->name)) == watch); /* the first of this name */
        char key[64];
        snprintf(key, sizeof key, "monitor.%s", watch->name);
        TEXT(view_of(config_keys[watch->schedule].path), key);
        WORKS(schedule_parse(config_text(&config, watch->schedule), &schedule, &err), err);
        TRUE(schedule_after(&schedule, 0) != INT64_MAX);
        for (size_t c = 0; c < watch->covers_count; c++)
            TRUE(alarm_id_of(watch->covers[c]) < ALARMS);
    }
    TRUE(watch_find(VIEW("drifts")) == NULL);
    TRUE(watch_find(VIEW("")) == NULL);
}

/* Those of the monitor itself are given by none. */
TEST(every_alarm_is_covered_by_exactly_one_watch)
{
    for (size_t a = 0; a < ALARMS; a++) {
        bool own = alarms[a] == &alarm_monitor_failed || alarms[a] == &alarm_retrain_refused;
        size_t covered = 0;
        for (size_t i = 0; i < WATCHES; i++)
            for (size_t c = 0; c < watches[i]->covers_count; c++)
                covered += watches[i]->covers[c] == alarms[a];
        FAIL_UNLESS(covered == !own, "alarm %s is covered %zu times", alarms[a]->name, covered);
    }
}

TEST(only_servers_and_disks_can_be_looked_at_without_a_champion)
{
    for (size_t i = 0; i < WATCHES; i++)
        SAME(watches[i]->needs_champion,
             watches[i] != &watch_upkeep && watches[i] != &watch_service);
}

static struct watch_look look_in(struct arena *arena)
{
    return (struct watch_look){.arena = arena,
                               .reading = arena_new(arena, struct reading, WATCH_READINGS_MAX)};
}

TEST(a_looks_state_is_its_gravest_readings)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
    struct watch_look look = look_in(&arena);
    struct err err = {0};
    static const struct {
        enum alarm_state state;
        enum watch_state wanted;
    } steps[] = {
        {STATE_OK, WATCH_OK},
        {STATE_INSUFFICIENT, WATCH_INSUFFICIENT},
        {STATE_OK, WATCH_INSUFFICIENT},
        {STATE_WATCH, WATCH_WATCH},
        {STATE_INSUFFICIENT, WATCH_WATCH},
        {STATE_ALARM, WATCH_ALARM},
        {STATE_WATCH, WATCH_ALARM},
    };
    for (size_t i = 0; i < LENGTH_OF(steps); i++) {
        struct reading reading = {.alarm = &alarm_drift, .state = steps[i].state};
        WORKS(look_read(&look, &reading, &err), err);
        SAME(look.state, steps[i].wanted);
        SAME(look.readings, i + 1);
        TRUE(!look.reading[i].anew);
    }
    look.anew = true;
    struct reading reading = {.alarm = &alarm_drift};
    WORKS(look_read(&look, &reading, &err), err);
    TRUE(look.reading[look.readings - 1].anew);
}

TEST(a_readings_texts_are_copied)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
    struct watch_look look = look_in(&arena);
    struct err err = {0};
    char subject[] = "amount", text[] = "PSI 0.3";
    struct reading reading = {
        .alarm = &alarm_drift, .subject = view_of(subject), .text = view_of(text), .value = 0.3};
    WORKS(look_read(&look, &reading, &err), err);
    subject[0] = text[0] = '?';
    TEXT(look.reading[0].subject, "amount");
    TEXT(look.reading[0].text, "PSI 0.3");
    NEAR(look.reading[0].value, 0.3, 0);
}

TEST(readings_beyond_the_limit_are_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
    struct watch_look look = look_in(&arena);
    struct reading reading = {.alarm = &alarm_drift};
    struct err err = {0};
    for (int i = 0; i < WATCH_READINGS_MAX; i++)
        WORKS(look_read(&look, &reading, &err), err);
    FAILS(look_read(&look, &reading, &err), err, ERR_LIMIT);
    SAYS(err, "6000 readings");
    SAME(look.readings, WATCH_READINGS_MAX);
}
