#include "decide/decision.h"

#include "harness.h"
#include "model/small_bundle.h"

#include <math.h>

enum { MEMORY = 64 << 20 };

static void open_with(float threshold, struct arena *arena, struct bundle *bundle)
{
    struct small_bundle small;
    struct view file;
    struct err err = {0};
    small_bundle_init(&small, arena);
    small.parts.policy.threshold = threshold;
    WORKS(bundle_seal(&small.parts, arena, &file, &err), err);
    WORKS(bundle_open(bundle, file, &err), err);
}

TEST(a_decision_is_the_forests_margin_its_link_and_the_row_it_read)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(bundle_release) struct bundle bundle = {0};
    struct cell cell[SMALL_COLUMNS];
    float row[SMALL_WIDTH];
    open_with(0.5F, &arena, &bundle);
    struct record record = small_record(&bundle.schema, small_row[0], cell);
    struct decision decision = decide(&bundle, &record, row);
    TRUE(decision.row == row);
    TRUE(row[0] == 250.5F && row[3] == 1);
    /* By hand: see bundle_test. */
    double margin = -log(3) + 2 + 0.75 + 0.6 - 0.1 + 0.3 - 0.7;
    NEAR(decision.margin, margin, 1e-6);
    NEAR(decision.score, 1 / (1 + exp(-margin)), 1e-6);
    TRUE(decision.fraud);
}

TEST(a_score_at_the_threshold_is_fraud_and_just_below_it_is_not)
{
    for (size_t i = 0; i < SMALL_GOLDEN; i++) {
        CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
        struct cell cell[SMALL_COLUMNS];
        float row[SMALL_WIDTH], score = 0;
        for (int step = 0; step < 3; step++) {
            CLEANUP(bundle_release) struct bundle bundle = {0};
            float threshold = step == 0 ? 0.5F : step == 1 ? score : nextafterf(score, 2);
            open_with(threshold, &arena, &bundle);
            struct record record = small_record(&bundle.schema, small_row[i], cell);
            struct decision decision = decide(&bundle, &record, row);
            score = decision.score;
            if (step > 0)
                FAIL_UNLESS(decision.fraud == (step == 1), "row %zu at %.9g against %.9g", i,
                            (double)score, (double)threshold);
        }
    }
}

TEST(a_threshold_of_0_declines_all_and_one_above_1_none)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(bundle_release) struct bundle none = {0}, all = {0};
    struct cell cell[SMALL_COLUMNS];
    float row[SMALL_WIDTH];
    open_with(0, &arena, &all);
    open_with(1.5F, &arena, &none);
    for (size_t i = 0; i < SMALL_GOLDEN; i++) {
        struct record record = small_record(&all.schema, small_row[i], cell);
        TRUE(decide(&all, &record, row).fraud);
        record = small_record(&none.schema, small_row[i], cell);
        TRUE(!decide(&none, &record, row).fraud);
    }
}

TEST(the_same_record_twice_gives_the_same_bits)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(bundle_release) struct bundle bundle = {0};
    struct cell cell[SMALL_COLUMNS];
    float one[SMALL_WIDTH], two[SMALL_WIDTH];
    open_with(0.5F, &arena, &bundle);
    for (size_t i = 0; i < SMALL_GOLDEN; i++) {
        struct record record = small_record(&bundle.schema, small_row[i], cell);
        memset(one, 0xff, sizeof one), memset(two, 0, sizeof two);
        struct decision a = decide(&bundle, &record, one), b = decide(&bundle, &record, two);
        TRUE(memcmp(one, two, sizeof one) == 0);
        TRUE(memcmp(&a.margin, &b.margin, sizeof a.margin) == 0);
        TRUE(a.fraud == b.fraud);
    }
}
