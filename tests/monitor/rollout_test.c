/* What is trained comes into force only by who may put it there, and only in the place of the
 * champion that it met. */
#include "monitor/retrain.h"

#include "store/experiment.h"
#include "store/governance.h"
#include "store/ground.h"
#include "store/meeting.h"
#include "store/versions.h"

#define NOW      INT64_C(1750420800000)
#define SETTINGS "split: {column: at}\nretrain: {newest_days: 30, schedule: 100d, "

/* A trainer whose model is version `version`, and what happens while it trains. */
struct shop {
    struct store *store;
    const char *meanwhile; /* SQL; NULL: nothing */
    int64_t version, promoted;
    int trained;
    bool unsigned_yet;
};

static void run_sql(struct store *store, const char *sql)
{
    struct err err = {0};
    WORKS(db_run(&store->db, sql, &err), err);
}

static bool train(void *self, int64_t begun_ms UNUSED, void (*renew)(void *), void *renewed,
                  int64_t *out, bool *known, struct err *err UNUSED)
{
    struct shop *shop = self;
    renew(renewed);
    shop->trained++;
    if (shop->meanwhile != NULL)
        run_sql(shop->store, shop->meanwhile);
    *out = shop->version;
    *known = false;
    return true;
}

static bool promote(void *self, int64_t champion UNUSED, int64_t version, const char *why UNUSED,
                    struct err *err UNUSED)
{
    ((struct shop *)self)->promoted = version;
    return true;
}

static bool vouch(void *self, int64_t version UNUSED, struct err *err)
{
    return !((struct shop *)self)->unsigned_yet ||
           err_set(err, ERR_GATE, "it is signed by no key of sign.trusted");
}

#define SHOP(title, yaml)                                                                          \
    FRESH_STORE(store, title);                                                                     \
    struct config config;                                                                          \
    struct retraining is = {0};                                                                    \
    config_init(&config, &arena);                                                                  \
    WORKS(config_parse(&config, view_of(SETTINGS yaml), &err), err);                               \
    struct shop shop = {.store = &store, .version = 2};                                            \
    struct retrain retrain = {                                                                     \
        .config = &config,                                                                         \
        .store = &store,                                                                           \
        .trainer = {.train = train, .promote = promote, .vouch = vouch, .self = &shop},            \
        .owner = "ann"};                                                                           \
    add_version(&store, "one", &arena);                                                            \
    add_version(&store, "two", &arena);                                                            \
    add_version(&store, "three", &arena)

static void step(struct retrain *retrain, int64_t now_ms, struct retraining *out)
{
    struct err err = {0};
    WORKS(retrain_step(retrain, now_ms, out, &err), err);
}

static void meet(struct store *store, int64_t champion)
{
    struct err err = {0};
    struct meeting met = {.number = 2,
                          .champion = champion,
                          .verdict = VIEW("promote"),
                          .document = VIEW("{\"why\":\"it is better\"}")};
    WORKS(meeting_add(store, &met, "ann", &err), err);
}

/* Version 2 has met the champion, version 1, and waits. */
static void begin_waiting(struct store *store)
{
    struct err err = {0};
    struct retraining begun, to;
    bool done;
    WORKS(governance_promote(store, "champion", 0, 1, 0, "ann", "first", &err), err);
    meet(store, 1);
    WORKS(retraining_begin(store, "the schedule", 0, NOW, "ann", &begun, &done, &err), err);
    to = begun;
    to.state = RETRAINING_waiting;
    to.version = 2;
    WORKS(retraining_change(store, &begun, &to, NOW, "ann", &done, &err), err);
}

static struct experiment canary(const char *name, int64_t rival)
{
    struct experiment experiment = {.kind = EXPERIMENT_CANARY,
                                    .champion = 1,
                                    .rival = rival,
                                    .share = {0.5, 1},
                                    .steps = 2,
                                    .alpha = 0.05,
                                    .entity = "card",
                                    .promotes = true};
    snprintf(experiment.name, sizeof experiment.name, "%s", name);
    return experiment;
}

static int64_t count(struct store *store, const char *sql)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    struct err err = {0};
    WORKS(db_prepare(&store->db, sql, &row, &err), err);
    WORKS(db_next(&row, &err), err);
    return db_i64(&row, 0);
}

ON_BOTH(what_was_trained_under_a_lost_lease_is_not_put_in_force)
{
    SHOP("rollout_lost", "rollout: promote}\n");
    shop.meanwhile = "update retraining set state = 'failed'"; /* as another monitor does */
    step(&retrain, NOW, &is);
    SAME(shop.trained, 1);
    SAME(shop.promoted, 0);
}

ON_BOTH(the_first_model_of_all_is_put_in_force)
{
    SHOP("rollout_first", "rollout: promote}\n");
    step(&retrain, NOW, &is);
    SAME(shop.promoted, 2);
    SAME(is.state, RETRAINING_promoted);
}

ON_BOTH(who_met_another_champion_than_the_one_there_is_does_not_take_its_place)
{
    SHOP("rollout_other", "rollout: promote}\ndeploy: {approvals: 1}\n");
    begin_waiting(&store);
    WORKS(governance_judge(&store, 2, true, "bob", "well", &err), err);
    WORKS(governance_promote(&store, "champion", 1, 3, 0, "ann", "by hand", &err), err);
    step(&retrain, NOW + 1, &is);
    SAME(shop.promoted, 0);
    SAME(is.state, RETRAINING_kept);
}

ON_BOTH(a_quarantine_that_is_released_goes_on_at_once)
{
    SHOP("rollout_released", "rollout: none}\n");
    struct retraining begun, to;
    bool done;
    WORKS(retraining_begin(&store, "alarm drift amount", 0, NOW, "ann", &begun, &done, &err), err);
    to = begun;
    to.state = RETRAINING_quarantined;
    WORKS(retraining_change(&store, &begun, &to, NOW, "ann", &done, &err), err);
    WORKS(config_set(&config, VIEW("retrain.schedule"), VIEW("never"), &err), err);
    step(&retrain, NOW + 1, &is);
    SAME(shop.trained, 0);
    WORKS(retraining_release(&store, begun.id, "they are well", NOW + 2, "bob", &err), err);
    step(&retrain, NOW + 3, &is);
    SAME(shop.trained, 1);
    TEXT(view_of(is.why), "alarm drift amount");
    step(&retrain, NOW + 4, &is);
    SAME(shop.trained, 1);
}

ON_BOTH(a_canary_waits_for_the_experiment_that_runs_and_says_so_once)
{
    SHOP("rollout_busy", "rollout: canary}\n");
    struct experiment other = canary("other", 3), started;
    begin_waiting(&store);
    WORKS(experiment_start(&store, &other, "ann", &started, &err), err);
    step(&retrain, NOW + 1, &is);
    SAME(is.state, RETRAINING_waiting);
    TEXT(view_of(is.message), "experiment 'other' runs; the canary begins when it has ended");
    int64_t events = count(&store, "select count(*) from audit");
    step(&retrain, NOW + 2, &is);
    SAME(is.changed_ms, NOW + 1);
    SAME(count(&store, "select count(*) from audit"), events);
}

ON_BOTH(a_canary_does_not_begin_with_what_nobody_vouches_for)
{
    SHOP("rollout_unsigned", "rollout: canary}\n");
    begin_waiting(&store);
    shop.unsigned_yet = true;
    step(&retrain, NOW + 1, &is);
    SAME(is.state, RETRAINING_waiting);
    TEXT(view_of(is.message), "it is signed by no key of sign.trusted");
    SAME(count(&store, "select count(*) from experiment"), 0);
}

ON_BOTH(a_canary_ends_when_a_person_has_made_another_version_the_champion)
{
    SHOP("rollout_overtaken", "rollout: canary}\n");
    struct experiment ours = canary("retraining-1", 2), started;
    struct retraining to;
    bool done;
    begin_waiting(&store);
    WORKS(experiment_start(&store, &ours, "ann", &started, &err), err);
    size_t found;
    WORKS(retraining_list(&store, &is, 1, &found, &err), err);
    to = is;
    to.state = RETRAINING_canary;
    snprintf(to.experiment, sizeof to.experiment, "retraining-1");
    WORKS(retraining_change(&store, &is, &to, NOW, "ann", &done, &err), err);
    step(&retrain, NOW + 1, &is);
    SAME(is.state, RETRAINING_canary);
    WORKS(governance_promote(&store, "champion", 1, 3, 0, "ann", "by hand", &err), err);
    step(&retrain, NOW + 2, &is);
    step(&retrain, NOW + 3, &is);
    SAME(is.state, RETRAINING_rolled_back);
    TEXT(view_of(is.message), "another version became the champion meanwhile");
}
