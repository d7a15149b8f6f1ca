/*
 * gateway: who comes in, and how often.
 *
 * Every request passes gateway_admit before its handler is called. Once
 * `auth` asks for keys or certificates, everything is denied that a row of
 * routes.def and a client's scopes do not allow together; health routes alone
 * are open. What there is no route for is told to known clients only.
 *
 *     struct gateway gateway = {0};
 *     if (!gateway_open(&gateway, &options, err)) ...
 *     struct gateway_client who;
 *     if (!gateway_admit(&gateway, request, route, response, &who))
 *         return;                     the response is the refusal: 401, 403 or 429
 *     ...
 *     gateway_reload(&gateway);       a signal: certificates are read anew
 *     gateway_close(&gateway);
 *
 * Where there is a store or a certificate to look at, a thread of its own does so
 * every `watch_ms`: new, revoked and rotated keys are in force without a restart.
 * While the store cannot be read, what was known stays, and what expires expires.
 */
#ifndef SERVE_GATEWAY_H
#define SERVE_GATEWAY_H

#include "http/http_request.h"
#include "http/http_response.h"
#include "serve/roster.h"
#include "serve/route.h"
#include "http/tls.h"
#include "store/store.h"

#include <pthread.h>

enum gateway_auth {
    GATEWAY_OPEN = 0,
    GATEWAY_KEYS = 1,
    GATEWAY_CERTIFICATES = 2,
    GATEWAY_BOTH = 3, /* a key, shown under a certificate of the same client */
};

struct gateway_options { /* what it points to outlives the gateway */
    enum gateway_auth auth;
    struct store_place place; /* where the clients are; dir NULL: nowhere, gateway_take is called */
    struct tls *tls;          /* looked after; NULL: none */
    const struct view *origin; /* those of other sites that a browser may ask from; "*": all */
    size_t origins;
    unsigned watch_ms; /* 0: nobody looks by himself */
};

struct gateway_client {
    struct view name;  /* "" when nobody was asked who he is; as long as the gateway */
    uint32_t position; /* in the roster and one; 0: nobody */
};

struct gateway {
    struct gateway_options options;
    struct roster roster;
    struct store store;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wanted;
    bool running, stop, anew; /* under the lock */
};

bool gateway_open(struct gateway *gateway, const struct gateway_options *options, struct err *err);
void gateway_close(struct gateway *gateway); /* safe on a zeroed struct */

/* Reads certificates, keys and clients again, soon. From any thread. */
void gateway_reload(struct gateway *gateway);

/* `route` NULL: there is none for this path and method. */
bool gateway_admit(struct gateway *gateway, const struct http_request *request,
                   const struct route *route, struct http_response *response,
                   struct gateway_client *who);

/* The same, before the body has come: nothing is counted yet. */
bool gateway_glance(struct gateway *gateway, const struct http_request *request,
                    const struct route *route, struct http_response *response,
                    struct gateway_client *who);

/* The client at a position; "" at 0. */
struct view gateway_name(const struct gateway *gateway, uint32_t position);

/* A browser asks whether a page of another site may ask. True: it may, and this is the answer. */
bool gateway_preflight(const struct gateway *gateway, const struct http_request *request,
                       const char *allow, struct http_response *response);
/* Lets the page read an answer, if its site is among the origins. */
void gateway_dress(const struct gateway *gateway, const struct http_request *request,
                   struct http_response *response);

/* What the store holds, for whoever has it open already; the watching thread's or before it. */
bool gateway_take(struct gateway *gateway, struct store *store, struct err *err);

#endif
