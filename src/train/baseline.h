/*
 * baseline: what the inputs looked like when the model was trained, for those who watch drift.
 *
 * Two documents in the layout of SageMaker Model Monitor, of the training rows' input columns:
 *
 *     statistics.json    by column: present and missing, mean, sum, deviation (of the population),
 * least, most, ten buckets of equal width and quantiles; or the values with their counts
 *     constraints.json   by column: its type, how complete it was, whether it is never negative,
 *                        which values it had
 *
 * Where Model Monitor has a random sketch there are order statistics at even distances, the same
 * in every run: of all values up to BASELINE_SORTED_MAX, of rows at even distances beyond.
 */
#ifndef TRAIN_BASELINE_H
#define TRAIN_BASELINE_H

#include "base/json.h"
#include "train/prepared.h"

enum {
    BASELINE_BUCKETS = 10,
    BASELINE_QUANTILES = 201, /* from the least to the most, both among them */
    BASELINE_SORTED_MAX = 200 * 1000,
    BASELINE_VALUES_MAX = 200, /* of a category; the rarest beyond are left out of the lists */
};

bool baseline_statistics(const struct prepared *prepared, struct arena *arena, struct json *json,
                         struct err *err);
bool baseline_constraints(const struct prepared *prepared, struct arena *arena, struct json *json,
                          struct err *err);

#endif
