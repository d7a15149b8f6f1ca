/*
 * deploy: what passed the gate, and the champion's challenge where there is one, becomes the
 * champion by one compare-and-swap, unless people are to approve it first.
 */
#include "store/governance.h"
#include "store/trust.h"
#include "train/pipeline.h"

static bool inputs(struct pipeline *pipeline, struct digester *digester, struct err *err UNUSED)
{
    const struct digest *bundle = &pipeline->version.bundle;
    digest_add(digester, (struct view){(const char *)bundle->bytes, sizeof bundle->bytes});
    config_digest(pipeline->config, "deploy", digester);
    return true;
}

/* What lacks evidence alone stands by as the challenger, for a shadow or an experiment to gather
 * it. */
static bool stand_by(struct pipeline *pipeline, struct text *outcome, struct err *err)
{
    const struct challenge_result *challenge = &pipeline->challenge;
    text_addf(outcome, "version %lld stays the champion", (long long)challenge->champion);
    if (!challenge->worth_a_look)
        return true;
    text_addf(outcome, "; " VIEW_FMT " is the challenger", VIEW_ARG(pipeline->version.name));
    return governance_promote(pipeline->store, "challenger", GOVERNANCE_ANY,
                              pipeline->version.number, 0, pipeline->actor,
                              "insufficient evidence against the champion", err);
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
    if (approvals > 0) {
        text_addf(outcome, "waits for the approval of %zu: assay models approve %lld", approvals,
                  (long long)version->number);
        return true;
    }
    CLEANUP(trust_close) struct trust trust = {0};
    if (!trust_open(&trust, pipeline->config, err) ||
        !trust_demand(&trust, pipeline->store, version, err))
        return false;
    int64_t from =
        pipeline->challenge.champion != 0 ? pipeline->challenge.champion : GOVERNANCE_ANY;
    if (!governance_promote(pipeline->store, "champion", from, version->number, 0, pipeline->actor,
                            pipeline->challenge.champion == 0 ? "passed its gate"
                                                              : "better than the champion",
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
