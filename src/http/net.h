/*
 * net: event loops and byte streams. The door to libevent.
 *
 * A loop belongs to one thread: all its events are called there, and every
 * function below is called there too, except net_loop_wake. A stream is one
 * accepted connection, already non-blocking and without Nagle's delay. It
 * belongs to its loop until net_close.
 *
 * What was received waits in the stream until it is consumed; what is written
 * is sent at once when the socket takes it and kept when not. A stream that came
 * in by a door with a struct tls is encrypted, without anybody else knowing.
 */
#ifndef HTTP_NET_H
#define HTTP_NET_H

#include "base/err.h"
#include "base/view.h"

struct net_loop;
struct net_stream;
struct tls;
struct text;

/* A listening socket, and how those who come in by it are spoken with. */
struct net_door {
    int listener;
    struct tls *tls; /* NULL: in the clear */
};

/* Called on the loop's thread. `self` is the loop's owner, `owner` a stream's. */
struct net_events {
    bool (*may_open)(void *self);                           /* room for one more stream? */
    void *(*opened)(void *self, struct net_stream *stream); /* returns the stream's owner */
    void (*readable)(void *owner);                          /* more has been received */
    void (*drained)(void *owner);                           /* all that was written is sent */
    void (*ended)(void *owner);                             /* the peer sends no more */
    void (*broken)(void *owner);                            /* nothing can be sent any more */
    void (*tick)(void *self);                               /* every NET_TICK_MS */
    void (*woken)(void *self);                              /* after net_loop_wake */
};

enum { NET_TICK_MS = 250, NET_DOORS_MAX = 2 };

/* Takes the listening sockets. NULL on failure, with the sockets closed. */
struct net_loop *net_loop_open(const struct net_door *doors, size_t count,
                               const struct net_events *events, void *self, struct err *err);
void net_loop_run(struct net_loop *loop); /* until net_loop_stop */
void net_loop_stop(struct net_loop *loop);
void net_loop_wake(struct net_loop *loop); /* from any thread */
void net_loop_close(struct net_loop *loop);

/* Stops and resumes taking new connections; those that come meanwhile wait in the kernel. */
void net_loop_accept(struct net_loop *loop, bool accept);
/* Nobody comes any more, and who has come is still taken. */
void net_loop_refuse(struct net_loop *loop);
/* Takes what waits, then closes the listening sockets for good; some time after net_loop_refuse, or
 * a client that has just connected is reset. */
void net_loop_unlisten(struct net_loop *loop);

/* What is unread, at least `together` bytes of it (or all) side by side. */
struct view net_unread(struct net_stream *stream, size_t together);
void net_consume(struct net_stream *stream, size_t size);

/* False when the peer is gone: the stream is to be closed. */
bool net_write(struct net_stream *stream, struct view first, struct view second);
size_t net_unsent(struct net_stream *stream);
bool net_is_quiet(struct net_stream *stream);        /* nothing unread, here or in the kernel */
void net_read(struct net_stream *stream, bool read); /* stops and resumes receiving */
void net_again(struct net_stream *stream); /* readable once more, after the others' turn */
void net_end(struct net_stream *stream);   /* nothing more will be written */
void net_close(struct net_stream *stream); /* drops what is unsent */

/* The names in the peer's certificate, a line each; tls_names. Good once something was read. */
void net_names(struct net_stream *stream, struct text *out);

#endif
