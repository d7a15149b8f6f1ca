/*
 * journal_erase: what somebody has a right to have forgotten, and what has been kept long enough.
 *
 * Erasing takes decisions, what was said of them and what was answered out of the database, in one
 * transaction with an event of the audit log that tells how much went and not whose. It leaves a
 * mark: an id, or of an entity (a card, a policy) its HMAC by a key of this store. What the mark
 * covers and comes later, out of a segment that was not moved yet, is left out by whoever reads or
 * moves it. A mark covers what was before it; an entity that comes again is kept again.
 */
#ifndef STORE_JOURNAL_ERASE_H
#define STORE_JOURNAL_ERASE_H

#include "store/journal_record.h"
#include "store/store.h"

struct journal_erased {
    uint64_t decisions, labels, answers;
};

enum journal_erase_by { ERASE_BY_ID, ERASE_BY_ENTITY };

bool journal_erase(struct store *store, enum journal_erase_by by, struct view value,
                   const char *actor, struct journal_erased *out, struct err *err);

/* The marks of a store. Loading again costs one question when there are no new ones. */
struct erasures {
    struct arena arena;
    struct view salt;
    struct erasure *mark; /* in order */
    size_t count;
    int64_t last; /* the newest mark's number */
};
bool erasures_load(struct erasures *erasures, struct store *store, struct err *err);
void erasures_close(struct erasures *erasures);

bool erasures_cover(const struct erasures *erasures, const struct journal_decision *decision);
bool erasures_cover_label(const struct erasures *erasures, const struct journal_label *label);

/* Inside a transaction: what is said of this decision later is left out too. */
bool erasures_add_id(struct store *store, struct view id, int64_t at_us, struct err *err);

/* Decisions, labels and marks older than `days` (0: none are too old), and answers older than
 * `answer_hours`, go, some thousands a transaction. An event tells how many, if any decision did.
 */
struct journal_keep {
    uint32_t days, answer_hours;
};
bool journal_retain(struct store *store, const struct journal_keep *keep, int64_t now_us,
                    struct journal_erased *out, struct err *err);

#endif
