#include "store/journal.h"

#include "base/clock.h"
#include "base/file.h"
#include "store/journal_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SYNC_MS = 1000,
    SEGMENT_BYTES = 64 << 20,
    SEGMENT_MS = 60000,
    RING_BYTES = 8 << 20,
    MEMORY_MAX = 64 << 20,
    NEW_OLD_MS = 3600000, /* a segment that never got its header, and nobody will give it one */
};

/* ---------------------------------------------------------------- what others left */

/* The file of this name, if its writer is gone: then it is locked, by us. */
static bool take_over(int dir, const struct segment_file *file, int *fd)
{
    *fd = openat(dir, file->name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    struct stat opened, named;
    bool ours = *fd >= 0 && flock(*fd, LOCK_EX | LOCK_NB) == 0 && fstat(*fd, &opened) == 0 &&
                fstatat(dir, file->name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
                opened.st_ino == named.st_ino;
    if (!ours)
        fd_close(fd);
    return ours;
}

/* Counts the records of a segment and finds where they end. */
static bool walk(struct journal *journal, const struct segment_file *file, size_t *records,
                 uint64_t *size, uint64_t *end, struct err *err)
{
    struct segment_reader reader;
    struct view frame;
    bool gone;
    if (!segment_open(&reader, journal->dir, file->name, &gone, err))
        return false;
    *records = 0;
    while (!gone && segment_next(&reader, &frame, NULL, err))
        ++*records;
    *size = reader.size, *end = reader.tail;
    if (err->kind == ERR_NONE)
        segment_damage_add(&journal->recovery.damage, &reader.damage);
    segment_close(&reader);
    return err->kind == ERR_NONE;
}

static bool failed(const struct segment_file *file, const char *doing, struct err *err)
{
    return err_set(err, ERR_IO, "segment %s cannot be %s: %s", file->name, doing, strerror(errno));
}

/* Without a header nothing can be read: it stays, under a name that says so. */
static bool put_aside(struct journal *journal, const struct segment_file *file,
                      const struct err *why, struct err *err)
{
    char name[SEGMENT_NAME_SIZE];
    segment_rename(file, SEGMENT_DAMAGED, name);
    if (renameat(journal->dir, file->name, journal->dir, name) < 0)
        return failed(file, "put aside", err);
    struct segment_damage damage = {.places = 1};
    snprintf(damage.text, sizeof damage.text, "%.380s", why->text);
    segment_damage_add(&journal->recovery.damage, &damage);
    return true;
}

static bool make_whole(struct journal *journal, const struct segment_file *file, int fd,
                       struct err *err)
{
    struct err why = {0};
    char sealed[SEGMENT_NAME_SIZE];
    size_t records;
    uint64_t size, end;
    if (!walk(journal, file, &records, &size, &end, &why)) {
        if (why.kind == ERR_INPUT)
            return put_aside(journal, file, &why, err);
        *err = why;
        return false;
    }
    if (end < size && (ftruncate(fd, (off_t)end) < 0 || fsync(fd) < 0))
        return failed(file, "cut back to its last whole record", err);
    segment_rename(file, SEGMENT_SEALED, sealed);
    if (records == 0 ? unlinkat(journal->dir, file->name, 0) < 0
                     : renameat(journal->dir, file->name, journal->dir, sealed) < 0)
        return failed(file, "sealed", err);
    journal->recovery.segments++;
    journal->recovery.records += records;
    journal->recovery.cut_bytes += size - end;
    return true;
}

static bool is_old(int dir, const struct segment_file *file)
{
    struct stat stat;
    return fstatat(dir, file->name, &stat, AT_SYMLINK_NOFOLLOW) == 0 &&
           clock_now_ms() - (int64_t)stat.st_mtim.tv_sec * 1000 > NEW_OLD_MS;
}

static bool recover(struct journal *journal, struct err *err)
{
    enum { LIST_MAX = 128 << 20 };
    CLEANUP(arena_release) struct arena arena = {.limit = LIST_MAX};
    struct segment_file *file;
    size_t count;
    if (!segment_list(journal->options.dir, &arena, &file, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        CLEANUP(fd_close) int fd = -1;
        if (file[i].state == SEGMENT_NEW && is_old(journal->dir, &file[i]))
            unlinkat(journal->dir, file[i].name, 0);
        if (file[i].state == SEGMENT_OPEN && take_over(journal->dir, &file[i], &fd) &&
            !make_whole(journal, &file[i], fd, err))
            return false;
    }
    return journal->recovery.segments == 0 || fsync(journal->dir) == 0 ||
           err_set(err, ERR_IO, "the journal '%s' cannot be brought to the disk: %s",
                   journal->options.dir, strerror(errno));
}

/* ---------------------------------------------------------------- open and close */

static bool settle(struct journal_options *options, struct err *err)
{
    if (options->sync_ms == 0)
        options->sync_ms = SYNC_MS;
    if (options->segment_bytes == 0)
        options->segment_bytes = SEGMENT_BYTES;
    if (options->segment_ms == 0)
        options->segment_ms = SEGMENT_MS;
    if (options->ring_bytes == 0)
        options->ring_bytes = RING_BYTES;
    size_t ring = options->ring_bytes;
    if (ring < 1 << 12 || ring / 2 > JOURNAL_RECORD_MAX || (ring & (ring - 1)) != 0)
        return err_set(err, ERR_USAGE, "a ring has a power of two of bytes, from 4096 on, not %zu",
                       ring);
    return true;
}

static bool open_dir(struct journal *journal, struct err *err)
{
    const char *dir = journal->options.dir;
    bool fresh = !file_exists(dir);
    if (!dir_make(dir, err))
        return false;
    if (fresh && chmod(dir, 0700) < 0) /* decisions are nobody else's to read */
        return err_set(err, ERR_IO, "'%s' cannot be made private: %s", dir, strerror(errno));
    journal->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return journal->dir >= 0 ||
           err_set(err, ERR_IO, "'%s' cannot be opened: %s", dir, strerror(errno));
}

static bool make_workers(struct journal *journal, struct err *err)
{
    void *lines = arena_lines(&journal->arena, sizeof(struct journal_worker), journal->workers);
    journal->worker = lines;
    journal->writer = arena_new(&journal->arena, struct journal_writer, 1);
    if (lines == NULL || journal->writer == NULL)
        return err_set(err, ERR_LIMIT, "no memory for a journal of %u workers", journal->workers);
    for (unsigned i = 0; i < journal->workers; i++)
        if (!ring_open(&journal->worker[i].ring, journal->options.ring_bytes, err))
            return false;
    return journal_writer_init(journal->writer, journal, err);
}

static bool start(struct journal *journal, struct err *err)
{
    struct {
        uint64_t instance;
        uint32_t salt;
    } drawn;
    if (getrandom(&drawn, sizeof drawn, 0) != (ssize_t)sizeof drawn)
        return err_set(err, ERR_IO, "no random bytes for a journal: %s", strerror(errno));
    journal->instance = drawn.instance;
    journal->salt = drawn.salt;
    if (!journal_writer_begin(journal->writer, err))
        return false;
    sigset_t all, before; /* no signal is the writer's; a file that may not grow is an error */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int status = pthread_create(&journal->thread, NULL, journal_writer_run, journal->writer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (status != 0)
        return err_set(err, ERR_LIMIT, "the journal's writer cannot be started: %s",
                       strerror(status));
    journal->running = true;
    return true;
}

static void give_up(struct journal *journal)
{
    for (unsigned i = 0; journal->worker != NULL && i < journal->workers; i++)
        ring_close(&journal->worker[i].ring);
    if (journal->writer != NULL && journal->writer->journal != NULL)
        fd_close(&journal->writer->fd);
    fd_close(&journal->dir);
    pthread_mutex_destroy(&journal->mutex);
    arena_release(&journal->arena);
    *journal = (struct journal){.dir = -1};
}

bool journal_open(struct journal *journal, const struct journal_options *options, unsigned workers,
                  struct err *err)
{
    assert(workers > 0 && workers <= JOURNAL_WORKERS_MAX);
    *journal = (struct journal){
        .arena = {.limit = MEMORY_MAX}, .options = *options, .workers = workers, .dir = -1};
    if (!settle(&journal->options, err))
        return false;
    journal->options.dir = path_join(&journal->arena, "", options->dir);
    pthread_mutex_init(&journal->mutex, NULL);
    bool ok = open_dir(journal, err) && recover(journal, err) && make_workers(journal, err) &&
              start(journal, err);
    if (!ok) {
        give_up(journal);
        return err_while(err, "opening the journal '%s'", options->dir);
    }
    return true;
}

bool journal_close(struct journal *journal, struct err *err)
{
    if (!journal->running)
        return true;
    atomic_store(&journal->closing, true);
    journal_writer_wake(journal);
    pthread_join(journal->thread, NULL);
    struct journal_state state = journal_state_of(journal);
    give_up(journal);
    if (state.stalled)
        return err_set(err, ERR_IO, "%llu records of the journal are not kept: %.300s",
                       (unsigned long long)(state.appended - state.kept), state.why);
    return true;
}

void journal_release(struct journal *journal)
{
    struct err lost = {0};
    journal_close(journal, &lost);
}

/* ---------------------------------------------------------------- appending */

/* No room now: an error, or counted. */
static bool turn_away(struct journal *journal, struct journal_worker *worker, uint64_t *ticket,
                      struct err *err)
{
    if (journal->options.when_full == JOURNAL_DROP) {
        atomic_fetch_add_explicit(&worker->dropped, 1, memory_order_relaxed);
        *ticket = 0;
        return true;
    }
    atomic_fetch_add_explicit(&worker->refused, 1, memory_order_relaxed);
    return err_set(err, ERR_UNAVAILABLE, "the journal takes no more for now: %s",
                   atomic_load(&journal->stalled) ? "it cannot be written"
                                                  : "its disk does not keep up");
}

/* The place of a frame in the worker's ring. NULL and `err` or not, as turn_away says. */
static bool reserve(struct journal *journal, struct journal_worker *worker, size_t size,
                    unsigned char **out, uint64_t *ticket, struct err *err)
{
    *out = NULL;
    if (size > ring_frame_max(&worker->ring))
        return err_set(err, ERR_LIMIT,
                       "a record of %zu bytes is too large for the journal, which takes %zu: send "
                       "fewer records in one request, or raise journal.ring_bytes",
                       size, ring_frame_max(&worker->ring));
    if (!atomic_load_explicit(&journal->stalled, memory_order_relaxed))
        *out = ring_reserve(&worker->ring, size);
    return *out != NULL || turn_away(journal, worker, ticket, err);
}

static void publish(struct journal *journal, struct journal_worker *worker, size_t size,
                    const struct journal_stamp *stamp)
{
    atomic_store_explicit(&worker->ticket, stamp->ticket, memory_order_relaxed);
    ring_publish(&worker->ring, size);
    journal_writer_wake(journal);
}

static struct journal_stamp next_stamp(const struct journal *journal, unsigned worker)
{
    uint64_t last = atomic_load_explicit(&journal->worker[worker].ticket, memory_order_relaxed);
    return (struct journal_stamp){journal->salt, (uint16_t)worker, last + 1};
}

bool journal_append(struct journal *journal, unsigned index,
                    const struct journal_decision *decision, size_t count,
                    const struct journal_answer *answer, uint64_t *ticket, struct err *err)
{
    assert(index < journal->workers);
    struct journal_worker *worker = &journal->worker[index];
    unsigned char *at;
    size_t size;
    if (!journal_request_size(decision, count, answer, &size, err) ||
        !reserve(journal, worker, size, &at, ticket, err))
        return false;
    if (at == NULL)
        return true;
    struct journal_stamp stamp = next_stamp(journal, index);
    journal_request_write(at, size, &stamp, decision, count, answer);
    publish(journal, worker, size, &stamp);
    *ticket = stamp.ticket;
    return true;
}

bool journal_append_label(struct journal *journal, unsigned index,
                          const struct journal_label *label, uint64_t *ticket, struct err *err)
{
    assert(index < journal->workers);
    struct journal_worker *worker = &journal->worker[index];
    unsigned char *at;
    size_t size;
    if (!journal_label_size(label, &size, err) || !reserve(journal, worker, size, &at, ticket, err))
        return false;
    if (at == NULL)
        return true;
    struct journal_stamp stamp = next_stamp(journal, index);
    journal_label_write(at, size, &stamp, label);
    publish(journal, worker, size, &stamp);
    *ticket = stamp.ticket;
    return true;
}

/* ---------------------------------------------------------------- looking */

uint64_t journal_kept(const struct journal *journal, unsigned worker)
{
    return atomic_load_explicit(&journal->worker[worker].kept, memory_order_acquire);
}

struct journal_state journal_state_of(struct journal *journal)
{
    struct journal_state state = {
        .bytes = atomic_load_explicit(&journal->bytes, memory_order_relaxed),
        .segments = atomic_load_explicit(&journal->segments, memory_order_relaxed),
        .stalled = atomic_load(&journal->stalled),
        .recovery = journal->recovery,
    };
    for (unsigned i = 0; i < journal->workers; i++) {
        const struct journal_worker *worker = &journal->worker[i];
        state.kept += journal_kept(journal, i); /* before `ticket`: never more than those */
        state.appended += atomic_load_explicit(&worker->ticket, memory_order_relaxed);
        state.dropped += atomic_load_explicit(&worker->dropped, memory_order_relaxed);
        state.refused += atomic_load_explicit(&worker->refused, memory_order_relaxed);
    }
    int64_t oldest_us = atomic_load_explicit(&journal->oldest_us, memory_order_relaxed);
    if (oldest_us != 0)
        state.lag_ms = (clock_now_us() - oldest_us) / 1000;
    pthread_mutex_lock(&journal->mutex);
    memcpy(state.why, journal->why, sizeof state.why);
    pthread_mutex_unlock(&journal->mutex);
    return state;
}
