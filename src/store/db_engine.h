/*
 * db_engine: what a database must be able to do to stand behind store/db.h.
 *
 * The functions keep the promises of their namesakes there. `open` fills
 * `handle` and `name` of a zeroed db, and cleans up after itself when it fails.
 */
#ifndef STORE_DB_ENGINE_H
#define STORE_DB_ENGINE_H

#include "store/db.h"

struct db_engine {
    const char *tables; /* SQL: how many tables of this database have the name $1 */
    bool (*open)(struct db *db, const char *place, struct err *err);
    void (*close)(struct db *db);
    bool (*run)(struct db *db, const char *sql, struct err *err);
    bool (*define)(struct db *db, const char *sql, struct err *err);
    bool (*begin)(struct db *db, struct err *err);
    bool (*commit)(struct db *db, struct err *err);
    void (*rollback)(struct db *db);
    size_t (*changes)(const struct db *db);

    bool (*prepare)(struct db *db, const char *sql, struct db_statement *out, struct err *err);
    void (*finish)(struct db_statement *statement);
    void (*bind_i64)(struct db_statement *statement, int parameter, int64_t value);
    void (*bind_text)(struct db_statement *statement, int parameter, struct view value);
    void (*bind_null)(struct db_statement *statement, int parameter);
    bool (*next)(struct db_statement *statement, struct err *err);
    bool (*queue)(struct db_statement *statement, struct err *err);
    bool (*settle)(struct db *db, struct err *err);
    int64_t (*i64)(const struct db_statement *statement, int column);
    struct view (*text)(const struct db_statement *statement, int column);
    bool (*is_null)(const struct db_statement *statement, int column);
};

extern const struct db_engine db_sqlite, db_postgres;

#endif
