#include "cli/watch.h"

#include "base/clock.h"
#include "base/doc.h"
#include "cli/alarm_meters.h"
#include "cli/model_dir.h"
#include "base/log.h"
#include "store/governance.h"

#include <math.h>

enum { LOOK_BYTES_MAX = 16 << 20 };

/* The F1 that the registry knows of a version; NaN: none. */
static double f1_of(const struct version *version)
{
    CLEANUP(arena_release) struct arena arena = {.limit = LOOK_BYTES_MAX};
    struct err err = {0};
    const struct doc *metrics =
        version->metrics.length == 0 ? NULL : doc_parse(version->metrics, &arena, &err);
    const struct doc *f1 = metrics == NULL ? NULL : doc_find(metrics, "f1");
    return f1 != NULL && f1->kind == DOC_NUMBER ? f1->number : (double)NAN;
}

bool watch_name(struct served *served, const struct version *version, const char *alias,
                struct err *err)
{
    bool trained = version->number != 0 && version->origin == VERSION_TRAINED;
    snprintf(served->model, sizeof served->model, VIEW_FMT, VIEW_ARG(served->bundle.project));
    /* A model from elsewhere is the 1.0 of its kind to the clients of the system it comes from. */
    if (trained)
        snprintf(served->version, sizeof served->version, VIEW_FMT, VIEW_ARG(version->name));
    else
        snprintf(served->version, sizeof served->version, "1.0");
    snprintf(served->alias, sizeof served->alias, "%s", alias);
    served->f1 = f1_of(version);
    served->loaded_ms = clock_now_ms();
    return served_ready(served, err);
}

bool watch_load(struct watch *watch, const char *reference, struct served **out,
                struct version *version, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = LOOK_BYTES_MAX};
    struct served *served = served_new();
    if (project_load_version(watch->project, reference, &arena, &served->bundle, version, err) &&
        project_vouched(watch->project, version, err) &&
        watch_name(served, version, reference, err)) {
        *out = served;
        return true;
    }
    served_free(served);
    return false;
}

/* ---------------------------------------------------------------- the champion */

static bool look_for_champion(struct watch *watch, struct lineup *draft, bool anew, bool *changed,
                              struct err *err)
{
    int64_t number;
    struct served *served;
    struct version version;
    if (!alias_get(&watch->project->store, "champion", &number, err))
        return false;
    if (number == watch->champion && !anew)
        return true;
    if (number == 0)
        return err_set(err, ERR_NOT_FOUND, "there is no champion in the registry");
    if (!watch_load(watch, "champion", &served, &version, err))
        return false;
    lineup_set(&draft->champion, served);
    watch->champion = version.number;
    *changed = true;
    return true;
}

/* ---------------------------------------------------------------- the experiment */

static bool is_same(const struct experiment *a, const struct experiment *b)
{
    return a->id == b->id && a->step == b->step;
}

static void end_trial(struct lineup *draft, bool *changed)
{
    if (draft->trial.rival == NULL)
        return;
    lineup_set(&draft->trial.rival, NULL);
    draft->trial = (struct trial){0};
    *changed = true;
}

static bool begin_trial(struct watch *watch, struct lineup *draft, const struct experiment *e,
                        struct err *err)
{
    char reference[24];
    struct served *served;
    struct version version;
    struct trial *trial = &draft->trial;
    const struct column *column = schema_find(&draft->champion->bundle.schema, view_of(e->entity));
    if (e->kind != EXPERIMENT_SHADOW && column == NULL)
        return err_set(err, ERR_INPUT,
                       "experiment '%s' splits by '%s', which the champion's "
                       "records do not have",
                       e->name, e->entity);
    snprintf(reference, sizeof reference, "%lld", (long long)e->rival);
    if (!watch_load(watch, reference, &served, &version, err))
        return err_while(err, "the rival of experiment '%s'", e->name);
    snprintf(served->alias, sizeof served->alias, "rival");
    lineup_set(&trial->rival, served);
    snprintf(trial->name, sizeof trial->name, "%s", e->name);
    snprintf(trial->kind, sizeof trial->kind, "%s", experiment_kinds[e->kind]);
    trial->shadow = e->kind == EXPERIMENT_SHADOW;
    trial->entity_column =
        column == NULL ? SIZE_MAX : (size_t)(column - draft->champion->bundle.schema.column);
    trial->id = e->id;
    return true;
}

static void tell_once(struct watch *watch, const struct experiment *e, const struct err *why)
{
    if (watch->told == e->id)
        return;
    watch->told = e->id;
    struct log_line line;
    log_begin(&line, LOG_LEVEL_ERROR, "experiment_not_begun");
    json_key(&line.json, "experiment"), json_string(&line.json, e->name);
    json_key(&line.json, "why"), json_string(&line.json, why->text);
    log_end(&line);
}

static bool look_for_experiment(struct watch *watch, struct lineup *draft, bool *changed,
                                struct err *err)
{
    struct experiment now;
    struct trial *trial = &draft->trial;
    struct err why = {0};
    if (!experiment_running(&watch->project->store, &now, err))
        return false;
    bool on = now.id != 0 && now.champion == watch->champion && draft->champion != NULL;
    if (!on || (trial->rival != NULL && trial->id != now.id))
        end_trial(draft, changed);
    /* Another champion may have other columns: the split is looked up anew. */
    if (on && *changed)
        end_trial(draft, changed);
    if (on && trial->rival == NULL && !begin_trial(watch, draft, &now, &why)) {
        /* What is wrong with the rival is not the champion's to suffer. */
        end_trial(draft, changed);
        tell_once(watch, &now, &why);
        on = false;
    }
    if (on && (!is_same(&now, &watch->experiment) || *changed)) {
        trial->share = now.share[now.step];
        trial->step = (int64_t)now.step;
        *changed = true;
    }
    watch->experiment = now;
    return true;
}

static bool refresh(void *self, struct lineup *draft, bool anew, bool *changed, struct err *err)
{
    struct watch *watch = self;
    struct store *store = &watch->project->store;
    int64_t champion = watch->champion;
    if ((store->dir != NULL || project_find_store(watch->project, err)) &&
        look_for_champion(watch, draft, anew, changed, err) &&
        look_for_experiment(watch, draft, changed, err))
        return true;
    watch->champion = champion; /* what was drafted is thrown away */
    if (err->kind == ERR_STORE) /* the connection may be gone for good */
        store_close(store);
    return false;
}

/* ---------------------------------------------------------------- the canary */

static bool go_back(struct watch *watch, const char *why, struct err *err)
{
    bool taken;
    return experiment_end(&watch->project->store, &watch->experiment, EXPERIMENT_ROLLED_BACK,
                          "canary", why, &taken, err);
}

static bool end_promoted(struct watch *watch, const char *reason, struct err *err)
{
    bool taken;
    return experiment_end(&watch->project->store, &watch->experiment, EXPERIMENT_PROMOTED, "canary",
                          reason, &taken, err);
}

/* The last step has baked. */
static bool finish(struct watch *watch, struct err *err)
{
    const struct experiment *e = &watch->experiment;
    struct store *store = &watch->project->store;
    char reason[EXPERIMENT_NAME_MAX + 40];
    int64_t now;
    bool taken;
    if (!e->promotes)
        return true; /* a person decides */
    snprintf(reason, sizeof reason, "canary %s has baked", e->name);
    size_t approvers = config_count(&watch->project->config, KEY_DEPLOY_APPROVALS);
    struct err refusal = {0};
    if (governance_promote(store, "champion", e->champion, e->rival, approvers, "canary", reason,
                           &refusal))
        return end_promoted(watch, reason, err);
    if (refusal.kind != ERR_GATE && refusal.kind != ERR_CONFLICT) {
        *err = refusal;
        return false;
    }
    if (!alias_get(store, "champion", &now, err))
        return false;
    if (now == e->rival) /* another server was first */
        return end_promoted(watch, reason, err);
    return experiment_end(store, e, EXPERIMENT_STOPPED, "canary", refusal.text, &taken, err);
}

/* Once everybody is the rival's, it is held to the champion of the steps before. A server that did
 * not see these has its failures alone to go by. */
static struct meters_tally champion_before(const struct watch *watch,
                                           const struct meters_tally *now,
                                           const struct meters_tally *rival, uint64_t least)
{
    struct meters_tally since = meters_tally_since(now, &watch->begun);
    if (since.requests >= least)
        return since;
    since = *rival;
    since.failures = 0;
    return since;
}

static bool mind(void *self, const struct meters *meters, struct err *err)
{
    struct watch *watch = self;
    const struct experiment *e = &watch->experiment;
    if (e->id == 0 || e->kind != EXPERIMENT_CANARY || e->champion != watch->champion) {
        watch->step_seen = -1;
        /* A person promoted the rival, or a server that then fell. */
        bool over = e->id != 0 && e->promotes && e->rival == watch->champion;
        return !over || end_promoted(watch, "its rival is the champion", err);
    }
    const struct config *config = &watch->project->config;
    struct canary_rules rules = {
        .least = config_count(config, KEY_CANARY_LEAST),
        .failures = config_number(config, KEY_CANARY_FAILURES),
        .latency_ratio = config_number(config, KEY_CANARY_LATENCY),
        .alert_ratio = config_number(config, KEY_CANARY_ALERTS),
        .bake_ms = e->bake_ms,
    };
    struct meters_tally champion, rival;
    meters_tally_beside(meters, &champion);
    meters_tally(meters, VARIANT_RIVAL, &rival);
    int64_t step = e->id * EXPERIMENT_STEPS_MAX + (int64_t)e->step;
    if (watch->step_seen != step) {
        if (watch->step_seen / EXPERIMENT_STEPS_MAX != e->id)
            watch->begun = champion;
        watch->step_seen = step;
        watch->step_ns = clock_ticks_ns();
        watch->champion_before = champion;
        watch->rival_before = rival;
        return true;
    }
    struct canary_view view = {
        .champion = meters_tally_since(&champion, &watch->champion_before),
        .rival = meters_tally_since(&rival, &watch->rival_before),
        .elapsed_ms = (clock_ticks_ns() - watch->step_ns) / 1000000,
    };
    if (e->share[e->step] >= 1)
        view.champion = champion_before(watch, &champion, &view.rival, rules.least);
    char why[200];
    bool taken;
    switch (canary_judge(&rules, &view, why, sizeof why)) {
    case CANARY_WAIT:
        return true;
    case CANARY_GO_BACK:
        return go_back(watch, why, err);
    case CANARY_GO_ON:
        break;
    }
    if (e->step + 1 < e->steps)
        return experiment_step(&watch->project->store, e, e->step, "canary", &taken, err);
    return finish(watch, err);
}

/* ---------------------------------------------------------------- models by name */

bool watch_load_dir(struct watch *watch, const char *root, struct view path, struct served **out,
                    struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = LOOK_BYTES_MAX};
    struct view project = config_text(&watch->project->config, KEY_PROJECT);
    struct served *served = served_new();
    struct version none = {0};
    const char *own = view_copy(path, &arena);
    bool ok = own != NULL &&
              (root == NULL ? model_dir_load(own, project, &served->bundle, err)
                            : model_dir_load_below(root, path, project, &served->bundle, err)) &&
              project_vouched(watch->project, &none, err) && watch_name(served, &none, "file", err);
    if (ok)
        *out = served;
    else
        served_free(served);
    return ok;
}

/* By what the platform laid down, or as a version of the registry. */
static bool load_named(void *self, struct view name, struct view url, struct served **out,
                       struct err *err)
{
    struct watch *watch = self;
    struct version version;
    char reference[SERVED_NAME_SIZE];
    if (url.length > 0 && watch->models_dir == NULL)
        return err_set(err, ERR_NOT_FOUND, "this server has no directory of models to load from");
    if (url.length > 0)
        return watch_load_dir(watch, watch->models_dir, url, out, err);
    if (!project_is_here(watch->project))
        return err_set(err, ERR_NOT_FOUND, "there is no registry here to load '" VIEW_FMT "' from",
                       VIEW_ARG(name));
    snprintf(reference, sizeof reference, "%.*s", (int)name.length, name.text);
    return watch_load(watch, reference, out, &version, err);
}

struct model_source watch_source_of_names(struct watch *watch)
{
    return (struct model_source){.self = watch, .load = load_named};
}

/* What the monitor says changes by the minute; a look every few seconds is enough. */
static bool tell(void *self, struct meters *meters, struct err *err)
{
    struct watch *watch = self;
    int64_t now_ns = clock_ticks_ns();
    if (watch->alarms_ns != 0 &&
        now_ns - watch->alarms_ns < (int64_t)ALARM_METERS_EVERY_MS * 1000000)
        return true;
    watch->alarms_ns = now_ns;
    return alarm_meters_tell(&watch->project->store, meters, err);
}

struct model_source watch_source(struct watch *watch)
{
    watch->step_seen = -1;
    return (struct model_source){
        .self = watch, .refresh = refresh, .load = load_named, .mind = mind, .tell = tell};
}
