#include "measure/bias_flip.h"

#include "harness.h"

#include <math.h>

enum { WIDTH = 2, ROWS_MAX = 6000 };

struct rows {
    float feature[ROWS_MAX][WIDTH];
    uint8_t member[ROWS_MAX], predicted[ROWS_MAX];
    size_t count;
};

static void add(struct rows *rows, bool member, bool passes, float x, float y)
{
    rows->feature[rows->count][0] = x;
    rows->feature[rows->count][1] = y;
    rows->member[rows->count] = member;
    rows->predicted[rows->count++] = passes;
}

static struct bias_flips flips_without(const struct rows *rows, const uint8_t *leave)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    struct bias_flip_sample sample = {.feature = rows->feature[0],
                                      .leave = leave,
                                      .width = WIDTH,
                                      .stride = WIDTH,
                                      .member = rows->member,
                                      .predicted = rows->predicted,
                                      .count = rows->count};
    struct bias_flips flips;
    struct err err = {0};
    WORKS(bias_flip_count(&sample, &flips, &arena, &err), err);
    return flips;
}

static struct bias_flips flips_of(const struct rows *rows)
{
    return flips_without(rows, NULL);
}

/* Of facet a those left of 0 pass and those right of it are stopped. */
static void two_camps(struct rows *rows)
{
    for (int i = 0; i < 20; i++)
        add(rows, false, i < 10, i < 10 ? -1 - (float)i / 100 : 1 + (float)i / 100, (float)(i % 3));
}

TEST(a_member_stopped_among_neighbours_that_pass_is_a_flip_against_the_facet)
{
    static struct rows rows;
    rows.count = 0;
    two_camps(&rows);
    add(&rows, true, false, -1, 1); /* stopped, its like pass */
    add(&rows, true, false, -1.1F, 0);
    add(&rows, true, true, -1, 2);   /* as its like */
    add(&rows, true, false, 1, 1);   /* as its like */
    add(&rows, true, true, 1.1F, 1); /* passes, its like are stopped */
    struct bias_flips flips = flips_of(&rows);
    SAME(flips.against, 2);
    SAME(flips.towards, 1);
    SAME(flips.members, 5);
    SAME(flips.others, 20);
    SAME(flips.neighbours, 5);
}

TEST(of_fewer_than_10_others_the_nearest_alone_decides)
{
    static struct rows rows;
    rows.count = 0;
    add(&rows, false, false, 0, 0);
    for (int i = 0; i < 8; i++)
        add(&rows, false, true, 3 + (float)i, 0);
    add(&rows, true, true, 0.1F, 0);
    struct bias_flips flips = flips_of(&rows);
    SAME(flips.neighbours, 1);
    SAME(flips.towards, 1);
    add(&rows, false, true, 20, 0); /* the tenth */
    flips = flips_of(&rows);
    SAME(flips.neighbours, 5);
    SAME(flips.towards, 0);
}

TEST(a_feature_of_large_numbers_does_not_decide_alone)
{
    static struct rows rows;
    rows.count = 0;
    two_camps(&rows);
    /* Amounts of millions, the same on both sides: unscaled they would be all there is. */
    for (size_t i = 0; i < rows.count; i++)
        rows.feature[i][1] = (float)(i % 10) * 1e6F + (rows.predicted[i] ? 0 : 3e5F);
    add(&rows, true, false, -1, 5.35e6F); /* by amounts alone its like are stopped */
    SAME(flips_of(&rows).against, 1);
}

TEST(what_is_missing_stands_at_the_mean_and_what_never_varies_counts_for_nothing)
{
    static struct rows rows;
    rows.count = 0;
    two_camps(&rows);
    for (size_t i = 0; i < rows.count; i++)
        rows.feature[i][1] = 7;
    add(&rows, true, false, -0.5F, 7);
    add(&rows, true, false, (float)NAN, 7);
    rows.feature[3][0] = (float)NAN;
    struct bias_flips flips = flips_of(&rows);
    SAME(flips.members, 2);
    TRUE(flips.against >= 1 && flips.against <= 2);
}

TEST(the_facets_own_features_are_left_out)
{
    static struct rows rows;
    static const uint8_t leave[WIDTH] = {0, 1};
    rows.count = 0;
    two_camps(&rows);
    /* The second feature would lead to the other camp. */
    for (size_t i = 0; i < rows.count; i++)
        rows.feature[i][1] = rows.predicted[i] ? 0 : 1000;
    add(&rows, true, false, -0.6F, 1000);
    SAME(flips_of(&rows).against, 0);
    SAME(flips_without(&rows, leave).against, 1);
}

TEST(of_many_rows_a_bounded_number_is_compared_at_even_distances)
{
    static struct rows rows;
    rows.count = 0;
    for (int i = 0; i < 4500; i++)
        add(&rows, false, true, (float)(i % 97), (float)(i % 89));
    for (int i = 0; i < 1500; i++)
        add(&rows, true, i < 1200, (float)(i % 97), (float)(i % 83));
    struct bias_flips flips = flips_of(&rows);
    SAME(flips.members, BIAS_FLIP_MEMBERS_MAX);
    SAME(flips.others, BIAS_FLIP_OTHERS_MAX);
    SAME(flips.against, 200); /* the last fifth */
    SAME(flips.towards, 0);
}

TEST(without_others_there_is_nobody_to_compare_with)
{
    static struct rows rows;
    rows.count = 0;
    add(&rows, true, false, 1, 1);
    struct bias_flips flips = flips_of(&rows);
    SAME(flips.others, 0);
    SAME(flips.against + flips.towards, 0);
    add(&rows, true, true, 2, 1);
    SAME(flips_of(&rows).towards, 0);
}
