/*
 * fit: the plan that assay.yaml asks for, learned from the training rows alone.
 *
 * plan_declare says which features there are: each input column by its type or
 * its `encode`, then the list under `features`. Columns that no feature reads
 * stop being inputs. plan_fit then learns what the transforms and imputations
 * need, from the rows `wanted` marks, once the schema's values are known.
 */
#ifndef FEATURE_FIT_H
#define FEATURE_FIT_H

#include "data/config.h"
#include "data/table.h"
#include "feature/plan.h"

enum impute { IMPUTE_NONE, IMPUTE_MEAN, IMPUTE_MEDIAN, IMPUTE_MODE, IMPUTE_CONSTANT };

/* What plan_fit is to do about missing cells, by feature. */
struct imputation {
    enum impute how;
    double constant;  /* IMPUTE_CONSTANT of a number */
    struct view text; /* IMPUTE_CONSTANT of a category */
    size_t line;      /* in assay.yaml */
};

struct declared_plan {
    struct plan plan; /* width and fits still open */
    struct imputation *imputation;
};

bool plan_declare(const struct config *config, struct schema *schema, struct arena *arena,
                  struct declared_plan *out, struct err *err);

bool plan_fit(const struct declared_plan *declared, const struct table *table,
              const uint8_t *wanted, struct arena *arena, struct plan *out, struct err *err);

#endif
