#include "base/clock.h"
#include "base/number.h"
#include "cli/duration.h"
#include "cli/govern.h"
#include "cli/verbs.h"
#include "data/schema.h"
#include "store/experiment_arms.h"

#include <math.h>

enum {
    OPTION_RIVAL,
    OPTION_KIND,
    OPTION_SHARE,
    OPTION_BAKE,
    OPTION_ENTITY,
    OPTION_ALPHA,
    OPTION_PLANNED,
    OPTION_MATURE,
    OPTION_PROMOTE,
    OPTION_REASON,
};

enum { LIST_MAX = 100, MEMORY_MAX = 1 << 30 };

/* ---------------------------------------------------------------- start */

/* "0.01,0.1,1" */
static bool read_shares(const char *text, struct experiment *out, struct err *err)
{
    struct view rest = view_of(text), part;
    while (view_cut(&rest, ',', &part)) {
        if (out->steps == EXPERIMENT_STEPS_MAX ||
            !number_parse(view_trim(part), &out->share[out->steps]))
            return err_set(err, ERR_USAGE,
                           "--share takes 0.5, or for a canary up to %d rising shares: 0.01,0.1,1",
                           EXPERIMENT_STEPS_MAX);
        out->steps++;
    }
    return true;
}

static bool read_kind(const char *text, enum experiment_kind *out, struct err *err)
{
    for (size_t i = 0; i < EXPERIMENT_KINDS; i++) {
        *out = (enum experiment_kind)i;
        if (strcmp(text, experiment_kinds[i]) == 0)
            return true;
    }
    return err_set(err, ERR_USAGE, "--kind is ab, shadow or canary, not '%s'", text);
}

static bool read_number(const char *text, const char *option, double *out, struct err *err)
{
    return number_parse(view_of(text), out) ||
           err_set(err, ERR_USAGE, "--%s takes a number, not '%s'", option, text);
}

static bool read_options(const struct call *call, struct experiment *out, struct err *err)
{
    const char *const *option = call->option;
    double planned;
    if (option[OPTION_RIVAL] == NULL)
        return err_set(err, ERR_USAGE, "--rival names the version to try: a number, name or alias");
    if (!read_kind(option[OPTION_KIND] == NULL ? "ab" : option[OPTION_KIND], &out->kind, err))
        return false;
    const char *shares = out->kind == EXPERIMENT_SHADOW   ? "1"
                         : option[OPTION_SHARE] != NULL   ? option[OPTION_SHARE]
                         : out->kind == EXPERIMENT_CANARY ? "0.01,0.05,0.25,0.5,1"
                                                          : "0.5";
    const char *bake = option[OPTION_BAKE] == NULL ? "10m" : option[OPTION_BAKE];
    const char *mature = option[OPTION_MATURE] == NULL ? "30d" : option[OPTION_MATURE];
    const char *alpha = option[OPTION_ALPHA] == NULL ? "0.05" : option[OPTION_ALPHA];
    const char *units = option[OPTION_PLANNED] == NULL ? "10000" : option[OPTION_PLANNED];
    if (!read_shares(shares, out, err) || !duration_read(bake, "bake", &out->bake_ms, err) ||
        !duration_read(mature, "mature", &out->mature_ms, err) ||
        !read_number(alpha, "alpha", &out->alpha, err) ||
        !read_number(units, "planned", &planned, err))
        return false;
    if (!(planned >= 1 && planned <= 1e12))
        return err_set(err, ERR_USAGE, "--planned is a number of entities, from 1 to 1e12");
    if (out->kind == EXPERIMENT_AB && out->steps != 1)
        return err_set(err, ERR_USAGE, "an ab experiment has one share; steps are a canary's");
    out->planned = (int64_t)planned;
    out->promotes = option[OPTION_PROMOTE] != NULL;
    if (out->promotes && out->kind != EXPERIMENT_CANARY)
        return err_set(err, ERR_USAGE,
                       "--promote is a canary's; `assay experiment promote` ends an experiment");
    return true;
}

/* The column to split by: the one given, or the champion's policy's; and it is one of its records'.
 */
static bool choose_entity(struct project *project, const struct call *call, struct experiment *out,
                          struct err *err)
{
    struct bundle bundle = {0};
    struct version version;
    if (!project_load_bundle(project, NULL, NULL, &bundle, &version, err))
        return false;
    out->champion = version.number;
    struct view entity = call->option[OPTION_ENTITY] != NULL ? view_of(call->option[OPTION_ENTITY])
                                                             : bundle.policy.entity;
    bool ok = true;
    if (entity.length > EXPERIMENT_ENTITY_MAX)
        ok = err_set(err, ERR_USAGE, "--entity is longer than a column's name is");
    else if (entity.length > 0 && schema_find(&bundle.schema, entity) == NULL)
        ok = err_set(err, ERR_INPUT, "the champion's records have no column '" VIEW_FMT "'",
                     VIEW_ARG(entity));
    snprintf(out->entity, sizeof out->entity, "%.*s", (int)entity.length,
             entity.length == 0 ? "" : entity.text);
    bundle_release(&bundle);
    return ok;
}

static bool start(struct project *project, const struct call *call, struct err *err)
{
    struct experiment wanted = {0}, out;
    struct version rival;
    if (call->arguments < 2)
        return err_set(err, ERR_USAGE, "usage: assay experiment start NAME --rival REFERENCE");
    if (strlen(call->argument[1]) > EXPERIMENT_NAME_MAX)
        return err_set(err, ERR_USAGE, "a name has at most %d letters", EXPERIMENT_NAME_MAX);
    snprintf(wanted.name, sizeof wanted.name, "%s", call->argument[1]);
    if (!read_options(call, &wanted, err) || !choose_entity(project, call, &wanted, err) ||
        !registry_find(&project->store, view_of(call->option[OPTION_RIVAL]), &project->arena,
                       &rival, err))
        return false;
    wanted.rival = rival.number;
    if (!project_vouched(project, &rival, err) ||
        !experiment_start(&project->store, &wanted, project_actor(), &out, err))
        return false;
    printf("%s: version %lld against the champion, version %lld; servers take it up within "
           "serve.watch_ms\n",
           out.name, (long long)out.rival, (long long)out.champion);
    return project_checkpoint(project, false, err);
}

/* ---------------------------------------------------------------- status */

static void print_time(const char *name, int64_t at_ms)
{
    char bytes[40];
    struct text text = text_in(bytes, sizeof bytes);
    text_add_time(&text, at_ms);
    printf("%-12s %s\n", name, text_c(&text));
}

static void print_arms(const struct experiment_arms *arms)
{
    printf("\n%-10s %10s %10s %10s %10s %10s %8s %8s %12s\n", "", "entities", "decisions",
           "approve", "review", "decline", "mature", "frauds", "cost each");
    static const char *const names[ARMS] = {"champion", "rival"};
    for (size_t i = 0; i < ARMS; i++)
        printf("%-10s %10llu %10llu %10llu %10llu %10llu %8llu %8llu %12.4g\n", names[i],
               (unsigned long long)arms->entities[i], (unsigned long long)arms->decisions[i],
               (unsigned long long)arms->outcome[i][0], (unsigned long long)arms->outcome[i][1],
               (unsigned long long)arms->outcome[i][2], (unsigned long long)arms->mature[i],
               (unsigned long long)arms->frauds[i], arms->arm[i].mean);
}

/* What the figures allow to say; the first that applies. */
static void print_verdict(const struct experiment *e, const struct experiment_arms *arms)
{
    struct sequential bounds = sequential_of(&arms->arm[ARM_CHAMPION], &arms->arm[ARM_RIVAL],
                                             e->alpha, (uint64_t)e->planned);
    bool split = e->kind == EXPERIMENT_AB;
    double mismatch =
        split ? ratio_mismatch(arms->entities[ARM_CHAMPION], arms->entities[ARM_RIVAL], e->share[0])
              : 1;
    if (!isnan(bounds.difference))
        printf("\nthe rival less the champion: %.4g an entity, between %.4g and %.4g at any time "
               "(%.0f %%)\n",
               bounds.difference, bounds.low, bounds.high, 100 * (1 - e->alpha));
    else
        printf("\n");
    if (split)
        printf("sample ratio: p %.4g\n", mismatch);
    if (mismatch < SRM_ALARM)
        printf("verdict: none; the entities are not split as they should be, so something loses "
               "or adds them\n");
    else if (arms->crossed > 0 && split)
        printf("verdict: none; %llu entities met both models\n", (unsigned long long)arms->crossed);
    else if (isnan(bounds.difference))
        printf("verdict: not yet; %d entities of each with decisions older than %lld h are "
               "wanted\n",
               SEQUENTIAL_LEAST, (long long)(e->mature_ms / 3600000));
    else if (arms->labelled[ARM_CHAMPION] + arms->labelled[ARM_RIVAL] == 0)
        printf("verdict: not yet; no label has come for what was decided: POST /feedback\n");
    else if (bounds.high < 0)
        printf("verdict: the rival costs less\n");
    else if (bounds.low > 0)
        printf("verdict: the champion costs less\n");
    else
        printf("verdict: not yet; the difference may be chance\n");
}

/* `champion`: the version that is it now. */
static void print_experiment(const struct experiment *e, int64_t champion)
{
    printf("%-12s %s\n%-12s %s\n%-12s version %lld\n%-12s version %lld\n", "experiment", e->name,
           "kind", experiment_kinds[e->kind], "champion", (long long)e->champion, "rival",
           (long long)e->rival);
    if (e->kind != EXPERIMENT_SHADOW) {
        printf("%-12s %g", "share", e->share[e->step]);
        if (e->steps > 1)
            printf(", step %zu of %zu", e->step + 1, e->steps);
        printf(", by %s\n", e->entity);
    }
    printf("%-12s %s%s%s\n", "state", experiment_states[e->state], e->reason[0] == '\0' ? "" : ": ",
           e->reason);
    if (e->state == EXPERIMENT_RUNNING && champion != e->champion)
        printf("%-12s version %lld is the champion now: nothing is split or shadowed\n", "",
               (long long)champion);
    print_time("started", e->started_ms);
    if (e->state != EXPERIMENT_RUNNING)
        print_time("ended", e->ended_ms);
}

static bool status(struct project *project, const struct call *call, struct err *err)
{
    struct experiment e;
    struct experiment_arms arms;
    struct view name = call->arguments > 1 ? view_of(call->argument[1]) : (struct view){0};
    const struct config *config = &project->config;
    const struct cost_matrix costs = {
        .handling = config_number(config, KEY_COST_HANDLING),
        .insult = config_number(config, KEY_COST_INSULT),
        .loss_given_fraud = config_number(config, KEY_COST_LOSS),
        .chargeback = config_number(config, KEY_COST_CHARGEBACK),
    };
    bool has_costs = costs.handling + costs.insult + costs.loss_given_fraud + costs.chargeback > 0;
    int64_t champion;
    if (!experiment_find(&project->store, name, &e, err) ||
        !alias_get(&project->store, "champion", &champion, err) ||
        !experiment_gather(&project->store, &e, has_costs ? &costs : NULL, clock_now_ms(), &arms,
                           err))
        return false;
    print_experiment(&e, champion);
    print_arms(&arms);
    print_verdict(&e, &arms);
    if (!has_costs)
        printf("without evaluation.cost.*, an approved fraud costs its amount, or 1, and nothing "
               "else does\n");
    printf("what was decided in the last minutes may not have come to the database yet\n");
    return true;
}

/* ---------------------------------------------------------------- the rest */

static bool list(struct project *project, const struct call *call UNUSED, struct err *err)
{
    static struct experiment found[LIST_MAX];
    size_t count;
    if (!experiment_list(&project->store, found, LIST_MAX, &count, err))
        return false;
    printf("%-24s %-8s %8s %8s  %-12s %s\n", "name", "kind", "champion", "rival", "state",
           "reason");
    for (size_t i = 0; i < count; i++)
        printf("%-24s %-8s %8lld %8lld  %-12s %s\n", found[i].name, experiment_kinds[found[i].kind],
               (long long)found[i].champion, (long long)found[i].rival,
               experiment_states[found[i].state], found[i].reason);
    return true;
}

static bool need_running(struct project *project, const struct call *call, struct experiment *out,
                         struct err *err)
{
    if (call->arguments < 2)
        return err_set(err, ERR_USAGE, "usage: assay experiment %s NAME", call->argument[0]);
    if (!experiment_find(&project->store, view_of(call->argument[1]), out, err))
        return false;
    return out->state == EXPERIMENT_RUNNING ||
           err_set(err, ERR_CONFLICT, "experiment '%s' has ended already: %s", out->name,
                   experiment_states[out->state]);
}

static bool end(struct project *project, const struct experiment *e, enum experiment_state state,
                const char *reason, struct err *err)
{
    bool taken;
    if (!experiment_end(&project->store, e, state, project_actor(), reason, &taken, err))
        return false;
    if (!taken)
        return err_set(err, ERR_CONFLICT, "experiment '%s' has just ended", e->name);
    printf("%s: %s\n", e->name, experiment_states[state]);
    return project_checkpoint(project, false, err);
}

static bool stop(struct project *project, const struct call *call, struct err *err)
{
    struct experiment e;
    const char *reason = call->option[OPTION_REASON];
    return need_running(project, call, &e, err) &&
           end(project, &e, EXPERIMENT_STOPPED, reason == NULL ? "" : reason, err);
}

static bool promote(struct project *project, const struct call *call, struct err *err)
{
    struct experiment e;
    struct version version;
    char reference[24], comment[EXPERIMENT_NAME_MAX + 32];
    if (!need_running(project, call, &e, err))
        return false;
    snprintf(reference, sizeof reference, "%lld", (long long)e.rival);
    snprintf(comment, sizeof comment, "experiment %s", e.name);
    const char *reason = call->option[OPTION_REASON];
    return registry_find(&project->store, view_of(reference), &project->arena, &version, err) &&
           govern_promote(project, e.champion, &version, comment, err) &&
           end(project, &e, EXPERIMENT_PROMOTED, reason == NULL ? "" : reason, err);
}

static bool run(const struct call *call, struct err *err)
{
    static const struct verb rows[] = {{"start", .run = start},
                                       {"status", .run = status},
                                       {"list", .run = list},
                                       {"stop", .run = stop},
                                       {"promote", .run = promote}};
    static const struct verbs verbs = {rows, LENGTH_OF(rows), .needs_project = true};
    const struct verb *verb = verbs_find(&verbs, call->argument[0]);
    if (verb == NULL)
        return err_set(err, ERR_USAGE, "'%s' is not start, status, list, stop or promote",
                       call->argument[0]);
    return verbs_call(&verbs, verb, call, err);
}

static const struct option_row options[] = {
    [OPTION_RIVAL] = {"rival", "REFERENCE", "the version to try: a number, name or alias"},
    [OPTION_KIND] = {"kind", "KIND", "ab (default), shadow or canary"},
    [OPTION_SHARE] = {"share", "SHARES", "of the entities: 0.5; for a canary 0.01,0.05,0.25,0.5,1"},
    [OPTION_BAKE] = {"bake", "DURATION", "how long each step of a canary lasts, default 10m"},
    [OPTION_ENTITY] = {"entity", "COLUMN", "to split by; evaluation.entity when not given"},
    [OPTION_ALPHA] = {"alpha", "P", "how often the verdict may be wrong, default 0.05"},
    [OPTION_PLANNED] = {"planned", "N",
                        "entities for which the verdict is sharpest, default 10000"},
    [OPTION_MATURE] = {"mature", "DURATION",
                       "how old decisions are when their labels count, "
                       "default 30d"},
    [OPTION_PROMOTE] = {"promote", NULL, "a canary that has baked its last step is the champion"},
    [OPTION_REASON] = {"reason", "TEXT", "why it ends, for the audit log"},
    {0},
};

const struct command command_experiment = {
    .name = "experiment",
    .arguments = "start|status|list|stop|promote [NAME]",
    .about = "another version beside the champion: A/B, shadow, canary",
    .more =
        "An entity meets the same model on every server; a request without one, or of many\n"
        "records, is the champion's. A canary goes back by itself when its rival fails more,\n"
        "is slower, or reviews and declines otherwise than the champion (canary.*). The verdict\n"
        "may be looked at every day: its bounds hold for all looks together.\n",
    .options = options,
    .least = 1,
    .most = 2,
    .run = run,
};
