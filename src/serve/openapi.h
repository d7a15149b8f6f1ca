/*
 * openapi: what this server answers, as an OpenAPI 3.1 document.
 *
 * Every row of routes.def is in it, with what may be sent by the shapes of its contracts and the
 * schema of the model that is served, and what is answered by the contracts.
 */
#ifndef SERVE_OPENAPI_H
#define SERVE_OPENAPI_H

#include "serve/route.h"
#include "serve/serving.h"

/* `path` NULL: every route; else that path alone. `served` NULL: no model says what a row is. */
void openapi_write(const struct served *served, const char *path, bool keys, struct text *out);

#endif
