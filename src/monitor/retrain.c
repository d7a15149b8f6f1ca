#include "monitor/retrain.h"

#include "base/doc.h"
#include "measure/drift_judge.h"
#include "model/bundle.h"
#include "base/clock.h"
#include "monitor/alarms.h"
#include "monitor/schedule.h"
#include "store/experiment.h"
#include "store/governance.h"
#include "store/meeting.h"

#include <math.h>
#include <stdarg.h>

#define HOUR_MS INT64_C(3600000)

enum { MEMORY_MAX = 256 << 20, CANARY_PLANNED = 10000, CANARY_MATURE_DAYS = 30 };
enum { TRIES_MAX = 5, PAUSE_MS = 60 * 1000 }; /* the pause before the second; then twice as long */

/* One step, as it is taken. */
struct step_of {
    struct retrain *retrain;
    struct arena *arena;
    int64_t now_ms;
    struct retraining before, is; /* the one before this one; its id is 0 when there was none */
};

static bool is_on(const struct config *config)
{
    return config_number(config, KEY_RETRAIN_DAYS) > 0;
}

bool retrain_check(const struct config *config, struct err *err)
{
    struct schedule schedule;
    const struct yaml *on = config_node(config, "retrain.on");
    if (!schedule_parse(config_text(config, KEY_RETRAIN_SCHEDULE), &schedule, err))
        return err_while(err, "retrain.schedule");
    for (const struct yaml *item = on == NULL ? NULL : on->first; item != NULL; item = item->next)
        if (alarm_find(item->text) == ALARMS)
            return config_wrong(config, item, err,
                                "retrain.on: there is no alarm '" VIEW_FMT
                                "'; `assay alarms rules` shows them",
                                VIEW_ARG(item->text));
    bool wanted = on != NULL || schedule_after(&schedule, 0) != INT64_MAX;
    if (wanted && !is_on(config))
        return err_set(err, ERR_INPUT,
                       "retrain.newest_days: say from how many days of the past a new model is to "
                       "learn; without it nothing is retrained");
    if (is_on(config) && config_text(config, KEY_SPLIT_COLUMN).length == 0)
        return err_set(err, ERR_INPUT,
                       "retrain.newest_days needs split.column, the timestamp that says when");
    return true;
}

/* ---------------------------------------------------------------- states */

static bool move(struct step_of *s, enum retraining_state state, const char *message,
                 struct err *err)
{
    struct retraining to = s->is;
    bool changed;
    to.state = state;
    to.changed_ms = s->now_ms;
    if (message != to.message)
        snprintf(to.message, sizeof to.message, "%s", message);
    if (!retraining_change(s->retrain->store, &s->is, &to, s->now_ms, s->retrain->owner, &changed,
                           err))
        return false;
    if (changed)
        s->is = to;
    return true;
}

/* An outcome of the training that is no failure of ours: it is remembered, and the round goes on.
 */
static bool end(struct step_of *s, enum retraining_state state, struct err *err)
{
    char message[RETRAINING_TEXT_SIZE];
    snprintf(message, sizeof message, "%s", err->text);
    *err = (struct err){0};
    return move(s, state, message, err);
}

/* What stopped the work says nothing of the model: the next step that finds it takes it up. Being
 * stopped with the monitor is no try that failed, and whoever starts next goes on at once. */
static bool interrupt(struct step_of *s, struct err *err)
{
    bool counts = err->kind != ERR_UNAVAILABLE;
    struct err why = *err;
    *err = (struct err){0};
    s->now_ms = clock_now_ms() > s->now_ms ? clock_now_ms() : s->now_ms;
    int64_t pause_ms = counts ? (int64_t)PAUSE_MS << (s->is.tries - 1) : 0;
    return retraining_interrupt(s->retrain->store, &s->is, why.text, counts, s->now_ms + pause_ms,
                                s->now_ms, s->retrain->owner, err);
}

/* The work came to no end: for what may pass, so often, or for good. What is trained already is
 * gone on with by the next step anyway. */
static bool break_off(struct step_of *s, struct err *err)
{
    bool passes = err->kind == ERR_UNAVAILABLE || err->kind == ERR_STORE || err->kind == ERR_IO;
    if (passes && s->is.state != RETRAINING_training)
        return false;
    if (passes && s->is.tries < TRIES_MAX)
        return interrupt(s, err);
    return end(s, err->kind == ERR_GATE ? RETRAINING_refused : RETRAINING_failed, err);
}

/* Said once, however often it is found so. */
PRINTF(3, 4)
static bool wait_for(struct step_of *s, struct err *err, const char *fmt, ...)
{
    char message[RETRAINING_TEXT_SIZE];
    va_list arguments;
    va_start(arguments, fmt);
    vsnprintf(message, sizeof message, fmt, arguments);
    va_end(arguments);
    return (s->is.state == RETRAINING_waiting && strcmp(s->is.message, message) == 0) ||
           move(s, RETRAINING_waiting, message, err);
}

/* ---------------------------------------------------------------- rollout */

static bool load_bundle(struct step_of *s, int64_t number, struct bundle *out, struct err *err)
{
    struct version version;
    const char *path;
    char reference[32];
    snprintf(reference, sizeof reference, "%lld", (long long)number);
    return registry_find(s->retrain->store, view_of(reference), s->arena, &version, err) &&
           store_get_bundle(s->retrain->store, &version.bundle, s->arena, &path, err) &&
           bundle_load(out, path, err);
}

/* It can begin when no other experiment runs; `*begun`: it runs already, and who began it died
 * before it could be noted. */
static bool may_start_canary(struct step_of *s, const char *name, bool *may, bool *begun,
                             struct err *err)
{
    struct experiment running;
    if (!experiment_running(s->retrain->store, &running, err))
        return false;
    *begun = running.id != 0 && strcmp(running.name, name) == 0;
    *may = running.id == 0;
    return *may || *begun ||
           wait_for(s, err, "experiment '%s' runs; the canary begins when it has ended",
                    running.name);
}

static bool start_canary(struct step_of *s, int64_t champion, struct err *err)
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
        return move(s, RETRAINING_canary, "", err);
    if (!trainer->vouch(trainer->self, s->is.version, err) ||
        !load_bundle(s, champion, &bundle, err))
        return false;
    struct view entity = bundle.policy.entity;
    snprintf(wanted.entity, sizeof wanted.entity, "%.*s", (int)entity.length,
             entity.length == 0 ? "" : entity.text);
    return experiment_start(s->retrain->store, &wanted, s->retrain->owner, &started, err) &&
           move(s, RETRAINING_canary, "", err);
}

static bool promote(struct step_of *s, int64_t champion, struct err *err)
{
    const struct trainer *trainer = &s->retrain->trainer;
    return trainer->promote(trainer->self, champion, s->is.version, s->is.why, err) &&
           move(s, RETRAINING_promoted, "", err);
}

/* It was found better than the champion there is, who may be another one than when it was trained.
 */
static bool has_won(struct step_of *s, int64_t champion, bool *out, struct err *err)
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
static bool roll_out(struct step_of *s, struct err *err)
{
    struct view how = config_text(s->retrain->config, KEY_RETRAIN_ROLLOUT);
    int64_t champion;
    bool won;
    if (!alias_get(s->retrain->store, "champion", &champion, err))
        return false;
    if (view_is(how, "none"))
        return move(s, RETRAINING_kept, "left to a person: retrain.rollout is none", err);
    if (champion == s->is.version)
        return move(s, RETRAINING_promoted, "it is the champion already", err);
    if (!has_won(s, champion, &won, err))
        return false;
    if (!won)
        return move(s, RETRAINING_kept,
                    "there is another champion now than the one it was held against", err);
    bool ok = champion == 0 || view_is(how, "promote") ? promote(s, champion, err)
                                                       : start_canary(s, champion, err);
    if (ok || err->kind != ERR_GATE)
        return ok;
    struct err why = *err; /* nobody vouches for it yet */
    *err = (struct err){0};
    return wait_for(s, err, "%s", why.text);
}

static bool wait_or_roll_out(struct step_of *s, struct err *err)
{
    size_t wanted = config_count(s->retrain->config, KEY_DEPLOY_APPROVALS);
    struct standing standing;
    if (!governance_standing(s->retrain->store, s->is.version, &standing, err))
        return false;
    if (standing.approval == APPROVAL_REJECTED)
        return move(s, RETRAINING_kept, "a person rejected it", err);
    if (standing.approvers < wanted)
        return wait_for(s, err,
                        "%zu of %zu people have approved it: `assay models approve "
                        "%lld --comment ...`",
                        standing.approvers, wanted, (long long)s->is.version);
    /* Whose lease ran out while it trained has nothing to put in force: this change shows it. */
    if (s->is.state == RETRAINING_training &&
        !move(s, RETRAINING_waiting, "it comes into force next", err))
        return false;
    return s->is.state != RETRAINING_waiting || roll_out(s, err);
}

/* A person made another version the champion: nothing is split any longer, and the canary would
 * never end. */
static bool end_if_overtaken(struct step_of *s, const struct experiment *experiment,
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

static bool follow_canary(struct step_of *s, struct err *err)
{
    struct experiment experiment;
    if (!experiment_find(s->retrain->store, view_of(s->is.experiment), &experiment, err))
        return false;
    switch (experiment.state) {
    case EXPERIMENT_RUNNING:
        return end_if_overtaken(s, &experiment, err);
    case EXPERIMENT_PROMOTED:
        return move(s, RETRAINING_promoted, experiment.reason, err);
    default:
        return move(s, RETRAINING_rolled_back, experiment.reason, err);
    }
}

/* ---------------------------------------------------------------- the new version */

/* Rows and frauds of all slices, as the lineage has them. */
static bool count_frauds(struct step_of *s, int64_t number, struct rate_case *rate, bool before,
                         struct err *err)
{
    CLEANUP(bundle_release) struct bundle bundle = {0};
    if (!load_bundle(s, number, &bundle, err))
        return false;
    if (bundle.paper[PAPER_lineage].length == 0)
        return true; /* imported: nobody knows what it was trained on */
    const struct doc *lineage = doc_parse(bundle.paper[PAPER_lineage], s->arena, err);
    if (lineage == NULL)
        return false;
    const struct doc *slices = doc_find(doc_find(lineage, "prepared"), "slices");
    for (const struct doc *slice = slices == NULL ? NULL : slices->first; slice != NULL;
         slice = slice->next) {
        size_t rows, frauds;
        if (!doc_need_count(slice, "rows", SIZE_MAX / 2, &rows, err) ||
            !doc_need_count(slice, "frauds", rows, &frauds, err))
            return false;
        *(before ? &rate->rows_before : &rate->rows) += rows;
        *(before ? &rate->hits_before : &rate->hits) += frauds;
    }
    return true;
}

/* A share of fraud that is many times the champion's is a matter for people. */
static bool judge_frauds(struct step_of *s, int64_t champion, bool *well, char *message,
                         struct err *err)
{
    double times = config_number(s->retrain->config, KEY_RETRAIN_FRAUD_TIMES);
    struct rate_case rate = {.watch = times, .alarm = times, .rows_min = 1};
    struct rate_finding finding;
    *well = true;
    if (champion == 0)
        return true;
    if (!count_frauds(s, champion, &rate, true, err) ||
        !count_frauds(s, s->is.version, &rate, false, err))
        return false;
    if (rate.rows_before == 0)
        return true;
    rate_judge(&rate, 1, DRIFT_ALPHA, &finding);
    *well = finding.state != DRIFT_ALARM;
    snprintf(message, RETRAINING_TEXT_SIZE,
             "%.4g %% of what it learnt from is fraud, of what the champion learnt from %.4g %%",
             100 * finding.now, 100 * finding.before);
    return true;
}

static bool judge_version(struct step_of *s, struct err *err)
{
    struct meeting met;
    char message[RETRAINING_TEXT_SIZE] = "";
    int64_t champion;
    bool well;
    if (!alias_get(s->retrain->store, "champion", &champion, err) ||
        !judge_frauds(s, champion, &well, message, err))
        return false;
    if (!well)
        return move(s, RETRAINING_refused, message, err);
    if (champion == 0)
        return wait_or_roll_out(s, err);
    if (!meeting_last(s->retrain->store, s->is.version, s->arena, &met, err))
        return false;
    if (met.number == 0 || met.champion != champion)
        return move(s, RETRAINING_kept, "it has not met the champion: challenge.mode is off", err);
    const struct doc *document = doc_parse(met.document, s->arena, err);
    const struct doc *why = doc_find(document, "why");
    if (document == NULL)
        return false;
    if (why != NULL && why->kind == DOC_TEXT)
        snprintf(message, sizeof message, "%.*s", (int)why->text.length, why->text.text);
    else
        snprintf(message, sizeof message, VIEW_FMT, VIEW_ARG(met.verdict));
    if (!view_is(met.verdict, "promote"))
        return move(s, RETRAINING_kept, message, err);
    return wait_or_roll_out(s, err);
}

/* ---------------------------------------------------------------- training */

struct renewal {
    struct retrain *retrain;
    const struct retraining *retraining;
};

static void renew(void *self)
{
    struct renewal *renewal = self;
    struct err ignored = {0}; /* a lease that is not renewed is renewed by the next call, or ends */
    retraining_renew(renewal->retrain->store, renewal->retraining, clock_now_ms(), &ignored);
    if (renewal->retrain->meanwhile != NULL)
        renewal->retrain->meanwhile(renewal->retrain->self);
}

/* The same version as the last time: what was said of it then holds. */
static bool say_again(struct step_of *s, struct err *err)
{
    const struct retraining *before = &s->before;
    bool ended = before->version == s->is.version && before->state != RETRAINING_promoted;
    return ended ? move(s, before->state, before->message, err)
                 : move(s, RETRAINING_kept, "the data is what it was: the same model came of it",
                        err);
}

static bool train(struct step_of *s, struct err *err)
{
    const struct trainer *trainer = &s->retrain->trainer;
    struct renewal renewal = {s->retrain, &s->is};
    bool known;
    if (!trainer->train(trainer->self, s->is.begun_ms, renew, &renewal, &s->is.version, &known,
                        err))
        return false;
    s->now_ms = clock_now_ms();
    return known ? say_again(s, err) : judge_version(s, err);
}

/* What was told since the last retraining looked. The first one looks at all there is. */
static struct guard_span unseen(const struct step_of *s)
{
    return (struct guard_span){
        .after = s->before.labels_seen,
        .upto = s->is.labels_seen,
        .since_us = s->before.begun_ms * 1000,
        .until_us = s->now_ms * 1000,
    };
}

static bool look_over_labels(struct step_of *s, bool *well, struct err *err)
{
    const struct config *config = s->retrain->config;
    struct guard_limits limits = {
        .times = config_number(config, KEY_RETRAIN_LABEL_TIMES),
        .labels_min = config_count(config, KEY_RETRAIN_LABELS_MIN),
        .entity_labels = config_count(config, KEY_RETRAIN_ENTITY_LABELS),
        .turned_share = config_number(config, KEY_RETRAIN_TURNED),
    };
    struct guard_findings findings;
    char bytes[RETRAINING_TEXT_SIZE];
    struct text message = text_in(bytes, sizeof bytes);
    struct guard_span span = unseen(s);
    if (!guard_look(s->retrain->store, &span, &limits, &findings, err))
        return false;
    *well = findings.count == 0;
    for (size_t i = 0; i < findings.count; i++)
        text_addf(&message, "%s%s", i == 0 ? "" : "; ", findings.text[i]);
    return *well || move(s, RETRAINING_quarantined, text_c(&message), err);
}

/* From the labels on; what was done before an interruption is found done. */
static bool work(struct step_of *s, struct err *err)
{
    bool well;
    return (look_over_labels(s, &well, err) && (!well || train(s, err))) || break_off(s, err);
}

/* Its process is gone, or it was interrupted. */
static bool take_up(struct step_of *s, struct err *err)
{
    char message[2 * RETRAINING_TEXT_SIZE];
    bool taken;
    if (!is_on(s->retrain->config))
        return move(s, RETRAINING_failed,
                    "it was interrupted, and retrain.newest_days is not said any longer", err);
    if (s->is.tries >= TRIES_MAX) {
        snprintf(message, sizeof message, "it was begun %d times and came to no end%s%s", TRIES_MAX,
                 s->is.message[0] == '\0' ? "" : ": ", s->is.message);
        return move(s, RETRAINING_failed, message, err);
    }
    return retraining_take_up(s->retrain->store, &s->is, s->now_ms, s->retrain->owner, &taken,
                              err) &&
           (!taken || work(s, err));
}

/* ---------------------------------------------------------------- beginning */

/* `*due_ms` 0: no date waits. */
static bool is_scheduled(struct step_of *s, int64_t *due_ms, struct err *err)
{
    struct schedule schedule;
    int64_t last_ms;
    *due_ms = 0;
    if (!schedule_parse(config_text(s->retrain->config, KEY_RETRAIN_SCHEDULE), &schedule, err) ||
        !retraining_last_due(s->retrain->store, s->now_ms, &last_ms, err))
        return false;
    int64_t due = schedule_before(&schedule, s->now_ms);
    if (due > last_ms)
        *due_ms = due;
    return true;
}

static bool is_among(const struct yaml *list, struct view name)
{
    for (const struct yaml *item = list->first; item != NULL; item = item->next)
        if (view_same(item->text, name))
            return true;
    return false;
}

/* The alarms of retrain.on that stand, by a look since the last retraining, as words; "" when none
 * does. */
static bool standing_alarms(struct step_of *s, const struct retraining *before, struct text *out,
                            struct err *err)
{
    const struct yaml *on = config_node(s->retrain->config, "retrain.on");
    struct alarm_key *key;
    size_t count, told = 0;
    if (on == NULL)
        return true;
    if (!alarms_list(s->retrain->store, s->arena, &key, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        bool news = key[i].memory.seen_ms > before->changed_ms;
        if (key[i].memory.state != STATE_ALARM || !news || !is_among(on, key[i].name))
            continue;
        if (told++ < 4)
            text_addf(out, "%s" VIEW_FMT "%s" VIEW_FMT, told == 1 ? "alarm " : ", ",
                      VIEW_ARG(key[i].name), key[i].subject.length == 0 ? "" : " ",
                      VIEW_ARG(key[i].subject));
    }
    if (told > 4)
        text_addf(out, " and %zu more", told - 4);
    return true;
}

/* `why` stays empty when there is none. */
static bool choose_reason(struct step_of *s, struct text *why, int64_t *due_ms, struct err *err)
{
    const struct retraining *last = &s->is;
    double hours = config_number(s->retrain->config, KEY_RETRAIN_COOLDOWN);
    if (!is_scheduled(s, due_ms, err))
        return false;
    if (*due_ms != 0) {
        text_addf(why, "retrain.schedule");
        return true;
    }
    /* What a person released goes on at once, for the reason that it began for. */
    if (last->state == RETRAINING_quarantined && last->released_ms != 0) {
        text_adds(why, last->why);
        return true;
    }
    bool cool = last->id == 0 || (double)(s->now_ms - last->begun_ms) >= hours * (double)HOUR_MS;
    return !cool || standing_alarms(s, last, why, err);
}

static bool begin(struct step_of *s, struct err *err)
{
    char bytes[RETRAINING_TEXT_SIZE];
    struct text why = text_in(bytes, sizeof bytes);
    int64_t due_ms;
    bool begun;
    if (!is_on(s->retrain->config) || !choose_reason(s, &why, &due_ms, err))
        return err->kind == ERR_NONE;
    if (why.length == 0)
        return true;
    s->before = s->is;
    return retraining_begin(s->retrain->store, text_c(&why), due_ms, s->now_ms, s->retrain->owner,
                            &s->is, &begun, err) &&
           (!begun || work(s, err));
}

/* ---------------------------------------------------------------- one step */

static bool follow(struct step_of *s, struct err *err)
{
    if (s->is.id == 0)
        return begin(s, err);
    switch (s->is.state) {
    case RETRAINING_training:
        return s->is.lease_ms >= s->now_ms || take_up(s, err);
    case RETRAINING_waiting:
        return wait_or_roll_out(s, err);
    case RETRAINING_canary:
        return follow_canary(s, err);
    case RETRAINING_quarantined:
        return s->is.released_ms == 0 || begin(s, err);
    default:
        return begin(s, err);
    }
}

bool retrain_step(struct retrain *retrain, int64_t now_ms, struct retraining *out, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY_MAX};
    struct step_of step = {.retrain = retrain, .arena = &arena, .now_ms = now_ms};
    struct retraining last[2] = {{0}};
    size_t count;
    if (!retraining_list(retrain->store, last, LENGTH_OF(last), &count, err))
        return false;
    step.is = last[0];
    step.before = last[1];
    if (!follow(&step, err))
        return false;
    *out = step.is;
    return true;
}
