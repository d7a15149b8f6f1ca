#include "base/clock.h"

#include <time.h>

enum { DAY_MS = 86400000 };

int64_t clock_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_now_ms(void)
{
    return clock_now_us() / 1000;
}

int64_t clock_ticks_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t clock_ticks_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Days since 1970-01-01. A year starts in March here, so the leap day is its last
 * (Howard Hinnant, "chrono-compatible low-level date algorithms"). */
static int64_t days_of(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

struct civil civil_of(int64_t time_ms)
{
    int64_t days = floor_div(time_ms, DAY_MS);
    int64_t rest = time_ms - days * DAY_MS;
    int64_t shifted = days + 719468;
    int64_t era = floor_div(shifted, 146097);
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted_month = (5 * day_of_year + 2) / 153;

    struct civil civil = {
        .day = (int)(day_of_year - (153 * shifted_month + 2) / 5 + 1),
        .month = (int)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9),
        .hour = (int)(rest / 3600000),
        .minute = (int)(rest / 60000 % 60),
        .second = (int)(rest / 1000 % 60),
        .millisecond = (int)(rest % 1000),
        .weekday = (int)(((days + 3) % 7 + 7) % 7), /* day 0 was a Thursday */
    };
    civil.year = (int)(year_of_era + era * 400 + (civil.month <= 2));
    return civil;
}

int64_t civil_to_ms(const struct civil *civil)
{
    return days_of(civil->year, civil->month, civil->day) * DAY_MS +
           (int64_t)civil->hour * 3600000 + (int64_t)civil->minute * 60000 +
           (int64_t)civil->second * 1000 + civil->millisecond;
}

/* Exactly `digits` digits at *at. */
static bool take(struct view view, size_t *at, size_t digits, int *out)
{
    if (view.length - *at < digits)
        return false;
    int value = 0;
    for (size_t i = 0; i < digits; i++) {
        char c = view.text[*at + i];
        if (c < '0' || c > '9')
            return false;
        value = value * 10 + (c - '0');
    }
    *at += digits;
    *out = value;
    return true;
}

static bool take_mark(struct view view, size_t *at, char mark)
{
    if (*at == view.length || view.text[*at] != mark)
        return false;
    ++*at;
    return true;
}

static bool take_fraction(struct view view, size_t *at, int *millisecond)
{
    int scale = 100, count = 0;
    for (; *at < view.length && view.text[*at] >= '0' && view.text[*at] <= '9'; ++*at) {
        *millisecond += (view.text[*at] - '0') * scale;
        scale /= 10;
        count++;
    }
    return count > 0;
}

static bool take_zone(struct view view, size_t *at, int *minutes_east)
{
    if (*at == view.length || take_mark(view, at, 'Z'))
        return true;
    bool west = view.text[*at] == '-';
    if (!west && view.text[*at] != '+')
        return false;
    ++*at;
    int hours, minutes = 0;
    if (!take(view, at, 2, &hours))
        return false;
    bool more = take_mark(view, at, ':') || *at < view.length;
    if (more && !take(view, at, 2, &minutes))
        return false;
    if (hours > 14 || minutes > 59)
        return false;
    *minutes_east = (hours * 60 + minutes) * (west ? -1 : 1);
    return true;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

static bool is_civil(const struct civil *c)
{
    return c->month >= 1 && c->month <= 12 && c->day >= 1 &&
           c->day <= days_in_month(c->year, c->month) && c->hour <= 23 && c->minute <= 59 &&
           c->second <= 60; /* a leap second counts as the next one's start */
}

bool clock_parse(struct view view, int64_t *time_ms)
{
    struct civil civil = {0};
    size_t at = 0;
    int minutes_east = 0;
    if (!take(view, &at, 4, &civil.year) || !take_mark(view, &at, '-') ||
        !take(view, &at, 2, &civil.month) || !take_mark(view, &at, '-') ||
        !take(view, &at, 2, &civil.day))
        return false;
    if (at < view.length) {
        if (!take_mark(view, &at, 'T') && !take_mark(view, &at, ' '))
            return false;
        if (!take(view, &at, 2, &civil.hour) || !take_mark(view, &at, ':') ||
            !take(view, &at, 2, &civil.minute))
            return false;
        bool seconds = take_mark(view, &at, ':');
        if (seconds && !take(view, &at, 2, &civil.second))
            return false;
        if (seconds && take_mark(view, &at, '.') && !take_fraction(view, &at, &civil.millisecond))
            return false;
        if (!take_zone(view, &at, &minutes_east))
            return false;
    }
    if (at != view.length || !is_civil(&civil))
        return false;
    *time_ms = civil_to_ms(&civil) - (int64_t)minutes_east * 60000;
    return true;
}

void text_add_time(struct text *text, int64_t time_ms)
{
    struct civil c = civil_of(time_ms);
    text_addf(text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", c.year, c.month, c.day, c.hour, c.minute,
              c.second, c.millisecond);
}

void text_add_time_us(struct text *text, int64_t time_us)
{
    struct civil c = civil_of(floor_div(time_us, 1000));
    int micros = (int)(time_us - floor_div(time_us, 1000) * 1000);
    text_addf(text, "%04d-%02d-%02dT%02d:%02d:%02d.%03d%03d", c.year, c.month, c.day, c.hour,
              c.minute, c.second, c.millisecond, micros);
}
