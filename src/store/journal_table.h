/*
 * journal_table: the journal's rows in the database.
 *
 * Columns are for asking; what must come back to the bit, the margin, the score, the probability,
 * the amount and the row, stands in one text beside them. Texts of clients are kept as UTF-8: a
 * byte that is none is written \xHH.
 *
 * Writing is inside of a transaction of the caller's.
 */
#ifndef STORE_JOURNAL_TABLE_H
#define STORE_JOURNAL_TABLE_H

#include "store/journal_read.h"
#include "store/store.h"

/* `request`: the id of the first decision of its request. `known`: there is one with this id, and
 * nothing was added. */
bool journal_add_decision(struct store *store, const struct journal_decision *decision,
                          struct view request, bool *known, struct err *err);
bool journal_add_label(struct store *store, const struct journal_label *label, struct err *err);
bool journal_add_answer(struct store *store, const struct journal_answer *answer,
                        struct view decision, struct err *err);

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

bool journal_has_decision(struct store *store, struct view id, bool *out, struct err *err);

/* Up to which byte the records of a segment, by its name, are in the tables. */
bool journal_moved_to(struct store *store, const char *name, uint64_t *out, struct err *err);

/* The label in force: of the source that counts most, the newest; the sources in the order of
 * store/label_sources.def, any other after them. `found` is false when there is none. */
bool journal_label_of(struct store *store, struct view decision, struct arena *arena,
                      struct journal_label *out, bool *found, struct err *err);

/* All that were moved, as they came; each lasts for the call. */
bool journal_labels_moved(struct store *store, struct view decision,
                          void (*each)(void *self, const struct journal_label *label), void *self,
                          struct err *err);

/* As journal_answers, of those that were moved to the database; ask this one first. */
bool journal_answers_moved(struct journal_answers *answers, struct store *store, struct err *err);

/* A client's text as the tables have it; the same view when nothing is to be changed. */
bool journal_text(struct view text, struct arena *arena, struct view *out, struct err *err);

#endif
