/*
 * journal: every decision, kept.
 *
 * Threads 0..workers-1 append; each has a ring of its own, so appending takes no lock, allocates
 * nothing and, but for waking a writer that sleeps, calls nobody. One thread writes what is in the
 * rings into a segment file (store/journal_segment.h) and, as the policy says, onto the disk: all
 * that came meanwhile in one go. Who appended gets a ticket; journal_kept tells up to which ticket
 * the policy's promise holds, and `options.kept` is called by the writer's thread after each go.
 *
 *     CLEANUP(journal_release) struct journal journal = {0};
 *     if (!journal_open(&journal, &(struct journal_options){.dir = dir}, workers, err))
 *         return false;
 *     ...
 *     if (!journal_append(&journal, worker, &decision, 1, NULL, &ticket, err))
 *         refuse the request;
 *     ...
 *     return journal_close(&journal, err);
 *
 * Several journals, of one process or many, may share a directory. What a killed process left is
 * made whole by whoever opens the directory next: the torn end of its last segment is cut off.
 *
 * When the disk is full or fails, the writer cuts its segment back to the last whole record, says
 * why (journal_state_of) and tries again every second; meanwhile appending fails, or what is
 * appended is dropped and counted, as `when_full` says.
 */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include "store/journal_record.h"
#include "store/journal_ring.h"
#include "store/journal_segment.h"

#include <pthread.h>

enum journal_durability {
    JOURNAL_WRITE,    /* kept is: the system has it. Survives our death, not the machine's */
    JOURNAL_INTERVAL, /* the same, and it is on the disk `sync_ms` later at most */
    JOURNAL_FSYNC,    /* kept is: on the disk */
};

enum journal_when_full { JOURNAL_REFUSE, JOURNAL_DROP };

struct journal_options {
    const char *dir; /* made when it is not there */
    enum journal_durability durability;
    enum journal_when_full when_full;
    /* 0 means the default in brackets. */
    uint32_t sync_ms;        /* [1000] JOURNAL_INTERVAL */
    uint64_t segment_bytes;  /* [64 MiB] a segment is sealed before it grows past this */
    uint32_t segment_ms;     /* [60000] or when it is this old */
    size_t ring_bytes;       /* [8 MiB] of each worker, a power of two; a record has half at most */
    uint64_t free_bytes_min; /* left on the disk for others; below, the journal is full */
    void (*kept)(void *self); /* NULL: nobody waits */
    void *self;
};

enum { JOURNAL_WORKERS_MAX = 256, JOURNAL_WHY_SIZE = 256 };

/* What was done to the segments of processes that are gone. */
struct journal_recovery {
    size_t segments, records;
    uint64_t cut_bytes;           /* torn ends; never of what was kept under JOURNAL_FSYNC */
    struct segment_damage damage; /* of all of them; the text of the first */
};

struct journal_state {
    uint64_t appended, kept, dropped, refused; /* records */
    uint64_t bytes;                            /* written to segments since it was opened */
    uint64_t segments;                         /* begun since it was opened */
    int64_t lag_ms; /* how long the oldest record that is not kept waits; 0: none does */
    bool stalled;
    char why[JOURNAL_WHY_SIZE]; /* what is wrong and what to do; "" when nothing is */
    struct journal_recovery recovery;
};

struct journal_worker {
    struct journal_ring ring;
    struct {                                  /* written by the worker */
        _Alignas(64) _Atomic uint64_t ticket; /* the last one given */
        _Atomic uint64_t dropped, refused;
    };
    struct { /* written by the writer */
        _Alignas(64) _Atomic uint64_t kept;
    };
};

struct journal {
    struct arena arena; /* owns the workers */
    struct journal_options options;
    struct journal_worker *worker;
    unsigned workers;
    int dir; /* -1: not open */
    uint64_t instance;
    uint32_t salt;
    struct journal_recovery recovery;

    struct journal_writer *writer; /* store/journal_writer.h */
    pthread_t thread;
    bool running;
    _Atomic uint32_t parked; /* 1: the writer sleeps until it is woken */
    _Atomic bool closing, stalled;
    _Atomic uint64_t bytes, segments;
    _Atomic int64_t oldest_us; /* of what the writer has in hand; 0: nothing */
    pthread_mutex_t mutex;     /* of `why` */
    char why[JOURNAL_WHY_SIZE];
};

/* Makes whole what others left, begins a segment, starts the writer. Zeroed `journal` in. */
bool journal_open(struct journal *journal, const struct journal_options *options, unsigned workers,
                  struct err *err);

/* Drains, syncs and seals. ERR_IO when some of what was appended could not be kept. */
bool journal_close(struct journal *journal, struct err *err);
void journal_release(struct journal *journal); /* the same, for CLEANUP: its error is lost */

/* All decisions of a request, and what it was told (or NULL), as one record. By the worker's own
 * thread. ERR_LIMIT: it is too large, and always will be. ERR_UNAVAILABLE: not now, the journal is
 * full or stalled; under JOURNAL_DROP that is no error, and the ticket is 0, which counts as kept.
 */
bool journal_append(struct journal *journal, unsigned worker,
                    const struct journal_decision *decision, size_t count,
                    const struct journal_answer *answer, uint64_t *ticket, struct err *err);
bool journal_append_label(struct journal *journal, unsigned worker,
                          const struct journal_label *label, uint64_t *ticket, struct err *err);

/* Tickets of this worker up to this one are as safe as the policy says. Any thread may ask. */
uint64_t journal_kept(const struct journal *journal, unsigned worker);

/* For metrics and readiness. Any thread may ask. */
struct journal_state journal_state_of(struct journal *journal);

#endif
