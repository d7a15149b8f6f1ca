#include "harness.h"
#include "model/columns.h"
#include "model/kernel.h"
#include "model/random_forest.h"

#include <math.h>

static bool goes_right(const struct forest *forest, const struct node *node, float value)
{
    if (isnan(value))
        return !node->missing_left;
    return node->categorical ? forest_in_set(forest, node->set, value) : !(value < node->threshold);
}

/* Every branch asked by rank and by value. */
static size_t count_differences(const struct forest *forest, const struct columns *columns,
                                const float *row, const struct ranks *ranks)
{
    size_t differences = 0;
    for (size_t i = 0; i < forest->node_count; i++) {
        const struct node *node = &forest->node[i];
        if (node_is_leaf(node) || node->categorical)
            continue;
        struct column_test test = columns_test(columns, node);
        bool right = ranks->column[test.column] > test.rank;
        differences += right != goes_right(forest, node, row[node->feature]);
    }
    return differences;
}

TEST(a_rank_answers_every_branch_as_the_value_does)
{
    static const unsigned numbers[] = {0, 2, 16, 17, 254, 255, 256, 510, 511, 3000};
    for (size_t trial = 0; trial < 60; trial++) {
        CLEANUP(arena_release) struct arena arena = {.limit = (size_t)1 << 30};
        struct random_forest kind = {.seed = trial,
                                     .trees = 30,
                                     .features = 1 + trial % 9,
                                     .depth = 7,
                                     .nodes_max = 4096,
                                     .numbers = numbers[trial % LENGTH_OF(numbers)],
                                     .missing = trial % 3 > 0};
        struct forest forest;
        struct columns columns;
        struct err err = {0};
        WORKS(random_forest_make(&kind, &arena, &forest, &err), err);
        WORKS(columns_build(&forest, &arena, &columns, &err), err);
        TRUE(columns.fit);
        for (size_t i = 0; i < 50; i++) {
            float row[16];
            random_row(&kind, i, row);
            for (size_t k = 0; k < kernels_count; k++) {
                if (!kernels[k]->supported())
                    continue;
                struct ranks ranks;
                kernels[k]->rank(&columns, row, &ranks);
                SAME(count_differences(&forest, &columns, row, &ranks), 0);
            }
        }
    }
}

/* Two stumps on one feature, at the same threshold, that answer a missing value differently. */
static struct sprout stump[] = {
    {.left = 1, .right = 2, .feature = 1, .threshold = 2.5F, .missing_left = true},
    {.left = -1, .right = -1, .weight = 1},
    {.left = -1, .right = -1, .weight = 2},
};

static bool stump_node(const void *from, size_t index, struct sprout *out, struct err *err)
{
    (void)err;
    *out = stump[index];
    if (index == 0)
        out->missing_left = *(const bool *)from;
    return true;
}

TEST(a_column_has_a_twin_when_its_branches_disagree_on_what_is_missing)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct grove grove = {.arena = &arena};
    struct forest forest = {.feature_count = 2};
    struct columns columns;
    struct err err = {0};
    bool side[] = {true, false};
    for (size_t i = 0; i < 2; i++)
        WORKS(grove_plant(&grove,
                          &(struct sapling){.from = &side[i], .node = stump_node, .count = 3},
                          &err),
              err);
    WORKS(grove_settle(&grove, &arena, &forest, &err), err);
    WORKS(columns_build(&forest, &arena, &columns, &err), err);
    SAME(columns.primary_count, 1);
    SAME(columns.count, 2);
    SAME(columns.cut_count[0], 1);
    struct column_test left = columns_test(&columns, &forest.node[forest.root[0]]);
    struct column_test right = columns_test(&columns, &forest.node[forest.root[1]]);
    SAME(left.column, 1);
    SAME(right.column, 0);
    SAME(left.rank, 0);
    struct ranks ranks;
    columns_rank(&columns, (const float[]){0, NAN}, &ranks);
    SAME(ranks.column[0], COLUMN_RIGHT);
    SAME(ranks.column[1], 0);
    columns_rank(&columns, (const float[]){0, 2.5F}, &ranks);
    SAME(ranks.column[0], 1);
    SAME(ranks.column[1], 1);
    columns_rank(&columns, (const float[]){0, 2.4999998F}, &ranks);
    SAME(ranks.column[0], 0);
    SAME(ranks.column[1], 0);
}

TEST(a_category_is_its_code_or_another_or_missing)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct random_forest kind = {
        .seed = 1, .trees = 5, .features = 1, .depth = 3, .nodes_max = 99, .categories = 1};
    struct forest forest;
    struct columns columns;
    struct err err = {0};
    WORKS(random_forest_make(&kind, &arena, &forest, &err), err);
    WORKS(columns_build(&forest, &arena, &columns, &err), err);
    SAME(columns.category_count, 1);
    uint32_t end = columns.code_end[0];
    TRUE(end > 1);
    static const struct {
        float value;
        int code; /* -1: another */
    } trial[] = {{0, 0},     {-0.0F, 0},     {1.9F, 1},       {-1, -1},
                 {1e9F, -1}, {INFINITY, -1}, {-INFINITY, -1}, {-0.5F, -1}};
    for (size_t i = 0; i < LENGTH_OF(trial); i++) {
        struct ranks ranks;
        columns_rank(&columns, &trial[i].value, &ranks);
        SAME(ranks.code[0], trial[i].code < 0 ? end : (uint32_t)trial[i].code);
    }
    struct ranks ranks;
    float missing = NAN;
    columns_rank(&columns, &missing, &ranks);
    SAME(ranks.code[0], end + 1);
}
