/*
 * grove: a forest while its trees are read, whoever wrote them.
 *
 * Each importer understands one file format and knows nothing of the layout of
 * model/forest.h; the grove knows the layout and nothing of formats. An
 * importer describes a tree as a sapling: so many nodes, and a function that
 * says what node number i is. The grove walks it breadth first, checks that it
 * is one tree (children exist, nobody has two parents, nothing is NaN, nothing
 * is past a ceiling), and appends it.
 *
 *     struct grove grove = {.arena = &scratch};
 *     while (more trees)
 *         if (!grove_plant(&grove, &(struct sapling){.from = &mine, .node = node_of, .count = n},
 * err)) return err_while(err, "tree %zu", grove.root.count); if (!grove_settle(&grove, arena,
 * &forest))      fills what lies in arrays
 *         ...
 *
 * It grows in a scratch arena, and grove_settle copies it out. When a tree is
 * refused, what the grove holds of it is garbage: the model is refused with it.
 */
#ifndef MODEL_GROVE_H
#define MODEL_GROVE_H

#include "base/err.h"
#include "model/forest.h"
#include "model/lists.h"

/* One node, as forest.h means it: a number goes left when it is LESS than the threshold, a category
 * goes right when it is in the set. */
struct sprout {
    int64_t left, right; /* nodes of the same sapling; -1 both: a leaf */
    int64_t feature;
    float threshold;
    double weight;           /* of a leaf */
    const int32_t *category; /* the codes that go right, in any order */
    size_t category_count;
    float cover, gain;
    bool categorical, missing_left;
};

struct sapling {
    const void *from; /* the importer's own */
    bool (*node)(const void *from, size_t index, struct sprout *out, struct err *err);
    size_t count;   /* nodes there are to ask for; the root is number 0 */
    size_t deleted; /* of these, how many must not be reached */
};

struct grove {
    struct arena *arena;
    bool precise;       /* leaves keep their doubles, and scores are summed in double */
    struct pile node;   /* struct node */
    struct pile weight; /* double, by node, when precise */
    struct pile cover;  /* float */
    struct pile gain;   /* float */
    struct pile root;   /* uint32_t */
    struct pile set;    /* struct category_set */
    struct pile bits;   /* uint32_t */
    size_t depth_max;

    /* How many features the branches ask for, and the first one to ask for the last, numbered as
     * in the file: some files say how many they have only after their trees. */
    int64_t features_needed;
    size_t needed_by_tree, needed_by_node;

    struct pile queue; /* uint32_t: the file's index of each node, breadth first */
    struct pile taken; /* bool: by the file's index, whether a parent has claimed it */
};

bool grove_plant(struct grove *grove, const struct sapling *sapling, struct err *err);

/* ERR_MODEL unless every branch is on one of the model's features. */
bool grove_check_features(const struct grove *grove, int64_t feature_count, struct err *err);

/* Copies the arrays, and their counts, into `out`. */
bool grove_settle(const struct grove *grove, struct arena *arena, struct forest *out,
                  struct err *err);

/* `x <= threshold` on doubles, for a float x, is `x < threshold_above(threshold)`: the least float
 * above it. Exact, because there is no float between. */
float threshold_above(double threshold);
/* The same, for an x that was a double and has been rounded to a float. Where thresholds are values
 * that training saw, not means of two, such an x is often the threshold itself, and must pass. */
float threshold_past(double threshold);

#endif
