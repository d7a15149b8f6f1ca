#include "store/journal_ring.h"

#include "journal_ground.h"

#include <pthread.h>

static void ring_done(struct journal_ring *ring)
{
    ring_close(ring);
}

/* A label whose ticket is its number; `pad` makes frames of different sizes. */
static bool put(struct journal_ring *ring, uint64_t ticket, size_t pad)
{
    static _Thread_local char text[4096];
    struct journal_label label = {.decision = {text, pad}, .at_us = (int64_t)ticket * 10};
    struct err err = {0};
    size_t size;
    WORKS(journal_label_size(&label, &size, &err), err);
    unsigned char *at = ring_reserve(ring, size);
    if (at == NULL)
        return false;
    SAME((uintptr_t)at % 8, 0);
    journal_label_write(at, size, &(struct journal_stamp){.ticket = ticket}, &label);
    ring_publish(ring, size);
    return true;
}

/* All frames of a peek are whole, and their tickets go on from `last`. */
static uint64_t check(const struct ring_peek *peek, uint64_t last)
{
    size_t bytes = 0;
    for (int i = 0; i < peek->pieces; i++) {
        const char *at = peek->piece[i].iov_base, *end = at + peek->piece[i].iov_len;
        while (at < end) {
            size_t length = journal_frame_length(at);
            TRUE(length > 0 && length <= (size_t)(end - at));
            TRUE(journal_frame_holds((struct view){at, length}, 0));
            SAME(journal_frame_ticket(at), ++last);
            at += length;
            bytes += length;
        }
    }
    SAME(bytes, peek->bytes);
    if (peek->frames > 0)
        SAME(peek->ticket, last);
    return last;
}

TEST(frames_come_out_as_they_went_in_and_stay_until_they_are_freed)
{
    CLEANUP(ring_done) struct journal_ring ring = {0};
    struct ring_peek peek;
    struct err err = {0};
    WORKS(ring_open(&ring, 4096, &err), err);
    for (uint64_t ticket = 1; ticket <= 3; ticket++)
        TRUE(put(&ring, ticket, 10));
    for (int times = 0; times < 2; times++) {
        ring_peek(&ring, SIZE_MAX, &peek);
        SAME(check(&peek, 0), 3);
        SAME(peek.at_us, 10);
    }
    ring_free(&ring, &peek);
    TRUE(ring_is_empty(&ring));
    ring_peek(&ring, SIZE_MAX, &peek);
    SAME(peek.frames, 0);
}

TEST(a_full_ring_takes_nothing_until_it_is_freed)
{
    CLEANUP(ring_done) struct journal_ring ring = {0};
    struct ring_peek peek;
    struct err err = {0};
    uint64_t ticket = 0;
    WORKS(ring_open(&ring, 4096, &err), err);
    while (put(&ring, ticket + 1, 100))
        ticket++;
    TRUE(ticket >= 4096 / 200);
    ring_peek(&ring, 1, &peek); /* one at least, and no more */
    SAME(peek.frames, 1);
    ring_free(&ring, &peek);
    TRUE(put(&ring, ticket + 1, 100));
    ring_peek(&ring, SIZE_MAX, &peek);
    SAME(check(&peek, 1), ticket + 1);
}

TEST(the_largest_frame_fits_an_empty_ring_wherever_it_stands)
{
    CLEANUP(ring_done) struct journal_ring ring = {0};
    struct ring_peek peek;
    struct err err = {0};
    WORKS(ring_open(&ring, 4096, &err), err);
    for (uint64_t ticket = 1; ticket < 400; ticket += 2) {
        TRUE(put(&ring, ticket, ticket % 300));
        ring_peek(&ring, SIZE_MAX, &peek);
        ring_free(&ring, &peek);
        unsigned char *at = ring_reserve(&ring, ring_frame_max(&ring));
        TRUE(at != NULL);
        TRUE(put(&ring, ticket + 1, 2048 - 64 - 8));
        ring_peek(&ring, SIZE_MAX, &peek);
        check(&peek, ticket);
        ring_free(&ring, &peek);
    }
}

enum { MANY = 200000 };

struct putter {
    struct journal_ring *ring;
    atomic_bool stop;
    struct test_thread thread;
};

static void *put_many(void *self)
{
    struct putter *putter = self;
    for (uint64_t ticket = 1; ticket <= MANY; ticket++)
        while (!put(putter->ring, ticket, ticket * 7919 % 900)) {
            if (atomic_load(&putter->stop))
                return NULL;
            sched_yield();
        }
    return NULL;
}

static void putter_stop(struct putter *putter)
{
    atomic_store(&putter->stop, true);
    test_thread_join(&putter->thread);
}

TEST(between_two_threads_nothing_is_lost_or_torn)
{
    CLEANUP(ring_done) struct journal_ring ring = {0};
    struct err err = {0};
    uint64_t last = 0;
    WORKS(ring_open(&ring, 256 << 10, &err), err);
    CLEANUP(putter_stop) struct putter putter = {.ring = &ring};
    test_thread_start(&putter.thread, put_many, &putter);
    while (last < MANY) {
        struct ring_peek peek;
        ring_peek(&ring, 64 << 10, &peek);
        last = check(&peek, last);
        ring_free(&ring, &peek);
        if (peek.frames == 0)
            sched_yield();
    }
}

TEST(a_ring_whose_taker_keeps_up_stays_in_its_first_quarter_and_has_room_for_a_burst)
{
    CLEANUP(ring_done) struct journal_ring ring = {0};
    struct err err = {0};
    WORKS(ring_open(&ring, 1 << 20, &err), err);
    for (uint64_t ticket = 1; ticket < 20000; ticket++) {
        struct ring_peek peek;
        TRUE(put(&ring, ticket, 100));
        ring_peek(&ring, SIZE_MAX, &peek);
        SAME(check(&peek, ticket - 1), ticket);
        TRUE((unsigned char *)peek.piece[0].iov_base < ring.bytes + (257 << 10));
        ring_free(&ring, &peek);
        uint64_t burst = 0;
        while (ticket % 1000 == 999 && put(&ring, ticket + 1 + burst, 100))
            burst++;
        ring_peek(&ring, SIZE_MAX, &peek);
        ring_free(&ring, &peek);
        TRUE(ticket % 1000 != 999 || peek.bytes > 250 << 10);
        ticket += burst;
    }
}
