/*
 * cache: the answer to a request that was asked a moment ago, word for word.
 *
 * A worker has a table of its own, of entries of one size: no lock, no memory taken on the way, and
 * a bound that is exact. An entry is found by a keyed hash and told by all of its key, so no
 * collision answers with another's bytes. It is of one line-up: another model, experiment or policy
 * in force, and it is none. What does not fit an entry is not kept.
 *
 *     struct cache_asked asked;
 *     if (cache_find(&cache, worker, &key, arena, now_ns, &asked, &known))
 *         ...                                    say `known` again
 *     ... answer ...
 *     cache_put(&asked, &told); when it may be said again
 */
#ifndef SERVE_CACHE_H
#define SERVE_CACHE_H

#include "base/siphash.h"
#include "base/view.h"

enum { CACHE_ENTRY_BYTES = 8192, CACHE_PARTS = 6 };

struct cache_entry;

struct cache {
    unsigned workers;
    size_t entries; /* of a worker; 0: nothing is kept */
    int64_t keep_ns;
    struct cache_entry **table; /* by worker */
    struct siphash_key secret;  /* nobody can choose requests that meet */
};

struct cache_key {
    uint64_t lineup; /* its number */
    uint32_t client; /* the gateway's position of it */
    struct view part[CACHE_PARTS];
};

struct cached {
    struct view content_type, body, id;
    uint64_t ticket; /* of the journal, where the decision is kept */
    int64_t at_ns;
};

/* Where the answer is to stand. entry NULL: nowhere. */
struct cache_asked {
    struct cache_entry *entry;
    struct view key; /* in the request's arena */
    uint64_t lineup;
};

/* `bytes_max` over all workers; seconds 0: nothing is kept, and nothing is taken. */
void cache_open(struct cache *cache, unsigned workers, size_t bytes_max, unsigned seconds);
void cache_close(struct cache *cache); /* safe on a zeroed struct */

/* True: `known` is filled, its texts in the arena. The worker's thread alone, as cache_put. */
bool cache_find(struct cache *cache, unsigned worker, const struct cache_key *key,
                struct arena *arena, int64_t now_ns, struct cache_asked *asked,
                struct cached *known);
void cache_put(const struct cache_asked *asked, const struct cached *told);

#endif
