/* Transforms of instants, in UTC: hour, weekday, day. */
#include "base/clock.h"
#include "feature/plan.h"

#include <math.h>

enum { INSTANT = 1u << COLUMN_TIMESTAMP };

static void hour(const struct feature *feature UNUSED, const struct cell *cell,
                 const struct cell *other UNUSED, float *out)
{
    *out = isnan(cell->number) ? NAN : (float)civil_of((int64_t)cell->number).hour;
}

const struct transform transform_hour = {
    .name = "hour",
    .about = "hour of the day, 0 to 23",
    .columns = 1,
    .kinds = INSTANT,
    .apply = hour,
};

static void weekday(const struct feature *feature UNUSED, const struct cell *cell,
                    const struct cell *other UNUSED, float *out)
{
    *out = isnan(cell->number) ? NAN : (float)civil_of((int64_t)cell->number).weekday;
}

const struct transform transform_weekday = {
    .name = "weekday",
    .about = "day of the week, 0 Monday to 6 Sunday",
    .columns = 1,
    .kinds = INSTANT,
    .apply = weekday,
};

static void day(const struct feature *feature UNUSED, const struct cell *cell,
                const struct cell *other UNUSED, float *out)
{
    *out = isnan(cell->number) ? NAN : (float)civil_of((int64_t)cell->number).day;
}

const struct transform transform_day = {
    .name = "day",
    .about = "day of the month, 1 to 31",
    .columns = 1,
    .kinds = INSTANT,
    .apply = day,
};
