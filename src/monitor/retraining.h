/*
 * retraining: models trained anew without anybody asking, as the database remembers them.
 *
 *     training      its process is at work; one at a time
 *     quarantined   the labels look poisoned: nothing is trained until a person has released them
 *     refused       the gate refused what was trained
 *     kept          it was trained and is no better, or adds nothing: the champion stays
 *     waiting       people have to approve the version
 *     canary        it decides a rising share
 *     promoted      it is the champion
 *     rolled_back   the canary was taken back
 *     failed        the training ended with an error
 *
 * Every change is one transaction with its event in the audit log.
 */
#ifndef MONITOR_RETRAINING_H
#define MONITOR_RETRAINING_H

#include "store/store.h"

enum retraining_state {
#define STATE(name) RETRAINING_##name,
#include "monitor/retraining_states.def"
#undef STATE
    RETRAINING_STATES,
};
extern const char *const retraining_states[RETRAINING_STATES];

enum { RETRAINING_TEXT_SIZE = 512, RETRAINING_LEASE_MS = 900 * 1000 }; /* between two looks */

struct retraining {
    int64_t id; /* 0: none */
    int64_t begun_ms, changed_ms, lease_ms, released_ms;
    int64_t labels_seen; /* the newest label that there was when it began */
    enum retraining_state state;
    int64_t version; /* 0: none came of it */
    char experiment[RETRAINING_TEXT_SIZE];
    char why[RETRAINING_TEXT_SIZE];
    char message[RETRAINING_TEXT_SIZE];
};

/* `*begun` false: one is in training already. */
bool retraining_begin(struct store *store, const char *why, int64_t now_ms, const char *actor,
                      struct retraining *out, bool *begun, struct err *err);
bool retraining_renew(struct store *store, const struct retraining *retraining, int64_t now_ms,
                      struct err *err);

/* To another state, from the one it is in: of two that want to, one does, and `*changed` of the
 * other is false. State, version, experiment and message are `to`'s. */
bool retraining_change(struct store *store, const struct retraining *from,
                       const struct retraining *to, int64_t now_ms, const char *actor,
                       bool *changed, struct err *err);

/* What is quarantined is well, says a person, and why. ERR_NOT_FOUND: it is not quarantined. */
bool retraining_release(struct store *store, int64_t id, const char *comment, int64_t now_ms,
                        const char *actor, struct err *err);

/* Newest first; at most `room`. */
bool retraining_list(struct store *store, struct retraining *out, size_t room, size_t *count,
                     struct err *err);

#endif
