/*
 * floors: the rules that metrics of mature decisions must keep, monitor.floors or else the gate's.
 *
 *     struct floors floors = {0};
 *     if (!floors_read(&floors, config, err)) ...
 *     if (!floors_judge(&floors, &contender, frauds, arena, err)) ...
 *     return floors_tell(&floors, look, err);
 *
 * A metric has its 95 % interval. ALARM: the whole of it is past the bound; WATCH: the metric is,
 * and its interval is not. Rules' texts stay in the configuration.
 */
#ifndef MONITOR_FLOORS_H
#define MONITOR_FLOORS_H

#include "measure/gate.h"
#include "measure/interval.h"
#include "monitor/watch.h"

enum { FLOORS_MAX = 64, FLOORS_FRAUDS_MIN = 10 /* of fewer nothing is said */ };

struct floors {
    struct gate_rule rule[FLOORS_MAX];
    struct interval metric[FLOORS_MAX];
    enum alarm_state state[FLOORS_MAX];
    size_t count;
    size_t rows, frauds; /* that were judged */
};

bool floors_read(struct floors *floors, const struct config *config, struct err *err);

bool floors_judge(struct floors *floors, const struct contender *contender, size_t frauds,
                  struct arena *arena, struct err *err);

/* A reading of alarm_performance for each, and "floors" in the look's document. */
bool floors_tell(const struct floors *floors, struct watch_look *look, struct err *err);

#endif
