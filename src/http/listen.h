/*
 * listen: listening sockets, one for each worker, all on one port; and a socket
 * in the file system.
 *
 * The kernel spreads new connections over them (SO_REUSEPORT). A port that
 * another process serves is an error here, although SO_REUSEPORT alone would
 * let two servers of one user share it without a word.
 */
#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H

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

/* A socket at a path, for its owner and group alone (0660). One that a server left behind is
 * replaced; one that is served, or a file that is no socket, is ERR_CONFLICT. */
int listen_open_path(const char *path, struct err *err); /* -1 on failure */
/* Removes it when nobody listens there any more. */
void listen_remove_path(const char *path);

/* From now on nobody gets into the queue of a listening socket; who is in it can be accepted.
 * Closed without this, it would reset those that came since the last look. What knocks meanwhile is
 * not answered: it knocks again a second later, at a closed door or at the next server's. */
void listen_refuse(int fd);

/* Whether only this machine can reach an address: ERR_USAGE when there is no such address. */
bool listen_is_loopback(const char *host, bool *out, struct err *err);

/* Raises the limit of open files to what the system allows; returns it. */
size_t listen_raise_files(void);

#endif
