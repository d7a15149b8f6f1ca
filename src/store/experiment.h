/*
 * experiment: another version beside the champion.
 *
 *     ab        a share of the entities is decided by the rival
 *     shadow    the rival decides everything a second time; nobody is told what
 *     canary    the share rises step by step, each baked for a while
 *
 * Which entity gets which is a hash seeded by the experiment's name, so a card meets the same
 * model on every server and, as a canary's share rises, never goes back. At most one
 * experiment runs at a time. Every change is one transaction with its event in the audit log, and a
 * step is a compare-and-swap: of many servers that want to take it one does.
 */
#ifndef STORE_EXPERIMENT_H
#define STORE_EXPERIMENT_H

#include "store/registry.h"

enum experiment_kind { EXPERIMENT_AB, EXPERIMENT_SHADOW, EXPERIMENT_CANARY, EXPERIMENT_KINDS };
enum experiment_state {
    EXPERIMENT_RUNNING,
    EXPERIMENT_STOPPED,     /* by a person */
    EXPERIMENT_PROMOTED,    /* the rival is the champion */
    EXPERIMENT_ROLLED_BACK, /* by an alarm */
    EXPERIMENT_STATES,
};
extern const char *const experiment_kinds[EXPERIMENT_KINDS];   /* "ab", "shadow", "canary" */
extern const char *const experiment_states[EXPERIMENT_STATES]; /* "running", ... */

/* Behind the id of a decision, the shadow's beside it. */
#define EXPERIMENT_SHADOW_ID "~shadow"

enum { EXPERIMENT_NAME_MAX = 64, EXPERIMENT_STEPS_MAX = 10, EXPERIMENT_ENTITY_MAX = 128 };

struct experiment {
    int64_t id; /* 0: none */
    char name[EXPERIMENT_NAME_MAX + 1];
    enum experiment_kind kind;
    int64_t champion, rival;                /* versions */
    char entity[EXPERIMENT_ENTITY_MAX + 1]; /* the column; "": the shadow needs none */
    double share[EXPERIMENT_STEPS_MAX];     /* of the entities, above 0 and up to 1, rising */
    size_t steps, step;
    int64_t step_ms; /* when this step began */
    int64_t bake_ms;
    double alpha;      /* of the verdict: how often it may be wrong */
    int64_t planned;   /* entities at which the verdict's bounds are tightest */
    int64_t mature_ms; /* how old a decision is before its label counts */
    bool promotes;     /* a canary that has baked its last step becomes the champion */
    enum experiment_state state;
    int64_t started_ms, ended_ms;
    char reason[200]; /* why it ended */
};

/* `wanted` without id, step, state and times. ERR_CONFLICT: one runs already, or had this name;
 * ERR_INPUT says which part makes no sense. */
bool experiment_start(struct store *store, const struct experiment *wanted, const char *actor,
                      struct experiment *out, struct err *err);

/* The one that runs; `out->id` is 0 when none does. */
bool experiment_running(struct store *store, struct experiment *out, struct err *err);
/* By name, or the newest when the name is empty. ERR_NOT_FOUND. */
bool experiment_find(struct store *store, struct view name, struct experiment *out,
                     struct err *err);
/* Newest first; at most `room`. */
bool experiment_list(struct store *store, struct experiment *out, size_t room, size_t *count,
                     struct err *err);

/* From step `from` to the next. `*taken` is false when somebody else was first or it has ended. */
bool experiment_step(struct store *store, const struct experiment *experiment, size_t from,
                     const char *actor, bool *taken, struct err *err);

/* Ends one that runs. `*taken` is false when it had ended already. */
bool experiment_end(struct store *store, const struct experiment *experiment,
                    enum experiment_state state, const char *actor, const char *reason, bool *taken,
                    struct err *err);

/* Which side of the share an entity is on: true for the rival, at the present step. */
bool experiment_picks(struct view name, double share, struct view entity);

#endif
