#include "http/http.h"

#include "http/client.h"

#include <pthread.h>
#include <time.h>

/* ---------------------------------------------------------------- a server to talk to */

struct desk {
    struct http http;
    atomic_uint handled, refused, answered, gone;
    atomic_bool slow_entered;
    atomic_uint kept; /* what "/kept" waits for: as many as have asked before it, and one */
    atomic_uint asked_kept, ended, glances;
};

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static bool is_not_kept(const struct http_wait *wait)
{
    const struct desk *desk = wait->self;
    return atomic_load(&desk->kept) < wait->ticket;
}

static void make_answer(const struct http_wait *wait, struct http_response *response)
{
    response->status = 202;
    text_addf(&response->body, "made %d", (int)wait->ticket);
}

/* As an errand does: another response altogether. */
static void replace_answer(const struct http_wait *wait UNUSED, struct http_response *response)
{
    struct http_response made = {
        .status = 202, .content_type = VIEW("text/plain"), .body = response->body};
    made.body.length = 0;
    text_adds(&made.body, "another");
    *response = made;
}

static void end_wait(const struct http_wait *wait, bool answered UNUSED)
{
    struct desk *desk = wait->self;
    atomic_fetch_add(&desk->ended, 1);
}

/* "/kept" is written at once, "/made" and "/replaced" when its wait is over. */
static void wait_for(struct desk *desk, const struct http_request *request,
                     struct http_response *response)
{
    response->wait = (struct http_wait){
        .waits = is_not_kept,
        .end = end_wait,
        .answer = view_is(request->path, "/made")       ? make_answer
                  : view_is(request->path, "/replaced") ? replace_answer
                                                        : NULL,
        .self = desk,
        .ticket = atomic_fetch_add(&desk->asked_kept, 1) + 1,
        .worker = request->worker,
    };
}

/* "/echo" gives the body back, "/large" a megabyte, "/slow" takes 300 ms, "/huge" more than the
 * arena holds; anything else the path. */
static void handle(void *self, const struct http_request *request, struct http_response *response)
{
    struct desk *desk = self;
    atomic_fetch_add(&desk->handled, 1);
    if (view_is(request->path, "/slow")) {
        atomic_store(&desk->slow_entered, true);
        sleep_ms(request->query.length > 0 ? 20 : 300);
    }
    if (view_is(request->path, "/kept") || view_is(request->path, "/made") ||
        view_is(request->path, "/replaced"))
        wait_for(desk, request, response);
    response->note[0] = 7;
    if (view_is(request->path, "/echo"))
        text_add(&response->body, request->body);
    else if (view_is(request->path, "/large") || view_is(request->path, "/huge"))
        for (int i = view_is(request->path, "/huge") ? -1000000 : 0; i < 10000; i++)
            text_adds(&response->body, "0123456789");
    else
        text_add(&response->body, request->path);
}

static void dress(void *self UNUSED, const struct http_request *request,
                  struct http_response *response)
{
    http_response_field(response, "X-Asked", request->path);
}

/* Nobody's body is wanted at "/unwelcome". */
static bool glance(void *self, const struct http_request *request, struct http_response *response)
{
    struct desk *desk = self;
    atomic_fetch_add(&desk->glances, 1);
    response->note[0] = 7;
    if (!view_is(request->path, "/unwelcome"))
        return true;
    http_response_error(response, 403, VIEW("not you"));
    return false;
}

static void refused(void *self, unsigned worker UNUSED, int status UNUSED)
{
    struct desk *desk = self;
    atomic_fetch_add(&desk->refused, 1);
}

static void answered(void *self, const struct http_request *request, const struct http_sent *sent)
{
    struct desk *desk = self;
    TRUE(sent->note[0] == 7 && request->path.length > 0);
    atomic_fetch_add(sent->gone ? &desk->gone : &desk->answered, 1);
}

static struct http_options quick(void)
{
    struct http_options options = http_defaults;
    options.host = "127.0.0.1";
    options.port = 0;
    options.workers = 2;
    options.arena_bytes_max = 4 << 20;
    options.linger_ms = 300;
    return options;
}

static void desk_open(struct desk *desk, struct http_options options)
{
    struct err err = {0};
    struct http_handler handler = {desk, handle, refused, answered, dress, glance};
    WORKS(http_open(&desk->http, &options, handler, &err), err);
}

static void desk_close(struct desk *desk)
{
    http_close(&desk->http);
}

#define DESK(name, ...)                                                                            \
    CLEANUP(desk_close) struct desk name = {0};                                                    \
    do {                                                                                           \
        struct http_options options = quick();                                                     \
        __VA_ARGS__;                                                                               \
        desk_open(&name, options);                                                                 \
    } while (0)

#define CLIENT(name, desk) CLEANUP(client_close) struct client name = client_open((desk).http.port)

#define GET(path) VIEW("GET " path " HTTP/1.1\r\nHost: x\r\n\r\n")

/* ---------------------------------------------------------------- good requests */

TEST(a_request_is_answered_and_the_connection_stays_open)
{
    DESK(desk);
    CLIENT(client, desk);
    for (int i = 0; i < 3; i++) {
        struct reply reply = client_ask(&client, GET("/here"));
        SAME(reply.status, 200);
        TEXT(reply.body, "/here");
        TRUE(reply_has(&reply, "\r\nDate: ") && reply_has(&reply, " GMT\r\n"));
        TRUE(!reply_has(&reply, "Connection:"));
    }
}

TEST(every_answer_is_dressed_whether_it_waited_or_not)
{
    DESK(desk);
    CLIENT(client, desk);
    struct reply reply = client_ask(&client, GET("/here"));
    TRUE(reply_has(&reply, "X-Asked: /here\r\n"));
    static const char *const paths[] = {"/kept", "/made"};
    for (unsigned i = 0; i < LENGTH_OF(paths); i++) {
        char bytes[64], field[64];
        snprintf(bytes, sizeof bytes, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", paths[i]);
        snprintf(field, sizeof field, "X-Asked: %s\r\n", paths[i]);
        client_send(&client, view_of(bytes));
        while (atomic_load(&desk.asked_kept) <= i)
            sleep_ms(1);
        atomic_store(&desk.kept, i + 1);
        for (unsigned worker = 0; worker < desk.http.workers; worker++)
            http_wake(&desk.http, worker);
        reply = client_reply(&client);
        FAIL_UNLESS(reply_has(&reply, field), "%s", paths[i]);
    }
}

TEST(who_is_not_welcome_is_told_before_the_body_is_waited_for)
{
    DESK(desk);
    CLIENT(early, desk);
    client_send(&early, VIEW("POST /unwelcome HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
                             "Expect: 100-continue\r\n\r\n"));
    struct reply reply = client_reply(&early);
    SAME(reply.status, 403);
    TRUE(reply_has(&reply, "X-Asked: /unwelcome\r\n") &&
         reply_has(&reply, "Connection: close\r\n"));
    client_await_end(&early);
    TRUE(!early.reset);

    CLIENT(begun, desk);
    client_send(&begun, VIEW("POST /unwelcome HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
                             "the first of it"));
    SAME(client_reply(&begun).status, 403);
    SAME(desk.handled, 0);
    SAME(desk.answered, 2);
    SAME(desk.glances, 2);

    CLIENT(welcome, desk);
    for (int i = 0; i < 2; i++) {
        client_send(&welcome, VIEW("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"));
        sleep_ms(50);
        client_send(&welcome, VIEW("ab"));
        sleep_ms(50);
        TEXT(client_ask(&welcome, VIEW("cd")).body, "abcd");
    }
    SAME(desk.glances, 4);
    TEXT(client_ask(&welcome, VIEW("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"))
             .body,
         "hi");
    SAME(desk.glances, 4);
}

TEST(ten_requests_in_one_packet_get_ten_answers_in_order)
{
    DESK(desk);
    CLIENT(client, desk);
    client_send(&client, VIEW("GET /0 HTTP/1.1\r\nHost: x\r\n\r\nGET /1 HTTP/1.1\r\nHost: x\r\n\r\n"
                              "GET /2 HTTP/1.1\r\nHost: x\r\n\r\nGET /3 HTTP/1.1\r\nHost: x\r\n\r\n"
                              "GET /4 HTTP/1.1\r\nHost: x\r\n\r\nGET /5 HTTP/1.1\r\nHost: x\r\n\r\n"
                              "GET /6 HTTP/1.1\r\nHost: x\r\n\r\nGET /7 HTTP/1.1\r\nHost: x\r\n\r\n"
                              "GET /8 HTTP/1.1\r\nHost: x\r\n\r\nPOST /echo HTTP/1.1\r\nHost: x\r\n"
                              "Content-Length: 2\r\n\r\n/9"));
    for (int i = 0; i < 10; i++) {
        char path[] = {'/', (char)('0' + i), '\0'};
        struct reply reply = client_reply(&client);
        SAME(reply.status, 200);
        TEXT(reply.body, path);
    }
    SAME(desk.handled, 10);
}

TEST(a_body_in_chunks_and_a_body_that_dribbles_in_are_put_together)
{
    DESK(desk);
    CLIENT(client, desk);
    struct view request =
        VIEW("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
             "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    TEXT(client_ask(&client, request).body, "abcde");
    for (size_t i = 0; i < request.length; i++)
        client_send(&client, (struct view){request.text + i, 1});
    TEXT(client_reply(&client).body, "abcde");
}

TEST(a_large_body_goes_in_and_comes_out_whole)
{
    enum { SIZE = 800000 };
    DESK(desk);
    CLIENT(client, desk);
    static char body[SIZE];
    for (size_t i = 0; i < SIZE; i++)
        body[i] = (char)('a' + i % 23);
    client_send(&client, VIEW("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 800000\r\n\r\n"));
    struct reply reply = client_ask(&client, (struct view){body, SIZE});
    SAME(reply.status, 200);
    TRUE(view_same(reply.body, (struct view){body, SIZE}));
}

TEST(a_client_that_expects_100_is_told_to_continue)
{
    DESK(desk);
    CLIENT(client, desk);
    struct view head = VIEW("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
                            "Expect: 100-continue\r\n\r\n");
    SAME(client_ask(&client, head).status, 100);
    struct reply reply = client_ask(&client, VIEW("abc"));
    SAME(reply.status, 200);
    TEXT(reply.body, "abc");
}

TEST(head_is_answered_with_the_length_and_no_body)
{
    DESK(desk);
    CLIENT(client, desk);
    client_send(&client, VIEW("HEAD /four HTTP/1.1\r\nHost: x\r\n\r\n"));
    struct reply reply = client_reply_to(&client, false);
    SAME(reply.status, 200);
    TRUE(reply_has(&reply, "Content-Length: 5\r\n"));
    TEXT(client_ask(&client, GET("/next")).body, "/next");
}

TEST(options_of_the_whole_server_reach_the_handler)
{
    DESK(desk);
    CLIENT(client, desk);
    TEXT(client_ask(&client, VIEW("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")).body, "*");
}

TEST(a_connection_is_closed_when_the_client_says_so)
{
    DESK(desk);
    CLIENT(client, desk);
    struct reply reply =
        client_ask(&client, VIEW("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    SAME(reply.status, 200);
    TRUE(reply_has(&reply, "Connection: close\r\n"));
    client_await_end(&client);
    TRUE(!client.reset);
}

TEST(version_1_0_is_closed_unless_it_asks_to_stay)
{
    DESK(desk);
    CLIENT(client, desk);
    struct reply reply =
        client_ask(&client, VIEW("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    TRUE(reply_has(&reply, "Connection: keep-alive\r\n"));
    reply = client_ask(&client, VIEW("GET / HTTP/1.0\r\n\r\n"));
    TRUE(reply_has(&reply, "Connection: close\r\n"));
    client_await_end(&client);
}

TEST(a_client_that_ends_its_side_still_gets_its_answers)
{
    DESK(desk);
    CLIENT(client, desk);
    client_send(&client, GET("/large"));
    client_send(&client, GET("/last"));
    shutdown(client.fd, SHUT_WR);
    SAME(client_reply(&client).body.length, 100000);
    TEXT(client_reply(&client).body, "/last");
    client_await_end(&client);
    TRUE(!client.reset);
}

TEST(a_client_that_does_not_read_is_not_read_either_and_then_gets_everything)
{
    enum { REQUESTS = 200 };
    DESK(desk);
    CLIENT(client, desk);
    for (int i = 0; i < REQUESTS; i++)
        client_send(&client, GET("/large"));
    sleep_ms(300);
    /* The kernel's buffers hold a few megabytes, the server 256 KiB; the rest is not made yet. */
    TRUE(desk.handled < REQUESTS);
    for (int i = 0; i < REQUESTS; i++) {
        struct reply reply = client_reply(&client);
        TRUE(view_starts(reply.head, "HTTP/1.1 200 OK\r\n"));
        SAME(reply.body.length, 100000);
        TRUE(view_ends(reply.body, "0123456789"));
    }
    SAME(desk.handled, REQUESTS);
}

TEST(an_answer_past_the_arena_is_500_and_the_connection_lives_on)
{
    DESK(desk);
    CLIENT(client, desk);
    struct reply reply = client_ask(&client, GET("/huge"));
    SAME(reply.status, 500);
    TRUE(memmem(reply.body.text, reply.body.length, "larger", 6) != NULL);
    SAME(client_ask(&client, GET("/next")).status, 200);
}

/* ---------------------------------------------------------------- bad requests */

struct probe {
    const char *name;
    int status;
    struct view bytes;
};

static const struct probe probes[] = {
#define PROBE(name, status, bytes) {#name, status, VIEW(bytes)},
#include "http/probes.def"
#undef PROBE
};

TEST(every_malformed_request_is_refused_in_json_and_its_connection_closed_in_good_order)
{
    DESK(desk);
    for (size_t i = 0; i < LENGTH_OF(probes); i++) {
        CLIENT(client, desk);
        struct reply reply = client_ask(&client, probes[i].bytes);
        FAIL_UNLESS(reply.status == probes[i].status, "%s: %d, wanted %d", probes[i].name,
                    reply.status, probes[i].status);
        TRUE(view_starts(reply.body, "{\"error\":\""));
        TRUE(reply_has(&reply, "Connection: close\r\n"));
        shutdown(client.fd, SHUT_WR);
        client_await_end(&client);
        TRUE(!client.reset);
    }
    SAME(desk.handled, 0);
    SAME(desk.refused, LENGTH_OF(probes));
}

TEST(a_gigabyte_announced_is_refused_before_it_is_sent)
{
    DESK(desk, options.body_ms = 60000);
    CLIENT(client, desk);
    int64_t from = clock_ticks_ns();
    SAME(client_ask(&client, VIEW("POST /echo HTTP/1.1\r\nHost: x\r\n"
                                  "Content-Length: 1073741824\r\n\r\n"))
             .status,
         413);
    TRUE(clock_ticks_ns() - from < 1000000000);
}

TEST(a_client_that_sends_on_after_its_refusal_can_still_read_it)
{
    DESK(desk);
    CLIENT(client, desk);
    static char junk[200000];
    memset(junk, 'x', sizeof junk);
    client_send(&client, VIEW("GET /"));
    client_send(&client, (struct view){junk, sizeof junk});
    sleep_ms(100);
    client_send(&client, (struct view){junk, sizeof junk});
    SAME(client_reply(&client).status, 414);
    client_await_end(&client);
    TRUE(!client.reset);
}

TEST(a_refused_client_sees_the_end_at_once)
{
    DESK(desk, options.linger_ms = 8000);
    CLIENT(client, desk);
    SAME(client_ask(&client, VIEW("GET /\r\n\r\n")).status, 400);
    TRUE(client_await_end(&client) < 2000);
}

/* ---------------------------------------------------------------- deadlines and ceilings */

TEST(a_head_that_trickles_is_cut_at_its_deadline)
{
    DESK(desk, options.head_ms = 300);
    CLIENT(client, desk);
    int64_t from = clock_ticks_ns();
    client_send(&client, VIEW("GET / HTTP/1.1\r\nHost: x\r\nA: "));
    while (!client.ended && client.length == 0 && client_send(&client, VIEW("b")))
        client_read(&client, 30);
    int64_t took_ms = (clock_ticks_ns() - from) / 1000000;
    TRUE(took_ms >= 290 && took_ms < 3000);
    SAME(client_reply(&client).status, 408);
}

TEST(a_body_that_trickles_is_cut_at_its_deadline)
{
    DESK(desk, options.body_ms = 300);
    CLIENT(client, desk);
    int64_t from = clock_ticks_ns();
    client_send(&client, VIEW("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"));
    while (!client.ended && client.length == 0 && client_send(&client, VIEW("b")))
        client_read(&client, 30);
    int64_t took_ms = (clock_ticks_ns() - from) / 1000000;
    TRUE(took_ms >= 290 && took_ms < 3000);
    SAME(client_reply(&client).status, 408);
    SAME(desk.handled, 0);
}

TEST(a_silent_client_is_cut_without_a_word)
{
    DESK(desk, options.first_ms = 300);
    CLIENT(client, desk);
    int64_t took_ms = client_await_end(&client);
    TRUE(took_ms >= 290 && took_ms < 3000);
    SAME(client.length, 0);
}

TEST(a_connection_is_cut_when_it_stays_idle_after_an_answer)
{
    DESK(desk, options.idle_ms = 300);
    CLIENT(client, desk);
    SAME(client_ask(&client, GET("/")).status, 200);
    int64_t took_ms = client_await_end(&client);
    TRUE(took_ms >= 250 && took_ms < 3000);
}

TEST(a_client_that_never_takes_its_answers_is_cut)
{
    DESK(desk, options.idle_ms = 400);
    CLIENT(client, desk);
    for (int i = 0; i < 200; i++)
        client_send(&client, GET("/large"));
    for (int i = 0; i < 500 && desk.http.connections > 0; i++)
        sleep_ms(10);
    SAME(desk.http.connections, 0);
}

TEST(a_hundred_idle_connections_do_not_keep_another_from_being_served)
{
    DESK(desk);
    struct client idle[100];
    for (size_t i = 0; i < LENGTH_OF(idle); i++)
        idle[i] = client_open(desk.http.port);
    CLIENT(client, desk);
    SAME(client_ask(&client, GET("/")).status, 200);
    for (int i = 0; i < 500 && desk.http.connections < 101; i++)
        sleep_ms(10);
    SAME(desk.http.connections, 101);
    for (size_t i = 0; i < LENGTH_OF(idle); i++)
        client_close(&idle[i]);
}

TEST(past_the_ceiling_a_connection_waits_until_another_has_gone)
{
    DESK(desk, options.connections_max = 3, options.workers = 1);
    struct client full[3];
    for (size_t i = 0; i < LENGTH_OF(full); i++) {
        full[i] = client_open(desk.http.port);
        SAME(client_ask(&full[i], GET("/")).status, 200);
    }
    CLIENT(waiting, desk);
    client_send(&waiting, GET("/"));
    client_read(&waiting, 400);
    SAME(waiting.length, 0);
    client_close(&full[1]);
    SAME(client_reply(&waiting).status, 200);
    client_close(&full[0]);
    client_close(&full[2]);
}

TEST(clients_that_vanish_leave_nothing_behind)
{
    DESK(desk);
    for (int i = 0; i < 50; i++) {
        CLIENT(client, desk);
        client_send(&client, i % 2 ? GET("/large") : VIEW("POST / HTTP/1.1\r\nHo"));
        struct linger at_once = {.l_onoff = 1};
        setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    for (int i = 0; i < 500 && desk.http.connections > 0; i++)
        sleep_ms(10);
    SAME(desk.http.connections, 0);
}

/* ---------------------------------------------------------------- beginning and end */

TEST(a_port_that_is_served_already_is_a_conflict)
{
    DESK(desk);
    struct http other = {0};
    struct http_options options = quick();
    options.port = desk.http.port;
    struct err err = {0};
    struct http_handler handler = {&desk, handle, NULL, NULL, NULL, NULL};
    FAILS(http_open(&other, &options, handler, &err), err, ERR_CONFLICT);
    SAYS(err, "in use");
    http_close(&other);
}

static void *drain(void *desk_)
{
    struct desk *desk = desk_;
    return http_drain(&desk->http, 0, 5000) ? desk : NULL;
}

TEST(a_drain_answers_what_has_begun_and_closes_what_is_idle)
{
    DESK(desk);
    CLIENT(idle, desk);
    CLIENT(slow, desk);
    CLIENT(half, desk);
    SAME(client_ask(&idle, GET("/")).status, 200);
    client_send(&half, VIEW("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab"));
    SAME(client_ask(&slow, GET("/")).status, 200);
    client_send(&slow, GET("/slow"));
    while (!atomic_load(&desk.slow_entered))
        sleep_ms(1);

    CLEANUP(test_thread_join) struct test_thread thread = {0};
    test_thread_start(&thread, drain, &desk);
    struct reply reply = client_reply(&slow);
    SAME(reply.status, 200);
    TRUE(reply_has(&reply, "Connection: close\r\n"));
    client_await_end(&idle);
    TRUE(!idle.reset);
    reply = client_ask(&half, VIEW("cd"));
    TEXT(reply.body, "abcd");
    TRUE(reply_has(&reply, "Connection: close\r\n"));
    TRUE(test_thread_join(&thread) == &desk);

    struct http other = {0};
    struct http_options options = quick();
    options.port = desk.http.port;
    struct err err = {0};
    WORKS(http_open(&other, &options, (struct http_handler){&desk, handle, NULL, NULL, NULL, NULL},
                    &err),
          err);
    http_close(&other);
}

TEST(a_client_that_had_just_connected_when_a_drain_began_is_answered)
{
    DESK(desk);
    CLIENT(client, desk);
    while (atomic_load(&desk.http.connections) == 0)
        sleep_ms(1);
    CLEANUP(test_thread_join) struct test_thread thread = {0};
    test_thread_start(&thread, drain, &desk);
    sleep_ms(400); /* a sweep has passed */
    struct reply reply = client_ask(&client, GET("/"));
    SAME(reply.status, 200);
    TRUE(reply_has(&reply, "Connection: close\r\n"));
    TRUE(test_thread_join(&thread) == &desk);
}

TEST(while_a_drain_has_grace_new_connections_are_served_and_closed)
{
    DESK(desk);
    atomic_store(&desk.http.phase, HTTP_ENDING);
    for (int i = 0; i < 3; i++) {
        CLIENT(client, desk);
        struct reply reply = client_ask(&client, GET("/"));
        SAME(reply.status, 200);
        TRUE(reply_has(&reply, "Connection: close\r\n"));
        client_await_end(&client);
        TRUE(!client.reset);
    }
}

TEST(a_drain_gives_up_at_its_deadline_and_closing_cuts_the_rest)
{
    DESK(desk);
    CLIENT(half, desk);
    client_send(&half, VIEW("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab"));
    while (atomic_load(&desk.http.connections) == 0)
        sleep_ms(1);
    sleep_ms(50);
    TRUE(!http_drain(&desk.http, 0, 400));
    http_close(&desk.http);
    client_await_end(&half);
}

TEST(closing_a_server_that_never_opened_is_fine)
{
    struct http http = {0};
    http_close(&http);
}

TEST(who_sends_a_hundred_requests_at_once_gets_a_hundred_answers_and_does_not_hold_up_others)
{
    DESK(desk, options.workers = 1);
    CLIENT(crowd, desk);
    CLIENT(other, desk);
    char bytes[8192];
    struct text text = text_in(bytes, sizeof bytes);
    for (int i = 0; i < 20; i++)
        text_addf(&text, "GET /slow?%d HTTP/1.1\r\nHost: x\r\n\r\n", i);
    client_send(&crowd, text_view(&text));
    while (!atomic_load(&desk.slow_entered))
        sleep_ms(1);
    /* 16 of them make a turn; all 20 would take 400 ms. */
    TEXT(client_ask(&other, GET("/other")).body, "/other");
    unsigned handled = atomic_load(&desk.handled);
    TRUE(handled < 20);
    for (int i = 0; i < 20; i++)
        TEXT(client_reply(&crowd).body, "/slow");
    text.length = 0;
    for (int i = 0; i < 100; i++)
        text_addf(&text, "GET /%d HTTP/1.1\r\nHost: x\r\n\r\n", i);
    client_send(&crowd, text_view(&text));
    for (int i = 0; i < 100; i++) {
        char path[16];
        snprintf(path, sizeof path, "/%d", i);
        TEXT(client_reply(&crowd).body, path);
    }
}

/* ---------------------------------------------------------------- answers that wait */

static void keep(struct desk *desk, unsigned count)
{
    atomic_store(&desk->kept, count);
    for (unsigned i = 0; i < desk->http.workers; i++)
        http_wake(&desk->http, i);
}

static void await(atomic_uint *count, unsigned least)
{
    for (int i = 0; i < 5000 && atomic_load(count) < least; i++)
        sleep_ms(1);
    TRUE(atomic_load(count) >= least);
}

TEST(an_answer_that_waits_goes_when_its_wait_is_over_and_others_are_served_meanwhile)
{
    DESK(desk, options.workers = 1);
    CLIENT(patient, desk);
    CLIENT(other, desk);
    client_send(&patient, GET("/kept"));
    await(&desk.handled, 1);
    TEXT(client_ask(&other, GET("/echo")).body, "");
    TRUE(!client_read(&patient, 100));
    SAME(desk.ended, 0);
    SAME(desk.http.waiting, 1);
    TRUE(desk.http.waiting_bytes > 100);
    keep(&desk, 1);
    TEXT(client_reply(&patient).body, "/kept");
    await(&desk.answered, 2);
    SAME(desk.ended, 1);
    SAME(desk.http.waiting, 0);
    SAME(desk.http.waiting_bytes, 0);
    keep(&desk, 0);
    client_send(&patient, GET("/made"));
    await(&desk.handled, 3);
    keep(&desk, 2);
    struct reply reply = client_reply(&patient);
    SAME(reply.status, 202);
    TEXT(reply.body, "made 2");
    TEXT(client_ask(&patient, GET("/again")).body, "/again");
}

TEST(what_was_sent_behind_a_request_that_waits_is_answered_in_order)
{
    DESK(desk, options.workers = 1);
    CLIENT(client, desk);
    client_send(&client,
                VIEW("GET /kept HTTP/1.1\r\nHost: x\r\n\r\nGET /1 HTTP/1.1\r\nHost: x\r\n\r\n"
                     "GET /made HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n"));
    await(&desk.handled, 1);
    sleep_ms(50);
    SAME(desk.handled, 1);
    keep(&desk, 1);
    TEXT(client_reply(&client).body, "/kept");
    TEXT(client_reply(&client).body, "/1");
    await(&desk.handled, 3);
    keep(&desk, 2);
    TEXT(client_reply(&client).body, "made 2");
    TEXT(client_reply(&client).body, "/2");
    SAME(desk.ended, 2);
}

TEST(a_wait_that_is_over_at_once_is_answered_at_once)
{
    DESK(desk, atomic_store(&desk.kept, 10));
    CLIENT(client, desk);
    TEXT(client_ask(&client, GET("/made")).body, "/mademade 1");
    TEXT(client_ask(&client, GET("/kept")).body, "/kept");
    TEXT(client_ask(&client, GET("/replaced")).body, "another");
    await(&desk.answered, 3);
    SAME(desk.ended, 3);
}

TEST(who_waited_longer_than_a_connection_may_be_idle_may_ask_again)
{
    DESK(desk, options.idle_ms = 300);
    CLIENT(client, desk);
    client_send(&client, GET("/kept"));
    await(&desk.handled, 1);
    sleep_ms(700);
    keep(&desk, 1);
    TEXT(client_reply(&client).body, "/kept");
    sleep_ms(150);
    TEXT(client_ask(&client, GET("/again")).body, "/again");
}

TEST(a_wait_that_lasts_too_long_is_cut_and_told)
{
    DESK(desk, options.wait_ms = 200);
    CLIENT(client, desk);
    client_send(&client, GET("/kept"));
    client_await_end(&client);
    await(&desk.gone, 1);
    SAME(desk.ended, 1);
    SAME(desk.answered, 0);
    keep(&desk, 5);
    CLIENT(next, desk);
    TEXT(client_ask(&next, GET("/kept")).body, "/kept");
}

TEST(a_drain_waits_for_answers_that_wait)
{
    DESK(desk);
    CLIENT(client, desk);
    client_send(&client, GET("/kept"));
    await(&desk.handled, 1);
    TRUE(!http_drain(&desk.http, 0, 300));
    keep(&desk, 1);
    TEXT(client_reply(&client).body, "/kept");
    client_await_end(&client);
    TRUE(!client.reset);
    TRUE(http_drain(&desk.http, 0, 2000));
}

static void *hammer(void *desk_)
{
    struct desk *desk = desk_;
    CLIENT(client, *desk);
    for (int i = 0; i < 300; i++)
        if (client_ask(&client, GET("/")).status != 200)
            return NULL;
    return desk;
}

TEST(many_clients_on_many_workers_are_all_answered)
{
    DESK(desk, options.workers = 4);
    struct test_thread threads[8] = {0};
    bool good = true;
    for (size_t i = 0; i < LENGTH_OF(threads); i++)
        test_thread_start(&threads[i], hammer, &desk);
    for (size_t i = 0; i < LENGTH_OF(threads); i++)
        good &= test_thread_join(&threads[i]) != NULL;
    TRUE(good);
    SAME(desk.handled, 8 * 300);
}
