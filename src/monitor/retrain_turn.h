/*
 * retrain_turn: one step of a retraining, as it is taken; the inside of monitor/retrain.c.
 */
#ifndef MONITOR_RETRAIN_TURN_H
#define MONITOR_RETRAIN_TURN_H

#include "model/bundle.h"
#include "monitor/retrain.h"

struct retrain_turn {
    struct retrain *retrain;
    struct arena *arena;
    int64_t now_ms;
    struct retraining before, is; /* the one before this one; its id is 0 when there was none */
};

/* To another state; when somebody else changed it first, `is` stays as it was. */
bool turn_move(struct retrain_turn *s, enum retraining_state state, const char *message,
               struct err *err);

/* Waiting, for this; said once, however often it is found so. */
PRINTF(3, 4)
bool turn_wait_for(struct retrain_turn *s, struct err *err, const char *fmt, ...);

bool turn_load_bundle(struct retrain_turn *s, int64_t number, struct bundle *out, struct err *err);

#endif
