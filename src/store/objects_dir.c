#include "store/objects.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

struct directory {
    struct arena arena; /* which it is in itself */
    const char *path;
};

static const struct directory *directory_of(const struct objects *objects)
{
    return objects->self;
}

static bool open_it(struct objects *objects, const struct objects_place *place, struct err *err)
{
    struct arena arena = {.limit = 1 << 16};
    struct directory *directory = arena_new(&arena, struct directory, 1);
    const char *path = directory == NULL ? NULL : view_copy(view_of(place->where), &arena);
    if (path == NULL || !dir_make(path, err)) {
        arena_release(&arena);
        return path != NULL ? false
                            : err_set(err, ERR_LIMIT, "the path of a directory is too long");
    }
    *directory = (struct directory){.arena = arena, .path = path};
    objects->self = directory;
    objects->name = path;
    return true;
}

static void close_it(struct objects *objects)
{
    struct arena arena = directory_of(objects)->arena;
    arena_release(&arena);
}

static bool path_of(const struct objects *objects, const char *key, const char *end,
                    char out[PATH_BYTES], struct err *err)
{
    int length = snprintf(out, PATH_BYTES, "%s/%s%s", directory_of(objects)->path, key, end);
    return (length > 0 && length < PATH_BYTES) ||
           err_set(err, ERR_LIMIT, "the path of '%s' is too long", key);
}

/* A name is on the disk only once its directory is. */
static bool sync_it(const struct objects *objects)
{
    CLEANUP(fd_close)
    int fd = open(directory_of(objects)->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && fsync(fd) == 0;
}

/* Written beside under this process's number, then linked to its name, which fails when the name is
 * taken: a rename would replace. */
static bool put(struct objects *objects, const char *key, struct view bytes, bool *made,
                struct err *err)
{
    char path[PATH_BYTES], beside[PATH_BYTES], end[32];
    snprintf(end, sizeof end, ".put-%ld", (long)getpid());
    if (!path_of(objects, key, "", path, err) || !path_of(objects, key, end, beside, err))
        return false;
    if (file_exists(path)) {
        *made = false;
        return true;
    }
    if (!file_save(beside, bytes, err))
        return false;
    int status = link(beside, path);
    int why = status == 0 ? 0 : errno;
    unlink(beside);
    if (why != EEXIST && (why != 0 || !sync_it(objects)))
        return err_set(err, ERR_IO, "'%s' cannot be written: %s", path,
                       strerror(why != 0 ? why : errno));
    *made = why == 0;
    return true;
}

static bool get(struct objects *objects, const char *key, size_t size_max, struct arena *arena,
                struct view *out, struct err *err)
{
    char path[PATH_BYTES];
    return path_of(objects, key, "", path, err) && file_load(path, size_max, arena, out, err);
}

static void describe(const struct stat *stat, struct object *out)
{
    out->size = stat->st_size;
    out->modified_ms = (int64_t)stat->st_mtim.tv_sec * 1000 + stat->st_mtim.tv_nsec / 1000000;
}

static bool head(struct objects *objects, const char *key, bool *there, struct object *out,
                 struct err *err)
{
    char path[PATH_BYTES];
    struct stat found;
    if (!path_of(objects, key, "", path, err))
        return false;
    *there = stat(path, &found) == 0;
    if (!*there)
        return errno == ENOENT ||
               err_set(err, ERR_IO, "'%s' cannot be looked at: %s", path, strerror(errno));
    out->key = view_of(key);
    describe(&found, out);
    return true;
}

static int is_plain(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* False when it is no file, or gone by now. */
static bool look_at(const char *dir, const char *name, struct object *out)
{
    struct stat found;
    char path[PATH_BYTES];
    int length = snprintf(path, sizeof path, "%s/%s", dir, name);
    if (length >= PATH_BYTES || stat(path, &found) < 0 || !S_ISREG(found.st_mode))
        return false;
    describe(&found, out);
    return true;
}

static size_t look_at_all(const char *dir, struct dirent **entry, int entries, struct arena *arena,
                          struct object *out, bool *fits)
{
    size_t have = 0;
    *fits = out != NULL;
    for (int i = 0; i < entries && *fits; i++) {
        if (!look_at(dir, entry[i]->d_name, &out[have]))
            continue;
        const char *key = view_copy(view_of(entry[i]->d_name), arena);
        *fits = key != NULL;
        out[have++].key = view_of(*fits ? key : "");
    }
    return have;
}

static bool list(struct objects *objects, struct arena *arena, struct object **out, size_t *count,
                 struct err *err)
{
    const char *dir = directory_of(objects)->path;
    struct dirent **entry;
    int entries = scandir(dir, &entry, is_plain, by_name);
    if (entries < 0)
        return err_set(err, ERR_IO, "'%s' cannot be listed: %s", dir, strerror(errno));
    struct object *object = arena_new(arena, struct object, (size_t)entries);
    bool fits;
    size_t have = look_at_all(dir, entry, entries, arena, object, &fits);
    for (int i = 0; i < entries; i++)
        free(entry[i]);
    free(entry);
    if (!fits)
        return err_set(err, ERR_LIMIT, "the list of '%s' does not fit the memory limit", dir);
    *out = object;
    *count = have;
    return true;
}

static bool remove_it(struct objects *objects, const char *key, struct err *err)
{
    char path[PATH_BYTES];
    return path_of(objects, key, "", path, err) && file_remove(path, err);
}

const struct objects_kind objects_dir = {
    .open = open_it,
    .close = close_it,
    .put = put,
    .get = get,
    .head = head,
    .list = list,
    .remove = remove_it,
};
