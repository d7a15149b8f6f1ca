#include "cli/model_dir.h"

#include "base/file.h"
#include "model/adopt.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { IMPORT_BYTES_MAX = 1 << 30, IMPORT_ARENA_MAX = INT_MAX };

const char *const model_dir_names[MODEL_DIR_NAMES] = {"model.assay", "xgboost-model", "model.json",
                                                      "model.ubj",   "model.txt",     "model.onnx",
                                                      "model.pkl",   "model.joblib"};

static const char first_fold[] = "xgboost-model-0";

/* It begins with its manifest; other tar files may hold a model. */
bool model_dir_is_bundle(struct view bytes)
{
    enum { MAGIC_AT = 257 };
    return bytes.length > MAGIC_AT + 5 && view_starts(view_from(bytes, MAGIC_AT), "ustar") &&
           view_starts(bytes, "manifest.json");
}

/* NULL: the folds are meant to be averaged. */
static const char *take_fold(const char *path, const char *fold, struct err *err)
{
    const char *ensemble = getenv("SAGEMAKER_INFERENCE_ENSEMBLE");
    if (ensemble != NULL && !view_same_fold(view_of(ensemble), VIEW("true")))
        return fold;
    err_set(err, ERR_MODEL,
            "'%s' holds the models of several folds, whose probabilities SageMaker's container "
            "averages, and a bundle has one forest: set SAGEMAKER_INFERENCE_ENSEMBLE=false for the "
            "first fold alone, or train one model on all rows",
            path);
    return NULL;
}

/* The file that is the model. */
static const char *find(const char *path, struct arena *arena, struct err *err)
{
    struct stat about;
    char bytes[200];
    struct text text = text_in(bytes, sizeof bytes);
    if (stat(path, &about) != 0) {
        err_set(err, ERR_NOT_FOUND, "there is no '%s'", path);
        return NULL;
    }
    if (!S_ISDIR(about.st_mode))
        return path;
    for (size_t i = 0; i < MODEL_DIR_NAMES; i++) {
        const char *file = path_join(arena, path, model_dir_names[i]);
        if (file_exists(file))
            return file;
        text_addf(&text, "%s%s", i == 0 ? "" : ", ", model_dir_names[i]);
    }
    const char *fold = path_join(arena, path, first_fold);
    if (file_exists(fold))
        return take_fold(path, fold, err);
    err_set(err, ERR_NOT_FOUND, "'%s' holds no model: one of %s is looked for", path,
            text_c(&text));
    return NULL;
}

/* A model from elsewhere, as a bundle's bytes. A cell may be empty: it was to whoever trained it.
 */
static bool adopt(struct view bytes, struct view project, struct arena *arena, struct view *out,
                  struct err *err)
{
    struct imported model;
    struct adoption adoption = {.project = project, .allow_missing = true};
    if (!import_read(bytes, arena, &model, err))
        return false;
    adoption.threshold = isnan(model.threshold) ? 0.5F : (float)model.threshold;
    return adopt_imported(&adoption, &model, arena, out, err);
}

/* The bundle keeps a copy of its own, and not what was needed to make it. */
static bool open_adopted(struct view bytes, struct view project, struct bundle *bundle,
                         struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = IMPORT_ARENA_MAX};
    struct view sealed;
    if (!adopt(bytes, project, &arena, &sealed, err))
        return false;
    if (bundle->arena.limit == 0)
        bundle->arena.limit = 2 * (size_t)BUNDLE_SIZE_MAX;
    char *own = arena_copy(&bundle->arena, sealed.text, sealed.length);
    if (own == NULL)
        return err_set(err, ERR_LIMIT, "the model does not fit in memory");
    return bundle_open(bundle, (struct view){own, sealed.length}, err);
}

bool model_dir_load(const char *path, struct view project, struct bundle *bundle, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = IMPORT_ARENA_MAX};
    struct view bytes;
    const char *file = find(path, &arena, err);
    if (file == NULL || !file_load(file, IMPORT_BYTES_MAX, &arena, &bytes, err))
        return false;
    if (model_dir_is_bundle(bytes))
        return bundle_load(bundle, file, err);
    if (open_adopted(bytes, project, bundle, err))
        return true;
    bundle_release(bundle);
    return err_while(err, "'%s'", file);
}

bool model_dir_load_below(const char *root, struct view path, struct view project,
                          struct bundle *bundle, struct err *err)
{
    char wanted[PATH_MAX], real_root[PATH_MAX], real[PATH_MAX];
    snprintf(wanted, sizeof wanted, "%.*s", (int)path.length, path.text);
    if (path.length >= sizeof wanted || realpath(root, real_root) == NULL)
        return err_set(err, ERR_NOT_FOUND, "there is no '%s'", root);
    bool there = realpath(wanted, real) != NULL;
    size_t length = strlen(real_root);
    /* What is not there and what is elsewhere is answered alike: nobody looks around by asking. */
    if (!there || strncmp(real, real_root, length) != 0 || real[length] != '/')
        return err_set(err, ERR_NOT_FOUND, "there is no model at '" VIEW_FMT "' in '%s'",
                       VIEW_ARG(path), root);
    return model_dir_load(real, project, bundle, err);
}
