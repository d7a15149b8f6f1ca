#include "serve/access_log.h"

#include "base/clock.h"
#include "base/json.h"
#include "serve/sink.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

enum { RING_SIZE = 1 << 20, LINE_SIZE = 1024, FLUSH_MS = 100 };

struct ring {
    _Alignas(64) _Atomic uint64_t filled; /* bytes ever; the worker's */
    _Alignas(64) _Atomic uint64_t taken;  /* the thread's */
    char *bytes;
};

struct access_log {
    struct sink sink;
    struct ring *ring;
    unsigned workers;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wanted;
    bool running, stop, reopen; /* under the lock */
};

/* ---------------------------------------------------------------- on a worker */

static bool copy_in(struct ring *ring, struct view line)
{
    uint64_t filled = atomic_load_explicit(&ring->filled, memory_order_relaxed);
    uint64_t taken = atomic_load_explicit(&ring->taken, memory_order_acquire);
    if (line.length > RING_SIZE - (filled - taken))
        return false;
    size_t at = (size_t)(filled % RING_SIZE);
    size_t first = line.length < RING_SIZE - at ? line.length : RING_SIZE - at;
    memcpy(ring->bytes + at, line.text, first);
    memcpy(ring->bytes, line.text + first, line.length - first);
    atomic_store_explicit(&ring->filled, filled + line.length, memory_order_release);
    return true;
}

bool access_log_write(struct access_log *log, unsigned worker, const struct access_entry *entry)
{
    char bytes[LINE_SIZE], when[40];
    struct text line = text_in(bytes, sizeof bytes), time = text_in(when, sizeof when);
    struct json json = json_to(&line);
    text_add_time(&time, clock_now_ms());
    json_open(&json, '{');
    json_key(&json, "time"), json_text(&json, text_view(&time));
    json_key(&json, "method"), json_text(&json, entry->method);
    json_key(&json, "route"), json_string(&json, entry->route);
    json_key(&json, "status"), json_i64(&json, entry->status);
    json_key(&json, "bytes"), json_count(&json, entry->body_bytes);
    json_key(&json, "us"), json_i64(&json, entry->elapsed_ns / 1000);
    json_key(&json, "client"), json_text(&json, entry->client);
    json_key(&json, "request_id"), json_text(&json, entry->request_id);
    if (entry->gone)
        json_key(&json, "gone"), json_bool(&json, true);
    json_close(&json);
    text_addc(&line, '\n');
    assert(worker < log->workers);
    return !line.cut && copy_in(&log->ring[worker], text_view(&line));
}

/* ---------------------------------------------------------------- on the thread */

/* What a sink does not take is lost: the ring must not stay full for ever. */
static void empty(struct ring *ring, struct sink *sink)
{
    uint64_t taken = atomic_load_explicit(&ring->taken, memory_order_relaxed);
    uint64_t filled = atomic_load_explicit(&ring->filled, memory_order_acquire);
    size_t at = (size_t)(taken % RING_SIZE), count = (size_t)(filled - taken);
    size_t first = count < RING_SIZE - at ? count : RING_SIZE - at;
    if (count == 0)
        return;
    sink_write(sink, (struct view){ring->bytes + at, first},
               (struct view){ring->bytes, count - first});
    atomic_store_explicit(&ring->taken, filled, memory_order_release);
}

static void empty_all(struct access_log *log)
{
    for (unsigned i = 0; i < log->workers; i++)
        empty(&log->ring[i], &log->sink);
}

/* False: it is over. */
static bool wait_turn(struct access_log *log, bool *reopen)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += FLUSH_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&log->lock);
    int status = 0;
    while (!log->stop && !log->reopen && status == 0)
        status = pthread_cond_timedwait(&log->wanted, &log->lock, &until);
    *reopen = log->reopen;
    log->reopen = false;
    bool goes_on = !log->stop;
    pthread_mutex_unlock(&log->lock);
    return goes_on;
}

/* A file that cannot be opened anew is gone on with: its lines are not lost. */
static void *flush(void *log_)
{
    struct access_log *log = log_;
    bool reopen;
    while (wait_turn(log, &reopen)) {
        struct err ignored = {0};
        empty_all(log);
        if (reopen)
            sink_reopen(&log->sink, &ignored);
    }
    empty_all(log);
    return NULL;
}

void access_log_reopen(struct access_log *log)
{
    pthread_mutex_lock(&log->lock);
    log->reopen = true;
    pthread_cond_signal(&log->wanted);
    pthread_mutex_unlock(&log->lock);
}

/* ---------------------------------------------------------------- life */

static bool start_thread(struct access_log *log, struct err *err)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int status = pthread_create(&log->thread, NULL, flush, log);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    log->running = status == 0;
    return log->running ||
           err_set(err, ERR_IO, "cannot start the access log's thread: %s", strerror(status));
}

static void open_rings(struct access_log *log, unsigned workers)
{
    log->workers = workers;
    log->ring = aligned_alloc(_Alignof(struct ring), workers * sizeof *log->ring);
    assert(log->ring != NULL);
    memset(log->ring, 0, workers * sizeof *log->ring);
    for (unsigned i = 0; i < workers; i++) {
        log->ring[i].bytes = malloc(RING_SIZE);
        assert(log->ring[i].bytes != NULL);
    }
}

struct access_log *access_log_open(const char *path, unsigned workers, struct err *err)
{
    pthread_condattr_t monotonic;
    struct access_log *log = calloc(1, sizeof *log);
    assert(log != NULL);
    open_rings(log, workers);
    pthread_mutex_init(&log->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&log->wanted, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (sink_open(&log->sink, path, err) && start_thread(log, err))
        return log;
    access_log_close(log);
    return NULL;
}

void access_log_close(struct access_log *log)
{
    if (log == NULL)
        return;
    pthread_mutex_lock(&log->lock);
    log->stop = true;
    pthread_cond_signal(&log->wanted);
    pthread_mutex_unlock(&log->lock);
    if (log->running)
        pthread_join(log->thread, NULL);
    sink_close(&log->sink);
    for (unsigned i = 0; i < log->workers; i++)
        free(log->ring[i].bytes);
    free(log->ring);
    pthread_cond_destroy(&log->wanted);
    pthread_mutex_destroy(&log->lock);
    free(log);
}
