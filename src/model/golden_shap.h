/*
 * golden_shap: what each feature adds to a golden record's margin, sealed and held to.
 *
 * A golden record of a bundle ends with
 *
 *     "expected": -3.1, "contributions": [[0, 0.25], [7, -1.5]]
 *
 * the margin when nothing is known and, by feature from 0, what is not 0; written by the portable
 * kernel, so that another machine seals the same bytes. Opening compares this machine's kernel with
 * them: each contribution within 1e-5, and all of them together with `expected` within 1e-6 of the
 * margin, which is summed in double for this; of margins past 1 it is a share.
 */
#ifndef MODEL_GOLDEN_SHAP_H
#define MODEL_GOLDEN_SHAP_H

#include "base/json.h"
#include "base/scan.h"
#include "model/shap.h"

struct golden_shap {
    struct explainer explainer;
    double *phi, *stated; /* by feature */
    void *scratch;
};

/* `kernel` as of explainer_build. All is in the arena. */
bool golden_shap_init(struct golden_shap *shap, const struct forest *forest, const char *kernel,
                      struct arena *arena, struct err *err);

/* The two members, into the record's object. */
void golden_shap_write(struct golden_shap *shap, const float *row, struct json *json);

/* From the value of "expected" on to the end of the list. ERR_MODEL says what differs. */
bool golden_shap_check(struct golden_shap *shap, const float *row, size_t index, struct scan *scan,
                       struct err *err);

#endif
