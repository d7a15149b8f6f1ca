/*
 * selection: what SAGEMAKER_INFERENCE_OUTPUT makes SageMaker's XGBoost container answer.
 *
 *     SAGEMAKER_INFERENCE_OUTPUT=predicted_label,probabilities
 *     {"predictions":[{"predicted_label":1,"probabilities":[0.4,0.6]}]}
 *
 * The words mean what they mean there for binary:logistic, where a raw score is the probability as
 * well; predicted_label is by the model's own threshold, which is 0.5 there.
 */
#ifndef SERVE_SELECTION_H
#define SERVE_SELECTION_H

#include "base/err.h"
#include "base/json.h"

enum selected {
    SELECTED_PREDICTED_LABEL,
    SELECTED_LABELS,
    SELECTED_PROBABILITY,
    SELECTED_PROBABILITIES,
    SELECTED_RAW_SCORE,
    SELECTED_RAW_SCORES,
    SELECTED_PREDICTED_SCORE,
    SELECTIONS,
};

struct selection {
    enum selected wanted[SELECTIONS]; /* in the order they were asked for */
    size_t count;                     /* 0: nothing was selected, answers are our own */
};

/* Words with commas between; case and spaces do not matter. ERR_USAGE. */
bool selection_read(struct view text, struct selection *out, struct err *err);

/* One row, as an object. */
void selection_add(const struct selection *selection, float score, bool fraud, struct json *json);
/* As a line of CSV, lists as quoted cells. */
void selection_add_line(const struct selection *selection, float score, bool fraud,
                        struct text *text);

#endif
