/*
 * db: SQL with numbered parameters, on SQLite; other engines take the same text.
 *
 * Statements are prepared, bound by number ($1, $2, ...) and stepped. A
 * transaction takes the write lock at once, so two writers wait for each other
 * instead of failing half-way; one left open is rolled back when the database is
 * closed.
 *
 *     CLEANUP(db_finish) struct db_statement statement = {0};
 *     if (!db_prepare(&db, "select name from version where number = $1", &statement, err))
 *         return false;
 *     db_bind_i64(&statement, 1, number);
 *     while (db_next(&statement, err))
 *         use(db_text(&statement, 0));
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include "base/err.h"
#include "base/view.h"

struct db {
    void *handle;
    const char *path;
};

struct db_statement {
    void *handle;
    struct db *db;
};

bool db_open(struct db *db, const char *path, struct err *err);
void db_close(struct db *db);

/* One or more statements without parameters or results. */
bool db_run(struct db *db, const char *sql, struct err *err);

bool db_begin(struct db *db, struct err *err);
bool db_commit(struct db *db, struct err *err);
void db_rollback(struct db *db); /* harmless when there is nothing to roll back */

bool db_prepare(struct db *db, const char *sql, struct db_statement *out, struct err *err);
void db_finish(struct db_statement *statement);
void db_bind_i64(struct db_statement *statement, int parameter, int64_t value);
void db_bind_text(struct db_statement *statement, int parameter, struct view value); /* copied */
void db_bind_null(struct db_statement *statement, int parameter);

/* True while there is a row. A constraint that does not hold is ERR_CONFLICT. */
bool db_next(struct db_statement *statement, struct err *err);
bool db_done(struct db_statement *statement, struct err *err); /* runs it; rows are not wanted */

int64_t db_i64(const struct db_statement *statement, int column);
struct view db_text(const struct db_statement *statement, int column); /* until the next step */
bool db_is_null(const struct db_statement *statement, int column);

size_t db_changes(const struct db *db); /* rows the last statement changed */

#endif
