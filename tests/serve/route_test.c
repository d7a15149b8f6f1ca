#include "serve/route.h"

#include "harness.h"

TEST(a_route_is_found_by_method_and_path)
{
    struct route_match match = route_find(VIEW("POST"), VIEW("/invocations"));
    TRUE(match.route == &routes[ROUTE_invocations]);
    SAME(match.route->scope, SCOPE_SCORE);
}

TEST(head_goes_with_get)
{
    TRUE(route_find(VIEW("HEAD"), VIEW("/ping")).route == &routes[ROUTE_ping]);
    SAME(route_find(VIEW("HEAD"), VIEW("/invocations")).status, 405);
}

TEST(an_unknown_path_is_404_and_a_wrong_method_405_with_the_right_ones)
{
    const char *const unknown[] = {"/nowhere", "/ping/", "/PING", "/../ping",
                                   "/%70ing",  "ping",   ""};
    for (size_t i = 0; i < LENGTH_OF(unknown); i++) {
        struct route_match match = route_find(VIEW("GET"), view_of(unknown[i]));
        TRUE(match.route == NULL);
        SAME(match.status, 404);
    }
    struct route_match match = route_find(VIEW("DELETE"), VIEW("/ping"));
    TRUE(match.route == NULL);
    SAME(match.status, 405);
    TEXT(view_of(match.allow), "GET, HEAD, OPTIONS");
    TEXT(view_of(route_find(VIEW("GET"), VIEW("/predict")).allow), "POST, OPTIONS");
}

TEST(options_tells_the_methods)
{
    struct route_match match = route_find(VIEW("OPTIONS"), VIEW("/invocations"));
    SAME(match.status, 204);
    TEXT(view_of(match.allow), "POST, OPTIONS");
    SAME(route_find(VIEW("OPTIONS"), VIEW("*")).status, 204);
    SAME(route_find(VIEW("OPTIONS"), VIEW("/nowhere")).status, 404);
}

TEST(a_path_of_its_own_is_not_a_name_in_anothers)
{
    TRUE(route_find(VIEW("GET"), VIEW("/v2/models/stats")).route == &routes[ROUTE_v2_statistics]);
    TEXT(view_of(route_find(VIEW("PUT"), VIEW("/v2/models/stats")).allow), "GET, HEAD, OPTIONS");
    TEXT(view_of(route_find(VIEW("PUT"), VIEW("/models/stats")).allow),
         "GET, HEAD, DELETE, OPTIONS");
}

TEST(every_row_is_complete_and_stands_once)
{
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        TRUE(routes[i].path[0] == '/' && routes[i].about[0] != '\0');
        struct route_match match = route_find(view_of(routes[i].method), view_of(routes[i].path));
        TRUE(match.route == &routes[i]);
        TEXT(view_of(route_paths[i]), routes[i].path);
    }
}

TEST(a_name_in_a_path_is_one_or_more_bytes_up_to_a_slash_or_a_colon)
{
    struct view part[ROUTE_PARTS_MAX];
    TRUE(route_fits("/m/{model}:predict", VIEW("/m/fraud:predict"), part));
    TEXT(part[0], "fraud");
    TRUE(route_fits("/m/{model}/versions/{version}/infer", VIEW("/m/a/versions/12/infer"), part));
    TEXT(part[0], "a");
    TEXT(part[1], "12");
    TRUE(route_fits("/m/{model}", VIEW("/m/%2e%2e"), part));
    TEXT(part[0], "%2e%2e");
    TRUE(!route_fits("/m/{model}", VIEW("/m/"), part));
    TRUE(!route_fits("/m/{model}", VIEW("/m/a/b"), part));
    TRUE(!route_fits("/m/{model}", VIEW("/m/a:predict"), part));
    TRUE(!route_fits("/m/{model}:predict", VIEW("/m/a:predictx"), part));
    TRUE(!route_fits("/m/{model}:predict", VIEW("/m/a"), part));
    TRUE(!route_fits("/m", VIEW("/m/"), part));
}
