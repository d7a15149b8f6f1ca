/*
 * forest: the trees of one model, flat in memory and never changed, and the walk down them.
 *
 *     float margin = forest_margin(&forest, row);          one float per feature, NaN is missing
 *     float score = forest_predict(&forest, margin);
 *
 * Everything a forest points to lives in the arena it was parsed into
 * (model/xgboost.h); a copy of the struct is a second name for the same trees.
 * Any number of threads may walk it at once: nothing is written or allocated.
 *
 * The trees stand one after another in one array of nodes, each breadth first,
 * so a node's children are neighbours and come after it. At a node
 *
 *     a missing value     goes the way training chose (`missing_left`)
 *     a number            goes left when it is less than `threshold`
 *     a category's code   goes right when it is in the node's set, else left;
 *                         so do codes no set can hold: negative, or 2^24 and up.
 *                         A fraction is cut off: 2.9 is category 2
 *
 * Weights are added as floats, in tree order, onto the base margin: libxgboost
 * does so, and in any other order or width the bits differ. In a DART model
 * each weight is multiplied by its tree's once, on loading, with the same bits.
 * Forests of LightGBM and scikit-learn keep double weights, summed as doubles
 * in tree order: their margin is that sum, rounded once.
 *
 * The walk here is the plain one: what forest_margin says is right. Scoring
 * itself goes through model/engine.h, which says the same, sooner.
 */
#ifndef MODEL_FOREST_H
#define MODEL_FOREST_H

#include "model/objective.h"

/* Ceilings; a file past one is refused by its name. */
enum {
    FOREST_TREES_MAX = 100 * 1000,
    FOREST_NODES_MAX = 64 * 1024 * 1024,
    FOREST_FEATURES_MAX = 1024 * 1024,
    FOREST_DEPTH_MAX = 512,              /* branches between a root and its farthest leaf */
    FOREST_CATEGORY_MAX = 64 * 1024 - 1, /* the highest code a split may name */
};

struct node {
    union {
        float threshold; /* a branch on a number */
        float weight;    /* a leaf */
        uint32_t set;    /* a branch on a category: index into forest.set */
    };
    uint32_t left; /* its left child in forest.node, the right one follows it; 0: a leaf */
    uint32_t feature : 30;
    uint32_t missing_left : 1;
    uint32_t categorical : 1;
};

static_assert(sizeof(struct node) == 12, "five nodes to a cache line");

/* The codes that go right: bit c % 32 of forest.bits[first + c / 32]. */
struct category_set {
    uint32_t first;
    uint32_t words;
};

/* What a feature's codes stand for, by code. Most models do not say: count is 0. */
struct category_names {
    const struct view *name;
    size_t count;
};

struct forest {
    const struct node *node;
    const double *weight; /* by node: a leaf's, when they are summed in double; else NULL */
    const float *cover;   /* by node: the sum of hessians that reached it in training */
    const float *gain;    /* by node: the loss a branch took away; 0 at leaves */
    const uint32_t *root; /* by tree: its first node */
    const struct category_set *set;
    const uint32_t *bits;

    size_t node_count, tree_count, feature_count, set_count, bits_count;
    size_t depth_max; /* of the deepest tree; 0 when every tree is one leaf */

    const struct objective *objective;
    float base_score;  /* as the file says it */
    float base_margin; /* where the sum starts */

    const struct view *feature_name;       /* by feature, or NULL */
    const struct view *feature_type;       /* by feature, or NULL: "float", "int", "i", "q", "c" */
    const struct category_names *category; /* by feature, or NULL */
    int version[3];                        /* of the XGBoost that wrote it */
};

float forest_margin(const struct forest *forest, const float *row);
float forest_predict(const struct forest *forest, float margin);

/* The leaf of one tree that a row comes to: an index into forest.node. */
uint32_t forest_leaf(const struct forest *forest, size_t tree, const float *row);

/* Whether a value that is not missing is one of the codes. */
bool forest_in_set(const struct forest *forest, uint32_t set, float value);

static inline bool node_is_leaf(const struct node *node)
{
    return node->left == 0;
}

#endif
