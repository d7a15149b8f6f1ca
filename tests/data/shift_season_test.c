#include "shift_ground.h"

TEST(the_week_has_its_peak_and_its_trough_and_the_mean_stays)
{
    /* Day 3 is a Saturday; half a week later, at noon, is Wednesday's midnight. */
    static const char text[] = "seasonality:period=week,peak=5.5,volume=0.5";
    struct shift_plan plan = ground_plan(text);
    NEAR(shift_volume(&plan, 0), 1.5, 0);
    NEAR(ground_share(text, ground_event(3, 10, "shop")) * 1.5, 1.5, 0.001);
    struct shift_event wednesday = ground_event(0, 10, "shop");
    wednesday.second = 0;
    NEAR(ground_share(text, wednesday) * 1.5, 0.5, 0.03);
    double sum = 0;
    for (uint32_t day = 0; day < 7; day++)
        sum += ground_share(text, ground_event(day, 10, "shop")) * 1.5;
    NEAR(sum / 7, 1, 0.02);
}

TEST(amounts_swing_with_the_hour_and_with_the_season)
{
    struct shift_event noon = ground_event(0, 10, "shop");
    ground_apply("seasonality:period=day,peak=12,column=amount,swing=0.5", &noon);
    NEAR(noon.cell[AMOUNT].number, 15, 1e-9);
    struct shift_event morning = ground_event(0, 10, "shop");
    morning.second = 6 * 3600;
    ground_apply("seasonality:period=day,peak=12,column=amount,swing=0.5", &morning);
    NEAR(morning.cell[AMOUNT].number, 10, 1e-9);
    /* Noon of the second of July is the middle of a year of 365 days that begins at midnight. */
    struct shift_event july = ground_event(182, 10, "shop");
    ground_apply("seasonality:period=year,column=amount,swing=0.5", &july);
    NEAR(july.cell[AMOUNT].number, 5, 1e-6);
}

TEST(a_season_that_has_not_begun_adds_nothing)
{
    struct shift_plan plan = ground_plan("seasonality:period=week,volume=0.5,from=7");
    NEAR(shift_volume(&plan, 6), 1, 0);
    NEAR(shift_volume(&plan, 7), 1.5, 0);
}
