/*
 * xgboost_tree: one tree of an XGBoost file, checked and laid out as model/forest.h wants it.
 *
 * A file gives a tree as parallel lists, one entry per node. tree_read takes
 * the lists, checks that they are one tree (every length, every index, every
 * node reached once, each child naming its parent), and appends its nodes,
 * breadth first, to the grove. Nodes that pruning deleted are dropped.
 *
 * A grove is what has been read so far. It grows in a scratch arena, and the
 * finished forest is copied out of it.
 *
 *     struct grove grove = {.arena = &scratch};
 *     while (more trees)
 *         if (!tree_read(&grove, &tokens, err)) ...
 *
 * When a tree is refused, what the grove holds of it is garbage: the model is refused with it.
 */
#ifndef MODEL_XGBOOST_TREE_H
#define MODEL_XGBOOST_TREE_H

#include "model/forest.h"
#include "model/lists.h"

/* A tree's lists, under the file's names for them. */
struct tree_lists {
    struct whole_list left_children, right_children, parents, split_indices, default_left,
        split_type, categories, categories_nodes, categories_segments, categories_sizes;
    struct float_list split_conditions, sum_hessian, loss_changes;
    int64_t id, num_nodes, num_feature, num_deleted, size_leaf_vector;
    bool has_id, has_parents, has_split_type;
};

struct grove {
    struct arena *arena;
    struct pile node;  /* struct node */
    struct pile cover; /* float */
    struct pile gain;  /* float */
    struct pile root;  /* uint32_t */
    struct pile set;   /* struct category_set */
    struct pile bits;  /* uint32_t */
    size_t depth_max;

    /* How many features the branches ask for, and the first one to ask for the last, numbered as
     * in the file: the model says how many it has only after its trees. */
    int64_t features_needed;
    size_t needed_by_tree, needed_by_node;

    struct tree_lists lists; /* of the tree being read */
    struct pile queue;       /* int32_t: the file's index of each node, breadth first */
    struct pile segment;     /* int32_t: by the file's index, 1 + its place in categories_nodes */
    struct pile taken;       /* bool: by the file's index, whether a parent has claimed it */
};

/* The tree's opening brace is taken already. */
bool tree_read(struct grove *grove, struct tokens *tokens, struct err *err);

#endif
