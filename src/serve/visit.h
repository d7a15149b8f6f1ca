/*
 * visit: one request on its way through the server, and the handlers that answer.
 *
 * Every row of routes.def has its handler, serve_NAME, in one of the answer_*.c
 * files. It runs on a worker's thread and must not block: what is slow is asked
 * for as an errand (serve/errand.h).
 */
#ifndef SERVE_VISIT_H
#define SERVE_VISIT_H

#include "serve/contract.h"
#include "serve/route.h"
#include "serve/server.h"

/* What is known of a request when its answer is on its way. */
struct visit_note {
    uint32_t route;
    uint32_t client;   /* the gateway's position of it */
    uint32_t outcome;  /* the champion's, for the shadow */
    uint16_t contract; /* of contracts[], for the shadow */
    bool shadow;       /* is to decide it too */
    int64_t trial;     /* in this experiment */
    uint8_t id_length;
    char id[CONTRACT_ID_MAX];
};
static_assert(sizeof(struct visit_note) <= HTTP_NOTE_SIZE, "a note fits its place");

struct visit {
    struct server *server;
    const struct lineup *lineup;
    const struct served *served; /* the line-up's champion; NULL: no model */
    const struct http_request *request;
    struct http_response *response;
    const struct route *route;         /* NULL: none fits */
    struct view part[ROUTE_PARTS_MAX]; /* what the route's {names} stand for */
    struct gateway_client client;      /* who asks */
    struct visit_note note;
    struct cache_asked cached; /* where its answer is to stand */
};

/* Decides the request's records in a contract's words, with the champion or the model given. A
 * server that is stopping still answers what comes: the client has been told nothing yet. */
void answer_with(struct visit *visit, const struct contract *contract);
void answer_by(struct visit *visit, const struct contract *contract, const struct served *served);

/* The running experiment's rival decides a request that was answered. */
void score_in_shadow(struct server *server, const struct http_request *request,
                     const struct visit_note *note);

/* Why no request is taken to be served now; NULL when it is. */
const char *visit_unready(const struct visit *visit);

/* The model that the route's {model} means, and its {version} where the route has one: the champion
 * by its own name or as "champion", or one that was loaded by name. NULL: the response says why. */
const struct served *visit_model(struct visit *visit, const struct contract *contract);

#define ROUTE(method, path, handler, scope, about) void serve_##handler(struct visit *visit);
#include "serve/routes.def"
#undef ROUTE

#endif
