#include "http/net.h"

#include "base/file.h"
#include "http/listen.h"
#include "http/tls.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct door {
    struct net_loop *loop;
    int listener; /* -1: closed */
    struct tls *tls;
    struct event *acceptable;
};

struct net_loop {
    const struct net_events *events;
    void *self;
    struct event_base *base;
    struct event *tick, *woken;
    struct door door[NET_DOORS_MAX];
    size_t doors;
    int waker;
    bool accepting, refusing;
};

struct net_stream {
    struct net_loop *loop;
    struct bufferevent *buffer;
    void *owner;
    struct ssl_st *session; /* the bufferevent's; NULL: what is written goes straight to the socket
                               while nothing is unsent */
};

/* ---------------------------------------------------------------- streams */

static void on_readable(struct bufferevent *buffer UNUSED, void *stream_)
{
    struct net_stream *stream = stream_;
    stream->loop->events->readable(stream->owner);
}

static void on_drained(struct bufferevent *buffer UNUSED, void *stream_)
{
    struct net_stream *stream = stream_;
    stream->loop->events->drained(stream->owner);
}

static void on_event(struct bufferevent *buffer UNUSED, short what, void *stream_)
{
    struct net_stream *stream = stream_;
    if (what & BEV_EVENT_CONNECTED)
        return; /* the end of a handshake is no event of ours */
    if ((what & BEV_EVENT_EOF) && (what & BEV_EVENT_READING))
        stream->loop->events->ended(stream->owner);
    else
        stream->loop->events->broken(stream->owner);
}

static struct bufferevent *wrap(struct door *door, int fd, struct ssl_st **session)
{
    struct event_base *base = door->loop->base;
    *session = NULL;
    if (door->tls == NULL)
        return bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
    *session = tls_accept(door->tls);
    if (*session == NULL)
        return NULL;
    struct bufferevent *buffer = bufferevent_openssl_socket_new(
        base, fd, *session, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
    /* A request and an answer have their length: who closes without a word cuts nothing off. */
    if (buffer != NULL)
        bufferevent_openssl_set_allow_dirty_shutdown(buffer, 1);
    return buffer;
}

static void stream_open(struct door *door, int fd)
{
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* not a TCP socket: no delay */
    struct net_loop *loop = door->loop;
    struct net_stream *stream = calloc(1, sizeof *stream);
    assert(stream != NULL);
    stream->loop = loop;
    stream->buffer = wrap(door, fd, &stream->session);
    assert(stream->buffer != NULL); /* out of memory */
    stream->owner = loop->events->opened(loop->self, stream);
    bufferevent_setcb(stream->buffer, on_readable, on_drained, on_event, stream);
    bufferevent_enable(stream->buffer, EV_READ | EV_WRITE);
}

void net_close(struct net_stream *stream)
{
    bufferevent_free(stream->buffer);
    free(stream);
}

struct view net_unread(struct net_stream *stream, size_t together)
{
    struct evbuffer *input = bufferevent_get_input(stream->buffer);
    size_t length = evbuffer_get_length(input);
    size_t contiguous = evbuffer_get_contiguous_space(input);
    if (together > length)
        together = length;
    if (together > contiguous)
        contiguous = together;
    if (contiguous == 0)
        return (struct view){"", 0};
    const char *bytes = (const char *)evbuffer_pullup(input, (ev_ssize_t)contiguous);
    assert(bytes != NULL);
    return (struct view){bytes, contiguous};
}

void net_consume(struct net_stream *stream, size_t size)
{
    evbuffer_drain(bufferevent_get_input(stream->buffer), size);
}

size_t net_unsent(struct net_stream *stream)
{
    return evbuffer_get_length(bufferevent_get_output(stream->buffer));
}

bool net_is_quiet(struct net_stream *stream)
{
    int waiting = 0;
    return evbuffer_get_length(bufferevent_get_input(stream->buffer)) == 0 &&
           ioctl(bufferevent_getfd(stream->buffer), FIONREAD, &waiting) == 0 && waiting == 0;
}

/* How many bytes the socket took; -1 when it is broken. */
static ssize_t send_now(struct net_stream *stream, struct view first, struct view second)
{
    struct iovec part[] = {file_vector(first), file_vector(second)};
    struct msghdr message = {.msg_iov = part, .msg_iovlen = second.length > 0 ? 2 : 1};
    ssize_t sent = sendmsg(bufferevent_getfd(stream->buffer), &message, MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR || errno == EWOULDBLOCK))
        return 0;
    return sent;
}

static struct view left_of(struct view view, size_t *sent)
{
    size_t skip = *sent < view.length ? *sent : view.length;
    *sent -= skip;
    return (struct view){view.text + skip, view.length - skip};
}

bool net_write(struct net_stream *stream, struct view first, struct view second)
{
    struct evbuffer *output = bufferevent_get_output(stream->buffer);
    if (stream->session == NULL && evbuffer_get_length(output) == 0) {
        ssize_t sent = send_now(stream, first, second);
        if (sent < 0)
            return false;
        size_t done = (size_t)sent;
        first = left_of(first, &done);
        second = left_of(second, &done);
    }
    if (first.length + second.length == 0)
        return true;
    return evbuffer_expand(output, first.length + second.length) == 0 &&
           (first.length == 0 || evbuffer_add(output, first.text, first.length) == 0) &&
           (second.length == 0 || evbuffer_add(output, second.text, second.length) == 0);
}

void net_read(struct net_stream *stream, bool read)
{
    if (read)
        bufferevent_enable(stream->buffer, EV_READ);
    else
        bufferevent_disable(stream->buffer, EV_READ);
}

void net_names(struct net_stream *stream, struct text *out)
{
    if (stream->session != NULL)
        tls_names(stream->session, out);
}

void net_end(struct net_stream *stream)
{
    if (stream->session != NULL)
        tls_end(stream->session);
    shutdown(bufferevent_getfd(stream->buffer), SHUT_WR);
}

/* ---------------------------------------------------------------- loops */

static bool is_open(const struct door *door)
{
    return door->listener >= 0;
}

void net_loop_accept(struct net_loop *loop, bool accept)
{
    if (loop->accepting == accept)
        return;
    for (size_t i = 0; i < loop->doors; i++) {
        if (is_open(&loop->door[i]) && accept)
            event_add(loop->door[i].acceptable, NULL);
        else if (is_open(&loop->door[i]))
            event_del(loop->door[i].acceptable);
    }
    loop->accepting = accept;
}

/* At most so many in one turn: the connections already open are served too. */
static void accept_some(struct door *door, unsigned at_most)
{
    struct net_loop *loop = door->loop;
    for (unsigned i = 0; i < at_most; i++) {
        if (!loop->events->may_open(loop->self)) {
            net_loop_accept(loop, false);
            return;
        }
        int fd = accept4(door->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            stream_open(door, fd);
            continue;
        }
        if (errno == ECONNABORTED || errno == EINTR)
            continue;
        /* Out of files or memory: the owner's next tick resumes. */
        if (errno != EAGAIN && errno != EWOULDBLOCK)
            net_loop_accept(loop, false);
        return;
    }
}

static void on_acceptable(evutil_socket_t fd UNUSED, short what UNUSED, void *door)
{
    enum { TURN = 64 };
    accept_some(door, TURN);
}

static void on_tick(evutil_socket_t fd UNUSED, short what UNUSED, void *loop_)
{
    struct net_loop *loop = loop_;
    loop->events->tick(loop->self);
}

static void on_woken(evutil_socket_t fd, short what UNUSED, void *loop_)
{
    struct net_loop *loop = loop_;
    uint64_t count;
    if (read(fd, &count, sizeof count) == (ssize_t)sizeof count)
        loop->events->woken(loop->self);
}

void net_loop_wake(struct net_loop *loop)
{
    uint64_t one = 1;
    ssize_t done UNUSED = write(loop->waker, &one, sizeof one); /* full: it is awake already */
}

static bool open_doors(struct net_loop *loop)
{
    for (size_t i = 0; i < loop->doors; i++) {
        struct door *door = &loop->door[i];
        door->acceptable =
            event_new(loop->base, door->listener, EV_READ | EV_PERSIST, on_acceptable, door);
        if (door->acceptable == NULL)
            return false;
    }
    return true;
}

static bool start(struct net_loop *loop)
{
    struct event_config *config = event_config_new();
    if (config == NULL)
        return false;
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    loop->base = event_base_new_with_config(config);
    event_config_free(config);
    if (loop->base == NULL || loop->waker < 0)
        return false;
    loop->woken = event_new(loop->base, loop->waker, EV_READ | EV_PERSIST, on_woken, loop);
    loop->tick = event_new(loop->base, -1, EV_PERSIST, on_tick, loop);
    if (loop->woken == NULL || loop->tick == NULL || !open_doors(loop))
        return false;
    struct timeval often = {.tv_usec = NET_TICK_MS * 1000};
    net_loop_accept(loop, true);
    return event_add(loop->woken, NULL) == 0 && event_add(loop->tick, &often) == 0;
}

struct net_loop *net_loop_open(const struct net_door *doors, size_t count,
                               const struct net_events *events, void *self, struct err *err)
{
    assert(count <= NET_DOORS_MAX);
    struct net_loop *loop = calloc(1, sizeof *loop);
    assert(loop != NULL);
    loop->events = events;
    loop->self = self;
    for (size_t i = 0; i < count; i++)
        loop->door[i] = (struct door){loop, doors[i].listener, doors[i].tls, NULL};
    loop->doors = count;
    loop->waker = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (start(loop))
        return loop;
    net_loop_close(loop);
    err_set(err, ERR_IO, "cannot start an event loop: %s", strerror(errno));
    return NULL;
}

void net_loop_run(struct net_loop *loop)
{
    event_base_dispatch(loop->base);
}

void net_loop_stop(struct net_loop *loop)
{
    event_base_loopbreak(loop->base);
}

void net_loop_refuse(struct net_loop *loop)
{
    for (size_t i = 0; i < loop->doors && !loop->refusing; i++)
        if (is_open(&loop->door[i]))
            listen_refuse(loop->door[i].listener);
    loop->refusing = true;
}

void net_loop_unlisten(struct net_loop *loop)
{
    enum { ALL = 65536 };
    for (size_t i = 0; i < loop->doors; i++)
        if (is_open(&loop->door[i]))
            accept_some(&loop->door[i], ALL);
    net_loop_accept(loop, false);
    for (size_t i = 0; i < loop->doors; i++)
        fd_close(&loop->door[i].listener);
}

static void forget(struct event *event)
{
    if (event != NULL)
        event_free(event);
}

void net_loop_close(struct net_loop *loop)
{
    for (size_t i = 0; i < loop->doors; i++)
        forget(loop->door[i].acceptable);
    forget(loop->woken);
    forget(loop->tick);
    if (loop->base != NULL)
        event_base_free(loop->base);
    for (size_t i = 0; i < loop->doors; i++)
        fd_close(&loop->door[i].listener);
    fd_close(&loop->waker);
    free(loop);
}
