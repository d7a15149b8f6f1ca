#include "store/journal_writer.h"

#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS 1000000000

enum {
    ROUND_BYTES = 4 << 20, /* of all workers, about */
    PAUSE_NS = 1000000,    /* between rounds when nobody waits for the disk */
    IDLE_ROUNDS = 20,      /* without anything to do, before the writer sleeps until woken */
    RETRY_NS = SECOND_NS,
    LOOK_BYTES = 16 << 20, /* written between two looks at the free space, or a second */
};

static_assert(JOURNAL_WORKERS_MAX * RING_PIECES_MAX <= 1024, "IOV_MAX of Linux");

/* ---------------------------------------------------------------- sleeping */

static void futex(_Atomic uint32_t *word, int operation, uint32_t value, int64_t wait_ns)
{
    struct timespec wait = {wait_ns / SECOND_NS, wait_ns % SECOND_NS};
    syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, wait_ns == 0 ? NULL : &wait,
            NULL, 0);
}

void journal_writer_wake(struct journal *journal)
{
    if (atomic_load(&journal->parked) == 1 && atomic_exchange(&journal->parked, 0) == 1)
        futex(&journal->parked, FUTEX_WAKE, 1, 0);
}

static bool rings_are_empty(struct journal *journal)
{
    for (unsigned i = 0; i < journal->workers; i++)
        if (!ring_is_empty(&journal->worker[i].ring))
            return false;
    return true;
}

/* A worker publishes first and then looks whether the writer is parked; the writer parks first and
 * then looks whether something was published: one of them sees the other. */
static void park(struct journal *journal, int64_t wait_ns, bool despite_rings)
{
    atomic_store(&journal->parked, 1);
    if ((despite_rings || rings_are_empty(journal)) && !atomic_load(&journal->closing))
        futex(&journal->parked, FUTEX_WAIT, 1, wait_ns);
    atomic_store(&journal->parked, 0);
}

static void pause_ns(int64_t wait_ns)
{
    nanosleep(&(struct timespec){0, wait_ns}, NULL);
}

/* ---------------------------------------------------------------- being stalled */

static void stall(struct journal *journal, const struct err *err)
{
    pthread_mutex_lock(&journal->mutex);
    snprintf(journal->why, sizeof journal->why, "%.*s", JOURNAL_WHY_SIZE - 1, err->text);
    pthread_mutex_unlock(&journal->mutex);
    atomic_store(&journal->stalled, true);
}

static void go_on(struct journal *journal)
{
    if (!atomic_load_explicit(&journal->stalled, memory_order_relaxed))
        return;
    pthread_mutex_lock(&journal->mutex);
    journal->why[0] = '\0';
    pthread_mutex_unlock(&journal->mutex);
    atomic_store(&journal->stalled, false);
}

static bool failed(const struct journal_writer *writer, const char *doing, struct err *err)
{
    int why = errno;
    const char *remedy = why == ENOSPC || why == EDQUOT ? "; make room on the disk"
                         : why == EFBIG                 ? "; files may not be this large here"
                                                        : "";
    return err_set(err, ERR_IO, "the journal '%s' cannot be %s: %s%s", writer->journal->options.dir,
                   doing, strerror(why), remedy);
}

/* ---------------------------------------------------------------- segments */

bool journal_writer_init(struct journal_writer *writer, struct journal *journal, struct err *err)
{
    *writer = (struct journal_writer){
        .journal = journal,
        .fd = -1,
        .piece = arena_new(&journal->arena, struct iovec, journal->workers * RING_PIECES_MAX),
        .peek = arena_new(&journal->arena, struct ring_peek, journal->workers),
    };
    return (writer->piece != NULL && writer->peek != NULL) ||
           err_set(err, ERR_LIMIT, "no memory for the journal's writer");
}

static bool put_header(struct journal_writer *writer)
{
    struct segment_header header;
    segment_header_init(&header, writer->journal->instance, writer->journal->salt, writer->number,
                        writer->named_us);
    return pwrite(writer->fd, &header, sizeof header, 0) == (ssize_t)sizeof header;
}

static bool sync_dir(const struct journal_writer *writer)
{
    return writer->journal->options.durability == JOURNAL_WRITE || fsync(writer->journal->dir) == 0;
}

/* It gets the name of an open segment when it is locked and has its header: so whoever finds such
 * a name without a lock on it knows that its writer is gone. */
bool journal_writer_begin(struct journal_writer *writer, struct err *err)
{
    struct journal *journal = writer->journal;
    struct segment_file *file = &writer->file;
    char open_name[SEGMENT_NAME_SIZE];
    int64_t now_us = clock_now_us();
    enum { NAME_STEP_US = 1000 };
    writer->named_us =
        now_us > writer->named_us + NAME_STEP_US ? now_us : writer->named_us + NAME_STEP_US;
    segment_name(writer->named_us, journal->instance, file->state = SEGMENT_NEW, file->name);
    segment_rename(file, SEGMENT_OPEN, open_name);
    writer->fd = openat(journal->dir, file->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (writer->fd < 0)
        return failed(writer, "written to", err);
    bool ok = flock(writer->fd, LOCK_EX | LOCK_NB) == 0 && put_header(writer) &&
              renameat(journal->dir, file->name, journal->dir, open_name) == 0 && sync_dir(writer);
    if (!ok) {
        failed(writer, "written to", err);
        unlinkat(journal->dir, file->name, 0);
        unlinkat(journal->dir, open_name, 0);
        fd_close(&writer->fd);
        return false;
    }
    file->state = SEGMENT_OPEN;
    memcpy(file->name, open_name, sizeof open_name);
    writer->size = SEGMENT_HEADER_SIZE;
    writer->records = 0;
    writer->dirty = true;
    writer->number++;
    atomic_fetch_add_explicit(&journal->segments, 1, memory_order_relaxed);
    return true;
}

static bool sync_segment(struct journal_writer *writer, struct err *err)
{
    if (fdatasync(writer->fd) < 0)
        return failed(writer, "brought to the disk", err);
    writer->dirty = false;
    writer->synced_ns = clock_ticks_ns();
    return true;
}

/* Gives the segment its last name; one without records goes. What a rename cannot do, whoever
 * opens the directory next does. */
static void seal(struct journal_writer *writer)
{
    char sealed[SEGMENT_NAME_SIZE];
    segment_rename(&writer->file, SEGMENT_SEALED, sealed);
    if (writer->records == 0)
        unlinkat(writer->journal->dir, writer->file.name, 0);
    else
        renameat(writer->journal->dir, writer->file.name, writer->journal->dir, sealed);
    sync_dir(writer);
    fd_close(&writer->fd);
}

/* Synced first, because nobody will come back to it. */
static bool finish(struct journal_writer *writer, bool sync, struct err *err)
{
    if (sync && writer->dirty && !sync_segment(writer, err))
        return false;
    seal(writer);
    return true;
}

/* After a failed sync nobody knows what of the segment's end the disk has, and asking again would
 * not tell: it ends with what was safe before, and the round goes into a new one. */
static void abandon(struct journal_writer *writer)
{
    if (ftruncate(writer->fd, (off_t)writer->size) < 0)
        writer->dirty = true; /* whoever opens the directory next cuts it */
    seal(writer);
}

/* ---------------------------------------------------------------- a round */

static bool has_room(struct journal_writer *writer, struct err *err)
{
    const struct journal *journal = writer->journal;
    int64_t now_ns = clock_ticks_ns();
    if (journal->options.free_bytes_min == 0 ||
        (writer->unlooked < LOOK_BYTES && now_ns - writer->looked_ns < SECOND_NS))
        return true;
    struct statvfs disk;
    if (fstatvfs(journal->dir, &disk) < 0)
        return failed(writer, "looked at", err);
    uint64_t left = (uint64_t)disk.f_bavail * disk.f_frsize;
    if (left < journal->options.free_bytes_min)
        return err_set(err, ERR_IO,
                       "the disk of the journal '%s' has %llu bytes left, journal.free_bytes_min "
                       "is %llu; make room on it",
                       journal->options.dir, (unsigned long long)left,
                       (unsigned long long)journal->options.free_bytes_min);
    writer->unlooked = 0;
    writer->looked_ns = now_ns;
    return true;
}

static bool is_due(int64_t wait_ms, int64_t since_ns)
{
    return clock_ticks_ns() - since_ns >= wait_ms * (SECOND_NS / 1000);
}

/* A segment that this many bytes fit in. */
static bool make_ready(struct journal_writer *writer, size_t bytes, struct err *err)
{
    const struct journal_options *options = &writer->journal->options;
    bool full = writer->records > 0 && (writer->size + bytes > options->segment_bytes ||
                                        is_due(options->segment_ms, writer->first_ns));
    if (writer->fd >= 0 && full && !finish(writer, options->durability != JOURNAL_WRITE, err))
        return false;
    return writer->fd >= 0 || journal_writer_begin(writer, err);
}

/* All pieces, or false with errno; `piece` is used up. */
static bool write_pieces(int fd, struct iovec *piece, int count, uint64_t at)
{
    while (count > 0) {
        ssize_t put = pwritev(fd, piece, count, (off_t)at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        at += (uint64_t)put;
        for (; count > 0 && (size_t)put >= piece->iov_len; piece++, count--)
            put -= (ssize_t)piece->iov_len;
        if (count > 0) {
            piece->iov_base = (char *)piece->iov_base + put;
            piece->iov_len -= (size_t)put;
        }
    }
    return true;
}

struct round {
    int pieces;
    size_t bytes, frames;
    int64_t oldest_us;
};

static struct round take(struct journal_writer *writer)
{
    struct journal *journal = writer->journal;
    struct round round = {0};
    for (unsigned i = 0; i < journal->workers; i++) {
        struct ring_peek *peek = &writer->peek[i];
        ring_peek(&journal->worker[i].ring, ROUND_BYTES / journal->workers, peek);
        if (peek->frames == 0)
            continue;
        memcpy(writer->piece + round.pieces, peek->piece,
               (size_t)peek->pieces * sizeof *writer->piece);
        round.pieces += peek->pieces;
        round.bytes += peek->bytes;
        round.frames += peek->frames;
        if (round.oldest_us == 0 || peek->at_us < round.oldest_us)
            round.oldest_us = peek->at_us;
    }
    return round;
}

static void give_back(struct journal_writer *writer, const struct round *round)
{
    struct journal *journal = writer->journal;
    for (unsigned i = 0; i < journal->workers; i++) {
        const struct ring_peek *peek = &writer->peek[i];
        if (peek->frames == 0)
            continue;
        ring_free(&journal->worker[i].ring, peek);
        atomic_store_explicit(&journal->worker[i].kept, peek->ticket, memory_order_release);
    }
    atomic_fetch_add_explicit(&journal->bytes, round->bytes, memory_order_relaxed);
    atomic_store_explicit(&journal->oldest_us, 0, memory_order_relaxed);
    if (journal->options.kept != NULL)
        journal->options.kept(journal->options.self);
}

static bool write_round(struct journal_writer *writer, const struct round *round, struct err *err)
{
    if (!has_room(writer, err) || !make_ready(writer, round->bytes, err))
        return false;
    if (!write_pieces(writer->fd, writer->piece, round->pieces, writer->size)) {
        failed(writer, "written to", err);
        if (ftruncate(writer->fd, (off_t)writer->size) < 0)
            abandon(writer);
        return false;
    }
    writer->dirty = true;
    if (writer->journal->options.durability == JOURNAL_FSYNC && !sync_segment(writer, err)) {
        abandon(writer);
        return false;
    }
    if (writer->records == 0)
        writer->first_ns = clock_ticks_ns();
    writer->size += round->bytes;
    writer->records += round->frames;
    writer->unlooked += round->bytes;
    return true;
}

/* What falls due without new records: the disk, and the segment's end. */
static bool keep_house(struct journal_writer *writer, struct err *err)
{
    const struct journal_options *options = &writer->journal->options;
    bool stalled = atomic_load_explicit(&writer->journal->stalled, memory_order_relaxed);
    if (stalled && (!has_room(writer, err) || !make_ready(writer, 0, err)))
        return false;
    if (writer->fd < 0)
        return true;
    if (options->durability == JOURNAL_INTERVAL && writer->dirty &&
        is_due(options->sync_ms, writer->synced_ns) && !sync_segment(writer, err)) {
        abandon(writer);
        return false;
    }
    return writer->records == 0 || !is_due(options->segment_ms, writer->first_ns) ||
           finish(writer, options->durability != JOURNAL_WRITE, err);
}

/* How long nothing falls due. */
static int64_t sleep_ns(const struct journal_writer *writer)
{
    const struct journal_options *options = &writer->journal->options;
    int64_t wait_ms = 60000;
    if (writer->fd >= 0 && writer->records > 0 && options->segment_ms < wait_ms)
        wait_ms = options->segment_ms;
    if (options->durability == JOURNAL_INTERVAL && writer->dirty && options->sync_ms < wait_ms)
        wait_ms = options->sync_ms;
    return (wait_ms + 1) * (SECOND_NS / 1000);
}

/* True when there was something to write, and it is kept. */
static bool do_round(struct journal_writer *writer, bool *worked, struct err *err)
{
    struct round round = take(writer);
    *worked = round.frames > 0;
    if (*worked) {
        atomic_store_explicit(&writer->journal->oldest_us, round.oldest_us, memory_order_relaxed);
        if (!write_round(writer, &round, err))
            return false;
        give_back(writer, &round);
    }
    return keep_house(writer, err);
}

void *journal_writer_run(void *self)
{
    struct journal_writer *writer = self;
    struct journal *journal = writer->journal;
    bool waits_for_disk = journal->options.durability == JOURNAL_FSYNC;
    for (int idle = 0;;) {
        struct err err = {0};
        bool closing = atomic_load(&journal->closing), worked;
        if (!do_round(writer, &worked, &err)) {
            stall(journal, &err);
            if (closing)
                break;
            park(journal, RETRY_NS, true);
            continue;
        }
        go_on(journal);
        if (closing && !worked) /* nobody appends any more */
            break;
        idle = worked ? 0 : idle + 1;
        if (!worked && (waits_for_disk || idle > IDLE_ROUNDS))
            park(journal, sleep_ns(writer), false);
        else if (!waits_for_disk && !closing)
            pause_ns(PAUSE_NS);
    }
    struct err err = {0};
    if (writer->fd >= 0 && !finish(writer, true, &err)) {
        stall(journal, &err);
        seal(writer);
    }
    return NULL;
}
