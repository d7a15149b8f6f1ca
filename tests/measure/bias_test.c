#include "measure/bias.h"

#include "measure/bias_interval.h"

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

/* The examples in SageMaker's developer guide, a page for each metric. */
TEST(the_documentations_examples_come_out)
{
    struct bias_table t = table_of((const uint64_t[]){30, 0, 10, 60, 20, 10, 0, 20});
    NEAR(value(&bias_DCA, &t), 0.5, 1e-15); /* 70 / 60 - 20 / 30 */
    t = table_of((const uint64_t[]){40, 10, 0, 50, 10, 0, 10, 30});
    NEAR(value(&bias_DCA, &t), -0.5, 1e-15); /* 50 / 60 - 40 / 30 */
    t = table_of((const uint64_t[]){50, 0, 10, 40, 30, 10, 0, 10});
    NEAR(value(&bias_DCR, &t), 0.5, 1e-15); /* 40 / 30 - 50 / 60 */
    t = table_of((const uint64_t[]){60, 10, 0, 30, 20, 0, 10, 20});
    NEAR(value(&bias_DCR, &t), -0.5, 1e-15); /* 20 / 30 - 70 / 60 */
    t = table_of((const uint64_t[]){20, 10, 5, 65, 18, 5, 7, 20});
    NEAR(value(&bias_RD, &t), 0.19, 0.005);
    NEAR(value(&bias_SD, &t), 0.1159, 0.00005);
    t = table_of((const uint64_t[]){0, 35, 0, 35, 0, 60, 0, 40});
    NEAR(value(&bias_DAR, &t), 0.1, 1e-15); /* 35 / 70 - 40 / 100 */
    t = table_of((const uint64_t[]){10, 10, 20, 60, 10, 10, 40, 40});
    NEAR(value(&bias_AD, &t), 0.2, 1e-15);
    /* Of 100 rejected 60 are women, of 100 accepted 50: demographic disparity 0.1. */
    const uint64_t college[4] = {40, 50, 60, 50};
    NEAR(bias_disparity(college, 1), 0.1, 1e-15);
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

static enum bias_verdict judged(const uint64_t n[8], const char *says)
{
    static const struct bias_minima minima = {BIAS_MEMBERS_MIN, BIAS_OUTCOMES_MIN,
                                              BIAS_FLAGGED_MIN};
    struct bias_table table = table_of(n);
    char bytes[200];
    struct text why = text_in(bytes, sizeof bytes);
    enum bias_verdict verdict = bias_judge(&table, &minima, &why);
    FAIL_UNLESS(strstr(text_c(&why), says) != NULL, "it says '%s'", text_c(&why));
    TRUE((verdict == BIAS_STANDS) == (why.length == 0));
    return verdict;
}

TEST(small_groups_are_said_to_be_small_and_by_how_much)
{
    SAME(judged((const uint64_t[]){40, 40, 40, 40, 10, 5, 4, 10}, "the facet has 29 members"),
         BIAS_TOO_SMALL);
    /* 30 members are enough, of whom 14 are flagged. */
    SAME(judged((const uint64_t[]){40, 40, 40, 40, 10, 5, 4, 11}, "of the facet 14 are flagged"),
         BIAS_VACUOUS);
    SAME(judged((const uint64_t[]){40, 40, 40, 40, 4, 5, 40, 40}, "the facet has 9 frauds"),
         BIAS_TOO_SMALL);
    SAME(judged((const uint64_t[]){40, 40, 4, 5, 40, 40, 40, 40}, "the rest has 80 frauds and 9"),
         BIAS_TOO_SMALL);
    SAME(judged((const uint64_t[]){40, 40, 40, 40, 40, 40, 40, 40}, ""), BIAS_STANDS);
}

TEST(where_hardly_anybody_is_flagged_the_verdict_is_vacuous)
{
    SAME(judged((const uint64_t[]){40, 40, 40, 40, 20, 20, 9, 40}, "of the facet 29 are flagged"),
         BIAS_VACUOUS);
    SAME(judged((const uint64_t[]){40, 40, 40, 40, 20, 20, 10, 40}, ""), BIAS_STANDS);
    SAME(judged((const uint64_t[]){0, 89, 0, 2707, 0, 17, 0, 1187}, "of the rest 0 are flagged"),
         BIAS_VACUOUS); /* Clarify's own claims */
    TEXT(view_of(bias_verdict_name(BIAS_VACUOUS)), "vacuous");
    TEXT(view_of(bias_verdict_name(BIAS_TOO_SMALL)), "too_small");
    TEXT(view_of(bias_verdict_name(BIAS_STANDS)), "stands");
}

/* Facet d is treated worse in every way that by_hand has. */
TEST(whom_a_metric_favours_is_computed_and_said_in_words)
{
    struct bias_table t = by_hand();
    static const struct bias *const the_rest[] = {&bias_DPPL, &bias_DI, &bias_RD, &bias_FPRD,
                                                  &bias_AD};
    for (size_t i = 0; i < LENGTH_OF(the_rest); i++)
        TEXT(view_of(bias_favours(the_rest[i], value(the_rest[i], &t))), "the rest");
    /* a lets 80 / 77 of its good ones pass, d 30 / 34: d is let pass more often than it is good. */
    TEXT(view_of(bias_favours(&bias_DCA, value(&bias_DCA, &t))), "the facet");
    /* And a rejects 23 for 20 frauds, d 16 for 20. */
    TEXT(view_of(bias_favours(&bias_DCR, value(&bias_DCR, &t))), "the facet");
    TEXT(view_of(bias_favours(&bias_FNRD, value(&bias_FNRD, &t))), "the facet");
    TEXT(view_of(bias_favours(&bias_DI, 1)), "neither");
    TEXT(view_of(bias_favours(&bias_DI, 1.2)), "the facet");
    TEXT(view_of(bias_favours(&bias_DPPL, 0)), "neither");
    TRUE(bias_favours(&bias_KL, 0.3) == NULL);
    TRUE(bias_favours(&bias_DPPL, (double)NAN) == NULL);
}

TEST(the_flip_test_has_the_documentations_sign_and_the_codes_beside_it)
{
    struct bias_table t = by_hand();
    TRUE(bias_of(&bias_FT, &t).why != NULL); /* no neighbours yet */
    t.flips = true;
    t.flip = (struct bias_flips){.against = 12, .towards = 2, .members = 50, .neighbours = 5};
    NEAR(value(&bias_FT, &t), 0.2, 1e-15);
    NEAR(value(&bias_FT_code, &t), -0.2, 1e-15);
    TEXT(view_of(bias_favours(&bias_FT, 0.2)), "the rest");
    TEXT(view_of(bias_favours(&bias_FT_code, -0.2)), "the rest");
    t.flip.against = t.flip.towards;
    TRUE(!signbit(value(&bias_FT_code, &t)));
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
