#include "monitor/retrain.h"

#include "base/clock.h"
#include "base/doc.h"
#include "measure/drift_judge.h"
#include "monitor/alarms.h"
#include "monitor/rollout.h"
#include "monitor/schedule.h"
#include "store/governance.h"
#include "store/meeting.h"

#define HOUR_MS INT64_C(3600000)

enum { MEMORY_MAX = 256 << 20 };
enum { TRIES_MAX = 5, PAUSE_MS = 60 * 1000 }; /* the pause before the second; then twice as long */

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

/* ---------------------------------------------------------------- how a training ends */

/* An outcome of the training that is no failure of ours: it is remembered, and the round goes on.
 */
static bool end(struct retrain_turn *s, enum retraining_state state, struct err *err)
{
    char message[RETRAINING_TEXT_SIZE];
    snprintf(message, sizeof message, "%s", err->text);
    *err = (struct err){0};
    return turn_move(s, state, message, err);
}

/* What stopped the work says nothing of the model: the next step that finds it takes it up. Being
 * stopped with the monitor is no try that failed, and whoever starts next goes on at once. */
static bool interrupt(struct retrain_turn *s, struct err *err)
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
static bool break_off(struct retrain_turn *s, struct err *err)
{
    bool passes = err->kind == ERR_UNAVAILABLE || err->kind == ERR_STORE || err->kind == ERR_IO;
    if (passes && s->is.state != RETRAINING_training)
        return false;
    if (passes && (err->kind == ERR_UNAVAILABLE || s->is.tries < TRIES_MAX))
        return interrupt(s, err);
    return end(s, err->kind == ERR_GATE ? RETRAINING_refused : RETRAINING_failed, err);
}

/* ---------------------------------------------------------------- the new version */

/* Rows and frauds of all slices, as the lineage has them. */
static bool count_frauds(struct retrain_turn *s, int64_t number, struct rate_case *rate,
                         bool before, struct err *err)
{
    CLEANUP(bundle_release) struct bundle bundle = {0};
    if (!turn_load_bundle(s, number, &bundle, err))
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
static bool judge_frauds(struct retrain_turn *s, int64_t champion, bool *well, char *message,
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

static bool judge_version(struct retrain_turn *s, struct err *err)
{
    struct meeting met;
    char message[RETRAINING_TEXT_SIZE] = "";
    int64_t champion;
    bool well;
    if (!alias_get(s->retrain->store, "champion", &champion, err) ||
        !judge_frauds(s, champion, &well, message, err))
        return false;
    if (!well)
        return turn_move(s, RETRAINING_refused, message, err);
    if (champion == 0)
        return rollout_go_on(s, err);
    if (!meeting_last(s->retrain->store, s->is.version, s->arena, &met, err))
        return false;
    if (met.number == 0 || met.champion != champion)
        return turn_move(s, RETRAINING_kept, "it has not met the champion: challenge.mode is off",
                         err);
    const struct doc *document = doc_parse(met.document, s->arena, err);
    const struct doc *why = doc_find(document, "why");
    if (document == NULL)
        return false;
    if (why != NULL && why->kind == DOC_TEXT)
        snprintf(message, sizeof message, "%.*s", (int)why->text.length, why->text.text);
    else
        snprintf(message, sizeof message, VIEW_FMT, VIEW_ARG(met.verdict));
    if (!view_is(met.verdict, "promote"))
        return turn_move(s, RETRAINING_kept, message, err);
    return rollout_go_on(s, err);
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
static bool say_again(struct retrain_turn *s, struct err *err)
{
    const struct retraining *before = &s->before;
    bool ended = before->version == s->is.version && before->state != RETRAINING_promoted;
    return ended ? turn_move(s, before->state, before->message, err)
                 : turn_move(s, RETRAINING_kept,
                             "the data is what it was: the same model came of it", err);
}

static bool train(struct retrain_turn *s, struct err *err)
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
static struct guard_span unseen(const struct retrain_turn *s)
{
    return (struct guard_span){
        .after = s->before.labels_seen,
        .upto = s->is.labels_seen,
        .since_us = s->before.begun_ms * 1000,
        .until_us = s->now_ms * 1000,
    };
}

static bool look_over_labels(struct retrain_turn *s, bool *well, struct err *err)
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
    return *well || turn_move(s, RETRAINING_quarantined, text_c(&message), err);
}

/* From the labels on; what was done before an interruption is found done. */
static bool work(struct retrain_turn *s, struct err *err)
{
    bool well;
    return (look_over_labels(s, &well, err) && (!well || train(s, err))) || break_off(s, err);
}

/* Its process is gone, or it was interrupted. */
static bool take_up(struct retrain_turn *s, struct err *err)
{
    char message[2 * RETRAINING_TEXT_SIZE];
    bool taken;
    if (!is_on(s->retrain->config))
        return turn_move(s, RETRAINING_failed,
                         "it was interrupted, and retrain.newest_days is not said any longer", err);
    if (s->is.tries >= TRIES_MAX) {
        snprintf(message, sizeof message, "it was begun %d times and came to no end%s%s", TRIES_MAX,
                 s->is.message[0] == '\0' ? "" : ": ", s->is.message);
        return turn_move(s, RETRAINING_failed, message, err);
    }
    return retraining_take_up(s->retrain->store, &s->is, s->now_ms, s->retrain->owner, &taken,
                              err) &&
           (!taken || work(s, err));
}

/* ---------------------------------------------------------------- beginning */

/* `*due_ms` 0: no date waits. */
static bool is_scheduled(struct retrain_turn *s, int64_t *due_ms, struct err *err)
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
static bool standing_alarms(struct retrain_turn *s, const struct retraining *before,
                            struct text *out, struct err *err)
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
static bool choose_reason(struct retrain_turn *s, struct text *why, int64_t *due_ms,
                          struct err *err)
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

static bool begin(struct retrain_turn *s, struct err *err)
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

static bool follow(struct retrain_turn *s, struct err *err)
{
    if (s->is.id == 0)
        return begin(s, err);
    switch (s->is.state) {
    case RETRAINING_training:
        return s->is.lease_ms >= s->now_ms || take_up(s, err);
    case RETRAINING_waiting:
        return rollout_go_on(s, err);
    case RETRAINING_canary:
        return rollout_follow_canary(s, err);
    case RETRAINING_quarantined:
        return s->is.released_ms == 0 || begin(s, err);
    default:
        return begin(s, err);
    }
}

bool retrain_step(struct retrain *retrain, int64_t now_ms, struct retraining *out, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY_MAX};
    struct retrain_turn step = {.retrain = retrain, .arena = &arena, .now_ms = now_ms};
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
