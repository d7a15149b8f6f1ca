#include "harness.h"
#include "model/grove.h"

#include <float.h>
#include <math.h>

TEST(less_than_the_float_above_is_at_most_the_double)
{
    static const double thresholds[] = {0,
                                        -0.0,
                                        1,
                                        1.0000000001,
                                        0.1,
                                        -0.1,
                                        1e-50,
                                        3e38,
                                        1e300,
                                        -1e300,
                                        17.985000000000003,
                                        (double)FLT_MAX};
    for (size_t i = 0; i < LENGTH_OF(thresholds); i++) {
        float bar = threshold_above(thresholds[i]);
        float near = (float)thresholds[i];
        const float values[] = {near,
                                nextafterf(near, INFINITY),
                                nextafterf(near, -INFINITY),
                                0,
                                -0.0F,
                                1,
                                -1,
                                FLT_MAX,
                                -FLT_MAX,
                                INFINITY,
                                -INFINITY};
        for (size_t v = 0; v < LENGTH_OF(values); v++)
            if (isfinite(values[v]))
                SAME(values[v] < bar, (double)values[v] <= thresholds[i]);
    }
}

TEST(past_a_threshold_that_is_an_amount_itself_the_amount_goes_left_as_a_float_too)
{
    for (int cents = 1; cents < 100000; cents += 7) {
        double amount = cents / 100.0;
        TRUE((float)amount < threshold_past(amount));
        TRUE(!((float)(amount + 0.01) < threshold_past(amount)));
        TRUE(!((float)(0.01 - amount) < threshold_past(-amount)));
    }
    TRUE(!(INFINITY < threshold_past((double)INFINITY)) && FLT_MAX < threshold_past(INFINITY));
}

static bool given_node(const void *from, size_t index, struct sprout *out, struct err *err)
{
    (void)err;
    *out = ((const struct sprout *)from)[index];
    return true;
}

static void refused(const struct sprout *node, size_t count, enum err_kind kind, const char *says)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct grove grove = {.arena = &arena};
    struct err err = {0};
    FAILS(grove_plant(&grove, &(struct sapling){.from = node, .node = given_node, .count = count},
                      &err),
          err, kind);
    SAYS(err, says);
}

TEST(what_is_no_tree_is_refused_at_its_node)
{
    const struct sprout leaf = {.left = -1, .right = -1, .weight = 1};
    refused(NULL, 0, ERR_MODEL, "no nodes");
    refused((const struct sprout[]){{.left = 0, .right = 1}, leaf}, 2, ERR_MODEL,
            "node 0: its child 0 has a parent already");
    refused((const struct sprout[]){{.left = 1, .right = 1}, leaf}, 2, ERR_MODEL,
            "node 0: its child 1 has a parent already");
    refused((const struct sprout[]){{.left = 1, .right = 2}, leaf}, 2, ERR_MODEL,
            "node 0: its child 2 does not exist");
    refused((const struct sprout[]){{.left = 1, .right = -1}, leaf}, 2, ERR_MODEL,
            "node 0: it has one child");
    refused((const struct sprout[]){leaf, leaf}, 2, ERR_MODEL, "1 nodes are reached");
    refused((const struct sprout[]){{.left = 1, .right = 2, .threshold = NAN}, leaf, leaf}, 3,
            ERR_MODEL, "node 0: its threshold is NaN");
    refused((const struct sprout[]){{.left = -1, .right = -1, .weight = 1e300}}, 1, ERR_MODEL,
            "node 0: its weight is not finite");
    refused((const struct sprout[]){{.left = 1, .right = 2, .feature = -1}, leaf, leaf}, 3,
            ERR_MODEL, "node 0: feature -1 is out of range");
    refused((const struct sprout[]){{.left = 1, .right = 2, .categorical = true}, leaf, leaf}, 3,
            ERR_MODEL, "lists none");
}

TEST(a_precise_forest_keeps_its_doubles_and_rounds_their_sum_once)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct grove grove = {.arena = &arena, .precise = true};
    struct forest forest = {.feature_count = 1};
    struct err err = {0};
    const struct sprout leaf = {.left = -1, .right = -1, .weight = 0.1};
    for (size_t i = 0; i < 10; i++)
        WORKS(grove_plant(&grove, &(struct sapling){.from = &leaf, .node = given_node, .count = 1},
                          &err),
              err);
    WORKS(grove_settle(&grove, &arena, &forest, &err), err);
    float row = 0;
    double sum = 0;
    for (size_t i = 0; i < 10; i++)
        sum += 0.1;
    TRUE(forest_margin(&forest, &row) == (float)sum);
}
