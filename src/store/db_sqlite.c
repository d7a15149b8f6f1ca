#include "store/db_engine.h"

#include <errno.h>
#include <sqlite3.h>

enum { BUSY_MS = 30000 };

static bool failed(const struct db *db, const char *doing, struct err *err)
{
    int code = sqlite3_errcode(db->handle) & 0xff;
    enum err_kind kind = code == SQLITE_CONSTRAINT ? ERR_CONFLICT
                         : code == SQLITE_FULL     ? ERR_IO
                                                   : ERR_STORE;
    if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT)
        return err_set(err, kind, "%s is damaged (%s): put a copy of it back", db->name,
                       sqlite3_errmsg(db->handle));
    int why = code == SQLITE_IOERR ? sqlite3_system_errno(db->handle) : 0;
    if (why == ENOSPC)
        return err_set(err, ERR_IO, "%s: %s: %s", db->name, doing, strerror(why));
    return err_set(err, kind, "%s: %s: %s", db->name, doing, sqlite3_errmsg(db->handle));
}

/* Turning to the write-ahead log needs the file alone for a moment and does not wait for it, so of
 * several processes that open a new database at once all but one would be told it is locked. */
static bool turn_to_log(struct db *db, struct err *err)
{
    enum { PAUSE_MS = 10 };
    int status = SQLITE_BUSY;
    for (int waited_ms = 0; waited_ms < BUSY_MS; waited_ms += PAUSE_MS) {
        status = sqlite3_exec(db->handle, "pragma journal_mode = wal", NULL, NULL, NULL);
        if ((status & 0xff) != SQLITE_BUSY)
            break;
        sqlite3_sleep(PAUSE_MS);
    }
    return status == SQLITE_OK || failed(db, "the write-ahead log cannot be used", err);
}

static void close_it(struct db *db)
{
    sqlite3_close(db->handle); /* rolls back what is open */
}

static bool run(struct db *db, const char *sql, struct err *err)
{
    if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) != SQLITE_OK)
        return failed(db, "a statement failed", err);
    return true;
}

static bool open_it(struct db *db, const char *path, struct err *err)
{
    sqlite3 *handle = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int status = sqlite3_open_v2(path, &handle, flags, NULL);
    db->handle = handle;
    db->name = path;
    if (status != SQLITE_OK) {
        bool ok = err_set(err, ERR_STORE, "%s cannot be opened: %s", path, sqlite3_errstr(status));
        sqlite3_close(handle);
        return ok;
    }
    sqlite3_extended_result_codes(handle, 0);
    sqlite3_busy_timeout(handle, BUSY_MS);
    if (turn_to_log(db, err) &&
        run(db, "pragma synchronous = full; pragma foreign_keys = on;", err))
        return true;
    close_it(db);
    return false;
}

static bool begin(struct db *db, struct err *err)
{
    return run(db, "begin immediate", err);
}

static bool commit(struct db *db, struct err *err)
{
    return run(db, "commit", err);
}

static void rollback(struct db *db)
{
    if (!sqlite3_get_autocommit(db->handle))
        sqlite3_exec(db->handle, "rollback", NULL, NULL, NULL);
}

static size_t changes(const struct db *db)
{
    return (size_t)sqlite3_changes64(db->handle);
}

static bool prepare(struct db *db, const char *sql, struct db_statement *out, struct err *err)
{
    sqlite3_stmt *handle;
    if (sqlite3_prepare_v2(db->handle, sql, -1, &handle, NULL) != SQLITE_OK)
        return failed(db, "a statement cannot be prepared", err);
    *out = (struct db_statement){.handle = handle, .db = db};
    return true;
}

static void finish(struct db_statement *statement)
{
    sqlite3_finalize(statement->handle);
}

/* In SQLite `$1` is a name, numbered by where it first stands: "select $2, $1" would bind
 * backwards if the number were the index. */
static int index_of(const struct db_statement *statement, int parameter)
{
    char name[16];
    snprintf(name, sizeof name, "$%d", parameter);
    int index = sqlite3_bind_parameter_index(statement->handle, name);
    assert(index > 0);
    return index;
}

static void bind_i64(struct db_statement *statement, int parameter, int64_t value)
{
    int status = sqlite3_bind_int64(statement->handle, index_of(statement, parameter), value);
    assert(status == SQLITE_OK);
}

static void bind_text(struct db_statement *statement, int parameter, struct view value)
{
    int status = sqlite3_bind_text64(statement->handle, index_of(statement, parameter),
                                     value.length == 0 ? "" : value.text, value.length,
                                     SQLITE_TRANSIENT, SQLITE_UTF8);
    assert(status == SQLITE_OK);
}

static void bind_null(struct db_statement *statement, int parameter)
{
    int status = sqlite3_bind_null(statement->handle, index_of(statement, parameter));
    assert(status == SQLITE_OK);
}

static bool next(struct db_statement *statement, struct err *err)
{
    int status = sqlite3_step(statement->handle);
    if (status == SQLITE_ROW)
        return true;
    if (status != SQLITE_DONE)
        return failed(statement->db, "a statement failed", err);
    return false;
}

/* There is no way to the database that would be worth saving. */
static bool queue(struct db_statement *statement, struct err *err)
{
    while (next(statement, err))
        ;
    if (err->kind == ERR_NONE)
        statement->settled_changes += changes(statement->db);
    sqlite3_reset(statement->handle);
    return err->kind == ERR_NONE;
}

static bool settle(struct db *db UNUSED, struct err *err UNUSED)
{
    return true;
}

static int64_t i64(const struct db_statement *statement, int column)
{
    return sqlite3_column_int64(statement->handle, column);
}

static struct view text(const struct db_statement *statement, int column)
{
    const unsigned char *bytes = sqlite3_column_text(statement->handle, column);
    int size = sqlite3_column_bytes(statement->handle, column);
    return (struct view){bytes == NULL ? "" : (const char *)bytes, (size_t)size};
}

static bool is_null(const struct db_statement *statement, int column)
{
    return sqlite3_column_type(statement->handle, column) == SQLITE_NULL;
}

const struct db_engine db_sqlite = {
    .tables = "select count(*) from sqlite_master where type = 'table' and name = $1",
    .open = open_it,
    .close = close_it,
    .run = run,
    .define = run,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .changes = changes,
    .prepare = prepare,
    .finish = finish,
    .bind_i64 = bind_i64,
    .bind_text = bind_text,
    .bind_null = bind_null,
    .next = next,
    .queue = queue,
    .settle = settle,
    .i64 = i64,
    .text = text,
    .is_null = is_null,
};
