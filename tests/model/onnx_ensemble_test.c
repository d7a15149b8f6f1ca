#include "model/onnx_ensemble.h"

#include "model/onnx.h"
#include "model/small_onnx.h"

#include <math.h>

static struct forest parse(const struct small_onnx *small, struct arena *arena)
{
    struct forest forest;
    struct err err = {0};
    WORKS(onnx_parse(small_onnx(small, arena), arena, &forest, &err), err);
    return forest;
}

static float walk(const struct forest *forest, float x0, float x1)
{
    return forest_margin(forest, (const float[]){x0, x1});
}

static void refused(const struct small_onnx *small, const char *says)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    struct forest forest;
    struct err err = {0};
    FAILS(onnx_parse(small_onnx(small, &arena), &arena, &forest, &err), err, ERR_MODEL);
    SAYS(err, says);
}

/* -------------------------------------------------------------------- splits */

TEST(each_mode_goes_the_true_way_where_its_test_holds)
{
    static const struct {
        const char *mode;
        bool below, at, above;
    } modes[] = {{"BRANCH_LEQ", true, true, false},
                 {"BRANCH_LT", true, false, false},
                 {"BRANCH_GTE", false, true, true},
                 {"BRANCH_GT", false, false, true}};
    for (size_t i = 0; i < LENGTH_OF(modes); i++)
        for (int64_t missing_true = 0; missing_true < 2; missing_true++) {
            CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
            struct forest forest =
                parse(&(struct small_onnx){.modes = TEXTS(modes[i].mode, "LEAF", "BRANCH_LEQ",
                                                          "LEAF", "LEAF"),
                                           .missing = WHOLES(missing_true, 0, 0, 0, 0)},
                      &arena);
            NEAR(walk(&forest, nextafterf(0.5F, 0), 0), modes[i].below ? -1 : 3, 0);
            NEAR(walk(&forest, 0.5F, 0), modes[i].at ? -1 : 3, 0);
            NEAR(walk(&forest, nextafterf(0.5F, 1), 0), modes[i].above ? -1 : 3, 0);
            NEAR(walk(&forest, NAN, 0), missing_true ? -1 : 3, 0);
        }
}

TEST(without_the_list_a_missing_value_fails_every_test)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    struct forest forest =
        parse(&(struct small_onnx){.leave_out = "nodes_missing_value_tracks_true"}, &arena);
    NEAR(walk(&forest, NAN, NAN), 4, 0);
}

TEST(double_thresholds_are_taken_as_they_are)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    const double just_below = nextafter(0.5, 0), values[5] = {just_below, 0, 2, 0, 0};
    struct forest leq = parse(&(struct small_onnx){.exact_values = values}, &arena);
    NEAR(walk(&leq, 0.5F, 0), 3, 0);
    NEAR(walk(&leq, nextafterf(0.5F, 0), 0), -1, 0);
    struct forest lt = parse(
        &(struct small_onnx){.exact_values = values,
                             .modes = TEXTS("BRANCH_LT", "LEAF", "BRANCH_LT", "LEAF", "LEAF")},
        &arena);
    NEAR(walk(&lt, 0.5F, 0), 3, 0);
    NEAR(walk(&lt, nextafterf(0.5F, 0), 0), -1, 0);
}

TEST(equality_and_unknown_modes_are_refused_by_name)
{
    refused(&(struct small_onnx){.modes = TEXTS("BRANCH_EQ", "LEAF", "BRANCH_LEQ", "LEAF", "LEAF")},
            "tree 0: node 0: mode 'BRANCH_EQ' is not supported");
    refused(&(struct small_onnx){.modes = TEXTS("BRANCH_LEQ", "LEAF", "leaf", "LEAF", "LEAF")},
            "mode 'leaf'");
}

/* ---------------------------------------------------------------- the layout */

TEST(trees_and_nodes_may_stand_in_any_order_and_have_any_names)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    struct forest forest =
        parse(&(struct small_onnx){.trees = WHOLES(9, -4, 9, 9, 9, 9),
                                   .names = WHOLES(30, 77, 10, 99, 20, 40),
                                   .features = WHOLES(0, 0, 0, 0, 1, 0),
                                   .yes = WHOLES(0, 0, 0, 10, 30, 0),
                                   .no = WHOLES(0, 0, 0, 20, 40, 0),
                                   .values = FLOATS(0, 0, 0, 0.5F, 2, 0),
                                   .missing = WHOLES(0, 0, 0, 1, 0, 0),
                                   .modes = TEXTS("LEAF", "LEAF", "LEAF", "BRANCH_LEQ",
                                                  "BRANCH_LEQ", "LEAF"),
                                   .leaf_trees = WHOLES(9, 9, 9, -4),
                                   .leaf_names = WHOLES(40, 10, 30, 77),
                                   .leaf_ids = WHOLES(0, 0, 0, 0),
                                   .weights = FLOATS(4, -1, 3, 100)},
              &arena);
    SAME(forest.tree_count, 2);
    NEAR(walk(&forest, 0, 0), 99, 0);
    NEAR(walk(&forest, 1, 2), 103, 0);
    NEAR(walk(&forest, 1, 3), 104, 0);
}

TEST(every_leaf_counts_as_one_row)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    struct forest forest = parse(&(struct small_onnx){0}, &arena);
    NEAR(forest.cover[0], 3, 0);
    NEAR(forest.cover[1], 1, 0);
    NEAR(forest.cover[2], 2, 0);
}

TEST(every_node_has_one_parent)
{
    refused(&(struct small_onnx){.yes = WHOLES(7, 0, 3, 0, 0)},
            "tree 0: node 0: its child 7 does not exist");
    refused(&(struct small_onnx){.yes = WHOLES(2, 0, 3, 0, 0)}, "has a parent already");
    refused(&(struct small_onnx){.yes = WHOLES(0, 0, 3, 0, 0)}, "are reached from the root");
    refused(&(struct small_onnx){.no = WHOLES(2, 0, 0, 0, 0)}, "are reached from the root");
    refused(&(struct small_onnx){.no = WHOLES(2, 0, 1, 0, 0)}, "has a parent already");
    refused(&(struct small_onnx){.names = WHOLES(0, 1, 2, 3, 3)}, "tree 0 has two nodes 3");
    refused(&(struct small_onnx){.modes = TEXTS("LEAF", "LEAF", "LEAF", "LEAF", "LEAF")},
            "nodes are reached from the root");
    refused(&(struct small_onnx){.trees = WHOLES(0, 0, 0, 0, 1), .leaf_trees = WHOLES(0, 0, 1)},
            "its child 4 does not exist");
}

TEST(lists_that_are_missing_or_differ_in_length_are_refused)
{
    static const char *const needed[] = {
        "nodes_treeids", "nodes_nodeids", "nodes_featureids",   "nodes_truenodeids", "nodes_values",
        "class_treeids", "class_nodeids", "nodes_falsenodeids", "class_ids",         "nodes_modes",
    };
    for (size_t i = 0; i < LENGTH_OF(needed); i++)
        refused(&(struct small_onnx){.leave_out = needed[i]}, "is missing");
    refused(&(struct small_onnx){.leave_out = "class_weights"}, "_weights differ in length");
    refused(&(struct small_onnx){.values = FLOATS(1)}, "nodes_values has 1 entries, nodes_nodeids");
    refused(&(struct small_onnx){.modes = TEXTS("LEAF")}, "nodes_modes has 1 entries");
    refused(&(struct small_onnx){.yes = WHOLES(1)}, "nodes_truenodeids has 1 entries");
    refused(&(struct small_onnx){.missing = WHOLES(1)}, "tracks_true has 1 entries");
    refused(&(struct small_onnx){.leaf_ids = WHOLES(0)}, "_weights differ in length");
}

TEST(features_and_numbers_out_of_range_are_refused)
{
    refused(&(struct small_onnx){.features = WHOLES(-1, 0, 1, 0, 0)}, "feature -1 is out of range");
    refused(&(struct small_onnx){.features = WHOLES(1 << 30, 0, 1, 0, 0)}, "is out of range");
    refused(&(struct small_onnx){.values = FLOATS(NAN, 0, 2, 0, 0)}, "its threshold is NaN");
    refused(&(struct small_onnx){.weights = FLOATS(NAN, 1, 2)}, "a weight of tree 0 is not finite");
    refused(&(struct small_onnx){.leaf_names = WHOLES(1, 3, 2)},
            "node 2 of tree 0, which is no leaf");
    refused(&(struct small_onnx){.leaf_names = WHOLES(1, 3, 9)},
            "node 9 of tree 0, which is no leaf");
    refused(&(struct small_onnx){.leaf_ids = WHOLES(0, 0, 2)}, "a weight is for output 2");
    refused(&(struct small_onnx){.base = FLOATS(INFINITY)}, "base_values: entry 0 is not finite");
    refused(&(struct small_onnx){.base = FLOATS(1, 2, 3)}, "base_values has 3 entries");
}

/* ---------------------------------------------------------------- the scores */

TEST(weights_of_one_leaf_add_up)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    struct forest forest = parse(&(struct small_onnx){.leaf_trees = WHOLES(0, 0, 0, 0),
                                                      .leaf_names = WHOLES(1, 3, 1, 4),
                                                      .leaf_ids = WHOLES(0, 0, 0, 0),
                                                      .weights = FLOATS(-1, 3, -0.5F, 4)},
                                 &arena);
    NEAR(walk(&forest, 0, 0), -1.5, 0);
}

TEST(logistic_is_binary_logistic_from_the_base)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    struct forest forest =
        parse(&(struct small_onnx){.post_transform = "LOGISTIC", .base = FLOATS(0.25F)}, &arena);
    TRUE(forest.objective == &objective_binary_logistic);
    NEAR(walk(&forest, 0, 0), -0.75, 0);
    NEAR(walk(&forest, 1, 0), 3.25, 0);
    NEAR(forest_predict(&forest, walk(&forest, 0, 0)), 1 / (1 + exp(0.75)), 1e-7);
}

TEST(of_two_bases_for_one_sum_the_second_is_the_positive_classs)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    struct forest forest =
        parse(&(struct small_onnx){.leaf_ids = WHOLES(1, 1, 1), .base = FLOATS(100, 10)}, &arena);
    NEAR(walk(&forest, 0, 0), 9, 0);
    NEAR(walk(&forest, 1, 3), 14, 0);
}

/* Leaf 1 has both classes, leaf 3 the second, leaf 4 the first. */
#define TWO_CLASSES                                                                                \
    .leaf_trees = WHOLES(0, 0, 0, 0), .leaf_names = WHOLES(1, 1, 3, 4),                            \
    .leaf_ids = WHOLES(0, 1, 1, 0), .weights = FLOATS(0.75F, 0.25F, 1, 1)

TEST(of_two_classes_the_second_ones_sum_is_the_score)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    struct forest none = parse(&(struct small_onnx){TWO_CLASSES}, &arena);
    NEAR(walk(&none, 0, 0), 0.25, 0);
    NEAR(walk(&none, 1, 0), 1, 0);
    NEAR(walk(&none, 1, 3), 0, 0);
    TRUE(none.objective == &objective_reg_squarederror);
    struct forest logistic =
        parse(&(struct small_onnx){TWO_CLASSES, .post_transform = "LOGISTIC", .base = FLOATS(5, 2)},
              &arena);
    NEAR(walk(&logistic, 0, 0), 2.25, 0);
    TRUE(logistic.objective == &objective_binary_logistic);
}

TEST(softmax_of_two_classes_is_the_logistic_of_their_difference)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    struct forest forest = parse(
        &(struct small_onnx){TWO_CLASSES, .post_transform = "SOFTMAX", .base = FLOATS(0.5F, 2)},
        &arena);
    NEAR(walk(&forest, 0, 0), 1, 0);
    NEAR(forest_predict(&forest, walk(&forest, 0, 0)), exp(2.25) / (exp(2.25) + exp(1.25)), 1e-7);
}

TEST(an_average_is_divided_by_the_trees_before_the_base_is_added)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    struct forest forest =
        parse(&(struct small_onnx){.op = "TreeEnsembleRegressor",
                                   .aggregate = "AVERAGE",
                                   .base = FLOATS(10),
                                   .targets = 1,
                                   .trees = WHOLES(0, 0, 0, 0, 0, 1),
                                   .names = WHOLES(0, 1, 2, 3, 4, 0),
                                   .features = WHOLES(0, 0, 1, 0, 0, 0),
                                   .yes = WHOLES(1, 0, 3, 0, 0, 0),
                                   .no = WHOLES(2, 0, 4, 0, 0, 0),
                                   .values = FLOATS(0.5F, 0, 2, 0, 0, 0),
                                   .missing = WHOLES(1, 0, 0, 0, 0, 0),
                                   .modes = TEXTS("BRANCH_LEQ", "LEAF", "BRANCH_LEQ", "LEAF",
                                                  "LEAF", "LEAF"),
                                   .leaf_trees = WHOLES(0, 0, 0, 1),
                                   .leaf_names = WHOLES(1, 3, 4, 0),
                                   .leaf_ids = WHOLES(0, 0, 0, 0),
                                   .weights = FLOATS(-1, 3, 4, 5)},
              &arena);
    NEAR(walk(&forest, 0, 0), 12, 0);
    NEAR(walk(&forest, 1, 3), 14.5, 0);
}

TEST(what_runtimes_disagree_about_and_other_transforms_are_refused)
{
    refused(&(struct small_onnx){.post_transform = "LOGISTIC", .weights = FLOATS(1, 2, 3)},
            "means one thing to ONNX Runtime and another to the standard");
    refused(&(struct small_onnx){.post_transform = "SOFTMAX"}, "post_transform 'SOFTMAX' is not");
    refused(&(struct small_onnx){.post_transform = "PROBIT"}, "post_transform 'PROBIT' is not");
    refused(&(struct small_onnx){TWO_CLASSES, .post_transform = "SOFTMAX_ZERO"}, "'SOFTMAX_ZERO'");
    refused(&(struct small_onnx){TWO_CLASSES, .base = FLOATS(1)}, "1 entry for two classes");
    refused(&(struct small_onnx){.labels = WHOLES(0, 1, 2)}, "3 classes are not supported");
    refused(&(struct small_onnx){.labels = WHOLES(0)}, "1 classes are not supported");
    refused(&(struct small_onnx){.aggregate = "MAX"}, "aggregate_function 'MAX' is not supported");
}

TEST(regressors_have_one_target_and_no_transform)
{
    refused(&(struct small_onnx){.op = "TreeEnsembleRegressor", .targets = 2},
            "2 targets are not supported");
    refused(&(struct small_onnx){.op = "TreeEnsembleRegressor", .leaf_ids = WHOLES(0, 1, 0)},
            "the weights are for two targets");
    refused(&(struct small_onnx){.op = "TreeEnsembleRegressor", .post_transform = "LOGISTIC"},
            "post_transform 'LOGISTIC' is not");
}
