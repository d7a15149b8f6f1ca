/*
 * scored: a slice's rows as the instruments want them: with the model's scores, and with what
 * assay.yaml says stands beside the features (evaluation.entity, .amount, .time, .weight).
 *
 *     struct beside beside;
 *     struct scored test;
 *     if (!beside_load(&beside, config, arena, err) ||
 *         !scored_load(&test, "test", pipeline, &model, &beside, arena, err))
 *         return false;
 *     use(&test.ranking, &test.stream);
 *
 * Columns that are not named are NULL in the stream. Everything is in the arena.
 */
#ifndef TRAIN_SCORED_H
#define TRAIN_SCORED_H

#include "measure/budget.h"
#include "model/engine.h"
#include "train/pipeline.h"
#include "train/prepared.h"

enum { SEGMENTS_MAX = 32 };

/* Columns of the past, by row of its table. */
struct beside {
    bool loaded; /* the past was needed and is in `prepared` */
    struct prepared prepared;
    const uint32_t *entity;
    const double *amount;
    const double *time_ms;
    uint32_t segment[SEGMENTS_MAX]; /* columns */
    size_t segments;
};

/* Reads the past again only when a column is named, or `past` says that it is wanted anyway.
 * ERR_INPUT names the key or the line. */
bool beside_load(struct beside *beside, const struct config *config, bool past, struct arena *arena,
                 struct err *err);
struct view
beside_time(const struct config *config); /* evaluation.time, or the split's; empty: none */

/* The model as training left it. */
struct trained {
    struct forest forest;
    struct engine engine;
};
bool trained_load(struct trained *model, const struct pipeline *pipeline, struct arena *arena,
                  struct err *err);

struct scored {
    const char *name;
    size_t count, width;
    const float *matrix;
    const uint32_t *row;  /* in the past's table */
    struct stream stream; /* scores, labels and the columns beside them */
    struct ranking ranking;
    struct digest digest; /* of the matrix, the labels, the weights if there are */
};
bool scored_load(struct scored *scored, const char *slice, const struct pipeline *pipeline,
                 const struct trained *model, const struct beside *beside, struct arena *arena,
                 struct err *err);

#endif
