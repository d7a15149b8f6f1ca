/*
 * errand: slow work off the loops, on one thread, one after the other.
 *
 * What reads a disk, asks the database or opens a model is asked for by a
 * request and done here, while the loops go on scoring; the request's answer
 * waits for it (struct http_wait). Between errands, every `chore_ms`, the thread
 * does the server's chore.
 *
 *     errand_ask(&errands, visit->request, visit->part, run, response);
 *
 *     static void run(struct errand *errand)            on the thread
 *     {
 *         errand->response.status = ...; text_adds(&errand->response.body, ...);
 *     }
 */
#ifndef SERVE_ERRAND_H
#define SERVE_ERRAND_H

#include "http/http.h"
#include "serve/route.h"

#include <pthread.h>

enum { ERRANDS_MAX = 64 };

struct errands;

struct errand {
    struct errands *errands;
    void *self; /* the errands' */
    void (*run)(struct errand *errand);
    struct arena arena; /* of everything below */
    struct http_request request;
    struct view part[ROUTE_PARTS_MAX];
    struct http_response response;

    struct errand *next;
    unsigned worker;
    atomic_uint owners; /* the thread, and the connection that waits */
    atomic_bool done;
};

struct errands {
    struct http *http; /* whose workers are woken */
    void *self;
    void (*chore)(void *self);
    unsigned chore_ms;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wanted;
    struct errand *first, **end;
    unsigned count;
    bool running, stop;
};

/* `http` is to be open; `chore` may be NULL. */
bool errands_open(struct errands *errands, struct http *http, void *self, void (*chore)(void *self),
                  unsigned chore_ms, struct err *err);
void errands_close(struct errands *errands); /* what has not begun is answered 503 */

/* Copies the request. With ERRANDS_MAX waiting already, the answer is 503 at once. */
void errand_ask(struct errands *errands, const struct http_request *request,
                const struct view part[ROUTE_PARTS_MAX], void (*run)(struct errand *errand),
                struct http_response *response);

#endif
