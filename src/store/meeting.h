/*
 * meeting: what came of holding a version against the champion on the same rows.
 *
 * Kept beside the version and not in its bundle: the same bundle may meet one champion after
 * another. The document is the caller's JSON; the audit log gets its SHA-256, and
 * meeting_check holds the two together.
 */
#ifndef STORE_MEETING_H
#define STORE_MEETING_H

#include "store/registry.h"

struct meeting {
    int64_t number, champion; /* versions */
    struct view verdict;      /* a word: promote, keep, insufficient, ... */
    struct view document;     /* a JSON object */
    int64_t at_ms;
};

/* One transaction with its event; a document that the version has already is not added again. */
bool meeting_add(struct store *store, const struct meeting *meeting, const char *actor,
                 struct err *err);

/* The version's last; `out->number` is 0 when it has none. Texts are in the arena. */
bool meeting_last(struct store *store, int64_t number, struct arena *arena, struct meeting *out,
                  struct err *err);

/* ERR_STORE when the last document is not what the audit log heard of. */
bool meeting_check(struct store *store, int64_t number, struct err *err);

#endif
