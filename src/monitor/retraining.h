/*
 * retraining: models trained anew without anybody asking, as the database remembers them.
 *
 *     training      its process is at work, or the next one will be; one at a time
 *     quarantined   the labels look poisoned: nothing is trained until a person has released them
 *     refused       the gate refused what was trained
 *     kept          it was trained and is no better, or adds nothing: the champion stays
 *     waiting       people have to approve the version
 *     canary        it decides a rising share
 *     promoted      it is the champion
 *     rolled_back   the canary was taken back
 *     failed        the training ended with an error
 *
 * Every change is one transaction with its event in the audit log. The work of one whose process
 * died or was stopped is taken up when its lease has run out.
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

enum {
    RETRAINING_TEXT_SIZE = 512,
    RETRAINING_LEASE_MS = 900 * 1000, /* between two looks */
    RETRAINING_AHEAD_MS = 3600 * 1000,
};

struct retraining {
    int64_t id; /* 0: none */
    int64_t begun_ms, changed_ms, lease_ms, released_ms;
    int64_t due_ms;      /* the date of the schedule that it is for; 0: of none */
    int64_t tries;       /* how often it was begun */
    int64_t labels_seen; /* the newest label that there was when it began */
    enum retraining_state state;
    int64_t version; /* 0: none came of it */
    char experiment[RETRAINING_TEXT_SIZE];
    char why[RETRAINING_TEXT_SIZE];
    char message[RETRAINING_TEXT_SIZE];
};

/* `due_ms`: the date that it is for; 0: for none. `*begun` false: one is in training already, or
 * there was one for this date. */
bool retraining_begin(struct store *store, const char *why, int64_t due_ms, int64_t now_ms,
                      const char *actor, struct retraining *out, bool *begun, struct err *err);

/* The last date that there was one for; INT64_MIN: none. One that is more than RETRAINING_AHEAD_MS
 * after now is a wrong clock's and counts for nothing. */
bool retraining_last_due(struct store *store, int64_t now_ms, int64_t *out, struct err *err);

/* Its lease has run out, and it is the caller's now; `*taken` false: somebody else's. */
bool retraining_take_up(struct store *store, struct retraining *retraining, int64_t now_ms,
                        const char *actor, bool *taken, struct err *err);

/* Its work came to no end, and why; from `again_ms` on it may be taken up. `counts`: as a try. */
bool retraining_interrupt(struct store *store, struct retraining *retraining, const char *why,
                          bool counts, int64_t again_ms, int64_t now_ms, const char *actor,
                          struct err *err);
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
