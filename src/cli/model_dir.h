/*
 * model_dir: a model out of a directory or a file, as platforms lay them down.
 *
 * In a directory the first of these is taken: model.assay (a bundle), xgboost-model (as SageMaker's
 * own container writes it), then model.json, .ubj, .txt, .onnx, .pkl and .joblib. What is not a
 * bundle is read as `assay models import` reads it, and put into one in memory.
 *
 * A directory of folds, xgboost-model-0 and so on, is refused: SageMaker's container averages their
 * probabilities, and the mean of several sigmoids is no forest's. With SAGEMAKER_INFERENCE_ENSEMBLE
 * at anything but true it takes the first fold alone, and so does this.
 */
#ifndef CLI_MODEL_DIR_H
#define CLI_MODEL_DIR_H

#include "model/bundle.h"

enum { MODEL_DIR_NAMES = 8 };
extern const char *const model_dir_names[MODEL_DIR_NAMES]; /* in the order they are looked for */

/* `project` names what names no project itself. */
bool model_dir_load(const char *path, struct view project, struct bundle *bundle, struct err *err);

/* The same below `root`, which no name and no symbolic link leads out of. */
bool model_dir_load_below(const char *root, struct view path, struct view project,
                          struct bundle *bundle, struct err *err);

/* Whether bytes are one of our own bundles, rather than a model. */
bool model_dir_is_bundle(struct view bytes);

#endif
