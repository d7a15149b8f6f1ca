/*
 * shap_twig: a clump cut into pieces so small that what each adds can be looked up.
 *
 * A TWIG is a few branches that hang together, or one leaf, and the way there
 * from the root. What it adds to the contributions of its features depends on
 * the row by a few bits alone: for each feature asked above it, whether the row
 * passed all of those branches; for each of its own branches, whether it goes
 * left there. Eight bits are a number, the row's PATTERN, and all that a twig can
 * ever add fits a table of 256 lines. A forest's tables take tens of megabytes, so
 * model/shap_look.h makes those of a few trees at a time (model/shap_table.h), and then
 * looks up all rows.
 *
 *     struct shap_walk walk = shap_walk_of(&explainer, 0, explainer.clump_count, step, below);
 *     struct shap_twig twig;
 *     while (shap_walk_next(&walk, &twig)) ...
 *
 * The walk's memory is the caller's. Every leaf of a clump that has tables is in
 * exactly one twig; a clump has none (shap_clump.tables) when one of its leaves
 * would need more bits.
 */
#ifndef MODEL_SHAP_TWIG_H
#define MODEL_SHAP_TWIG_H

#include "model/shap.h"

enum {
    SHAP_BITS = 8,
    SHAP_PATTERNS = 1 << SHAP_BITS,
    SHAP_POINTS_TABLED = SHAP_BITS / 2, /* no more are needed for so many features */
    SHAP_ACROSS = 16,                   /* features in a line of a table */
    SHAP_BUNCH = 8,                     /* twigs looked up together, at most */
    SHAP_TABLES = 256,                  /* kept at a time, at most */
    SHAP_CHUNK = 512,                   /* rows that go by together */
};

/* A feature on the way down: the last branch on it, where the way goes from there, and the share
 * that all branches on it let through. */
struct shap_known {
    uint32_t feature; /* of `used` */
    uint32_t branch;  /* within the clump */
    uint8_t side;     /* SHAP_LEFT or SHAP_RIGHT */
    double share;
};

struct shap_twig {
    uint32_t clump;
    uint32_t above, bits; /* features asked above it; and with its own branches */
    uint32_t upper;       /* its own branches that have a branch below; the others have leaves */
    struct shap_known known[SHAP_BITS]; /* by bit: set when the row goes to that side there */

    /* By bit too, of its own branches: which other bit says what their feature was before, and
     * whether that shall be set; or itself, where the feature is a new one. */
    uint8_t earlier[SHAP_BITS];
    bool earlier_set[SHAP_BITS];

    /* By own branch, as model/shap.h has them by branch. Slots are its own branches, then leaves.
     */
    double share[SHAP_BITS], before[SHAP_BITS];
    struct shap_fork fork[SHAP_BITS];
    struct shap_leaves leaves[SHAP_BITS];
    double lone[SHAP_BITS + 1];
    uint32_t lone_count;
};

/* Twigs of a clump whose tables have the same lanes. */
struct shap_bunch {
    uint32_t clump, first, end; /* among the twigs at hand */
    uint32_t across;
    uint32_t feature[SHAP_ACROSS]; /* by lane: of `used` */
};

/* A branch on the way down, and what its feature was above it. */
struct shap_step {
    uint32_t slot, turns;
    uint32_t place; /* in `known` */
    bool first;
    struct shap_known before;
};

struct shap_walk {
    const struct explainer *x;
    size_t clump, clump_end; /* where it is, where it ends */
    size_t root, depth, known_count;
    bool fits; /* false: a leaf needs more bits, and the walk has ended */
    struct shap_known known[SHAP_BITS];
    struct shap_step *step;
    uint32_t *below; /* by slot: branches from there down */
};

/* Those of the clumps that have tables. `step` has room for depth_max of the forest, `below` for
 * slots_max. */
struct shap_walk shap_walk_of(const struct explainer *x, size_t clump, size_t clump_end,
                              struct shap_step *step, uint32_t *below);
bool shap_walk_next(struct shap_walk *walk, struct shap_twig *out);

#endif
