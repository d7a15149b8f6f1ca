#include "serve/sink.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int open_file(const char *path, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (fd < 0)
        err_set(err, ERR_IO, "'%s' cannot be written: %s", path, strerror(errno));
    return fd;
}

bool sink_open(struct sink *sink, const char *path, struct err *err)
{
    *sink = (struct sink){.path = path, .fd = STDERR_FILENO};
    if (path != NULL)
        sink->fd = open_file(path, err);
    return sink->fd >= 0;
}

bool sink_reopen(struct sink *sink, struct err *err)
{
    if (sink->path == NULL)
        return true;
    int fd = open_file(sink->path, err);
    if (fd < 0)
        return false;
    close(sink->fd);
    sink->fd = fd;
    return true;
}

static struct view left_of(struct view view, size_t *done)
{
    size_t skip = *done < view.length ? *done : view.length;
    *done -= skip;
    return view_from(view, skip);
}

bool sink_write(struct sink *sink, struct view first, struct view second)
{
    while (first.length + second.length > 0) {
        struct iovec part[] = {file_vector(first), file_vector(second)};
        ssize_t written = writev(sink->fd, part, 2);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        size_t done = (size_t)written;
        first = left_of(first, &done);
        second = left_of(second, &done);
    }
    return true;
}

void sink_close(struct sink *sink)
{
    if (sink->path != NULL)
        fd_close(&sink->fd);
    sink->fd = -1;
}
