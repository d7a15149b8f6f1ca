#include "http/connection_parts.h"

#include "base/clock.h"

enum { HEAD_SIZE = 8192 };

/* ---------------------------------------------------------------- afterwards */

static void wait_end(struct connection *connection, bool answered)
{
    if (connection->wait.end != NULL)
        connection->wait.end(&connection->wait, answered);
    connection->wait = (struct http_wait){0};
    struct http *http = connection->worker->http;
    atomic_fetch_sub_explicit(&http->waiting_bytes, connection->answer_length,
                              memory_order_relaxed);
    atomic_fetch_sub_explicit(&http->waiting, 1, memory_order_relaxed);
    free(connection->answer);
    connection->answer = NULL;
    connection->answer_length = 0;
}

static void forget_waiting(struct connection *connection)
{
    struct http_worker *worker = connection->worker;
    struct connection **link = &worker->waiting;
    while (*link != NULL && *link != connection)
        link = &(*link)->next_waiting;
    if (*link == NULL)
        return;
    *link = connection->next_waiting;
    if (*link == NULL)
        worker->waiting_end = link;
}

static void tell_answered(struct connection *connection, const struct http_sent *sent)
{
    struct http_worker *worker = connection->worker;
    const struct http_handler *handler = &worker->http->handler;
    if (handler->answered == NULL)
        return;
    arena_reset(&worker->arena);
    handler->answered(handler->self, &connection->parse.request, sent);
}

void connection_wait_no_more(struct connection *connection)
{
    forget_waiting(connection);
    wait_end(connection, false);
    connection->sent.gone = true;
    tell_answered(connection, &connection->sent);
}

static struct http_sent sent_of(const struct http_response *response)
{
    struct http_sent sent = {.status = response->status, .body_bytes = response->body.length};
    memcpy(sent.note, response->note, sizeof sent.note);
    return sent;
}

/* ---------------------------------------------------------------- answers */

static bool may_stay_open(const struct connection *connection)
{
    const struct http *http = connection->worker->http;
    return connection->parse.request.keep_alive &&
           atomic_load_explicit(&http->phase, memory_order_relaxed) == HTTP_SERVING;
}

/* The head; and the body as far as it is sent. Both are whole: what does not fit is a 500. */
static struct view write_head(const struct connection *connection, struct http_response *response,
                              bool close, struct text *head)
{
    const struct http_request *request = &connection->parse.request;
    struct http_manner manner = {
        .date = view_of(connection->worker->date),
        .close = close,
        .version_1_0 = request->version_1_0,
    };
    struct text empty = *head;
    if (response->body.cut)
        http_response_error(response, 500, VIEW("the answer is larger than one request may use"));
    http_response_head(response, &manner, head);
    if (head->cut) {
        response->field_count = 0;
        http_response_error(response, 500, VIEW("the answer's head is larger than 8 KiB"));
        *head = empty;
        http_response_head(response, &manner, head);
    }
    struct view body = text_view(&response->body);
    if (view_is(request->method, "HEAD") || !http_status_has_body(response->status))
        body.length = 0;
    return body;
}

/* False when the peer is gone. */
static bool send_answer(struct connection *connection, struct http_response *response, bool close)
{
    char bytes[HEAD_SIZE];
    struct text head = text_in(bytes, sizeof bytes);
    struct view body = write_head(connection, response, close, &head);
    return net_write(connection->stream, text_view(&head), body);
}

void connection_refuse(struct connection *connection, int status, const char *why)
{
    struct http_worker *worker = connection->worker;
    const struct http_handler *handler = &worker->http->handler;
    if (handler->refused != NULL)
        handler->refused(handler->self, worker->index, status);
    arena_reset(&worker->arena);
    struct http_response response = http_response_in(&worker->arena);
    http_response_error(&response, status, view_of(why == NULL ? "the request is malformed" : why));
    if (status == 503)
        http_response_field(&response, "Retry-After", VIEW("1"));
    if (send_answer(connection, &response, true))
        connection_linger(connection);
    else
        connection_drop(connection);
}

/* After an answer. False when the connection is gone or will be. */
static bool finish_answer(struct connection *connection, const struct http_sent *sent, bool stays)
{
    tell_answered(connection, sent);
    if (sent->gone) {
        connection_drop(connection);
        return false;
    }
    if (!stays && net_is_quiet(connection->stream)) {
        connection_close_after_answer(connection);
        return false;
    }
    if (!stays) {
        connection_linger(connection);
        return false;
    }
    int64_t started_ms = connection->parse.request.started_ns / 1000000;
    connection->deadline_ms = started_ms + connection_options(connection)->idle_ms;
    connection->answered = true;
    connection->glanced = false;
    http_parse_next(&connection->parse);
    return true;
}

static void dress(struct connection *connection, struct http_response *response)
{
    const struct http_handler *handler = &connection->worker->http->handler;
    if (handler->dress != NULL)
        handler->dress(handler->self, &connection->parse.request, response);
}

static void join_waiting(struct connection *connection)
{
    struct http_worker *worker = connection->worker;
    connection->next_waiting = NULL;
    *worker->waiting_end = connection;
    worker->waiting_end = &connection->next_waiting;
}

/* The answer that is there already leaves the arena, which the next request will use. */
static void keep_answer(struct connection *connection, struct http_response *response)
{
    char bytes[HEAD_SIZE];
    struct text head = text_in(bytes, sizeof bytes);
    dress(connection, response);
    struct view body = write_head(connection, response, !connection->stays, &head);
    connection->answer_length = head.length + body.length;
    connection->answer = malloc(connection->answer_length);
    assert(connection->answer != NULL);
    memcpy(connection->answer, head.bytes, head.length);
    if (body.length > 0)
        memcpy(connection->answer + head.length, body.text, body.length);
}

static void begin_waiting(struct connection *connection, struct http_response *response, bool stays)
{
    struct http *http = connection->worker->http;
    connection->phase = WAITING;
    connection->wait = response->wait;
    connection->stays = stays;
    connection->sent = sent_of(response);
    if (response->wait.answer == NULL)
        keep_answer(connection, response);
    atomic_fetch_add_explicit(&http->waiting, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&http->waiting_bytes, connection->answer_length,
                              memory_order_relaxed);
    net_read(connection->stream, false);
    connection_allow(connection, connection_options(connection)->wait_ms);
    join_waiting(connection);
}

/* A certificate is asked for its names once, with the first request. */
static struct view names_of(struct connection *connection)
{
    enum { NAMES_MAX = 4096 };
    if (connection_options(connection)->tls == NULL)
        return (struct view){"", 0};
    if (connection->names == NULL) {
        char room[NAMES_MAX];
        struct text names = text_in(room, sizeof room);
        net_names(connection->stream, &names);
        if (names.cut) /* half a name may be another's */
            names = text_in(room, sizeof room);
        connection->names = strdup(text_c(&names));
        assert(connection->names != NULL);
    }
    return view_of(connection->names);
}

/* One to one, so that no two of a process are alike, and not to be guessed from each other:
 * SplitMix64's output function (Steele, Lea and Flood, 2014). */
static uint64_t number_of(struct http_worker *worker)
{
    uint64_t count = (uint64_t)worker->index << 48 | worker->requests++;
    uint64_t mixed = worker->http->seed + count * UINT64_C(0x9E3779B97F4A7C15);
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94D049BB133111EB);
    return mixed ^ mixed >> 31;
}

/* What the server adds to what the client sent. */
static struct http_request *complete(struct connection *connection)
{
    struct http_worker *worker = connection->worker;
    struct http_request *request = &connection->parse.request;
    arena_reset(&worker->arena);
    request->arena = &worker->arena;
    request->worker = worker->index;
    request->number = number_of(worker);
    request->started_ns = clock_ticks_ns();
    request->names = names_of(connection);
    return request;
}

/* False when the body is not waited for: the connection is gone or will be. */
bool connection_glance(struct connection *connection)
{
    struct http_worker *worker = connection->worker;
    const struct http_handler *handler = &worker->http->handler;
    if (handler->glance == NULL || connection->glanced)
        return true;
    connection->glanced = true;
    const struct http_request *request = complete(connection);
    struct http_response response = http_response_in(&worker->arena);
    if (handler->glance(handler->self, request, &response))
        return true;
    dress(connection, &response);
    struct http_sent sent = sent_of(&response);
    sent.gone = !send_answer(connection, &response, true);
    tell_answered(connection, &sent);
    if (sent.gone)
        connection_drop(connection);
    else
        connection_linger(connection);
    return false;
}

/* False when the connection is gone or will be. */
bool connection_answer(struct connection *connection)
{
    struct http_worker *worker = connection->worker;
    const struct http_handler *handler = &worker->http->handler;
    const struct http_request *request = complete(connection);

    struct http_response response = http_response_in(&worker->arena);
    handler->handle(handler->self, request, &response);
    bool stays = may_stay_open(connection);
    if (response.wait.waits != NULL && response.wait.waits(&response.wait)) {
        begin_waiting(connection, &response, stays);
        return false;
    }
    /* Whoever makes the answer may put another response in the place of this one. */
    struct http_wait wait = response.wait;
    struct http_sent sent = sent_of(&response);
    if (wait.answer != NULL)
        wait.answer(&wait, &response);
    dress(connection, &response);
    bool gone = !send_answer(connection, &response, !stays);
    sent.gone = gone;
    sent.status = response.status;
    sent.body_bytes = response.body.length;
    if (wait.end != NULL)
        wait.end(&wait, !gone);
    return finish_answer(connection, &sent, stays);
}

/* The wait is over. */
static void answer_waited(struct connection *connection)
{
    struct http_worker *worker = connection->worker;
    struct http_sent *sent = &connection->sent;
    connection->phase = OPEN;
    if (connection->wait.answer != NULL) {
        arena_reset(&worker->arena);
        struct http_response response = http_response_in(&worker->arena);
        connection->wait.answer(&connection->wait, &response);
        dress(connection, &response);
        sent->gone = !send_answer(connection, &response, !connection->stays);
        sent->status = response.status;
        sent->body_bytes = response.body.length;
    } else {
        struct view answer = {connection->answer, connection->answer_length};
        sent->gone = !net_write(connection->stream, answer, (struct view){0});
    }
    wait_end(connection, !sent->gone);
    if (!finish_answer(connection, sent, connection->stays))
        return;
    connection_allow(connection, connection_options(connection)->idle_ms); /* from now on */
    net_read(connection->stream, true);
    connection_readable(connection);
}

void connections_ask(struct http_worker *worker)
{
    struct connection *waiting = worker->waiting, *next;
    worker->waiting = NULL;
    worker->waiting_end = &worker->waiting;
    for (; waiting != NULL; waiting = next) {
        next = waiting->next_waiting;
        if (waiting->wait.waits(&waiting->wait))
            join_waiting(waiting);
        else
            answer_waited(waiting);
    }
}
