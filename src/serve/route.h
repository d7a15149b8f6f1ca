/*
 * route: which handler a method and a path belong to.
 *
 * The table is routes.def. Paths are compared byte for byte, without decoding
 * and without stepping over dots, so nothing outside the table can be reached.
 *
 *     struct route_match match = route_find(request->method, request->path);
 *     if (match.route == NULL) ... answer match.status, with match.allow
 */
#ifndef SERVE_ROUTE_H
#define SERVE_ROUTE_H

#include "base/view.h"

/* Who may ask: what an API key will have to be good for. */
enum route_scope { SCOPE_HEALTH, SCOPE_METRICS, SCOPE_READ, SCOPE_SCORE };

struct route {
    const char *method, *path;
    enum route_scope scope;
    const char *about;
};

enum route_index {
#define ROUTE(method, path, handler, scope, about) ROUTE_##handler,
#include "serve/routes.def"
#undef ROUTE
    ROUTE_COUNT
};

extern const struct route routes[ROUTE_COUNT];
extern const char *const route_paths[ROUTE_COUNT]; /* for the meters */

struct route_match {
    const struct route *route; /* NULL: there is none */
    int status;                /* then: 404, 405, or 204 for OPTIONS */
    char allow[64];            /* 405 and 204: the methods the path does have */
};

struct route_match route_find(struct view method, struct view path);

#endif
