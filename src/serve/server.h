/*
 * server: the counter. HTTP, routes, contracts and meters put together around
 * the models in force.
 *
 *     struct server server = {0};
 *     struct served *served = served_new();
 *     ... load served->bundle, name it, served_ready ...
 *     options.prepare = ...; which calls server_serve(server, served)
 *     if (!server_open(&server, &options, err))
 *         ...
 *     ... wait for a signal ...
 *     server_stop(&server, grace_ms, deadline_ms);
 *     server_close(&server);
 *
 * Until a model is served, and while the server stops, health routes and
 * contracts answer 503 with the reason.
 */
#ifndef SERVE_SERVER_H
#define SERVE_SERVER_H

#include "serve/access_log.h"
#include "serve/answers.h"
#include "serve/cache.h"
#include "serve/emf.h"
#include "serve/errand.h"
#include "serve/gateway.h"
#include "http/http.h"
#include "serve/meters.h"
#include "serve/selection.h"
#include "serve/serving.h"
#include "store/journal.h"

/* Where models come from; the command line wires it. Called on one thread, never a worker's. */
struct model_source {
    void *self;
    /* Brings a draft to what should be in force by now: what is new is loaded and tested. `changed`
     * says whether the draft is to be published. On failure what is in force stays. `anew`: even
     * what seems to be in force already is looked at again. */
    bool (*refresh)(void *self, struct lineup *draft, bool anew, bool *changed, struct err *err);
    /* After each look: what the experiment's figures ask for. May be NULL. */
    bool (*mind)(void *self, const struct meters *meters, struct err *err);
    /* And what others know that the page of meters shows. May be NULL. */
    bool (*tell)(void *self, struct meters *meters, struct err *err);
    /* A model that was asked for by name, ready but for its name. `url` is where it is said to be;
     * empty: a version of the registry, by its number, name or alias. NULL: none is loaded so. */
    bool (*load)(void *self, struct view name, struct view url, struct served **out,
                 struct err *err);
};

/* What a batch transform is told of this server. */
struct server_batch {
    unsigned concurrent; /* requests at once; 0: as many as there are workers */
    bool single;         /* a record a request */
};

/* Another path that means a row of routes.def. */
struct server_alias {
    const char *path;
    enum route_index route;
};

enum { SERVER_ALIASES_MAX = 4 };

struct server;

struct server_options {
    struct http_options http;
    struct gateway_options gateway;        /* all zero: everybody may ask everything */
    bool access_log;                       /* a line for each request */
    const char *access_log_path;           /* NULL: on standard error */
    bool emf;                              /* each minute's figures for CloudWatch */
    const char *emf_path;                  /* NULL: on standard error */
    const char *emf_namespace, *endpoint;  /* what they are called there */
    unsigned requests_max;                 /* answers that may wait at once; 0: no bound */
    const struct journal_options *journal; /* NULL: nothing is kept. `kept` and `self` are ours */
    int64_t answers_ms;                    /* how long a key's answer is known */
    size_t answers_bytes;                  /* and how much is known at most */
    unsigned cache_seconds;                /* how long an answer is said again; 0: never */
    size_t cache_bytes;                    /* memory for these, over all workers */
    unsigned deadline_ms;                  /* for /decide, from the request's start; 0: none */
    const char *fallback;       /* the outcome when /decide cannot decide; NULL: an error */
    bool cards_hashed;          /* card numbers are kept as their HMAC; otherwise refused */
    struct view card_key;       /* of that HMAC */
    struct model_source source; /* all zero: only what is given to server_serve */
    bool many_models;           /* models come by name: ready without a champion */
    size_t named_bytes_max;     /* of all models loaded by name; 0: no bound */
    struct server_batch batch;
    struct selection selection;                    /* what SageMaker's contract answers with */
    struct server_alias alias[SERVER_ALIASES_MAX]; /* ends with a NULL path */
    /* Called when the server stands, just before it listens: what is served and known by then is so
     * for the first request. May be NULL. */
    bool (*prepare)(void *self, struct server *server, struct err *err);
    void *prepare_self;
    unsigned watch_ms; /* between two looks at the source; 0: only when asked */
};

struct server {
    struct http http; /* http.port is the port listened on */
    struct gateway gateway;
    struct access_log *access_log; /* NULL: none */
    struct emf *emf;               /* NULL: none */
    struct meters meters;
    struct serving serving;
    struct errands errands;
    struct journal journal; /* with options.journal */
    bool journal_open;
    pthread_mutex_t wake_lock; /* of `wakes` */
    bool wakes;                /* the workers are there to be woken */
    struct journal_ids *ids;   /* by worker */
    struct answers answers;
    struct cache cache;
    struct server_options options;
    atomic_bool stopping;
    char watch_failure[sizeof((struct err){0}.text)]; /* of the last look; the errands' thread's */
};

bool server_open(struct server *server, const struct server_options *options, struct err *err);

/* From now on this model answers. Owns it; NULL: none. Requests under way end with the old one. */
void server_serve(struct server *server, struct served *served);

/* The draft is in force from now on: serving_publish, and the meters know. */
void server_publish(struct server *server, struct lineup *lineup);

/* Looks at the source now. On the errands' thread or before there are requests. */
bool server_refresh(struct server *server, bool anew, struct err *err);

/* What was answered before this server began, out of the store's database, unless it is NULL, and
 * of the journal's segments; before the first model is served. */
bool server_remember(struct server *server, struct store *store, struct err *err);

/* What the page of meters shows beside them. */
void server_look_outside(struct server *server, const struct lineup *lineup,
                         struct meters_outside *out);

/* Certificates and clients are read anew, and the access log's file opened anew. */
void server_reload(struct server *server);

/* Not ready any more, then http_drain. True when every request was answered in time. */
bool server_stop(struct server *server, unsigned grace_ms, unsigned deadline_ms);

void server_close(struct server *server); /* safe on a zeroed struct */

#endif
