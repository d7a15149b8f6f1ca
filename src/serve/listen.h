/*
 * listen: listening sockets, one for each worker, all on one port.
 *
 * The kernel spreads new connections over them (SO_REUSEPORT). A port that
 * another process serves is an error here, although SO_REUSEPORT alone would
 * let two servers of one user share it without a word.
 */
#ifndef SERVE_LISTEN_H
#define SERVE_LISTEN_H

#include "base/err.h"

enum { LISTEN_WORKERS_MAX = 256 };

struct listen {
    int fd[LISTEN_WORKERS_MAX]; /* the caller takes each and leaves -1 in its place */
    unsigned count;
    uint16_t port; /* the real one, when 0 was asked for */
};

/* `host` is a numeric address or a name; "" and "*" are every address. Taken already: ERR_CONFLICT.
 */
bool listen_open(struct listen *listen, const char *host, uint16_t port, unsigned count,
                 struct err *err);
void listen_close(struct listen *listen); /* what nobody took */

/* Raises the limit of open files to what the system allows; returns it. */
size_t listen_raise_files(void);

#endif
