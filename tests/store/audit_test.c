#include "store/audit.h"

#include "ground.h"
#include "store/governance.h"

enum { MEMORY = 8 << 20 };

static void open_fresh(struct store *store, const struct ground *ground, struct arena *arena,
                       const char *name)
{
    struct store_place place = ground_place(ground, arena, name);
    struct err err = {0};
    WORKS(store_open_place(store, &place, &err), err);
}

static void append(struct store *store, const char *action)
{
    struct err err = {0};
    WORKS(audit_append(store, "ann", action, "version 1", "{\"a\":1}", &err), err);
}

#define STORE(store, name)                                                                         \
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};                                 \
    CLEANUP(store_close) struct store store = {0};                                                 \
    open_fresh(&store, ground, &arena, name)

static bool verify(struct store *store, const char *anchor, struct audit_summary *out,
                   struct err *err)
{
    *err = (struct err){0};
    return audit_verify(store, view_of(anchor), out, err);
}

ON_BOTH(an_empty_log_holds_and_so_does_one_of_events)
{
    STORE(store, "audit_holds");
    struct audit_summary none, three;
    struct err err;
    WORKS(verify(&store, "", &none, &err), err);
    SAME(none.events, 0);
    append(&store, "one");
    append(&store, "two");
    append(&store, "three");
    WORKS(verify(&store, "", &three, &err), err);
    SAME(three.events, 3);
    struct audit_summary again;
    WORKS(verify(&store, three.last, &again, &err), err);
    FAILS(verify(&store, none.last, &again, &err), err, ERR_STORE);
    SAYS(err, "cut off");
}

ON_BOTH(a_hash_is_of_the_events_own_words_and_the_one_before)
{
    STORE(store, "audit_hash");
    CLEANUP(audit_close) struct audit_reader reader = {0};
    struct audit_event event;
    struct err err = {0};
    append(&store, "one");
    append(&store, "two");
    WORKS(audit_read(&store, 2, &reader, &err), err);
    WORKS(audit_next(&reader, &event, &err), err);
    TEXT(event.action, "two");
    struct text text = text_in_arena(&arena);
    text_addf(&text, "[2,%lld,\"ann\",\"two\",\"version 1\",\"{\\\"a\\\":1}\",\"" VIEW_FMT "\"]",
              (long long)event.at_ms, VIEW_ARG(event.previous));
    struct digest digest = digest_of(text_view(&text));
    char hex[DIGEST_HEX_SIZE];
    TEXT(event.hash, digest_print(&digest, hex));
    TRUE(!audit_next(&reader, &event, &err) && err.kind == ERR_NONE);
}

ON_BOTH(whatever_is_changed_is_named)
{
    static const struct {
        const char *sql, *says;
    } spoil[] = {
        {"update audit set at_ms = at_ms + 1 where seq = 2", "event 2 was changed"},
        {"update audit set actor = 'bob' where seq = 1", "event 1 was changed"},
        {"update audit set hash = previous where seq = 3", "event 3 was changed"},
        {"update audit set previous = hash where seq = 2", "event 2 does not follow"},
        {"delete from audit where seq = 1", "lacks event 1"},
        {"update audit set seq = 9 where seq = 3", "lacks event 3"},
    };
    for (size_t i = 0; i < LENGTH_OF(spoil); i++) {
        STORE(store, "audit_spoiled");
        struct audit_summary summary;
        struct err err = {0};
        append(&store, "one");
        append(&store, "two");
        append(&store, "three");
        WORKS(db_run(&store.db, spoil[i].sql, &err), err);
        FAILS(verify(&store, "", &summary, &err), err, ERR_STORE);
        SAYS(err, spoil[i].says);
    }
}

ON_BOTH(an_event_of_a_change_that_is_rolled_back_was_never_there)
{
    STORE(store, "audit_rolled");
    struct audit_summary summary;
    struct err err = {0};
    WORKS(db_begin(&store.db, &err), err);
    append(&store, "one");
    db_rollback(&store.db);
    WORKS(verify(&store, "", &summary, &err), err);
    SAME(summary.events, 0);
    FAILS(governance_judge(&store, 7, true, "ann", "no such version", &err), err, ERR_CONFLICT);
    WORKS(verify(&store, "", &summary, &err), err);
    SAME(summary.events, 0);
}

ON_BOTH(a_log_longer_than_a_page_is_read_and_verified_to_its_end)
{
    enum { EVENTS = 2500 };
    STORE(store, "audit_long");
    struct err err = {0};
    WORKS(db_begin(&store.db, &err), err);
    for (int i = 0; i < EVENTS; i++)
        append(&store, "one");
    WORKS(db_commit(&store.db, &err), err);
    struct audit_summary summary;
    WORKS(verify(&store, "", &summary, &err), err);
    SAME(summary.events, EVENTS);
    WORKS(db_run(&store.db, "update audit set actor = 'eve' where seq = 2001", &err), err);
    FAILS(verify(&store, "", &summary, &err), err, ERR_STORE);
    SAYS(err, "event 2001 was changed");
}
