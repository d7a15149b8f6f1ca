/*
 * server: the counter. HTTP, routes, contracts and meters put together around
 * the model in force.
 *
 *     struct server server = {0};
 *     if (!server_open(&server, &options, err))
 *         ...
 *     struct served *served = served_new();
 *     ... load served->bundle, name it ...
 *     server_serve(&server, served);
 *     ... wait for a signal ...
 *     server_stop(&server, grace_ms, deadline_ms);
 *     server_close(&server);
 *
 * Until a model is served, and while the server stops, health routes and
 * contracts answer 503 with the reason.
 */
#ifndef SERVE_SERVER_H
#define SERVE_SERVER_H

#include "serve/http.h"
#include "serve/meters.h"
#include "serve/serving.h"

struct server {
    struct http http; /* http.port is the port listened on */
    struct meters meters;
    struct serving serving;
    atomic_bool stopping;
};

bool server_open(struct server *server, const struct http_options *options, struct err *err);

/* From now on this model answers. Owns it; NULL: none. Requests under way end with the old one. */
void server_serve(struct server *server, struct served *served);

/* Not ready any more, then http_drain. True when every request was answered in time. */
bool server_stop(struct server *server, unsigned grace_ms, unsigned deadline_ms);

void server_close(struct server *server); /* safe on a zeroed struct */

#endif
