/*
 * lightgbm: a forest out of a model LightGBM has saved as text.
 *
 *     struct forest forest;
 *     if (lightgbm_is(bytes) && !lightgbm_parse(bytes, &arena, &forest, &err))
 *         ...                           "tree 3: node 7: its child -9 does not exist"
 *
 * It takes what Booster.save_model, and the handle inside a pickled one, hold:
 * versions v2 to v4 (LightGBM 2.1 to 4.6) of boosting gbdt, goss, dart and rf,
 * numerical and categorical splits, every way with missing values that one
 * threshold can say. Objectives with one output: binary and cross_entropy
 * become binary:logistic; regression, its robust kin and a file without an
 * objective become reg:squarederror, a score that is the sum itself. What
 * cannot be scored alike is refused by name: several classes, objectives with
 * another link, linear leaves.
 *
 * Leaves keep their doubles. A rf's average and binary's sigmoid factor are
 * multiplied into them. LightGBM up to 2.2.2 stored probabilities in the leaves
 * of a binary rf and averaged those; such a file, a v2 whose leaves all lie in
 * [0, 1], is read so, while a later LightGBM would put its average through the
 * sigmoid once more.
 *
 * Rows are floats here and doubles there: a cell that is no float may pass a
 * threshold on the other side. A category between -1 and 0 is unknown here and
 * category 0 there.
 *
 * Files come from outside and are distrusted, as in model/xgboost.h. ERR_MODEL: damaged or
 * unsupported; ERR_LIMIT: past a ceiling. The forest keeps nothing of `bytes`.
 */
#ifndef MODEL_LIGHTGBM_H
#define MODEL_LIGHTGBM_H

#include "base/err.h"
#include "model/forest.h"

bool lightgbm_is(struct view bytes);
bool lightgbm_parse(struct view bytes, struct arena *arena, struct forest *out, struct err *err);

#endif
