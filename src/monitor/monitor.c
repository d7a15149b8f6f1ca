#include "monitor/monitor.h"

#include "base/clock.h"
#include "monitor/alarms.h"
#include "monitor/looking.h"

#include <math.h>
#include <stdarg.h>
#include <unistd.h>

enum { DELIVER_MS = 20 * 1000, TELL_WAITING_MS = 3600 * 1000 };
#define DAY_MS 86400000.0

/* ---------------------------------------------------------------- settings */

bool monitor_check(const struct config *config, struct err *err)
{
    struct schedule schedule;
    struct alarm_rules rules;
    for (size_t i = 0; i < WATCHES; i++)
        if (!watch_schedule(watches[i], config, &schedule, err))
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

/* ---------------------------------------------------------------- telling */

PRINTF(3, 4) static void say(const struct monitor *monitor, bool bad, const char *fmt, ...)
{
    char line[LOOKING_MESSAGE_SIZE + 200];
    va_list arguments;
    va_start(arguments, fmt);
    vsnprintf(line, sizeof line, fmt, arguments);
    va_end(arguments);
    monitor->say(monitor->self, bad, line);
}

/* Of the alarms about what the monitor does. */
static bool tell_alarm(const struct monitor *monitor, const struct alarm *alarm,
                       struct view subject, bool bad, struct view text, int64_t now_ms,
                       struct err *err)
{
    struct alarm_tally tally;
    struct reading reading = {.alarm = alarm,
                              .subject = subject,
                              .state = bad ? STATE_ALARM : STATE_OK,
                              .value = (double)NAN,
                              .limit = (double)NAN,
                              .at_ms = now_ms,
                              .text = text};
    struct alarm_round round = {.reading = &reading, .readings = 1, .now_ms = now_ms};
    return alarms_take(monitor->store, &monitor->rules, &round, &tally, err);
}

/* Whether a watch, or the retraining, does its work: NULL, it does. */
static bool tell_health(const struct monitor *monitor, const char *subject, const struct err *why,
                        int64_t now_ms, struct err *err)
{
    return tell_alarm(monitor, &alarm_monitor_failed, view_of(subject), why != NULL,
                      why == NULL ? VIEW("") : view_of(why->text), now_ms, err);
}

/* ---------------------------------------------------------------- watches */

/* The alarms hear of it first. A monitor that dies between the two looks again, or another one
 * does, and of one window they count one reading; the other way round they would never hear. */
static bool look_and_tell(struct looking *l, int64_t now_ms, struct err *err)
{
    const struct monitor *monitor = l->monitor;
    struct run_outcome outcome;
    struct err why = {0};
    bool well = looking_look(l, now_ms, &why);
    if (well && !looking_tell(l, now_ms, err))
        return false;
    if (!(well ? looking_finish(l, &outcome, err) : looking_fail(l, &why, now_ms, &outcome, err))) {
        if (err->kind != ERR_CONFLICT)
            return false;
        say(monitor, true, "%s", err->text);
        *err = (struct err){0};
        return true;
    }
    say(monitor, outcome.state == WATCH_ALARM || outcome.state == WATCH_FAILED, "%s: %s: %s",
        l->watch->name, watch_state_name(outcome.state), outcome.message);
    return tell_health(monitor, l->watch->name, well ? NULL : &why, now_ms, err);
}

static bool round_of(const struct monitor *monitor, const struct watch *watch, int64_t now_ms,
                     struct err *err)
{
    struct schedule schedule;
    int64_t last;
    bool taken;
    if (!watch_schedule(watch, monitor->config, &schedule, err))
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
    CLEANUP(looking_release) struct looking l;
    looking_init(&l, monitor, watch);
    return looking_take(&l, &wanted, now_ms, &taken, err) &&
           (!taken || look_and_tell(&l, now_ms, err));
}

/* ---------------------------------------------------------------- retraining, notices */

static bool tell_retraining(struct monitor *monitor, const struct retraining *r, int64_t now_ms,
                            struct err *err)
{
    bool bad = r->state == RETRAINING_refused || r->state == RETRAINING_failed ||
               (r->state == RETRAINING_quarantined && r->released_ms == 0);
    char bytes[RETRAINING_TEXT_SIZE + 100];
    struct text text = text_in(bytes, sizeof bytes);
    if (r->id == 0)
        return true;
    text_addf(&text, "retraining %lld, for %s: %s", (long long)r->id, r->why, r->message);
    if (monitor->retraining_told != r->changed_ms)
        say(monitor, bad, "retraining %lld: %s%s%s", (long long)r->id, retraining_states[r->state],
            r->message[0] == '\0' ? "" : ": ", r->message);
    monitor->retraining_told = r->changed_ms;
    return tell_alarm(monitor, &alarm_retrain_refused, VIEW(""), bad, text_view(&text), now_ms,
                      err);
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
           tell_health(monitor, "retraining", well ? NULL : &why, now_ms, err);
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

/* ---------------------------------------------------------------- a round */

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
        if (watch_schedule(watches[i], monitor->config, &schedule, &ignored)) {
            int64_t due = schedule_after(&schedule, now_ms);
            next = due < next ? due : next;
        }
    return next;
}

/* ---------------------------------------------------------------- by hand */

static bool keep_texts(struct run_outcome *outcome, struct arena *arena, struct err *err)
{
    const char *document = view_copy(outcome->document, arena);
    outcome->message = view_copy(view_of(outcome->message), arena);
    outcome->document.text = document;
    return (outcome->message != NULL && document != NULL) ||
           err_set(err, ERR_LIMIT, "the document does not fit the memory limit");
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
    CLEANUP(looking_release) struct looking l;
    struct err why = {0};
    bool taken;
    looking_init(&l, monitor, watch);
    if (!looking_take(&l, &wanted, now_ms, &taken, err))
        return false;
    if (!taken)
        return err_set(err, ERR_CONFLICT,
                       "another look at this was begun this very millisecond; ask again");
    if (!looking_look(&l, now_ms, &why)) {
        looking_fail(&l, &why, now_ms, out, err);
        *err = why;
        return false;
    }
    return looking_finish(&l, out, err) && keep_texts(out, arena, err);
}
