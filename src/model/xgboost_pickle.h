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

/* A view into the pickle's bytes. */
bool xgboost_pickle_bytes(const struct pickle *value, struct arena *arena, struct view *out,
                          struct err *err);

#endif
