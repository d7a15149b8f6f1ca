/*
 * onnx: a forest out of an ONNX file, as skl2onnx and onnxmltools write them for scikit-learn,
 * XGBoost and LightGBM.
 *
 *     struct forest forest;
 *     if (onnx_is(bytes) && !onnx_parse(bytes, &arena, &forest, &err))
 *         ...                           "the graph has a Concat, which is not supported"
 *
 * The graph is one TreeEnsembleClassifier or TreeEnsembleRegressor of ai.onnx.ml
 * (opset 1 to 3) with one input. Before it may stand Cast to a float, Identity
 * and Scaler, which is taken into the thresholds exactly; after it Identity,
 * ZipMap, Cast and a product with 1. Everything else is refused by its name, and
 * so are more than two classes, more than one target, and what runtimes disagree
 * about. The score is the probability, or the number, of the graph's second
 * output: that of the positive class.
 *
 * Weights are summed in double, where ONNX Runtime sums floats. The standard
 * keeps neither feature names nor counts of rows: contributions weigh every leaf
 * alike.
 *
 * Files come from outside and are distrusted, as in model/xgboost.h. ERR_MODEL: damaged or
 * unsupported; ERR_LIMIT: past a ceiling. The forest keeps nothing of `bytes`.
 */
#ifndef MODEL_ONNX_H
#define MODEL_ONNX_H

#include "base/err.h"
#include "model/forest.h"

bool onnx_is(struct view bytes);
bool onnx_parse(struct view bytes, struct arena *arena, struct forest *out, struct err *err);

#endif
