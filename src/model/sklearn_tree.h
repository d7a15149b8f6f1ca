/*
 * sklearn_tree: scikit-learn's two kinds of trees, planted in a grove.
 *
 * sklearn.tree's Tree (forests, gradient boosting, single trees) keeps nodes
 * and values in two arrays. Thresholds are doubles that floats are compared
 * with by `<=`; grove.h's threshold_above makes that ours, exactly.
 *
 * Histogram gradient boosting's TreePredictor keeps everything in one, with
 * bit sets beside it for the splits on categories.
 */
#ifndef MODEL_SKLEARN_TREE_H
#define MODEL_SKLEARN_TREE_H

#include "model/grove.h"
#include "model/pickle.h"

/* What becomes of a node's value when it is a leaf's weight. */
struct sklearn_leaf {
    bool share;    /* two values a node: the second one's share of both; else the one there is */
    double factor; /* times */
    double base;   /* plus */
    double divide; /* through; 0: not */
};

struct sklearn_source {
    struct grove *grove;
    struct arena *scratch;
    size_t left;         /* nodes that may still come: a file holds no more than its size */
    int64_t features;    /* as the trees say it */
    bool missing_unseen; /* some tree cannot say where a missing value goes */
};

bool sklearn_plant_tree(struct sklearn_source *source, const struct pickle *tree,
                        const struct sklearn_leaf *leaf, struct err *err);

/* `known`: by feature, the codes training saw, as 256 bits; NULL where the model has no
 * categories. */
struct category_bits {
    uint32_t word[8];
};
bool sklearn_plant_predictor(struct sklearn_source *source, const struct pickle *predictor,
                             const struct category_bits *known, size_t known_count, double base,
                             struct err *err);

#endif
