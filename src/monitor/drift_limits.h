/*
 * drift_limits: from which PSI a column matters, as assay.yaml has it.
 *
 *     monitor:
 *       limits:
 *         amount: {watch: 0.03, alarm: 0.1}
 *
 * What is not named there has the limits of measure/drift_judge.h; `score` names the model's score.
 */
#ifndef MONITOR_DRIFT_LIMITS_H
#define MONITOR_DRIFT_LIMITS_H

#include "data/config.h"
#include "data/schema.h"
#include "measure/drift_judge.h"

/* ERR_INPUT, with its line, for limits out of order. */
bool drift_limits_of(const struct config *config, struct view name, struct drift_limits *out,
                     struct err *err);

/* ERR_INPUT, with its line, when a name is no column of the schema: it would be heeded nowhere. */
bool drift_limits_are_named(const struct config *config, const struct schema *schema,
                            struct err *err);

#endif
