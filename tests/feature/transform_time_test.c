#include "feature/fixture.h"

/* Known instants, by any calendar. */
static const struct {
    double time_ms;
    int hour, weekday, day;
} instants[] = {
    {0, 0, 3, 1},                  /* Thursday 1970-01-01 */
    {3599999, 0, 3, 1},            /* 00:59:59.999 */
    {3600000, 1, 3, 1},            /* 01:00 */
    {86399999, 23, 3, 1},          /* 23:59:59.999 */
    {86400000, 0, 4, 2},           /* Friday */
    {-1, 23, 2, 31},               /* Wednesday 1969-12-31 23:59:59.999 */
    {-86400000, 0, 2, 31},         /* Wednesday 00:00 */
    {-86400001, 23, 1, 30},        /* Tuesday */
    {1750391384533, 3, 4, 20},     /* Friday 2025-06-20 03:49:44.533 */
    {1709251199000, 23, 3, 29},    /* Thursday 2024-02-29 23:59:59 */
    {1709251200000, 0, 4, 1},      /* Friday 2024-03-01 */
    {-2208988800000, 0, 0, 1},     /* Monday 1900-01-01 */
    {CELL_TIME_MS_MAX, 23, 4, 31}, /* Friday 9999-12-31 */
};

TEST(hour_weekday_and_day_of_known_instants)
{
    for (size_t i = 0; i < LENGTH_OF(instants); i++) {
        NEAR(transformed(&transform_hour, instants[i].time_ms), instants[i].hour, 0);
        NEAR(transformed(&transform_weekday, instants[i].time_ms), instants[i].weekday, 0);
        NEAR(transformed(&transform_day, instants[i].time_ms), instants[i].day, 0);
    }
}

TEST(the_earliest_instant_a_cell_may_hold_has_its_parts_too)
{
    TRUE(transformed(&transform_hour, -CELL_TIME_MS_MAX) >= 0);
    TRUE(transformed(&transform_weekday, -CELL_TIME_MS_MAX) < 7);
    TRUE(transformed(&transform_day, -CELL_TIME_MS_MAX) >= 1);
}
