#include "measure/bias.h"

#include "harness.h"

#include <math.h>

static double value(const struct bias *bias, const struct bias_table *table)
{
    struct bias_value got = bias_of(bias, table);
    TRUE(got.why == NULL);
    return got.value;
}

/* n[facet][observed][predicted]; 1 is favourable. */
static struct bias_table table_of(const uint64_t n[8])
{
    struct bias_table table = {.predicts = true};
    memcpy(table.n, n, sizeof table.n);
    return table;
}

/* Clarify's own output for AWS's claims: 2796 and 1204 members, 89 and 17 frauds, nobody flagged.
 */
static struct bias_table claims(void)
{
    return table_of((const uint64_t[]){0, 89, 0, 2707, 0, 17, 0, 1187});
}

TEST(clarifys_published_numbers_come_out_to_the_last_digit)
{
    struct bias_table t = claims();
    NEAR(value(&bias_CI, &t), 0.398, 1e-15);
    NEAR(value(&bias_DPL, &t), -.017711586081682884, 1e-15);
    NEAR(value(&bias_KL, &t), .008323488560379871, 1e-15);
    NEAR(value(&bias_LP, &t), .025047965247854492, 1e-15);
    NEAR(value(&bias_KS, &t), .01771158608168289, 1e-15);
    NEAR(value(&bias_TVD, &t), .01771158608168289, 1e-15);
    NEAR(value(&bias_JS, &t), .0020437563177422677, 1e-15);
    TRUE(fabs(value(&bias_JS_average, &t) - .0020437563177422677) > 1e-6);
    NEAR(value(&bias_AD, &t), -0.017711586081682884, 1e-15);
    NEAR(value(&bias_DAR, &t), -0.017711586081682884, 1e-15);
    NEAR(value(&bias_DCA, &t), -0.017711586081682884, 1e-15);
    NEAR(value(&bias_DCR, &t), 0, 0); /* two infinities that are equal */
    NEAR(value(&bias_DI, &t), 1, 0);
    NEAR(value(&bias_DPPL, &t), 0, 0);
    NEAR(value(&bias_DRR, &t), 0, 0);
    NEAR(value(&bias_RD, &t), 0, 0);
    NEAR(value(&bias_SD, &t), 0, 0);
    NEAR(value(&bias_TE, &t), 0, 0);
    struct bias_value missing = bias_of(&bias_CDDPL, &t);
    TEXT(view_of(missing.why), "Group variable is empty or not provided");
    TRUE(strstr(bias_caveat(&t), "vacuous") != NULL);
}

/* By hand: a has 100 rows, 80 good of which 8 flagged, 20 frauds of which 5 pass;
 * d has 50 rows, 30 good of which 6 flagged, 20 frauds of which 10 pass. */
static struct bias_table by_hand(void)
{
    return table_of((const uint64_t[]){15, 5, 8, 72, 10, 10, 6, 24});
}

TEST(every_metric_of_decisions_is_what_a_hand_computes)
{
    struct bias_table t = by_hand();
    NEAR(value(&bias_DPPL, &t), 77. / 100 - 34. / 50, 1e-15);
    NEAR(value(&bias_DI, &t), (34. / 50) / (77. / 100), 1e-15);
    NEAR(value(&bias_DCA, &t), 80. / 77 - 30. / 34, 1e-15);
    NEAR(value(&bias_DCR, &t), 20. / 16 - 20. / 23, 1e-15);
    NEAR(value(&bias_RD, &t), 72. / 80 - 24. / 30, 1e-15);
    NEAR(value(&bias_SD, &t), 10. / 20 - 15. / 20, 1e-15);
    NEAR(value(&bias_DAR, &t), 72. / 77 - 24. / 34, 1e-15);
    NEAR(value(&bias_DRR, &t), 10. / 16 - 15. / 23, 1e-15);
    NEAR(value(&bias_AD, &t), 87. / 100 - 34. / 50, 1e-15);
    NEAR(value(&bias_TE, &t), 6. / 10 - 8. / 5, 1e-15);
    NEAR(value(&bias_FPRD, &t), 6. / 30 - 8. / 80, 1e-15);
    NEAR(value(&bias_FPRR, &t), (8. / 80) / (6. / 30), 1e-15);
    NEAR(value(&bias_FNRD, &t), 10. / 20 - 5. / 20, 1e-15);
    /* b: 14 zeros, 121 ones, 15 twos; mean 151/150. */
    double mean = 151. / 150;
    NEAR(value(&bias_GE, &t), (121 / mean / mean + 60 / mean / mean - 150) / 300, 1e-15);
}

TEST(generalised_entropy_goes_as_far_as_its_formula)
{
    struct bias_table t = table_of((const uint64_t[]){0, 0, 99, 1, 0, 0, 0, 0});
    t.n[FACET_D][1][0] = 0;
    t.n[FACET_A][1][0] = 98;
    t.n[FACET_D][1][0] = 1;
    NEAR(value(&bias_GE, &t), 49.5, 1e-12); /* 99 decided against and one right */
}

TEST(a_label_that_a_facet_lacks_is_still_a_label)
{
    struct bias_table t = table_of((const uint64_t[]){0, 2, 0, 998, 0, 0, 0, 500});
    TRUE(isinf(value(&bias_KL, &t)));
    NEAR(value(&bias_TVD, &t), 0.002, 1e-15);
    NEAR(value(&bias_LP, &t), 0.002 * sqrt(2), 1e-15);
}

TEST(an_interval_is_newcombes_and_holds_the_value)
{
    /* Newcombe 1998, table II (a): 56/70 and 48/80, method 10: 0.0524 to 0.3339. */
    struct bias_table t = table_of((const uint64_t[]){0, 14, 0, 56, 0, 32, 0, 48});
    struct bias_value dpl = bias_of(&bias_DPL, &t);
    NEAR(dpl.value, 0.2, 1e-15);
    NEAR(dpl.low, 0.0524, 5e-5);
    NEAR(dpl.high, 0.3339, 5e-5);
    struct bias_table turned = table_of((const uint64_t[]){0, 32, 0, 48, 0, 14, 0, 56});
    struct bias_value other = bias_of(&bias_DPL, &turned);
    NEAR(other.low, -dpl.high, 1e-15);
    NEAR(other.high, -dpl.low, 1e-15);
    for (size_t i = 0; i < biases_count; i++) {
        struct bias_table hand = by_hand();
        hand.grouped = true;
        struct bias_value got = bias_of(biases[i], &hand);
        TRUE(got.why == NULL);
        TRUE(isnan(got.low) == (biases[i]->shares == NULL));
        TRUE(isnan(got.low) || (got.low <= got.value && got.value <= got.high));
    }
}

TEST(disparity_is_conditional_on_the_group)
{
    /* Two departments that each treat both facets alike, and differ in whom they get: the whole
     * looks unfair, each group is not (Simpson). */
    enum { ROWS = 400 };
    uint8_t observed[ROWS], member[ROWS];
    uint32_t group[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        group[i] = i >= 200;
        member[i] = group[i] ? i % 5 > 0 : i % 5 == 0;
        observed[i] = group[i] ? i / 5 % 4 == 0 : i / 5 % 4 > 0;
    }
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct err err = {0};
    struct bias_table table, alone;
    struct bias_sample sample = {
        .observed = observed, .member = member, .group = group, .groups = 2, .count = ROWS};
    WORKS(bias_count(&sample, &table, &arena, &err), err);
    TRUE(value(&bias_DPL, &table) > 0.25);
    NEAR(value(&bias_CDDL, &table), 0, 1e-12);
    sample.group = NULL;
    WORKS(bias_count(&sample, &alone, &arena, &err), err);
    TRUE(bias_of(&bias_CDDL, &alone).why != NULL);
    TRUE(bias_of(&bias_DPPL, &alone).why != NULL); /* no decisions yet */
    sample.groups = 1;
    memset(group, 0, sizeof group);
    sample.group = group;
    WORKS(bias_count(&sample, &table, &arena, &err), err);
    TRUE(value(&bias_CDDL, &table) > 0.25);
}

TEST(small_groups_are_said_to_be_small)
{
    struct bias_table few = table_of((const uint64_t[]){40, 40, 40, 40, 10, 5, 4, 10});
    TRUE(strstr(bias_caveat(&few), "members") != NULL);
    struct bias_table calm = table_of((const uint64_t[]){40, 40, 40, 40, 4, 5, 40, 40});
    TRUE(strstr(bias_caveat(&calm), "outcomes") != NULL);
    struct bias_table enough = table_of((const uint64_t[]){40, 40, 40, 40, 40, 40, 40, 40});
    TRUE(bias_caveat(&enough) == NULL);
}

TEST(every_bias_metric_is_complete_and_named_once)
{
    for (size_t i = 0; i < biases_count; i++) {
        TRUE(biases[i]->name[0] != '\0' && biases[i]->description[0] != '\0');
        TRUE(biases[i]->of != NULL);
        for (size_t j = 0; j < i; j++)
            TRUE(strcmp(biases[i]->name, biases[j]->name) != 0);
    }
}
