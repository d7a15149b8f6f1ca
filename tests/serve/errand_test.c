#include "serve/errand.h"

#include "http/client.h"

#include <time.h>

/* ---------------------------------------------------------------- a server with errands */

struct office {
    struct http http;
    struct errands errands;
    atomic_uint chores, runs;
    atomic_bool blocked, begun;
};

static void moment(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static void run(struct errand *errand)
{
    struct office *office = errand->self;
    atomic_store(&office->begun, true);
    while (atomic_load(&office->blocked))
        moment();
    atomic_fetch_add(&office->runs, 1);
    errand->response.status = 202;
    text_addf(&errand->response.body, "ran '" VIEW_FMT "' with '" VIEW_FMT "'",
              VIEW_ARG(errand->part[0]), VIEW_ARG(errand->request.body));
}

static void handle(void *self, const struct http_request *request, struct http_response *response)
{
    struct office *office = self;
    struct view part[ROUTE_PARTS_MAX] = {0};
    if (route_fits("/errand/{name}", request->path, part))
        errand_ask(&office->errands, request, part, run, response);
}

static void chore(void *self)
{
    struct office *office = self;
    atomic_fetch_add(&office->chores, 1);
}

static void office_open(struct office *office, unsigned chore_ms)
{
    struct http_options options = http_defaults;
    struct err err = {0};
    options.host = "127.0.0.1";
    options.port = 0;
    options.workers = 2;
    struct http_handler handler = {.self = office, .handle = handle};
    WORKS(http_open(&office->http, &options, handler, &err), err);
    WORKS(errands_open(&office->errands, &office->http, office, chore_ms > 0 ? chore : NULL,
                       chore_ms, &err),
          err);
}

static void office_close(struct office *office)
{
    atomic_store(&office->blocked, false);
    errands_close(&office->errands);
    http_close(&office->http);
}

#define OFFICE(name, chore_ms)                                                                     \
    CLEANUP(office_close) struct office name = {0};                                                \
    office_open(&name, chore_ms)
#define CLIENT(name, office)                                                                       \
    CLEANUP(client_close) struct client name = client_open((office).http.port)

#define ERRAND(name)                                                                               \
    VIEW("POST /errand/" name " HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody")

static unsigned waiting_errands(struct office *office)
{
    pthread_mutex_lock(&office->errands.lock);
    unsigned count = office->errands.count;
    pthread_mutex_unlock(&office->errands.lock);
    return count;
}

/* ---------------------------------------------------------------- tests */

TEST(an_errand_has_its_own_copy_of_the_request_and_its_answer_goes_to_who_asked)
{
    OFFICE(office, 0);
    CLIENT(client, office);
    for (int i = 0; i < 3; i++) {
        struct reply reply = client_ask(&client, ERRAND("a"));
        SAME(reply.status, 202);
        TEXT(reply.body, "ran 'a' with 'body'");
    }
    SAME(office.runs, 3);
}

TEST(the_loops_go_on_while_an_errand_runs_and_too_many_are_refused)
{
    OFFICE(office, 0);
    atomic_store(&office.blocked, true);
    struct client waiting[ERRANDS_MAX + 1];
    for (size_t i = 0; i < LENGTH_OF(waiting); i++) {
        waiting[i] = client_open(office.http.port);
        client_send(&waiting[i], ERRAND("b"));
        while (i == 0 && !atomic_load(&office.begun))
            moment();
    }
    CLIENT(other, office);
    SAME(client_ask(&other, VIEW("GET / HTTP/1.1\r\nHost: x\r\n\r\n")).status, 200);
    while (waiting_errands(&office) < ERRANDS_MAX)
        moment();
    struct reply reply = client_ask(&other, ERRAND("c"));
    SAME(reply.status, 503);
    TRUE(reply_has(&reply, "Retry-After: 1\r\n"));
    atomic_store(&office.blocked, false);
    for (size_t i = 0; i < LENGTH_OF(waiting); i++) {
        SAME(client_reply(&waiting[i]).status, 202);
        client_close(&waiting[i]);
    }
}

TEST(a_client_that_leaves_its_errand_behind_does_no_harm)
{
    OFFICE(office, 0);
    atomic_store(&office.blocked, true);
    struct client client = client_open(office.http.port);
    client_send(&client, ERRAND("d"));
    while (!atomic_load(&office.begun))
        moment();
    client_close(&client);
    atomic_store(&office.blocked, false);
    CLIENT(other, office);
    SAME(client_ask(&other, ERRAND("e")).status, 202);
    SAME(office.runs, 2);
}

TEST(the_chore_is_done_again_and_again)
{
    OFFICE(office, 5);
    for (int i = 0; i < 5000 && atomic_load(&office.chores) < 3; i++)
        moment();
    TRUE(office.chores >= 3);
}

TEST(closing_answers_what_has_not_begun)
{
    OFFICE(office, 0);
    atomic_store(&office.blocked, true);
    CLIENT(first, office);
    CLIENT(second, office);
    client_send(&first, ERRAND("f"));
    while (!atomic_load(&office.begun))
        moment();
    client_send(&second, ERRAND("g"));
    while (waiting_errands(&office) < 1)
        moment();
    pthread_mutex_lock(&office.errands.lock);
    office.errands.stop = true;
    pthread_mutex_unlock(&office.errands.lock);
    atomic_store(&office.blocked, false);
    errands_close(&office.errands);
    SAME(client_reply(&first).status, 202);
    SAME(client_reply(&second).status, 503);
    SAME(client_ask(&second, ERRAND("h")).status, 503); /* the loops are still there */
}
