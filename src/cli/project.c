#include "cli/project.h"

#include "store/trust.h"

#include "base/file.h"

#include <pwd.h>
#include <unistd.h>

enum { ARENA_LIMIT = 1 << 30 };

static bool apply_sets(struct project *project, const struct call *call, struct err *err)
{
    for (size_t i = 0; i < call->sets; i++) {
        struct view value = view_of(call->set[i]), key;
        if (!view_cut(&value, '=', &key) || !config_set(&project->config, key, value, err))
            return false;
    }
    return true;
}

static bool open_at(struct project *project, const struct call *call, bool loosely, struct err *err)
{
    *project = (struct project){.arena = {.limit = ARENA_LIMIT}};
    const char *path = path_join(&project->arena, call->project, "assay.yaml");
    if (strcmp(call->project, ".") == 0)
        path = "assay.yaml";
    bool ok;
    if (loosely && !file_exists(path)) {
        config_init(&project->config, &project->arena);
        project->config.dir = strcmp(call->project, ".") == 0 ? "" : call->project;
        ok = config_take_environment(&project->config, environ, err);
    } else {
        ok = config_load(&project->config, path, &project->arena, err);
        if (!ok && err->kind == ERR_NOT_FOUND)
            err_set(err, ERR_NOT_FOUND,
                    "there is no '%s' here; `assay init` makes one, --project names its directory",
                    path);
    }
    if (ok && apply_sets(project, call, err))
        return true;
    project_close(project);
    return false;
}

bool project_open(struct project *project, const struct call *call, struct err *err)
{
    return open_at(project, call, false, err);
}

bool project_open_loosely(struct project *project, const struct call *call, struct err *err)
{
    return open_at(project, call, true, err);
}

static const char *text_of(struct project *project, enum key_id key)
{
    const char *text = view_copy(config_text(&project->config, key), &project->arena);
    assert(text != NULL); /* keys.def bounds it */
    return text;
}

/* A directory is relative to assay.yaml, a URL to nothing. */
static const char *bundles_of(struct project *project)
{
    const char *text = text_of(project, KEY_STORE_BUNDLES);
    bool is_path = text[0] != '\0' && strstr(text, "://") == NULL;
    return is_path ? config_path(&project->config, KEY_STORE_BUNDLES) : text;
}

struct store_place project_store_place(struct project *project)
{
    return (struct store_place){
        .dir = config_path(&project->config, KEY_STORE_DIR),
        .database = text_of(project, KEY_STORE_DATABASE),
        .bundles = {.where = bundles_of(project),
                    .endpoint = text_of(project, KEY_STORE_ENDPOINT),
                    .region = text_of(project, KEY_STORE_REGION),
                    .addressing = text_of(project, KEY_STORE_ADDRESSING)},
    };
}

bool project_open_store(struct project *project, struct err *err)
{
    struct store_place place = project_store_place(project);
    return store_open_place(&project->store, &place, err);
}

bool project_is_here(const struct project *project)
{
    const struct config *config = &project->config;
    return config->path != NULL || config_text(config, KEY_STORE_DATABASE).length > 0 ||
           config->setting[KEY_STORE_DIR].origin != ORIGIN_DEFAULT ||
           file_exists(config_path(config, KEY_STORE_DIR));
}

static bool no_project(struct err *err)
{
    return err_set(err, ERR_NOT_FOUND,
                   "there is neither an 'assay.yaml' nor a store here; `assay init` or "
                   "`assay train --from` makes a project, --project names its directory");
}

bool project_find_store(struct project *project, struct err *err)
{
    return project_is_here(project) ? project_open_store(project, err) : no_project(err);
}

bool project_keep_store(struct project *project, struct err *err)
{
    struct store_place place = project_store_place(project);
    struct store anew = {0};
    struct err lost = {0};
    int64_t number;
    if (alias_get(&project->store, "champion", &number, &lost) || lost.kind != ERR_STORE)
        return true;
    if (!store_open_place(&anew, &place, err))
        return false;
    store_close(&project->store);
    project->store = anew;
    return true;
}

void project_close(struct project *project)
{
    store_close(&project->store);
    arena_release(&project->arena);
}

bool project_load_version(struct project *project, const char *reference, struct arena *arena,
                          struct bundle *bundle, struct version *version, struct err *err)
{
    const char *path;
    if (project->store.dir == NULL && !project_find_store(project, err))
        return false;
    if (!registry_find(&project->store, view_of(reference), arena, version, err) ||
        !store_get_bundle(&project->store, &version->bundle, arena, &path, err) ||
        !bundle_load(bundle, path, err))
        return false;
    if (digest_same(&bundle->digest, &version->bundle))
        return true;
    bundle_release(bundle);
    return err_set(err, ERR_MODEL, "'%s' is not the bundle that was registered", path);
}

bool project_no_champion(const struct project *project, struct err *err)
{
    if (!project_is_here(project))
        return no_project(err);
    return err_set(err, ERR_NOT_FOUND,
                   "there is no champion yet: `assay train` or `assay models promote` makes one");
}

bool project_load_bundle(struct project *project, const char *file, const char *reference,
                         struct bundle *bundle, struct version *version, struct err *err)
{
    *version = (struct version){0};
    if (file != NULL)
        return bundle_load(bundle, file, err);
    const char *wanted = reference == NULL ? "champion" : reference;
    if (project_load_version(project, wanted, &project->arena, bundle, version, err))
        return true;
    return reference == NULL && err->kind == ERR_NOT_FOUND ? project_no_champion(project, err)
                                                           : false;
}

bool project_vouched(struct project *project, const struct version *version, struct err *err)
{
    CLEANUP(trust_close) struct trust trust = {0};
    if (!config_bool(&project->config, KEY_SIGN_REQUIRED))
        return true;
    if (version->number == 0)
        return err_set(err, ERR_GATE,
                       "sign.required: a bundle's file carries no signature; import it, sign it, "
                       "and name the version");
    return trust_open(&trust, &project->config, err) &&
           trust_demand(&trust, &project->store, version, err);
}

bool project_checkpoint(struct project *project, bool now, struct err *err)
{
    CLEANUP(trust_close) struct trust trust = {0};
    if (!trust_open_to_sign(&trust, &project->config, err)) {
        /* Who has not got the key leaves the signing to those who have. */
        bool left = !now && err->kind == ERR_NOT_FOUND;
        if (left)
            *err = (struct err){0};
        return left;
    }
    return trust_checkpoint(&trust, &project->store, now, project_actor(), err);
}

const char *project_actor(void)
{
    static const char *const names[] = {"ASSAY_ACTOR", "USER", "LOGNAME"};
    for (size_t i = 0; i < LENGTH_OF(names); i++) {
        const char *actor = getenv(names[i]);
        if (actor != NULL && actor[0] != '\0')
            return actor;
    }
    const struct passwd *user = getpwuid(geteuid()); /* cron and containers set none of them */
    return user != NULL && user->pw_name[0] != '\0' ? user->pw_name : "unknown";
}
