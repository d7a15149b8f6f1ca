/*
 * rollout: how a version that was found better comes into force; the inside of monitor/retrain.c.
 *
 *     people approve or sign, where they must    waiting
 *     it takes the champion's place              at once, or by a canary that waits until no other
 *                                                experiment runs
 *
 * Each can be asked again and again, also by another process than the one before: what was done is
 * found done.
 */
#ifndef MONITOR_ROLLOUT_H
#define MONITOR_ROLLOUT_H

#include "monitor/retrain_turn.h"

/* One that is trained and found better, or waits. */
bool rollout_go_on(struct retrain_turn *s, struct err *err);

/* One whose canary decides a share. */
bool rollout_follow_canary(struct retrain_turn *s, struct err *err);

#endif
