#include "store/store.h"

#include "ground.h"

enum { MEMORY = 8 << 20 };

static const char *fresh(struct arena *arena, const char *name)
{
    const char *dir = path_join(arena, test_dir(), name);
    struct err err = {0};
    WORKS(dir_remove(dir, &err), err);
    return dir;
}

/* Opens the store, runs the SQL and closes it again. */
static void tamper(const struct store_place *place, const char *sql)
{
    CLEANUP(store_close) struct store store = {0};
    struct err err = {0};
    WORKS(store_open_place(&store, place, &err), err);
    WORKS(db_run(&store.db, sql, &err), err);
}

static void refused_at(const struct store_place *place, enum err_kind kind, const char *says)
{
    struct store store = {0};
    struct err err = {0};
    FAILS(store_open_place(&store, place, &err), err, kind);
    SAYS(err, says);
    SAYS(err, place->dir); /* the place */
    TRUE(store.dir == NULL);
}

static void refused(const char *dir, enum err_kind kind, const char *says)
{
    refused_at(&(struct store_place){.dir = dir}, kind, says);
}

static int64_t count_of(struct store *store, const char *sql)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    struct err err = {0};
    WORKS(db_prepare(&store->db, sql, &statement, &err), err);
    WORKS(db_next(&statement, &err), err);
    return db_i64(&statement, 0);
}

TEST(opening_makes_the_directories_and_the_database_and_closing_twice_is_harmless)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct store store = {0};
    struct err err = {0};
    store_close(&store);
    WORKS(store_open(&store, fresh(&arena, "a/b/c"), &err), err);
    TRUE(file_exists(path_join(&arena, store.dir, "assay.db")));
    TRUE(file_exists(path_join(&arena, store.dir, "bundles")));
    TRUE(file_exists(path_join(&arena, store.dir, "work")));
    store_close(&store);
    store_close(&store);
}

ON_BOTH(migrations_are_applied_once_and_recorded_with_their_digest)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct store_place place = ground_place(ground, &arena, "once");
    struct err err = {0};
    int64_t first = 0;
    for (int times = 0; times < 3; times++) {
        CLEANUP(store_close) struct store store = {0};
        WORKS(store_open_place(&store, &place, &err), err);
        int64_t count =
            count_of(&store, "select count(*) from migration where length(sha256) = 64");
        TRUE(count > 0 && (times == 0 || count == first));
        first = count;
        SAME(count_of(&store, "select max(number) from migration"), count);
    }
}

ON_BOTH(a_store_that_is_current_opens_while_somebody_writes)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(store_close) struct store one = {0}, two = {0};
    struct store_place place = ground_place(ground, &arena, "busy");
    struct err err = {0};
    WORKS(store_open_place(&one, &place, &err), err);
    WORKS(db_begin(&one.db, &err), err);
    WORKS(store_open_place(&two, &place, &err), err); /* not after 30 seconds */
    db_rollback(&one.db);
}

ON_BOTH(a_database_of_a_newer_program_is_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct store_place place = ground_place(ground, &arena, "newer");
    tamper(&place,
           "insert into migration select max(number) + 1, '999_later', 'x', 0 from migration");
    refused_at(&place, ERR_STORE, "written by a newer program: it has 1 migrations more");
    refused_at(&place, ERR_STORE, ground->server ? "postgresql://" : "assay.db");
}

ON_BOTH(a_migration_with_another_digest_or_name_is_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct store_place place = ground_place(ground, &arena, "tampered");
    tamper(&place, "update migration set sha256 = upper(sha256) where number = 1");
    refused_at(&place, ERR_STORE, "migration 1 is not this program's 001_registry");
    place = ground_place(ground, &arena, "renamed");
    tamper(&place, "update migration set name = '001_other' where number = 1");
    refused_at(&place, ERR_STORE, "migration 1 is not this program's 001_registry");
}

ON_BOTH(a_migration_that_fails_leaves_the_database_as_it_was)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct store_place place = ground_place(ground, &arena, "half");
    /* Somebody else's table stands in the way of the last one the migration makes. */
    struct err err = {0};
    struct store store = {0};
    const char *database =
        ground->server ? place.database : path_join(&arena, place.dir, "assay.db");
    WORKS(dir_make(place.dir, &err), err);
    WORKS(db_open(&store.db, database, &err), err);
    WORKS(db_define(&store.db, "create table alias (x integer)", &err), err);
    db_close(&store.db);
    refused_at(&place, ERR_STORE, "migration 001_registry");
    WORKS(db_open(&store.db, database, &err), err);
    SAME(count_of(&store, ground->server ? "select count(*) from information_schema.tables where "
                                           "table_schema = current_schema()"
                                         : "select count(*) from sqlite_master"),
         1);
    db_close(&store.db);
}

TEST(a_database_that_is_no_url_is_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct store_place place = {.dir = fresh(&arena, "no_url"), .database = "mysql://x/y"};
    refused_at(&place, ERR_INPUT, "store.database is a URL, postgresql://");
}

TEST(a_store_from_before_the_third_migration_gets_it)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct store_place place = {.dir = fresh(&arena, "older")};
    tamper(&place,
           "alter table run drop column place; drop table comparison; drop table signature; "
           "alter table deployment drop column action; "
           "drop table client_key; drop table client; drop table experiment; "
           "drop table decision; drop table label; drop table answer; "
           "drop table journal_segment; drop table erased; drop table alarm_key; "
           "drop table alarm_change; drop table alarm_silence; drop table alarm_delivery; "
           "drop table alarm_notice; drop table scrape; drop table monitor_result; drop table "
           "monitor_run; drop table retraining; "
           "delete from migration where number >= 3");
    CLEANUP(store_close) struct store store = {0};
    struct err err = {0};
    WORKS(store_open_place(&store, &place, &err), err);
    SAME(count_of(&store, "select count(place) from run"), 0);
    SAME(count_of(&store, "select count(*) from comparison"), 0);
    TRUE(count_of(&store, "select count(*) from migration") >= 4);
}

TEST(what_is_no_database_is_refused_with_its_path_and_left_alone)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    const char *dir = fresh(&arena, "garbage"), *path = path_join(&arena, dir, "assay.db");
    struct err err = {0};
    struct view bytes, text = VIEW("this is no database, but a text of some length.............."
                                   "...........................................................");
    WORKS(dir_make(dir, &err), err);
    WORKS(file_save(path, text, &err), err);
    refused(dir, ERR_STORE, "assay.db");
    WORKS(file_load(path, MEMORY, &arena, &bytes, &err), err);
    TRUE(view_same(bytes, text));
}

TEST(a_directory_that_cannot_be_is_an_error_that_names_it)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    const char *file = path_join(&arena, test_dir(), "plain-file");
    struct err err = {0};
    WORKS(file_save(file, VIEW("x"), &err), err);
    refused(path_join(&arena, file, "store"), ERR_IO, "opening the store");
    if (geteuid() == 0)
        return;
    const char *locked = fresh(&arena, "locked");
    WORKS(dir_make(locked, &err), err);
    TRUE(chmod(locked, 0500) == 0);
    refused(path_join(&arena, locked, "store"), ERR_IO, "opening the store");
}

TEST(a_bundle_is_a_file_named_by_its_digest_and_putting_it_again_is_fine)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(store_close) struct store store = {0};
    struct err err = {0};
    struct digest digest, again, wanted = digest_of(VIEW("bundle"));
    struct view bytes;
    char hex[DIGEST_HEX_SIZE], name[128];
    const char *path;
    bool there;
    WORKS(store_open(&store, fresh(&arena, "bundles"), &err), err);
    WORKS(store_has_bundle(&store, &wanted, &there, &err), err);
    TRUE(!there);
    WORKS(store_put_bundle(&store, VIEW("bundle"), &digest, &err), err);
    TRUE(digest_same(&digest, &wanted));
    WORKS(store_has_bundle(&store, &wanted, &there, &err), err);
    TRUE(there);
    WORKS(store_get_bundle(&store, &digest, &arena, &path, &err), err);
    snprintf(name, sizeof name, "bundles/%s.tar", digest_print(&digest, hex));
    TRUE(view_ends(view_of(path), name));
    struct stat before, after;
    TRUE(stat(path, &before) == 0);
    WORKS(store_put_bundle(&store, VIEW("bundle"), &again, &err), err);
    TRUE(stat(path, &after) == 0 && before.st_ino == after.st_ino); /* not written again */
    WORKS(file_load(path, MEMORY, &arena, &bytes, &err), err);
    TEXT(bytes, "bundle");
}

TEST(a_bundle_that_was_damaged_on_the_disk_is_written_again)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(store_close) struct store store = {0};
    struct err err = {0};
    struct digest digest;
    struct view bytes;
    const char *path;
    WORKS(store_open(&store, fresh(&arena, "damaged"), &err), err);
    WORKS(store_put_bundle(&store, VIEW("bundle"), &digest, &err), err);
    WORKS(store_get_bundle(&store, &digest, &arena, &path, &err), err);
    WORKS(file_save(path, VIEW("bundl"), &err), err);
    WORKS(store_put_bundle(&store, VIEW("bundle"), &digest, &err), err);
    WORKS(file_load(path, MEMORY, &arena, &bytes, &err), err);
    TEXT(bytes, "bundle");
}

static void overwrite(struct arena *arena, const char *dir, const char *name, struct view bytes)
{
    struct err err = {0};
    WORKS(file_save(path_join(arena, dir, name), bytes, &err), err);
}

TEST(a_bundle_from_elsewhere_is_copied_once_and_checked)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(store_close) struct store store = {0};
    struct store_place place = {.dir = fresh(&arena, "near"),
                                .bundles = {.where = fresh(&arena, "far")}};
    struct err err = {0};
    struct digest digest, absent = digest_of(VIEW("absent"));
    struct view bytes;
    char hex[DIGEST_HEX_SIZE], name[128];
    const char *path, *again;
    WORKS(store_open_place(&store, &place, &err), err);
    WORKS(store_put_bundle(&store, VIEW("bundle"), &digest, &err), err);
    snprintf(name, sizeof name, "%s.tar", digest_print(&digest, hex));
    TRUE(file_exists(path_join(&arena, place.bundles.where, name)));
    TRUE(!file_exists(path_join(&arena, path_join(&arena, place.dir, "bundles"), name)));

    WORKS(store_get_bundle(&store, &digest, &arena, &path, &err), err);
    TRUE(view_starts(view_of(path), place.dir));
    WORKS(file_load(path, MEMORY, &arena, &bytes, &err), err);
    TEXT(bytes, "bundle");
    overwrite(&arena, place.bundles.where, name, VIEW("changed")); /* it is not asked again */
    WORKS(store_get_bundle(&store, &digest, &arena, &again, &err), err);
    TEXT(view_of(again), path);

    WORKS(file_save(path, VIEW("cut"), &err), err); /* a damaged copy is fetched anew */
    FAILS(store_get_bundle(&store, &digest, &arena, &path, &err), err, ERR_MODEL);
    SAYS(err, "is not the bundle that was registered");
    err = (struct err){0};
    overwrite(&arena, place.bundles.where, name, VIEW("bundle"));
    WORKS(store_get_bundle(&store, &digest, &arena, &path, &err), err);
    WORKS(file_load(path, MEMORY, &arena, &bytes, &err), err);
    TEXT(bytes, "bundle");
    FAILS(store_get_bundle(&store, &absent, &arena, &path, &err), err, ERR_NOT_FOUND);
}

TEST(the_work_has_one_lock)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(store_close) struct store store = {0};
    CLEANUP(fd_close) int one = -1, two = -1;
    struct err err = {0};
    WORKS(store_open(&store, fresh(&arena, "lock"), &err), err);
    WORKS(store_lock_work(&store, &one, &err), err);
    FAILS(store_lock_work(&store, &two, &err), err, ERR_CONFLICT);
    fd_close(&one);
    fd_close(&two);
    err = (struct err){0};
    WORKS(store_lock_work(&store, &two, &err), err);
}

ON_BOTH(processes_that_open_a_new_store_at_once_all_get_it)
{
    enum { TIMES = 20, PROCESSES = 6 };
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    for (int times = 0; times < TIMES; times++) {
        struct store_place place = ground_place(ground, &arena, "together");
        pid_t child[PROCESSES];
        for (int i = 0; i < PROCESSES; i++) {
            child[i] = fork();
            if (child[i] != 0)
                continue;
            struct store store = {0};
            struct err err = {0};
            bool ok = store_open_place(&store, &place, &err);
            if (!ok)
                fprintf(stderr, "%s\n", err.text);
            store_close(&store);
            _exit(ok ? 0 : 1);
        }
        for (int i = 0; i < PROCESSES; i++) {
            int status;
            TRUE(waitpid(child[i], &status, 0) == child[i] && status == 0);
        }
    }
}
