#include "monitor/drift_mode.h"

#include "harness.h"

TEST(every_mode_of_the_table_is_complete_and_named_once)
{
    for (size_t i = 0; i < drift_modes_count; i++) {
        TRUE(drift_modes[i]->about[0] != '\0');
        TRUE(drift_modes[i]->alpha > 0 && drift_modes[i]->alpha < 1);
        TRUE(drift_mode_find(view_of(drift_modes[i]->name)) == drift_modes[i]);
    }
    TRUE(drift_mode_find(VIEW("evidently")) == NULL);
}

/* 1 - .95^29: the 77 % of quiet weeks that system C alarms in. */
TEST(columns_alone_cry_wolf_the_more_often_the_more_there_are)
{
    NEAR(drift_mode_false_alarms(&drift_mode_ks, 29), 0.774, 0.0005);
    NEAR(drift_mode_false_alarms(&drift_mode_columns, 1), 0.1, 1e-15);
    NEAR(drift_mode_false_alarms(&drift_mode_columns, 0), 0, 0);
    NEAR(drift_mode_false_alarms(&drift_mode_assay, 29), 0.01, 0);
}

TEST(numbers_are_tested_by_ks_and_categories_by_chi_square)
{
    TRUE(drift_mode_test(true) == &drift_ks && drift_mode_test(false) == &drift_chi_square);
}
