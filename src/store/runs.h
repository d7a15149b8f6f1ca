/*
 * runs: what training did, run by run and step by step, for whoever asks later.
 */
#ifndef STORE_RUNS_H
#define STORE_RUNS_H

#include "store/store.h"

enum run_state { RUN_RUNNING, RUN_DONE, RUN_FAILED, RUN_REFUSED };
enum step_state { STEP_DONE, STEP_UNCHANGED, STEP_FAILED, STEP_REFUSED };

const char *step_state_name(enum step_state state);

/* A configuration that is not the last run's is an event of the audit log. */
bool run_begin(struct store *store, const struct digest *config, const char *actor, int64_t *id,
               struct err *err);
bool run_end(struct store *store, int64_t id, enum run_state state, const char *message,
             struct err *err);

struct step_entry {
    const char *name;
    struct digest inputs;
    const struct digest *outputs; /* NULL: none */
    enum step_state state;
    int64_t started_ms, finished_ms;
    const char *message; /* NULL: none */
};
bool run_add_step(struct store *store, int64_t id, const struct step_entry *step, struct err *err);

/* Runs of this directory that never ended, because their process was killed, are marked failed. The
 * caller sees to it that none is under way. */
bool run_bury_dead(struct store *store, struct err *err);

#endif
