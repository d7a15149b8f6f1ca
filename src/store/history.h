/*
 * history: what was in force under an alias, version after version.
 *
 * A promotion puts a version on top of the one before it; a rollback takes off what is above the
 * version it goes back to. So what is left is a stack, and a rollback walks down it, never to what
 * was rolled back from.
 */
#ifndef STORE_HISTORY_H
#define STORE_HISTORY_H

#include "store/registry.h"

enum deployment { DEPLOYMENT_PROMOTE, DEPLOYMENT_ROLLBACK };

/* Inside a transaction: the alias has moved from `previous` (0: nowhere) to `number`. */
bool history_add(struct store *store, const char *alias, enum deployment action, int64_t number,
                 int64_t previous, const char *actor, const char *reason, struct err *err);

struct history {
    int64_t *version; /* oldest first; the last is in force */
    size_t count;
};
bool history_load(struct store *store, const char *alias, struct arena *arena, struct history *out,
                  struct err *err);

/* The last that happened to the version under the alias was that somebody went back from it. */
bool history_was_left(struct store *store, const char *alias, int64_t number, bool *out,
                      struct err *err);

#endif
