/*
 * xgb: libxgboost, opened at run time and used by its C interface. The only file that knows it.
 *
 * Only ever in the worker process (train/worker.h): the library is not
 * memory-safe on bad models and its OpenMP threads outlive a fork. Found by
 * ASSAY_LIBXGBOOST, else libxgboost.so.0, .so.3, .so; releases 1.7 to 3.x have
 * every function used here with one signature.
 */
#ifndef TRAIN_XGB_H
#define TRAIN_XGB_H

#include "train/npy.h"
#include "train/parameter.h"

struct xgb {
    void *library;
    int version[3];
};

struct xgb_matrix {
    void *handle;
    size_t rows;
};

struct xgb_booster {
    void *handle;
};

/* ERR_UNAVAILABLE says what was tried and how to install it. */
bool xgb_open(struct xgb *xgb, struct err *err);

/* `rows` x `width` floats, NaN is missing; both arrays are copied by the library. */
bool xgb_matrix_open(struct xgb_matrix *matrix, const float *value, size_t rows, size_t width,
                     const float *label, struct err *err);
void xgb_matrix_close(struct xgb_matrix *matrix);

/* Predictions for the matrices named here are kept between rounds. */
bool xgb_booster_open(struct xgb_booster *booster, const struct xgb_matrix *matrix, size_t count,
                      const struct parameters *parameters, struct err *err);
void xgb_booster_close(struct xgb_booster *booster);
bool xgb_booster_round(struct xgb_booster *booster, int round, const struct xgb_matrix *train,
                       struct err *err);
/* The library's array, until the next call; matrix->rows probabilities. */
bool xgb_booster_scores(struct xgb_booster *booster, const struct xgb_matrix *matrix,
                        const float **out, struct err *err);
bool xgb_booster_name_features(struct xgb_booster *booster, const struct view *name, size_t count,
                               struct arena *arena, struct err *err);
/* UBJ where the library writes it, which is since 1.6. The bytes are the library's. */
bool xgb_booster_save(struct xgb_booster *booster, struct view *out, struct err *err);

#endif
