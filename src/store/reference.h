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

/* The next row that trained nothing, scored as it would be now; true while there is one. Of what it
 * has learnt a model is surer. */
struct held_out {
    const float *value;
    float score;
    bool label;
    bool fraud;  /* is it called one */
    size_t next; /* begins at 0 */
};
bool reference_next_held_out(const struct reference *reference, const struct bundle *bundle,
                             struct held_out *row);

#endif
