/*
 * connection: one client's requests, from the first byte to the last answer.
 *
 * A state machine over a byte stream (http/net.h) and a parser
 * (http/http_parse.h). Inside of http/http.h only.
 *
 *     OPEN       reads, answers
 *     WAITING    the answer waits for something; nothing is read until it is on its way
 *     STALLED    the client takes its answers too slowly: not read until it has them
 *     CLOSING    the last answer is on its way
 *     LINGERING  refused: what still comes is dropped for a while, because a socket closed with
 *                unread bytes would destroy the answer on its way
 */
#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include "http/http.h"
#include "http/http_parse.h"
#include "http/net.h"

#include <pthread.h>

struct connection;

struct http_worker {
    struct http *http;
    unsigned index;
    struct net_loop *loop;
    pthread_t thread;
    bool running;
    struct arena arena;                        /* of the request being answered */
    struct connection *newest;                 /* all of this worker's */
    struct connection *again;                  /* those that have more to be read, newest first */
    struct connection *waiting, **waiting_end; /* those in WAITING, in the order they came */
    uint64_t requests;                         /* ever */
    int64_t dated_s;                           /* the second that `date` says */
    char date[32];
};

void *connection_open(struct http_worker *worker, struct net_stream *stream);
void connection_readable(void *connection);
void connection_drained(void *connection);
void connection_ended(void *connection);
void connection_broken(void *connection);

void connections_go_on(struct http_worker *worker); /* those that had their turn and have more */
void connections_ask(struct http_worker *worker);   /* answers those that wait no more */
void connections_sweep(struct http_worker *worker); /* cuts those past their deadline */
void connections_close(struct http_worker *worker); /* all of them, now */

#endif
