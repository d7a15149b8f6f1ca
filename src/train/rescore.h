/*
 * rescore: what a bundle says of rows that were read by somebody else's schema.
 *
 * The champion and its challenger must meet on the same rows, but the champion has columns,
 * categories and features of its own. Each cell is given to its schema anew, by column name.
 */
#ifndef TRAIN_RESCORE_H
#define TRAIN_RESCORE_H

#include "model/bundle.h"
#include "train/prepared.h"

/* score[i] is of row[i] of the past's table. ERR_INPUT names the column or the line that the
 * bundle cannot read. */
bool rescore(const struct bundle *bundle, const struct prepared *prepared, const uint32_t *row,
             size_t count, float *score, struct arena *arena, struct err *err);

#endif
