/*
 * deploy: what passed the gate, and the champion's challenge where there is one, becomes the
 * champion by one compare-and-swap, unless people are to approve it first.
 *
 * What lacks evidence alone stands by as the challenger, for a shadow or an experiment to gather
 * it: of those that met the present champion, the one with the greatest gain, and of equal gains
 * the one that was there first.
 */
#include "base/doc.h"
#include "store/governance.h"
#include "store/history.h"
#include "store/meeting.h"
#include "store/trust.h"
#include "train/pipeline.h"

#include <math.h>

static bool inputs(struct pipeline *pipeline, struct digester *digester, struct err *err UNUSED)
{
    const struct digest *bundle = &pipeline->version.bundle;
    digest_add(digester, (struct view){(const char *)bundle->bytes, sizeof bundle->bytes});
    config_digest(pipeline->config, "deploy", digester);
    return true;
}

/* A version that is approved by enough, or that nobody needs to approve. */
static bool wait_for_people(struct pipeline *pipeline, size_t approvals, bool *wait,
                            struct text *outcome, struct err *err)
{
    struct standing standing;
    long long number = (long long)pipeline->version.number;
    if (!governance_standing(pipeline->store, pipeline->version.number, &standing, err))
        return false;
    *wait = true;
    if (standing.approval == APPROVAL_REJECTED)
        text_addf(outcome, "version %lld was rejected", number);
    else if (standing.approvers < approvals)
        text_addf(outcome,
                  "waits for the approval of %zu more: assay models approve %lld --comment ...",
                  approvals - standing.approvers, number);
    else
        *wait = false;
    return true;
}

/* What people went back from does not come back by itself. */
static bool was_rolled_back(struct pipeline *pipeline, bool *left, struct text *outcome,
                            struct err *err)
{
    long long number = (long long)pipeline->version.number;
    if (!history_was_left(pipeline->store, "champion", pipeline->version.number, left, err))
        return false;
    if (*left)
        text_addf(outcome, "version %lld was rolled back: assay models promote %lld, if it is good",
                  number, number);
    return true;
}

/* A version's gain over the present champion where it lacks evidence alone, by the challenge's
 * primary metric; NaN where it met another champion or none, or was judged otherwise. */
static bool find_gain(struct pipeline *pipeline, int64_t number, struct view *primary, double *gain,
                      struct err *err)
{
    struct meeting last;
    *gain = (double)NAN;
    *primary = VIEW("");
    if (!meeting_last(pipeline->store, number, pipeline->arena, &last, err))
        return false;
    if (last.champion != pipeline->challenge.champion || !view_is(last.verdict, "insufficient"))
        return true;
    const struct doc *doc = doc_parse(last.document, pipeline->arena, err);
    const struct doc *named = doc_find(doc, "primary"), *found = doc_find(doc, "gain");
    if (doc == NULL)
        return err_while(err, "the comparison of version %lld", (long long)number);
    if (named != NULL && named->kind == DOC_TEXT && found != NULL && found->kind == DOC_NUMBER) {
        *primary = named->text;
        *gain = found->number;
    }
    return true;
}

/* The challenger that is there is no worse. */
static bool holds_its_place(struct pipeline *pipeline, int64_t challenger, bool *out,
                            struct text *outcome, struct err *err)
{
    struct view metric, its_metric;
    double gain, its_gain;
    if (!find_gain(pipeline, pipeline->version.number, &metric, &gain, err) ||
        !find_gain(pipeline, challenger, &its_metric, &its_gain, err))
        return false;
    *out = view_same(metric, its_metric) && !isnan(its_gain) && !(gain > its_gain);
    if (*out)
        text_addf(outcome,
                  "; version %lld stays the challenger, its gain in " VIEW_FMT
                  " is %+.4f, this one's %+.4f",
                  (long long)challenger, VIEW_ARG(metric), its_gain, gain);
    return true;
}

static bool stand_by(struct pipeline *pipeline, struct text *outcome, struct err *err)
{
    const struct challenge_result *challenge = &pipeline->challenge;
    text_addf(outcome, "version %lld stays the champion", (long long)challenge->champion);
    if (!challenge->worth_a_look)
        return true;
    struct standing standing;
    CLEANUP(trust_close) struct trust trust = {0};
    size_t vouched;
    if (!governance_standing(pipeline->store, pipeline->version.number, &standing, err) ||
        !trust_open(&trust, pipeline->config, err) ||
        !trust_check(&trust, pipeline->store, &pipeline->version, &vouched, err))
        return false;
    if (standing.approval == APPROVAL_REJECTED || (trust.required && vouched == 0))
        return true;
    int64_t there;
    bool stays = false;
    if (!alias_get(pipeline->store, "challenger", &there, err) ||
        (there != 0 && there != pipeline->version.number &&
         !holds_its_place(pipeline, there, &stays, outcome, err)))
        return false;
    if (stays)
        return true;
    text_addf(outcome, "; " VIEW_FMT " is the challenger", VIEW_ARG(pipeline->version.name));
    return governance_promote(pipeline->store, "challenger", there, pipeline->version.number, 0,
                              pipeline->actor, "insufficient evidence against the champion", err);
}

static bool run(struct pipeline *pipeline, const char *dir UNUSED, struct text *outcome,
                struct err *err)
{
    const struct version *version = &pipeline->version;
    int64_t champion;
    if (!alias_get(pipeline->store, "champion", &champion, err))
        return false;
    pipeline->champion = champion == version->number;
    if (pipeline->champion) {
        text_addf(outcome, VIEW_FMT " is the champion already", VIEW_ARG(version->name));
        return true;
    }
    if (!config_bool(pipeline->config, KEY_DEPLOY_AUTOMATIC)) {
        text_addf(outcome, "left to a person (deploy.automatic is false)");
        return true;
    }
    if (!pipeline->challenge.may_replace)
        return stand_by(pipeline, outcome, err);
    size_t approvals = config_count(pipeline->config, KEY_DEPLOY_APPROVALS);
    bool wait, left;
    if (!was_rolled_back(pipeline, &left, outcome, err))
        return false;
    if (left)
        return true;
    if (!wait_for_people(pipeline, approvals, &wait, outcome, err))
        return false;
    if (wait)
        return true;
    CLEANUP(trust_close) struct trust trust = {0};
    if (!trust_open(&trust, pipeline->config, err) ||
        !trust_demand(&trust, pipeline->store, version, err))
        return false;
    int64_t from =
        pipeline->challenge.champion != 0 ? pipeline->challenge.champion : GOVERNANCE_ANY;
    if (!governance_promote(
            pipeline->store, "champion", from, version->number, approvals, pipeline->actor,
            pipeline->challenge.champion == 0 ? "passed its gate" : "better than the champion",
            err))
        return false;
    pipeline->champion = true;
    text_addf(outcome, VIEW_FMT " is the champion", VIEW_ARG(version->name));
    if (champion != 0)
        text_addf(outcome, "; version %lld was", (long long)champion);
    return true;
}

const struct step step_deploy = {
    .name = "deploy",
    .about = "make the version the champion",
    .inputs = inputs,
    .run = run,
};
