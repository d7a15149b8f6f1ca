#include "store/journal_rows.h"

#include "journal_rows_ground.h"

ON_BOTH(questions_find_what_they_ask_for)
{
    WITH_STORE("table_query");
    for (uint64_t i = 1; i <= 6; i++)
        add(&store, 0, i);
    int64_t base = 1760000000000000;
    TEXT(view_of(found(&store, &(struct journal_query){0})), "1 2 3 4 5 6 ");
    TEXT(view_of(found(&store, &(struct journal_query){.since_us = base + 3000})), "3 4 5 6 ");
    TEXT(view_of(found(&store, &(struct journal_query){.until_us = base + 3000})), "1 2 ");
    TEXT(view_of(found(&store, &(struct journal_query){.id = VIEW("w0-4")})), "4 ");
    TEXT(view_of(found(&store, &(struct journal_query){.outcome = VIEW("decline")})), "1 3 5 ");
    TEXT(view_of(found(&store, &(struct journal_query){.client = VIEW("nobody")})), "");
    TEXT(view_of(found(&store, &(struct journal_query){.entity = VIEW("card-7"), .last = 2})),
         "5 6 ");
    TEXT(view_of(found(&store, &(struct journal_query){.last = 6})), "1 2 3 4 5 6 ");
    TEXT(view_of(found(&store, &(struct journal_query){.variant = VIEW("shadow")})), "");
    store_close(&store);
}

TEST(pages_follow_each_other_without_a_gap)
{
    const struct ground ground_of = {0}, *ground = &ground_of;
    WITH_STORE("table_pages");
    CLEANUP(journal_rows_close) struct journal_rows rows = {0};
    struct journal_decision d;
    uint64_t seen = 0;
    WORKS(db_begin(&store.db, &err), err);
    for (uint64_t i = 1; i <= 1203; i++) {
        struct numbered n;
        number_it(&n, 0, i);
        n.decision.at_us = 1760000000000000 + (int64_t)i / 700; /* many at one time */
        snprintf(n.id, sizeof n.id, "%06llu", (unsigned long long)i);
        n.decision.id = view_of(n.id);
        add_decision(&store, &n.decision);
    }
    WORKS(db_commit(&store.db, &err), err);
    WORKS(journal_rows_open(&rows, &store, &(struct journal_query){0}, &err), err);
    while (journal_rows_next(&rows, &d, &err)) {
        char want[32];
        snprintf(want, sizeof want, "%06llu", (unsigned long long)++seen);
        TEXT(d.id, want);
    }
    SAME(seen, 1203);
    store_close(&store);
}
