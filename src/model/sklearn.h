/*
 * sklearn: what a pickle of scikit-learn's holds, as an imported model.
 *
 * A pickle may be a model, a pipeline of a StandardScaler and a model, a search
 * that found one, or a dict of a team's own with such things in it. XGBoost's
 * estimators may stand where scikit-learn's do. Anything else where a model is
 * due is refused by its class's name.
 *
 *     const struct pickle *root;
 *     struct imported model = {.threshold = NAN};
 *     if (!pickle_read(bytes, arena, &root, err) ||
 *         !sklearn_read(root, bytes.length, arena, &model, err))
 *         ...
 */
#ifndef MODEL_SKLEARN_H
#define MODEL_SKLEARN_H

#include "model/import.h"
#include "model/pickle.h"

bool sklearn_read(const struct pickle *root, size_t file_size, struct arena *arena,
                  struct imported *out, struct err *err);

/* A scaler, or a threshold; or, one level down in an object of an unknown class or in a dict,
 * either. A number is a threshold when the name it goes by says so: `name`, or its key. */
bool sklearn_companion(const struct pickle *root, struct view name, struct arena *arena,
                       struct imported *model, struct err *err);

#endif
