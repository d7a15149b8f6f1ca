/*
 * journal_ring: frames on their way from one worker to the writer, without a lock.
 *
 * One thread puts frames in, one other takes them out. A frame is written where it will be read
 * from: reserve gives its place, in one piece, and publish lets the other side see it. What does
 * not fit before the end goes to the front; so does what comes when the ring is empty and
 * a quarter of it was used, so that a ring whose writer keeps up touches no more memory than that.
 *
 * The taker peeks: pieces of whole frames, which stay where they are, and stay taken into account,
 * until it frees them. So frames can be written to a file once more when the first time failed.
 *
 * Positions count bytes since the beginning and never go back; modulo the size they are places.
 */
#ifndef STORE_JOURNAL_RING_H
#define STORE_JOURNAL_RING_H

#include "base/err.h"

#include <stdatomic.h>
#include <sys/uio.h>

enum { RING_PIECES_MAX = 3 };

struct journal_ring {
    unsigned char *bytes; /* NULL: not open */
    size_t size;          /* a power of two */
    struct {              /* the putter's own line */
        _Alignas(64) _Atomic uint64_t head;
        uint64_t reserved; /* where the frame that was reserved begins */
        uint64_t tail_seen;
    };
    struct { /* the taker's */
        _Alignas(64) _Atomic uint64_t tail;
    };
};

bool ring_open(struct journal_ring *ring, size_t size, struct err *err);
void ring_close(struct journal_ring *ring);

/* The largest frame that always fits an empty ring. */
size_t ring_frame_max(const struct journal_ring *ring);

/* `size` bytes, a multiple of 8, or NULL: there is no room until the other side frees some. */
unsigned char *ring_reserve(struct journal_ring *ring, size_t size);
void ring_publish(struct journal_ring *ring, size_t size);

/* Frames from the oldest on, up to about `bytes_max` bytes but at least one, if there is one. */
struct ring_peek {
    struct iovec piece[RING_PIECES_MAX];
    int pieces;
    size_t bytes, frames;
    uint64_t end;    /* for ring_free */
    uint64_t ticket; /* of the last */
    int64_t at_us;   /* of the first */
};
void ring_peek(struct journal_ring *ring, size_t bytes_max, struct ring_peek *out);
void ring_free(struct journal_ring *ring, const struct ring_peek *peek);
bool ring_is_empty(struct journal_ring *ring);

#endif
