/*
 * parameter: XGBoost's parameters: the user's, checked, over our defaults.
 *
 * The defaults are shallow trees without class weights, which keep calibration
 * (ARCHITECTURE.md, Choices); base_score is the training rows' share of
 * fraud, set explicitly because XGBoost 1.7 starts at 0.5 and 2.0 estimates it.
 * A forest of parallel trees takes one round of `model.rounds` trees.
 */
#ifndef TRAIN_PARAMETER_H
#define TRAIN_PARAMETER_H

#include "data/config.h"

enum { PARAMETERS_MAX = 64 };

struct parameter {
    struct view name, value;
};

struct parameters {
    struct parameter item[PARAMETERS_MAX];
    size_t count;
};

/* model.parameters of the configuration; ERR_INPUT names what is unknown or out of range. */
bool parameters_check(const struct config *config, struct err *err);

/* All that XGBoost is told, in a fixed order. */
bool parameters_resolve(const struct config *config, size_t rows, size_t positives,
                        struct arena *arena, struct parameters *out, struct err *err);

#endif
