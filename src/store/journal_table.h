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

/* What `numbers` begins with, in base64; the row follows. */
struct journal_numbers {
    float margin, score;
    double probability, amount;
};
static_assert(sizeof(struct journal_numbers) == 24, "no gaps");

/* Rows on their way into the tables, queued, so that a fault may be told by a later one:
 *
 *     CLEANUP(journal_adding_close) struct journal_adding adding = {0};
 *     if (!journal_adding_open(&adding, store, err)) ...
 *     if (!journal_add_decision(&adding, &decision, decision.id, err)) ...
 *     if (!journal_adding_settle(&adding, &decisions, err)) ...
 */
struct journal_adding {
    struct db_statement decision, label, answer;
    struct arena arena; /* one row's texts */
};
bool journal_adding_open(struct journal_adding *adding, struct store *store, struct err *err);
void journal_adding_close(struct journal_adding *adding);

/* `request`: the id of the first decision of its request. One with an id and time that is there
 * already is not added. */
bool journal_add_decision(struct journal_adding *adding, const struct journal_decision *decision,
                          struct view request, struct err *err);
bool journal_add_label(struct journal_adding *adding, const struct journal_label *label,
                       struct err *err);
bool journal_add_answer(struct journal_adding *adding, const struct journal_answer *answer,
                        struct view decision, struct err *err);
/* All of them are in the tables; `decisions`: how many of those were not there already. */
bool journal_adding_settle(struct journal_adding *adding, uint64_t *decisions, struct err *err);

/* Up to which byte the records of a segment, by its name, are in the tables. */
bool journal_moved_to(struct store *store, const char *name, uint64_t *out, struct err *err);

/* The place of a label's source in store/label_sources.def; the first is believed before all
 * others, and any that is not there comes after them. */
size_t label_strength(struct view source);

/* The label in force: of the source that counts most, the newest; the sources in the order of
 * store/label_sources.def, any other after them. `found` is false when there is none. */
bool journal_label_of(struct store *store, struct view decision, struct arena *arena,
                      struct journal_label *out, bool *found, struct err *err);

/* All that were moved, as they came; each lasts for the call. */
bool journal_labels_moved(struct store *store, struct view decision,
                          void (*each)(void *self, const struct journal_label *label), void *self,
                          struct err *err);

/* As journal_answers, of those that were moved to the database; it asks this itself. */
bool journal_answers_moved(struct journal_answers *answers, struct store *store, struct err *err);

/* A client's text as the tables have it; the same view when nothing is to be changed. */
bool journal_text(struct view text, struct arena *arena, struct view *out, struct err *err);

#endif
