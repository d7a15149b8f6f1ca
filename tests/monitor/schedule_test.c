#include "monitor/schedule.h"

#include "harness.h"

static int64_t at(const char *text)
{
    int64_t ms;
    FAIL_UNLESS(clock_parse(view_of(text), &ms), "%s is no instant", text);
    return ms;
}

static struct schedule read(const char *text)
{
    struct err err = {0};
    struct schedule schedule;
    FAIL_UNLESS(schedule_parse(view_of(text), &schedule, &err), "%s: %s", text, err.text);
    return schedule;
}

/* By hand, with a calendar: 2026-11-21 is a Saturday. */
TEST(what_is_due_next_and_was_due_last)
{
    static const struct {
        const char *schedule, *at, *before, *after;
    } cases[] = {
        {"0 5 * * 1", "2026-11-21T12:00:00Z", "2026-11-16T05:00:00Z", "2026-11-23T05:00:00Z"},
        {"0 5 * * mon", "2026-11-23T05:00:00Z", "2026-11-23T05:00:00Z", "2026-11-30T05:00:00Z"},
        {"0 5 * * 1", "2026-11-23T04:59:59.999Z", "2026-11-16T05:00:00Z", "2026-11-23T05:00:00Z"},
        {"*/15 * * * *", "2026-11-21T12:07:30Z", "2026-11-21T12:00:00Z", "2026-11-21T12:15:00Z"},
        {"59 23 31 dec *", "2026-11-21", "2025-12-31T23:59:00Z", "2026-12-31T23:59:00Z"},
        {"0 0 29 2 *", "2097-01-01", "2096-02-29", "2104-02-29"},
        {"0 0 13 * 5", "2026-11-10", "2026-11-06", "2026-11-13"}, /* a 13th, or a Friday */
        {"0 0 13 * 5", "2026-11-13T00:00:01Z", "2026-11-13", "2026-11-20"},
        {"30 8-18/2 * * 1-5", "2026-11-20T19:00:00Z", "2026-11-20T18:30:00Z",
         "2026-11-23T08:30:00Z"},
        {"0 0 * * 7", "2026-11-21", "2026-11-15", "2026-11-22"},
        {"0 0 * * sat,sun", "2026-11-21T00:00:01Z", "2026-11-21", "2026-11-22"},
        {"5/20 * * * *", "2026-11-21T00:00:00Z", "2026-11-20T23:45:00Z", "2026-11-21T00:05:00Z"},
        {"@weekly", "2026-11-21", "2026-11-15", "2026-11-22"},
        {"@monthly", "2026-11-21", "2026-11-01", "2026-12-01"},
        {"90s", "1970-01-01T00:02:00Z", "1970-01-01T00:01:30Z", "1970-01-01T00:03:00Z"},
        {"7d", "1970-01-08", "1970-01-08", "1970-01-15"},
        {" 0  0 1  1 * ", "2026-06-01", "2026-01-01", "2027-01-01"},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct schedule schedule = read(cases[i].schedule);
        int64_t before = schedule_before(&schedule, at(cases[i].at));
        int64_t after = schedule_after(&schedule, at(cases[i].at));
        FAIL_UNLESS(before == at(cases[i].before), "case %zu, before: %lld", i, (long long)before);
        FAIL_UNLESS(after == at(cases[i].after), "case %zu, after: %lld", i, (long long)after);
    }
}

TEST(never_is_never_and_so_is_a_day_that_is_not_in_the_calendar)
{
    static const char *const texts[] = {"never", "0 0 30 2 *"};
    for (size_t i = 0; i < LENGTH_OF(texts); i++) {
        struct schedule schedule = read(texts[i]);
        SAME(schedule_before(&schedule, at("2026-11-21")), INT64_MIN);
        SAME(schedule_after(&schedule, at("2026-11-21")), INT64_MAX);
    }
}

TEST(after_what_is_due_comes_the_next_and_before_that_is_the_one)
{
    static const char *const texts[] = {"*/7 3,9 */5 * *", "1 1 1 1 *", "13 13 * * 5", "17m"};
    for (size_t i = 0; i < LENGTH_OF(texts); i++) {
        struct schedule schedule = read(texts[i]);
        int64_t due = schedule_after(&schedule, at("2026-11-21T10:00:00Z"));
        for (int step = 0; step < 40; step++) {
            int64_t next = schedule_after(&schedule, due);
            TRUE(next > due);
            SAME(schedule_before(&schedule, next - 1), due);
            SAME(schedule_before(&schedule, next), next);
            due = next;
        }
    }
}

TEST(what_is_no_schedule_says_which_field_is_wrong)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "no schedule"},
        {"* * * *", "no schedule"},
        {"* * * * * *", "no schedule"},
        {"60 * * * *", "'60' is no minute"},
        {"* 24 * * *", "no hour"},
        {"* * 0 * *", "no day of the month"},
        {"* * * 13 *", "no month"},
        {"* * * * 8", "no day of the week"},
        {"* * * * mo", "no day of the week"},
        {"5-1 * * * *", "no minute"},
        {"*/0 * * * *", "no minute"},
        {"1,,2 * * * *", "no minute"},
        {"-1 * * * *", "no minute"},
        {"0s", "no schedule"},
        {"5w", "no schedule"},
        {"99999999999d", "no schedule"},
        {"@yearly", "no schedule"},
        {"1- * * * *", "no minute"},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct err err = {0};
        struct schedule schedule;
        FAIL_UNLESS(!schedule_parse(view_of(cases[i].text), &schedule, &err), "'%s' was read",
                    cases[i].text);
        SAYS(err, cases[i].says);
    }
}
