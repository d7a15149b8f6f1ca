#include "cli/container_pipe.h"

#include "base/doc.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONFIG_MAX = 1 << 20, CHUNK = 1 << 20 };

/* A member that may be absent. */
static struct view text_of(const struct doc *channel, const char *key)
{
    const struct doc *item = doc_find(channel, key);
    return item != NULL && item->kind == DOC_TEXT ? item->text : (struct view){0};
}

bool container_pipe(const char *root, const char *channel, struct arena *arena, const char **out,
                    struct err *err)
{
    const char *path = path_join(arena, root, "input/config/inputdataconfig.json");
    char name[64];
    *out = NULL;
    if (!file_exists(path))
        return true;
    const struct doc *config = doc_load(path, CONFIG_MAX, arena, err);
    if (config == NULL)
        return false;
    const struct doc *said = doc_find(config, channel);
    if (!view_is(text_of(said, "TrainingInputMode"), "Pipe"))
        return true;
    struct view wrapper = text_of(said, "RecordWrapperType");
    if (wrapper.length > 0 && !view_is(wrapper, "None"))
        return err_set(err, ERR_INPUT,
                       "'%s': channel '%s' comes wrapped as " VIEW_FMT
                       ", and CSV is expected: set its RecordWrapperType to None",
                       path, channel, VIEW_ARG(wrapper));
    snprintf(name, sizeof name, "input/data/%s_0", channel);
    *out = path_join(arena, root, name);
    return true;
}

/* ---------------------------------------------------------------- reading it */

static bool write_down(int to, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t wrote = write(to, bytes, size);
        if (wrote < 0 && errno != EINTR)
            return false;
        if (wrote > 0) {
            bytes += wrote;
            size -= (size_t)wrote;
        }
    }
    return true;
}

static bool copy(int from, int to, const char *pipe, const char *file, size_t bytes_max,
                 struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 2 * CHUNK};
    char *chunk = arena_new(&arena, char, CHUNK);
    size_t total = 0;
    assert(chunk != NULL);
    for (;;) {
        ssize_t size = read(from, chunk, CHUNK);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return err_set(err, ERR_IO, "'%s' cannot be read: %s", pipe, strerror(errno));
        if (size == 0)
            break;
        total += (size_t)size;
        if (total > bytes_max)
            return err_set(err, ERR_LIMIT,
                           "channel '%s' holds more than %zu bytes: give the job fewer, or pack "
                           "them with gzip or zstd",
                           pipe, bytes_max);
        if (!write_down(to, chunk, (size_t)size))
            return err_set(err, ERR_IO,
                           "'%s' cannot be written, with %zu bytes of the channel in it: %s; "
                           "VolumeSizeInGB is the job's disk",
                           file, total, strerror(errno));
    }
    return total > 0 || err_set(err, ERR_INPUT, "channel '%s' ended without a byte", pipe);
}

bool container_spool(const char *pipe, const char *file, size_t bytes_max, struct err *err)
{
    CLEANUP(fd_close) int from = open(pipe, O_RDONLY | O_CLOEXEC);
    if (from < 0)
        return err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO,
                       "the channel's pipe '%s' cannot be opened: %s", pipe, strerror(errno));
    CLEANUP(fd_close) int to = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (to < 0)
        return err_set(err, ERR_IO, "'%s' cannot be written: %s", file, strerror(errno));
    if (copy(from, to, pipe, file, bytes_max, err))
        return true;
    unlink(file);
    return false;
}
