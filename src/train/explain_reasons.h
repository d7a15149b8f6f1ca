/*
 * explain_reasons: the reasons that assay.yaml declares, as the bundle's reasons.json.
 *
 *     reasons:
 *       incident_severity: {code: R01, text: "The damage does not fit the incident"}
 *     explain: {reasons_max: 4, reasons_floor: 0.05}
 *
 * decide/reason.h says what they do.
 */
#ifndef TRAIN_EXPLAIN_REASONS_H
#define TRAIN_EXPLAIN_REASONS_H

#include "data/config.h"
#include "data/schema.h"

/* ERR_INPUT names the line of a column that the schema has not got. */
bool explain_reasons_write(const struct config *config, const struct schema *schema,
                           struct arena *arena, struct view *out, struct err *err);

#endif
