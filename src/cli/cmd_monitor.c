#include "base/clock.h"
#include "base/log.h"
#include "base/number.h"
#include "cli/instant.h"
#include "cli/retrainer.h"
#include "cli/separate.h"
#include "cli/verbs.h"
#include "cloud/sink.h"
#include "monitor/monitor.h"
#include "store/journal_config.h"

#include <signal.h>
#include <time.h>

enum { OPTION_SINCE, OPTION_UNTIL, OPTION_LAST, OPTION_JSON, OPTION_COMMENT };
enum { LIST_MAX = 100, TURN_MS = 1000, DATABASE_TRIES = 600 }; /* ten minutes: a failover */

static void say(void *self UNUSED, bool bad, const char *text)
{
    struct log_line line;
    log_begin(&line, bad ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "monitor");
    json_key(&line.json, "said"), json_string(&line.json, text);
    log_end(&line);
}

/* A project and all that a monitor is wired to. */
struct station {
    struct project *project;
    struct retrainer retrainer;
    struct separator separator;
    struct monitor monitor;
    struct sinks sinks;
};

static bool station_open(struct station *station, struct project *project, const struct call *call,
                         struct err *err)
{
    struct config *config = &project->config;
    *station =
        (struct station){.project = project, .retrainer = {.project = project, .call = call}};
    station->monitor = (struct monitor){
        .config = config,
        .store = &project->store,
        .journal_dir = journal_dir_of(config),
        .say = say,
    };
    station->monitor.retrain = (struct retrain){
        .config = config,
        .store = &project->store,
        .trainer = retrainer_port(&station->retrainer),
        .owner = project_actor(),
    };
    if (!sinks_read(&station->sinks, config, err))
        return false;
    station->monitor.port = station->sinks.port;
    station->monitor.ports = station->sinks.count;
    station->separator.program = call->program;
    station->monitor.domain = separator_port(&station->separator);
    if (monitor_init(&station->monitor, err))
        return true;
    sinks_release(&station->sinks);
    return false;
}

static void station_close(struct station *station)
{
    sinks_release(&station->sinks);
}

/* ---------------------------------------------------------------- the watch that goes on */

static bool is_over(const sigset_t *signals, int64_t wait_ms)
{
    struct timespec wait = {.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000};
    return sigtimedwait(signals, NULL, &wait) > 0;
}

/* A database that is away or full is waited for, with the store opened anew; what is wrong
 * otherwise ends it. */
static bool survive(struct project *project, size_t *failures, struct err *err)
{
    if ((err->kind != ERR_STORE && err->kind != ERR_IO) || ++*failures > DATABASE_TRIES)
        return false;
    say(NULL, true, err->text);
    store_close(&project->store);
    *err = (struct err){0};
    return true;
}

static bool turn(struct project *project, struct station *station, struct err *err)
{
    return (project->store.dir != NULL || project_open_store(project, err)) &&
           monitor_round(&station->monitor, clock_now_ms(), err) &&
           project_checkpoint(project, false, err);
}

static bool watch(struct project *project, const struct call *call, struct err *err)
{
    CLEANUP(station_close) struct station station = {0};
    sigset_t signals;
    size_t failures = 0;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    if (!station_open(&station, project, call, err))
        return false;
    say(NULL, false, "watching");
    bool ok = true;
    do {
        if (turn(project, &station, err))
            failures = 0;
        else
            ok = survive(project, &failures, err);
    } while (ok && !is_over(&signals, TURN_MS));
    if (ok)
        say(NULL, false, "stopped");
    return ok;
}

static bool once(struct project *project, const struct call *call, struct err *err)
{
    CLEANUP(station_close) struct station station = {0};
    return station_open(&station, project, call, err) &&
           monitor_round(&station.monitor, clock_now_ms(), err) &&
           project_checkpoint(project, false, err);
}

/* ---------------------------------------------------------------- one look by hand */

static bool no_watch(const char *name, struct err *err)
{
    return err_set(err, ERR_USAGE, "no watch '%s'; `assay monitor watches` lists them", name);
}

static bool look(struct project *project, const struct call *call, struct err *err)
{
    CLEANUP(station_close) struct station station = {0};
    struct run_outcome outcome;
    int64_t now_ms = clock_now_ms(), until_us = now_ms * 1000, since_us;
    if (call->arguments < 2)
        return err_set(err, ERR_USAGE, "usage: assay monitor look WATCH");
    const struct watch *watch = watch_find(view_of(call->argument[1]));
    if (watch == NULL)
        return no_watch(call->argument[1], err);
    if (!instant_option(call, OPTION_UNTIL, &until_us, err))
        return false;
    since_us = until_us - (int64_t)(config_number(&project->config, KEY_MONITOR_SPAN_DAYS) * 864e8);
    if (!instant_option(call, OPTION_SINCE, &since_us, err))
        return false;
    if (since_us >= until_us)
        return err_set(err, ERR_USAGE, "--since is before --until");
    if (!station_open(&station, project, call, err) ||
        !monitor_look(&station.monitor, watch, since_us / 1000, until_us / 1000, now_ms,
                      &project->arena, &outcome, err))
        return false;
    if (call->option[OPTION_JSON] != NULL)
        printf("%.*s\n", (int)outcome.document.length, outcome.document.text);
    else
        printf("%s: %s: %s\n", watch->name, watch_state_name(outcome.state), outcome.message);
    return true;
}

/* ---------------------------------------------------------------- lists */

static const char *time_text(int64_t at_ms, char bytes[40])
{
    struct text text = text_in(bytes, 40);
    if (at_ms <= 0)
        return "-";
    text_add_time(&text, at_ms);
    return text_c(&text);
}

static bool list_watches(struct project *project, const struct call *call UNUSED,
                         struct err *err UNUSED)
{
    for (size_t i = 0; i < WATCHES; i++) {
        struct view schedule = config_text(&project->config, watches[i]->schedule);
        printf("%-12s %-16.*s %s\n", watches[i]->name, (int)schedule.length, schedule.text,
               watches[i]->about);
    }
    return true;
}

static bool history(struct project *project, const struct call *call, struct err *err)
{
    CLEANUP(run_read_close) struct run_reader reader = {0};
    struct run_entry entry;
    const char *name = call->arguments > 1 ? call->argument[1] : NULL;
    const char *last = call->option[OPTION_LAST];
    char due[40], since[40];
    int64_t count = 20;
    if (name != NULL && watch_find(view_of(name)) == NULL)
        return no_watch(name, err);
    if (last != NULL && (!number_parse_i64(view_of(last), &count) || count < 1))
        return err_set(err, ERR_USAGE, "--last takes a number of looks");
    if (!run_read(&project->store, name, (size_t)count, &reader, err))
        return false;
    while (run_next(&reader, &entry, err))
        printf("%6lld  %-12.*s %-24s since %-24s %8lld rows  %-12.*s %s%.*s\n", (long long)entry.id,
               (int)entry.watch.length, entry.watch.text, time_text(entry.until_ms, due),
               time_text(entry.since_ms, since), (long long)entry.rows, (int)entry.state.length,
               entry.state.text, entry.manual ? "(by hand) " : "", (int)entry.message.length,
               entry.message.text);
    return err->kind == ERR_NONE;
}

static bool retrainings(struct project *project, const struct call *call UNUSED, struct err *err)
{
    struct retraining *list = arena_new(&project->arena, struct retraining, LIST_MAX);
    size_t count;
    char begun[40];
    if (list == NULL)
        return err_set(err, ERR_LIMIT, "no memory is left");
    if (!retraining_list(&project->store, list, LIST_MAX, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct retraining *r = &list[i];
        printf("%4lld  %s  %-12s", (long long)r->id, time_text(r->begun_ms, begun),
               r->state == RETRAINING_quarantined && r->released_ms != 0
                   ? "released"
                   : retraining_states[r->state]);
        if (r->version != 0)
            printf("  version %lld", (long long)r->version);
        printf("  for %s%s%s\n", r->why, r->message[0] == '\0' ? "" : ": ", r->message);
    }
    return true;
}

static bool release(struct project *project, const struct call *call, struct err *err)
{
    const char *comment = call->option[OPTION_COMMENT];
    int64_t id;
    if (call->arguments < 2)
        return err_set(err, ERR_USAGE, "usage: assay monitor release NUMBER --comment WORDS");
    if (!number_parse_i64(view_of(call->argument[1]), &id))
        return err_set(err, ERR_USAGE, "'%s' is no retraining's number", call->argument[1]);
    return retraining_release(&project->store, id, comment == NULL ? "" : comment, clock_now_ms(),
                              project_actor(), err) &&
           project_checkpoint(project, false, err);
}

/* ---------------------------------------------------------------- the command */

static bool run(const struct call *call, struct err *err)
{
    static const struct verb rows[] = {
        {"once", .run = once},
        {"look", .run = look},
        {"watches", .run = list_watches},
        {"history", .run = history},
        {"retrainings", .run = retrainings},
        {"release", .run = release},
    };
    static const struct verb for_ever = {.run = watch};
    static const struct verbs verbs = {rows, LENGTH_OF(rows), .needs_project = true};
    const struct verb *verb =
        call->arguments == 0 ? &for_ever : verbs_find(&verbs, call->argument[0]);
    if (verb == NULL)
        return err_set(err, ERR_USAGE, "'%s' is nothing a monitor does; `assay help monitor`",
                       call->argument[0]);
    return verbs_call(&verbs, verb, call, err);
}

static const struct option_row options[] = {
    [OPTION_SINCE] = {"since", "TIME", "look: from then on; monitor.span_days before the end"},
    [OPTION_UNTIL] = {"until", "TIME", "look: until then; now"},
    [OPTION_LAST] = {"last", "N", "history: so many; 20"},
    [OPTION_JSON] = {"json", NULL, "look: all that was seen, as JSON"},
    [OPTION_COMMENT] = {"comment", "WORDS", "release: why the labels are well"},
    {0},
};

const struct command command_monitor = {
    .name = "monitor",
    .arguments = "[once | look WATCH | watches | history [WATCH] | retrainings | release NUMBER]",
    .about = "watch the champion on a schedule: drift, quality, performance, alarms, retraining",
    .more =
        "Without a verb it watches until SIGTERM: what is due by monitor.* is looked at, the "
        "alarms\n"
        "are judged and told, and a model is trained anew when retrain.* says so. Any number of\n"
        "monitors may watch one store; each look is taken by one. once does what is due and ends,\n"
        "for cron, EventBridge or a Kubernetes CronJob. look looks at any stretch of time now.\n"
        "release lets a retraining go on whose labels looked poisoned.\n",
    .options = options,
    .most = 2,
    .run = run,
};
