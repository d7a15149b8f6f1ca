/*
 * tensors: a request of the Open Inference Protocol, read up to its rows.
 *
 * Rows come as one tensor of [rows, features], or as a tensor of [rows] or [rows, 1] for each
 * column. They are never laid out anew: a cursor stands in each tensor's data, and a row is taken
 * by one step of each (shape_tensors.c).
 */
#ifndef SERVE_TENSORS_H
#define SERVE_TENSORS_H

#include "serve/datatype.h"
#include "serve/decode.h"

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

/* A tensor whose data is being read. */
struct tensor {
    struct scan scan; /* within the data's list */
    const struct datatype *type;
    size_t width; /* values a row: 1, or every feature */
    size_t column;
    bool whole;  /* it holds every feature */
    bool flat;   /* its shape has one dimension */
    bool nested; /* each row is a list of its own; known from the first on */
};

struct tensors {
    struct view id;                            /* to be echoed; empty: none was sent */
    enum tensor_output wanted[TENSOR_OUTPUTS]; /* in the order asked for */
    size_t wanted_count;                       /* 0: not said */

    /* The shape's: */
    struct tensor *tensor;
    size_t count, room, rows;
};

/* Reads a body, which decode->scan stands before, into new tensors at decode->state. Their data is
 * looked into when the rows are taken. */
bool tensors_read(struct decode *decode, struct arena *arena, struct err *err);

#endif
