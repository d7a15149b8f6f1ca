#include "cli/container.h"

#include "base/file.h"
#include "base/number.h"

#include <math.h>
#include <sys/stat.h>

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static bool is_true(const char *name)
{
    const char *value = variable(name);
    return value != NULL && view_same_fold(view_of(value), VIEW("true"));
}

static bool is_dir(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

static const char *dir_or_null(struct arena *arena, const char *root, const char *name)
{
    const char *path = path_join(arena, root, name);
    return is_dir(path) ? path : NULL;
}

/* A path is a directory like any other. */
static bool take_storage(struct container *container, const char *uri)
{
    static const char file[] = "file://";
    bool named = strncmp(uri, file, sizeof file - 1) == 0;
    if (!named && uri[0] != '/')
        return false;
    container->model_dir = named ? uri + sizeof file - 1 : uri;
    return true;
}

void container_find(struct container *container, struct project *project)
{
    const char *root = variable("ASSAY_OPT_ML");
    const char *azure = variable("AZUREML_MODEL_DIR"), *vertex = variable("AIP_STORAGE_URI");
    *container = (struct container){.root = root == NULL ? "/opt/ml" : root};
    container->many_models = is_true("SAGEMAKER_MULTI_MODEL");
    container->models_dir = dir_or_null(&project->arena, container->root, "models");
    if (project->config.path != NULL || container->many_models)
        return;
    container->model_dir = azure;
    if (azure == NULL && vertex != NULL && !take_storage(container, vertex))
        container->storage = vertex;
    if (azure == NULL && vertex == NULL)
        container->model_dir = dir_or_null(&project->arena, container->root, "model");
}

/* ---------------------------------------------------------------- settings */

static bool set(struct project *project, enum key_id key, const char *value, struct err *err)
{
    return config_set(&project->config, view_of(config_keys[key].path), view_of(value), err);
}

/* Says whose value it was that a key did not take. */
static bool set_from(struct project *project, enum key_id key, const char *name, struct err *err)
{
    const char *value = variable(name);
    return value == NULL || set(project, key, value, err) || err_while(err, "%s", name);
}

static bool set_payload(struct project *project, struct err *err)
{
    const char *value = variable("SAGEMAKER_MAX_PAYLOAD_IN_MB");
    double megabytes;
    char bytes[32];
    if (value == NULL)
        return true;
    if (!number_parse(view_of(value), &megabytes) || megabytes < 0 || megabytes > 1024)
        return err_set(err, ERR_USAGE,
                       "SAGEMAKER_MAX_PAYLOAD_IN_MB is 0 to 1024 megabytes, not '%s'", value);
    /* 0 is the platform's word for no limit; ours is the key's own. */
    double size = megabytes == 0 ? 1024 : megabytes;
    snprintf(bytes, sizeof bytes, "%.0f", fmin(size * 1048576, 1073741824));
    return set(project, KEY_SERVE_BODY_MAX, bytes, err);
}

/* Without a project the platform stands before this, and asks from another address. */
static bool set_reach(struct project *project, struct err *err)
{
    if (project->config.setting[KEY_SERVE_HOST].origin != ORIGIN_DEFAULT)
        return true;
    return set(project, KEY_SERVE_HOST, "0.0.0.0", err) &&
           (project->config.setting[KEY_SERVE_AUTH].origin != ORIGIN_DEFAULT ||
            set(project, KEY_SERVE_INSECURE, "true", err));
}

bool container_set(const struct container *container, struct project *project, struct err *err)
{
    bool alone =
        project->config.path == NULL &&
        (container->model_dir != NULL || container->storage != NULL || container->many_models);
    return set_from(project, KEY_SERVE_PORT, "SAGEMAKER_BIND_TO_PORT", err) &&
           set_from(project, KEY_SERVE_PORT, "AIP_HTTP_PORT", err) && set_payload(project, err) &&
           (!alone || set_reach(project, err));
}

static bool add_alias(struct server_options *options, size_t *count, const char *name,
                      enum route_index route, struct err *err)
{
    const char *path = variable(name);
    if (path == NULL)
        return true;
    if (path[0] != '/' || strpbrk(path, "?#% \t") != NULL)
        return err_set(err, ERR_USAGE, "%s is a path that begins with '/', not '%s'", name, path);
    options->alias[(*count)++] = (struct server_alias){path, route};
    return true;
}

bool container_serve(const struct container *container, struct server_options *options,
                     struct err *err)
{
    const char *concurrent = variable("SAGEMAKER_MAX_CONCURRENT_TRANSFORMS");
    const char *strategy = variable("SAGEMAKER_BATCH_STRATEGY");
    const char *selected = variable("SAGEMAKER_INFERENCE_OUTPUT");
    double count = 0;
    size_t aliases = 0;
    if (concurrent != NULL && (!number_parse(view_of(concurrent), &count) || count < 0 ||
                               count > 10000 || count != floor(count)))
        return err_set(err, ERR_USAGE, "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS is a count, not '%s'",
                       concurrent);
    bool single = strategy != NULL && strcmp(strategy, "SINGLE_RECORD") == 0;
    if (strategy != NULL && !single && strcmp(strategy, "MULTI_RECORD") != 0)
        return err_set(err, ERR_USAGE,
                       "SAGEMAKER_BATCH_STRATEGY is SINGLE_RECORD or MULTI_RECORD, not '%s'",
                       strategy);
    options->batch = (struct server_batch){.concurrent = (unsigned)count, .single = single};
    options->many_models = container->many_models;
    return (selected == NULL || selection_read(view_of(selected), &options->selection, err)) &&
           add_alias(options, &aliases, "AIP_HEALTH_ROUTE", ROUTE_vertex_health, err) &&
           add_alias(options, &aliases, "AIP_PREDICT_ROUTE", ROUTE_vertex_predict, err);
}
