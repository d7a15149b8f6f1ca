/*
 * answers: what was told to requests that named a key, so that asking again changes nothing.
 *
 * The same key with the same request gets the first answer, with another request a conflict, and
 * while the first is being answered a "busy". Kept in memory, oldest out first, within `bytes_max`
 * and `keep_ms`; the journal keeps them too, and fills this when a server begins.
 *
 *     switch (answers_begin(&answers, key, &request, now_ms, arena, &answered)) {
 *     case ANSWERS_NEW:   decide, then answers_finish or answers_abandon
 *     case ANSWERS_KNOWN: say `answered` again
 *     ...
 *
 * Any thread; each key belongs to a shard with a lock of its own, held for a look-up.
 */
#ifndef SERVE_ANSWERS_H
#define SERVE_ANSWERS_H

#include "base/arena.h"
#include "base/digest.h"

#include <pthread.h>

enum { ANSWERS_SHARDS = 16 };

enum answers_found {
    ANSWERS_NEW,
    ANSWERS_BUSY,  /* the first of this key is being answered */
    ANSWERS_OTHER, /* this key came with another request */
    ANSWERS_KNOWN,
    ANSWERS_FULL, /* too much is being answered, or there is no room in the arena */
};

struct answered {
    int status;
    struct view content_type, body;
    unsigned worker; /* who told it, and when the journal has it */
    uint64_t ticket; /* 0: it has it already */
};

struct answers_entry;

struct answers_shard {
    pthread_mutex_t lock;
    struct answers_entry **slot; /* chains, by hash */
    struct answers_entry *oldest, *newest;
    struct answers_entry *placed; /* the last that was loaded, or one beside it */
    size_t count, bytes;
};

struct answers {
    size_t bytes_max; /* of a shard */
    int64_t keep_ms;
    struct answers_shard shard[ANSWERS_SHARDS];
};

void answers_open(struct answers *answers, size_t bytes_max, int64_t keep_ms);
void answers_close(struct answers *answers); /* safe on a zeroed struct */

/* KNOWN: `out` is filled, its texts in the arena. */
enum answers_found answers_begin(struct answers *answers, struct view key,
                                 const struct digest *request, int64_t now_ms, struct arena *arena,
                                 struct answered *out);
void answers_finish(struct answers *answers, struct view key, const struct answered *told);
void answers_abandon(struct answers *answers, struct view key);

/* One that was told before this server began. */
void answers_load(struct answers *answers, struct view key, const struct digest *request,
                  int64_t at_ms, const struct answered *told);

#endif
