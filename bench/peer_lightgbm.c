/*
 * LightGBM: its fast single row, set up beforehand, and its predictions of a matrix.
 *
 * Its package comes without the header of its C interface; what is called is declared here.
 */
#include "contender.h"

enum { FLOAT32 = 0, RAW_SCORE = 1, CONTRIBUTIONS = 3, ALL_TREES = -1 };

struct lightgbm {
    const char *(*last_error)(void);
    int (*create)(const char *path, int *iterations, void **booster);
    int (*free_booster)(void *booster);
    int (*predict)(void *booster, const void *data, int type, int32_t rows, int32_t columns,
                   int row_major, int what, int first, int count, const char *parameters,
                   int64_t *out_count, double *out);
    int (*fast_init)(void *booster, int what, int first, int count, int type, int32_t columns,
                     const char *parameters, void **fast);
    int (*fast)(void *fast, const void *row, int64_t *out_count, double *out);
    int (*fast_free)(void *fast);
    void *booster, *margin_fast, *explain_fast;
    const struct table *table;
    double *out; /* for every row of the table */
};

static const char parameters[] = "num_threads=1 verbosity=-1";

static void must(const struct lightgbm *self, int status)
{
    if (status != 0)
        die("LightGBM: %s", self->last_error());
}

static void *open_model(const struct contender *contender)
{
    struct lightgbm *self = room_for(sizeof *self, 1);
    void *library = library_open(contender->library);
    library_find(library, "LGBM_GetLastError", &self->last_error);
    library_find(library, "LGBM_BoosterCreateFromModelfile", &self->create);
    library_find(library, "LGBM_BoosterFree", &self->free_booster);
    library_find(library, "LGBM_BoosterPredictForMat", &self->predict);
    library_find(library, "LGBM_BoosterPredictForMatSingleRowFastInit", &self->fast_init);
    library_find(library, "LGBM_BoosterPredictForMatSingleRowFast", &self->fast);
    library_find(library, "LGBM_FastConfigFree", &self->fast_free);
    self->table = contender->table;
    int iterations;
    int32_t columns = (int32_t)self->table->columns;
    must(self, self->create(contender->model, &iterations, &self->booster));
    must(self, self->fast_init(self->booster, RAW_SCORE, 0, ALL_TREES, FLOAT32, columns, parameters,
                               &self->margin_fast));
    must(self, self->fast_init(self->booster, CONTRIBUTIONS, 0, ALL_TREES, FLOAT32, columns,
                               parameters, &self->explain_fast));
    return self;
}

static void close_model(void *opaque)
{
    struct lightgbm *self = opaque;
    self->fast_free(self->margin_fast);
    self->fast_free(self->explain_fast);
    self->free_booster(self->booster);
    free(self->out);
    free(self);
}

static float one(void *opaque, const float *row)
{
    struct lightgbm *self = opaque;
    int64_t count;
    double margin;
    must(self, self->fast(self->margin_fast, row, &count, &margin));
    return (float)margin;
}

static void predict(struct lightgbm *self, int what, const float *rows, size_t count, double *out)
{
    int64_t written;
    must(self,
         self->predict(self->booster, rows, FLOAT32, (int32_t)count, (int32_t)self->table->columns,
                       1, what, 0, ALL_TREES, parameters, &written, out));
}

static void many(void *opaque, const float *rows, size_t count, float *out)
{
    struct lightgbm *self = opaque;
    if (self->out == NULL)
        self->out = room_for(sizeof *self->out, self->table->rows);
    predict(self, RAW_SCORE, rows, count, self->out);
    for (size_t i = 0; i < count; i++)
        out[i] = (float)self->out[i];
}

static void explain(void *opaque, size_t row, double *phi)
{
    struct lightgbm *self = opaque;
    int64_t count;
    must(self, self->fast(self->explain_fast, self->table->value + row * self->table->columns,
                          &count, phi));
}

static void explain_rows(void *opaque, const float *rows, size_t count, double *phi)
{
    predict(opaque, CONTRIBUTIONS, rows, count, phi);
}

const struct contender_kind kind_lightgbm = {
    .name = "lightgbm",
    .open = open_model,
    .close = close_model,
    .margin = one,
    .margins = many,
    .explain = explain,
    .explain_rows = explain_rows,
};
