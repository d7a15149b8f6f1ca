/*
 * trial: small models on the training rows, to measure what only training shows.
 *
 * Three of them, each judged by its PR-AUC on as many frauds and legitimate rows:
 *
 *     by_time     trained on what is older, less the label delay; judged on the newest quarter
 *     at_random   trained on as many rows, judged on as many, drawn from all times alike
 *     hidden      as by_time, but as if the labels of the last days before had not come in yet
 *
 * at_random far above by_time: a random split would flatter the model. hidden far below by_time: it
 * lives on fresh labels, which come late. The worker trains them (train/worker.h).
 */
#ifndef TRAIN_TRIAL_H
#define TRAIN_TRIAL_H

#include "train/leak.h"
#include "train/pipeline.h"

enum { TRIAL_ROUNDS = 50, TRIAL_FRAUDS_MIN = 50 };

struct trial {
    const char *why_not; /* NULL: it was made */
    double by_time, at_random, hidden;
    size_t frauds; /* of the newest quarter */
    double days;   /* whose labels were hidden */
};

/* Adds to the digest what a trial depends on beyond the prepared data. */
bool trial_inputs(struct pipeline *pipeline, struct digester *digester, struct err *err);

/* `dir` gets files of the worker's, which are removed again. */
bool trial_make(struct pipeline *pipeline, const struct prepared *prepared, const char *dir,
                struct arena *arena, struct trial *out, struct err *err);

/* The findings `random_gap` and `label_delay`, where they are. */
bool trial_judge(const struct trial *trial, struct leaks *leaks, struct err *err);

#endif
