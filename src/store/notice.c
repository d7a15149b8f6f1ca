#include "store/notice.h"

const char *const notice_kinds[NOTICE_KINDS] = {"begun", "standing", "over", "test"};
const char *const severities[SEVERITIES] = {"info", "warning", "error", "critical"};

static size_t index_in(const char *const *names, size_t count, struct view name)
{
    size_t i = 0;
    while (i < count && !view_is(name, names[i]))
        i++;
    return i;
}

bool notice_kind_of(struct view name, enum notice_kind *out)
{
    *out = (enum notice_kind)index_in(notice_kinds, NOTICE_KINDS, name);
    return *out < NOTICE_KINDS;
}

bool severity_of(struct view name, enum severity *out)
{
    *out = (enum severity)index_in(severities, SEVERITIES, name);
    return *out < SEVERITIES;
}
