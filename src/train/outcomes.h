/*
 * outcomes: what a bundle's policy says will be done about its scores, from assay.yaml
 * (decision.*) and the validation slice.
 */
#ifndef TRAIN_OUTCOMES_H
#define TRAIN_OUTCOMES_H

#include "train/evaluation.h"

/* The settings by themselves. */
bool outcomes_check(const struct config *config, bool has_costs, struct err *err);

/* After the threshold and the calibrator: fills the rest of the policy. */
bool outcomes_fill(struct evaluation *e, struct err *err);

#endif
