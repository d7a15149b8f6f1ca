/*
 * adopt: a bundle around a forest that was trained elsewhere.
 *
 * A forest says what it reads: names, types, sometimes the categories behind
 * the codes. That becomes a schema and a plan that passes each column through,
 * or standardises it when a scaler came along. Golden records are drawn, seeded,
 * around the forest's own thresholds. A forest that is not XGBoost's is sealed in
 * XGBoost's format, its doubles beside (model/xgboost_write.h).
 *
 *     struct imported model;
 *     struct adoption adoption = {.project = name, .threshold = 0.5F};
 *     if (!import_read(bytes, &arena, &model, &err) ||
 *         !adopt_imported(&adoption, &model, &arena, &file, &err))
 *         ...
 */
#ifndef MODEL_ADOPT_H
#define MODEL_ADOPT_H

#include "model/bundle.h"
#include "model/import.h"

struct adoption {
    struct view model; /* XGBoost JSON or UBJ; adopt_imported has its own */
    struct view project;
    const struct view *name; /* of the features, when the model has none or other ones; or NULL */
    size_t name_count;
    bool allow_missing; /* features may be absent: they are NaN to the forest */
    float threshold;
};

/* The bundle's bytes, in the arena. */
bool adopt_model(const struct adoption *adoption, struct arena *arena, struct view *out,
                 struct err *err);
bool adopt_imported(const struct adoption *adoption, const struct imported *imported,
                    struct arena *arena, struct view *out, struct err *err);

#endif
