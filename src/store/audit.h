/*
 * audit: what was done, by whom, in a chain that shows when a link was changed.
 *
 * Every event is one row: a number without gaps, the time, the actor, what was
 * done to what, a JSON object with the particulars, the hash of the event before
 * and its own: the SHA-256 of all of that, written as one canonical JSON list.
 * So an event that is changed, taken out or put between breaks every hash
 * after it, and audit_verify names the first.
 *
 * An event is appended in the transaction of the change that it tells of: there
 * is none without the other. (Cutting off the end leaves a chain that is whole:
 * note the last hash elsewhere, `assay audit verify` prints it and takes it.)
 */
#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

#include "base/json.h"
#include "store/store.h"

struct audit_event {
    int64_t seq, at_ms;
    struct view actor, action, subject; /* "promote", "version 3" */
    struct view payload;                /* a JSON object */
    struct view previous, hash;         /* hex */
};

/* Inside a transaction of the caller's. `payload` NULL: nothing in particular. */
bool audit_append(struct store *store, const char *actor, const char *action, const char *subject,
                  const char *payload, struct err *err);

/* From event `from` on, in order; views last until the next. True while there is one. */
struct audit_reader {
    struct store *store;
    struct db_statement statement; /* a page of events */
    int64_t next;                  /* the number from which the page after it reads */
    size_t rows;                   /* of this page, so far */
};
bool audit_read(struct store *store, int64_t from, struct audit_reader *out, struct err *err);
bool audit_next(struct audit_reader *reader, struct audit_event *out, struct err *err);
void audit_close(struct audit_reader *reader);

/* ERR_STORE names the first event that does not follow from those before. `anchor` is a hash noted
 * earlier that must be in the chain, or empty. */
struct audit_summary {
    int64_t events;
    char last[DIGEST_HEX_SIZE]; /* the last event's hash */
};
bool audit_verify(struct store *store, struct view anchor, struct audit_summary *out,
                  struct err *err);

#endif
