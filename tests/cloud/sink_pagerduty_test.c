#include "catcher.h"

#define OPEN                                                                                       \
    "kind: pagerduty, token_env: CLOUD_KEY, url: 'http://127.0.0.1:PORT/v2/enqueue', "             \
    "allow_http: true, allow_private: true"
#define TAKEN "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"

TEST(a_beginning_opens_an_incident_and_its_end_resolves_the_same)
{
    setenv("CLOUD_KEY", "R0UT1NG", 1);
    SINK_FOR(OPEN, TAKEN, TAKEN);
    struct notice notice = catcher_notice();
    WORKS(SEND(&notice), err);
    notice.kind = NOTICE_OVER;
    notice.id = VIEW("0123456789abcdef0123456789abcdef-2");
    WORKS(SEND(&notice), err);
    SAME(catcher_stop(&catcher), 2);
    const struct doc *begun = catcher_json(&catcher, 0, &arena);
    const struct doc *over = catcher_json(&catcher, 1, &arena);
    TEXT(catcher_text(begun, "routing_key"), "R0UT1NG");
    TEXT(catcher_text(begun, "event_action"), "trigger");
    TEXT(catcher_text(begun, "dedup_key"), "0123456789abcdef0123456789abcdef");
    const struct doc *payload = doc_find(begun, "payload");
    TEXT(catcher_text(payload, "summary"), "A column has drifted: amount");
    TEXT(catcher_text(payload, "source"), "box-1");
    TEXT(catcher_text(payload, "severity"), "error");
    TEXT(catcher_text(payload, "component"), "amount");
    TEXT(catcher_text(payload, "class"), "drift");
    TEXT(catcher_text(payload, "timestamp"), "2025-06-20T12:01:00.000Z");
    TEXT(catcher_text(over, "event_action"), "resolve");
    TEXT(catcher_text(over, "dedup_key"), "0123456789abcdef0123456789abcdef");
    TRUE(doc_find(over, "payload") == NULL);
}

TEST(a_test_leaves_no_incident_open)
{
    setenv("CLOUD_KEY", "R0UT1NG", 1);
    SINK_FOR(OPEN, TAKEN, TAKEN);
    struct notice notice = catcher_notice();
    notice.kind = NOTICE_TEST;
    WORKS(SEND(&notice), err);
    SAME(catcher_stop(&catcher), 2);
    TEXT(catcher_text(catcher_json(&catcher, 1, &arena), "event_action"), "resolve");
}

TEST(a_refused_key_is_not_repeated)
{
    setenv("CLOUD_KEY", "R0UT1NG", 1);
    SINK_FOR(OPEN, "HTTP/1.1 400 x\r\nContent-Length: 7\r\n\r\nR0UT1NG");
    struct notice notice = catcher_notice();
    FAILS(SEND(&notice), err, ERR_IO);
    catcher_stop(&catcher);
    SAYS(err, "it answered 400");
    TRUE(strstr(err.text, "R0UT1NG") == NULL);
}
