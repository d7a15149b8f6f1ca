/* The model that Vertex AI names in AIP_STORAGE_URI, out of S3 or Google's store, whose XML
 * interface speaks S3's with interoperability keys. */
#include "cli/container.h"

#include "base/file.h"
#include "cli/model_dir.h"
#include "store/objects.h"

enum { MODEL_BYTES_MAX = 1 << 30 };

static const char google[] = "https://storage.googleapis.com";

static bool place_of(const char *uri, struct project *project, struct objects_place *out,
                     struct err *err)
{
    struct view path = view_of(uri);
    bool gs = view_starts(path, "gs://");
    if (!gs && !view_starts(path, "s3://"))
        return err_set(err, ERR_USAGE,
                       "AIP_STORAGE_URI is a path, file://PATH, gs://BUCKET/PATH or "
                       "s3://BUCKET/PATH, not '%s'",
                       uri);
    while (path.length > 5 && path.text[path.length - 1] == '/')
        path.length--;
    struct text where = text_in_arena(&project->arena);
    text_addf(&where, "s3://%.*s", (int)path.length - 5, path.text + 5);
    *out = (struct objects_place){.where = text_c(&where)};
    bool elsewhere = getenv("AWS_ENDPOINT_URL_S3") != NULL || getenv("AWS_ENDPOINT_URL") != NULL;
    if (gs && !elsewhere) {
        out->endpoint = google;
        out->region = "auto"; /* Google looks at none */
    }
    return true;
}

static bool copy_model(struct objects *objects, const char *dir, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 2 * (size_t)MODEL_BYTES_MAX};
    for (size_t i = 0; i < MODEL_DIR_NAMES; i++) {
        struct view bytes;
        bool there;
        if (!objects_head(objects, model_dir_names[i], &there, NULL, err))
            return false;
        if (there)
            return objects_get(objects, model_dir_names[i], MODEL_BYTES_MAX, &arena, &bytes, err) &&
                   file_save(path_join(&arena, dir, model_dir_names[i]), bytes, err);
    }
    return err_set(err, ERR_NOT_FOUND, "no model is there: %s and others are looked for",
                   model_dir_names[0]);
}

bool container_fetch(struct container *container, struct project *project, struct err *err)
{
    struct objects_place place;
    struct objects objects = {0};
    char dir[] = "/tmp/assay-model-XXXXXX";
    if (container->storage == NULL)
        return true;
    if (!place_of(container->storage, project, &place, err))
        return false;
    if (mkdtemp(dir) == NULL)
        return err_set(err, ERR_IO, "no directory can be made in /tmp");
    snprintf(container->fetched, sizeof container->fetched, "%s", dir);
    bool ok = objects_open(&objects, &place, err) && copy_model(&objects, dir, err);
    objects_close(&objects);
    container->model_dir = container->fetched;
    return ok || err_while(err, "AIP_STORAGE_URI '%s'", container->storage);
}

void container_forget(struct container *container)
{
    struct err err = {0};
    if (container->fetched[0] != '\0')
        (void)dir_remove(container->fetched, &err); /* what is left over is /tmp's to clear */
}
