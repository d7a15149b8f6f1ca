#include "monitor/retrain.h"

#include "base/clock.h"
#include "champion_ground.h"
#include "store/experiment.h"
#include "store/meeting.h"

#define HOUR INT64_C(3600000)

enum rig_place {
    DIES_NOWHERE,
    DIES_TRAINING,
    DIES_REGISTERED,
    DIES_MET,
    DIES_PROMOTING,
    DIES_PROMOTED,
    DIES_VOUCHING,
};

/* A retraining whose training the test does. */
struct rig {
    struct store *store;
    struct arena *arena;
    struct retrain retrain;
    struct retraining is; /* after the last step */
    int64_t now_ms;
    int trained, promoted;

    /* What comes of a training. */
    enum err_kind fails;
    bool known;
    int64_t same;        /* with known: this version; 0: the one before */
    const char *verdict; /* of its meeting with the champion; NULL: they never met */
    const char *why;
    int64_t against; /* it met this version; 0: the champion */
    const char *lineage;
    const struct store_place *other; /* somebody else takes a step meanwhile */
    enum rig_place dies;             /* where the process is killed */
};

static void die_at(const struct rig *rig, enum rig_place place)
{
    if (rig->dies == place)
        kill(getpid(), SIGKILL);
}

static void step(struct rig *rig, enum retraining_state want)
{
    struct err err = {0};
    WORKS(retrain_step(&rig->retrain, rig->now_ms, &rig->is, &err), err);
    FAIL_UNLESS(rig->is.id != 0, "nothing was retrained, wanted %s", retraining_states[want]);
    FAIL_UNLESS(rig->is.state == want, "it is %s (%s), wanted %s", retraining_states[rig->is.state],
                rig->is.message, retraining_states[want]);
}

static void meet(struct rig *rig, int64_t version, struct err *err)
{
    struct text document = text_in_arena(rig->arena);
    struct meeting met = {.number = version, .verdict = view_of(rig->verdict)};
    text_addf(&document, "{\"version\":%lld", (long long)version);
    if (rig->why != NULL)
        text_addf(&document, ",\"why\":\"%s\"", rig->why);
    text_adds(&document, "}");
    met.document = text_view(&document);
    WORKS(alias_get(rig->store, "champion", &met.champion, err), *err);
    if (rig->against != 0)
        met.champion = rig->against;
    if (met.champion != 0)
        WORKS(meeting_add(rig->store, &met, "assay", err), *err);
}

static void step_elsewhere(const struct rig *rig)
{
    CLEANUP(store_close) struct store store = {0};
    struct rig other = *rig;
    struct err err = {0};
    WORKS(store_open_place(&store, rig->other, &err), err);
    other.store = other.retrain.store = &store;
    other.retrain.trainer.self = &other;
    other.retrain.owner = "other";
    step(&other, RETRAINING_training);
    SAME(other.trained, rig->trained);
}

static bool train(void *self, int64_t begun_ms UNUSED, void (*renew)(void *), void *renewed,
                  int64_t *out, bool *known, struct err *err)
{
    struct rig *rig = self;
    rig->trained++;
    renew(renewed);
    die_at(rig, DIES_TRAINING);
    if (rig->other != NULL)
        step_elsewhere(rig);
    if (rig->fails != ERR_NONE)
        return err_set(err, rig->fails, "recall is 0.2");
    *known = rig->known;
    if (rig->known) {
        *out = rig->same;
        return true;
    }
    struct champion_kind kind = {
        .number = 100 + rig->trained, .lineage = rig->lineage, .entity = "card"};
    *out = champion_register(rig->store, champion_seal(&kind, rig->arena), rig->arena);
    die_at(rig, DIES_REGISTERED);
    if (rig->verdict != NULL)
        meet(rig, *out, err);
    die_at(rig, DIES_MET);
    return true;
}

static bool promote(void *self, int64_t champion, int64_t version, const char *why, struct err *err)
{
    struct rig *rig = self;
    rig->promoted++;
    die_at(rig, DIES_PROMOTING);
    bool ok = governance_promote(rig->store, "champion", champion, version, 0, "monitor", why, err);
    die_at(rig, DIES_PROMOTED);
    return ok;
}

static bool vouch(void *self, int64_t version UNUSED, struct err *err UNUSED)
{
    die_at(self, DIES_VOUCHING);
    return true;
}

#define RETRAIN(more)                                                                              \
    "split: {column: at}\nretrain: {newest_days: 60, on: [performance], guard: "                   \
    "{entity_labels: 2}, " more "}\n"
#define AT_ONCE RETRAIN("rollout: promote")

/* A store, with a champion or without, and the performance's alarm. */
#define RIG(rig, title, yaml)                                                                      \
    STORE(store, title);                                                                           \
    struct rig rig = rig_of(&store, &arena, yaml)

static struct rig rig_of(struct store *store, struct arena *arena, const char *yaml)
{
    return (struct rig){
        .store = store,
        .arena = arena,
        .now_ms = clock_now_ms(),
        .verdict = "promote",
        .retrain = {.config = config_from(yaml, arena),
                    .store = store,
                    .trainer = {.train = train, .promote = promote, .vouch = vouch},
                    .owner = "monitor"},
    };
}

static int64_t enthrone(struct rig *rig, const char *lineage, const char *entity)
{
    struct champion_kind kind = {.number = 1, .lineage = lineage, .entity = entity};
    int64_t number = champion_register(rig->store, champion_seal(&kind, rig->arena), rig->arena);
    champion_enthrone(rig->store, number);
    rig->retrain.trainer.self = rig;
    return number;
}

static void judge(struct rig *rig, enum alarm_state state)
{
    static struct alarm_rules rules;
    struct err err = {0};
    struct alarm_tally tally;
    struct reading reading = {.alarm = &alarm_performance,
                              .subject = VIEW("recall"),
                              .state = state,
                              .value = 0.2,
                              .limit = 0.5,
                              .at_ms = rig->now_ms};
    struct alarm_round round = {.reading = &reading, .readings = 1, .now_ms = rig->now_ms};
    alarm_rules_init(&rules);
    WORKS(alarms_take(rig->store, &rules, &round, &tally, &err), err);
}

static int64_t champion_of(struct rig *rig)
{
    struct err err = {0};
    int64_t number;
    WORKS(alias_get(rig->store, "champion", &number, &err), err);
    return number;
}

/* ---------------------------------------------------------------- what is refused at once */

TEST(settings_that_cannot_work_are_refused_with_the_remedy)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
    static const struct {
        const char *yaml, *says;
    } cases[] = {
        {"retrain: {schedule: sometimes}\n", "retrain.schedule"},
        {"retrain: {on: [drifts]}\n", "there is no alarm 'drifts'; `assay alarms rules`"},
        {"retrain: {on: [drift]}\n", "say from how many days of the past"},
        {"retrain: {schedule: '@daily'}\n", "without it nothing is retrained"},
        {"retrain: {newest_days: 60}\n", "needs split.column"},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct err err = {0};
        FAILS(retrain_check(config_from(cases[i].yaml, &arena), &err), err, ERR_INPUT);
        SAYS(err, cases[i].says);
    }
    struct err err = {0};
    WORKS(retrain_check(config_from("project: p\n", &arena), &err), err);
    WORKS(retrain_check(config_from(AT_ONCE, &arena), &err), err);
}

/* ---------------------------------------------------------------- when one begins */

ON_BOTH(nothing_is_trained_unless_it_is_said_from_how_much_of_the_past)
{
    RIG(rig, "retrain_never", "retrain: {on: [performance], schedule: 1h}\n");
    enthrone(&rig, NULL, NULL);
    judge(&rig, STATE_ALARM);
    WORKS(retrain_step(&rig.retrain, rig.now_ms, &rig.is, &err), err);
    SAME(rig.is.id, 0);
    SAME(rig.trained, 0);
}

ON_BOTH(what_is_due_is_trained_once)
{
    RIG(rig, "retrain_due", RETRAIN("schedule: 1h, rollout: promote"));
    enthrone(&rig, NULL, NULL);
    step(&rig, RETRAINING_promoted);
    TEXT(view_of(rig.is.why), "retrain.schedule");
    step(&rig, RETRAINING_promoted);
    SAME(rig.trained, 1);
    rig.now_ms += HOUR;
    step(&rig, RETRAINING_promoted);
    SAME(rig.trained, 2);
    SAME(rig.is.id, 2);
}

ON_BOTH(a_standing_alarm_asks_after_the_cool_down_and_only_when_it_was_seen_again)
{
    RIG(rig, "retrain_alarm", AT_ONCE);
    enthrone(&rig, NULL, NULL);
    WORKS(retrain_step(&rig.retrain, rig.now_ms, &rig.is, &err), err);
    SAME(rig.is.id, 0); /* nothing stands */
    judge(&rig, STATE_ALARM);
    step(&rig, RETRAINING_promoted);
    TEXT(view_of(rig.is.why), "alarm performance recall");
    rig.now_ms += 25 * HOUR;
    step(&rig, RETRAINING_promoted);
    SAME(rig.trained, 1); /* nobody looked since */
    rig.now_ms -= 3 * HOUR;
    judge(&rig, STATE_ALARM);
    step(&rig, RETRAINING_promoted);
    SAME(rig.trained, 1); /* it is not cool yet */
    rig.now_ms += 2 * HOUR;
    step(&rig, RETRAINING_promoted);
    SAME(rig.trained, 2);
    rig.now_ms += 25 * HOUR;
    judge(&rig, STATE_OK);
    step(&rig, RETRAINING_promoted);
    SAME(rig.trained, 2); /* it is over */
}

ON_BOTH(an_alarm_that_was_not_asked_for_trains_nothing)
{
    RIG(rig, "retrain_other",
        "split: {column: at}\nretrain: {newest_days: 60, on: [drift, concept_drift]}\n");
    enthrone(&rig, NULL, NULL);
    judge(&rig, STATE_ALARM);
    WORKS(retrain_step(&rig.retrain, rig.now_ms, &rig.is, &err), err);
    SAME(rig.is.id, 0);
}

ON_BOTH(of_two_steppers_one_trains)
{
    RIG(rig, "retrain_two", RETRAIN("schedule: 1h, rollout: promote"));
    enthrone(&rig, NULL, NULL);
    judge(&rig, STATE_ALARM);
    rig.other = &place;
    step(&rig, RETRAINING_promoted);
    SAME(rig.trained, 1);
    SAME(count_rows(&store, "select count(*) from retraining"), 1);
}

ON_BOTH(a_training_whose_process_is_gone_is_taken_up_when_its_lease_has_run_out)
{
    RIG(rig, "retrain_gone", RETRAIN("schedule: 1h, rollout: promote"));
    enthrone(&rig, NULL, NULL);
    struct retraining first;
    bool begun;
    WORKS(retraining_begin(&store, "a test", 0, rig.now_ms, "gone", &first, &begun, &err), err);
    TRUE(begun);
    rig.now_ms += RETRAINING_LEASE_MS;
    step(&rig, RETRAINING_training);
    SAME(rig.trained, 0);
    rig.now_ms += 1;
    step(&rig, RETRAINING_promoted);
    SAME(rig.is.id, 1);
    SAME(rig.is.tries, 2);
    TEXT(view_of(rig.is.why), "a test");
    step(&rig, RETRAINING_promoted); /* the date is still to be served */
    SAME(rig.is.id, 2);
}

ON_BOTH(what_may_go_better_another_time_is_tried_five_times)
{
    RIG(rig, "retrain_passes", RETRAIN("schedule: 100d, rollout: promote"));
    enthrone(&rig, NULL, NULL);
    rig.fails = ERR_IO;
    for (int i = 1; i < 5; i++) {
        step(&rig, RETRAINING_training);
        SAME(rig.trained, i);
        TEXT(view_of(rig.is.message), "recall is 0.2");
        SAME(rig.is.lease_ms - rig.is.changed_ms, INT64_C(60000) << (i - 1));
        rig.now_ms = rig.is.lease_ms;
        step(&rig, RETRAINING_training);
        SAME(rig.trained, i);
        rig.now_ms++;
    }
    rig.fails = ERR_UNAVAILABLE; /* the fifth is stopped with the monitor, and is not over */
    step(&rig, RETRAINING_training);
    SAME(rig.trained, 5);
    rig.now_ms = rig.is.lease_ms + 1;
    rig.fails = ERR_IO;
    step(&rig, RETRAINING_failed);
    SAME(rig.trained, 6);
    TEXT(view_of(rig.is.message), "recall is 0.2");
    step(&rig, RETRAINING_failed);
    SAME(rig.trained, 6);
}

ON_BOTH(one_that_dies_each_time_ends)
{
    RIG(rig, "retrain_dies", RETRAIN("schedule: 100d, rollout: promote"));
    struct retraining first;
    bool taken;
    enthrone(&rig, NULL, NULL);
    WORKS(retraining_begin(&store, "a test", 0, rig.now_ms, "gone", &first, &taken, &err), err);
    for (int i = 1; i < 5; i++)
        WORKS(retraining_take_up(&store, &first, rig.now_ms, "gone", &taken, &err) && taken, err);
    rig.now_ms += RETRAINING_LEASE_MS + 1;
    step(&rig, RETRAINING_failed);
    TEXT(view_of(rig.is.message), "it was begun 5 times and came to no end");
    SAME(rig.trained, 0);
}

ON_BOTH(one_that_is_stopped_with_its_monitor_goes_on_at_once_however_often)
{
    RIG(rig, "retrain_stopped", RETRAIN("schedule: 100d, rollout: promote"));
    enthrone(&rig, NULL, NULL);
    rig.fails = ERR_UNAVAILABLE;
    for (int i = 1; i <= 8; i++) {
        step(&rig, RETRAINING_training);
        SAME(rig.trained, i);
        rig.now_ms = rig.is.lease_ms + 1;
        TRUE(rig.is.lease_ms == rig.is.changed_ms);
    }
    rig.fails = ERR_NONE;
    step(&rig, RETRAINING_promoted);
    SAME(count_rows(&store, "select count(*) from retraining"), 1);
}

ON_BOTH(what_was_interrupted_and_is_not_wanted_any_longer_ends)
{
    RIG(rig, "retrain_unwanted", RETRAIN("schedule: 100d, rollout: promote"));
    enthrone(&rig, NULL, NULL);
    rig.fails = ERR_UNAVAILABLE;
    step(&rig, RETRAINING_training);
    rig.retrain.config = config_from("project: p\n", &arena);
    rig.now_ms = rig.is.lease_ms + 1;
    step(&rig, RETRAINING_failed);
    TRUE(strstr(rig.is.message, "retrain.newest_days") != NULL);
}

/* A process takes a step and is killed in it; then steps are taken until there are none. */
static void die_and_go_on(struct rig *rig, const struct store_place *place, enum rig_place dies,
                          enum retraining_state want)
{
    struct err err = {0};
    store_close(rig->store); /* nobody shares a connection with the child */
    pid_t child = fork();
    if (child == 0) {
        rig->dies = dies;
        if (store_open_place(rig->store, place, &err))
            retrain_step(&rig->retrain, rig->now_ms, &rig->is, &err);
        fprintf(stderr, "it came to its end: %s\n", err.text);
        _exit(1);
    }
    int status;
    TRUE(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
    WORKS(store_open_place(rig->store, place, &err), err);
    rig->now_ms = clock_now_ms() + RETRAINING_LEASE_MS + 1;
    for (int i = 0; i < 3; i++)
        WORKS(retrain_step(&rig->retrain, rig->now_ms, &rig->is, &err), err);
    step(rig, want);
}

ON_BOTH(who_is_killed_at_any_step_is_followed_by_one_who_goes_on_there)
{
    static const struct {
        enum rig_place dies;
        const char *rollout;
        enum retraining_state want;
    } cases[] = {
        {DIES_TRAINING, "promote", RETRAINING_promoted},
        {DIES_REGISTERED, "promote", RETRAINING_promoted},
        {DIES_MET, "promote", RETRAINING_promoted},
        {DIES_PROMOTING, "promote", RETRAINING_promoted},
        {DIES_PROMOTED, "promote", RETRAINING_promoted},
        {DIES_TRAINING, "canary", RETRAINING_canary},
        {DIES_MET, "canary", RETRAINING_canary},
        {DIES_VOUCHING, "canary", RETRAINING_canary},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        char yaml[200], title[32];
        snprintf(title, sizeof title, "retrain_kill_%zu", i);
        snprintf(yaml, sizeof yaml, RETRAIN("schedule: 100d, rollout: %s"), cases[i].rollout);
        RIG(rig, title, yaml);
        int64_t first = enthrone(&rig, NULL, "card");
        die_and_go_on(&rig, &place, cases[i].dies, cases[i].want);
        SAME(rig.is.id, 1);
        SAME(count_rows(&store, "select count(*) from retraining"), 1);
        SAME(count_rows(&store, "select count(*) from version"), 2);
        SAME(count_rows(&store, "select count(*) from experiment"),
             cases[i].want == RETRAINING_canary);
        SAME(champion_of(&rig), cases[i].want == RETRAINING_canary ? first : rig.is.version);
    }
}

/* ---------------------------------------------------------------- labels */

/* Three frauds of one card, where two are borne. */
static void poison(struct rig *rig)
{
    static const float row[CHAMPION_WIDTH];
    for (int i = 0; i < 3; i++) {
        char id[32];
        snprintf(id, sizeof id, "p%lld-%d", (long long)rig->now_ms, i);
        struct journal_decision decision = {.id = view_of(id),
                                            .at_us = (rig->now_ms - 2000) * 1000,
                                            .variant = VIEW("champion"),
                                            .outcome = VIEW("approve"),
                                            .entity = VIEW("card-7"),
                                            .amount = (double)NAN,
                                            .row = row,
                                            .width = CHAMPION_WIDTH};
        add_decision(rig->store, &decision);
        champion_label(rig->store, decision.id, true, (rig->now_ms - 1000) * 1000);
    }
}

ON_BOTH(labels_that_look_poisoned_wait_for_a_person_and_are_then_learnt_from)
{
    RIG(rig, "retrain_poison", AT_ONCE);
    enthrone(&rig, NULL, NULL);
    judge(&rig, STATE_ALARM);
    poison(&rig);
    step(&rig, RETRAINING_quarantined);
    TRUE(strstr(rig.is.message, "one of them 3 times") != NULL);
    TRUE(strstr(rig.is.message, "card-7") == NULL);
    rig.now_ms += 48 * HOUR;
    judge(&rig, STATE_ALARM);
    step(&rig, RETRAINING_quarantined);
    SAME(rig.trained, 0);
    WORKS(retraining_release(&store, rig.is.id, "a raid", rig.now_ms, "ann", &err), err);
    rig.now_ms += 1;
    step(&rig, RETRAINING_promoted);
    SAME(rig.is.id, 2);
    SAME(rig.trained, 1);
}

ON_BOTH(what_was_released_goes_on_at_once_for_the_reason_it_began_for)
{
    static const char *const yaml[] = {RETRAIN("schedule: 1h, rollout: promote"), AT_ONCE};
    static const char *const why[] = {"retrain.schedule", "alarm performance recall"};
    for (size_t i = 0; i < LENGTH_OF(yaml); i++) {
        RIG(rig, "retrain_release", yaml[i]);
        rig.now_ms -= rig.now_ms % HOUR; /* the next is due in an hour */
        enthrone(&rig, NULL, NULL);
        if (i == 1)
            judge(&rig, STATE_ALARM);
        poison(&rig);
        step(&rig, RETRAINING_quarantined);
        WORKS(retraining_release(&store, rig.is.id, "a raid", rig.now_ms, "ann", &err), err);
        rig.now_ms += MINUTE; /* long before it is cool, and nobody looked since */
        step(&rig, RETRAINING_promoted);
        SAME(rig.is.id, 2);
        TEXT(view_of(rig.is.why), why[i]);
        SAME(rig.trained, 1);
    }
}

/* ---------------------------------------------------------------- what comes of a training */

ON_BOTH(what_the_gate_refuses_and_what_fails_ends_there)
{
    RIG(rig, "retrain_gate", RETRAIN("schedule: 1h, rollout: promote"));
    int64_t champion = enthrone(&rig, NULL, NULL);
    rig.fails = ERR_GATE;
    step(&rig, RETRAINING_refused);
    TEXT(view_of(rig.is.message), "recall is 0.2");
    rig.now_ms += HOUR;
    rig.fails = ERR_INPUT;
    step(&rig, RETRAINING_failed);
    TEXT(view_of(rig.is.message), "recall is 0.2");
    SAME(rig.promoted, 0);
    SAME(champion_of(&rig), champion);
}

ON_BOTH(of_a_version_that_is_known_it_is_said_again_what_was_said)
{
    RIG(rig, "retrain_known", RETRAIN("schedule: 1h, rollout: promote"));
    enthrone(&rig, NULL, NULL);
    rig.verdict = "keep";
    rig.why = "recall is no better";
    step(&rig, RETRAINING_kept);
    rig.now_ms += HOUR;
    rig.known = true;
    rig.same = rig.is.version;
    step(&rig, RETRAINING_kept);
    SAME(rig.is.id, 2);
    TEXT(view_of(rig.is.message), "recall is no better");
    rig.now_ms += HOUR;
    rig.same = champion_of(&rig);
    step(&rig, RETRAINING_kept);
    TEXT(view_of(rig.is.message), "the data is what it was: the same model came of it");
    SAME(rig.promoted, 0);
}

ON_BOTH(the_first_champion_is_promoted_without_a_canary)
{
    RIG(rig, "retrain_first", RETRAIN("schedule: 1h"));
    rig.retrain.trainer.self = &rig;
    step(&rig, RETRAINING_promoted);
    SAME(rig.promoted, 1);
    SAME(champion_of(&rig), rig.is.version);
}

ON_BOTH(what_is_no_better_is_kept_with_the_reason)
{
    RIG(rig, "retrain_keep", RETRAIN("schedule: 1h, rollout: promote"));
    int64_t champion = enthrone(&rig, NULL, NULL);
    static const struct {
        const char *verdict, *why, *want;
    } cases[] = {
        {"keep", "pr_auc lies within chance", "pr_auc lies within chance"},
        {"insufficient", "too few frauds", "too few frauds"},
        {"keep", NULL, "keep"},
        {NULL, NULL, "it has not met the champion: challenge.mode is off"},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        rig.verdict = cases[i].verdict;
        rig.why = cases[i].why;
        step(&rig, RETRAINING_kept);
        TEXT(view_of(rig.is.message), cases[i].want);
        SAME(rig.is.id, (int64_t)i + 1);
        rig.now_ms += HOUR;
    }
    SAME(rig.promoted, 0);
    SAME(champion_of(&rig), champion);
}

ON_BOTH(what_was_better_than_another_champion_is_kept)
{
    RIG(rig, "retrain_another", RETRAIN("schedule: 1h, rollout: promote"));
    rig.against = enthrone(&rig, NULL, NULL);
    champion_enthrone(
        &store, champion_register(
                    &store, champion_seal(&(struct champion_kind){.number = 2}, &arena), &arena));
    step(&rig, RETRAINING_kept);
    TRUE(strstr(rig.is.message, "it has not met the champion") != NULL);
    SAME(rig.promoted, 0);
}

#define LEARNT(frauds)                                                                             \
    "{\"prepared\":{\"slices\":[{\"rows\":600,\"frauds\":" frauds "},{\"rows\":400,\"frauds\":0}"  \
    "]}}"

ON_BOTH(a_share_of_fraud_that_is_not_the_champions_is_refused)
{
    static const struct {
        const char *before, *now;
        enum retraining_state want;
    } cases[] = {
        {LEARNT("20"), LEARNT("200"), RETRAINING_refused},
        {LEARNT("200"), LEARNT("20"), RETRAINING_refused},
        {LEARNT("20"), LEARNT("45"), RETRAINING_promoted}, /* guard.fraud_times is 3 */
        {NULL, LEARNT("600"), RETRAINING_promoted},        /* imported: nobody knows */
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        RIG(rig, "retrain_share", RETRAIN("schedule: 1h, rollout: promote"));
        enthrone(&rig, cases[i].before, NULL);
        rig.lineage = cases[i].now;
        step(&rig, cases[i].want);
        SAME(rig.promoted, cases[i].want == RETRAINING_promoted);
        if (i == 0)
            TEXT(view_of(rig.is.message),
                 "20 % of what it learnt from is fraud, of what the champion learnt from 2 %");
    }
}

/* ---------------------------------------------------------------- rollout */

ON_BOTH(people_approve_before_it_comes_into_force)
{
    RIG(rig, "retrain_people",
        RETRAIN("schedule: 1h, rollout: promote") "deploy: {approvals: 2}\n");
    enthrone(&rig, NULL, NULL);
    step(&rig, RETRAINING_waiting);
    TRUE(strstr(rig.is.message, "0 of 2 people have approved it: `assay models approve 2") != NULL);
    WORKS(governance_judge(&store, rig.is.version, true, "ann", "well", &err), err);
    step(&rig, RETRAINING_waiting);
    SAME(rig.promoted, 0);
    WORKS(governance_judge(&store, rig.is.version, true, "bob", "well", &err), err);
    step(&rig, RETRAINING_promoted);
    SAME(champion_of(&rig), rig.is.version);
}

ON_BOTH(what_a_person_rejects_is_kept)
{
    RIG(rig, "retrain_reject",
        RETRAIN("schedule: 1h, rollout: promote") "deploy: {approvals: 1}\n");
    int64_t champion = enthrone(&rig, NULL, NULL);
    step(&rig, RETRAINING_waiting);
    WORKS(governance_judge(&store, rig.is.version, false, "ann", "no", &err), err);
    step(&rig, RETRAINING_kept);
    TEXT(view_of(rig.is.message), "a person rejected it");
    SAME(champion_of(&rig), champion);
}

ON_BOTH(a_rollout_of_none_is_left_to_a_person)
{
    RIG(rig, "retrain_none", RETRAIN("schedule: 1h, rollout: none"));
    int64_t champion = enthrone(&rig, NULL, NULL);
    step(&rig, RETRAINING_kept);
    TRUE(strstr(rig.is.message, "left to a person") != NULL);
    SAME(rig.promoted, 0);
    SAME(champion_of(&rig), champion);
}

ON_BOTH(a_canary_decides_a_rising_share_by_the_champions_entity_and_is_followed)
{
    static const struct {
        enum experiment_state state;
        enum retraining_state want;
    } cases[] = {
        {EXPERIMENT_PROMOTED, RETRAINING_promoted},
        {EXPERIMENT_ROLLED_BACK, RETRAINING_rolled_back},
        {EXPERIMENT_STOPPED, RETRAINING_rolled_back},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        RIG(rig, "retrain_canary", RETRAIN("schedule: 1h, canary_minutes: 7"));
        int64_t champion = enthrone(&rig, NULL, "card");
        struct experiment canary;
        bool taken;
        step(&rig, RETRAINING_canary);
        TEXT(view_of(rig.is.experiment), "retraining-1");
        WORKS(experiment_find(&store, VIEW("retraining-1"), &canary, &err), err);
        SAME(canary.kind, EXPERIMENT_CANARY);
        SAME(canary.champion, champion);
        SAME(canary.rival, rig.is.version);
        SAME(canary.bake_ms, 7 * 60000);
        SAME(canary.steps, 4);
        TEXT(view_of(canary.entity), "card");
        TRUE(canary.promotes);
        rig.now_ms += HOUR;
        step(&rig, RETRAINING_canary);
        SAME(rig.trained, 1); /* one at a time */
        WORKS(experiment_end(&store, &canary, cases[i].state, "ann", "so it is", &taken, &err),
              err);
        step(&rig, cases[i].want);
        TEXT(view_of(rig.is.message), "so it is");
        SAME(rig.promoted, 0); /* the canary's affair */
    }
}

ON_BOTH(a_canary_without_an_entity_has_failed_and_says_why)
{
    RIG(rig, "retrain_entity", RETRAIN("schedule: 1h"));
    enthrone(&rig, NULL, NULL);
    step(&rig, RETRAINING_failed);
    TRUE(strstr(rig.is.message, "entity") != NULL);
}
