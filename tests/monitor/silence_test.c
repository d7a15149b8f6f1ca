#include "monitor/silence.h"

#include "store/audit.h"
#include "watch_ground.h"

static struct silence wish(const char *alarm, const char *subject)
{
    return (struct silence){.alarm = view_of(alarm),
                            .subject = view_of(subject),
                            .from_ms = START,
                            .until_ms = START + 60 * MINUTE,
                            .actor = VIEW("ann"),
                            .reason = VIEW("known, ticket 7")};
}

ON_BOTH(a_silence_holds_until_it_ends_or_is_lifted_and_is_in_the_audit_log)
{
    STORE(store, "silence_holds");
    struct silence wanted = wish("drift", "*"), *found;
    int64_t id;
    size_t count;
    WORKS(silence_add(&store, &wanted, &id, &err), err);
    WORKS(silence_list(&store, START + MINUTE, &arena, &found, &count, &err), err);
    SAME(count, 1);
    TRUE(found[0].id == id && found[0].until_ms == START + 60 * MINUTE);
    TEXT(found[0].reason, "known, ticket 7");
    TRUE(silence_find(found, count, VIEW("drift"), VIEW("amount")) == &found[0]);
    TRUE(silence_find(found, count, VIEW("errors"), VIEW("amount")) == NULL);
    WORKS(silence_list(&store, START + 60 * MINUTE, &arena, &found, &count, &err), err);
    SAME(count, 0);

    FAILS(silence_lift(&store, id + 1, "bob", START + MINUTE, &err), err, ERR_NOT_FOUND);
    err = (struct err){0};
    WORKS(silence_lift(&store, id, "bob", START + MINUTE, &err), err);
    WORKS(silence_list(&store, START + MINUTE, &arena, &found, &count, &err), err);
    SAME(count, 0);
    FAILS(silence_lift(&store, id, "bob", START + MINUTE, &err), err, ERR_NOT_FOUND);

    err = (struct err){0};
    struct audit_event event;
    CLEANUP(audit_close) struct audit_reader reader = {0};
    WORKS(audit_read(&store, 0, &reader, &err), err);
    TRUE(audit_next(&reader, &event, &err));
    TEXT(event.action, "alarm silence");
    TEXT(event.actor, "ann");
    TRUE(memmem(event.payload.text, event.payload.length, "ticket 7", 8) != NULL);
    TRUE(audit_next(&reader, &event, &err));
    TEXT(event.action, "alarm unsilence");
    TEXT(event.actor, "bob");
    TRUE(!audit_next(&reader, &event, &err));
}

ON_BOTH(a_silence_without_a_reason_or_for_no_alarm_is_refused)
{
    STORE(store, "silence_refused");
    int64_t id;
    struct silence wanted = wish("drifts", "*");
    FAILS(silence_add(&store, &wanted, &id, &err), err, ERR_INPUT);
    SAYS(err, "there are: server_down, latency");
    wanted = wish("*", "*");
    wanted.reason = VIEW("");
    FAILS(silence_add(&store, &wanted, &id, &err), err, ERR_INPUT);
    SAYS(err, "has a reason");
    wanted = wish("*", "*");
    wanted.until_ms = START;
    FAILS(silence_add(&store, &wanted, &id, &err), err, ERR_INPUT);
    err = (struct err){0};
    wanted = wish("*", "amount");
    WORKS(silence_add(&store, &wanted, &id, &err), err);
}
