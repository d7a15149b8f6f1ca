/* Seasons: more events and larger numbers around a peak that comes back every day, week or year. */
#include "data/shift.h"

#include "base/clock.h"

#include <math.h>

enum { DAY_SECONDS = 86400, WEEK_DAYS = 7, YEAR_DAYS = 365 };

static const struct {
    const char *name;
    double length;    /* in the peak's unit */
    const char *unit; /* of the peak, for messages */
} periods[] = {
    [PERIOD_DAY] = {"day", 24, "an hour"},
    [PERIOD_WEEK] = {"week", WEEK_DAYS, "a day, 0 is Monday"},
    [PERIOD_YEAR] = {"year", YEAR_DAYS, "a day, 0 is the first of January"},
};

static bool check_seasonality(struct shift *shift, struct err *err)
{
    size_t period = 0;
    while (period < LENGTH_OF(periods) && !view_is(shift->period_word, periods[period].name))
        period++;
    if (period == LENGTH_OF(periods))
        return err_set(err, ERR_USAGE, "period is day, week or year, not '" VIEW_FMT "'",
                       VIEW_ARG(shift->period_word));
    shift->period = (enum shift_period)period;
    shift->peak = isnan(shift->peak) ? 0 : shift->peak;
    if (shift->peak >= periods[period].length)
        return err_set(err, ERR_USAGE, "peak is %s, below %g", periods[period].unit,
                       periods[period].length);
    shift->volume = isnan(shift->volume) ? 0 : shift->volume;
    bool swings = !isnan(shift->swing);
    if (swings != (shift->column != SIZE_MAX) ||
        (swings && !shift->stream->column[shift->column].number))
        return err_set(err, ERR_USAGE,
                       "swing and column are said together, with a column of "
                       "numbers");
    shift->swing = swings ? shift->swing : 0;
    return true;
}

/* 1 at the peak, -1 half a period away. */
static double wave(const struct shift *shift, const struct shift_event *event)
{
    static const double turn = 6.283185307179586; /* 2 pi */
    double of_day = (double)event->second / DAY_SECONDS, at = of_day * 24;
    int64_t time_ms = shift->stream->first_day_ms + (int64_t)event->day * DAY_SECONDS * 1000;
    struct civil date = civil_of(time_ms);
    if (shift->period == PERIOD_WEEK)
        at = date.weekday + of_day;
    if (shift->period == PERIOD_YEAR) {
        int64_t new_year = civil_to_ms(&(struct civil){.year = date.year, .month = 1, .day = 1});
        at = (double)((time_ms - new_year) / 1000 / DAY_SECONDS) + of_day;
    }
    return cos(turn * (at - shift->peak) / periods[shift->period].length);
}

/* The day was drawn 1 + volume times as large (shift_volume), and this takes away from there. */
static double weigh_seasonality(const struct shift *shift, double strength,
                                const struct shift_event *event)
{
    return (1 + shift->volume * strength * wave(shift, event)) / (1 + shift->volume);
}

static bool apply_seasonality(const struct shift *shift, double strength, struct rng *rng UNUSED,
                              struct shift_event *event)
{
    if (shift->column == SIZE_MAX)
        return false;
    struct shift_cell *cell = &event->cell[shift->column];
    cell->number *= 1 + shift->swing * strength * wave(shift, event);
    return !isnan(cell->number);
}

const struct shift_kind shift_seasonality = {
    .name = "seasonality",
    .about = "more events around a peak of each period=day, week or year, and larger numbers",
    .needs = 1U << SHIFT_PERIOD,
    .may = 1U << SHIFT_PEAK | 1U << SHIFT_VOLUME | 1U << SHIFT_COLUMN | 1U << SHIFT_SWING,
    .check = check_seasonality,
    .apply = apply_seasonality,
    .weight = weigh_seasonality,
};
