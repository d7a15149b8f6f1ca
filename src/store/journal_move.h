/*
 * journal_move: sealed segments become rows of the database, each record once.
 *
 * How far a segment is moved stands in the database, changed in the transaction that adds the
 * rows: whoever goes on after a crash, or beside another, goes on there. A segment that is moved
 * whole is removed; one that is damaged is put aside under another name, its good records moved.
 * While somebody reads the directory nothing is moved.
 *
 * A database that is away only delays: what cannot be moved stays where it is.
 *
 *     CLEANUP(journal_mover_close) struct journal_mover mover = {0};
 *     if (!journal_mover_open(&mover, &(struct journal_mover_options){...}, err)) ...
 *
 * runs a thread with a connection of its own that moves what is sealed, once a second, and once an
 * hour removes what retention says. journal_move does it once, on the caller's connection.
 */
#ifndef STORE_JOURNAL_MOVE_H
#define STORE_JOURNAL_MOVE_H

#include "store/journal_erase.h"
#include "store/journal_table.h"

#include <pthread.h>
#include <stdatomic.h>

struct journal_moved {
    uint64_t segments, decisions, labels, answers;
    uint64_t left_out; /* decisions erased before they came, or there already */
    bool busy;         /* somebody reads the directory: the rest has to wait */
    struct segment_damage damage;
};

/* What is sealed, unless somebody reads the directory; `stop`, if not NULL, ends it between two
 * transactions. */
bool journal_move(struct store *store, const char *dir, const _Atomic bool *stop,
                  struct journal_moved *out, struct err *err);

struct journal_mover_options {
    const char *dir;          /* the journal's */
    struct store_place store; /* its texts outlive the mover */
    uint32_t every_ms;        /* [1000] */
    struct journal_keep keep; /* all zero: nothing is removed for its age */
};

struct journal_mover {
    struct journal_mover_options options;
    pthread_t thread;
    bool running;
    _Atomic bool closing;
    pthread_mutex_t mutex; /* of the rest */
    pthread_cond_t cond;
    struct journal_moved moved; /* since it was opened */
    char why[256];              /* what keeps it from moving; "" when nothing does */
};

bool journal_mover_open(struct journal_mover *mover, const struct journal_mover_options *options,
                        struct err *err);
void journal_mover_close(struct journal_mover *mover); /* ends after the transaction it is in */

/* For metrics. `why` may be NULL, else it has room for 256 bytes. Any thread may ask. */
struct journal_moved journal_mover_state(struct journal_mover *mover, char *why);

#endif
