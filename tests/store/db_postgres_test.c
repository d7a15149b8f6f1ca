#include "store/db.h"

#include "ground.h"

#include <sys/resource.h>
#include <unistd.h>

#define SERVER()                                                                                   \
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};                                \
    struct db db UNUSED = {0};                                                                     \
    struct err err = {0};                                                                          \
    const char *absent = ground_start();                                                           \
    if (absent != NULL)                                                                            \
    SKIP(absent)

TEST(the_right_password_opens_and_a_wrong_or_absent_one_says_the_remedy)
{
    SERVER();
    unsetenv("PGPASSWORD");
    WORKS(db_open(&db, ground_url(&arena, "guest:sesame", "postgres"), &err), err);
    TRUE(strstr(db.name, "sesame") == NULL);
    db_close(&db);
    FAILS(db_open(&db, ground_url(&arena, "guest:s3same", "postgres"), &err), err, ERR_STORE);
    SAYS(err, "PGPASSWORD");
    SAYS(err, "password authentication failed");
    TRUE(strstr(err.text, "s3same") == NULL);
    err = (struct err){0};
    FAILS(db_open(&db, ground_url(&arena, "guest", "postgres"), &err), err, ERR_STORE);
    SAYS(err, "wants a password: set PGPASSWORD");
    err = (struct err){0};
    setenv("PGPASSWORD", "sesame", 1);
    WORKS(db_open(&db, ground_url(&arena, "guest", "postgres"), &err), err);
    db_close(&db);
    unsetenv("PGPASSWORD");
}

TEST(a_database_that_is_not_there_is_named_with_the_remedy)
{
    SERVER();
    FAILS(db_open(&db, ground_url(&arena, "guest:sesame", "nowhere"), &err), err, ERR_STORE);
    SAYS(err, "\"nowhere\" does not exist");
    SAYS(err, "createdb");
    TRUE(db.engine == NULL);
}

TEST(no_server_is_said_with_its_address)
{
    struct db db = {0};
    struct err err = {0};
    FAILS(db_open(&db, "postgresql://me:secret@127.0.0.1:1/x", &err), err, ERR_STORE);
    SAYS(err, "postgresql://127.0.0.1:1/x: no server answers");
    TRUE(strstr(err.text, "secret") == NULL);
}

TEST(a_url_that_cannot_be_read_does_not_show_the_password)
{
    static const char *const urls[] = {
        "postgresql://me:se%cret@host/db",  "postgresql://me:se/cret@host/db",
        "postgresql://me:secret/x@host/db", "postgresql://host/db?secret=cret",
        "postgresql://me:cret@[host/db",
    };
    for (size_t i = 0; i < LENGTH_OF(urls); i++) {
        struct db db = {0};
        struct err err = {0};
        FAILS(db_open(&db, urls[i], &err), err, ERR_INPUT);
        SAYS(err, "postgresql://USER:PASSWORD@HOST:PORT/DATABASE");
        TRUE(strstr(err.text, "cret") == NULL);
    }
}

TEST(a_database_of_another_encoding_is_refused)
{
    SERVER();
    WORKS(db_open(&db, ground_socket_url(&arena, ""), &err), err);
    WORKS(db_run(&db,
                 "create database latin encoding 'LATIN1' locale 'C' locale_provider libc template "
                 "template0",
                 &err),
          err);
    db_close(&db);
    FAILS(db_open(&db, ground_url(&arena, "guest:sesame", "latin"), &err), err, ERR_STORE);
    SAYS(err, "its encoding is LATIN1");
    SAYS(err, "createdb -E UTF8");
}

TEST(a_connection_that_was_ended_is_an_error_and_nothing_is_repeated)
{
    SERVER();
    const char *place = ground_database(&arena, "ended");
    CLEANUP(db_close) struct db other = {0};
    WORKS(db_open(&db, place, &err), err);
    WORKS(db_open(&other, place, &err), err);
    WORKS(db_define(&db, "create table t (a integer)", &err), err);
    WORKS(db_begin(&db, &err), err);
    WORKS(db_run(&db, "insert into t values (1)", &err), err);
    WORKS(db_run(&other,
                 "select pg_terminate_backend(pid) from pg_stat_activity where state = "
                 "'idle in transaction'",
                 &err),
          err);
    FAILS(db_commit(&db, &err), err, ERR_STORE);
    SAYS(err, "connection was lost");
    SAYS(err, "look before repeating it");
    err = (struct err){0};
    FAILS(db_run(&db, "insert into t values (1)", &err), err, ERR_STORE);
    db_close(&db);
    CLEANUP(db_finish) struct db_statement count = {0};
    err = (struct err){0};
    WORKS(db_prepare(&other, "select count(*) from t", &count, &err), err);
    WORKS(db_next(&count, &err), err);
    SAME(db_i64(&count, 0), 0);
}

/* The statement behind the faulty one is not run, whatever asks next is told, and the commit too.
 */
TEST(a_queue_that_failed_fails_what_is_asked_next)
{
    SERVER();
    CLEANUP(db_close) struct db it = {0};
    WORKS(db_open(&it, ground_database(&arena, "queue_failed"), &err), err);
    WORKS(db_define(&it, "create table t (a integer unique)", &err), err);
    enum { COMMIT, RUN, FINISH, NEXTS };
    for (int next = COMMIT; next < NEXTS; next++) {
        struct db_statement insert = {0};
        err = (struct err){0};
        WORKS(db_prepare(&it, "insert into t values ($1)", &insert, &err), err);
        WORKS(db_begin(&it, &err), err);
        for (int64_t a = 1; a <= 4; a++) {
            db_bind_i64(&insert, 1, a == 3 ? 2 : a);
            WORKS(db_queue(&insert, &err), err);
        }
        if (next == RUN)
            FAILS(db_run(&it, "select 1", &err), err, ERR_CONFLICT);
        if (next == FINISH)
            db_finish(&insert);
        err = (struct err){0};
        FAILS(db_commit(&it, &err), err, next == COMMIT ? ERR_CONFLICT : ERR_STORE);
        db_finish(&insert);
        CLEANUP(db_finish) struct db_statement count = {0};
        err = (struct err){0};
        WORKS(db_prepare(&it, "select count(*) from t", &count, &err), err);
        WORKS(db_next(&count, &err), err);
        SAME(db_i64(&count, 0), 0);
    }
}

TEST(a_queue_whose_connection_was_ended_is_an_error_and_whatever_is_asked_next_too)
{
    SERVER();
    const char *place = ground_database(&arena, "queue_ended");
    CLEANUP(db_close) struct db other = {0};
    WORKS(db_open(&other, place, &err), err);
    WORKS(db_define(&other, "create table t (a integer)", &err), err);
    for (int64_t before = 0; before < 3; before++) { /* rows that were queued by then */
        CLEANUP(db_close) struct db it = {0};
        CLEANUP(db_finish) struct db_statement insert = {0};
        err = (struct err){0};
        WORKS(db_open(&it, place, &err) && db_begin(&it, &err), err);
        WORKS(db_prepare(&it, "insert into t values ($1)", &insert, &err), err);
        for (int64_t a = 0; a < before; a++) {
            db_bind_i64(&insert, 1, a);
            WORKS(db_queue(&insert, &err), err);
        }
        WORKS(db_run(&other,
                     "select pg_terminate_backend(pid, 10000) from pg_stat_activity where state = "
                     "'idle in transaction'",
                     &err),
              err);
        db_bind_i64(&insert, 1, before);
        FAILS(db_queue(&insert, &err) && db_settle(&it, &err), err, ERR_STORE);
        for (int again = 0; again < 2; again++) {
            err = (struct err){0};
            FAILS(again == 0 ? db_run(&it, "select 1", &err) : db_commit(&it, &err), err,
                  ERR_STORE);
            SAYS(err, "connection was");
        }
    }
    CLEANUP(db_finish) struct db_statement count = {0};
    err = (struct err){0};
    WORKS(db_prepare(&other, "select count(*) from t", &count, &err), err);
    WORKS(db_next(&count, &err), err);
    SAME(db_i64(&count, 0), 0);
}

/* So many more bytes of memory may be had. */
UNUSED static void leave_memory(size_t bytes, struct rlimit *before)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    TRUE(file != NULL && fscanf(file, "%lu", &pages) == 1 && fclose(file) == 0);
    TRUE(getrlimit(RLIMIT_AS, before) == 0);
    struct rlimit little = {pages * (size_t)sysconf(_SC_PAGESIZE) + bytes, before->rlim_max};
    TRUE(setrlimit(RLIMIT_AS, &little) == 0);
}

/* Else the write lock would be held by a transaction that nobody can end. */
TEST(a_row_that_no_memory_was_had_for_leaves_a_transaction_that_can_be_rolled_back)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    SKIP("a sanitizer ends the process where malloc would return NULL");
#else
    SERVER();
    CLEANUP(db_close) struct db it = {0};
    WORKS(db_open(&it, ground_database(&arena, "queue_memory"), &err), err);
    WORKS(db_define(&it, "create table t (a text)", &err), err);
    CLEANUP(arena_release) struct arena long_arena = {.limit = 64 << 20};
    enum { LONG = 32 << 20 };
    char *bytes = arena_new(&long_arena, char, LONG);
    memset(bytes, 'a', LONG);
    for (int settled = 0; settled < 2; settled++) { /* what was queued before it */
        struct db_statement insert = {0};
        struct rlimit limit;
        err = (struct err){0};
        WORKS(db_prepare(&it, "insert into t values ($1)", &insert, &err), err);
        WORKS(db_begin(&it, &err), err);
        db_bind_text(&insert, 1, VIEW("short"));
        WORKS(db_queue(&insert, &err) && (!settled || db_settle(&it, &err)), err);
        db_bind_text(&insert, 1, (struct view){bytes, LONG});
        leave_memory(LONG / 2, &limit);
        bool queued = db_queue(&insert, &err);
        TRUE(setrlimit(RLIMIT_AS, &limit) == 0);
        FAILS(queued, err, ERR_STORE);
        SAYS(err, "memory");
        db_rollback(&it);
        db_bind_text(&insert, 1, VIEW("another"));
        err = (struct err){0};
        WORKS(db_begin(&it, &err), err);
        WORKS(db_queue(&insert, &err) && db_commit(&it, &err), err);
        SAME(db_settled_changes(&insert), 2);
        db_finish(&insert);
    }
    CLEANUP(db_finish) struct db_statement count = {0};
    WORKS(db_prepare(&it, "select count(*) from t where a = 'another'", &count, &err), err);
    WORKS(db_next(&count, &err), err);
    SAME(db_i64(&count, 0), 2);
#endif
}

TEST(a_statement_that_was_queued_is_forgotten_by_the_server_when_it_is_finished)
{
    SERVER();
    CLEANUP(db_close) struct db it = {0};
    CLEANUP(db_finish) struct db_statement insert = {0}, left = {0};
    WORKS(db_open(&it, ground_database(&arena, "queue_forgotten"), &err), err);
    WORKS(db_define(&it, "create table t (a integer unique)", &err), err);
    WORKS(db_prepare(&it, "insert into t values ($1)", &insert, &err), err);
    db_bind_i64(&insert, 1, 1);
    WORKS(db_queue(&insert, &err) && db_settle(&it, &err), err);
    db_finish(&insert);
    WORKS(db_prepare(&it, "select count(*) from pg_prepared_statements", &left, &err), err);
    WORKS(db_next(&left, &err), err);
    SAME(db_i64(&left, 0), 0);
}

/* Only a value tells its type: what was parsed for a NULL is parsed again, and is one statement. */
TEST(a_statement_that_is_parsed_anew_for_another_type_leaves_none_behind)
{
    SERVER();
    CLEANUP(db_close) struct db it = {0};
    CLEANUP(db_finish) struct db_statement insert = {0}, left = {0};
    WORKS(db_open(&it, ground_database(&arena, "queue_anew"), &err), err);
    WORKS(db_define(&it, "create table t (a integer)", &err), err);
    WORKS(db_prepare(&it, "insert into t values ($1)", &insert, &err), err);
    db_bind_null(&insert, 1);
    WORKS(db_queue(&insert, &err), err);
    db_bind_i64(&insert, 1, 1);
    WORKS(db_queue(&insert, &err) && db_settle(&it, &err), err);
    SAME(db_settled_changes(&insert), 2);
    db_finish(&insert);
    WORKS(db_prepare(&it, "select count(*) from pg_prepared_statements", &left, &err), err);
    WORKS(db_next(&left, &err), err);
    SAME(db_i64(&left, 0), 0);
}

TEST(a_commit_of_a_transaction_that_failed_is_not_taken_for_one)
{
    SERVER();
    CLEANUP(db_close) struct db it = {0};
    WORKS(db_open(&it, ground_database(&arena, "aborted"), &err), err);
    WORKS(db_begin(&it, &err), err);
    FAILS(db_run(&it, "selekt", &err), err, ERR_STORE);
    err = (struct err){0};
    FAILS(db_commit(&it, &err), err, ERR_STORE);
    SAYS(err, "nothing was committed");
    err = (struct err){0};
    WORKS(db_begin(&it, &err), err);
    db_rollback(&it);
}

TEST(the_lock_is_held_whatever_isolation_the_database_has_by_default)
{
    SERVER();
    const char *place = ground_database(&arena, "isolated");
    CLEANUP(db_close) struct db one = {0}, two = {0};
    WORKS(db_open(&one, place, &err), err);
    WORKS(db_open(&two, place, &err), err);
    WORKS(db_run(&two, "set default_transaction_isolation = 'serializable'", &err), err);
    WORKS(db_define(&one, "create table t (a integer)", &err), err);
    WORKS(db_begin(&one, &err), err);
    WORKS(db_run(&one, "insert into t values (1)", &err), err);
    pid_t child = fork();
    if (child == 0) { /* commits while the parent waits for the lock */
        usleep(300000);
        _exit(db_commit(&one, &err) ? 0 : 1);
    }
    WORKS(db_begin(&two, &err), err);
    CLEANUP(db_finish) struct db_statement count = {0};
    WORKS(db_prepare(&two, "select count(*) from t", &count, &err), err);
    WORKS(db_next(&count, &err), err);
    SAME(db_i64(&count, 0), 1);
    db_rollback(&two);
    int status;
    TRUE(waitpid(child, &status, 0) == child && status == 0);
}

TEST(a_text_that_is_no_utf8_or_holds_a_nul_is_refused_and_not_cut)
{
    SERVER();
    CLEANUP(db_close) struct db it = {0};
    WORKS(db_open(&it, ground_database(&arena, "bytes"), &err), err);
    const struct view texts[] = {{"a\0b", 3}, {"\xff", 1}};
    for (size_t i = 0; i < LENGTH_OF(texts); i++) {
        CLEANUP(db_finish) struct db_statement statement = {0};
        err = (struct err){0};
        WORKS(db_prepare(&it, "select $1", &statement, &err), err);
        db_bind_text(&statement, 1, texts[i]);
        FAILS(db_next(&statement, &err), err, ERR_INPUT);
    }
}
