/*
 * declare: the schema that assay.yaml declares under `columns`.
 *
 * The label's column is never an input. An ordinal needs its order; whatever
 * else contradicts itself is refused with the line it stands on.
 */
#ifndef DATA_DECLARE_H
#define DATA_DECLARE_H

#include "data/config.h"
#include "data/schema.h"

bool declare_schema(const struct config *config, struct arena *arena, struct schema *out,
                    struct err *err);

#endif
