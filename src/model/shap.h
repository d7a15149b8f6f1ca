/*
 * shap: how much each feature of a row added to its margin, exactly.
 *
 *     struct explainer explainer;
 *     if (!explainer_build(&forest, NULL, &arena, &explainer, &err)) ...
 *     void *scratch = arena_alloc(&arena, 1, explainer.row_scratch);
 *     shap_row(&explainer, row, phi, scratch);          phi: forest.feature_count doubles
 *
 * These are the Shapley values of the path-dependent TreeSHAP (Lundberg et al.,
 * "From local explanations to global understanding with explainable AI for
 * trees", 2020), in double (many rows: see below):
 *
 *     sum of phi + explainer.expected = the margin
 *
 * What a tree expects when only some features are known is its walk with these,
 * and at a branch on another feature the mean of both ways, weighted by the
 * cover that went there in training. Weights are a child's cover over the sum
 * of both children's, and one half each when training left nothing there.
 *
 * How it is computed. To a leaf of value v, features F lie on the path; to
 * feature i belong the share w(i) of cover that its branches let through, and
 * o(i), 1 if the row passes them and 0 if not. Its Shapley value is
 *
 *     integral over t from 0 to 1 of  v (o(i) - w(i)) product of (t o(j) + (1 - t) w(j)), j != i
 *
 * a polynomial of t of degree |F| - 1, which |F| / 2 Gauss points integrate
 * without error. All leaves share the products from the top down and the sums
 * from the bottom up. At a branch, let r be the share that went left, W the
 * share let through by branches on the same feature above it, T = t / (t + (1 - t) W),
 * and e the surprise: 1 - r when the row goes left, -r when right, 0 when it
 * failed one of those above. Then
 *
 *     left factor   f = r + e T,  and the right one is 1 - f
 *     expectation   below = right + f (left - right)
 *     feature       phi += e W / (t + (1 - t) W)^2  product above * (left - right)
 *
 * with no division by anything that can be 0. Where a feature is asked only
 * once, W is 1, and T is t.
 *
 * For one row the lanes of a vector are trees of like shape, eight of them
 * (struct shap_stand), or where trees are deep or unlike, the points t; for many
 * rows they are rows. From `table_rows` rows on, what a few branches and the path to them can
 * add is written down once and looked up for every row (model/shap_twig.h), which is
 * three times as fast and as exact but for floats: each looked-up number is rounded
 * once, and up to SHAP_TABLES of them are added as floats before doubles take
 * over. Contributions are then within 1e-7 of the sum over trees of the largest leaf,
 * as the tests hold them to; 100 to 500 trees add up to their sum within 3e-8.
 * Paths of more than eight different features are never looked up.
 *
 * Nothing is written after building, nothing is allocated while explaining;
 * any number of threads may explain at once, each with its scratch.
 */
#ifndef MODEL_SHAP_H
#define MODEL_SHAP_H

#include "base/err.h"
#include "model/forest.h"

/* Trees that stand together, as the kernels read them: enough branches at once that none waits for
 * the one before it. Those that have a branch below (UPPER) come first, level by level, then those
 * with two leaves (BOTTOM), of these first the ones whose feature no branch above asks. Behind them
 * in the same numbering are LONE leaves: those whose sibling is a branch. */
struct shap_clump {
    uint32_t tree, tree_end; /* of the forest; those of one leaf among them do not count */
    uint32_t root, roots;    /* its first in the array, and how many; and so on */
    uint32_t branch;
    uint32_t upper, bottom, bottom_first;
    uint32_t fork;   /* by upper branch */
    uint32_t leaves; /* by bottom branch */
    uint32_t lone_leaf, lone;
    uint32_t repeat, repeats;
    uint32_t category, categories;
    uint32_t rule, points;
    bool tables; /* what it adds can be looked up: model/shap_twig.h */
};

/* Below an upper branch, numbered within the clump. */
struct shap_fork {
    uint32_t left, right;
};

/* Below a bottom branch. */
struct shap_leaves {
    double right, step; /* the left one is right + step */
};

/* A branch on a feature that was asked above it, and what it needs to have said there. */
struct shap_repeat {
    uint32_t branch, earlier; /* within the clump */
    uint32_t side;            /* SHAP_LEFT or SHAP_RIGHT */
};

enum { SHAP_FAILED, SHAP_LEFT, SHAP_RIGHT };

struct shap_category {
    uint32_t branch; /* within the clump */
    uint32_t node;   /* of forest.node */
};

/* A feature as branches on numbers read it: they differ in where a missing value goes. */
struct shap_input {
    uint32_t feature;
    bool missing_left;
};

enum { SHAP_EIGHT = 8, SHAP_TIP = 3 };

struct shap_lanes {
    double lane[SHAP_EIGHT];
};

/* Trees that stand together eight by eight, each eight of like shape and a lane each: one row of
 * shallow trees is explained by these. Slots are the places at which any tree of an eight branches.
 * In a tree that has a leaf at such a place, or above it, the slot branches on nothing between
 * leaves alike. The first way below a slot is the one with more branches, whichever side that is.
 * Slots are numbered level by level: the UPPER ones; the TIPS, below which no slot has another
 * below it, each with its two ends behind it; those BOTTOM slots that are below no tip; and then
 * LONE leaves, which stand beside a slot in all trees. */
struct shap_stand {
    uint32_t slot; /* its first, in the arrays by slot; and so on */
    uint32_t upper, tips, bottom;
    uint32_t root, roots;
    uint32_t ways; /* by upper slot */
    uint32_t ends; /* by slot that is the end of a tip or at the bottom */
    uint32_t lone_leaf, lone;
    uint32_t repeat, repeats;
    uint32_t category, categories;
    uint32_t rule, points;
};

/* Below an upper slot: slots of the stand, times points. */
struct shap_ways {
    uint32_t first, second;
};

/* What is expected below a slot with leaves is base + e T step. */
struct shap_ends {
    struct shap_lanes base, step;
};

/* In some trees a slot asks a feature again, which passed when it took one way there. */
struct shap_again {
    uint16_t slot, earlier;
    uint8_t asks, otherwise; /* a bit for each tree: it passed if (first way & asks) ^ otherwise */
};

struct shap_stand_category {
    uint32_t slot, lane, node; /* of forest.node */
};

/* Four gains of one feature, counted from before the pass's first, and which of its totals they go
 * to: it has so many that none waits for the sum before it. */
struct shap_pick {
    uint16_t total, gain[4];
};

enum { SHAP_TOTALS = 8 };

/* Stands whose slots' gains are added up together, feature by feature. */
struct shap_pass {
    uint32_t stand_end;
    uint32_t pick, picks;
};

struct shap_stands {
    size_t count; /* 0: the trees are too deep, or too unlike */
    const struct shap_stand *stand;
    const uint32_t *root;           /* slots of the stand, times points */
    const struct shap_lanes *share; /* by slot: of the first way */
    const uint8_t *input;           /* by slot, SHAP_EIGHT each, as explainer.input */
    const int32_t *limit;           /* and as explainer.limit */
    const uint8_t *swapped; /* by slot, a bit for each tree: the first way is the right one */
    const uint32_t *rise;   /* by slot, in: */
    const struct shap_lanes *rises; /* T, by point */
    const struct shap_ways *ways;
    const struct shap_ends *ends;
    const struct shap_lanes *lone;
    const struct shap_again *again;
    const struct shap_stand_category *category;
    size_t pass_count;
    const struct shap_pass *pass;
    const struct shap_pick *pick;
    size_t slots_max; /* of a stand, with its lone leaves */
    size_t gains_max; /* slots of a pass */
    size_t points_max;
};

struct explainer {
    struct forest forest; /* a second name for it */
    double expected;      /* the margin when nothing is known */
    const struct shap_kernel *kernel;

    size_t clump_count; /* trees of one leaf are all in `expected` */
    const struct shap_clump *clump;
    const uint32_t *root;    /* by tree of a clump: its branch within it */
    const double *share;     /* by branch: r */
    const double *before;    /* by branch: W */
    const uint32_t *feature; /* by branch: of `used` */
    const uint32_t *input;   /* by branch: of `inputs` */
    const int32_t *limit;    /* by branch: keys below it go left; see shap_key */
    const struct shap_fork *fork;
    const struct shap_leaves *leaves;
    const double *lone;
    const struct shap_repeat *repeat;
    const struct shap_category *category;
    const double *point, *weight; /* rules of Gauss, each padded to whole SHAP_POINTS */

    const uint32_t *used; /* the features that some branch asks, ascending */
    const struct shap_input *inputs;
    size_t used_count, input_count;
    size_t branches_max, slots_max; /* of a clump; slots are its branches and lone leaves */

    struct shap_stands stands;

    size_t table_clumps;       /* how many clumps have tables */
    size_t table_rows;         /* so many rows repay making them; 0 where there are none */
    size_t tables_max;         /* as many at a time */
    size_t table_branches_max; /* of a clump that has them */

    /* Bytes to work in: for shap_row; for shap_batch and shap_mean_abs, a few megabytes; for
     * shap_interactions. */
    size_t row_scratch, batch_scratch, pairs_scratch;
};

enum { SHAP_POINTS = 4 };

/* With the fastest kernel there is here, or with one by name: NULL or one of
 * model/shap_kernels.def. ERR_INPUT: this machine has not got it. `forest` may go, what it points
 * to must stay. */
bool explainer_build(const struct forest *forest, const char *kernel, struct arena *arena,
                     struct explainer *out, struct err *err);

/* Scratch may be any memory of the stated size. */
void shap_row(const struct explainer *explainer, const float *row, double *phi, void *scratch);

/* `stride` floats from the start of a row to the start of the next; phi: feature_count a row. The
 * more rows in a call, the sooner each is done: tables are made anew for every call. */
void shap_batch(const struct explainer *explainer, const float *rows, size_t count, size_t stride,
                double *phi, void *scratch);

/* The mean over rows of |phi|, by feature; 0 for no rows. */
void shap_mean_abs(const struct explainer *explainer, const float *rows, size_t count,
                   size_t stride, double *mean, void *scratch);

/* How much of phi each pair of features owes to being together, half of it in each order; out:
 * feature_count rows of as many. What a feature does alone is on the diagonal, so that its row sums
 * to its phi. For reports: it takes as long as tens of shap_row. */
void shap_interactions(const struct explainer *explainer, const float *row, double *out,
                       void *scratch);

#endif
