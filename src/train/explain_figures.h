/*
 * explain_figures: what a report draws of the model's contributions over the test slice.
 *
 *     quantiles            of each feature's, and each column's, contributions
 *     partial_dependence   the mean score when a feature is set to each value of a grid, as
 *                          scikit-learn's brute method has it: of the features that matter most
 *     beeswarm             of the same, by row: where the value stands among all, and its
 * contribution
 *
 * All of it is of a bounded number of rows at even distances, which the figures state.
 */
#ifndef TRAIN_EXPLAIN_FIGURES_H
#define TRAIN_EXPLAIN_FIGURES_H

#include "base/json.h"
#include "feature/plan.h"
#include "model/engine.h"
#include "model/shap.h"

enum {
    DEPENDENCE_FEATURES = 10,
    DEPENDENCE_ROWS = 1000,
    DEPENDENCE_GRID = 20,
    BEESWARM_FEATURES = 15,
    BEESWARM_ROWS = 300,
    QUANTILE_ROWS = 2000,
};

struct explained {
    const struct plan *plan;
    const struct engine *engine;
    const struct explainer *explainer;
    const float *matrix; /* the slice: rows of plan->width floats */
    size_t rows;
    size_t sampled;    /* rows explained here, numbered i x rows / sampled */
    double *phi;       /* by sampled row and feature */
    double *of_column; /* by sampled row and column of the schema */
};

bool explained_init(struct explained *explained, struct arena *arena, struct err *err);

/* "quantiles" of one feature's or column's contributions, into its object. */
bool explained_write_quantiles(const struct explained *explained, bool column, size_t index,
                               struct json *json, struct arena *arena, struct err *err);

/* `feature`: the ones that matter most, the largest first. */
bool explained_write_dependence(const struct explained *explained, const uint32_t *feature,
                                size_t count, struct json *json, struct arena *arena,
                                struct err *err);
bool explained_write_beeswarm(const struct explained *explained, const uint32_t *feature,
                              size_t count, struct json *json, struct arena *arena,
                              struct err *err);

#endif
