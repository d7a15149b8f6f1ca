/*
 * evaluation: what a model is worth, as figures that each know how they were come by.
 *
 * The evaluate step scores the validation and the test slice, lets the validation slice choose the
 * threshold and the calibrator, and writes every row of train/figures.def into evaluation.json. A
 * figure adds its members to the object that is open. What is measured on a slice stands in an
 * object with the slice's name, rows, frauds, digest and the threshold.
 */
#ifndef TRAIN_EVALUATION_H
#define TRAIN_EVALUATION_H

#include "base/json.h"
#include "measure/cost.h"
#include "measure/interval.h"
#include "model/policy.h"
#include "train/scored.h"

enum threshold_rule { RULE_FIXED, RULE_BEST_F1, RULE_LEAST_COST, RULE_BUDGET };

struct evaluation {
    struct pipeline *pipeline;
    struct arena *arena;
    struct trained model;
    struct beside beside;
    struct scored validation, test;

    enum threshold_rule rule;
    struct policy policy;
    double f1_on_validation;    /* RULE_BEST_F1 */
    const char *not_calibrated; /* why there is no calibrator; NULL: there is one */

    bool has_costs;
    struct cost_matrix costs;
    size_t alarms; /* of the budget; 0: none is said */
};

struct figure {
    const char *name;
    bool (*write)(struct evaluation *evaluation, struct json *json, struct err *err);
};

#define FIGURE(name) extern const struct figure figure_##name;
#include "train/figures.def"
#undef FIGURE

/* "slice", "rows", "frauds", "sha256", "threshold": where the figures beside them come from; with
 * evaluation.weight also "weighted_by", "weight" and "fraud_weight", and only rows that weigh
 * count.
 */
void write_origin(const struct evaluation *evaluation, const struct scored *scored,
                  struct json *json);

/* Says which members of the open object look at rows, not at their weights: "unweighted", a list;
 * the names end with NULL. Nothing where there are no weights. */
void write_unweighted(const struct evaluation *evaluation, const char *const *names,
                      struct json *json);

/* The metrics of some rows with the confusion matrix, in SageMaker's layout. `interval` may be
 * NULL; otherwise it is by metric, and NaN where there is none. */
void write_metrics(const struct ranking *ranking, float threshold, const struct interval *interval,
                   struct json *json);

#endif
