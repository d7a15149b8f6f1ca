#include "monitor/compare.h"

#include "compare_ground.h"

enum { ROWS = 5000 };

TEST(columns_that_stayed_are_ok_and_instants_and_names_are_left_out)
{
    CLEANUP(ground_close) struct ground g;
    ground_open(&g);
    ground_draw(&g, 0, ROWS, 1, 2);
    ground_draw(&g, 1, ROWS, 1, 2);
    ground_compare(&g, &drift_mode_assay, NULL);
    SAME(g.comparison.state, DRIFT_OK);
    SAME(g.comparison.judged, 4);
    SAME(g.comparison.drifted, 0);
    SAME(strcmp(ground_column(&g, "at")->left_out, "an instant"), 0);
    SAME(strcmp(ground_column(&g, "card")->left_out, "names things"), 0);
    TRUE(ground_column(&g, "amount")->left_out == NULL);
    NEAR(g.comparison.false_alarms, 0.02, 1e-15); /* columns, and the rate of fraud */
}

TEST(amounts_three_times_as_large_alarm_and_come_first)
{
    CLEANUP(ground_close) struct ground g;
    ground_open(&g);
    ground_draw(&g, 0, ROWS, 1, 2);
    ground_draw(&g, 1, ROWS, 3, 2);
    ground_compare(&g, &drift_mode_assay, NULL);
    SAME(g.comparison.state, DRIFT_ALARM);
    SAME(g.comparison.drifted, 1);
    TEXT(g.comparison.order[0]->column->name, "amount");
    TRUE(g.comparison.order[0]->figure[DRIFT_psi] > 0.25);
    for (size_t i = 1; i < 4; i++) {
        TRUE(g.comparison.order[i]->left_out == NULL);
        TRUE(g.comparison.order[i]->figure[DRIFT_psi] <=
             g.comparison.order[i - 1]->figure[DRIFT_psi]);
    }
}

TEST(an_ignored_column_is_not_compared_and_one_that_is_not_there_is_an_error)
{
    CLEANUP(ground_close) struct ground g;
    struct err err = {0};
    ground_open(&g);
    ground_draw(&g, 0, ROWS, 1, 2);
    ground_draw(&g, 1, ROWS, 3, 2);
    ground_compare(&g, &drift_mode_assay, "amount");
    SAME(g.comparison.state, DRIFT_OK);
    SAME(strcmp(ground_column(&g, "amount")->left_out, "ignored"), 0);
    const char *ignore = "amuont";
    struct comparison_options options = {
        .mode = &drift_mode_assay, .ignore = &ignore, .ignores = 1, .limits = g.limits};
    FAILS(compare_sheets(&g.before, &g.now, &options, &g.arena, &g.comparison, &err), err,
          ERR_USAGE);
    SAYS(err, "'amuont'");
}

/* From 2 to 12 in a thousand is .01 of PSI. */
TEST(a_rare_class_that_became_less_rare_is_seen_as_a_rate)
{
    CLEANUP(ground_close) struct ground g;
    ground_open(&g);
    ground_draw(&g, 0, ROWS, 1, 2);
    ground_draw(&g, 1, ROWS, 1, 12);
    ground_compare(&g, &drift_mode_assay, NULL);
    const struct comparison_column *fraud = ground_column(&g, "fraud");
    TRUE(fraud->has_rate);
    TEXT(fraud->common, "0");
    SAME(fraud->finding.state, DRIFT_OK);
    SAME(fraud->state, DRIFT_ALARM);
    TRUE(fraud->rate.times > 3);
    TRUE(!ground_column(&g, "colour")->has_rate && !ground_column(&g, "count")->has_rate);
}

TEST(a_column_may_have_limits_of_its_own)
{
    CLEANUP(ground_close) struct ground g;
    ground_open(&g);
    ground_draw(&g, 0, ROWS, 1, 2);
    ground_draw(&g, 1, ROWS, 1.5, 2);
    g.limits[0].alarm = 0.05;
    ground_compare(&g, &drift_mode_assay, NULL);
    SAME(ground_column(&g, "amount")->state, DRIFT_ALARM);
    g.limits[0] = (struct drift_limits){.watch = 0.2, .alarm = 0.3, .rows_min = 500};
    ground_compare(&g, &drift_mode_assay, NULL);
    SAME(ground_column(&g, "amount")->state, DRIFT_OK);
}

TEST(few_rows_are_insufficient_and_none_too)
{
    for (size_t rows = 0; rows < 500; rows += 499) {
        CLEANUP(ground_close) struct ground g;
        ground_open(&g);
        ground_draw(&g, 0, ROWS, 1, 2);
        ground_draw(&g, 1, rows, 9, 2);
        ground_compare(&g, &drift_mode_assay, NULL);
        SAME(g.comparison.state, DRIFT_INSUFFICIENT);
        SAME(g.comparison.drifted, 0);
    }
}

TEST(columns_of_one_file_alone_are_left_out)
{
    CLEANUP(ground_close) struct ground g;
    ground_open(&g);
    text_adds(&g.text[0], "amount,count\n1,2\n");
    text_adds(&g.text[1], "amount,colour\n1,red\n");
    ground_compare(&g, &drift_mode_assay, NULL);
    SAME(strcmp(ground_column(&g, "count")->left_out, "not in the new data"), 0);
    SAME(strcmp(ground_column(&g, "colour")->left_out, "not in the baseline"), 0);
    SAME(strcmp(ground_column(&g, "fraud")->left_out, "in neither file"), 0);
    SAME(g.comparison.judged, 1);
}

TEST(a_mode_of_columns_alone_says_drift_where_p_is_low)
{
    CLEANUP(ground_close) struct ground g;
    ground_open(&g);
    ground_draw(&g, 0, ROWS, 1, 2);
    ground_draw(&g, 1, 1000, 1.5, 2);
    ground_compare(&g, &drift_mode_ks, NULL);
    const struct comparison_column *amount = ground_column(&g, "amount");
    SAME(amount->state, DRIFT_ALARM);
    NEAR(amount->p, amount->chance[DRIFT_ks], 0);
    TRUE(!ground_column(&g, "colour")->judged);
    SAME(g.comparison.judged, 3);
    NEAR(g.comparison.false_alarms, 1 - pow(0.95, 3), 1e-12);
    ground_compare(&g, &drift_mode_columns, NULL);
    SAME(g.comparison.judged, 4);
    NEAR(ground_column(&g, "colour")->p, ground_column(&g, "colour")->chance[DRIFT_chi_square], 0);
}

TEST(an_unseen_category_is_counted)
{
    CLEANUP(ground_close) struct ground g;
    ground_open(&g);
    text_adds(&g.text[0], "colour\n");
    text_adds(&g.text[1], "colour\n");
    for (int i = 0; i < 600; i++) {
        text_adds(&g.text[0], i % 2 != 0 ? "red\n" : "blue\n");
        text_adds(&g.text[1], i % 3 == 0 ? "green\n" : i % 3 == 1 ? "red\n" : "blue\n");
    }
    ground_compare(&g, &drift_mode_assay, NULL);
    NEAR(drift_outside_share(&ground_column(&g, "colour")->window), 1.0 / 3, 1e-12);
    SAME(ground_column(&g, "colour")->state, DRIFT_ALARM);
}
