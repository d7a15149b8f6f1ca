#include "store/meeting.h"

#include "ground.h"
#include "store/audit.h"
#include "versions.h"

static void compare(struct store *store, int64_t champion, const char *verdict,
                    const char *document)
{
    struct meeting meeting = {.number = 2,
                              .champion = champion,
                              .verdict = view_of(verdict),
                              .document = view_of(document)};
    struct err err = {0};
    WORKS(meeting_add(store, &meeting, "ann", &err), err);
}

static int64_t count(struct store *store, const char *sql)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    struct err err = {0};
    WORKS(db_prepare(&store->db, sql, &statement, &err), err);
    WORKS(db_next(&statement, &err), err);
    return db_i64(&statement, 0);
}

ON_BOTH(the_last_comparison_of_a_version_is_the_one_that_counts)
{
    STORE_OF_TWO(store, "meeting_last");
    struct meeting last;
    WORKS(meeting_last(&store, 2, &arena, &last, &err), err);
    SAME(last.number, 0);
    WORKS(meeting_check(&store, 2, &err), err);
    compare(&store, 1, "insufficient", "{\"a\":1}");
    compare(&store, 1, "promote", "{\"a\":2}");
    WORKS(meeting_last(&store, 2, &arena, &last, &err), err);
    SAME(last.number, 2);
    SAME(last.champion, 1);
    TEXT(last.verdict, "promote");
    TEXT(last.document, "{\"a\":2}");
    WORKS(meeting_check(&store, 2, &err), err);
    WORKS(meeting_check(&store, 1, &err), err);
}

ON_BOTH(the_same_comparison_made_again_is_no_other_event)
{
    STORE_OF_TWO(store, "comparison_again");
    compare(&store, 1, "keep", "{\"a\":1}");
    int64_t events = count(&store, "select count(*) from audit");
    compare(&store, 1, "keep", "{\"a\":1}");
    SAME(count(&store, "select count(*) from comparison"), 1);
    SAME(count(&store, "select count(*) from audit"), events);
    compare(&store, 1, "keep", "{\"a\":3}");
    SAME(count(&store, "select count(*) from audit"), events + 1);
}

ON_BOTH(a_comparison_that_was_changed_or_taken_away_is_named)
{
    STORE_OF_TWO(store, "comparison_changed");
    compare(&store, 1, "keep", "{\"a\":1}");
    WORKS(db_run(&store.db, "update comparison set document = '{\"a\":9}'", &err), err);
    FAILS(meeting_check(&store, 2, &err), err, ERR_STORE);
    SAYS(err, "version 2: its comparison with the champion was changed");
    err = (struct err){0};
    WORKS(db_run(&store.db, "delete from comparison", &err), err);
    FAILS(meeting_check(&store, 2, &err), err, ERR_STORE);
}
