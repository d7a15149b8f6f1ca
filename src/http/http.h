/*
 * http: an HTTP/1.1 server. Threads, connections, deadlines; no routes.
 *
 * Each worker is a thread with its own event loop, its own listening socket and
 * its own request arena; a connection stays with the worker that accepted it,
 * and requests are answered on the worker's thread, one after the other. No two
 * workers share anything that is written on the way.
 *
 *     struct http http = {0};
 *     struct http_options options = http_defaults;
 *     options.port = 8080;
 *     if (!http_open(&http, &options, handler, err))
 *         ...
 *     ... wait for a signal ...
 *     http_drain(&http, 5000, 20000);
 *     http_close(&http);
 *
 * An answer may wait (struct http_wait): the worker goes on with other connections, and no further
 * request of this one is read until the answer is on its way.
 *
 * Deadlines are absolute: a client that sends one byte a second is cut like a
 * silent one. What is malformed is refused with a 4xx and {"error": text}, and
 * the connection is closed behind it; see http/http_parse.h.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "http/http_request.h"
#include "http/http_response.h"

#include <stdatomic.h>

struct tls;

struct http_options {
    const char *host;         /* "" is every address; NULL: none, then there is a path */
    uint16_t port;            /* 0 is any free one: read http.port */
    const char *path;         /* of a socket to listen on as well, in the clear; NULL: none */
    struct tls *tls;          /* the caller's; NULL: the port is in the clear too */
    unsigned workers;         /* 0 is one a processor */
    unsigned connections_max; /* over all workers */
    size_t body_bytes_max;    /* of one request; more is 413 */
    size_t bodies_bytes_max;  /* of all large bodies being received; more is 503 */
    size_t arena_bytes_max;   /* of one request's work and answer */
    unsigned first_ms;        /* from the connection to its first byte */
    unsigned head_ms;         /* from a request's first byte to the end of its head */
    unsigned body_ms;         /* from there to the end of its body */
    unsigned idle_ms;         /* between requests, and for an answer to be taken */
    unsigned wait_ms;         /* for what an answer waits for; then the connection is cut */
    unsigned linger_ms;       /* for the client to read a refusal before the connection is cut */
};
extern const struct http_options http_defaults;

struct http_sent {
    int status;
    size_t body_bytes;
    bool gone; /* the client was, before it was told */
    unsigned char note[HTTP_NOTE_SIZE];
};

struct http_handler {
    void *self;
    /* Answers a request. Called on every worker's thread at once. */
    void (*handle)(void *self, const struct http_request *request, struct http_response *response);
    /* Told of each request that was refused before it was whole. May be NULL. */
    void (*refused)(void *self, unsigned worker, int status);
    /* Told of each answer when it is on its way, once for every call of `handle`. The request is
     * whole, its arena empty again. May be NULL. */
    void (*answered)(void *self, const struct http_request *request, const struct http_sent *sent);
    /* Adds to each answer what all of them have, just before it is sent. May be NULL. */
    void (*dress)(void *self, const struct http_request *request, struct http_response *response);
    /* Asked when the head of a request is whole and its body has yet to come: whether it is worth
     * waiting for. False: the response is the refusal. May be NULL. */
    bool (*glance)(void *self, const struct http_request *request, struct http_response *response);
};

enum http_phase {
    HTTP_SERVING,
    HTTP_ENDING,   /* accepts and answers, and each answer closes its connection */
    HTTP_REFUSING, /* nobody comes any more, who has come is accepted and answered */
    HTTP_DRAINING, /* accepts no more, finishes what has begun */
    HTTP_STOPPED,
};

struct http_budget;
struct http_worker;

struct http {
    uint16_t port; /* 0: none */
    unsigned workers;
    unsigned connections_max; /* may be below what was asked for: the limit of open files */
    atomic_uint connections;
    atomic_uint waiting;         /* answers that wait for something */
    atomic_size_t waiting_bytes; /* of those that are written already */
    uint64_t seed;               /* of the requests' numbers */
    atomic_int phase;
    struct http_options options;
    struct http_handler handler;
    struct http_budget *budget;
    struct http_worker *worker;
};

/* Listens and starts the workers. `options` and `handler` are copied. SIGPIPE is ignored from here
 * on, and the limit of open files is raised. A port in use: ERR_CONFLICT. */
bool http_open(struct http *http, const struct http_options *options, struct http_handler handler,
               struct err *err);

/* Ends in good order: for `grace_ms` everything is served as before but answers close their
 * connections; then nothing is accepted, idle connections are closed and requests that have begun
 * are finished. True when all were within `deadline_ms`. */
bool http_drain(struct http *http, unsigned grace_ms, unsigned deadline_ms);

/* A worker's waiting answers are asked again. From any thread. */
void http_wake(struct http *http, unsigned worker);

/* How many workers there will be. */
unsigned http_workers(const struct http_options *options);

void http_close(struct http *http); /* cuts what is left; safe on a zeroed struct */

#endif
