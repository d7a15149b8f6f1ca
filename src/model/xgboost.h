/*
 * xgboost: a forest out of a model XGBoost has saved, as JSON or as UBJ.
 *
 *     CLEANUP(arena_release) struct arena arena = {.limit = 1 << 30};
 *     struct forest forest;
 *     if (!xgboost_parse(bytes, &arena, &forest, &err))
 *         ...                           "learner: gradient_booster: model: trees: tree 3: node 7:
 * ..."
 *
 * It takes what XGBoost 1.0 to 3.x writes for one output: booster gbtree or
 * dart, numerical and categorical splits, the objectives of
 * model/objectives.def, base_score in its three spellings. What it cannot score
 * with XGBoost's own bits it refuses by name: other boosters and objectives,
 * several classes or targets, leaves with several values, a newer major version.
 *
 * A file of model/xgboost_write.h may hold a double for each leaf beside its float; such a forest
 * sums doubles.
 *
 * All trees are kept: an attribute best_iteration, which Python's estimators
 * obey and XGBoost's own predictor does not, is not looked at. Slice the model
 * before saving to score with fewer.
 *
 * Models come from outside and are distrusted: XGBoost's own loader crashes on
 * damaged ones. Every length, index and count is checked here, each node is
 * reached exactly once, no number is NaN, keys that matter come once; unknown
 * keys are stepped over. Time and memory are bounded by the size of the bytes
 * and by the arena: while it works, the parse takes up to the arena's limit once more, and gives it
 * back. ERR_MODEL: damaged or unsupported; ERR_LIMIT: past a ceiling
 * of model/forest.h or of the arena. The forest keeps nothing of `bytes`.
 */
#ifndef MODEL_XGBOOST_H
#define MODEL_XGBOOST_H

#include "base/err.h"
#include "model/forest.h"

/* How the file is spelled, by its first bytes; JSON when neither. */
bool xgboost_is_json(struct view bytes);

bool xgboost_parse(struct view bytes, struct arena *arena, struct forest *out, struct err *err);

#endif
