#include "store/store.h"

#include "base/clock.h"
#include "base/file.h"
#include "model/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#define MIGRATION(name) extern const char sql_##name[];
#include "store/migrations.def"
#undef MIGRATION

static const struct migration {
    const char *name;
    const char *sql;
} migrations[] = {
#define MIGRATION(name) {#name, sql_##name},
#include "store/migrations.def"
#undef MIGRATION
};

static bool applied_count(struct db *db, int64_t *out, struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    if (!db_prepare(db, "select count(*) from migration", &statement, err))
        return false;
    if (!db_next(&statement, err))
        return err->kind != ERR_NONE ? false : err_set(err, ERR_STORE, "no count came back");
    *out = db_i64(&statement, 0);
    return true;
}

/* What was applied must be what this program would apply. */
static bool check_applied(struct db *db, int64_t applied, struct err *err)
{
    if (applied > (int64_t)LENGTH_OF(migrations))
        return err_set(err, ERR_STORE,
                       "%s was written by a newer program: it has %d migrations more", db->name,
                       (int)(applied - (int64_t)LENGTH_OF(migrations)));
    CLEANUP(db_finish) struct db_statement statement = {0};
    if (!db_prepare(db, "select name, sha256 from migration order by number", &statement, err))
        return false;
    for (size_t i = 0; db_next(&statement, err); i++) {
        struct digest digest = digest_of(view_of(migrations[i].sql));
        char hex[DIGEST_HEX_SIZE];
        if (!view_is(db_text(&statement, 0), migrations[i].name) ||
            !view_is(db_text(&statement, 1), digest_print(&digest, hex)))
            return err_set(err, ERR_STORE, "%s: migration %zu is not this program's %s", db->name,
                           i + 1, migrations[i].name);
    }
    return err->kind == ERR_NONE;
}

static bool apply(struct db *db, size_t number, struct err *err)
{
    const struct migration *migration = &migrations[number];
    CLEANUP(db_finish) struct db_statement statement = {0};
    if (!db_define(db, migration->sql, err) ||
        !db_prepare(db, "insert into migration values ($1, $2, $3, $4)", &statement, err))
        return false;
    struct digest digest = digest_of(view_of(migration->sql));
    char hex[DIGEST_HEX_SIZE];
    db_bind_i64(&statement, 1, (int64_t)number + 1);
    db_bind_text(&statement, 2, view_of(migration->name));
    db_bind_text(&statement, 3, view_of(digest_print(&digest, hex)));
    db_bind_i64(&statement, 4, clock_now_ms());
    return db_done(&statement, err);
}

static bool migrate_inside(struct db *db, struct err *err)
{
    int64_t applied = 0;
    bool begun;
    if (!db_has_table(db, "migration", &begun, err) ||
        !(begun || db_define(db,
                             "create table migration (number integer primary key, name text not "
                             "null, sha256 text not null, applied_ms integer not null) strict",
                             err)) ||
        !applied_count(db, &applied, err) || !check_applied(db, applied, err))
        return false;
    for (size_t i = (size_t)applied; i < LENGTH_OF(migrations); i++)
        if (!apply(db, i, err))
            return err_while(err, "migration %s", migrations[i].name);
    return true;
}

/* Most openings find everything done, and wait for no writer. */
static bool is_current(struct db *db, bool *out, struct err *err)
{
    int64_t applied = 0;
    if (!db_has_table(db, "migration", out, err))
        return false;
    if (*out && (!applied_count(db, &applied, err) || !check_applied(db, applied, err)))
        return false;
    *out = applied == (int64_t)LENGTH_OF(migrations);
    return true;
}

static bool migrate(struct db *db, struct err *err)
{
    bool current;
    if (!is_current(db, &current, err))
        return false;
    if (current)
        return true;
    return db_begin(db, err) && db_end(db, migrate_inside(db, err), err);
}

/* Training rows and decisions are nobody else's to read. A directory that was there keeps the mode
 * its owner gave it. */
static bool keep_private(const char *dir, bool fresh, struct err *err)
{
    if (fresh && chmod(dir, 0700) < 0)
        return err_set(err, ERR_IO, "'%s' cannot be made private: %s", dir, strerror(errno));
    return true;
}

static bool open_database(struct store *store, const struct store_place *place, struct err *err)
{
    bool elsewhere = place->database != NULL && place->database[0] != '\0';
    const char *database =
        elsewhere ? place->database : path_join(&store->arena, store->dir, "assay.db");
    if (elsewhere && !db_is_url(view_of(database)))
        return err_set(err, ERR_INPUT,
                       "store.database is a URL, postgresql://USER@HOST:PORT/DATABASE, or is not "
                       "given: then it is assay.db in store.dir");
    if (!db_open(&store->db, database, err))
        return false;
    if (migrate(&store->db, err))
        return true;
    db_close(&store->db);
    return false;
}

static bool open_bundles(struct store *store, const struct store_place *place, struct err *err)
{
    struct objects_place bundles = place->bundles;
    store->bundles_elsewhere = bundles.where != NULL && bundles.where[0] != '\0';
    if (!store->bundles_elsewhere)
        bundles.where = path_join(&store->arena, store->dir, "bundles");
    return objects_open(&store->bundles, &bundles, err);
}

bool store_open_place(struct store *store, const struct store_place *place, struct err *err)
{
    enum { PATHS_MAX = 1 << 20 };
    struct store made = {.arena = {.limit = PATHS_MAX}};
    const char *dir = made.dir = path_join(&made.arena, "", place->dir);
    bool fresh = !file_exists(dir);
    bool ok = dir_make(dir, err) && keep_private(dir, fresh, err) &&
              dir_make(path_join(&made.arena, dir, "bundles"), err) &&
              dir_make(path_join(&made.arena, dir, "work"), err) &&
              open_bundles(&made, place, err) && open_database(&made, place, err);
    if (!ok) {
        objects_close(&made.bundles);
        arena_release(&made.arena);
        return err_while(err, "opening the store '%s'", place->dir);
    }
    *store = made;
    return true;
}

bool store_open(struct store *store, const char *dir, struct err *err)
{
    return store_open_place(store, &(struct store_place){.dir = dir}, err);
}

void store_close(struct store *store)
{
    if (store->dir == NULL)
        return;
    db_close(&store->db);
    objects_close(&store->bundles);
    arena_release(&store->arena);
    *store = (struct store){0};
}

/* ---------------------------------------------------------------- bundles */

enum { KEY_SIZE = DIGEST_HEX_SIZE + 8 };

static const char *key_of(const struct digest *digest, char key[KEY_SIZE])
{
    char hex[DIGEST_HEX_SIZE];
    snprintf(key, KEY_SIZE, "%s.tar", digest_print(digest, hex));
    return key;
}

/* The bytes under this name, if they have the digest that it promises. */
static bool fetch(struct store *store, const struct digest *digest, struct arena *arena,
                  struct view *out, bool *same, struct err *err)
{
    char key[KEY_SIZE];
    if (!objects_get(&store->bundles, key_of(digest, key), BUNDLE_SIZE_MAX, arena, out, err))
        return false;
    struct digest found = digest_of(*out);
    *same = digest_same(&found, digest);
    return true;
}

static bool is_whole(struct store *store, const struct digest *digest, bool *out, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 2 * (size_t)BUNDLE_SIZE_MAX};
    struct view bytes;
    if (fetch(store, digest, &arena, &bytes, out, err))
        return true;
    *out = false;
    if (err->kind != ERR_NOT_FOUND) /* cleared away since it was looked for */
        return false;
    *err = (struct err){0};
    return true;
}

bool store_put_bundle(struct store *store, struct view bytes, struct digest *out, struct err *err)
{
    struct digest digest = digest_of(bytes);
    char key[KEY_SIZE];
    bool made, whole = true;
    if (!objects_put(&store->bundles, key_of(&digest, key), bytes, &made, err) ||
        !(made || is_whole(store, &digest, &whole, err)))
        return false;
    if (!whole && (!objects_remove(&store->bundles, key, err) ||
                   !objects_put(&store->bundles, key, bytes, &made, err)))
        return false;
    *out = digest;
    return true;
}

bool store_has_bundle(struct store *store, const struct digest *digest, bool *out, struct err *err)
{
    char key[KEY_SIZE];
    return objects_head(&store->bundles, key_of(digest, key), out, NULL, err);
}

static bool copy_here(struct store *store, const struct digest *digest, const char *path,
                      struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 2 * (size_t)BUNDLE_SIZE_MAX};
    struct view bytes;
    bool same;
    if (!fetch(store, digest, &arena, &bytes, &same, err))
        return false;
    if (!same)
        return err_set(err, ERR_MODEL, "%s: what lies there is not the bundle that was registered",
                       store->bundles.name);
    return file_save(path, bytes, err);
}

bool store_get_bundle(struct store *store, const struct digest *digest, struct arena *arena,
                      const char **out, struct err *err)
{
    char key[KEY_SIZE];
    struct digest there;
    const char *home = path_join(arena, store->dir, "bundles");
    const char *path = path_join(arena, home, key_of(digest, key));
    *out = path;
    if (!store->bundles_elsewhere)
        return true;
    if (file_exists(path)) {
        if (!digest_of_file(path, &there, err))
            return false;
        if (digest_same(&there, digest))
            return true;
    }
    return copy_here(store, digest, path, err);
}

/* ---------------------------------------------------------------- the lock */

bool store_lock_work(const struct store *store, int *fd, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 16};
    const char *path = path_join(&arena, store->dir, "train.lock");
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (*fd < 0)
        return err_set(err, ERR_IO, "'%s' cannot be opened: %s", path, strerror(errno));
    if (flock(*fd, LOCK_EX | LOCK_NB) < 0)
        return err_set(err, ERR_CONFLICT, "another training runs in '%s'; wait for it", store->dir);
    return true;
}
