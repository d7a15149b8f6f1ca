#include "store/db.h"

#include "base/file.h"
#include "harness.h"

static struct db opened(struct arena *arena, const char *name)
{
    struct db db;
    struct err err = {0};
    const char *path = path_join(arena, test_dir(), name);
    WORKS(file_remove(path, &err), err);
    WORKS(db_open(&db, path, &err), err);
    WORKS(db_run(&db, "create table t (a integer unique, b text) strict", &err), err);
    return db;
}

static int64_t rows(struct db *db)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    struct err err = {0};
    WORKS(db_prepare(db, "select count(*) from t", &statement, &err), err);
    WORKS(db_next(&statement, &err), err);
    return db_i64(&statement, 0);
}

TEST(parameters_are_bound_by_their_number_wherever_they_stand)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    CLEANUP(db_close) struct db db = opened(&arena, "bind.db");
    CLEANUP(db_finish) struct db_statement statement = {0};
    struct err err = {0};
    WORKS(db_prepare(&db, "select $2, $1, $3, $1", &statement, &err), err);
    db_bind_text(&statement, 1, VIEW("one"));
    db_bind_i64(&statement, 2, INT64_MIN);
    db_bind_null(&statement, 3);
    WORKS(db_next(&statement, &err), err);
    SAME(db_i64(&statement, 0), INT64_MIN);
    TEXT(db_text(&statement, 1), "one");
    TRUE(db_is_null(&statement, 2) && !db_is_null(&statement, 1));
    TEXT(db_text(&statement, 3), "one");
    TRUE(!db_next(&statement, &err) && err.kind == ERR_NONE);
}

TEST(an_empty_text_is_not_null_and_a_text_is_data_and_never_sql)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    CLEANUP(db_close) struct db db = opened(&arena, "text.db");
    CLEANUP(db_finish) struct db_statement statement = {0};
    struct err err = {0};
    WORKS(db_prepare(&db, "insert into t values (1, $1), (2, $2)", &statement, &err), err);
    db_bind_text(&statement, 1, (struct view){0});
    db_bind_text(&statement, 2, VIEW("'); drop table t; --"));
    WORKS(db_done(&statement, &err), err);
    SAME(db_changes(&db), 2);
    SAME(rows(&db), 2);
    CLEANUP(db_finish) struct db_statement read = {0};
    WORKS(db_prepare(&db, "select b from t order by a", &read, &err), err);
    WORKS(db_next(&read, &err), err);
    TRUE(!db_is_null(&read, 0));
    TEXT(db_text(&read, 0), "");
}

TEST(a_constraint_is_a_conflict_and_broken_sql_a_store_error_that_names_the_file)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    CLEANUP(db_close) struct db db = opened(&arena, "kinds.db");
    struct db_statement none = {0};
    struct err err = {0};
    WORKS(db_run(&db, "insert into t values (1, 'a')", &err), err);
    FAILS(db_run(&db, "insert into t values (1, 'b')", &err), err, ERR_CONFLICT);
    err = (struct err){0};
    FAILS(db_run(&db, "insert into t values ('x', 'b')", &err), err, ERR_CONFLICT);
    err = (struct err){0};
    FAILS(db_prepare(&db, "selekt", &none, &err), err, ERR_STORE);
    SAYS(err, "kinds.db");
    TRUE(none.handle == NULL);
}

TEST(what_is_not_committed_is_not_there_after_a_close)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct db db = opened(&arena, "rollback.db");
    struct err err = {0};
    db_rollback(&db); /* nothing to roll back */
    WORKS(db_begin(&db, &err), err);
    WORKS(db_run(&db, "insert into t values (1, 'a')", &err), err);
    SAME(rows(&db), 1);
    db_rollback(&db);
    SAME(rows(&db), 0);
    WORKS(db_begin(&db, &err), err);
    WORKS(db_run(&db, "insert into t values (1, 'a')", &err), err);
    const char *path = db.path;
    db_close(&db);
    WORKS(db_open(&db, path, &err), err);
    SAME(rows(&db), 0);
    WORKS(db_begin(&db, &err), err);
    WORKS(db_run(&db, "insert into t values (1, 'a')", &err), err);
    WORKS(db_commit(&db, &err), err);
    db_close(&db);
    WORKS(db_open(&db, path, &err), err);
    SAME(rows(&db), 1);
    db_close(&db);
}

TEST(a_file_that_cannot_be_opened_is_named)
{
    struct db db = {0};
    struct err err = {0};
    FAILS(db_open(&db, "/no/such/dir/x.db", &err), err, ERR_STORE);
    SAYS(err, "/no/such/dir/x.db");
    TRUE(db.handle == NULL);
}
