#include "monitor/quantity.h"

#include "harness.h"

#include <math.h>

static double reads(const char *text, enum quantity quantity)
{
    char bytes[300];
    struct text what = text_in(bytes, sizeof bytes);
    double value = (double)NAN;
    FAIL_UNLESS(quantity_read(view_of(text), quantity, &value, &what), "'%s': %s", text,
                text_c(&what));
    return value;
}

static void refuses(const char *text, enum quantity quantity, const char *why)
{
    char bytes[300];
    struct text what = text_in(bytes, sizeof bytes);
    double value = -7;
    FAIL_UNLESS(!quantity_read(view_of(text), quantity, &value, &what), "'%s' was taken", text);
    SAME(value, -7);
    FAIL_UNLESS(strstr(text_c(&what), why) != NULL, "'%s': %s", text, text_c(&what));
}

TEST(a_second_is_a_thousand_milliseconds)
{
    SAME(reads("1000 ms", QUANTITY_TIME), 1);
    SAME(reads("1000ms", QUANTITY_TIME), 1);
    SAME(reads("2 s", QUANTITY_TIME), 2);
    SAME(reads("1000000 us", QUANTITY_TIME), 1);
    SAME(reads("1.5 min", QUANTITY_TIME), 90);
    SAME(reads("90 d", QUANTITY_TIME), 90 * 86400);
    SAME(reads(" 2 h ", QUANTITY_TIME), 7200);
}

TEST(a_time_without_a_unit_is_refused)
{
    refuses("1000", QUANTITY_TIME, "with its unit");
    refuses("5 %", QUANTITY_TIME, "takes a time");
    refuses("4 GiB", QUANTITY_TIME, "takes a time");
    refuses("2 parsecs", QUANTITY_TIME, "not '2 parsecs'");
    refuses("-1 s", QUANTITY_TIME, "takes a time");
    refuses("s", QUANTITY_TIME, "takes a time");
    refuses("", QUANTITY_TIME, "takes a time");
    refuses("1 s 2", QUANTITY_TIME, "takes a time");
}

TEST(a_share_is_a_percentage_or_a_number_up_to_one)
{
    TRUE(reads("5 %", QUANTITY_SHARE) == 0.05);
    TRUE(reads("0.05", QUANTITY_SHARE) == 0.05);
    TRUE(reads("100%", QUANTITY_SHARE) == 1);
    refuses("5", QUANTITY_SHARE, "from 0 to 1");
    refuses("101 %", QUANTITY_SHARE, "'5 %'");
    refuses("5 ms", QUANTITY_SHARE, "takes a share");
}

TEST(a_size_knows_thousands_from_powers_of_two)
{
    SAME(reads("4 GiB", QUANTITY_SIZE), 4LL << 30);
    SAME(reads("4 GB", QUANTITY_SIZE), 4000000000LL);
    refuses("4", QUANTITY_SIZE, "with its unit");
}

TEST(a_plain_number_takes_no_unit)
{
    TRUE(reads("14.4", QUANTITY_NUMBER) == 14.4);
    refuses("10 s", QUANTITY_NUMBER, "without a unit");
    refuses("10 %", QUANTITY_NUMBER, "without a unit");
    refuses("nan", QUANTITY_NUMBER, "takes a number");
}

static void shows(enum quantity quantity, double value, const char *want)
{
    char bytes[64];
    struct text text = text_in(bytes, sizeof bytes);
    quantity_add(&text, quantity, value);
    TEXT(text_view(&text), want);
}

TEST(people_read_values_in_the_unit_that_fits)
{
    shows(QUANTITY_TIME, 0.35, "350 ms");
    shows(QUANTITY_TIME, 1.25, "1.25 s");
    shows(QUANTITY_TIME, 0.0000042, "4.2 us");
    shows(QUANTITY_TIME, 7 * 86400, "7 d");
    shows(QUANTITY_TIME, 300, "5 min");
    shows(QUANTITY_TIME, 0, "0 s");
    shows(QUANTITY_SHARE, 0.0512, "5.12 %");
    shows(QUANTITY_SIZE, 1536, "1.5 KiB");
    shows(QUANTITY_SIZE, 12, "12 B");
    shows(QUANTITY_NUMBER, 12, "12");
    shows(QUANTITY_NUMBER, (double)NAN, "");
}
