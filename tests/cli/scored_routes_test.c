#include "harness.h"
#include "monitor/figures.h"
#include "serve/route.h"

TEST(the_routes_that_alarms_count_are_those_that_decide)
{
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        struct view path = view_of(routes[i].path);
        bool decides = routes[i].scope == SCOPE_SCORE && !view_ends(path, "explain");
        FAIL_UNLESS(figures_is_scored(path) == decides, "%s", routes[i].path);
    }
}
