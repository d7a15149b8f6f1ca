#include "http/http.h"

#include "base/clock.h"
#include "base/file.h"
#include "http/connection.h"
#include "http/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/* Files the program holds beside its connections: models, journal, database. */
enum { FILES_KEPT = 256 };

const struct http_options http_defaults = {
    .host = "",
    .port = 8080,
    .workers = 0,
    .connections_max = 12000,
    .body_bytes_max = 6 * 1024 * 1024,
    .bodies_bytes_max = 512 * 1024 * 1024,
    .arena_bytes_max = 64 * 1024 * 1024,
    .first_ms = 10000,
    .head_ms = 5000,
    .body_ms = 10000,
    .idle_ms = 60000,
    .wait_ms = 120000,
    .linger_ms = 2000,
};

/* ---------------------------------------------------------------- a worker's events */

/* "Sun, 06 Nov 1994 08:49:37 GMT", once a second. */
static void set_date(struct http_worker *worker)
{
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int64_t now = clock_now_ms();
    if (now / 1000 == worker->dated_s)
        return;
    worker->dated_s = now / 1000;
    struct civil c = civil_of(now);
    struct text text = text_in(worker->date, sizeof worker->date);
    text_addf(&text, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[c.weekday], c.day,
              months[c.month - 1], c.year, c.hour, c.minute, c.second);
    text_c(&text);
}

static bool may_open(void *worker_)
{
    const struct http_worker *worker = worker_;
    struct http *http = worker->http;
    return atomic_load_explicit(&http->connections, memory_order_relaxed) < http->connections_max;
}

static void *on_opened(void *worker, struct net_stream *stream)
{
    return connection_open(worker, stream);
}

static void on_tick(void *worker_)
{
    struct http_worker *worker = worker_;
    set_date(worker);
    connections_sweep(worker);
    if (may_open(worker))
        net_loop_accept(worker->loop, true);
}

static void on_woken(void *worker_)
{
    struct http_worker *worker = worker_;
    int phase = atomic_load(&worker->http->phase);
    if (phase >= HTTP_DRAINING)
        net_loop_unlisten(worker->loop);
    else if (phase == HTTP_REFUSING)
        net_loop_refuse(worker->loop);
    if (phase < HTTP_STOPPED) {
        connections_go_on(worker);
        connections_ask(worker);
        return;
    }
    connections_close(worker);
    net_loop_stop(worker->loop);
}

static const struct net_events events = {
    .may_open = may_open,
    .opened = on_opened,
    .readable = connection_readable,
    .drained = connection_drained,
    .ended = connection_ended,
    .broken = connection_broken,
    .tick = on_tick,
    .woken = on_woken,
};

static void *run(void *worker_)
{
    struct http_worker *worker = worker_;
    set_date(worker);
    net_loop_run(worker->loop);
    return NULL;
}

/* ---------------------------------------------------------------- opening */

unsigned http_workers(const struct http_options *options)
{
    long count = options->workers > 0 ? (long)options->workers : sysconf(_SC_NPROCESSORS_ONLN);
    if (count < 1)
        count = 1;
    return count > LISTEN_WORKERS_MAX ? LISTEN_WORKERS_MAX : (unsigned)count;
}

static unsigned connections_of(const struct http_options *options)
{
    size_t files = listen_raise_files();
    size_t room = files > 2 * FILES_KEPT ? files - FILES_KEPT : files / 2;
    return options->connections_max < room ? options->connections_max : (unsigned)room;
}

/* Signals are for the thread that waits for them, never for a worker. */
static bool start_thread(struct http_worker *worker, struct err *err)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int status = pthread_create(&worker->thread, NULL, run, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (status != 0)
        return err_set(err, ERR_IO, "cannot start worker %u: %s", worker->index, strerror(status));
    worker->running = true;
    return true;
}

struct sockets {
    struct listen port;
    int path; /* -1: none */
};

static void sockets_close(struct sockets *sockets)
{
    listen_close(&sockets->port);
    fd_close(&sockets->path);
}

/* The worker's own listening socket, and the one in the file system, which all share. */
static size_t doors_of(const struct http *http, struct sockets *sockets, unsigned worker,
                       struct net_door door[NET_DOORS_MAX])
{
    size_t count = 0;
    if (worker < sockets->port.count) {
        door[count++] = (struct net_door){sockets->port.fd[worker], http->options.tls};
        sockets->port.fd[worker] = -1;
    }
    if (sockets->path >= 0)
        door[count++] = (struct net_door){fcntl(sockets->path, F_DUPFD_CLOEXEC, 0), NULL};
    return count;
}

static bool open_workers(struct http *http, struct sockets *sockets, struct err *err)
{
    for (unsigned i = 0; i < http->workers; i++) {
        struct http_worker *worker = &http->worker[i];
        struct net_door door[NET_DOORS_MAX];
        *worker = (struct http_worker){.http = http, .index = i};
        worker->arena.limit = http->options.arena_bytes_max;
        size_t doors = doors_of(http, sockets, i, door);
        worker->loop = net_loop_open(door, doors, &events, worker, err);
        if (worker->loop == NULL)
            return false;
    }
    for (unsigned i = 0; i < http->workers; i++)
        if (!start_thread(&http->worker[i], err))
            return false;
    return true;
}

static bool open_sockets(const struct http_options *options, struct sockets *out, struct err *err)
{
    unsigned workers = http_workers(options);
    if (options->host == NULL && options->path == NULL)
        return err_set(err, ERR_USAGE, "there is neither an address nor a path to listen on");
    if (options->host != NULL &&
        !listen_open(&out->port, options->host, options->port, workers, err))
        return false;
    if (options->path == NULL)
        return true;
    out->path = listen_open_path(options->path, err);
    return out->path >= 0;
}

bool http_open(struct http *http, const struct http_options *options, struct http_handler handler,
               struct err *err)
{
    CLEANUP(sockets_close) struct sockets sockets = {.path = -1};
    unsigned workers = http_workers(options);
    if (!open_sockets(options, &sockets, err))
        return false;
    signal(SIGPIPE, SIG_IGN);
    *http = (struct http){
        .port = sockets.port.port,
        .workers = workers,
        .connections_max = connections_of(options),
        .options = *options,
        .handler = handler,
        .budget = calloc(1, sizeof *http->budget),
        .worker = calloc(workers, sizeof *http->worker),
    };
    assert(http->budget != NULL && http->worker != NULL);
    /* Without random numbers the requests' numbers can be guessed, and are as unique. */
    if (getrandom(&http->seed, sizeof http->seed, GRND_NONBLOCK) != sizeof http->seed)
        http->seed = (uint64_t)clock_now_us();
    http->budget->max = options->bodies_bytes_max;
    bool opened = open_workers(http, &sockets, err);
    fd_close(&sockets.path);
    if (!opened)
        http_close(http);
    return opened;
}

/* ---------------------------------------------------------------- closing */

static void enter(struct http *http, enum http_phase phase)
{
    atomic_store(&http->phase, (int)phase);
    for (unsigned i = 0; i < http->workers; i++)
        if (http->worker[i].loop != NULL)
            net_loop_wake(http->worker[i].loop);
}

void http_wake(struct http *http, unsigned worker)
{
    net_loop_wake(http->worker[worker].loop);
}

static void sleep_ms(unsigned ms)
{
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

bool http_drain(struct http *http, unsigned grace_ms, unsigned deadline_ms)
{
    enum { GLANCE_MS = 2, HANDSHAKE_MS = 50 };
    enter(http, HTTP_ENDING);
    sleep_ms(grace_ms);
    enter(http, HTTP_REFUSING);
    sleep_ms(HANDSHAKE_MS); /* of those that were under way */
    enter(http, HTTP_DRAINING);
    int64_t until = clock_ticks_ns() + (int64_t)deadline_ms * 1000000;
    /* The listening sockets' queues empty within the first ticks. */
    sleep_ms(NET_TICK_MS < deadline_ms ? NET_TICK_MS : deadline_ms);
    while (atomic_load(&http->connections) > 0 && clock_ticks_ns() < until)
        sleep_ms(GLANCE_MS);
    return atomic_load(&http->connections) == 0;
}

void http_close(struct http *http)
{
    enter(http, HTTP_STOPPED);
    for (unsigned i = 0; i < http->workers; i++) {
        struct http_worker *worker = &http->worker[i];
        if (worker->running)
            pthread_join(worker->thread, NULL);
        connections_close(worker);
        if (worker->loop != NULL)
            net_loop_close(worker->loop);
        arena_release(&worker->arena);
    }
    if (http->worker != NULL && http->options.path != NULL)
        listen_remove_path(http->options.path);
    free(http->worker);
    free(http->budget);
    http->worker = NULL;
    http->budget = NULL;
    http->workers = 0;
}
