#include "store/db.h"

#include "ground.h"

static struct db opened(const char *place)
{
    struct db db;
    struct err err = {0};
    WORKS(db_open(&db, place, &err), err);
    WORKS(db_define(&db, "create table t (a integer unique, b text) strict", &err), err);
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

ON_BOTH(parameters_are_bound_by_their_number_wherever_they_stand)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    CLEANUP(db_close) struct db db = opened(ground_fresh_database(ground, &arena, "bind.db"));
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

ON_BOTH(an_empty_text_is_not_null_and_a_text_is_data_and_never_sql)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    CLEANUP(db_close) struct db db = opened(ground_fresh_database(ground, &arena, "text.db"));
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

ON_BOTH(a_constraint_is_a_conflict_and_broken_sql_a_store_error_that_names_the_database)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    CLEANUP(db_close) struct db db = opened(ground_fresh_database(ground, &arena, "kinds.db"));
    CLEANUP(db_finish) struct db_statement statement = {0};
    struct err err = {0};
    WORKS(db_run(&db, "insert into t values (1, 'a')", &err), err);
    FAILS(db_run(&db, "insert into t values (1, 'b')", &err), err, ERR_CONFLICT);
    err = (struct err){0};
    FAILS(db_run(&db, "insert into t values ('x', 'b')", &err), err, ERR_CONFLICT);
    err = (struct err){0};
    FAILS(db_prepare(&db, "selekt", &statement, &err) && db_next(&statement, &err), err, ERR_STORE);
    SAYS(err, db.name);
}

ON_BOTH(what_is_not_committed_is_not_there_after_a_close)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    const char *place = ground_fresh_database(ground, &arena, "rollback.db");
    struct db db = opened(place);
    struct err err = {0};
    db_rollback(&db); /* nothing to roll back */
    WORKS(db_begin(&db, &err), err);
    WORKS(db_run(&db, "insert into t values (1, 'a')", &err), err);
    SAME(rows(&db), 1);
    db_rollback(&db);
    SAME(rows(&db), 0);
    WORKS(db_begin(&db, &err), err);
    WORKS(db_run(&db, "insert into t values (1, 'a')", &err), err);
    db_close(&db);
    WORKS(db_open(&db, place, &err), err);
    SAME(rows(&db), 0);
    WORKS(db_begin(&db, &err), err);
    WORKS(db_run(&db, "insert into t values (1, 'a')", &err), err);
    WORKS(db_commit(&db, &err), err);
    db_close(&db);
    WORKS(db_open(&db, place, &err), err);
    SAME(rows(&db), 1);
    db_close(&db);
}

ON_BOTH(a_transaction_that_is_waited_for_is_seen_by_the_one_that_waited)
{
    enum { PROCESSES = 8, EACH = 20 };
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    const char *place = ground_fresh_database(ground, &arena, "wait.db");
    struct err err = {0};
    struct db db = opened(place);
    db_close(&db);
    pid_t child[PROCESSES];
    for (int i = 0; i < PROCESSES; i++) {
        child[i] = fork();
        if (child[i] != 0)
            continue;
        bool ok = db_open(&db, place, &err);
        for (int j = 0; j < EACH && ok; j++)
            ok = db_begin(&db, &err) &&
                 db_run(&db, "insert into t select coalesce(max(a), 0) + 1, 'x' from t", &err) &&
                 db_commit(&db, &err);
        if (!ok)
            fprintf(stderr, "%s\n", err.text);
        _exit(ok ? 0 : 1);
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        TRUE(waitpid(child[i], &status, 0) == child[i] && status == 0);
    }
    CLEANUP(db_close) struct db after = {0};
    WORKS(db_open(&after, place, &err), err);
    SAME(rows(&after), (int64_t)PROCESSES * EACH);
    CLEANUP(db_finish) struct db_statement most = {0};
    WORKS(db_prepare(&after, "select max(a) from t", &most, &err), err);
    WORKS(db_next(&most, &err), err);
    SAME(db_i64(&most, 0), (int64_t)PROCESSES * EACH);
}

static void queue_row(struct db_statement *insert, int64_t a, const char *b)
{
    struct err err = {0};
    db_bind_i64(insert, 1, a);
    if (b == NULL)
        db_bind_null(insert, 2);
    else
        db_bind_text(insert, 2, view_of(b));
    WORKS(db_queue(insert, &err), err);
}

static struct db_statement inserting(struct db *db, const char *sql)
{
    struct db_statement insert = {0};
    struct err err = {0};
    WORKS(db_prepare(db, sql, &insert, &err), err);
    return insert;
}

/* More of them than a queue holds; the NULL comes first, so that its type is not known yet. */
ON_BOTH(queued_rows_are_added_in_their_order_and_counted)
{
    enum { MANY = 2500 };
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    CLEANUP(db_close) struct db db = opened(ground_fresh_database(ground, &arena, "queue.db"));
    struct err err = {0};
    CLEANUP(db_finish)
    struct db_statement insert =
        inserting(&db, "insert into t values ($1, $2) on conflict do nothing");
    CLEANUP(db_finish)
    struct db_statement change = inserting(&db, "update t set b = $2 where a = $1");
    WORKS(db_begin(&db, &err), err);
    queue_row(&insert, 0, NULL);
    for (int64_t a = 1; a < MANY; a++) {
        queue_row(&insert, a, "first");
        queue_row(&insert, a, "second");
        if (a % 100 == 0)
            queue_row(&change, a, "changed");
    }
    SAME(rows(&db), MANY); /* whoever asks sees all that was queued before */
    WORKS(db_settle(&db, &err), err);
    SAME(db_settled_changes(&insert), MANY);
    SAME(db_settled_changes(&change), MANY / 100 - 1);
    WORKS(db_commit(&db, &err), err);
    CLEANUP(db_finish) struct db_statement read = {0};
    WORKS(db_prepare(&db,
                     "select sum(case b when 'first' then 1 when 'changed' then 1000 end), "
                     "sum(case when b is null then 1 end) from t",
                     &read, &err),
          err);
    WORKS(db_next(&read, &err), err);
    SAME(db_i64(&read, 0), MANY - 1 - (MANY / 100 - 1) + 1000 * (MANY / 100 - 1));
    SAME(db_i64(&read, 1), 1);
}

ON_BOTH(a_fault_in_the_queue_is_told_and_nothing_of_the_transaction_is_left)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    CLEANUP(db_close) struct db db = opened(ground_fresh_database(ground, &arena, "fault.db"));
    struct err err = {0};
    CLEANUP(db_finish) struct db_statement insert = inserting(&db, "insert into t values ($1, $2)");
    CLEANUP(db_finish)
    struct db_statement behind = inserting(&db, "insert into t (a, b) values ($1, $2)");
    WORKS(db_begin(&db, &err), err);
    queue_row(&insert, 1, "a");
    db_bind_i64(&insert, 1, 1);
    db_bind_text(&insert, 2, VIEW("again"));
    struct err behind_err = {0};
    bool ok = db_queue(&insert, &err);
    db_bind_i64(&behind, 1, 2);
    db_bind_text(&behind, 2, VIEW("b"));
    db_queue(&behind, &behind_err);
    FAILS(ok && db_settle(&db, &err), err, ERR_CONFLICT);
    db_rollback(&db);
    SAME(rows(&db), 0);
    err = (struct err){0};
    WORKS(db_begin(&db, &err), err); /* the same statements go on, also one that was not reached */
    queue_row(&insert, 1, "a");
    queue_row(&behind, 2, "b");
    WORKS(db_commit(&db, &err), err);
    SAME(rows(&db), 2);
}

ON_BOTH(a_table_is_there_or_not)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    CLEANUP(db_close) struct db db = opened(ground_fresh_database(ground, &arena, "tables.db"));
    struct err err = {0};
    bool there;
    WORKS(db_has_table(&db, "t", &there, &err), err);
    TRUE(there);
    WORKS(db_has_table(&db, "u", &there, &err), err);
    TRUE(!there);
}

ON_BOTH(texts_are_ordered_by_their_bytes)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    CLEANUP(db_close) struct db db = opened(ground_fresh_database(ground, &arena, "order.db"));
    CLEANUP(db_finish) struct db_statement statement = {0};
    struct err err = {0};
    const char *const wanted[] = {"B", "Z", "_", "a", "\xc3\xa4"};
    WORKS(db_run(&db,
                 "insert into t values (1, 'a'), (2, 'Z'), (3, '\xc3\xa4'), (4, '_'), (5, 'B')",
                 &err),
          err);
    WORKS(db_prepare(&db, "select b from t order by b", &statement, &err), err);
    for (size_t i = 0; i < LENGTH_OF(wanted); i++) {
        WORKS(db_next(&statement, &err), err);
        TEXT(db_text(&statement, 0), wanted[i]);
    }
}

static void shows(const char *place, const char *wanted)
{
    char bytes[200];
    struct text text = text_in(bytes, sizeof bytes);
    db_show(view_of(place), &text);
    TEXT(text_view(&text), wanted);
}

TEST(a_password_is_never_shown)
{
    shows("postgresql://ann:se/cr@t@host:5/db", "postgresql://ann:***@host:5/db");
    shows("postgres://ann@host/db?password=x&sslmode=require",
          "postgres://ann@host/db?password=***&sslmode=require");
    shows("postgresql:///db?host=/run&password=x", "postgresql:///db?host=/run&password=***");
    shows("postgresql://host:5432/db", "postgresql://host:5432/db");
    shows("roc_auc >= 0.7", "roc_auc >= 0.7");
    shows("", "");
}
