/*
 * objective: where a forest's sum starts, and what turns the sum into a score.
 *
 * A row of the table says both. All of it is float arithmetic in libxgboost's
 * own order, because the scores must have its bits:
 *
 *     const struct objective *objective = objective_find(VIEW("binary:logistic"));
 *     float margin = objective->margin_of(0.5F);      where the sum starts
 *     float score = objective->score_of(margin);      where it ends
 */
#ifndef MODEL_OBJECTIVE_H
#define MODEL_OBJECTIVE_H

#include "base/view.h"

struct objective {
    const char *name; /* as XGBoost writes it */
    const char *about;
    bool probability;                     /* scores are in [0, 1] */
    float (*margin_of)(float base_score); /* not finite: base_score is impossible */
    float (*score_of)(float margin);
};

#define OBJECTIVE(name) extern const struct objective objective_##name;
#include "model/objectives.def"
#undef OBJECTIVE

extern const struct objective *const objectives[];
extern const size_t objectives_count;

const struct objective *objective_find(struct view name); /* NULL: not supported */

#endif
