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

static bool inputs(struct pipeline *pipeline, struct digester *digester, struct err *err UNUSED)
{
    const struct digest *output = &pipeline->output[STEP_ID_prepare];
    digest_add(digester, (struct view){(const char *)output->bytes, sizeof output->bytes});
    config_digest(pipeline->config, "columns", digester);
    config_digest(pipeline->config, "audit", digester);
    return true;
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

static bool write(const struct leaks *leaks, const char *dir, struct arena *arena, struct err *err)
{
    struct text text = text_in_arena(arena);
    struct json json = json_pretty_to(&text);
    json_open(&json, '{');
    json_key(&json, "findings"), leaks_write(leaks, &json);
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
    if (!prepared_load(&prepared, pipeline->config, &arena, err) ||
        !leaks_find(&leaks, &prepared, pipeline->config, &arena, err) || !stop(&leaks, err) ||
        !write(&leaks, dir, &arena, err))
        return false;
    size_t count[LEAK_ERROR + 1] = {0};
    for (size_t i = 0; i < leaks.count; i++)
        count[leaks.finding[i].level]++;
    text_addf(outcome, "%zu warnings, %zu notes, %zu accepted errors", count[LEAK_WARNING],
              count[LEAK_NOTE], count[LEAK_ERROR]);
    return true;
}

const struct step step_audit = {
    .name = "audit",
    .about = "leaks: copies and ids across the split, features that know too much",
    .writes = true,
    .inputs = inputs,
    .run = run,
};
