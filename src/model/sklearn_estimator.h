/*
 * sklearn_estimator: scikit-learn's tree models, each as a forest with the same scores.
 *
 * What a class's `predict_proba` or `predict` does to the values of its trees
 * is done to them once, here: means become divided leaves, a learning rate is
 * multiplied in, the first prediction is added to the first tree's leaves.
 * Weights stay doubles and are summed in the trees' order, as scikit-learn does.
 */
#ifndef MODEL_SKLEARN_ESTIMATOR_H
#define MODEL_SKLEARN_ESTIMATOR_H

#include "model/import.h"
#include "model/sklearn_tree.h"

struct estimator_reading {
    const struct pickle *model;
    struct arena *arena, *scratch;
    struct grove grove;
    struct sklearn_source source;
    bool probability;     /* the sum is a log-odds */
    bool refuses_missing; /* the class does, whatever its trees can */
    const struct view *feature_type;
};

struct estimator {
    const char *package, *name;
    bool classifier;
    bool (*read)(struct estimator_reading *reading, bool classifier, struct err *err);
};

const struct estimator *estimator_find(const struct pickle *value); /* NULL: not one of them */

/* `file_size` bounds what the trees can be. Fills out's forest and missing_refused. */
bool estimator_read(const struct estimator *estimator, const struct pickle *model, size_t file_size,
                    struct arena *arena, struct imported *out, struct err *err);

/* Of an object of scikit-learn's: 102 for 1.2.1; 0: it does not say. */
unsigned estimator_version(const struct pickle *model);

/* feature_names_in_ in the arena, which must be `count`; NULL when there are none. */
bool estimator_names(const struct pickle *object, size_t count, struct arena *arena,
                     const struct view **out, struct err *err);

#endif
