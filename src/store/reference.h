/*
 * reference: the rows of the past that a bundle carries, to compare the present with.
 *
 * train/reference.h says how they were chosen and how reference.json holds them.
 */
#ifndef STORE_REFERENCE_H
#define STORE_REFERENCE_H

#include "data/split.h"
#include "model/bundle.h"

enum { REFERENCE_FLOATS_MAX = 1 << 20 }; /* 4 MiB of rows */

struct reference {
    size_t rows, width;
    const float *value;   /* row after row */
    const uint8_t *slice; /* by row: an enum slice, never SLICE_NONE */
    const uint8_t *label; /* by row */
};

/* ERR_NOT_FOUND: the bundle has none, and how to get one that does. ERR_MODEL: they are not what
 * they should be. */
bool reference_load(struct reference *out, const struct bundle *bundle, struct arena *arena,
                    struct err *err);

#endif
