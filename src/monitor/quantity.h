/*
 * quantity: a number with its unit, so that 1000 ms is never taken for 1000 us.
 *
 *     quantity_read(VIEW("1000 ms"), QUANTITY_TIME, &value, &what)    1
 *     quantity_read(VIEW("5 %"), QUANTITY_SHARE, &value, &what)       0.05
 *     quantity_read(VIEW("5 %"), QUANTITY_TIME, &value, &what)        refused, `what` says why
 *
 * A time and a size need their unit; a share is a percentage or a number up to 1; a plain number
 * takes none. The units are rows of monitor/units.def.
 */
#ifndef MONITOR_QUANTITY_H
#define MONITOR_QUANTITY_H

#include "base/text.h"

enum quantity {
    QUANTITY_NUMBER, /* a count, a score, a ratio of two rates */
    QUANTITY_TIME,   /* seconds */
    QUANTITY_SHARE,  /* of 1 */
    QUANTITY_SIZE,   /* bytes */
    QUANTITIES,
};

/* Not negative. On refusal `what` says what is taken: "takes a time with its unit, ..." */
bool quantity_read(struct view text, enum quantity quantity, double *out, struct text *what);

/* For people: "1.2 s", "350 ms", "5 %", "1.5 GiB", "12"; nothing for NaN. */
void quantity_add(struct text *text, enum quantity quantity, double value);

#endif
