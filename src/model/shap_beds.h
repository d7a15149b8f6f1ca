/*
 * shap_beds: which trees stand together, and at which slots they branch (struct shap_stand).
 *
 *     struct beds beds = {.explainer = x, .scratch = scratch};
 *     if (!beds_measure(&beds)) ...                          once all clumps are laid out
 *     if (!beds_spread(&beds, tree, end, &stand, err)) ...   beds.tree[tree] up to end, by eights
 *
 * Each tree is turned so that the way with more branches comes first, and stands beside those with
 * about as many: then few of an eight's places are empty.
 */
#ifndef MODEL_SHAP_BEDS_H
#define MODEL_SHAP_BEDS_H

#include "model/lists.h"
#include "model/shap_build.h"

/* A branch by its number among all clumps', or a leaf. */
struct place {
    uint32_t branch; /* NONE: a leaf */
    uint32_t clump;
    double leaf;
};

/* A slot before it is laid out. */
struct bed {
    struct place tree[SHAP_EIGHT];
    uint32_t below[2]; /* beds, NONE: only leaves */
    uint32_t slot;
    bool tip;
    bool again; /* in some tree its feature was asked above */
};

/* The gains of their slots are counted in 16 bits. */
enum { BEDS_MAX = 4000, BEDS_SLOTS_MAX = 2 * BEDS_MAX };

struct beds_tree {
    struct place root;
    uint32_t branches;
};

struct beds {
    const struct explainer *explainer;
    struct arena *scratch;
    struct beds_tree *tree; /* those with most branches first */
    size_t trees;

    uint32_t *branches; /* by branch: it and those below it */
    uint32_t *earlier;  /* by branch: the one above that asks its feature, or NONE */
    uint8_t *side;      /* by branch: which way that one passed */
    uint32_t *category; /* by branch: the node whose categories it asks, or NONE */
    bool *swapped;      /* by branch: the right way comes first */
    uint32_t *slot;     /* by branch, of its stand */

    struct pile bed; /* of a stand; roots first */
};

/* False: the arena is full. */
bool beds_measure(struct beds *beds);

/* Fills `bed`, and of the stand how many slots it has of each kind; where the trees are so unlike
 * that there are more than BEDS_MAX, it leaves off, and the stand is none. */
bool beds_spread(struct beds *beds, size_t tree, size_t end, struct shap_stand *stand,
                 struct err *err);

/* What stands below a place; a leaf is below itself. */
struct place beds_below(const struct beds *beds, struct place at, bool second);

static inline bool bed_is_upper(const struct bed *bed)
{
    return bed->below[0] != NONE;
}

/* Of all clumps. */
static inline size_t shap_branches(const struct explainer *x)
{
    const struct shap_clump *last = &x->clump[x->clump_count - 1];
    return last->branch + (size_t)last->upper + last->bottom;
}

#endif
