#include "harness.h"

#include "base/clock.h"
#include "base/rng.h"

static int64_t parse(const char *text)
{
    int64_t time_ms = 0;
    FAIL_UNLESS(clock_parse(view_of(text), &time_ms), "'%s' is refused", text);
    return time_ms;
}

/* Seconds since 1970 as GNU date prints them. */
TEST(instants_of_the_calendar)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } known[] = {
        {"1970-01-01", 0},
        {"1970-01-01T00:00:01", 1},
        {"1969-12-31T23:59:59", -1},
        {"2000-02-29", 951782400},
        {"2000-03-01", 951868800},
        {"1900-03-01", -2203891200},
        {"2024-02-29T12:00", 1709208000},
        {"2025-06-20T03:49:44Z", 1750391384},
        {"2100-03-01", 4107542400},
        {"0001-01-01", -62135596800},
        {"9999-12-31 23:59:59", 253402300799},
    };
    for (size_t i = 0; i < LENGTH_OF(known); i++)
        SAME(parse(known[i].text), known[i].seconds * 1000);
}

TEST(zones_move_the_instant_and_fractions_are_cut_to_milliseconds)
{
    int64_t noon = parse("2025-01-01T12:00:00");
    SAME(parse("2025-01-01T14:00:00+02:00"), noon);
    SAME(parse("2025-01-01T14:00:00+0200"), noon);
    SAME(parse("2025-01-01T14:00:00+02"), noon);
    SAME(parse("2025-01-01T06:30:00-05:30"), noon);
    SAME(parse("2025-01-01T12:00:00.5"), noon + 500);
    SAME(parse("2025-01-01T12:00:00.1239999Z"), noon + 123);
    SAME(parse("2025-01-01T12:00:00.001+00:00"), noon + 1);
    SAME(parse("2024-12-31T23:59:60"), parse("2025-01-01"));
}

TEST(what_is_no_instant_is_refused)
{
    static const char *const wrong[] = {
        "",
        "2025",
        "2025-06",
        "2025-13-01",
        "2025-00-01",
        "2025-06-31",
        "2025-02-29",
        "1900-02-29",
        "2025-06-00",
        "25-06-20",
        "2025-6-20",
        "2025-06-20T",
        "2025-06-20T24:00:00",
        "2025-06-20T12:60:00",
        "2025-06-20T12:00:61",
        "2025-06-20T12",
        "2025-06-20T12:00:",
        "2025-06-20T12:00:00.",
        "2025-06-20T12:00.5",
        "2025-06-20T12:00:00+15:00",
        "2025-06-20T12:00:00+02:",
        "2025-06-20T12:00:00+02:60",
        "2025-06-20T12:00:00+2",
        "2025-06-20T12:00:00Zx",
        "2025-06-20T12:00:00 ",
        " 2025-06-20",
        "2025-06-20x",
        "2025/06/20",
        "+025-06-20",
    };
    for (size_t i = 0; i < LENGTH_OF(wrong); i++) {
        int64_t time_ms = 42;
        FAIL_UNLESS(!clock_parse(view_of(wrong[i]), &time_ms), "'%s' is taken", wrong[i]);
        SAME(time_ms, 42);
    }
}

TEST(weekdays_and_parts_of_known_days)
{
    struct civil friday = civil_of(parse("2025-06-20T03:49:44.533"));
    SAME(friday.year, 2025);
    SAME(friday.month, 6);
    SAME(friday.day, 20);
    SAME(friday.hour, 3);
    SAME(friday.minute, 49);
    SAME(friday.second, 44);
    SAME(friday.millisecond, 533);
    SAME(friday.weekday, 4);
    SAME(civil_of(0).weekday, 3);
    SAME(civil_of(-1).weekday, 2);
    SAME(civil_of(-1).year, 1969);
    SAME(civil_of(-1).millisecond, 999);
    SAME(civil_of(parse("1900-01-01")).weekday, 0);
}

/* Every day from 1600 to 2400, counted up one by one. */
TEST(eight_hundred_years_of_days_follow_one_another)
{
    static const int length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t time_ms = parse("1600-01-01");
    int weekday = 5; /* a Saturday */
    for (int year = 1600; year < 2400; year++) {
        bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        for (int month = 1; month <= 12; month++) {
            for (int day = 1; day <= length[month - 1] + (leap && month == 2); day++) {
                struct civil civil = civil_of(time_ms);
                TRUE(civil.year == year && civil.month == month && civil.day == day);
                SAME(civil.weekday, weekday);
                SAME(civil_to_ms(&civil), time_ms);
                time_ms += 86400000;
                weekday = (weekday + 1) % 7;
            }
        }
    }
    SAME(time_ms, parse("2400-01-01"));
}

TEST(random_instants_are_written_and_read_back)
{
    struct rng rng = rng_of(3, 0, 0);
    for (int i = 0; i < 10000; i++) {
        int64_t time_ms = (int64_t)rng_below(&rng, 200000000000000) - 50000000000000;
        char bytes[64];
        struct text text = text_in(bytes, sizeof bytes);
        text_add_time(&text, time_ms);
        SAME(parse(text_c(&text)), time_ms);
    }
}

TEST(instants_are_written_in_two_forms)
{
    char bytes[64];
    struct text text = text_in(bytes, sizeof bytes);
    text_add_time(&text, 1750391384533);
    TEXT(text_view(&text), "2025-06-20T03:49:44.533Z");
    text = text_in(bytes, sizeof bytes);
    text_add_time_us(&text, 1750391384533225);
    TEXT(text_view(&text), "2025-06-20T03:49:44.533225");
    text = text_in(bytes, sizeof bytes);
    text_add_time_us(&text, -1);
    TEXT(text_view(&text), "1969-12-31T23:59:59.999999");
}

TEST(the_clocks_run_and_agree)
{
    int64_t ticks = clock_ticks_ns(), us = clock_now_us(), ms = clock_now_ms();
    TRUE(ms >= us / 1000 && ms - us / 1000 < 10000);
    TRUE(ms > parse("2024-01-01"));
    TRUE(clock_ticks_ns() >= ticks);
}
