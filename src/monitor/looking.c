#include "monitor/looking.h"

#include "base/clock.h"
#include "monitor/alarms.h"

#include <math.h>

void looking_init(struct looking *l, const struct monitor *monitor, const struct watch *watch)
{
    *l = (struct looking){.monitor = monitor, .watch = watch};
    l->arena.limit = (size_t)config_number(monitor->config, KEY_DATA_MEMORY_MB) << 20;
}

void looking_release(struct looking *l)
{
    bundle_release(&l->bundle);
    arena_release(&l->arena);
}

bool looking_take(struct looking *l, const struct run_wanted *wanted, int64_t now_ms, bool *taken,
                  struct err *err)
{
    return run_take(l->monitor->store, wanted, l->monitor->owner, now_ms, &l->run, taken, err);
}

/* ---------------------------------------------------------------- looking */

/* The bundle too, for a watch that wants the model. */
static bool load_champion(struct looking *l, struct err *err)
{
    struct store *store = l->monitor->store;
    int64_t number, before;
    const char *path;
    if (!alias_get(store, "champion", &number, err) || number == 0)
        return err->kind == ERR_NONE;
    if (!registry_find(store, VIEW("champion"), &l->arena, &l->version, err) ||
        !run_last_version(store, l->watch->name, &before, err))
        return false;
    l->look.version = &l->version;
    l->look.anew = l->watch->needs_champion && before != 0 && before != l->version.number;
    if (!l->watch->needs_champion)
        return true;
    if (!store_get_bundle(store, &l->version.bundle, &l->arena, &path, err) ||
        !bundle_load(&l->bundle, path, err))
        return err_while(err, "the champion");
    l->look.bundle = &l->bundle;
    return true;
}

bool looking_look(struct looking *l, int64_t now_ms, struct err *err)
{
    const struct monitor *monitor = l->monitor;
    l->document = text_in_arena(&l->arena);
    struct json json = json_to(&l->document);
    l->message = text_in(l->message_bytes, sizeof l->message_bytes);
    l->look = (struct watch_look){
        .config = monitor->config,
        .store = monitor->store,
        .journal_dir = monitor->journal_dir,
        .arena = &l->arena,
        .domain = &monitor->domain,
        .since_us = l->run.since_ms * 1000,
        .until_us = l->run.until_ms * 1000,
        .now_ms = now_ms,
        .message = &l->message,
        .document = &json,
        .reading = arena_new(&l->arena, struct reading, WATCH_READINGS_MAX),
    };
    if (l->look.reading == NULL)
        return err_set(err, ERR_LIMIT, "data.memory_mb is too small for a look");
    json_open(&json, '{');
    if (!load_champion(l, err))
        return false;
    if (l->watch->needs_champion && l->look.version == NULL) {
        l->look.state = WATCH_INSUFFICIENT;
        text_addf(&l->message, "there is no champion yet");
    } else if (!l->watch->look(&l->look, err)) {
        return false;
    }
    look_merge(&l->look);
    json_close(&json);
    return !l->document.cut ||
           err_set(err, ERR_LIMIT, "the document does not fit the memory limit");
}

/* ---------------------------------------------------------------- telling */

static bool is_read(const struct watch_look *look, const struct alarm_key *key)
{
    for (size_t i = 0; i < look->readings; i++)
        if (look->reading[i].alarm == key->alarm &&
            view_same(look->reading[i].subject, key->subject))
            return true;
    return false;
}

static bool is_covered(const struct watch *watch, const struct alarm *alarm)
{
    for (size_t i = 0; i < watch->covers_count; i++)
        if (watch->covers[i] == alarm)
            return true;
    return false;
}

/* What the watch speaks of no longer, a column that the new champion does not have, stands no more.
 */
static bool let_go(struct looking *l, struct err *err)
{
    struct alarm_key *key;
    size_t count;
    if (l->look.state == WATCH_INSUFFICIENT)
        return true;
    if (!alarms_list(l->monitor->store, &l->arena, &key, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (key[i].memory.state == STATE_OK || key[i].alarm == NULL ||
            !is_covered(l->watch, key[i].alarm) || is_read(&l->look, &key[i]))
            continue;
        struct reading reading = {.alarm = key[i].alarm,
                                  .subject = key[i].subject,
                                  .state = STATE_INSUFFICIENT,
                                  .value = (double)NAN,
                                  .limit = (double)NAN,
                                  .at_ms = l->run.until_ms,
                                  .text = VIEW("it is no longer watched"),
                                  .gone = true};
        if (!look_read(&l->look, &reading, err))
            return false;
    }
    return true;
}

/* What is let go is the alarms' affair, and no part of what the look saw. */
bool looking_tell(struct looking *l, int64_t now_ms, struct err *err)
{
    struct alarm_tally tally;
    enum watch_state state = l->look.state;
    size_t readings = l->look.readings;
    if (!let_go(l, err))
        return false;
    struct alarm_round round = {
        .covers = l->watch->covers,
        .covers_count = l->watch->covers_count,
        .reading = l->look.reading,
        .readings = l->look.readings,
        .now_ms = now_ms,
    };
    l->look.state = state;
    l->look.readings = readings;
    return alarms_take(l->monitor->store, &l->monitor->rules, &round, &tally, err);
}

/* ---------------------------------------------------------------- remembering */

bool looking_finish(struct looking *l, struct run_outcome *outcome, struct err *err)
{
    struct run_result *result = arena_new(&l->arena, struct run_result, l->look.readings + 1);
    if (result == NULL)
        return err_set(err, ERR_LIMIT, "the results do not fit the memory limit");
    for (size_t i = 0; i < l->look.readings; i++) {
        const struct reading *reading = &l->look.reading[i];
        result[i] =
            (struct run_result){reading->alarm->name, reading->subject,
                                watch_state_of(reading->state), reading->value, reading->limit};
    }
    *outcome = (struct run_outcome){.state = l->look.state,
                                    .version = l->version.number,
                                    .rows = l->look.rows,
                                    .message = text_c(&l->message),
                                    .document = text_view(&l->document),
                                    .finished_ms = clock_now_ms()};
    return run_finish(l->monitor->store, &l->run, outcome, result, l->look.readings, err);
}

/* What failed for the database, a disk or the network may pass. The next date is a try of its own.
 */
static bool when_again(const struct looking *l, const struct err *why, int64_t now_ms, int64_t *out,
                       struct err *err)
{
    struct schedule schedule;
    *out = 0;
    if (l->run.manual ||
        (why->kind != ERR_STORE && why->kind != ERR_IO && why->kind != ERR_UNAVAILABLE))
        return true;
    if (!watch_schedule(l->watch, l->monitor->config, &schedule, err))
        return false;
    int64_t again_ms = now_ms + run_pause_ms(&l->run);
    if (again_ms < schedule_after(&schedule, now_ms))
        *out = again_ms;
    return true;
}

/* A look that failed is remembered as that; the error is the run's and not the round's. */
bool looking_fail(struct looking *l, const struct err *why, int64_t now_ms,
                  struct run_outcome *outcome, struct err *err)
{
    int64_t again_ms;
    if (!when_again(l, why, now_ms, &again_ms, err))
        return false;
    *outcome = (struct run_outcome){.state = WATCH_FAILED,
                                    .version = l->version.number,
                                    .message = why->text,
                                    .document = VIEW("{}"),
                                    .finished_ms = clock_now_ms(),
                                    .again_ms = again_ms};
    return run_finish(l->monitor->store, &l->run, outcome, NULL, 0, err);
}
