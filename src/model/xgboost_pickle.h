/*
 * xgboost_pickle: the model inside a pickled XGBoost booster or estimator.
 *
 * A Booster's state keeps what libxgboost serialised: JSON or UBJ with the
 * model under "Model" and the settings of the session beside it. The model's
 * part is what model/xgboost.h reads, byte for byte what save_model writes.
 */
#ifndef MODEL_XGBOOST_PICKLE_H
#define MODEL_XGBOOST_PICKLE_H

#include "model/pickle.h"

bool xgboost_pickle_is(const struct pickle *value);

/* `out`: a view into the pickle's bytes. `trees`: how many of them its predict() uses; SIZE_MAX:
 * all. The arena's limit bounds the work; nothing is kept in it. */
bool xgboost_pickle_bytes(const struct pickle *value, struct arena *arena, struct view *out,
                          size_t *trees, struct err *err);

/* The same of a file that save_model wrote: fewer than all when an estimator wrote it. */
size_t xgboost_trees_used(struct view model, struct arena *arena);

#endif
