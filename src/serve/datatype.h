/*
 * datatype: what the values of a tensor may be, by the Open Inference Protocol's names.
 *
 * A null is a missing value, whatever the datatype.
 */
#ifndef SERVE_DATATYPE_H
#define SERVE_DATATYPE_H

#include "base/scan.h"
#include "data/schema.h"

enum datatype_family { FAMILY_BOOL, FAMILY_WHOLE, FAMILY_REAL, FAMILY_BYTES };

struct datatype {
    const char *name; /* "FP32" */
    enum datatype_family family;
    double min, max; /* FAMILY_WHOLE; 2^63 and 2^64 are past the last one, but no double between */
};

const struct datatype *datatype_find(struct view name); /* or NULL */

/* The name of the one that a column's tensor is best sent as. */
const char *datatype_of_column(const struct column *column);

bool datatype_takes(const struct datatype *type, const struct token *value);

/* Its values, as JSON Schema. */
const char *datatype_schema(const struct datatype *type);

#endif
