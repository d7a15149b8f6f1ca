/* A watch may say two things of one subject: the history has room for one. */
#include "monitor/watch.h"

#include "harness.h"

static void read_one(struct watch_look *look, const char *subject, enum alarm_state state)
{
    struct err err = {0};
    struct reading reading = {
        .alarm = &alarm_performance, .subject = view_of(subject), .state = state, .value = state};
    WORKS(look_read(look, &reading, &err), err);
}

TEST(of_two_readings_about_the_same_the_worse_counts)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct reading reading[4];
    struct watch_look look = {.arena = &arena, .reading = reading};
    read_one(&look, "recall", STATE_WATCH);
    read_one(&look, "precision", STATE_OK);
    read_one(&look, "recall", STATE_OK);
    read_one(&look, "precision", STATE_ALARM);
    look_merge(&look);
    SAME(look.readings, 2);
    SAME(reading[0].state, STATE_WATCH);
    SAME(reading[1].state, STATE_ALARM);
    SAME(look.state, WATCH_ALARM);
}

TEST(names_that_differ_past_what_is_kept_of_them_are_one)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct reading reading[4];
    struct watch_look look = {.arena = &arena, .reading = reading};
    char name[ALARM_SUBJECT_MAX + 2];
    memset(name, 'x', sizeof name);
    name[ALARM_SUBJECT_MAX + 1] = '\0';
    name[ALARM_SUBJECT_MAX] = 'a';
    read_one(&look, name, STATE_OK);
    name[ALARM_SUBJECT_MAX] = 'b';
    read_one(&look, name, STATE_ALARM);
    look_merge(&look);
    SAME(look.readings, 1);
    SAME(reading[0].state, STATE_ALARM);
}
