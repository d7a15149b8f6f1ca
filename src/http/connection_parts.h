/*
 * connection_parts: what the two files of a connection share. Inside of http/connection.h only.
 *
 * connection.c has a connection's life: its bytes, its phases, its deadlines. connection_answer.c
 * has what a request that came whole is answered, now or when what it waits for has happened.
 */
#ifndef HTTP_CONNECTION_PARTS_H
#define HTTP_CONNECTION_PARTS_H

#include "http/connection.h"

enum phase { OPEN, WAITING, STALLED, CLOSING, LINGERING };

struct connection {
    struct http_worker *worker;
    struct net_stream *stream;
    struct connection *newer, *older;
    enum phase phase;
    bool answered; /* at least once */
    bool glanced;  /* at this request's head */
    int64_t opened_ms, deadline_ms;
    struct http_parse parse;
    char *names; /* in the client's certificate; NULL: not asked yet */

    /* WAITING: */
    struct http_wait wait;
    struct connection *next_waiting;
    char *answer; /* whole, when it is there already */
    size_t answer_length;
    bool stays;
    struct http_sent sent;

    bool again; /* is in the worker's list of these */
    struct connection *next_again;
};

static inline const struct http_options *connection_options(const struct connection *connection)
{
    return &connection->worker->http->options;
}

/* ---------------------------------------------------------------- connection.c */

void connection_allow(struct connection *connection, unsigned more_ms); /* until its deadline */
void connection_drop(struct connection *connection);                    /* now; frees it */
void connection_close_after_answer(struct connection *connection);      /* may drop it */
void connection_linger(struct connection *connection);

/* ---------------------------------------------------------------- connection_answer.c */

/* Both: false when the connection is gone or will be. */
bool connection_answer(struct connection *connection);
bool connection_glance(struct connection *connection); /* at a head whose body is still to come */
void connection_refuse(struct connection *connection, int status, const char *why);
void connection_wait_no_more(struct connection *connection); /* WAITING, and about to be dropped */

#endif
