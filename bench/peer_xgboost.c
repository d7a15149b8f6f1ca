/*
 * XGBoost, any release: configuration, matrix description and single-row matrices made beforehand,
 * one thread. Margins are predicted in place, without a DMatrix.
 */
#include "contender.h"

#include <xgboost/c_api.h>

#define CALLS(CALL)                                                                                \
    CALL(XGBoostVersion)                                                                           \
    CALL(XGBGetLastError)                                                                          \
    CALL(XGDMatrixCreateFromDense)                                                                 \
    CALL(XGDMatrixFree)                                                                            \
    CALL(XGBoosterCreate)                                                                          \
    CALL(XGBoosterFree)                                                                            \
    CALL(XGBoosterSetParam)                                                                        \
    CALL(XGBoosterLoadModel)                                                                       \
    CALL(XGBoosterPredictFromDMatrix)                                                              \
    CALL(XGBoosterPredictFromDense)

enum { INTERFACE_SIZE = 256 };

static const char margin_config[] = "{\"type\":1,\"training\":false,\"iteration_begin\":0,"
                                    "\"iteration_end\":0,\"strict_shape\":false,\"cache_id\":0,"
                                    "\"missing\":NaN}";
static const char contribs_config[] = "{\"type\":2,\"training\":false,\"iteration_begin\":0,"
                                      "\"iteration_end\":0,\"strict_shape\":false}";

struct xgboost {
#define CALL(name) typeof(&name) name;
    CALLS(CALL)
#undef CALL
    BoosterHandle booster;
    const struct table *table;
    float *row; /* the one that `interface` describes */
    char interface[INTERFACE_SIZE];
    DMatrixHandle *matrix; /* of one row each */
    size_t matrix_count;
    char version[32];
};

#define MUST(call)                                                                                 \
    do {                                                                                           \
        if (self->call != 0)                                                                       \
            die("%s: %s", #call, self->XGBGetLastError());                                         \
    } while (0)

static void describe(const float *rows, size_t count, size_t columns, char out[INTERFACE_SIZE])
{
    snprintf(out, INTERFACE_SIZE,
             "{\"data\":[%zu,true],\"shape\":[%zu,%zu],\"typestr\":\"<f4\",\"version\":3}",
             (size_t)rows, count, columns);
}

static void set_threads(void *opaque, int count)
{
    struct xgboost *self = opaque;
    char text[16];
    snprintf(text, sizeof text, "%d", count);
    MUST(XGBoosterSetParam(self->booster, "nthread", text));
}

static void *open_model(const struct contender *contender)
{
    struct xgboost *self = room_for(sizeof *self, 1);
    void *library = library_open(contender->library);
#define CALL(name) library_find(library, #name, &self->name);
    CALLS(CALL)
#undef CALL
    int major, minor, patch;
    self->XGBoostVersion(&major, &minor, &patch);
    snprintf(self->version, sizeof self->version, "%d.%d.%d", major, minor, patch);
    MUST(XGBoosterCreate(NULL, 0, &self->booster));
    set_threads(self, 1);
    MUST(XGBoosterLoadModel(self->booster, contender->model));
    set_threads(self, 1);
    self->table = contender->table;
    self->row = room_for(sizeof(float), self->table->columns);
    describe(self->row, 1, self->table->columns, self->interface);
    return self;
}

static void close_model(void *opaque)
{
    struct xgboost *self = opaque;
    for (size_t i = 0; i < self->matrix_count; i++)
        self->XGDMatrixFree(self->matrix[i]);
    self->XGBoosterFree(self->booster);
    free(self->matrix);
    free(self->row);
    free(self);
}

static const float *predict_dense(struct xgboost *self, const char *interface, size_t count)
{
    const bst_ulong *shape;
    bst_ulong dimensions;
    const float *result;
    MUST(XGBoosterPredictFromDense(self->booster, interface, margin_config, NULL, &shape,
                                   &dimensions, &result));
    if (shape[0] != count)
        die("XGBoost predicted %zu rows, not %zu", (size_t)shape[0], count);
    return result;
}

static float one(void *opaque, const float *row)
{
    struct xgboost *self = opaque;
    memcpy(self->row, row, self->table->columns * sizeof *row);
    return *predict_dense(self, self->interface, 1);
}

static void many(void *opaque, const float *rows, size_t count, float *out)
{
    struct xgboost *self = opaque;
    char interface[INTERFACE_SIZE];
    describe(rows, count, self->table->columns, interface);
    memcpy(out, predict_dense(self, interface, count), count * sizeof *out);
}

static DMatrixHandle matrix_of(struct xgboost *self, const float *rows, size_t count)
{
    char interface[INTERFACE_SIZE];
    DMatrixHandle matrix;
    describe(rows, count, self->table->columns, interface);
    MUST(XGDMatrixCreateFromDense(interface, "{\"missing\":NaN,\"nthread\":1}", &matrix));
    return matrix;
}

static void ready(void *opaque, size_t rows)
{
    struct xgboost *self = opaque;
    self->matrix = room_for(sizeof *self->matrix, rows);
    for (; self->matrix_count < rows; self->matrix_count++)
        self->matrix[self->matrix_count] =
            matrix_of(self, self->table->value + self->matrix_count * self->table->columns, 1);
}

static void contribs(struct xgboost *self, DMatrixHandle matrix, size_t count, double *phi)
{
    const bst_ulong *shape;
    bst_ulong dimensions;
    const float *result;
    MUST(XGBoosterPredictFromDMatrix(self->booster, matrix, contribs_config, &shape, &dimensions,
                                     &result));
    size_t width = self->table->columns + 1;
    if (dimensions != 2 || shape[0] != count || shape[1] != width)
        die("XGBoost's contributions have another shape");
    for (size_t i = 0; i < count * width; i++)
        phi[i] = (double)result[i];
}

static void explain(void *opaque, size_t row, double *phi)
{
    struct xgboost *self = opaque;
    contribs(self, self->matrix[row], 1, phi);
}

static void explain_rows(void *opaque, const float *rows, size_t count, double *phi)
{
    struct xgboost *self = opaque;
    DMatrixHandle matrix = matrix_of(self, rows, count);
    contribs(self, matrix, count, phi);
    self->XGDMatrixFree(matrix);
}

static const char *about(const void *opaque)
{
    const struct xgboost *self = opaque;
    return self->version;
}

const struct contender_kind kind_xgboost = {
    .name = "xgboost",
    .open = open_model,
    .close = close_model,
    .margin = one,
    .margins = many,
    .ready = ready,
    .explain = explain,
    .explain_rows = explain_rows,
    .threads = set_threads,
    .about = about,
};
