#include "small_sklearn.h"

#include "model/sklearn_tree.h"

#include <math.h>

enum { MEMORY = 8 << 20, FEATURES = 2 };

/* A predictor's node: value, missing goes left, threshold or set of feature 1, then its place. */
#define NODE_DTYPE                                                                                 \
    "cnumpy\ndtype\n(S'V16'\nI0\nI1\ntR(I3\nS'|'\nN(t(d" FIELD("value", "i1", "|", "0")            \
        FIELD("count", "u1", "|", "1") FIELD("feature_idx", "u1", "|", "2")                        \
            FIELD("num_threshold", "f4", ">", "3") FIELD("missing_go_to_left", "u1", "|", "7")     \
                FIELD("left", "u1", "|", "8") FIELD("right", "u1", "|", "9")                       \
                    FIELD("gain", "u1", "|", "10") FIELD("is_leaf", "u1", "|", "11")               \
                        FIELD("is_categorical", "u1", "|", "12")                                   \
                            FIELD("bitset_idx", "u2", "<", "13") "I16\nI1\nI16\ntb"
#define LEAF(value, count)                                                                         \
    value count "\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x01\\x00\\x00\\x00\\x00"
#define BRANCH(missing_left, categorical, set)                                                     \
    "\\x00\\x09\\x01\\x3f\\x00\\x00\\x00" missing_left "\\x01\\x02\\x05\\x00" categorical set      \
    "\\x00\\x00"
#define PREDICTOR(branch)                                                                          \
    VIEW(OBJECT("sklearn.ensemble._hist_gradient_boosting.predictor\nTreePredictor",               \
                ATTRIBUTE("nodes", ARRAY("(I3\nt", NODE_DTYPE, "0",                                \
                                         branch LEAF("\\x07", "\\x06") LEAF("\\xfe", "\\x03")))    \
                    ATTRIBUTE("raw_left_cat_bitsets",                                              \
                              ARRAY("(I1\nI8\nt", DTYPE("u4", "<"), "0",                           \
                                    "\\x05\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00" \
                                    "\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00" \
                                    "\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80"))) ".")

static bool plant(struct view bytes, const struct category_bits *known, struct arena *arena,
                  struct forest *out, struct err *err)
{
    struct grove grove = {.arena = arena, .precise = true};
    struct sklearn_source source = {
        .grove = &grove, .scratch = arena, .left = 100, .features = FEATURES};
    *out = (struct forest){.feature_count = FEATURES};
    return sklearn_plant_predictor(&source, small_pickle(bytes, arena), known,
                                   known == NULL ? 0 : FEATURES, 100, err) &&
           grove_settle(&grove, arena, out, err);
}

static double leaf_at(const struct forest *forest, float x1)
{
    const float row[FEATURES] = {0, x1};
    return forest->weight[forest_leaf(forest, 0, row)];
}

enum { LEFT = 107, RIGHT = 98 }; /* 7 and -2, and the base of 100 */

TEST(a_predictors_numbers_go_left_at_the_threshold_and_missing_where_it_says)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct forest forest;
    struct err err = {0};
    WORKS(plant(PREDICTOR(BRANCH("\\x01", "\\x00", "\\x00")), NULL, &arena, &forest, &err), err);
    SAME(leaf_at(&forest, 0.5F), LEFT);
    SAME(leaf_at(&forest, nextafterf(0.5F, 1)), RIGHT);
    SAME(leaf_at(&forest, NAN), LEFT);
    TRUE(forest.cover[0] == 9 && forest.gain[0] == 5);
    WORKS(plant(PREDICTOR(BRANCH("\\x00", "\\x00", "\\x00")), NULL, &arena, &forest, &err), err);
    SAME(leaf_at(&forest, NAN), RIGHT);
}

/* The nodes as above, 24 bytes each, with a double at the end for a threshold: 0.1. */
#define WIDE_DTYPE                                                                                 \
    "cnumpy\ndtype\n(S'V24'\nI0\nI1\ntR(I3\nS'|'\nN(t(d" FIELD("value", "i1", "|", "0")            \
        FIELD("count", "u1", "|", "1") FIELD("feature_idx", "u1", "|", "2")                        \
            FIELD("num_threshold", "f8", "<", "16") FIELD("missing_go_to_left", "u1", "|", "7")    \
                FIELD("left", "u1", "|", "8") FIELD("right", "u1", "|", "9")                       \
                    FIELD("gain", "u1", "|", "10")                                                 \
                        FIELD("is_leaf", "u1", "|", "11") "I24\nI1\nI16\ntb"
#define TENTH "\\x9a\\x99\\x99\\x99\\x99\\x99\\xb9\\x3f"

TEST(a_predictors_threshold_that_training_saw_goes_left_though_its_float_is_above_it)
{
    static const char file[] = OBJECT(
        "sklearn.ensemble._hist_gradient_boosting.predictor\nTreePredictor",
        ATTRIBUTE("nodes", ARRAY("(I3\nt", WIDE_DTYPE, "0",
                                 BRANCH("\\x01", "\\x00", "\\x00") TENTH LEAF("\\x07", "\\x06")
                                     TENTH LEAF("\\xfe", "\\x03") TENTH))) ".";
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct forest forest;
    struct err err = {0};
    WORKS(plant(view_of(file), NULL, &arena, &forest, &err), err);
    TRUE((double)0.1F > 0.1);
    SAME(leaf_at(&forest, 0.1F), LEFT);
    SAME(leaf_at(&forest, nextafterf(0.1F, 1)), RIGHT);
}

TEST(a_predictors_unknown_categories_go_where_the_missing_go)
{
    /* 0, 2 and 255 go left; training saw 0, 1, 2, 40 and 255. */
    static const struct category_bits known[FEATURES] = {
        [1] = {.word = {7, 1u << 8, 0, 0, 0, 0, 0, 1u << 31}}};
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct forest forest;
    struct err err = {0};
    WORKS(plant(PREDICTOR(BRANCH("\\x01", "\\x01", "\\x00")), known, &arena, &forest, &err), err);
    SAME(leaf_at(&forest, 0), LEFT);
    SAME(leaf_at(&forest, 2), LEFT);
    SAME(leaf_at(&forest, 255), LEFT);
    SAME(leaf_at(&forest, 1), RIGHT);
    SAME(leaf_at(&forest, 40), RIGHT);
    SAME(leaf_at(&forest, 3), LEFT);
    SAME(leaf_at(&forest, -1), LEFT);
    SAME(leaf_at(&forest, 300), LEFT);
    SAME(leaf_at(&forest, NAN), LEFT);
    WORKS(plant(PREDICTOR(BRANCH("\\x00", "\\x01", "\\x00")), known, &arena, &forest, &err), err);
    SAME(leaf_at(&forest, 0), LEFT);
    SAME(leaf_at(&forest, 255), LEFT);
    SAME(leaf_at(&forest, 1), RIGHT);
    SAME(leaf_at(&forest, 3), RIGHT);
    SAME(leaf_at(&forest, -1), RIGHT);
    SAME(leaf_at(&forest, 300), RIGHT);
    SAME(leaf_at(&forest, NAN), RIGHT);
}

TEST(a_predictor_whose_sets_or_children_do_not_exist_is_refused)
{
    static const struct category_bits known[FEATURES] = {[1] = {.word = {7}}};
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct forest forest;
    struct err err = {0};
    FAILS(plant(PREDICTOR(BRANCH("\\x01", "\\x01", "\\x01")), known, &arena, &forest, &err), err,
          ERR_MODEL);
    SAYS(err, "its set of categories 1 does not exist");
    FAILS(plant(PREDICTOR(BRANCH("\\x01", "\\x01", "\\x00")), NULL, &arena, &forest, &err), err,
          ERR_MODEL);
    SAYS(err, "splits feature 1 by category, which has none");
    FAILS(plant(VIEW(OBJECT(
                    "sklearn.x.predictor\nTreePredictor",
                    ATTRIBUTE("nodes", ARRAY("(I1\nt", NODE_DTYPE, "0",
                                             "\\x00\\x09\\x01\\x3f\\x00\\x00\\x00\\x00\\x00\\x00"
                                             "\\x00\\x00\\x00\\x00\\x00\\x00"))) "."),
                NULL, &arena, &forest, &err),
          err, ERR_MODEL);
    SAYS(err, "it is no leaf and has no children");
}

TEST(trees_with_more_nodes_than_their_file_can_hold_are_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    const struct sklearn_leaf leaf = {.share = true, .factor = 1};
    struct grove grove = {.arena = &arena, .precise = true};
    struct sklearn_source source = {.grove = &grove, .scratch = &arena, .left = 4, .features = -1};
    const struct pickle *tree = small_pickle(VIEW(TREE_OF(TREE_NODES, TREE_COUNTS) "."), &arena);
    struct err err = {0};
    WORKS(sklearn_plant_tree(&source, tree, &leaf, &err), err);
    SAME(source.features, 2);
    FAILS(sklearn_plant_tree(&source, tree, &leaf, &err), err, ERR_MODEL);
    SAYS(err, "more nodes than the file has room for");
    source.left = 100, source.features = 3;
    FAILS(sklearn_plant_tree(&source, tree, &leaf, &err), err, ERR_MODEL);
    SAYS(err, "the tree has 2 features, the model has 3");
}
