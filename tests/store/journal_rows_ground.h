/* journal_rows_ground: decisions put into the tables, and the numbers of those that a query finds.
 */
#ifndef TESTS_STORE_JOURNAL_ROWS_GROUND_H
#define TESTS_STORE_JOURNAL_ROWS_GROUND_H

#include "ground.h"
#include "journal_add.h"
#include "journal_ground.h"
#include "store/journal_rows.h"

enum { MEMORY = 8 << 20 };

#define WITH_STORE(title)                                                                          \
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};                                 \
    struct store store = {0};                                                                      \
    struct err err = {0};                                                                          \
    struct store_place place = ground_place(ground, &arena, title);                                \
    WORKS(store_open_place(&store, &place, &err), err)

UNUSED static void add(struct store *store, unsigned worker, uint64_t number)
{
    struct numbered n;
    number_it(&n, worker, number);
    SAME(add_decision(store, &n.decision), 1);
}

/* The numbers of the decisions of worker 0 that a query finds, as text. */
UNUSED static const char *found(struct store *store, const struct journal_query *query)
{
    static char bytes[8192];
    CLEANUP(journal_rows_close) struct journal_rows rows = {0};
    struct text text = text_in(bytes, sizeof bytes);
    struct journal_decision d;
    struct err err = {0};
    WORKS(journal_rows_open(&rows, store, query, &err), err);
    while (journal_rows_next(&rows, &d, &err)) {
        text_add(&text, view_from(d.id, 3));
        text_addc(&text, ' ');
    }
    WORKS(err.kind == ERR_NONE, err);
    return text_c(&text);
}

#endif
