/*
 * contributions: by which columns the model decides in a window, against the reference's rows that
 * did not train it.
 *
 * What each watched column adds to the scores is measured over rows of either side, and the two
 * lists are compared as measure/attribution.h says.
 */
#ifndef MONITOR_CONTRIBUTIONS_H
#define MONITOR_CONTRIBUTIONS_H

#include "monitor/columns.h"
#include "monitor/watch.h"
#include "monitor/window.h"
#include "store/reference.h"

struct contributions {
    struct watch_look *look;
    const struct watched_columns *columns;
    const struct reference *reference;
    const struct window *window;
};

/* Gives the reading of alarm_attribution_drift, and what it is made of to the look's document.
 * Without `enough` rows on both sides nothing is explained. */
bool contributions_read(const struct contributions *contributions, bool enough, struct err *err);

#endif
