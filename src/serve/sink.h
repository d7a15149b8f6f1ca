/*
 * sink: a file that lines are appended to, or standard error.
 *
 * A file is made with mode 0640 and opened anew after it was moved away:
 * sink_reopen, on SIGHUP, is all that logrotate needs. A pipe may be a file
 * too. Writing may block: never on a worker's thread.
 */
#ifndef SERVE_SINK_H
#define SERVE_SINK_H

#include "base/err.h"
#include "base/view.h"

struct sink {
    const char *path; /* NULL: standard error; outlives the sink */
    int fd;
};

bool sink_open(struct sink *sink, const char *path, struct err *err);
bool sink_reopen(struct sink *sink, struct err *err); /* on failure the old file goes on */
bool sink_write(struct sink *sink, struct view first, struct view second); /* all, or false */
void sink_close(struct sink *sink);

#endif
