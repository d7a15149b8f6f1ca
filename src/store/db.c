#include "store/db.h"

#include "base/number.h"
#include "store/db_engine.h"

#include <math.h>

bool db_is_url(struct view place)
{
    return view_starts(place, "postgresql://") || view_starts(place, "postgres://");
}

/* A password that nobody encoded may hold a '/' or an '@': what stands before the last '@' is taken
 * for it. */
void db_show(struct view place, struct text *out)
{
    static const char option[] = "password=";
    if (place.length == 0)
        return;
    const char *from = place.text, *end = from + place.length;
    const char *at = db_is_url(place) ? memrchr(from, '@', place.length) : NULL;
    if (at != NULL) {
        const char *user = (const char *)memmem(place.text, place.length, "://", 3) + 3;
        const char *colon = memchr(user, ':', (size_t)(at - user));
        if (colon != NULL) {
            text_add(out, (struct view){from, (size_t)(colon + 1 - from)});
            text_adds(out, "***");
            from = at;
        }
    }
    const char *given = memmem(from, (size_t)(end - from), option, sizeof option - 1);
    if (given != NULL) {
        given += sizeof option - 1;
        text_add(out, (struct view){from, (size_t)(given - from)});
        text_adds(out, "***");
        const char *next = memchr(given, '&', (size_t)(end - given));
        from = next == NULL ? end : next;
    }
    text_add(out, (struct view){from, (size_t)(end - from)});
}

bool db_open(struct db *db, const char *place, struct err *err)
{
    struct db made = {.engine = db_is_url(view_of(place)) ? &db_postgres : &db_sqlite};
    if (!made.engine->open(&made, place, err))
        return false;
    *db = made;
    return true;
}

void db_close(struct db *db)
{
    if (db->engine != NULL)
        db->engine->close(db);
    *db = (struct db){0};
}

bool db_run(struct db *db, const char *sql, struct err *err)
{
    return db->engine->run(db, sql, err);
}

bool db_define(struct db *db, const char *sql, struct err *err)
{
    return db->engine->define(db, sql, err);
}

bool db_has_table(struct db *db, const char *name, bool *out, struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    if (!db_prepare(db, db->engine->tables, &statement, err))
        return false;
    db_bind_text(&statement, 1, view_of(name));
    if (!db_next(&statement, err))
        return err->kind != ERR_NONE ? false : err_set(err, ERR_STORE, "no count came back");
    *out = db_i64(&statement, 0) > 0;
    return true;
}

bool db_begin(struct db *db, struct err *err)
{
    return db->engine->begin(db, err);
}

bool db_commit(struct db *db, struct err *err)
{
    if (db->engine->commit(db, err))
        return true;
    db_rollback(db);
    return false;
}

void db_rollback(struct db *db)
{
    db->engine->rollback(db);
}

bool db_end(struct db *db, bool ok, struct err *err)
{
    if (ok)
        return db_commit(db, err);
    db_rollback(db);
    return false;
}

size_t db_changes(const struct db *db)
{
    return db->engine->changes(db);
}

bool db_prepare(struct db *db, const char *sql, struct db_statement *out, struct err *err)
{
    return db->engine->prepare(db, sql, out, err);
}

void db_finish(struct db_statement *statement)
{
    if (statement->handle != NULL)
        statement->db->engine->finish(statement);
    statement->handle = NULL;
}

void db_bind_i64(struct db_statement *statement, int parameter, int64_t value)
{
    statement->db->engine->bind_i64(statement, parameter, value);
}

void db_bind_text(struct db_statement *statement, int parameter, struct view value)
{
    statement->db->engine->bind_text(statement, parameter, value);
}

void db_bind_null(struct db_statement *statement, int parameter)
{
    statement->db->engine->bind_null(statement, parameter);
}

void db_bind_real(struct db_statement *statement, int parameter, double value)
{
    char text[NUMBER_SIZE];
    if (!isfinite(value))
        db_bind_null(statement, parameter);
    else
        db_bind_text(statement, parameter, (struct view){text, number_print(value, text)});
}

bool db_next(struct db_statement *statement, struct err *err)
{
    return statement->db->engine->next(statement, err);
}

bool db_done(struct db_statement *statement, struct err *err)
{
    while (db_next(statement, err))
        ;
    return err->kind == ERR_NONE;
}

bool db_queue(struct db_statement *statement, struct err *err)
{
    return statement->db->engine->queue(statement, err);
}

bool db_settle(struct db *db, struct err *err)
{
    return db->engine->settle(db, err);
}

size_t db_settled_changes(const struct db_statement *statement)
{
    return statement->settled_changes;
}

int64_t db_i64(const struct db_statement *statement, int column)
{
    return statement->db->engine->i64(statement, column);
}

struct view db_text(const struct db_statement *statement, int column)
{
    return statement->db->engine->text(statement, column);
}

bool db_is_null(const struct db_statement *statement, int column)
{
    return statement->db->engine->is_null(statement, column);
}
