/*
 * journal_writer: the one thread that writes; the inside of store/journal.c.
 *
 * A round takes what is in the rings, writes it behind the last whole record, and under
 * JOURNAL_FSYNC waits until the disk has it; then the rings are freed and the tickets are kept. A
 * round that fails leaves the segment and the rings as they were before it.
 */
#ifndef STORE_JOURNAL_WRITER_H
#define STORE_JOURNAL_WRITER_H

#include "store/journal.h"

struct journal_writer {
    struct journal *journal;
    int fd; /* -1: no segment is open */
    struct segment_file file;
    int64_t named_us;  /* the time in the last name given */
    uint32_t number;   /* of the next segment */
    uint64_t size;     /* the last whole record ends here */
    uint64_t records;  /* in this segment */
    bool dirty;        /* written to since the last sync */
    int64_t first_ns;  /* when its first record came; the monotonic clock, as all of these */
    int64_t synced_ns; /* the last sync */
    int64_t looked_ns; /* at the disk's free space */
    uint64_t unlooked; /* bytes written since */
    struct iovec *piece;
    struct ring_peek *peek; /* of each worker */
};

bool journal_writer_init(struct journal_writer *writer, struct journal *journal, struct err *err);

/* A new segment, in which nothing is yet. */
bool journal_writer_begin(struct journal_writer *writer, struct err *err);

/* Until the journal is closing and its rings are empty, or cannot be emptied. */
void *journal_writer_run(void *writer);

/* Ends the writer's sleep, if it sleeps. */
void journal_writer_wake(struct journal *journal);

#endif
