/*
 * tensors: what a request of the Open Inference Protocol asks for besides its rows.
 *
 * Rows come as one tensor of [rows, features], or as a tensor of [rows] or [rows, 1] for each
 * column. They are never laid out anew: a cursor stands in each tensor's data, and a row is taken
 * by one step of each (shape_tensors.c). A null is a missing value, whatever the datatype.
 */
#ifndef SERVE_TENSORS_H
#define SERVE_TENSORS_H

#include "data/schema.h"

enum tensor_output {
    TENSOR_SCORE,
    TENSOR_LABEL,
    TENSOR_DECISION,
    TENSOR_CONTRIBUTIONS,
    TENSOR_OUTPUTS,
};

struct tensor_output_row {
    const char *name, *datatype;
};
extern const struct tensor_output_row tensor_outputs[TENSOR_OUTPUTS];

struct tensor;

struct tensors {
    struct view id;                            /* to be echoed; empty: none was sent */
    enum tensor_output wanted[TENSOR_OUTPUTS]; /* in the order asked for */
    size_t wanted_count;                       /* 0: not said */

    /* The shape's: */
    struct tensor *tensor;
    size_t count, room, rows;
};

/* The datatype that a column's tensor is best sent as. */
const char *tensor_datatype_of(const struct column *column);

#endif
