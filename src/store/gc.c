#include "store/gc.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "store/audit.h"

#include <dirent.h>
#include <errno.h>
#include <fts.h>
#include <sys/stat.h>

enum {
    HEX = DIGEST_HEX_SIZE - 1,
    WORK_HEX = 16, /* digits of a step's inputs in its directory's name */
    BATCH = 50,    /* removed under one write lock and told by one event */
    HOUR_MS = 60 * 60 * 1000,
    MEMORY = 256 << 20,
};

const char *gc_kind_name(enum gc_kind kind)
{
    static const char *const names[GC_KINDS] = {"bundle", "copy", "step"};
    return names[kind];
}

/* One run. */
struct gc {
    struct store *store;
    const struct gc_options *options;
    struct gc_summary *summary;
    struct arena *arena;
    int64_t before_ms;     /* what is older may go */
    int64_t unfinished_ms; /* what is younger may be being written */
};

struct find {
    struct view name;
    int64_t bytes;
};

static void count(struct gc *gc, enum gc_kind kind, struct view name, int64_t bytes)
{
    gc->summary->count[kind]++;
    gc->summary->bytes += bytes;
    gc->options->say(gc->options->self, kind, name, bytes);
}

/* ---------------------------------------------------------------- telling */

/* {"removed":"bundle","names":[...],"bytes":n} */
static bool tell(struct gc *gc, enum gc_kind kind, const struct find *find, size_t finds,
                 struct err *err)
{
    struct text payload = text_in_arena(gc->arena);
    struct json json = json_to(&payload);
    int64_t bytes = 0;
    json_open(&json, '{');
    json_key(&json, "removed"), json_string(&json, gc_kind_name(kind));
    json_key(&json, "names");
    json_open(&json, '[');
    for (size_t i = 0; i < finds; i++) {
        json_text(&json, find[i].name);
        bytes += find[i].bytes;
    }
    json_close(&json);
    json_key(&json, "bytes"), json_i64(&json, bytes);
    json_close(&json);
    const char *said = text_c(&payload);
    if (payload.cut)
        return err_set(err, ERR_LIMIT, "what is removed does not fit the memory limit");
    return audit_append(gc->store, gc->options->actor, "gc", "store", said, err);
}

/* ---------------------------------------------------------------- bundles */

/* <64 hex digits>.tar, or with an ending that a killed process left: the digest. */
static bool is_bundle(struct view key, struct digest *digest, bool *whole)
{
    struct view rest = key.length > HEX ? view_from(key, HEX) : VIEW("");
    *whole = view_is(rest, ".tar");
    return (*whole || view_starts(rest, ".tar.")) &&
           digest_parse((struct view){key.text, HEX}, digest);
}

static bool is_referred_to(struct store *store, const struct digest *digest, bool *out,
                           struct err *err)
{
    char hex[DIGEST_HEX_SIZE];
    CLEANUP(db_finish) struct db_statement statement = {0};
    if (!db_prepare(&store->db, "select 1 from version where bundle = $1 limit 1", &statement, err))
        return false;
    db_bind_text(&statement, 1, view_of(digest_print(digest, hex)));
    *out = db_next(&statement, err);
    return err->kind == ERR_NONE;
}

/* Old, a bundle or a piece of one, and nobody's. */
static bool may_go(struct gc *gc, const struct object *object, bool *out, struct err *err)
{
    struct digest digest;
    bool whole, referred = false;
    *out = object->modified_ms < gc->before_ms && is_bundle(object->key, &digest, &whole) &&
           (whole || object->modified_ms < gc->unfinished_ms);
    if (*out && whole && !is_referred_to(gc->store, &digest, &referred, err))
        return false;
    *out = *out && !referred;
    return true;
}

static bool remove_bundle(struct gc *gc, const struct object *object, struct err *err)
{
    const char *key = view_copy(object->key, gc->arena);
    if (key == NULL)
        return err_set(err, ERR_LIMIT, "the list of bundles does not fit the memory limit");
    count(gc, GC_BUNDLE, object->key, object->size);
    return gc->options->dry || objects_remove(&gc->store->bundles, key, err);
}

/* Up to BATCH bundles, from `*at` on, inside a transaction. */
static bool clear_batch(struct gc *gc, const struct object *object, size_t objects, size_t *at,
                        struct err *err)
{
    struct find find[BATCH];
    size_t finds = 0;
    for (; *at < objects && finds < BATCH; ++*at) {
        bool goes;
        if (!may_go(gc, &object[*at], &goes, err))
            return false;
        if (!goes)
            continue;
        if (!remove_bundle(gc, &object[*at], err))
            return false;
        find[finds++] = (struct find){object[*at].key, object[*at].size};
    }
    return finds == 0 || gc->options->dry || tell(gc, GC_BUNDLE, find, finds, err);
}

static bool clear_bundles(struct gc *gc, struct err *err)
{
    struct object *object;
    size_t objects;
    struct db *db = &gc->store->db;
    if (!objects_list(&gc->store->bundles, gc->arena, &object, &objects, err))
        return false;
    for (size_t at = 0; at < objects;) {
        if (!db_begin(db, err))
            return false;
        bool ok = clear_batch(gc, object, objects, &at, err);
        if (!ok)
            db_rollback(db);
        if (!ok || !db_commit(db, err))
            return false;
    }
    return true;
}

/* ---------------------------------------------------------------- what lies in this directory */

static int64_t size_of_tree(const char *path)
{
    char *const paths[] = {(char *)(uintptr_t)path, NULL};
    FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    int64_t bytes = 0;
    for (FTSENT *entry; walk != NULL && (entry = fts_read(walk)) != NULL;)
        bytes += entry->fts_info == FTS_F ? entry->fts_statp->st_size : 0;
    if (walk != NULL)
        fts_close(walk);
    return bytes;
}

/* When a training last used the step's directory, as far as the registry knows; 0: it does not. */
static bool last_used(struct store *store, struct view step, struct view inputs, int64_t *out,
                      struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    if (!db_prepare(&store->db,
                    "select max(finished_ms) from step where name = $1 and substr(inputs, 1, "
                    "length($2)) = $2",
                    &statement, err))
        return false;
    db_bind_text(&statement, 1, step);
    db_bind_text(&statement, 2, inputs);
    *out = db_next(&statement, err) ? db_i64(&statement, 0) : 0;
    return err->kind == ERR_NONE;
}

/* STEP-<16 hex digits>, or with an ending that a killed training left. */
static bool is_step(struct view name, struct view *step, struct view *inputs)
{
    const char *dash = memchr(name.text, '-', name.length);
    if (dash == NULL || (size_t)(name.text + name.length - dash - 1) < WORK_HEX)
        return false;
    *step = (struct view){name.text, (size_t)(dash - name.text)};
    *inputs = (struct view){dash + 1, WORK_HEX};
    for (size_t i = 0; i < WORK_HEX; i++)
        if (strchr("0123456789abcdef", inputs->text[i]) == NULL)
            return false;
    return true;
}

static bool step_may_go(struct gc *gc, struct view name, int64_t modified_ms, bool *out,
                        struct err *err)
{
    struct view step, inputs;
    int64_t used_ms = 0;
    *out = modified_ms < gc->before_ms && is_step(name, &step, &inputs);
    if (*out && !last_used(gc->store, step, inputs, &used_ms, err))
        return false;
    *out = *out && used_ms < gc->before_ms;
    return true;
}

static bool copy_may_go(struct gc *gc, struct view name, int64_t modified_ms)
{
    struct digest digest;
    bool whole;
    return modified_ms < gc->before_ms && is_bundle(name, &digest, &whole) &&
           (whole || modified_ms < gc->unfinished_ms);
}

static bool clear_entry(struct gc *gc, enum gc_kind kind, const char *dir, const char *name,
                        struct find *out, bool *gone, struct err *err)
{
    const char *path = path_join(gc->arena, dir, name);
    struct stat found;
    *gone = false;
    if (lstat(path, &found) < 0)
        return true;
    int64_t modified_ms = (int64_t)found.st_mtim.tv_sec * 1000;
    bool goes = kind == GC_COPY && copy_may_go(gc, view_of(name), modified_ms);
    if (kind == GC_STEP && !step_may_go(gc, view_of(name), modified_ms, &goes, err))
        return false;
    if (!goes)
        return true;
    *out = (struct find){view_of(strrchr(path, '/') + 1), size_of_tree(path)};
    *gone = true;
    count(gc, kind, out->name, out->bytes);
    return gc->options->dry || dir_remove(path, err);
}

static int is_plain(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static bool clear_entries(struct gc *gc, enum gc_kind kind, const char *dir, struct dirent **entry,
                          int entries, struct err *err)
{
    struct find *find = arena_new(gc->arena, struct find, (size_t)entries);
    size_t finds = 0;
    if (find == NULL)
        return err_set(err, ERR_LIMIT, "the list of '%s' does not fit the memory limit", dir);
    for (int i = 0; i < entries; i++) {
        bool gone;
        if (!clear_entry(gc, kind, dir, entry[i]->d_name, &find[finds], &gone, err))
            return false;
        finds += gone;
    }
    if (finds == 0 || gc->options->dry)
        return true;
    struct db *db = &gc->store->db;
    return db_begin(db, err) && db_end(db, tell(gc, kind, find, finds, err), err);
}

static bool clear_dir(struct gc *gc, enum gc_kind kind, const char *name, struct err *err)
{
    const char *dir = path_join(gc->arena, gc->store->dir, name);
    struct dirent **entry;
    int entries = scandir(dir, &entry, is_plain, alphasort);
    if (entries < 0)
        return err_set(err, ERR_IO, "'%s' cannot be listed: %s", dir, strerror(errno));
    bool ok = clear_entries(gc, kind, dir, entry, entries, err);
    for (int i = 0; i < entries; i++)
        free(entry[i]);
    free(entry);
    return ok;
}

/* ---------------------------------------------------------------- the run */

bool gc_run(struct store *store, const struct gc_options *options, struct gc_summary *out,
            struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(fd_close) int fd = -1;
    int64_t now_ms = clock_now_ms();
    struct gc gc = {
        .store = store,
        .options = options,
        .summary = out,
        .arena = &arena,
        .before_ms = now_ms - options->keep_ms,
        .unfinished_ms = now_ms - HOUR_MS,
    };
    *out = (struct gc_summary){0};
    return (options->dry || store_lock_work(store, &fd, err)) &&
           clear_dir(&gc, GC_STEP, "work", err) &&
           (!store->bundles_elsewhere || clear_dir(&gc, GC_COPY, "bundles", err)) &&
           clear_bundles(&gc, err);
}
