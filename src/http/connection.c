#include "http/connection.h"

#include "base/clock.h"
#include "http/connection_parts.h"

enum { UNSENT_MAX = 256 * 1024 };

/* While draining, a connection without a request yet has this long to send one: its client
 * connected to a server that still listened. */
enum { FRESH_MS = 1000 };

/* ---------------------------------------------------------------- life */

void connection_allow(struct connection *connection, unsigned more_ms)
{
    connection->deadline_ms = clock_ticks_ms() + more_ms;
}

void *connection_open(struct http_worker *worker, struct net_stream *stream)
{
    struct connection *connection = calloc(1, sizeof *connection);
    assert(connection != NULL);
    if (worker->waiting == NULL)
        worker->waiting_end = &worker->waiting;
    connection->worker = worker;
    connection->stream = stream;
    connection->older = worker->newest;
    if (worker->newest != NULL)
        worker->newest->newer = connection;
    worker->newest = connection;
    struct http *http = worker->http;
    http_parse_init(&connection->parse, http->options.body_bytes_max, http->budget);
    connection->opened_ms = clock_ticks_ms();
    connection->deadline_ms = connection->opened_ms + http->options.first_ms;
    atomic_fetch_add_explicit(&http->connections, 1, memory_order_relaxed);
    return connection;
}

static void forget_again(struct connection *connection)
{
    struct connection **link = &connection->worker->again;
    while (*link != NULL && *link != connection)
        link = &(*link)->next_again;
    if (*link != NULL)
        *link = connection->next_again;
}

void connection_drop(struct connection *connection)
{
    struct http_worker *worker = connection->worker;
    if (connection->again)
        forget_again(connection);
    if (connection->phase == WAITING)
        connection_wait_no_more(connection);
    if (connection->newer != NULL)
        connection->newer->older = connection->older;
    else
        worker->newest = connection->older;
    if (connection->older != NULL)
        connection->older->newer = connection->newer;
    http_parse_release(&connection->parse);
    net_close(connection->stream);
    free(connection->names);
    free(connection);
    atomic_fetch_sub_explicit(&worker->http->connections, 1, memory_order_release);
    net_loop_accept(worker->loop, true);
}

/* Nothing more is written: the stream is closed as soon as all is sent. */
void connection_close_after_answer(struct connection *connection)
{
    if (net_unsent(connection->stream) == 0) {
        connection_drop(connection);
        return;
    }
    connection->phase = CLOSING;
    net_read(connection->stream, false);
    connection_allow(connection, connection_options(connection)->idle_ms);
}

void connection_linger(struct connection *connection)
{
    connection->phase = LINGERING;
    connection_allow(connection, connection_options(connection)->linger_ms);
    if (net_unsent(connection->stream) == 0)
        net_end(connection->stream);
}

/* ---------------------------------------------------------------- input */

static void stall(struct connection *connection)
{
    connection->phase = STALLED;
    net_read(connection->stream, false);
    connection_allow(connection, connection_options(connection)->idle_ms);
}

static void note_progress(struct connection *connection, enum http_parse_state before)
{
    struct http_parse *parse = &connection->parse;
    if (parse->state != before && parse->state == HTTP_PARSE_HEAD)
        connection_allow(connection, connection_options(connection)->head_ms);
    if (parse->state != before && parse->state == HTTP_PARSE_BODY)
        connection_allow(connection, connection_options(connection)->body_ms);
    if (parse->state == HTTP_PARSE_BODY && parse->wants_continue) {
        parse->wants_continue = false;
        /* A peer that is gone shows at the next read. */
        net_write(connection->stream, VIEW("HTTP/1.1 100 Continue\r\n\r\n"), (struct view){0});
    }
}

/* One feed of the parser; false when there is nothing more to do now. */
static bool take_some(struct connection *connection)
{
    struct http_parse *parse = &connection->parse;
    enum http_parse_state before = parse->state;
    struct view unread =
        net_unread(connection->stream, before == HTTP_PARSE_BODY ? 1 : HTTP_HEAD_MAX);
    size_t taken = http_parse_feed(parse, unread);
    net_consume(connection->stream, taken);
    if (parse->state == HTTP_PARSE_WHOLE)
        return connection_answer(connection);
    if (parse->state == HTTP_PARSE_REFUSED) {
        connection_refuse(connection, parse->status, parse->why);
        return false;
    }
    /* What came in one piece with its head is not worth a look of its own. */
    bool waits = parse->state == HTTP_PARSE_BODY &&
                 (before == HTTP_PARSE_BODY || net_unread(connection->stream, 1).length == 0);
    if (waits && !connection_glance(connection))
        return false;
    note_progress(connection, before);
    return taken > 0;
}

static void discard(struct connection *connection)
{
    struct view unread;
    while (unread = net_unread(connection->stream, 1), unread.length > 0)
        net_consume(connection->stream, unread.length);
}

/* The loop looks at the others first: it is woken like by anybody. */
static void come_again(struct connection *connection)
{
    struct http_worker *worker = connection->worker;
    if (!connection->again) {
        connection->again = true;
        connection->next_again = worker->again;
        worker->again = connection;
    }
    net_loop_wake(worker->loop);
}

void connections_go_on(struct http_worker *worker)
{
    struct connection *list = worker->again;
    worker->again = NULL;
    /* A turn may add to the new list, and end nobody's life but its own. */
    while (list != NULL) {
        struct connection *connection = list;
        list = connection->next_again;
        connection->again = false;
        connection_readable(connection);
    }
}

void connection_readable(void *connection_)
{
    struct connection *connection = connection_;
    if (connection->phase == LINGERING) {
        discard(connection);
        return;
    }
    /* Who sends many requests at once is answered a few at a time: the others wait too. */
    enum { TURN = 16 };
    for (int taken = 0; connection->phase == OPEN; taken++) {
        if (net_unsent(connection->stream) > UNSENT_MAX) {
            stall(connection);
        } else if (taken == TURN) {
            come_again(connection);
            return;
        } else if (!take_some(connection)) {
            return;
        }
    }
}

void connection_drained(void *connection_)
{
    struct connection *connection = connection_;
    switch (connection->phase) {
    case OPEN:
    case WAITING:
        return;
    case STALLED:
        connection->phase = OPEN;
        connection_allow(connection, connection_options(connection)->idle_ms);
        net_read(connection->stream, true);
        connection_readable(connection);
        return;
    case CLOSING:
        connection_drop(connection);
        return;
    case LINGERING:
        net_end(connection->stream);
        return;
    }
}

void connection_ended(void *connection_)
{
    struct connection *connection = connection_;
    if (connection->phase == WAITING)
        connection->stays = false; /* it sends no more, and is still told */
    else
        connection_close_after_answer(connection);
}

void connection_broken(void *connection)
{
    connection_drop(connection);
}

/* ---------------------------------------------------------------- deadlines */

static bool is_idle(const struct connection *connection)
{
    return connection->phase == OPEN && connection->parse.state == HTTP_PARSE_EMPTY;
}

static bool is_done(const struct connection *connection, int64_t now)
{
    return is_idle(connection) && net_is_quiet(connection->stream) &&
           (connection->answered || now - connection->opened_ms >= FRESH_MS);
}

static void cut(struct connection *connection)
{
    if (connection->phase == OPEN && connection->parse.state == HTTP_PARSE_HEAD)
        connection_refuse(connection, 408, "the request's head did not come in time");
    else if (connection->phase == OPEN && connection->parse.state == HTTP_PARSE_BODY)
        connection_refuse(connection, 408, "the request's body did not come in time");
    else
        connection_drop(connection);
}

void connections_sweep(struct http_worker *worker)
{
    int64_t now = clock_ticks_ms();
    unsigned idle_ms = worker->http->options.idle_ms;
    bool draining = atomic_load(&worker->http->phase) >= HTTP_DRAINING;
    struct connection *older;
    for (struct connection *connection = worker->newest; connection != NULL; connection = older) {
        older = connection->older;
        if (draining && is_done(connection, now))
            connection_drop(connection);
        else if (now >= connection->deadline_ms)
            cut(connection);
        else if (is_idle(connection) && connection->deadline_ms - now < idle_ms - idle_ms / 8)
            http_parse_trim(&connection->parse);
    }
}

void connections_close(struct http_worker *worker)
{
    while (worker->newest != NULL)
        connection_drop(worker->newest);
}
