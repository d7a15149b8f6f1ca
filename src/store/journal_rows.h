/*
 * journal_rows: the decisions that were moved to the database, as they are asked for.
 *
 *     CLEANUP(journal_rows_close) struct journal_rows rows = {0};
 *     if (!journal_rows_open(&rows, &store, &(struct journal_query){.entity = card}, err))
 *         return false;
 *     while (journal_rows_next(&rows, &decision, err))
 *         use(&decision);
 *
 * With those of the segments that are not moved yet: store/journal_log.h.
 */
#ifndef STORE_JOURNAL_ROWS_H
#define STORE_JOURNAL_ROWS_H

#include "store/journal_table.h"

/* What is asked for. Empty views ask for nothing in particular. */
struct journal_query {
    int64_t since_us, until_us; /* from, before; 0: no end */
    struct view id, client, entity, outcome, variant;
    size_t last; /* only so many, the newest; 0: all. Of the table and of the segments each */
};
bool journal_query_wants(const struct journal_query *query,
                         const struct journal_decision *decision);

/* Rows of the table in the order of time and id; a page is read at a time. */
struct journal_rows {
    struct arena arena; /* the page */
    struct store *store;
    struct journal_query query;
    struct journal_decision *row;
    size_t rows, next;
    int64_t after_us; /* the last row's */
    char after_id[4 * JOURNAL_TEXT_MAX + 1];
    bool begun, ended;
};
bool journal_rows_open(struct journal_rows *rows, struct store *store,
                       const struct journal_query *query, struct err *err);
bool journal_rows_next(struct journal_rows *rows, struct journal_decision *out, struct err *err);
void journal_rows_close(struct journal_rows *rows);

#endif
