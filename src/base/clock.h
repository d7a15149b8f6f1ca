/*
 * clock: the time of day in milliseconds since 1970 UTC, the time elapsed in
 * nanoseconds, and how instants are written.
 *
 * All calendar work is in UTC by the proleptic Gregorian calendar; the
 * machine's time zone never matters.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/text.h"

int64_t clock_now_us(void);   /* wall, microseconds since 1970 */
int64_t clock_now_ms(void);   /* wall, milliseconds */
int64_t clock_ticks_ns(void); /* monotonic: only differences mean anything */
int64_t
clock_ticks_ms(void); /* the same clock as of the kernel's last tick: cheap, 1 to 10 ms old */

struct civil {
    int year, month, day; /* 1-based month and day */
    int hour, minute, second, millisecond;
    int weekday; /* 0 Monday .. 6 Sunday */
};

struct civil civil_of(int64_t time_ms);
int64_t civil_to_ms(const struct civil *civil); /* weekday is ignored */

/* "2025-06-20", "2025-06-20T03:49:44", a space for the T, fractions, "Z" or "+02:00"; no zone is
 * UTC. Fractions past milliseconds are cut off. False when it is not such an instant. */
bool clock_parse(struct view view, int64_t *time_ms);

void text_add_time(struct text *text, int64_t time_ms);    /* 2025-06-20T03:49:44.533Z */
void text_add_time_us(struct text *text, int64_t time_us); /* 2025-06-20T03:49:44.533225, no zone */

#endif
