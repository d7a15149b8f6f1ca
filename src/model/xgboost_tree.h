/*
 * xgboost_tree: one tree of an XGBoost file.
 *
 * A file gives a tree as parallel lists, one entry per node. tree_read takes
 * the lists, checks that they agree with each other (every length, every
 * index, each child naming its parent), and plants them in the grove
 * (model/grove.h). Nodes that pruning deleted are dropped. A file that
 * model/xgboost_write.h made may give each leaf a double as well: all trees have
 * them, or none.
 *
 *     struct tree_reader trees = {.grove.arena = &scratch};
 *     while (more trees)
 *         if (!tree_read(&trees, &tokens, err)) ...
 */
#ifndef MODEL_XGBOOST_TREE_H
#define MODEL_XGBOOST_TREE_H

#include "model/grove.h"

/* A tree's lists, under the file's names for them. */
struct tree_lists {
    struct whole_list left_children, right_children, parents, split_indices, default_left,
        split_type, categories, categories_nodes, categories_segments, categories_sizes, doubles;
    struct float_list split_conditions, sum_hessian, loss_changes;
    int64_t id, num_nodes, num_feature, num_deleted, size_leaf_vector;
    bool has_id, has_parents, has_split_type, has_doubles;
};

/* What is kept from tree to tree: the lists' memory, and the forest that grows. */
struct tree_reader {
    struct grove grove;
    struct tree_lists lists; /* of the tree being read */
    struct pile segment;     /* int32_t: by the file's index, 1 + its place in categories_nodes */
};

/* The tree's opening brace is taken already. */
bool tree_read(struct tree_reader *reader, struct tokens *tokens, struct err *err);

#endif
