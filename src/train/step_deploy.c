/*
 * deploy: what passed the gate becomes the champion, by one compare-and-swap, unless people are to
 * approve it first.
 */
#include "store/governance.h"
#include "train/pipeline.h"

static bool inputs(struct pipeline *pipeline, struct digester *digester, struct err *err UNUSED)
{
    const struct digest *bundle = &pipeline->version.bundle;
    digest_add(digester, (struct view){(const char *)bundle->bytes, sizeof bundle->bytes});
    config_digest(pipeline->config, "deploy", digester);
    return true;
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
    size_t approvals = config_count(pipeline->config, KEY_DEPLOY_APPROVALS);
    if (approvals > 0) {
        text_addf(outcome, "waits for the approval of %zu: assay models approve %lld", approvals,
                  (long long)version->number);
        return true;
    }
    if (!governance_promote(pipeline->store, "champion", version->number, 0, pipeline->actor,
                            "passed its gate", err))
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
