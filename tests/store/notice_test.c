#include "store/notice.h"

#include "harness.h"

TEST(kinds_and_severities_are_known_by_their_names)
{
    enum notice_kind kind;
    enum severity severity;
    for (size_t i = 0; i < NOTICE_KINDS; i++)
        TRUE(notice_kind_of(view_of(notice_kinds[i]), &kind) && (size_t)kind == i);
    for (size_t i = 0; i < SEVERITIES; i++)
        TRUE(severity_of(view_of(severities[i]), &severity) && (size_t)severity == i);
    TRUE(!notice_kind_of(VIEW("gone"), &kind) && !severity_of(VIEW(""), &severity));
    TRUE(SEVERITY_INFO < SEVERITY_WARNING && SEVERITY_ERROR < SEVERITY_CRITICAL);
}
