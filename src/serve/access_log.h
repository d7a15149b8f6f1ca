/*
 * access_log: a line of JSON for each request, written without a worker waiting.
 *
 * Each worker has a ring of its own and is the only one to fill it: a line is
 * copied and an index moved on. A thread empties the rings into the sink. When a
 * ring is full, because the disk is slow or a pipe is not read, lines are
 * dropped and counted; requests never wait.
 *
 *     struct access_log *log = access_log_open(path, workers, err);
 *     access_log_write(log, worker, &entry);
 *     access_log_reopen(log);          after the file was moved away
 *     access_log_close(log);           what is in the rings is written first
 *
 * A line says the route's pattern, never the path or the query that was sent, and
 * no body: nothing that a card's number could be in.
 */
#ifndef SERVE_ACCESS_LOG_H
#define SERVE_ACCESS_LOG_H

#include "base/err.h"
#include "base/view.h"

struct access_log;

struct access_entry {
    struct view method; /* "" for what was refused before it was a request */
    const char *route;  /* the pattern, or "none" */
    int status;
    size_t body_bytes;
    int64_t elapsed_ns;
    struct view client; /* "" for nobody */
    struct view request_id;
    bool gone; /* the client was, before it was told */
};

/* `path` NULL: standard error; it outlives the log. */
struct access_log *access_log_open(const char *path, unsigned workers, struct err *err);
void access_log_close(struct access_log *log); /* NULL is fine */

/* On the worker's own thread. False: there is no room, and the line is lost. */
bool access_log_write(struct access_log *log, unsigned worker, const struct access_entry *entry);

/* Soon, and from any thread. */
void access_log_reopen(struct access_log *log);

#endif
