/*
 * stretch: what the champion decided in a stretch of time, as a look asks for it.
 *
 * window.h with the look's own store, champion and monitor.rows_max; and the decisions that are
 * monitor.maturity_days old, with their labels.
 */
#ifndef MONITOR_STRETCH_H
#define MONITOR_STRETCH_H

#include "monitor/watch.h"
#include "monitor/window.h"

int64_t stretch_maturity_us(const struct watch_look *look);

bool stretch_load(const struct watch_look *look, int64_t since_us, int64_t until_us,
                  struct window *out, struct err *err);

/* What was decided monitor.maturity_days before the look's stretch, with labels. */
bool stretch_load_mature(const struct watch_look *look, struct window *out, struct err *err);

/* Mature decisions that nobody labelled were well; else they are left out. */
bool stretch_unlabelled_count(const struct watch_look *look);

#endif
