#include "model/small_model.h"

#include <math.h>

/* A tree of which any one list can be another. */
struct lists {
    const char *left, *right, *parents, *feature, *threshold, *missing, *cover, *gain, *more,
        *param;
};

/* Five nodes: the root's left child is the leaf 1, its right one the branch 2 over 3 and 4. */
static const char *tree_of(const struct lists *lists, char out[2048])
{
    snprintf(
        out, 2048,
        "{\"left_children\":%s,\"right_children\":%s,\"parents\":%s,\"split_indices\":%s,"
        "\"split_conditions\":%s,\"default_left\":%s,\"sum_hessian\":%s,\"loss_changes\":%s%s,"
        "\"tree_param\":{%s}}",
        or_else(lists->left, "[1,-1,3,-1,-1]"), or_else(lists->right, "[2,-1,4,-1,-1]"),
        or_else(lists->parents, "[2147483647,0,0,2,2]"), or_else(lists->feature, "[0,0,1,0,0]"),
        or_else(lists->threshold, "[5E-1,1E0,2E0,3E0,4E0]"), or_else(lists->missing, "[1,0,0,0,0]"),
        or_else(lists->cover, "[9,5,4,1,3]"), or_else(lists->gain, "[1,0,1,0,0]"),
        or_else(lists->more, ""), or_else(lists->param, "\"num_nodes\":\"5\""));
    return out;
}

static void refused(const struct lists *lists, const char *says)
{
    char tree[2048];
    small_refused(&(struct small){.trees = tree_of(lists, tree)}, ERR_MODEL, says);
}

static void parse(const struct lists *lists, struct arena *arena, struct forest *out)
{
    char tree[2048];
    struct err err = {0};
    struct small small = {.trees = tree_of(lists, tree),
                          .objective = "reg:squarederror",
                          .param = "\"base_score\":0,\"num_feature\":2"};
    WORKS(xgboost_parse(small_json(&small, arena), arena, out, &err), err);
}

static float walk(const struct forest *forest, float x0, float x1)
{
    return forest_margin(forest, (const float[]){x0, x1});
}

TEST(a_tree_is_laid_out_breadth_first_whatever_its_order_in_the_file)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct forest plain, mixed;
    parse(&(struct lists){0}, &arena, &plain);
    parse(&(struct lists){.left = "[4,2,-1,-1,-1]",
                          .right = "[1,3,-1,-1,-1]",
                          .parents = "[2147483647,0,1,1,0]",
                          .feature = "[0,1,0,0,0]",
                          .threshold = "[5E-1,2E0,3E0,4E0,1E0]",
                          .cover = "[9,4,1,3,5]",
                          .gain = "[1,1,0,0,0]"},
          &arena, &mixed);
    SAME(memcmp(plain.node, mixed.node, 5 * sizeof *plain.node), 0);
    SAME(memcmp(plain.cover, mixed.cover, 5 * sizeof *plain.cover), 0);
    SAME(memcmp(plain.gain, mixed.gain, 5 * sizeof *plain.gain), 0);
    SAME(plain.depth_max, 2);
    SAME(plain.node[0].left, 1);
    SAME(plain.node[2].left, 3);
    NEAR(walk(&mixed, 0, 0), 1, 0);
    NEAR(walk(&mixed, NAN, 0), 1, 0);
    NEAR(walk(&mixed, 1, 1), 3, 0);
    NEAR(walk(&mixed, 1, 2), 4, 0);
    NEAR(walk(&mixed, 1, NAN), 4, 0);
}

TEST(what_pruning_deleted_is_left_out)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct forest forest;
    /* Node 2 is a leaf now; 3 and 4, which were its children, are marked as XGBoost 1 does. */
    parse(&(struct lists){.left = "[1,-1,-1,-1,-1]",
                          .right = "[2,-1,-1,-1,-1]",
                          .feature = "[0,0,1,2147483647,2147483647]",
                          .param = "\"num_nodes\":\"5\",\"num_deleted\":\"2\""},
          &arena, &forest);
    SAME(forest.node_count, 3);
    NEAR(walk(&forest, 1, 0), 2, 0);
    refused(&(struct lists){.left = "[1,-1,-1,-1,-1]", .right = "[2,-1,-1,-1,-1]"},
            "tree 0: 3 nodes are reached from the root, of 5 with 0 deleted");
    refused(&(struct lists){.param = "\"num_nodes\":\"5\",\"num_deleted\":\"2\""},
            "nodes are reached from the root, of 5 with 2 deleted");
    refused(&(struct lists){.param = "\"num_nodes\":\"5\",\"num_deleted\":\"5\""},
            "every node of the tree is deleted");
}

TEST(lists_that_are_missing_or_of_other_lengths_are_named)
{
    refused(&(struct lists){.left = "[1,-1,3,-1]"}, "tree 0: left_children has 4 entries");
    refused(&(struct lists){.right = "[]"}, "right_children has 0 entries");
    refused(&(struct lists){.parents = "[2147483647]"}, "parents has 1 entries");
    refused(&(struct lists){.feature = "[0,0,1,0,0,0]"}, "split_indices has 6 entries");
    refused(&(struct lists){.threshold = "[1.5]"}, "split_conditions has 1 entries");
    refused(&(struct lists){.missing = "[1]"}, "default_left has 1 entries");
    refused(&(struct lists){.cover = "[1]"}, "sum_hessian has 1 entries");
    refused(&(struct lists){.gain = "[1]"}, "loss_changes has 1 entries");
    refused(&(struct lists){.more = ",\"split_type\":[0]"}, "split_type has 1 entries");
    refused(&(struct lists){.param = "\"num_nodes\":\"4\""}, "tree_param.num_nodes says 4");
    refused(&(struct lists){.param = "\"num_nodes\":\"0\""}, "the tree has no nodes");
    refused(&(struct lists){.param = "\"num_nodes\":\"-1\""}, "num_nodes is negative");
    refused(&(struct lists){.param = "\"size_leaf_vector\":\"1\""},
            "tree_param: the key 'num_nodes' is missing");
    small_refused(&(struct small){.trees = "{\"tree_param\":{\"num_nodes\":1}}"}, ERR_MODEL,
                  "trees: tree 0: the key 'left_children' is missing");
    small_refused(&(struct small){.trees = "{}"}, ERR_MODEL, "the key 'tree_param' is missing");
    small_refused(&(struct small){.trees = "7"}, ERR_MODEL, "tree 0 is no object");
}

TEST(a_graph_that_is_no_tree_is_refused_at_its_node)
{
    refused(&(struct lists){.left = "[0,-1,3,-1,-1]"}, "node 0: its child 0 has a parent already");
    refused(&(struct lists){.left = "[1,-1,0,-1,-1]"}, "node 2: its child 0 has a parent already");
    refused(&(struct lists){.left = "[2,-1,3,-1,-1]"}, "node 0: its child 2 has a parent already");
    refused(&(struct lists){.left = "[1,-1,5,-1,-1]"}, "node 2: its child 5 does not exist");
    refused(&(struct lists){.left = "[1,-1,-2,-1,-1]"}, "node 2: its child -2 does not exist");
    refused(&(struct lists){.left = "[1,-1,-1,-1,-1]"}, "node 2: it has one child");
    refused(&(struct lists){.right = "[2,-1,-1,-1,-1]"}, "node 2: it has one child");
    refused(&(struct lists){.parents = "[2147483647,0,0,0,2]"},
            "node 2: its child 3 says that its parent is 0");
    refused(&(struct lists){.more = ",\"id\":3"}, "it calls itself tree 3");
}

TEST(values_that_no_node_can_have_are_refused_at_their_node)
{
    refused(&(struct lists){.feature = "[-1,0,1,0,0]"}, "node 0: feature -1 is out of range");
    refused(&(struct lists){.feature = "[0,0,2,0,0]"},
            "tree 0: node 2: it splits on feature 2, and the model has 2");
    refused(&(struct lists){.feature = "[1,0,2,0,0]"}, "node 2: it splits on feature 2");
    refused(&(struct lists){.missing = "[1,0,2,0,0]"}, "node 2: default_left is 2");
    refused(&(struct lists){.more = ",\"split_type\":[0,0,2,0,0]"}, "node 2: split_type 2");
    refused(&(struct lists){.param = "\"num_nodes\":\"5\",\"size_leaf_vector\":\"3\""},
            "leaves with 3 values are not supported");
}

TEST(what_is_not_finite_is_refused_where_it_would_be_scored_with)
{
    /* As JSON only: the transcoder of the tests knows no such words. */
    static const struct {
        struct lists lists;
        const char *says;
    } cases[] = {
        {{.threshold = "[NaN,1.0,2.0,3.0,4.0]"}, "node 0: its threshold is NaN"},
        {{.threshold = "[0.5,NaN,2.0,3.0,4.0]"}, "node 1: its weight is not finite"},
        {{.threshold = "[0.5,1.0,2.0,-Infinity,4.0]"}, "node 3: its weight is not finite"},
        {{.cover = "[9,5,NaN,1,3]"}, "node 2: its cover or gain is NaN"},
        {{.gain = "[NaN,0,1,0,0]"}, "node 0: its cover or gain is NaN"},
        {{.left = "[NaN,-1,3,-1,-1]"}, "left_children: entry 0"},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
        char tree[2048];
        struct err err = {0};
        struct forest forest;
        struct small small = {.trees = tree_of(&cases[i].lists, tree)};
        FAILS(xgboost_parse(small_json(&small, &arena), &arena, &forest, &err), err, ERR_MODEL);
        SAYS(err, cases[i].says);
    }
}

TEST(an_infinite_threshold_parts_the_missing_from_the_rest)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct forest forest;
    parse(&(struct lists){.threshold = "[Infinity,1.0,2.0,3.0,4.0]", .missing = "[0,0,0,0,0]"},
          &arena, &forest);
    NEAR(walk(&forest, 3e38F, 0), 1, 0);
    NEAR(walk(&forest, NAN, 0), 3, 0);
}

TEST(a_chain_deeper_than_the_ceiling_is_a_limit)
{
    for (int depth = FOREST_DEPTH_MAX; depth <= FOREST_DEPTH_MAX + 1; depth++) {
        CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
        struct text list[6];
        for (size_t i = 0; i < LENGTH_OF(list); i++)
            list[i] = text_in_arena(&arena);
        /* Node 2i is a branch over the leaf 2i + 1 and the node 2i + 2. */
        for (int node = 0; node <= 2 * depth; node++) {
            bool branch = node % 2 == 0 && node < 2 * depth;
            const char *comma = node == 0 ? "" : ",";
            text_addf(&list[0], "%s%d", comma, branch ? node + 1 : -1);
            text_addf(&list[1], "%s%d", comma, branch ? node + 2 : -1);
            for (size_t i = 2; i < LENGTH_OF(list); i++)
                text_addf(&list[i], "%s0", comma);
        }
        struct text tree = text_in_arena(&arena);
        static const char *const names[] = {"left_children", "right_children",   "split_indices",
                                            "default_left",  "split_conditions", "sum_hessian"};
        text_adds(&tree, "{");
        for (size_t i = 0; i < LENGTH_OF(list); i++)
            text_addf(&tree, "\"%s\":[", names[i]), text_add(&tree, text_view(&list[i])),
                text_adds(&tree, "],");
        text_adds(&tree, "\"loss_changes\":["), text_add(&tree, text_view(&list[5]));
        text_addf(&tree, "],\"tree_param\":{\"num_nodes\":%d}}", 2 * depth + 1);

        struct err err = {0};
        struct forest forest;
        struct view json = small_json(&(struct small){.trees = text_c(&tree)}, &arena);
        if (depth == FOREST_DEPTH_MAX) {
            WORKS(xgboost_parse(json, &arena, &forest, &err), err);
            SAME(forest.depth_max, FOREST_DEPTH_MAX);
            continue;
        }
        FAILS(xgboost_parse(json, &arena, &forest, &err), err, ERR_LIMIT);
        SAYS(err, "deeper than 512");
    }
}

/* ------------------------------------------------------------- categories */

#define SPLITS(nodes, segments, sizes, categories)                                                 \
    ",\"split_type\":[0,0,1,0,0],\"categories_nodes\":" nodes ",\"categories_segments\":" segments \
    ",\"categories_sizes\":" sizes ",\"categories\":" categories

TEST(categories_of_a_node_become_its_set)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct forest forest;
    parse(&(struct lists){.more = SPLITS("[2]", "[0]", "[3]", "[64,0,3]")}, &arena, &forest);
    SAME(forest.set_count, 1);
    SAME(forest.set[0].words, 3);
    NEAR(walk(&forest, 1, 0), 4, 0);
    NEAR(walk(&forest, 1, 1), 3, 0);
    NEAR(walk(&forest, 1, 3), 4, 0);
    NEAR(walk(&forest, 1, 64), 4, 0);
    NEAR(walk(&forest, 1, 65), 3, 0);
    NEAR(walk(&forest, 1, 96), 3, 0);
}

/* A branch that pruning made a leaf keeps its categories in the file. */
TEST(categories_of_a_leaf_are_not_looked_at)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct forest forest;
    parse(&(struct lists){.more = SPLITS("[2,4]", "[0,1]", "[1,2]", "[1,7,9]")}, &arena, &forest);
    SAME(forest.set_count, 1);
    NEAR(walk(&forest, 1, 1), 4, 0);
    NEAR(walk(&forest, 1, 7), 3, 0);
}

TEST(categories_out_of_place_are_refused)
{
    refused(&(struct lists){.more = SPLITS("[]", "[]", "[]", "[]")},
            "node 2: it splits on categories and lists none");
    refused(&(struct lists){.more = SPLITS("[2]", "[0]", "[0]", "[]")},
            "node 2: it splits on categories and lists none");
    refused(&(struct lists){.more = SPLITS("[0,2]", "[0,1]", "[1,1]", "[1,2]")},
            "node 0: it splits on a number and lists categories");
    refused(&(struct lists){.more = SPLITS("[2]", "[0]", "[]", "[1]")}, "differ in length");
    refused(&(struct lists){.more = SPLITS("[5]", "[0]", "[1]", "[1]")},
            "categories_nodes: entry 0 is out of order or range");
    refused(&(struct lists){.more = SPLITS("[2,2]", "[0,1]", "[1,1]", "[1,2]")},
            "categories_nodes: entry 1 is out of order or range");
    refused(&(struct lists){.more = SPLITS("[2]", "[1]", "[1]", "[1,2]")},
            "node 2: its categories do not follow the last ones");
    refused(&(struct lists){.more = SPLITS("[2]", "[0]", "[-1]", "[1]")},
            "node 2: its categories do not follow the last ones");
    refused(&(struct lists){.more = SPLITS("[2]", "[0]", "[2]", "[1]")},
            "categories has 1 entries, categories_sizes add up to 2");
    refused(&(struct lists){.more = SPLITS("[2]", "[0]", "[1]", "[-4]")},
            "node 2: category -4 is negative");
    char tree[2048];
    small_refused(
        &(struct small){.trees = tree_of(
                            &(struct lists){.more = SPLITS("[2]", "[0]", "[1]", "[65536]")}, tree)},
        ERR_LIMIT, "node 2: category 65536 is past the highest that is taken, 65535");
}
