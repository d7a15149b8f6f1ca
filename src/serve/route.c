#include "serve/route.h"

#include "base/text.h"

const struct route routes[ROUTE_COUNT] = {
#define ROUTE(method, path, handler, scope, about) {#method, path, SCOPE_##scope, about},
#include "serve/routes.def"
#undef ROUTE
};

const char *const route_paths[ROUTE_COUNT] = {
#define ROUTE(method, path, handler, scope, about) path,
#include "serve/routes.def"
#undef ROUTE
};

static bool goes_with(const struct route *route, struct view method)
{
    return view_is(method, route->method) ||
           (view_is(method, "HEAD") && strcmp(route->method, "GET") == 0);
}

static void add_method(struct text *allow, const char *method)
{
    text_adds(allow, allow->length > 0 ? ", " : "");
    text_adds(allow, method);
    if (strcmp(method, "GET") == 0)
        text_adds(allow, ", HEAD");
}

/* The methods of a path, "" when the path is unknown. "*" is the server: every method. */
static void list_methods(struct view path, struct text *allow)
{
    if (view_is(path, "*")) {
        text_adds(allow, "GET, HEAD, POST");
    } else {
        for (size_t i = 0; i < ROUTE_COUNT; i++)
            if (view_is(path, routes[i].path))
                add_method(allow, routes[i].method);
    }
    if (allow->length > 0)
        text_adds(allow, ", OPTIONS");
}

struct route_match route_find(struct view method, struct view path)
{
    struct route_match match = {.status = 404};
    for (size_t i = 0; i < ROUTE_COUNT; i++)
        if (view_is(path, routes[i].path) && goes_with(&routes[i], method))
            return (struct route_match){.route = &routes[i], .status = 200};

    struct text allow = text_in(match.allow, sizeof match.allow);
    list_methods(path, &allow);
    text_c(&allow);
    assert(!allow.cut);
    if (allow.length > 0)
        match.status = view_is(method, "OPTIONS") ? 204 : 405;
    return match;
}
