/*
 * adopt: a bundle around a forest that was trained elsewhere.
 *
 * A forest says what it reads: names, types, sometimes the categories behind
 * the codes. That becomes a schema and a plan that passes each column through.
 * Golden records are drawn, seeded, around the forest's own thresholds.
 */
#ifndef MODEL_ADOPT_H
#define MODEL_ADOPT_H

#include "model/bundle.h"

struct adoption {
    struct view model; /* XGBoost JSON or UBJ */
    struct view project;
    const struct view *name; /* of the features, when the model has none or other ones; or NULL */
    size_t name_count;
    bool allow_missing; /* features may be absent: they are NaN to the forest */
    float threshold;
};

/* The bundle's bytes, in the arena. */
bool adopt_model(const struct adoption *adoption, struct arena *arena, struct view *out,
                 struct err *err);

#endif
