#include "monitor/monitor.h"

#include "base/clock.h"
#include "champion_ground.h"
#include "monitor/alarms.h"

#define HOUR INT64_C(3600000)
#define QUIET                                                                                      \
    "multivariate: never, performance: never, bias: never, quality: never, service: never, "       \
    "rows_min: 200"
#define DRIFT_ALONE  "monitor: {drift: 1h, upkeep: never, " QUIET "}\n"
#define DRIFT_UPKEEP "monitor: {drift: 1h, upkeep: 1h, " QUIET "}\n"
#define NOTHING      "monitor: {drift: never, upkeep: never, " QUIET "}\n"

/* A monitor, and what it said. */
struct rig {
    struct monitor monitor;
    char said[2000];
    size_t bad;
};

static void hear(void *self, bool bad, const char *line)
{
    struct rig *rig = self;
    size_t length = strlen(rig->said);
    snprintf(rig->said + length, sizeof rig->said - length, "%s\n", line);
    rig->bad += bad;
}

static void begin(struct rig *rig, const char *yaml, struct store *store, struct arena *arena)
{
    struct err err = {0};
    const struct config *config = config_from(yaml, arena);
    memset(rig, 0, sizeof *rig);
    rig->monitor = (struct monitor){.config = config,
                                    .store = store,
                                    .journal_dir = test_dir(),
                                    .say = hear,
                                    .self = rig,
                                    .retrain = {.config = config, .store = store}};
    WORKS(monitor_init(&rig->monitor, &err), err);
    rig->monitor.retrain.owner = rig->monitor.owner;
}

#define RIG(rig, title, yaml)                                                                      \
    STORE(store, title);                                                                           \
    static struct rig rig;                                                                         \
    begin(&rig, yaml, &store, &arena)

static void round_at(struct rig *rig, int64_t now_ms)
{
    struct err err = {0};
    rig->said[0] = '\0';
    rig->bad = 0;
    WORKS(monitor_round(&rig->monitor, now_ms, &err), err);
}

static struct champion champion_in(struct store *store, int number, size_t rows,
                                   struct arena *arena)
{
    struct champion champion;
    champion_make(&champion, &(struct champion_kind){.rows = rows, .number = number}, arena);
    champion_enthrone(store, champion_register(store, champion.file, arena));
    return champion;
}

static int64_t runs(struct store *store, const char *where)
{
    char sql[300];
    snprintf(sql, sizeof sql, "select count(*) from monitor_run where %s", where);
    return count_rows(store, sql);
}

/* How a key stands; STATES: it is not known. */
static enum alarm_state standing(struct store *store, const struct alarm *alarm,
                                 const char *subject, struct arena *arena)
{
    struct alarm_key *key;
    struct err err = {0};
    size_t count;
    WORKS(alarms_list(store, arena, &key, &count, &err), err);
    for (size_t i = 0; i < count; i++)
        if (key[i].alarm == alarm && view_is(key[i].subject, subject))
            return key[i].memory.state;
    return STATES;
}

/* Decisions of the hour before. */
static void decide(struct store *store, const struct champion *champion, const char *prefix,
                   size_t count, double times, int64_t until_ms)
{
    struct decided decided = {.prefix = prefix,
                              .count = count,
                              .times = times,
                              .since_us = (until_ms - 1800 * 1000) * 1000};
    decide_many(store, champion, &decided);
}

/* ---------------------------------------------------------------- settings */

TEST(settings_that_cannot_work_are_refused_by_name)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
    static const struct {
        const char *yaml, *says;
    } cases[] = {
        {"monitor: {bias: sometimes}\n", "monitor.bias"},
        {"alarms: {rules: {errors: {limit: 5 apples}}}\n", "limit"},
        {"retrain: {newest_days: 60}\n", "split.column"},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct err err = {0};
        FAILS(monitor_check(config_from(cases[i].yaml, &arena), &err), err, ERR_INPUT);
        SAYS(err, cases[i].says);
    }
    struct err err = {0};
    WORKS(monitor_check(config_from("project: p\n", &arena), &err), err);
}

TEST(the_next_watch_that_is_due_is_known)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
    struct monitor monitor = {.config = config_from(DRIFT_UPKEEP, &arena)};
    SAME(monitor_next(&monitor, START), START + HOUR);
    SAME(monitor_next(&monitor, START - 1), START);
    monitor.config = config_from("monitor: {drift: 1h, upkeep: 5m, " QUIET "}\n", &arena);
    SAME(monitor_next(&monitor, START + MINUTE), START + 5 * MINUTE);
    monitor.config = config_from(NOTHING, &arena);
    SAME(monitor_next(&monitor, START), INT64_MAX);
}

/* ---------------------------------------------------------------- a round */

ON_BOTH(what_is_due_is_looked_at_remembered_and_judged_once)
{
    RIG(rig, "monitor_due",
        "monitor: {drift: never, upkeep: 1h, " QUIET "}\n"
        "alarms: {rules: {model_age: {limit: 2 h, recover: 2 h}, disk: {enabled: false}}}\n");
    struct champion champion = champion_in(&store, 1, 0, &arena);
    int64_t now = clock_now_ms() + 30 * HOUR;
    round_at(&rig, now);
    TRUE(strstr(rig.said, "upkeep: ") != NULL);
    SAME(runs(&store, "watch = 'upkeep' and state = 'ok'"), 1);
    SAME(runs(&store, "version = 1"), 1);
    SAME(standing(&store, &alarm_model_age, "", &arena), STATE_ALARM);
    SAME(standing(&store, &alarm_monitor_failed, "upkeep", &arena), STATE_OK);
    SAME(count_rows(&store, "select count(*) from alarm_change where alarm = 'model_age'"), 1);
    round_at(&rig, now + 1000);
    TEXT(view_of(rig.said), "");
    static struct rig other;
    begin(&other, DRIFT_UPKEEP, &store, &arena);
    TRUE(strcmp(other.monitor.owner, rig.monitor.owner) != 0);
    round_at(&other, now + 2000);
    SAME(runs(&store, "watch = 'upkeep'"), 1);
    round_at(&rig, now + HOUR);
    SAME(runs(&store, "watch = 'upkeep'"), 2);
    champion_release(&champion);
}

ON_BOTH(a_watch_that_fails_is_told_and_the_others_are_looked_at)
{
    RIG(rig, "monitor_failed", DRIFT_UPKEEP);
    struct champion bare = champion_in(&store, 1, 0, &arena);
    round_at(&rig, START);
    SAME(runs(&store, "watch = 'drift' and state = 'failed'"), 1);
    SAME(runs(&store, "watch = 'upkeep' and state <> 'failed'"), 1);
    SAME(standing(&store, &alarm_monitor_failed, "drift", &arena), STATE_ALARM);
    SAME(standing(&store, &alarm_monitor_failed, "upkeep", &arena), STATE_OK);
    TRUE(strstr(rig.said, "drift: failed: the bundle carries no reference rows") != NULL);
    TRUE(strstr(rig.said, "train it again") != NULL);
    TRUE(rig.bad >= 1);
    /* With one that has reference rows it works again. */
    struct champion whole = champion_in(&store, 2, 1000, &arena);
    round_at(&rig, START + HOUR);
    SAME(standing(&store, &alarm_monitor_failed, "drift", &arena), STATE_OK);
    champion_release(&bare);
    champion_release(&whole);
}

ON_BOTH(a_look_that_failed_for_what_passes_is_tried_again_before_its_next_date)
{
    RIG(rig, "monitor_again", DRIFT_ALONE);
    struct champion champion = champion_in(&store, 1, 1000, &arena);
    decide(&store, &champion, "a", 300, 1, START);
    WORKS(db_run(&store.db, "alter table decision rename to away", &err), err);
    round_at(&rig, START);
    TRUE(strstr(rig.said, "drift: failed: ") != NULL);
    SAME(standing(&store, &alarm_monitor_failed, "drift", &arena), STATE_ALARM);
    WORKS(db_run(&store.db, "alter table away rename to decision", &err), err);
    round_at(&rig, START + RUN_RETRY_MS - 1);
    TEXT(view_of(rig.said), "");
    round_at(&rig, START + RUN_RETRY_MS);
    SAME(runs(&store, "state = 'ok' and rows = 300 and tries = 2"), 1);
    SAME(runs(&store, "state <> 'ok'"), 0);
    SAME(standing(&store, &alarm_monitor_failed, "drift", &arena), STATE_OK);
    round_at(&rig, START + 2 * RUN_RETRY_MS);
    TEXT(view_of(rig.said), "");
    champion_release(&champion);
}

/* The next date is a try of its own; what is wrong with the model does not pass. */
ON_BOTH(a_look_is_not_tried_again_past_its_next_date_nor_when_it_cannot_help)
{
    RIG(rig, "monitor_not_again", "monitor: {drift: 20s, upkeep: never, " QUIET "}\n");
    struct champion bare = champion_in(&store, 1, 0, &arena);
    round_at(&rig, START);
    SAME(runs(&store, "state = 'failed' and again_ms = 0"), 1);
    struct champion whole = champion_in(&store, 2, 1000, &arena);
    WORKS(db_run(&store.db, "alter table decision rename to away", &err), err);
    round_at(&rig, START + 20000);
    SAME(runs(&store, "state = 'failed' and again_ms = 0"), 2);
    champion_release(&bare);
    champion_release(&whole);
}

/* The server ends the connection while the look reads, the first time; and is back at once. */
TEST(a_look_whose_connection_ended_is_taken_up_by_the_same_monitor)
{
    const struct ground ground_of = {.server = true}, *ground = &ground_of;
    const char *why = ground_start();
    if (why != NULL)
        SKIP(why);
    RIG(rig, "monitor_cut", DRIFT_ALONE);
    struct champion champion = champion_in(&store, 1, 1000, &arena);
    decide(&store, &champion, "a", 300, 1, START);
    WORKS(db_run(&store.db,
                 "create sequence blows; create function strike() returns bool as $$ begin "
                 "if nextval('blows') = 1 then perform pg_terminate_backend(pg_backend_pid()); "
                 "end if; return true; end $$ language plpgsql; "
                 "alter table decision rename to away; "
                 "create view decision as select * from away where strike()",
                 &err),
          err);
    FAILS(monitor_round(&rig.monitor, START, &err), err, ERR_STORE);
    SAYS(err, "connection was lost");
    store_close(&store);
    err = (struct err){0};
    WORKS(store_open_place(&store, &place, &err), err);
    SAME(runs(&store, "state = 'running'"), 1);
    round_at(&rig, START + 1000);
    SAME(runs(&store, "state = 'running'"), 1);
    round_at(&rig, START + RUN_RETRY_MS);
    SAME(runs(&store, "state = 'ok' and rows = 300 and tries = 2"), 1);
    champion_release(&champion);
}

ON_BOTH(without_a_champion_there_is_nothing_to_look_at_and_that_is_no_failure)
{
    RIG(rig, "monitor_none", DRIFT_UPKEEP);
    round_at(&rig, START);
    TRUE(strstr(rig.said, "drift: insufficient: there is no champion yet") != NULL);
    SAME(runs(&store, "watch = 'drift' and state = 'insufficient' and version = 0"), 1);
    SAME(standing(&store, &alarm_monitor_failed, "drift", &arena), STATE_OK);
}

ON_BOTH(a_champion_that_cannot_be_loaded_fails_what_wants_the_model_alone)
{
    RIG(rig, "monitor_damaged", DRIFT_UPKEEP);
    struct champion champion = champion_in(&store, 1, 0, &arena);
    const char *path;
    WORKS(store_get_bundle(&store, &champion.bundle.digest, &arena, &path, &err), err);
    WORKS(file_remove(path, &err), err);
    round_at(&rig, START);
    TRUE(strstr(rig.said, "drift: failed: the champion") != NULL);
    SAME(runs(&store, "watch = 'upkeep' and state <> 'failed'"), 1);
    champion_release(&champion);
}

ON_BOTH(too_few_rows_are_looked_at_again_with_those_that_follow)
{
    RIG(rig, "monitor_few", DRIFT_ALONE);
    struct champion champion = champion_in(&store, 1, 1000, &arena);
    decide(&store, &champion, "a", 150, 1, START);
    round_at(&rig, START);
    SAME(runs(&store, "state = 'insufficient' and rows = 150"), 1);
    decide(&store, &champion, "b", 150, 1, START + HOUR);
    round_at(&rig, START + HOUR);
    SAME(runs(&store, "state = 'ok' and rows = 300"), 1);
    decide(&store, &champion, "c", 30, 1, START + 2 * HOUR);
    round_at(&rig, START + 2 * HOUR);
    SAME(runs(&store, "state = 'insufficient' and rows = 30"), 1);
    champion_release(&champion);
}

/* ---------------------------------------------------------------- alarms */

ON_BOTH(a_shift_is_an_alarm_at_the_second_look_and_another_champion_begins_without_a_past)
{
    RIG(rig, "monitor_anew", DRIFT_ALONE);
    struct champion first = champion_in(&store, 1, 1000, &arena);
    decide(&store, &first, "a", 300, 4, START);
    round_at(&rig, START);
    SAME(runs(&store, "state = 'alarm'"), 1);
    SAME(standing(&store, &alarm_drift, "amount", &arena), STATE_WATCH);
    struct champion second = champion_in(&store, 2, 1000, &arena);
    decide(&store, &second, "b", 300, 4, START + HOUR);
    round_at(&rig, START + HOUR);
    SAME(runs(&store, "state = 'alarm' and version = 2"), 1);
    SAME(standing(&store, &alarm_drift, "amount", &arena), STATE_WATCH);
    decide(&store, &second, "c", 300, 4, START + 2 * HOUR);
    round_at(&rig, START + 2 * HOUR);
    SAME(standing(&store, &alarm_drift, "amount", &arena), STATE_ALARM);
    champion_release(&first);
    champion_release(&second);
}

ON_BOTH(what_is_not_about_the_champion_keeps_its_past)
{
    RIG(rig, "monitor_disk",
        "monitor: {drift: never, upkeep: 1h, " QUIET "}\n"
        "alarms: {rules: {disk: {limit: 99.99 %, recover: 100 %, windows: 2 of 3}}}\n");
    struct champion first = champion_in(&store, 1, 0, &arena);
    round_at(&rig, START);
    SAME(standing(&store, &alarm_disk, "store", &arena), STATE_WATCH);
    struct champion second = champion_in(&store, 2, 0, &arena);
    round_at(&rig, START + HOUR);
    SAME(standing(&store, &alarm_disk, "store", &arena), STATE_ALARM);
    champion_release(&first);
    champion_release(&second);
}

/* As if a look had found this column to have drifted. */
static void drifted(struct rig *rig, const struct alarm *alarm, const char *subject)
{
    struct err err = {0};
    struct alarm_tally tally;
    for (int hour = 3; hour > 0; hour--) {
        struct reading reading = {.alarm = alarm,
                                  .subject = view_of(subject),
                                  .state = STATE_ALARM,
                                  .value = 0.5,
                                  .limit = 0.25,
                                  .at_ms = START - hour * HOUR};
        struct alarm_round round = {
            .reading = &reading, .readings = 1, .now_ms = START - hour * HOUR};
        WORKS(alarms_take(rig->monitor.store, &rig->monitor.rules, &round, &tally, &err), err);
    }
}

ON_BOTH(what_is_no_longer_watched_stands_until_a_look_had_enough_to_see)
{
    RIG(rig, "monitor_gone", DRIFT_ALONE);
    struct champion champion = champion_in(&store, 1, 1000, &arena);
    drifted(&rig, &alarm_drift, "a column of old");
    drifted(&rig, &alarm_quality, "type amount");
    SAME(standing(&store, &alarm_drift, "a column of old", &arena), STATE_ALARM);
    round_at(&rig, START); /* too few rows say nothing */
    SAME(standing(&store, &alarm_drift, "a column of old", &arena), STATE_ALARM);
    decide(&store, &champion, "a", 300, 1, START + HOUR);
    round_at(&rig, START + HOUR);
    SAME(standing(&store, &alarm_drift, "a column of old", &arena), STATE_INSUFFICIENT);
    SAME(standing(&store, &alarm_quality, "type amount", &arena), STATE_ALARM); /* another's */
    champion_release(&champion);
}

static bool train_badly(void *self UNUSED, int64_t begun_ms UNUSED, void (*renew)(void *) UNUSED,
                        void *renewed UNUSED, int64_t *out UNUSED, bool *known UNUSED,
                        struct err *err)
{
    return err_set(err, ERR_GATE, "recall is 0.2");
}

ON_BOTH(a_retraining_that_was_refused_is_an_alarm_and_is_said_once)
{
    RIG(rig, "monitor_refused",
        NOTHING "split: {column: at}\nretrain: {newest_days: 9, schedule: 1h}\n");
    rig.monitor.retrain.trainer.train = train_badly;
    round_at(&rig, START);
    TRUE(strstr(rig.said, "retraining 1: refused: recall is 0.2") != NULL);
    SAME(rig.bad, 1);
    SAME(standing(&store, &alarm_retrain_refused, "", &arena), STATE_ALARM);
    SAME(standing(&store, &alarm_monitor_failed, "retraining", &arena), STATE_OK);
    round_at(&rig, START + 1);
    TEXT(view_of(rig.said), "");
    SAME(standing(&store, &alarm_retrain_refused, "", &arena), STATE_ALARM);
}

/* ---------------------------------------------------------------- by hand */

ON_BOTH(a_look_by_hand_is_remembered_and_changes_nothing)
{
    RIG(rig, "monitor_look", DRIFT_ALONE);
    struct champion champion = champion_in(&store, 1, 1000, &arena);
    struct run_outcome outcome;
    decide(&store, &champion, "a", 300, 4, START - 5 * HOUR);
    WORKS(monitor_look(&rig.monitor, &watch_drift, START - 6 * HOUR, START - 5 * HOUR, START,
                       &arena, &outcome, &err),
          err);
    SAME(outcome.state, WATCH_ALARM);
    SAME(outcome.rows, 300);
    SAME(outcome.version, 1);
    TRUE(strstr(outcome.message, "amount ALARM") != NULL);
    TRUE(view_starts(outcome.document, "{\"reference_rows\":1000"));
    SAME(runs(&store, "manual = 1 and state = 'alarm'"), 1);
    SAME(standing(&store, &alarm_drift, "amount", &arena), STATES);
    TEXT(view_of(rig.said), "");
    round_at(&rig, START); /* all of the time before is still to be looked at */
    SAME(runs(&store, "manual = 0 and state = 'alarm' and rows = 300"), 1);
    champion_release(&champion);
}

ON_BOTH(a_look_by_hand_that_fails_says_why)
{
    RIG(rig, "monitor_look_bad", DRIFT_ALONE);
    struct champion champion = champion_in(&store, 1, 0, &arena);
    struct run_outcome outcome;
    FAILS(monitor_look(&rig.monitor, &watch_drift, START - HOUR, START, START, &arena, &outcome,
                       &err),
          err, ERR_NOT_FOUND);
    SAYS(err, "train it again");
    SAME(runs(&store, "manual = 1 and state = 'failed'"), 1);
    SAME(standing(&store, &alarm_monitor_failed, "drift", &arena), STATES);
    champion_release(&champion);
}
