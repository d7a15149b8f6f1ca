/*
 * audit: what in the past would make the model look better than it is.
 *
 *     leaks.json        the findings, the worst first, with their remedies
 *
 * A finding of level error that assay.yaml does not accept stops the run here,
 * before anything is trained on it.
 */
#include "base/file.h"
#include "train/leak.h"
#include "train/pipeline.h"
#include "train/trial.h"

static bool inputs(struct pipeline *pipeline, struct digester *digester, struct err *err)
{
    const struct digest *output = &pipeline->output[STEP_ID_prepare];
    digest_add(digester, (struct view){(const char *)output->bytes, sizeof output->bytes});
    config_digest(pipeline->config, "columns", digester);
    config_digest(pipeline->config, "audit", digester);
    return trial_inputs(pipeline, digester, err);
}

static bool stop(const struct leaks *leaks, struct err *err)
{
    for (size_t i = 0; i < leaks->count; i++) {
        const struct leak_finding *finding = &leaks->finding[i];
        if (finding->level != LEAK_ERROR || finding->accepted)
            continue;
        return err_set(err, ERR_GATE,
                       VIEW_FMT ": %s; or accept it: audit: {accept: [%s%s" VIEW_FMT "]}",
                       VIEW_ARG(finding->text), finding->leak->remedy, finding->leak->name,
                       finding->subject.length > 0 ? ":" : "", VIEW_ARG(finding->subject));
    }
    return true;
}

static void write_trial(const struct trial *trial, struct json *json)
{
    json_key(json, "trial");
    json_open(json, '{');
    if (trial->why_not != NULL) {
        json_key(json, "why_not"), json_string(json, trial->why_not);
    } else {
        json_key(json, "frauds"), json_count(json, trial->frauds);
        json_key(json, "pr_auc_by_time"), json_number(json, trial->by_time);
        json_key(json, "pr_auc_at_random"), json_number(json, trial->at_random);
        json_key(json, "days_hidden"), json_number(json, trial->days);
        json_key(json, "pr_auc_with_days_hidden"), json_number(json, trial->hidden);
    }
    json_close(json);
}

static bool write(const struct leaks *leaks, const struct trial *trial, const char *dir,
                  struct arena *arena, struct err *err)
{
    struct text text = text_in_arena(arena);
    struct json json = json_pretty_to(&text);
    json_open(&json, '{');
    json_key(&json, "findings"), leaks_write(leaks, &json);
    write_trial(trial, &json);
    json_close(&json);
    if (text.cut)
        return err_set(err, ERR_LIMIT, "leaks.json does not fit the memory limit");
    return file_save(path_join(arena, dir, "leaks.json"), text_view(&text), err);
}

static bool run(struct pipeline *pipeline, const char *dir, struct text *outcome, struct err *err)
{
    size_t memory = (size_t)config_number(pipeline->config, KEY_DATA_MEMORY_MB) << 20;
    CLEANUP(arena_release) struct arena arena = {.limit = memory};
    struct prepared prepared;
    struct leaks leaks;
    struct trial trial;
    if (!prepared_load(&prepared, pipeline->config, &arena, err) ||
        !leaks_find(&leaks, &prepared, pipeline->config, &arena, err) || !stop(&leaks, err) ||
        !trial_make(pipeline, &prepared, dir, &arena, &trial, err) ||
        !trial_judge(&trial, &leaks, err) || !write(&leaks, &trial, dir, &arena, err))
        return false;
    size_t count[LEAK_ERROR + 1] = {0};
    for (size_t i = 0; i < leaks.count; i++)
        count[leaks.finding[i].level]++;
    text_addf(outcome, "%zu warnings, %zu notes, %zu accepted errors", count[LEAK_WARNING],
              count[LEAK_NOTE], count[LEAK_ERROR]);
    if (trial.why_not == NULL)
        text_addf(outcome, "; PR-AUC at random %.3f, by time %.3f, %g days later %.3f",
                  trial.at_random, trial.by_time, trial.days, trial.hidden);
    return true;
}

const struct step step_audit = {
    .name = "audit",
    .about = "leaks: copies and ids across the split, features that know too much",
    .writes = true,
    .inputs = inputs,
    .run = run,
};
