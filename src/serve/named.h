/*
 * named: models that are loaded by name, beside the champion.
 *
 * SageMaker's multi-model routes and the Open Inference Protocol's repository both end here. What
 * loads is slow and changes the line-up: it is called from an errand, never by a worker.
 *
 *     if (!named_load(server, name, url, false, err))
 *         ...          ERR_CONFLICT: it is loaded; ERR_LIMIT: no room; ERR_NOT_FOUND: nothing there
 */
#ifndef SERVE_NAMED_H
#define SERVE_NAMED_H

#include "serve/server.h"

/* `anew`: one that is loaded already is replaced, in one step. */
bool named_load(struct server *server, struct view name, struct view url, bool anew,
                struct err *err);
bool named_unload(struct server *server, struct view name, struct err *err);

/* By the name it was loaded as; NULL: none. */
const struct served *named_find(const struct lineup *lineup, struct view name);

#endif
