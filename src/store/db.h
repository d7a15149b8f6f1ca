/*
 * db: SQL with numbered parameters, on SQLite or PostgreSQL: one text for both.
 *
 * A database is a file, or "postgresql://USER@HOST:PORT/DATABASE" with whatever
 * libpq takes in such a URL. Statements are prepared, bound by number ($1, $2,
 * ...) and stepped. A transaction takes the one write lock at once, on either
 * engine, so two writers wait for each other instead of failing half-way, and
 * `max(number) + 1` has no gaps; one left open is rolled back when the database
 * is closed or the process ends. An error is told and nothing is tried again:
 * whoever asked knows whether doing it twice is right.
 *
 *     CLEANUP(db_finish) struct db_statement statement = {0};
 *     if (!db_prepare(&db, "select name from version where number = $1", &statement, err))
 *         return false;
 *     db_bind_i64(&statement, 1, number);
 *     while (db_next(&statement, err))
 *         use(db_text(&statement, 0));
 *
 * What an engine must do is in store/db_engine.h.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include "base/err.h"
#include "base/text.h"

struct db {
    const struct db_engine *engine; /* NULL: not open */
    void *handle;
    const char *name; /* how errors call it; never holds a password */
};

struct db_statement {
    void *handle; /* NULL: nothing prepared */
    struct db *db;
    size_t settled_changes;
};

bool db_open(struct db *db, const char *place, struct err *err);
void db_close(struct db *db);
bool db_is_url(struct view place);                 /* of a server, not a file's path */
void db_show(struct view place, struct text *out); /* with *** for a URL's password */

/* One or more statements without parameters or results. */
bool db_run(struct db *db, const char *sql, struct err *err);

/* The same for tables, in SQLite's words, which the engine may turn into its own: integer, real,
 * text, blob, strict; `id integer primary key` numbers itself. */
bool db_define(struct db *db, const char *sql, struct err *err);
bool db_has_table(struct db *db, const char *name, bool *out, struct err *err);

bool db_begin(struct db *db, struct err *err);
bool db_commit(struct db *db, struct err *err);
void db_rollback(struct db *db); /* harmless when there is nothing to roll back */
/* Commits what went well and rolls back what did not; true when it is committed. */
bool db_end(struct db *db, bool ok, struct err *err);

/* Broken SQL fails here or in the first step. */
bool db_prepare(struct db *db, const char *sql, struct db_statement *out, struct err *err);
void db_finish(struct db_statement *statement);
void db_bind_i64(struct db_statement *statement, int parameter, int64_t value);
void db_bind_text(struct db_statement *statement, int parameter, struct view value); /* copied */
void db_bind_null(struct db_statement *statement, int parameter);
/* As text: "cast($1 as double precision)" makes eight bytes of it on either engine. NULL where it
 * is not finite. */
void db_bind_real(struct db_statement *statement, int parameter, double value);

/* True while there is a row. A constraint that does not hold is ERR_CONFLICT. */
bool db_next(struct db_statement *statement, struct err *err);
bool db_done(struct db_statement *statement, struct err *err); /* runs it; rows are not wanted */

/* Runs it without waiting for what comes of it: for many rows in one transaction, without a round
 * trip for each. It may then be bound anew, every parameter, and queued again. What is queued is
 * run in its order, and before anything else that this database is asked; a fault is told by
 * db_settle or by what is asked next, and what was queued behind the faulty one is not run. A
 * statement is either queued or stepped; while it is queued its struct stays where it is. */
bool db_queue(struct db_statement *statement, struct err *err);
bool db_settle(struct db *db, struct err *err);                  /* waits for all that was queued */
size_t db_settled_changes(const struct db_statement *statement); /* rows, since it was prepared */

int64_t db_i64(const struct db_statement *statement, int column);      /* NULL reads as 0 */
struct view db_text(const struct db_statement *statement, int column); /* until the next step */
bool db_is_null(const struct db_statement *statement, int column);

size_t db_changes(const struct db *db); /* rows the last insert, update or delete changed */

#endif
