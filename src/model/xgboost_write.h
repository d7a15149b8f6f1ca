/*
 * xgboost_write: a forest as a file that XGBoost reads, and model/xgboost.h.
 *
 *     struct text text = text_in_arena(&arena);
 *     if (!xgboost_write(&forest, XGBOOST_UBJ, &text, &err))
 *         ...
 *
 * XGBoost 1.7 to 3.2 read it and give our margins, bit for bit; reading it back
 * gives the same forest. The schema is that of 1.7, and of 3.1 for the one thing
 * 1.7 cannot say: the names of categories. What differs from the file a forest
 * came from: DART is written as gbtree, because its weights are in the leaves
 * already; every round has one tree; trees are numbered breadth first.
 *
 * A forest that sums doubles (forest.weight) has one more list per tree,
 * "leaf_weights_float64_bits": each node's double as two whole numbers of 32
 * bits, the high half first. XGBoost steps over it and sums the rounded floats
 * of split_conditions, so its margins are close, and those of model/xgboost.h
 * are equal.
 */
#ifndef MODEL_XGBOOST_WRITE_H
#define MODEL_XGBOOST_WRITE_H

#include "base/err.h"
#include "base/text.h"
#include "model/forest.h"

enum xgboost_format { XGBOOST_JSON, XGBOOST_UBJ };

/* "xgboost-json" or "xgboost-ubj"; false: neither. */
bool xgboost_format_find(struct view name, enum xgboost_format *out);

/* The list of doubles; model/xgboost_tree.h reads it. */
#define XGBOOST_DOUBLES_KEY "leaf_weights_float64_bits"

/* Appends to `out`. ERR_LIMIT: it does not fit. */
bool xgboost_write(const struct forest *forest, enum xgboost_format format, struct text *out,
                   struct err *err);

#endif
