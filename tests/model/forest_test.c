#include "model/forest.h"

#include "base/number.h"
#include "harness.h"

#include <math.h>

/* x0 < 1 (missing: left) ? 0.25 : (x1 in {0, 2, 33} (missing: right) ? 4 : 8) */
static const struct node nodes[] = {
    {.threshold = 1, .left = 1, .feature = 0, .missing_left = true},
    {.weight = 0.25F},
    {.set = 0, .left = 3, .feature = 1, .categorical = true},
    {.weight = 8},
    {.weight = 4},
};
static const uint32_t bits[] = {1 << 0 | 1 << 2, 1 << 1, UINT32_MAX}; /* the last is another's */
static const struct category_set sets[] = {{.first = 0, .words = 2}};
static const uint32_t roots[] = {0};

static const struct forest one_tree = {
    .node = nodes,
    .root = roots,
    .set = sets,
    .bits = bits,
    .node_count = LENGTH_OF(nodes),
    .tree_count = 1,
    .feature_count = 2,
    .objective = &objective_reg_squarederror,
};

static float walk(float x0, float x1)
{
    return forest_margin(&one_tree, (const float[]){x0, x1});
}

TEST(a_number_goes_left_when_it_is_less_and_right_when_it_is_equal)
{
    NEAR(walk(0.999F, 5), 0.25, 0);
    NEAR(walk(1, 5), 8, 0);
    NEAR(walk(-INFINITY, 5), 0.25, 0);
    NEAR(walk(INFINITY, 5), 8, 0);
}

TEST(a_missing_value_goes_where_training_sent_it)
{
    NEAR(walk(NAN, 2), 0.25, 0);
    NEAR(walk(1, NAN), 4, 0);
}

TEST(a_category_in_the_set_goes_right_and_every_other_left)
{
    NEAR(walk(1, 0), 4, 0);
    NEAR(walk(1, 1), 8, 0);
    NEAR(walk(1, 2), 4, 0);
    NEAR(walk(1, 33), 4, 0);
    NEAR(walk(1, 32), 8, 0);
    NEAR(walk(1, 63), 8, 0);
    NEAR(walk(1, 64), 8, 0); /* past the set's last word */
}

TEST(a_code_is_cut_to_a_whole_number_and_impossible_codes_go_left)
{
    NEAR(walk(1, 2.9F), 4, 0);
    NEAR(walk(1, -0.0F), 4, 0);
    NEAR(walk(1, -0.5F), 8, 0);
    NEAR(walk(1, -1), 8, 0);
    NEAR(walk(1, 16777216.0F), 8, 0);
    NEAR(walk(1, 4294967296.0F), 8, 0); /* would be 0 in 32 bits */
    NEAR(walk(1, INFINITY), 8, 0);
    NEAR(walk(1, -INFINITY), 8, 0);
}

TEST(the_leaf_is_named_by_its_place)
{
    SAME(forest_leaf(&one_tree, 0, (const float[]){0, 0}), 1);
    SAME(forest_leaf(&one_tree, 0, (const float[]){2, 1}), 3);
    SAME(forest_leaf(&one_tree, 0, (const float[]){2, 2}), 4);
}

/* In double, or in another order, these sums end elsewhere. */
TEST(weights_are_added_as_floats_in_tree_order_onto_the_base)
{
    static const struct node leaves[] = {{.weight = 0x1p24F}, {.weight = 1}, {.weight = -0x1p24F}};
    static const uint32_t three[] = {0, 1, 2};
    struct forest forest = {.node = leaves,
                            .root = three,
                            .node_count = 3,
                            .tree_count = 3,
                            .base_margin = 1,
                            .objective = &objective_reg_squarederror};
    /* 1 + 2^24 is 2^24, a tie to even; plus 1 the same; minus 2^24 leaves nothing. */
    NEAR(forest_margin(&forest, NULL), 0, 0);
    /* 2^24 + 2 is a float; plus 1 it is a tie, to even 2^24 + 4. Base last would give 2, doubles 3.
     */
    forest.base_margin = 2;
    NEAR(forest_margin(&forest, NULL), 4, 0);
}

TEST(the_score_is_the_margin_through_the_objectives_link)
{
    struct forest forest = one_tree;
    NEAR(forest_predict(&forest, -3), -3, 0);
    forest.objective = &objective_binary_logistic;
    NEAR(forest_predict(&forest, 0), 0.5, 0);
}
