/*
 * job: what the worker is to train, as a JSON file both processes read.
 *
 * The worker reads the prepared arrays from `prepared`, writes model.ubj and
 * training.json into `out`, and says how far it is, a JSON line each:
 *
 *     {"text":"cross-validation","done":12,"total":200}
 *     {"error":"libxgboost, training: ...","kind":3}
 */
#ifndef TRAIN_JOB_H
#define TRAIN_JOB_H

#include "base/doc.h"
#include "base/json.h"
#include "train/parameter.h"

struct job {
    struct view prepared, out; /* directories */
    struct view fold_dir;      /* where folds.npy is; empty: in `prepared` */
    struct view metric;        /* what the folds watch: auc, aucpr, logloss */
    size_t rounds, early_stopping, folds;
    bool folds_alone; /* judge the folds and train no model; folds may share rows then */
    struct parameters parameters;
    const struct view *feature_name; /* of the matrix's columns */
    size_t feature_count;
};

void job_write(const struct job *job, struct json *json);
bool job_read(struct job *job, const struct doc *doc, struct arena *arena, struct err *err);

#endif
