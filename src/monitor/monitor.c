#include "monitor/monitor.h"

#include "base/clock.h"
#include "monitor/alarms.h"
#include "monitor/schedule.h"

#include <math.h>
#include <stdarg.h>
#include <unistd.h>

enum { MESSAGE_SIZE = 600, DELIVER_MS = 20 * 1000, TELL_WAITING_MS = 3600 * 1000 };
#define DAY_MS 86400000.0

/* ---------------------------------------------------------------- settings */

static bool schedule_of(const struct config *config, const struct watch *watch,
                        struct schedule *out, struct err *err)
{
    return schedule_parse(config_text(config, watch->schedule), out, err) ||
           err_while(err, "%s", config_keys[watch->schedule].path);
}

bool monitor_check(const struct config *config, struct err *err)
{
    struct schedule schedule;
    struct alarm_rules rules;
    for (size_t i = 0; i < WATCHES; i++)
        if (!schedule_of(config, watches[i], &schedule, err))
            return false;
    return alarm_rules_read(config, &rules, err) && retrain_check(config, err);
}

bool monitor_init(struct monitor *monitor, struct err *err)
{
    char host[64] = "";
    gethostname(host, sizeof host - 1);
    snprintf(monitor->owner, sizeof monitor->owner, "%s:%d:%llx", host, (int)getpid(),
             (unsigned long long)clock_ticks_ns());
    return monitor_check(monitor->config, err) &&
           alarm_rules_read(monitor->config, &monitor->rules, err);
}

PRINTF(3, 4) static void say(const struct monitor *monitor, bool bad, const char *fmt, ...)
{
    char line[MESSAGE_SIZE + 200];
    va_list arguments;
    va_start(arguments, fmt);
    vsnprintf(line, sizeof line, fmt, arguments);
    va_end(arguments);
    monitor->say(monitor->self, bad, line);
}

/* ---------------------------------------------------------------- one look */

/* What a look stands on, and what it said. */
struct looking {
    const struct monitor *monitor;
    const struct watch *watch;
    struct watch_run run;
    struct arena arena;
    struct bundle bundle;
    struct version version;
    struct watch_look look;
    char message_bytes[MESSAGE_SIZE];
    struct text message, document;
};

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

static bool look(struct looking *l, int64_t now_ms, struct err *err)
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

static void looking_release(struct looking *l)
{
    bundle_release(&l->bundle);
    arena_release(&l->arena);
}

/* ---------------------------------------------------------------- what it says */

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
static bool take_readings(struct looking *l, int64_t now_ms, struct err *err)
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

/* Whether the watch itself does its work. */
static bool take_health(const struct monitor *monitor, struct view subject, const char *what,
                        int64_t now_ms, struct err *err)
{
    struct alarm_tally tally;
    struct reading reading = {.alarm = &alarm_monitor_failed,
                              .subject = subject,
                              .state = what == NULL ? STATE_OK : STATE_ALARM,
                              .value = (double)NAN,
                              .limit = (double)NAN,
                              .at_ms = now_ms,
                              .text = what == NULL ? VIEW("") : view_of(what)};
    struct alarm_round round = {.reading = &reading, .readings = 1, .now_ms = now_ms};
    return alarms_take(monitor->store, &monitor->rules, &round, &tally, err);
}

static bool finish(struct looking *l, struct run_outcome *outcome, struct err *err)
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
    if (!schedule_of(l->monitor->config, l->watch, &schedule, err))
        return false;
    int64_t again_ms = now_ms + run_pause_ms(&l->run);
    if (again_ms < schedule_after(&schedule, now_ms))
        *out = again_ms;
    return true;
}

/* A look that failed is remembered as that; the error is the run's and not the round's. */
static bool finish_failed(struct looking *l, const struct err *why, int64_t now_ms,
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

/* ---------------------------------------------------------------- a round */

/* The alarms hear of it first. A monitor that dies between the two looks again, or another one
 * does, and of one window they count one reading; the other way round they would never hear. */
static bool look_and_tell(struct looking *l, int64_t now_ms, struct err *err)
{
    const struct monitor *monitor = l->monitor;
    struct run_outcome outcome;
    struct err why = {0};
    bool well = look(l, now_ms, &why);
    if (well && !take_readings(l, now_ms, err))
        return false;
    if (!(well ? finish(l, &outcome, err) : finish_failed(l, &why, now_ms, &outcome, err))) {
        if (err->kind != ERR_CONFLICT)
            return false;
        say(monitor, true, "%s", err->text);
        *err = (struct err){0};
        return true;
    }
    say(monitor, outcome.state == WATCH_ALARM || outcome.state == WATCH_FAILED, "%s: %s: %s",
        l->watch->name, watch_state_name(outcome.state), outcome.message);
    return take_health(monitor, view_of(l->watch->name), well ? NULL : why.text, now_ms, err);
}

static bool round_of(const struct monitor *monitor, const struct watch *watch, int64_t now_ms,
                     struct err *err)
{
    struct schedule schedule;
    int64_t last;
    bool taken;
    if (!schedule_of(monitor->config, watch, &schedule, err))
        return false;
    int64_t due = schedule_before(&schedule, now_ms);
    if (due == INT64_MIN)
        return true;
    if (!run_last_due(monitor->store, watch->name, now_ms, &last, err))
        return false;
    if (last > due)
        return true; /* another schedule was in force, or another clock is somewhat ahead */
    struct run_wanted wanted = {
        .watch = watch->name,
        .due_ms = due,
        .span_ms = (int64_t)(config_number(monitor->config, KEY_MONITOR_SPAN_DAYS) * DAY_MS),
    };
    struct looking l = {.monitor = monitor, .watch = watch};
    l.arena.limit = (size_t)config_number(monitor->config, KEY_DATA_MEMORY_MB) << 20;
    bool ok = run_take(monitor->store, &wanted, monitor->owner, now_ms, &l.run, &taken, err) &&
              (!taken || look_and_tell(&l, now_ms, err));
    looking_release(&l);
    return ok;
}

static bool tell_retraining(struct monitor *monitor, const struct retraining *r, int64_t now_ms,
                            struct err *err)
{
    bool bad = r->state == RETRAINING_refused || r->state == RETRAINING_failed ||
               (r->state == RETRAINING_quarantined && r->released_ms == 0);
    char bytes[RETRAINING_TEXT_SIZE + 100];
    struct text text = text_in(bytes, sizeof bytes);
    struct alarm_tally tally;
    text_addf(&text, "retraining %lld, for %s: %s", (long long)r->id, r->why, r->message);
    struct reading reading = {.alarm = &alarm_retrain_refused,
                              .state = bad ? STATE_ALARM : STATE_OK,
                              .value = (double)NAN,
                              .limit = (double)NAN,
                              .at_ms = now_ms,
                              .text = text_view(&text)};
    struct alarm_round round = {.reading = &reading, .readings = 1, .now_ms = now_ms};
    if (r->id == 0)
        return true;
    if (monitor->retraining_told != r->changed_ms)
        say(monitor, bad, "retraining %lld: %s%s%s", (long long)r->id, retraining_states[r->state],
            r->message[0] == '\0' ? "" : ": ", r->message);
    monitor->retraining_told = r->changed_ms;
    return alarms_take(monitor->store, &monitor->rules, &round, &tally, err);
}

/* An error of the retraining's own is told as the monitor's, and the rest of the round goes on. */
static bool step_retraining(struct monitor *monitor, int64_t now_ms, struct err *err)
{
    struct retraining retraining = {0};
    struct err why = {0};
    bool well = retrain_step(&monitor->retrain, now_ms, &retraining, &why);
    if (!well)
        say(monitor, true, "retraining: %s", why.text);
    return (!well || tell_retraining(monitor, &retraining, now_ms, err)) &&
           take_health(monitor, VIEW("retraining"), well ? NULL : why.text, now_ms, err);
}

static bool deliver(struct monitor *monitor, int64_t now_ms, struct err *err)
{
    struct outbox_tally tally;
    if (!outbox_deliver(monitor->store, monitor->port, monitor->ports, clock_now_ms() + DELIVER_MS,
                        &tally, err))
        return false;
    bool overdue = tally.waiting > 0 && now_ms - tally.oldest_ms >= monitor->rules.overdue_ms;
    if ((tally.failed > 0 || overdue) && now_ms - monitor->undelivered_ms >= TELL_WAITING_MS) {
        say(monitor, true, "%zu notices wait to be delivered%s; `assay alarms` shows them: %s",
            tally.waiting, overdue ? ", one of them for too long" : "", tally.error);
        monitor->undelivered_ms = now_ms;
    }
    return true;
}

static bool watch_all(struct monitor *monitor, int64_t now_ms, struct err *err)
{
    for (size_t i = 0; i < WATCHES; i++)
        if (!round_of(monitor, watches[i], now_ms, err))
            return false;
    return true;
}

/* A server that is down is told while a model is trained, too. */
static void watch_on(void *self)
{
    struct monitor *monitor = self;
    struct err err = {0};
    int64_t now_ms = clock_now_ms();
    if (!watch_all(monitor, now_ms, &err) || !deliver(monitor, now_ms, &err))
        say(monitor, true, "%s", err.text);
}

bool monitor_round(struct monitor *monitor, int64_t now_ms, struct err *err)
{
    monitor->retrain.meanwhile = watch_on;
    monitor->retrain.self = monitor;
    return watch_all(monitor, now_ms, err) && step_retraining(monitor, now_ms, err) &&
           deliver(monitor, now_ms, err);
}

int64_t monitor_next(const struct monitor *monitor, int64_t now_ms)
{
    int64_t next = INT64_MAX;
    struct schedule schedule;
    struct err ignored = {0}; /* monitor_check has read them all */
    for (size_t i = 0; i < WATCHES; i++)
        if (schedule_of(monitor->config, watches[i], &schedule, &ignored)) {
            int64_t due = schedule_after(&schedule, now_ms);
            next = due < next ? due : next;
        }
    return next;
}

bool monitor_look(struct monitor *monitor, const struct watch *watch, int64_t since_ms,
                  int64_t until_ms, int64_t now_ms, struct arena *arena, struct run_outcome *out,
                  struct err *err)
{
    struct run_wanted wanted = {.watch = watch->name,
                                .due_ms = now_ms,
                                .manual = true,
                                .since_ms = since_ms,
                                .until_ms = until_ms};
    struct looking l = {.monitor = monitor, .watch = watch};
    struct err why = {0};
    bool taken;
    l.arena.limit = (size_t)config_number(monitor->config, KEY_DATA_MEMORY_MB) << 20;
    bool ok = run_take(monitor->store, &wanted, monitor->owner, now_ms, &l.run, &taken, err) &&
              (taken || err_set(err, ERR_CONFLICT,
                                "another look at this was begun this very "
                                "millisecond; ask again"));
    if (ok && !look(&l, now_ms, &why)) {
        finish_failed(&l, &why, now_ms, out, err);
        *err = why;
        ok = false;
    } else if (ok) {
        ok = finish(&l, out, err);
    }
    if (ok) {
        out->message = view_copy(view_of(out->message), arena);
        const char *document = view_copy(out->document, arena);
        ok = (out->message != NULL && document != NULL) ||
             err_set(err, ERR_LIMIT, "the document does not fit the memory limit");
        out->document.text = document;
    }
    looking_release(&l);
    return ok;
}
