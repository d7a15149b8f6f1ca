/*
 * shap_build: an explainer while it is made.
 *
 * model/shap_build.c makes room and cuts the forest into clumps,
 * model/shap_clump.c lays out one.
 */
#ifndef MODEL_SHAP_BUILD_H
#define MODEL_SHAP_BUILD_H

#include "model/shap_kernel.h"

enum { NONE = UINT32_MAX };

/* A node while its clump is laid out. */
struct sketch {
    uint32_t slot;    /* if it has one, within the clump */
    uint32_t earlier; /* the branch above on the same feature, a node of the clump; NONE */
    uint8_t side;     /* on which side of that */
    double share, before;
};

/* A branch on the way down, and what to put back on the way up. */
struct frame {
    uint32_t node;
    uint32_t last; /* the branch on its feature before it, and the side */
    uint8_t last_side;
    uint8_t turns; /* 0: go left next, 1: right, 2: up */
    uint32_t distinct;
    double reach; /* the share of cover that comes here */
};

/* What building writes; the explainer names the same memory. */
struct laying {
    const struct forest *forest;
    struct explainer *out;
    struct shap_clump *clump;
    double *share, *before, *lone, *point, *weight;
    uint32_t *root, *feature, *input;
    int32_t *limit;
    struct shap_fork *fork;
    struct shap_leaves *leaves;
    struct shap_repeat *repeat;
    struct shap_category *category;
    struct {
        size_t root, branch, fork, leaves, lone, repeat, category, point;
    } end;

    struct sketch *sketch; /* by node of the clump */
    uint32_t *order;       /* its branches, level by level */
    struct frame *frame;   /* by depth */
    uint32_t *last;        /* by used feature: the latest branch on it, or NONE */
    uint8_t *last_side;
    uint32_t *used_of;  /* by feature */
    uint32_t *input_of; /* by feature, both answers to a missing value */
    uint32_t *rule_of;  /* by number of points */
    size_t points_max;
};

/* Appends trees from `tree` up to `end` to what is laid out. */
void shap_lay_clump(struct laying *laying, size_t tree, size_t end);

/* Puts the trees of all clumps side by side, if that is worth it; what cannot be is left without.
 */
bool shap_lay_stands(struct explainer *explainer, struct arena *arena, struct arena *scratch,
                     struct err *err);

/* One past the last node of a tree. */
static inline uint32_t shap_tree_end(const struct forest *forest, size_t tree)
{
    return tree + 1 < forest->tree_count ? forest->root[tree + 1] : (uint32_t)forest->node_count;
}

#endif
