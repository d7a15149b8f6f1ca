#include "model/xgboost_write.h"

#include "model/same_forest.h"
#include "model/small_model.h"

#include <math.h>

static const char *const formats[] = {[XGBOOST_JSON] = "json", [XGBOOST_UBJ] = "ubj"};

static struct view write(const struct forest *forest, enum xgboost_format format,
                         struct arena *arena)
{
    struct err err = {0};
    struct text text = text_in_arena(arena);
    WORKS(xgboost_write(forest, format, &text, &err), err);
    SAME(xgboost_is_json(text_view(&text)), format == XGBOOST_JSON);
    return text_view(&text);
}

static void parse(struct view bytes, struct arena *arena, struct forest *out)
{
    struct err err = {0};
    WORKS(xgboost_parse(bytes, arena, out, &err), err);
}

static bool says(struct view bytes, const char *part)
{
    return memmem(bytes.text, bytes.length, part, strlen(part)) != NULL;
}

static void comes_back(const struct forest *forest)
{
    for (size_t format = 0; format < LENGTH_OF(formats); format++) {
        CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
        struct forest again;
        parse(write(forest, (enum xgboost_format)format, &arena), &arena, &again);
        same_forest(forest, &again);
    }
}

static void small_comes_back(const struct small *small)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    struct forest forest;
    parse(small_json(small, &arena), &arena, &forest);
    comes_back(&forest);
}

TEST(a_model_comes_back_bit_for_bit_in_both_formats)
{
    small_comes_back(&(struct small){0});
    small_comes_back(&(struct small){.objective = "reg:logistic"});
    small_comes_back(&(struct small){.objective = "reg:squarederror",
                                     .param = "\"base_score\":-1.1754942E-38,\"num_feature\":9"});
    small_comes_back(&(struct small){.trees = TREE_OF_CATEGORIES});
    small_comes_back(
        &(struct small){.trees = TREE_OF_CATEGORIES "," TREE_OF_CATEGORIES, .tree_info = "[0,0]"});
}

TEST(names_types_and_categories_come_back)
{
    small_comes_back(&(struct small){
        .trees = TREE_OF_CATEGORIES,
        .learner_more =
            ",\"feature_names\":[\"a \\\"q\\\"\",\"\\u00e9\"],\"feature_types\":[\"int\",\"c\"]",
        .model_more = ",\"cats\":{\"enc\":[{\"offsets\":[],\"values\":[]},"
                      "{\"offsets\":[0,1,3,3],\"values\":[97,-61,-87]}]}"});
}

TEST(odd_numbers_come_back)
{
    small_comes_back(&(struct small){
        .trees = "{\"left_children\":[1,-1,3,-1,-1],\"right_children\":[2,-1,4,-1,-1],"
                 "\"parents\":[2147483647,0,0,2,2],\"split_indices\":[1,0,0,0,0],"
                 "\"split_conditions\":[-Infinity,-0E0,Infinity,1E-45,3.4028235E38],"
                 "\"default_left\":[1,0,0,0,0],\"sum_hessian\":[0,0,0,0,0],"
                 "\"loss_changes\":[-1.5,0,Infinity,0,0],\"tree_param\":{\"num_nodes\":\"5\"}}"});
}

TEST(what_pruning_deleted_is_not_written_and_children_are_in_order)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    struct forest forest;
    parse(small_json(
              &(struct small){
                  .trees = "{\"left_children\":[4,-1,-1,-1,-1],\"right_children\":[1,-1,-1,-1,-1],"
                           "\"split_indices\":[0,0,0,0,0],\"split_conditions\":[5E-1,2,0,0,1],"
                           "\"default_left\":[1,0,0,0,0],\"sum_hessian\":[9,4,0,0,5],"
                           "\"loss_changes\":[1,0,0,0,0],"
                           "\"tree_param\":{\"num_nodes\":\"5\",\"num_deleted\":\"2\"}}"},
              &arena),
          &arena, &forest);
    comes_back(&forest);
    struct view json = write(&forest, XGBOOST_JSON, &arena);
    TRUE(says(json, "\"left_children\":[1,-1,-1]"));
    TRUE(says(json, "\"parents\":[2147483647,0,0]"));
    /* 5 rows of 9 came to the leaf 1, 4 to the leaf 2 */
    TRUE(says(json, "\"base_weights\":[1.4444444E0,1E0,2E0]"));
}

/* ------------------------------------------------------------------ doubles */

/* The leaves of TREE_OF_THREE, and doubles whose nearest floats they are. */
static const double doubles[] = {0, -1.0000000000000002, 2.0000000001};

static struct forest precise(struct arena *arena)
{
    struct forest forest;
    parse(small_json(&(struct small){0}, arena), arena, &forest);
    forest.weight = doubles;
    return forest;
}

TEST(doubles_come_back_and_are_summed)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    struct forest forest = precise(&arena);
    comes_back(&forest);
}

TEST(a_forest_of_floats_has_no_list_of_doubles)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    struct forest forest = precise(&arena);
    struct view with = write(&forest, XGBOOST_JSON, &arena);
    forest.weight = NULL;
    struct view without = write(&forest, XGBOOST_JSON, &arena);
    TRUE(says(with, XGBOOST_DOUBLES_KEY));
    TRUE(!says(without, XGBOOST_DOUBLES_KEY));
}

/* TREE_OF_THREE with one more member. */
#define THREE_AND(more)                                                                            \
    "{" more                                                                                       \
    ",\"left_children\":[1,-1,-1],\"right_children\":[2,-1,-1],\"split_indices\":[0,0,0],"         \
    "\"split_conditions\":[5E-1,-1E0,2E0],\"default_left\":[0,0,0],\"sum_hessian\":[8,5,3],"       \
    "\"loss_changes\":[1.5,0,0],\"tree_param\":{\"num_nodes\":\"3\"}}"

/* -1 is bff00000'00000000, 2 is 40000000'00000000. */
#define DOUBLES_OF_THREE "\"leaf_weights_float64_bits\":[0,0,-1074790400,0,1073741824,0]"

TEST(doubles_in_some_trees_only_are_refused)
{
    small_refused(&(struct small){.trees = THREE_AND(DOUBLES_OF_THREE) "," THREE_AND("\"x\":1"),
                                  .tree_info = "[0,0]"},
                  ERR_MODEL,
                  "tree 1: it comes without leaf_weights_float64_bits, and the trees before it "
                  "with it");
    small_refused(&(struct small){.trees = THREE_AND("\"x\":1") "," THREE_AND(DOUBLES_OF_THREE),
                                  .tree_info = "[0,0]"},
                  ERR_MODEL,
                  "tree 1: it comes with leaf_weights_float64_bits, and the trees before it "
                  "without");
}

TEST(doubles_that_are_not_two_a_node_are_refused)
{
    small_refused(&(struct small){.trees = THREE_AND("\"leaf_weights_float64_bits\":[0,0,0,0,0]")},
                  ERR_MODEL,
                  "leaf_weights_float64_bits has 5 entries, two for each of 3 nodes are due");
}

TEST(a_double_that_is_not_nearest_to_its_float_is_refused)
{
    small_refused(&(struct small){.trees = THREE_AND("\"leaf_weights_float64_bits\":"
                                                     "[0,0,-1074790400,0,1073741824,2147483647]")},
                  ERR_MODEL, "node 2: leaf_weights_float64_bits says 2.00000");
    small_refused(&(struct small){.trees = THREE_AND("\"leaf_weights_float64_bits\":"
                                                     "[0,0,-1,-1,1073741824,0]")},
                  ERR_MODEL, "node 1: leaf_weights_float64_bits says");
}

TEST(doubles_beside_dropped_weights_are_refused)
{
    small_refused(&(struct small){.trees = THREE_AND(DOUBLES_OF_THREE),
                                  .booster = "dart",
                                  .booster_more = ",\"weight_drop\":[1]"},
                  ERR_MODEL, "weight_drop and leaf_weights_float64_bits cannot stand in one model");
}

TEST(what_does_not_fit_is_a_limit)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    struct forest forest = precise(&arena);
    char bytes[300];
    struct text text = text_in(bytes, sizeof bytes);
    struct err err = {0};
    FAILS(xgboost_write(&forest, XGBOOST_JSON, &text, &err), err, ERR_LIMIT);
    SAYS(err, "the model does not fit");
}

TEST(formats_have_names)
{
    enum xgboost_format format;
    TRUE(xgboost_format_find(VIEW("xgboost-ubj"), &format) && format == XGBOOST_UBJ);
    TRUE(xgboost_format_find(VIEW("xgboost-json"), &format) && format == XGBOOST_JSON);
    TRUE(!xgboost_format_find(VIEW("xgboost"), &format));
}

/* What XGBoost looks names up by: where each feature's begin, and the order of their signed bytes.
 */
TEST(names_of_categories_come_with_their_order)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    struct forest forest;
    parse(small_json(
              &(struct small){.trees = TREE_OF_CATEGORIES,
                              .model_more =
                                  ",\"cats\":{\"enc\":[{\"offsets\":[0,1,2],\"values\":[120,119]},"
                                  "{\"offsets\":[0,1,3,4,6],"
                                  "\"values\":[98,-61,-87,97,97,98]}]}"},
              &arena),
          &arena, &forest);
    struct view json = write(&forest, XGBOOST_JSON, &arena);
    TRUE(says(json, "\"feature_segments\":[0,2,6]"));
    TRUE(says(json, "\"sorted_idx\":[1,0,1,2,3,0]")); /* w, x; e with an accent, a, ab, b */
}

TEST(a_forest_without_names_of_categories_has_no_cats)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    struct forest forest = precise(&arena);
    TRUE(!says(write(&forest, XGBOOST_JSON, &arena), "\"cats\""));
}
