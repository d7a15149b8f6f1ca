#include "cli/watch.h"

#include "base/clock.h"
#include "base/doc.h"

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

static bool look(struct watch *watch, struct lineup *draft, bool anew, bool *changed,
                 struct err *err)
{
    struct store *store = &watch->project->store;
    int64_t number;
    struct served *served;
    struct version version;
    if (store->dir == NULL && !project_open_store(watch->project, err))
        return false;
    if (!alias_get(store, "champion", &number, err))
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

static bool refresh(void *self, struct lineup *draft, bool anew, bool *changed, struct err *err)
{
    struct watch *watch = self;
    if (look(watch, draft, anew, changed, err))
        return true;
    if (err->kind == ERR_STORE) /* the connection may be gone for good */
        store_close(&watch->project->store);
    return false;
}

struct model_source watch_source(struct watch *watch)
{
    return (struct model_source){.self = watch, .refresh = refresh};
}
