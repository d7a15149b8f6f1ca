#include "store/store.h"

#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
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
                       "%s was written by a newer program: it has %d migrations more", db->path,
                       (int)(applied - (int64_t)LENGTH_OF(migrations)));
    CLEANUP(db_finish) struct db_statement statement = {0};
    if (!db_prepare(db, "select name, sha256 from migration order by number", &statement, err))
        return false;
    for (size_t i = 0; db_next(&statement, err); i++) {
        struct digest digest = digest_of(view_of(migrations[i].sql));
        char hex[DIGEST_HEX_SIZE];
        if (!view_is(db_text(&statement, 0), migrations[i].name) ||
            !view_is(db_text(&statement, 1), digest_print(&digest, hex)))
            return err_set(err, ERR_STORE, "%s: migration %zu is not this program's %s", db->path,
                           i + 1, migrations[i].name);
    }
    return err->kind == ERR_NONE;
}

static bool apply(struct db *db, size_t number, struct err *err)
{
    const struct migration *migration = &migrations[number];
    CLEANUP(db_finish) struct db_statement statement = {0};
    if (!db_run(db, migration->sql, err) ||
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
    if (!db_run(db,
                "create table if not exists migration (number integer primary key, name text not "
                "null, sha256 text not null, applied_ms integer not null) strict",
                err) ||
        !applied_count(db, &applied, err) || !check_applied(db, applied, err))
        return false;
    for (size_t i = (size_t)applied; i < LENGTH_OF(migrations); i++)
        if (!apply(db, i, err))
            return err_while(err, "migration %s", migrations[i].name);
    return true;
}

static bool migrate(struct db *db, struct err *err)
{
    if (!db_begin(db, err))
        return false;
    if (!migrate_inside(db, err)) {
        db_rollback(db);
        return false;
    }
    return db_commit(db, err);
}

/* Training rows and decisions are nobody else's to read. A directory that was there keeps the mode
 * its owner gave it. */
static bool keep_private(const char *dir, bool fresh, struct err *err)
{
    if (fresh && chmod(dir, 0700) < 0)
        return err_set(err, ERR_IO, "'%s' cannot be made private: %s", dir, strerror(errno));
    return true;
}

bool store_open(struct store *store, const char *dir, struct err *err)
{
    enum { PATHS_MAX = 1 << 20 };
    struct store made = {.arena = {.limit = PATHS_MAX}};
    made.dir = path_join(&made.arena, "", dir);
    bool fresh = !file_exists(dir);
    bool ok = dir_make(dir, err) && keep_private(dir, fresh, err) &&
              dir_make(path_join(&made.arena, dir, "bundles"), err) &&
              dir_make(path_join(&made.arena, dir, "work"), err) &&
              db_open(&made.db, path_join(&made.arena, dir, "assay.db"), err);
    if (ok && !migrate(&made.db, err)) {
        db_close(&made.db);
        ok = false;
    }
    if (!ok) {
        arena_release(&made.arena);
        return err_while(err, "opening the store '%s'", dir);
    }
    *store = made;
    return true;
}

void store_close(struct store *store)
{
    if (store->dir == NULL)
        return;
    db_close(&store->db);
    arena_release(&store->arena);
    *store = (struct store){0};
}

const char *store_bundle_path(const struct store *store, const struct digest *digest,
                              struct arena *arena)
{
    char hex[DIGEST_HEX_SIZE], name[DIGEST_HEX_SIZE + 16];
    snprintf(name, sizeof name, "bundles/%s.tar", digest_print(digest, hex));
    return path_join(arena, store->dir, name);
}

bool store_put_bundle(struct store *store, struct view bytes, struct digest *out, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 16};
    struct digest digest = digest_of(bytes), there;
    const char *path = store_bundle_path(store, &digest, &arena);
    bool same =
        file_exists(path) && digest_of_file(path, &there, err) && digest_same(&there, &digest);
    if (err->kind != ERR_NONE || (!same && !file_save(path, bytes, err)))
        return false;
    *out = digest;
    return true;
}
