/*
 * governance: who may put a version in force, and what was in force before.
 *
 * A version is pending until somebody judges it. People approve and reject,
 * with a comment; a rejection takes back all approvals before it. What is
 * needed is the configuration's: no approval, one, or two different people's.
 * Promotion and rollback are one compare-and-swap each, and every change here is
 * one transaction with its event in the audit log (store/audit.h).
 *
 * The names of the states are SageMaker's.
 */
#ifndef STORE_GOVERNANCE_H
#define STORE_GOVERNANCE_H

#include "base/json.h"
#include "store/registry.h"

enum approval { APPROVAL_PENDING, APPROVAL_APPROVED, APPROVAL_REJECTED };
const char *approval_name(enum approval approval); /* "PendingManualApproval", "Approved", ... */

struct standing {
    enum approval approval; /* the last judgement's; a version nobody judged is pending */
    size_t approvers;       /* different people who approved since the last rejection */
};

bool governance_standing(struct store *store, int64_t number, struct standing *out,
                         struct err *err);

/* `comment` says why, and is not empty. Approving twice is ERR_CONFLICT. */
bool governance_judge(struct store *store, int64_t number, bool approve, const char *actor,
                      const char *comment, struct err *err);

/* A new champion is the challenger no longer, and neither is what is rejected.
 *
 * Moves the alias to `number` from `from`, 0 for nowhere, or GOVERNANCE_ANY. ERR_CONFLICT: it is
 * elsewhere by now. ERR_GATE: rejected, or too few approved. */
#define GOVERNANCE_ANY ((int64_t)-1)
bool governance_promote(struct store *store, const char *alias, int64_t from, int64_t number,
                        size_t approvers, const char *actor, const char *reason, struct err *err);

/* What else a version needs to come into force again. */
struct governance_filter {
    bool (*may)(void *self, struct store *store, int64_t number, bool *out, struct err *err);
    void *self;
};

/* Back to what the alias pointed to before (store/history.h), was not rejected since, and passes
 * the filter (NULL: none); `out` is its number. ERR_NOT_FOUND: there is none. */
bool governance_rollback(struct store *store, const char *alias, const char *actor,
                         const char *reason, const struct governance_filter *filter, int64_t *out,
                         struct err *err);

/* An empty value takes the tag away. */
bool governance_tag(struct store *store, int64_t number, struct view name, struct view value,
                    const char *actor, struct err *err);

/* What the registry says of a version is what the audit log heard when it was registered. ERR_STORE
 * names the version and what differs. Versions older than the log have nothing to be held to. */
bool governance_check(struct store *store, const struct version *version, struct err *err);

/* Adds "tags", "approval" and "judgements" to the object that `json` has open. */
bool governance_write(struct store *store, int64_t number, struct json *json, struct err *err);

#endif
