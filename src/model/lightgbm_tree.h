/*
 * lightgbm_tree: one tree of a LightGBM text file.
 *
 * A file gives a tree as lines, "threshold=1.5 2.25", with an entry per branch
 * or per leaf. lightgbm_tree_read takes the lines up to the empty one, checks
 * that they agree, and plants the tree in the grove (model/grove.h).
 *
 *     struct lightgbm_trees trees = {.grove = {.arena = &scratch, .precise = true}};
 *     while (more trees)
 *         if (!lightgbm_tree_read(&trees, &rest, err)) ...
 *
 * LightGBM goes left on `x <= threshold`, and left for a category in the set;
 * both are turned into what model/forest.h means, exactly. Of its three ways
 * with missing values, a NaN that counts as 0 becomes a direction known
 * beforehand, and a zero that counts as missing is taken where one threshold
 * can say it.
 */
#ifndef MODEL_LIGHTGBM_TREE_H
#define MODEL_LIGHTGBM_TREE_H

#include "model/grove.h"

/* The lines that matter, in the order of lightgbm_tree.c's table of names. */
enum lightgbm_list {
    LIGHTGBM_FEATURE,
    LIGHTGBM_GAIN,
    LIGHTGBM_THRESHOLD,
    LIGHTGBM_DECISION,
    LIGHTGBM_LEFT,
    LIGHTGBM_RIGHT,
    LIGHTGBM_BRANCH_COUNT,
    LIGHTGBM_LEAF,
    LIGHTGBM_LEAF_COUNT,
    LIGHTGBM_BOUNDARY,
    LIGHTGBM_SET,
    LIGHTGBM_LISTS,
};

/* What is kept from tree to tree: the lists' memory, and the forest that grows. */
struct lightgbm_trees {
    struct grove grove;
    struct pile list[LIGHTGBM_LISTS]; /* double */
    struct pile code;                 /* int32_t: the categories of every set, end to end */
    struct pile first_code;           /* uint32_t: by set, where its own begin; and the end */
    int64_t leaves, sets;             /* of the tree being read */
};

/* `rest` begins after the line "Tree=3", and is moved past the tree's last line. */
bool lightgbm_tree_read(struct lightgbm_trees *trees, struct view *rest, struct err *err);

/* The next line, without its end. False once nothing is left. */
bool lightgbm_line(struct view *rest, struct view *out);

#endif
