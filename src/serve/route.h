/*
 * route: which handler a method and a path belong to.
 *
 * The table is routes.def. A path is compared byte for byte, without decoding
 * and without stepping over dots, so nothing outside the table can be reached;
 * "{name}" in a row stands for one or more bytes other than '/' and ':'.
 *
 *     struct route_match match = route_find(request->method, request->path);
 *     if (match.route == NULL) ... answer match.status, with match.allow
 *     use(match.part[0]);       what the first {name} stands for
 */
#ifndef SERVE_ROUTE_H
#define SERVE_ROUTE_H

#include "base/view.h"

enum { ROUTE_PARTS_MAX = 2 };

/* Who may ask: what an API key has to be good for. Nobody needs a key for SCOPE_HEALTH. */
enum route_scope { SCOPE_HEALTH, SCOPE_METRICS, SCOPE_READ, SCOPE_SCORE, SCOPE_LABEL, SCOPE_ADMIN };

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
    struct view part[ROUTE_PARTS_MAX];
};

struct route_match route_find(struct view method, struct view path);

bool route_takes(const struct route *route, struct view method); /* HEAD goes with GET */

/* Whether a path is one that a row's path stands for; `part` may be NULL. */
bool route_fits(const char *pattern, struct view path, struct view part[ROUTE_PARTS_MAX]);

#endif
