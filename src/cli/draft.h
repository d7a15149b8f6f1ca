/*
 * draft: an assay.yaml out of a look at the data.
 *
 * Types are guessed from every row, and the draft says what to look at: it is
 * the user's from then on. A file that is there already is never overwritten.
 */
#ifndef CLI_DRAFT_H
#define CLI_DRAFT_H

#include "base/err.h"
#include "base/view.h"

struct draft_parameter {
    struct view name, value;
};

struct draft_options {
    const char *dir;                         /* where assay.yaml goes; made when it is not there */
    const char *from;                        /* the first CSV */
    const char *join;                        /* a second one, or NULL */
    const char *on;                          /* the key, or NULL: the one column both have */
    const char *label;                       /* or NULL: a column with a well-known name */
    const struct draft_parameter *parameter; /* XGBoost's, for model.parameters */
    size_t parameters;
};

/* What was guessed is said on `out`. */
bool draft_project(const struct draft_options *options, FILE *out, struct err *err);

/* Writes a given assay.yaml into the directory. */
bool draft_save(const char *dir, const char *yaml, struct err *err);

#endif
