/*
 * onnx_ensemble: the trees of an ONNX TreeEnsembleClassifier or -Regressor.
 *
 * A node holds all trees as parallel lists; each entry names its tree and its
 * place in the tree. onnx_plant checks them, brings them together, and plants
 * them in a grove (model/grove.h). What stands before the ensemble, a chain of
 * Scalers, is taken into the thresholds: scaling floats keeps their order, so
 * there is one float from which on the scaled value reaches the threshold, and
 * it is looked for.
 *
 *     struct onnx_ensemble ensemble = {.node = node, .grove = {.arena = &scratch, .precise =
 * true}}; if (!onnx_plant(&ensemble, err)) ...
 *
 * ONNX keeps no counts of rows. For contributions, every leaf counts as one.
 */
#ifndef MODEL_ONNX_ENSEMBLE_H
#define MODEL_ONNX_ENSEMBLE_H

#include "model/grove.h"
#include "model/onnx_proto.h"

enum { ONNX_SCALERS_MAX = 8 };

/* (x - offset) * scale, in floats; one of each for all features, or one by feature. */
struct onnx_scaler {
    const double *offset, *scale;
    size_t offset_count, scale_count;
};

struct onnx_ensemble {
    const struct onnx_node *node;
    struct onnx_scaler scaler[ONNX_SCALERS_MAX]; /* the first one is applied first */
    size_t scaler_count;

    struct grove grove;
    bool sigmoid; /* the sum is a logit; else it is the score itself */
};

bool onnx_plant(struct onnx_ensemble *ensemble, struct err *err);

#endif
