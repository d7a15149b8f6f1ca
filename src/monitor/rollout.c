#include "monitor/rollout.h"

#include "store/experiment.h"
#include "store/governance.h"
#include "store/meeting.h"

#define HOUR_MS INT64_C(3600000)

enum { CANARY_PLANNED = 10000, CANARY_MATURE_DAYS = 30 };

/* It can begin when no other experiment runs; `*begun`: it runs already, and who began it died
 * before it could be noted. */
static bool may_start_canary(struct retrain_turn *s, const char *name, bool *may, bool *begun,
                             struct err *err)
{
    struct experiment running;
    if (!experiment_running(s->retrain->store, &running, err))
        return false;
    *begun = running.id != 0 && strcmp(running.name, name) == 0;
    *may = running.id == 0;
    return *may || *begun ||
           turn_wait_for(s, err, "experiment '%s' runs; the canary begins when it has ended",
                         running.name);
}

static bool start_canary(struct retrain_turn *s, int64_t champion, struct err *err)
{
    const struct config *config = s->retrain->config;
    const struct trainer *trainer = &s->retrain->trainer;
    CLEANUP(bundle_release) struct bundle bundle = {0};
    bool may, begun;
    struct experiment started,
        wanted = {
            .kind = EXPERIMENT_CANARY,
            .champion = champion,
            .rival = s->is.version,
            .share = {0.05, 0.25, 0.5, 1},
            .steps = 4,
            .bake_ms = (int64_t)(config_number(config, KEY_RETRAIN_BAKE) * 60000),
            .alpha = 0.05,
            .planned = CANARY_PLANNED,
            .mature_ms = CANARY_MATURE_DAYS * 24 * HOUR_MS,
            .promotes = true,
        };
    snprintf(wanted.name, sizeof wanted.name, "retraining-%lld", (long long)s->is.id);
    if (!may_start_canary(s, wanted.name, &may, &begun, err) || (!may && !begun))
        return err->kind == ERR_NONE;
    snprintf(s->is.experiment, sizeof s->is.experiment, "%s", wanted.name);
    if (begun)
        return turn_move(s, RETRAINING_canary, "", err);
    if (!trainer->vouch(trainer->self, s->is.version, err) ||
        !turn_load_bundle(s, champion, &bundle, err))
        return false;
    struct view entity = bundle.policy.entity;
    snprintf(wanted.entity, sizeof wanted.entity, "%.*s", (int)entity.length,
             entity.length == 0 ? "" : entity.text);
    return experiment_start(s->retrain->store, &wanted, s->retrain->owner, &started, err) &&
           turn_move(s, RETRAINING_canary, "", err);
}

static bool promote(struct retrain_turn *s, int64_t champion, struct err *err)
{
    const struct trainer *trainer = &s->retrain->trainer;
    return trainer->promote(trainer->self, champion, s->is.version, s->is.why, err) &&
           turn_move(s, RETRAINING_promoted, "", err);
}

/* It was found better than the champion there is, who may be another one than when it was trained.
 */
static bool has_won(struct retrain_turn *s, int64_t champion, bool *out, struct err *err)
{
    struct meeting met;
    *out = champion == 0;
    if (*out)
        return true;
    if (!meeting_last(s->retrain->store, s->is.version, s->arena, &met, err))
        return false;
    *out = met.number != 0 && met.champion == champion && view_is(met.verdict, "promote");
    return true;
}

/* The version may come into force. The first champion has nobody to share with. */
static bool roll_out(struct retrain_turn *s, struct err *err)
{
    struct view how = config_text(s->retrain->config, KEY_RETRAIN_ROLLOUT);
    int64_t champion;
    bool won;
    if (!alias_get(s->retrain->store, "champion", &champion, err))
        return false;
    if (view_is(how, "none"))
        return turn_move(s, RETRAINING_kept, "left to a person: retrain.rollout is none", err);
    if (champion == s->is.version)
        return turn_move(s, RETRAINING_promoted, "it is the champion already", err);
    if (!has_won(s, champion, &won, err))
        return false;
    if (!won)
        return turn_move(s, RETRAINING_kept,
                         "there is another champion now than the one it was held against", err);
    bool ok = champion == 0 || view_is(how, "promote") ? promote(s, champion, err)
                                                       : start_canary(s, champion, err);
    if (ok || err->kind != ERR_GATE)
        return ok;
    struct err why = *err; /* nobody vouches for it yet */
    *err = (struct err){0};
    return turn_wait_for(s, err, "%s", why.text);
}

bool rollout_go_on(struct retrain_turn *s, struct err *err)
{
    size_t wanted = config_count(s->retrain->config, KEY_DEPLOY_APPROVALS);
    struct standing standing;
    if (!governance_standing(s->retrain->store, s->is.version, &standing, err))
        return false;
    if (standing.approval == APPROVAL_REJECTED)
        return turn_move(s, RETRAINING_kept, "a person rejected it", err);
    if (standing.approvers < wanted)
        return turn_wait_for(s, err,
                             "%zu of %zu people have approved it: `assay models approve "
                             "%lld --comment ...`",
                             standing.approvers, wanted, (long long)s->is.version);
    /* Whose lease ran out while it trained has nothing to put in force: this change shows it. */
    if (s->is.state == RETRAINING_training &&
        !turn_move(s, RETRAINING_waiting, "it comes into force next", err))
        return false;
    return s->is.state != RETRAINING_waiting || roll_out(s, err);
}

/* A person made another version the champion: nothing is split any longer, and the canary would
 * never end. */
static bool end_if_overtaken(struct retrain_turn *s, const struct experiment *experiment,
                             struct err *err)
{
    static const char why[] = "another version became the champion meanwhile";
    int64_t champion;
    bool taken;
    if (!alias_get(s->retrain->store, "champion", &champion, err))
        return false;
    if (champion == experiment->champion || champion == experiment->rival)
        return true;
    return experiment_end(s->retrain->store, experiment, EXPERIMENT_STOPPED, s->retrain->owner, why,
                          &taken, err);
}

bool rollout_follow_canary(struct retrain_turn *s, struct err *err)
{
    struct experiment experiment;
    if (!experiment_find(s->retrain->store, view_of(s->is.experiment), &experiment, err))
        return false;
    switch (experiment.state) {
    case EXPERIMENT_RUNNING:
        return end_if_overtaken(s, &experiment, err);
    case EXPERIMENT_PROMOTED:
        return turn_move(s, RETRAINING_promoted, experiment.reason, err);
    default:
        return turn_move(s, RETRAINING_rolled_back, experiment.reason, err);
    }
}
