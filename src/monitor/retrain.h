/*
 * retrain: from an alarm or a date to a better champion, or to none, without anybody at hand.
 *
 *     struct retrain retrain = {.config = &config, .store = &store, .trainer = ..., .owner = ...};
 *     if (!retrain_step(&retrain, now_ms, &state, err)) ...         once a round
 *
 * One step at a time, each remembered before the next (monitor/retraining.h), so that a monitor
 * that dies is followed by another one, which takes up what it left, five times at most. What makes
 * one begin is retrain.schedule, or a standing alarm of retrain.on after the cool-down. Then:
 *
 *     the labels are looked over                 monitor/guard.h; a finding: quarantined
 *     a model is trained on the newest days      the gate refuses it, or its fraud share is not the
 *                                                champion's many times over: refused
 *     it met the champion on the same rows       no better: kept
 *     people approve or sign, where they must,
 *     and no other experiment runs               waiting
 *     it takes the champion's place              by a canary, at once, or by a person's hand
 *
 * How much of the past a new model learns from has to be said: retrain.newest_days. Without it
 * nothing is ever trained.
 */
#ifndef MONITOR_RETRAIN_H
#define MONITOR_RETRAIN_H

#include "data/config.h"
#include "monitor/guard.h"
#include "monitor/retraining.h"
#include "store/registry.h"

/* Trains a model that is registered and not deployed; what a process that died had done is not done
 * again. `out` is the version's number; `known`: the same bundle was registered before `begun_ms`.
 * ERR_GATE: the gate refused it. ERR_UNAVAILABLE: it was stopped with the monitor. ERR_IO and
 * ERR_STORE: it may go better another time. `renew` is called every few seconds meanwhile. */
struct trainer {
    bool (*train)(void *self, int64_t begun_ms, void (*renew)(void *), void *renewed, int64_t *out,
                  bool *known, struct err *err);
    /* Makes the version the champion, as `assay models promote` does. */
    bool (*promote)(void *self, int64_t champion, int64_t version, const char *why,
                    struct err *err);
    /* ERR_GATE: signatures are required, and nobody who counts has signed it. */
    bool (*vouch)(void *self, int64_t version, struct err *err);
    void *self;
};

struct retrain {
    const struct config *config;
    struct store *store;
    struct trainer trainer;
    const char *owner; /* who, in the audit log */
    /* Called every few seconds while a model is trained, which takes hours; NULL: nothing is. */
    void (*meanwhile)(void *self);
    void *self;
};

/* The settings that can be refused before anything runs. */
bool retrain_check(const struct config *config, struct err *err);

/* `out` is the newest retraining as it is now; its id is 0 when there has been none. */
bool retrain_step(struct retrain *retrain, int64_t now_ms, struct retraining *out, struct err *err);

#endif
