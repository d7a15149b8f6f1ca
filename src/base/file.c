#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err_kind kind_of_errno(void)
{
    return errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
}

struct iovec file_vector(struct view view)
{
    union {
        const char *from;
        void *to;
    } bytes = {.from = view.text};
    return (struct iovec){bytes.to, view.length};
}

void fd_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void stream_close(FILE **f)
{
    if (*f != NULL)
        fclose(*f);
    *f = NULL;
}

bool file_load(const char *path, size_t size_max, struct arena *arena, struct view *out,
               struct err *err)
{
    CLEANUP(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set(err, kind_of_errno(), "'%s' cannot be opened: %s", path, strerror(errno));
    struct stat stat;
    if (fstat(fd, &stat) < 0)
        return err_set(err, ERR_IO, "'%s' cannot be looked at: %s", path, strerror(errno));
    if (S_ISDIR(stat.st_mode))
        return err_set(err, ERR_INPUT, "'%s' is a directory, a file is wanted", path);
    if (S_ISFIFO(stat.st_mode) || S_ISSOCK(stat.st_mode)) /* it has no size before it is read */
        return err_set(err, ERR_INPUT, "'%s' is a pipe, a file is wanted", path);

    size_t size = (size_t)stat.st_size;
    if (size > size_max)
        return err_set(err, ERR_LIMIT, "'%s' has %zu bytes, at most %zu are read", path, size,
                       size_max);
    char *bytes = arena_new(arena, char, size + 1);
    if (bytes == NULL)
        return err_set(err, ERR_LIMIT, "'%s' (%zu bytes) does not fit the job's memory limit", path,
                       size);
    size_t have = 0;
    while (have < size) {
        ssize_t got = read(fd, bytes + have, size - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set(err, ERR_IO, "'%s' cannot be read: %s", path, strerror(errno));
        if (got == 0)
            break; /* it shrank meanwhile: what is left is what it has */
        have += (size_t)got;
    }
    *out = (struct view){bytes, have};
    return true;
}

static bool write_all(int fd, struct view bytes)
{
    for (size_t at = 0; at < bytes.length;) {
        ssize_t put = write(fd, bytes.text + at, bytes.length - at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        at += (size_t)put;
    }
    return true;
}

/* A rename is on the disk only once its directory is. */
static bool sync_dir_of(const char *path)
{
    char dir[4096];
    const char *slash = strrchr(path, '/');
    size_t length = slash == NULL ? 0 : (size_t)(slash - path);
    if (length >= sizeof dir)
        return false;
    if (slash == NULL) {
        dir[0] = '.';
        length = 1;
    } else if (length == 0) {
        dir[0] = '/';
        length = 1;
    } else {
        memcpy(dir, path, length);
    }
    dir[length] = '\0';
    CLEANUP(fd_close) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && fsync(fd) == 0;
}

/* A file of our own making, never one that somebody put there, or a link to another. What a killed
 * process of the same number left is removed. */
static int open_new(const char *path)
{
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int fd = open(path, flags, 0644);
    if (fd >= 0 || errno != EEXIST || unlink(path) < 0)
        return fd;
    return open(path, flags, 0644);
}

bool file_save(const char *path, struct view bytes, struct err *err)
{
    char beside[4096];
    int length = snprintf(beside, sizeof beside, "%s.new-%ld", path, (long)getpid());
    if (length < 0 || (size_t)length >= sizeof beside)
        return err_set(err, ERR_LIMIT, "the path '%s' is too long", path);

    struct stat there; /* the rename would make /dev/null a file */
    if (stat(path, &there) == 0 && !S_ISREG(there.st_mode))
        return err_set(err, ERR_IO, "'%s' cannot be written: it is no regular file", path);

    CLEANUP(fd_close) int fd = open_new(beside);
    if (fd < 0)
        return err_set(err, ERR_IO, "'%s' cannot be created: %s", path, strerror(errno));
    bool ok = write_all(fd, bytes) && fsync(fd) == 0;
    ok = ok && rename(beside, path) == 0 && sync_dir_of(path);
    if (!ok) {
        int why = errno;
        unlink(beside);
        return err_set(err, ERR_IO, "'%s' cannot be written: %s", path, strerror(why));
    }
    return true;
}

bool file_exists(const char *path)
{
    struct stat stat_of;
    return stat(path, &stat_of) == 0;
}

bool file_remove(const char *path, struct err *err)
{
    if (unlink(path) < 0 && errno != ENOENT)
        return err_set(err, ERR_IO, "'%s' cannot be removed: %s", path, strerror(errno));
    return true;
}

bool dir_make(const char *path, struct err *err)
{
    char part[4096];
    size_t length = strlen(path);
    if (length >= sizeof part)
        return err_set(err, ERR_LIMIT, "the path '%s' is too long", path);
    for (size_t i = 1; i <= length; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0755) < 0 && errno != EEXIST)
            return err_set(err, ERR_IO, "the directory '%s' cannot be made: %s", part,
                           strerror(errno));
    }
    struct stat stat_of;
    if (stat(path, &stat_of) < 0 || !S_ISDIR(stat_of.st_mode))
        return err_set(err, ERR_IO, "'%s' is there and is not a directory", path);
    return true;
}

static int remove_one(const char *path, const struct stat *stat UNUSED, int kind UNUSED,
                      struct FTW *walk UNUSED)
{
    return remove(path);
}

bool dir_remove(const char *path, struct err *err)
{
    enum { OPEN_MAX_DIRS = 16 };
    if (file_exists(path) && nftw(path, remove_one, OPEN_MAX_DIRS, FTW_DEPTH | FTW_PHYS) != 0)
        return err_set(err, ERR_IO, "'%s' cannot be removed: %s", path, strerror(errno));
    return true;
}

const char *path_join(struct arena *arena, const char *dir, const char *name)
{
    struct text text = text_in_arena(arena);
    if (name[0] != '/' && dir[0] != '\0') {
        text_adds(&text, dir);
        if (dir[strlen(dir) - 1] != '/')
            text_addc(&text, '/');
    }
    text_adds(&text, name);
    const char *path = text_c(&text);
    assert(!text.cut); /* paths are short; an arena too small for one is a bug */
    return path;
}
