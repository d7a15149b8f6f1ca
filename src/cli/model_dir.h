/*
 * model_dir: a model out of a directory or a file, as platforms lay them down.
 *
 * In a directory the first of these is taken: model.assay (a bundle), xgboost-model (as SageMaker's
 * own container writes it), then model.json, .ubj, .txt, .onnx, .pkl and .joblib. What is not a
 * bundle is read as `assay models import` reads it, and put into one in memory.
 */
#ifndef CLI_MODEL_DIR_H
#define CLI_MODEL_DIR_H

#include "model/bundle.h"

/* `project` names what names no project itself. */
bool model_dir_load(const char *path, struct view project, struct bundle *bundle, struct err *err);

/* The same below `root`, which no name and no symbolic link leads out of. */
bool model_dir_load_below(const char *root, struct view path, struct view project,
                          struct bundle *bundle, struct err *err);

/* Whether bytes are one of our own bundles, rather than a model. */
bool model_dir_is_bundle(struct view bytes);

#endif
