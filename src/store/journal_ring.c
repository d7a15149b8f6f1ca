#include "store/journal_ring.h"

#include "store/journal_record.h"

#include <errno.h>
#include <sys/mman.h>

/* Where a frame would be: the rest up to the end is left out. No frame begins so. */
enum { SKIP_MARK = 0x50494B53 };

bool ring_open(struct journal_ring *ring, size_t size, struct err *err)
{
    assert(size >= 4096 && (size & (size - 1)) == 0);
    /* Not malloc: pages that no frame was written to take no memory. */
    void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED)
        return err_set(err, ERR_LIMIT, "no memory for a ring of %zu bytes: %s", size,
                       strerror(errno));
    ring->bytes = bytes;
    ring->size = size;
    atomic_init(&ring->head, 0);
    atomic_init(&ring->tail, 0);
    ring->reserved = ring->tail_seen = 0;
    return true;
}

void ring_close(struct journal_ring *ring)
{
    if (ring->bytes != NULL)
        munmap(ring->bytes, ring->size);
    ring->bytes = NULL;
}

size_t ring_frame_max(const struct journal_ring *ring)
{
    return ring->size / 2; /* from any place, this much is before it or behind it */
}

static size_t place_of(const struct journal_ring *ring, uint64_t position)
{
    return (size_t)(position & (ring->size - 1));
}

static bool has_room(struct journal_ring *ring, uint64_t end)
{
    if (end - ring->tail_seen > ring->size)
        ring->tail_seen = atomic_load_explicit(&ring->tail, memory_order_acquire);
    return end - ring->tail_seen <= ring->size;
}

unsigned char *ring_reserve(struct journal_ring *ring, size_t size)
{
    assert(size % 8 == 0 && size > 0);
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    size_t place = place_of(ring, head);
    size_t behind = ring->size - place;
    bool start_over = behind < size;
    /* Until the taker has passed the bytes left out they count as used, so what is free then is
     * what lies before this place: a quarter is enough for a burst. */
    if (!start_over && place >= ring->size / 4 &&
        atomic_load_explicit(&ring->tail, memory_order_acquire) == head)
        start_over = behind + size <= ring->size;
    uint64_t at = start_over ? head + behind : head;
    if (!has_room(ring, at + size))
        return NULL;
    if (start_over)
        memcpy(ring->bytes + place, &(uint32_t){SKIP_MARK}, sizeof(uint32_t));
    ring->reserved = at;
    return ring->bytes + place_of(ring, at);
}

void ring_publish(struct journal_ring *ring, size_t size)
{
    /* Sequentially consistent, because the putter asks next whether the taker sleeps. */
    atomic_store(&ring->head, ring->reserved + size);
}

static uint32_t mark_at(const unsigned char *at)
{
    uint32_t mark;
    memcpy(&mark, at, sizeof mark);
    return mark;
}

static void add_piece(struct ring_peek *out, unsigned char *at, size_t length)
{
    struct iovec *last = out->pieces == 0 ? NULL : &out->piece[out->pieces - 1];
    if (last != NULL && (unsigned char *)last->iov_base + last->iov_len == at) {
        last->iov_len += length;
        return;
    }
    assert(out->pieces < RING_PIECES_MAX);
    out->piece[out->pieces++] = (struct iovec){at, length};
}

void ring_peek(struct journal_ring *ring, size_t bytes_max, struct ring_peek *out)
{
    uint64_t at = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    uint64_t head = atomic_load(&ring->head);
    *out = (struct ring_peek){.end = at};
    while (at != head) {
        size_t place = place_of(ring, at);
        unsigned char *frame = ring->bytes + place;
        if (mark_at(frame) == SKIP_MARK) {
            if (out->pieces == RING_PIECES_MAX)
                return;
            at += ring->size - place;
            continue;
        }
        size_t length = journal_frame_length(frame);
        assert(length > 0 && length <= head - at);
        if (out->frames > 0 && out->bytes + length > bytes_max)
            return;
        if (out->frames == 0)
            out->at_us = journal_frame_at(frame);
        add_piece(out, frame, length);
        out->ticket = journal_frame_ticket(frame);
        out->bytes += length;
        out->frames++;
        out->end = at += length;
    }
}

void ring_free(struct journal_ring *ring, const struct ring_peek *peek)
{
    atomic_store_explicit(&ring->tail, peek->end, memory_order_release);
}

bool ring_is_empty(struct journal_ring *ring)
{
    return atomic_load(&ring->head) == atomic_load_explicit(&ring->tail, memory_order_relaxed);
}
