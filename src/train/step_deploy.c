/*
 * deploy: what passed the gate becomes the champion, by one compare-and-swap.
 */
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
    if (!alias_move(pipeline->store, "champion", champion, version->number, pipeline->actor, err))
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
