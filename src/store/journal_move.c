#include "store/journal_move.h"

#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    BATCH_RECORDS = 2000,   /* of one transaction */
    BATCH_BYTES = 16 << 20, /* or so many */
    LIST_MAX = 128 << 20,
    EVERY_MS = 1000,
};

/* One segment on its way. */
struct moving {
    struct store *store;
    struct erasures *erasures;
    struct segment_reader reader;
    uint64_t from; /* where the last transaction ended */
    bool done;
    bool marked; /* marks were added that `erasures` does not have */
    struct journal_adding *adding;
    uint64_t offered; /* decisions of the batch; those that were there already are not added */
    struct journal_moved batch;
};

static bool save_progress(struct moving *m, struct err *err)
{
    CLEANUP(db_finish) struct db_statement s = {0};
    if (!db_prepare(&m->store->db,
                    "insert into journal_segment (name, moved, decisions, labels, left_out, "
                    "moved_ms) values ($1, $2, $3, $4, $5, $6) on conflict (name) do update set "
                    "moved = $2, decisions = journal_segment.decisions + $3, "
                    "labels = journal_segment.labels + $4, "
                    "left_out = journal_segment.left_out + $5, moved_ms = $6",
                    &s, err))
        return false;
    db_bind_text(&s, 1, (struct view){m->reader.name, SEGMENT_STEM_LENGTH});
    db_bind_i64(&s, 2, (int64_t)m->reader.at);
    db_bind_i64(&s, 3, (int64_t)m->batch.decisions);
    db_bind_i64(&s, 4, (int64_t)m->batch.labels);
    db_bind_i64(&s, 5, (int64_t)m->batch.left_out);
    db_bind_i64(&s, 6, clock_now_ms());
    return db_done(&s, err);
}

static bool move_request(struct moving *m, struct journal_record *record, struct err *err)
{
    struct journal_decision decision;
    struct view first = {"", 0};
    bool erased = false;
    for (bool is_first = true; journal_decision_next(record, &decision); is_first = false) {
        if (is_first)
            first = decision.id;
        if (erasures_cover(m->erasures, &decision)) {
            if (!erasures_add_id(m->store, decision.id, decision.at_us, err))
                return false;
            m->batch.left_out++;
            m->marked = erased = true;
            continue;
        }
        if (!journal_add_decision(m->adding, &decision, first, err))
            return false;
        m->offered++;
    }
    if (!record->answered || erased) /* an answer tells of all of its decisions */
        return true;
    m->batch.answers++;
    return journal_add_answer(m->adding, &record->answer, first, err);
}

static bool move_record(struct moving *m, struct view frame, struct err *err)
{
    struct journal_record record;
    if (!journal_record_read(frame, &record, err))
        return err_while(err, "moving segment %s", m->reader.name);
    if (record.kind == JOURNAL_REQUEST)
        return move_request(m, &record, err);
    if (m->marked && !erasures_load(m->erasures, m->store, err))
        return false;
    m->marked = false;
    if (erasures_cover_label(m->erasures, &record.label)) {
        m->batch.left_out++;
        return true;
    }
    m->batch.labels++;
    return journal_add_label(m->adding, &record.label, err);
}

static bool move_records(struct moving *m, struct err *err)
{
    for (size_t i = 0; i < BATCH_RECORDS && m->reader.at - m->from < BATCH_BYTES; i++) {
        struct view frame;
        if (!segment_next(&m->reader, &frame, NULL, err)) {
            m->done = true;
            return err->kind == ERR_NONE;
        }
        if (!move_record(m, frame, err))
            return false;
    }
    return true;
}

/* Inside a transaction. Whoever holds the write lock reads how far others came. */
static bool move_batch(struct moving *m, struct err *err)
{
    CLEANUP(journal_adding_close) struct journal_adding adding = {0};
    m->adding = &adding;
    m->offered = 0;
    m->batch = (struct journal_moved){0};
    if (!journal_adding_open(&adding, m->store, err) ||
        !journal_moved_to(m->store, m->reader.name, &m->from, err) ||
        !erasures_load(m->erasures, m->store, err))
        return false;
    m->reader.at = m->from;
    if (!move_records(m, err) || !journal_adding_settle(&adding, &m->batch.decisions, err))
        return false;
    m->batch.left_out += m->offered - m->batch.decisions;
    return m->reader.at == m->from || save_progress(m, err);
}

static void add(struct journal_moved *to, const struct journal_moved *from)
{
    to->segments += from->segments;
    to->decisions += from->decisions;
    to->labels += from->labels;
    to->answers += from->answers;
    to->left_out += from->left_out;
    segment_damage_add(&to->damage, &from->damage);
}

static bool is_stopped(const _Atomic bool *stop)
{
    return stop != NULL && atomic_load(stop);
}

/* Its last transaction is committed. */
static bool leave(struct moving *m, int dir, const struct segment_file *file,
                  struct journal_moved *out, struct err *err)
{
    struct segment_reader *reader = &m->reader;
    char aside[SEGMENT_NAME_SIZE];
    if (reader->tail < reader->size)
        segment_tell(reader, reader->tail, reader->size);
    segment_rename(file, SEGMENT_DAMAGED, aside);
    bool ok = reader->damage.places > 0 ? renameat(dir, file->name, dir, aside) == 0
                                        : unlinkat(dir, file->name, 0) == 0;
    if (!ok && errno != ENOENT)
        return err_set(err, ERR_IO, "segment %s is moved and cannot be removed: %s", file->name,
                       strerror(errno));
    segment_damage_add(&out->damage, &reader->damage);
    out->segments++;
    return true;
}

/* A transaction, and after the last one the file goes. */
static bool move_some(struct moving *m, int dir, const struct segment_file *file,
                      struct journal_moved *out, struct err *err)
{
    struct db *db = &m->store->db;
    if (!db_begin(db, err) || !db_end(db, move_batch(m, err), err))
        return false;
    add(out, &m->batch);
    return !m->done || leave(m, dir, file, out, err);
}

/* Between two transactions whoever wants to read the directory may. */
static bool move_segment(struct moving *m, int dir, const struct segment_file *file,
                         const _Atomic bool *stop, struct journal_moved *out, struct err *err)
{
    enum { PAUSE_US = 500 };
    while (!m->done && !is_stopped(stop)) {
        out->busy = flock(dir, LOCK_EX | LOCK_NB) < 0;
        if (out->busy)
            return true;
        bool ok = move_some(m, dir, file, out, err);
        flock(dir, LOCK_UN);
        if (!ok)
            return false;
        if (!m->done)
            usleep(PAUSE_US);
    }
    return true;
}

/* What cannot be read stands in nobody else's way. */
static bool try_segment(struct store *store, struct erasures *erasures, int dir,
                        const struct segment_file *file, const _Atomic bool *stop,
                        struct journal_moved *out, struct err *err)
{
    struct moving m = {.store = store, .erasures = erasures};
    struct err why = {0};
    bool gone, ok = segment_open(&m.reader, dir, file->name, &gone, &why);
    if (ok) {
        ok = gone || move_segment(&m, dir, file, stop, out, &why);
        segment_close(&m.reader);
    }
    if (ok)
        return true;
    if (why.kind != ERR_INPUT) {
        *err = why;
        return false;
    }
    struct segment_damage damage = {.places = 1};
    snprintf(damage.text, sizeof damage.text, "%.*s", (int)sizeof damage.text - 1, why.text);
    segment_damage_add(&out->damage, &damage);
    return true;
}

static bool move_all(struct store *store, const char *path, int dir, const _Atomic bool *stop,
                     struct journal_moved *out, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = LIST_MAX};
    struct segment_file *file;
    size_t count;
    CLEANUP(erasures_close) struct erasures erasures = {0};
    if (!segment_list(path, &arena, &file, &count, err))
        return false;
    for (size_t i = 0; i < count && !out->busy && !is_stopped(stop); i++)
        if (file[i].state == SEGMENT_SEALED &&
            !try_segment(store, &erasures, dir, &file[i], stop, out, err))
            return false;
    return true;
}

bool journal_move(struct store *store, const char *path, const _Atomic bool *stop,
                  struct journal_moved *out, struct err *err)
{
    *out = (struct journal_moved){0};
    CLEANUP(fd_close) int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0 && errno == ENOENT)
        return true;
    if (dir < 0)
        return err_set(err, ERR_IO, "the journal '%s' cannot be opened: %s", path, strerror(errno));
    return move_all(store, path, dir, stop, out, err);
}

/* ---------------------------------------------------------------- the thread */

static void tell(struct journal_mover *mover, const struct journal_moved *moved,
                 const struct err *err)
{
    pthread_mutex_lock(&mover->mutex);
    add(&mover->moved, moved);
    snprintf(mover->why, sizeof mover->why, "%.*s", (int)sizeof mover->why - 1,
             err->kind != ERR_NONE ? err->text
             : moved->busy         ? "somebody reads the journal's directory"
                                   : "");
    pthread_mutex_unlock(&mover->mutex);
}

static bool rest(struct journal_mover *mover)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += mover->options.every_ms / 1000;
    until.tv_nsec += (long)(mover->options.every_ms % 1000) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&mover->mutex);
    while (!atomic_load(&mover->closing) &&
           pthread_cond_timedwait(&mover->cond, &mover->mutex, &until) == 0)
        ;
    pthread_mutex_unlock(&mover->mutex);
    return !atomic_load(&mover->closing);
}

/* Once an hour, and when it begins. */
static bool retain(struct journal_mover *mover, struct store *store, int64_t *retained_ns,
                   struct err *err)
{
    const struct journal_keep *keep = &mover->options.keep;
    struct journal_erased erased;
    const int64_t hour_ns = 3600 * (int64_t)1000000000;
    int64_t now_ns = clock_ticks_ns();
    if ((keep->days == 0 && keep->answer_hours == 0) ||
        (*retained_ns != 0 && now_ns - *retained_ns < hour_ns))
        return true;
    if (!journal_retain(store, keep, clock_now_us(), &erased, err))
        return false;
    *retained_ns = now_ns;
    return true;
}

/* A connection that failed once is made anew: its server may have come back. */
enum { NICEST = 19 };

static void *run(void *self)
{
    struct journal_mover *mover = self;
    struct store store = {0};
    int64_t retained_ns = 0;
    /* What is on the disk can wait: on a busy machine scoring goes first. Of this thread alone, as
     * Linux has it; who may not still moves. */
    (void)setpriority(PRIO_PROCESS, 0, NICEST);
    do {
        struct err err = {0};
        struct journal_moved moved = {0};
        bool ok = (store.dir != NULL || store_open_place(&store, &mover->options.store, &err)) &&
                  journal_move(&store, mover->options.dir, &mover->closing, &moved, &err) &&
                  retain(mover, &store, &retained_ns, &err);
        tell(mover, &moved, &err);
        if (!ok)
            store_close(&store);
    } while (rest(mover));
    store_close(&store);
    return NULL;
}

bool journal_mover_open(struct journal_mover *mover, const struct journal_mover_options *options,
                        struct err *err)
{
    *mover = (struct journal_mover){.options = *options};
    if (mover->options.every_ms == 0)
        mover->options.every_ms = EVERY_MS;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&mover->mutex, NULL);
    pthread_cond_init(&mover->cond, &attributes);
    sigset_t all, before; /* signals are for the thread that waits for them */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int status = pthread_create(&mover->thread, NULL, run, mover);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (status != 0)
        return err_set(err, ERR_LIMIT, "the journal's mover cannot be started: %s",
                       strerror(status));
    mover->running = true;
    return true;
}

void journal_mover_close(struct journal_mover *mover)
{
    if (!mover->running)
        return;
    pthread_mutex_lock(&mover->mutex);
    atomic_store(&mover->closing, true);
    pthread_cond_signal(&mover->cond);
    pthread_mutex_unlock(&mover->mutex);
    pthread_join(mover->thread, NULL);
    pthread_cond_destroy(&mover->cond);
    pthread_mutex_destroy(&mover->mutex);
    mover->running = false;
}

struct journal_moved journal_mover_state(struct journal_mover *mover, char *why)
{
    pthread_mutex_lock(&mover->mutex);
    struct journal_moved moved = mover->moved;
    if (why != NULL)
        memcpy(why, mover->why, sizeof mover->why);
    pthread_mutex_unlock(&mover->mutex);
    return moved;
}
