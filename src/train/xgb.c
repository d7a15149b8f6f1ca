#include "train/xgb.h"

#include <dlfcn.h>
#include <xgboost/c_api.h>

/* Each function of the interface that is used, by its name without XG. */
#define FUNCTIONS                                                                                  \
    FUNCTION(BoostVersion)                                                                         \
    FUNCTION(BGetLastError)                                                                        \
    FUNCTION(BRegisterLogCallback)                                                                 \
    FUNCTION(DMatrixCreateFromDense)                                                               \
    FUNCTION(DMatrixSetFloatInfo)                                                                  \
    FUNCTION(DMatrixFree)                                                                          \
    FUNCTION(BoosterCreate)                                                                        \
    FUNCTION(BoosterFree)                                                                          \
    FUNCTION(BoosterSetParam)                                                                      \
    FUNCTION(BoosterUpdateOneIter)                                                                 \
    FUNCTION(BoosterPredictFromDMatrix)                                                            \
    FUNCTION(BoosterSetStrFeatureInfo)                                                             \
    FUNCTION(BoosterSaveModelToBuffer)

static struct {
#define FUNCTION(name) __typeof__(&XG##name) name;
    FUNCTIONS
#undef FUNCTION
} api;

static bool failed(const char *doing, struct err *err)
{
    const char *why = api.BGetLastError();
    size_t length = strcspn(why, "\n"); /* a stack trace follows */
    return err_set(err, ERR_INPUT, "libxgboost, %s: %.*s", doing, (int)length, why);
}

static void be_silent(const char *message UNUSED)
{
}

static void *open_library(const char **tried)
{
    static const char *const names[] = {"libxgboost.so.0", "libxgboost.so.3", "libxgboost.so"};
    const char *chosen = getenv("ASSAY_LIBXGBOOST");
    *tried = chosen != NULL ? chosen : "libxgboost.so.0, libxgboost.so.3, libxgboost.so";
    if (chosen != NULL)
        return dlopen(chosen, RTLD_NOW | RTLD_LOCAL);
    void *library = NULL;
    for (size_t i = 0; i < LENGTH_OF(names) && library == NULL; i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    return library;
}

bool xgb_open(struct xgb *xgb, struct err *err)
{
    const char *tried;
    void *library = open_library(&tried);
    if (library == NULL)
        return err_set(err, ERR_UNAVAILABLE,
                       "training needs libxgboost, and %s cannot be opened (%s); install the "
                       "package libxgboost0, or name the library in ASSAY_LIBXGBOOST",
                       tried, dlerror());
#define FUNCTION(name)                                                                             \
    *(void **)&api.name = dlsym(library, "XG" #name);                                              \
    if (api.name == NULL)                                                                          \
        return err_set(err, ERR_UNAVAILABLE, "%s has no XG" #name ": it is older than 1.7", tried);
    FUNCTIONS
#undef FUNCTION
    api.BRegisterLogCallback(be_silent);
    *xgb = (struct xgb){.library = library};
    api.BoostVersion(&xgb->version[0], &xgb->version[1], &xgb->version[2]);
    return true;
}

bool xgb_matrix_open(struct xgb_matrix *matrix, const float *value, size_t rows, size_t width,
                     const float *label, struct err *err)
{
    char array[256];
    snprintf(array, sizeof array,
             "{\"data\":[%zu,true],\"shape\":[%zu,%zu],\"typestr\":\"<f4\",\"version\":3}",
             (size_t)(uintptr_t)value, rows, width);
    DMatrixHandle handle;
    if (api.DMatrixCreateFromDense(array, "{\"missing\":NaN,\"nthread\":1}", &handle) != 0)
        return failed("taking the rows", err);
    *matrix = (struct xgb_matrix){.handle = handle, .rows = rows};
    if (api.DMatrixSetFloatInfo(handle, "label", label, rows) != 0) {
        xgb_matrix_close(matrix);
        return failed("taking the labels", err);
    }
    return true;
}

void xgb_matrix_close(struct xgb_matrix *matrix)
{
    if (matrix->handle != NULL)
        api.DMatrixFree(matrix->handle);
    *matrix = (struct xgb_matrix){0};
}

bool xgb_booster_open(struct xgb_booster *booster, const struct xgb_matrix *matrix, size_t count,
                      const struct parameters *parameters, struct err *err)
{
    enum { MATRICES_MAX = 4 };
    DMatrixHandle handles[MATRICES_MAX];
    assert(count <= MATRICES_MAX);
    for (size_t i = 0; i < count; i++)
        handles[i] = matrix[i].handle;
    BoosterHandle handle;
    if (api.BoosterCreate(handles, count, &handle) != 0)
        return failed("making a booster", err);
    *booster = (struct xgb_booster){.handle = handle};
    for (size_t i = 0; i < parameters->count; i++) {
        char name[65], value[4097]; /* as train/parameters.def bounds them */
        snprintf(name, sizeof name, "%.*s", (int)parameters->item[i].name.length,
                 parameters->item[i].name.text);
        snprintf(value, sizeof value, "%.*s", (int)parameters->item[i].value.length,
                 parameters->item[i].value.text);
        if (api.BoosterSetParam(handle, name, value) != 0) {
            xgb_booster_close(booster);
            return failed(name, err);
        }
    }
    return true;
}

void xgb_booster_close(struct xgb_booster *booster)
{
    if (booster->handle != NULL)
        api.BoosterFree(booster->handle);
    *booster = (struct xgb_booster){0};
}

bool xgb_booster_round(struct xgb_booster *booster, int round, const struct xgb_matrix *train,
                       struct err *err)
{
    return api.BoosterUpdateOneIter(booster->handle, round, train->handle) == 0 ||
           failed("training", err);
}

bool xgb_booster_scores(struct xgb_booster *booster, const struct xgb_matrix *matrix,
                        const float **out, struct err *err)
{
    static const char config[] = "{\"type\":0,\"training\":false,\"iteration_begin\":0,"
                                 "\"iteration_end\":0,\"strict_shape\":false}";
    const bst_ulong *shape;
    bst_ulong dimensions;
    if (api.BoosterPredictFromDMatrix(booster->handle, matrix->handle, config, &shape, &dimensions,
                                      out) != 0)
        return failed("scoring a fold", err);
    assert(dimensions >= 1 && shape[0] == matrix->rows);
    return true;
}

bool xgb_booster_name_features(struct xgb_booster *booster, const struct view *name, size_t count,
                               struct arena *arena, struct err *err)
{
    const char **names = arena_new(arena, const char *, count);
    if (names == NULL)
        return err_set(err, ERR_LIMIT, "the feature names do not fit the memory limit");
    for (size_t i = 0; i < count; i++) {
        names[i] = view_copy(name[i], arena);
        if (names[i] == NULL)
            return err_set(err, ERR_LIMIT, "the feature names do not fit the memory limit");
    }
    return api.BoosterSetStrFeatureInfo(booster->handle, "feature_name", names, count) == 0 ||
           failed("naming the features", err);
}

bool xgb_booster_save(struct xgb_booster *booster, struct view *out, struct err *err)
{
    bst_ulong size;
    const char *bytes;
    if (api.BoosterSaveModelToBuffer(booster->handle, "{\"format\":\"ubj\"}", &size, &bytes) != 0)
        return failed("saving the model", err);
    *out = (struct view){bytes, size};
    return true;
}
