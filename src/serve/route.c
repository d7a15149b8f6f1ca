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

/* The bytes that a {name} takes of a path. */
static size_t name_length(struct view path)
{
    size_t length = 0;
    while (length < path.length && path.text[length] != '/' && path.text[length] != ':')
        length++;
    return length;
}

bool route_fits(const char *pattern, struct view path, struct view part[ROUTE_PARTS_MAX])
{
    size_t parts = 0;
    for (; *pattern != '\0'; pattern++) {
        if (*pattern != '{') {
            if (path.length == 0 || *path.text != *pattern)
                return false;
            path = view_from(path, 1);
            continue;
        }
        size_t length = name_length(path);
        if (length == 0)
            return false;
        assert(parts < ROUTE_PARTS_MAX);
        if (part != NULL)
            part[parts++] = (struct view){path.text, length};
        path = view_from(path, length);
        while (*pattern != '}')
            pattern++;
    }
    return path.length == 0;
}

bool route_takes(const struct route *route, struct view method)
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
        text_adds(allow, "GET, HEAD, POST, DELETE");
    } else {
        const char *pattern = NULL; /* the first that fits; a later {name} may fit as well */
        for (size_t i = 0; i < ROUTE_COUNT; i++) {
            if (pattern != NULL ? strcmp(pattern, routes[i].path) != 0
                                : !route_fits(routes[i].path, path, NULL))
                continue;
            pattern = routes[i].path;
            add_method(allow, routes[i].method);
        }
    }
    if (allow->length > 0)
        text_adds(allow, ", OPTIONS");
}

struct route_match route_find(struct view method, struct view path)
{
    struct route_match match = {.status = 404};
    char second = path.length > 1 ? path.text[1] : '\0'; /* tells most of them apart */
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        if (routes[i].path[1] != second && routes[i].path[1] != '{')
            continue;
        if (!route_fits(routes[i].path, path, match.part) || !route_takes(&routes[i], method))
            continue;
        match.route = &routes[i];
        match.status = 200;
        return match;
    }
    struct text allow = text_in(match.allow, sizeof match.allow);
    list_methods(path, &allow);
    text_c(&allow);
    assert(!allow.cut);
    if (allow.length > 0)
        match.status = view_is(method, "OPTIONS") ? 204 : 405;
    return match;
}
