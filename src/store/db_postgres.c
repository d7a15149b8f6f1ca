#include "store/db_engine.h"

#include "base/number.h"
#include "store/db_postgres_connect.h"
#include "store/dialect.h"

#include <endian.h>
#include <postgresql/libpq-fe.h>

enum { PARAMETERS_MAX = 16, TEXT_MAX = 64 << 20 };
enum {
    QUEUE_MAX = 1000, /* so many answers, of some 50 bytes each, wait for us in the socket */
    QUEUE_STEPS = 3,  /* most that one statement owes: one forgotten, one parsed, one run */
};
static const int as_bytes[PARAMETERS_MAX] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
enum { TYPE_ANY = 0, TYPE_INT8 = 20, TYPE_TEXT = 25 }; /* pg_type.dat's numbers, never changed */

/* Both live in the arena that they hold. */
struct connection {
    struct arena arena;
    PGconn *link; /* NULL, to libpq one that was lost: we gave it up */
    size_t changes;
    unsigned numbers;   /* the last that the server was given a statement under */
    unsigned forgotten; /* up to here it may not have them */
    struct db_statement *queued[QUEUE_MAX]; /* what answers are owed for; NULL: for a parse */
    size_t queue_length;
    char name[POSTGRES_NAME_SIZE];
};

struct query {
    struct arena arena;
    struct arena values; /* what is bound */
    const char *sql;
    int parameters;
    Oid type[PARAMETERS_MAX];
    unsigned number; /* 0: the server was not given it for the queue */
    Oid parsed_type[PARAMETERS_MAX];
    const char *value[PARAMETERS_MAX];
    int length[PARAMETERS_MAX];
    bool too_large;   /* a value did not fit: told when it is run */
    PGresult *result; /* NULL: not run yet */
    int row;
};

/* ---------------------------------------------------------------- errors */

static struct connection *connection_of(const struct db *db)
{
    return db->handle;
}

static enum err_kind kind_of(const char *state)
{
    static const struct {
        const char *state; /* or its class, the first two letters */
        enum err_kind kind;
    } kinds[] = {
        {"23", ERR_CONFLICT},    /* a constraint */
        {"22P02", ERR_CONFLICT}, /* 'x' into an integer, as SQLite's strict tables say it */
        {"42804", ERR_CONFLICT}, /* a text into an integer */
        {"22021", ERR_INPUT},    /* a text that is no UTF-8 */
        {"53100", ERR_IO},       /* the disk is full */
    };
    for (size_t i = 0; i < LENGTH_OF(kinds); i++)
        if (view_starts(view_of(state), kinds[i].state))
            return kinds[i].kind;
    return ERR_STORE;
}

static bool failed(const struct db *db, const PGresult *result, struct err *err)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *why = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const struct connection *connection = connection_of(db);
    if (connection->link == NULL)
        return err_set(err, ERR_STORE, "%s: the connection was given up after a fault", db->name);
    if (PQstatus(connection->link) != CONNECTION_OK)
        return err_set(err, ERR_STORE,
                       "%s: the connection was lost: " VIEW_FMT
                       "; what was being written may or may not be there: look before repeating it",
                       db->name, VIEW_ARG(postgres_why(connection->link)));
    if (state == NULL || why == NULL)
        return err_set(err, ERR_STORE, "%s: " VIEW_FMT, db->name,
                       VIEW_ARG(postgres_why(connection->link)));
    if (strcmp(state, "55P03") == 0)
        return err_set(err, ERR_STORE, "%s: somebody else has held the write lock for 30 seconds",
                       db->name);
    return err_set(err, kind_of(state), "%s: a statement failed: %s", db->name, why);
}

static bool too_large(const struct db *db, struct err *err)
{
    return err_set(err, ERR_LIMIT, "%s: a statement's values take more than %d bytes", db->name,
                   TEXT_MAX);
}

/* ---------------------------------------------------------------- opening */

static void release(struct connection *connection)
{
    PQfinish(connection->link);
    struct arena arena = connection->arena;
    arena_release(&arena);
}

static bool open_it(struct db *db, const char *url, struct err *err)
{
    struct arena arena = {.limit = 1 << 16};
    struct connection *connection = arena_new(&arena, struct connection, 1);
    if (connection == NULL)
        return err_set(err, ERR_LIMIT, "no memory for a connection");
    connection->arena = arena;
    if (postgres_connect(url, connection->name, &connection->link, err)) {
        db->handle = connection;
        db->name = connection->name;
        return true;
    }
    release(connection);
    return false;
}

static void close_it(struct db *db)
{
    release(connection_of(db));
}

/* ---------------------------------------------------------------- the queue */

/* What one of the queue came to; the first fault is told, what stands behind it was not run. */
static bool take_result(const struct db *db, struct db_statement *statement, struct err *err)
{
    struct connection *connection = connection_of(db);
    PGresult *result = PQgetResult(connection->link), *end;
    ExecStatusType status = PQresultStatus(result);
    bool ok = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    int64_t count;
    if (ok && statement != NULL && number_parse_i64(view_of(PQcmdTuples(result)), &count))
        statement->settled_changes += (size_t)count;
    if (!ok && err->kind == ERR_NONE)
        failed(db, result, err);
    PQclear(result);
    while ((end = PQgetResult(connection->link)) != NULL)
        PQclear(end);
    return ok;
}

/* A pipeline that cannot be left is good for nothing more: the server rolls back what it began. */
static void leave_pipeline(struct connection *connection)
{
    connection->queue_length = 0;
    if (PQexitPipelineMode(connection->link) == 1)
        return;
    PQfinish(connection->link);
    connection->link = NULL;
}

/* Out of the pipeline, in which nothing else may be asked. */
static bool settle(struct db *db, struct err *err)
{
    struct connection *connection = connection_of(db);
    if (PQpipelineStatus(connection->link) == PQ_PIPELINE_OFF)
        return true;
    bool sent = PQpipelineSync(connection->link) == 1, ok = sent || failed(db, NULL, err);
    for (size_t i = 0; i < connection->queue_length && sent; i++)
        ok &= take_result(db, connection->queued[i], err);
    if (sent)
        PQclear(PQgetResult(connection->link)); /* of the sync itself */
    leave_pipeline(connection);
    if (!ok)
        connection->forgotten = connection->numbers;
    return ok;
}

static bool owe(struct connection *connection, struct db_statement *statement)
{
    connection->queued[connection->queue_length++] = statement;
    return true;
}

static const char *name_of(unsigned number, char out[NUMBER_SIZE])
{
    snprintf(out, NUMBER_SIZE, "assay_%u", number);
    return out;
}

/* The types of what is bound are a part of what the server parses; a NULL has any. */
static bool is_parsed(const struct connection *connection, const struct query *query)
{
    if (query->number <= connection->forgotten)
        return false;
    for (int i = 0; i < query->parameters; i++)
        if (query->type[i] != TYPE_ANY && query->type[i] != query->parsed_type[i])
            return false;
    return true;
}

enum { FORGET_SIZE = NUMBER_SIZE + 16 };
static const char *forget_of(const struct query *query, char out[FORGET_SIZE])
{
    char name[NUMBER_SIZE];
    snprintf(out, FORGET_SIZE, "deallocate %s", name_of(query->number, name));
    return out;
}

/* What was parsed before, for other types, is not left behind. */
static bool parse(struct connection *connection, struct query *query)
{
    char name[NUMBER_SIZE], sql[FORGET_SIZE];
    if (query->number > connection->forgotten &&
        (PQsendQueryParams(connection->link, forget_of(query, sql), 0, NULL, NULL, NULL, NULL, 0) !=
             1 ||
         !owe(connection, NULL)))
        return false;
    for (int i = 0; i < query->parameters; i++)
        if (query->type[i] != TYPE_ANY)
            query->parsed_type[i] = query->type[i];
    query->number = ++connection->numbers;
    return PQsendPrepare(connection->link, name_of(query->number, name), query->sql,
                         query->parameters, query->parsed_type) == 1 &&
           owe(connection, NULL);
}

/* Also by the server; what it may not have is left to it until the connection ends. */
static void forget(struct connection *connection, const struct query *query)
{
    char sql[FORGET_SIZE];
    if (query->number > connection->forgotten &&
        PQtransactionStatus(connection->link) != PQTRANS_INERROR)
        PQclear(PQexec(connection->link, forget_of(query, sql)));
}

static bool queue(struct db_statement *statement, struct err *err)
{
    struct query *query = statement->handle;
    struct connection *connection = connection_of(statement->db);
    if (query->too_large)
        return too_large(statement->db, err);
    if (connection->queue_length + QUEUE_STEPS > QUEUE_MAX && !settle(statement->db, err))
        return false;
    char name[NUMBER_SIZE];
    bool ok = PQenterPipelineMode(connection->link) == 1 &&
              (is_parsed(connection, query) || parse(connection, query)) &&
              PQsendQueryPrepared(connection->link, name_of(query->number, name), query->parameters,
                                  query->value, query->length, as_bytes, 0) == 1 &&
              owe(connection, statement);
    arena_reset(&query->values);
    if (ok)
        return true;
    connection->forgotten = connection->numbers;
    return failed(statement->db, NULL, err);
}

/* ---------------------------------------------------------------- statements and transactions */

static bool run(struct db *db, const char *sql, struct err *err)
{
    if (!settle(db, err))
        return false;
    PGresult *result = PQexec(connection_of(db)->link, sql);
    ExecStatusType status = PQresultStatus(result);
    bool ok = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || failed(db, result, err);
    PQclear(result);
    return ok;
}

static bool define(struct db *db, const char *sql, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct text text = text_in_arena(&arena);
    dialect_to_postgres(view_of(sql), &text);
    const char *theirs = text_c(&text);
    if (text.cut)
        return err_set(err, ERR_LIMIT, "a definition of tables is too long");
    return run(db, theirs, err);
}

static void rollback(struct db *db)
{
    struct err dropped = {0};
    settle(db, &dropped);
    if (PQtransactionStatus(connection_of(db)->link) != PQTRANS_IDLE)
        PQclear(PQexec(connection_of(db)->link, "rollback"));
}

/* One writer at a time, as in SQLite: the lock is an advisory one whose number spells "assay". Each
 * statement sees what was committed before it began, so what comes after the lock sees what the
 * holder before left; any stricter isolation would look at the past. A holder that is gone without
 * a word (its machine lost its power) is given up after a minute. */
static bool begin(struct db *db, struct err *err)
{
    if (run(db,
            "begin isolation level read committed read write;"
            "set local lock_timeout = '30s';"
            "set local idle_in_transaction_session_timeout = '60s';"
            "select pg_advisory_xact_lock(418548769145)",
            err))
        return true;
    rollback(db);
    return false;
}

/* Committing a transaction in which something failed is no error to PostgreSQL: it rolls back. */
static bool commit(struct db *db, struct err *err)
{
    if (!settle(db, err))
        return false;
    PGresult *result = PQexec(connection_of(db)->link, "commit");
    bool ok = PQresultStatus(result) == PGRES_COMMAND_OK || failed(db, result, err);
    if (ok && strcmp(PQcmdStatus(result), "COMMIT") != 0)
        ok = err_set(err, ERR_STORE, "%s: nothing was committed: a statement had failed", db->name);
    PQclear(result);
    return ok;
}

static size_t changes(const struct db *db)
{
    return connection_of(db)->changes;
}

/* ---------------------------------------------------------------- queries */

static bool prepare(struct db *db, const char *sql, struct db_statement *out, struct err *err)
{
    struct arena arena = {.limit = TEXT_MAX};
    struct query *query = arena_new(&arena, struct query, 1);
    const char *copy = query == NULL ? NULL : view_copy(view_of(sql), &arena);
    if (copy == NULL) {
        arena_release(&arena);
        return err_set(err, ERR_LIMIT, "no memory for a statement");
    }
    query->arena = arena;
    query->values = (struct arena){.limit = TEXT_MAX};
    query->sql = copy;
    *out = (struct db_statement){.handle = query, .db = db};
    return true;
}

static void finish(struct db_statement *statement)
{
    struct query *query = statement->handle;
    struct err dropped = {0}; /* what failed in a transaction fails its commit */
    settle(statement->db, &dropped);
    forget(connection_of(statement->db), query);
    PQclear(query->result);
    arena_release(&query->values);
    struct arena arena = query->arena;
    arena_release(&arena);
}

/* Values go as bytes, so that nothing is quoted, cut at a NUL, or read in a locale. */
static void bind(struct db_statement *statement, int parameter, Oid type, const char *bytes,
                 size_t length)
{
    struct query *query = statement->handle;
    assert(parameter >= 1 && parameter <= PARAMETERS_MAX && query->result == NULL);
    int i = parameter - 1;
    query->too_large |= type != TYPE_ANY && bytes == NULL;
    if (parameter > query->parameters)
        query->parameters = parameter;
    query->type[i] = type;
    query->value[i] = bytes;
    query->length[i] = (int)length;
}

static void bind_i64(struct db_statement *statement, int parameter, int64_t value)
{
    struct query *query = statement->handle;
    uint64_t big_endian = htobe64((uint64_t)value);
    const char *bytes = arena_copy(&query->values, (const char *)&big_endian, sizeof big_endian);
    bind(statement, parameter, TYPE_INT8, bytes, sizeof big_endian);
}

static void bind_text(struct db_statement *statement, int parameter, struct view value)
{
    struct query *query = statement->handle;
    const char *bytes =
        value.length == 0 ? "" : arena_copy(&query->values, value.text, value.length);
    bind(statement, parameter, TYPE_TEXT, bytes, value.length);
}

static void bind_null(struct db_statement *statement, int parameter)
{
    bind(statement, parameter, TYPE_ANY, NULL, 0);
}

static bool execute(struct db_statement *statement, struct err *err)
{
    struct query *query = statement->handle;
    struct connection *connection = connection_of(statement->db);
    if (query->too_large)
        return too_large(statement->db, err);
    if (!settle(statement->db, err))
        return false;
    query->result = PQexecParams(connection->link, query->sql, query->parameters, query->type,
                                 query->value, query->length, as_bytes, 0);
    ExecStatusType status = PQresultStatus(query->result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        return failed(statement->db, query->result, err);
    int64_t count;
    if (number_parse_i64(view_of(PQcmdTuples(query->result)), &count))
        connection->changes = (size_t)count;
    query->row = -1;
    return true;
}

static bool next(struct db_statement *statement, struct err *err)
{
    struct query *query = statement->handle;
    if (query->result == NULL && !execute(statement, err))
        return false;
    return ++query->row < PQntuples(query->result);
}

static bool is_null(const struct db_statement *statement, int column)
{
    const struct query *query = statement->handle;
    return PQgetisnull(query->result, query->row, column) == 1;
}

static struct view text(const struct db_statement *statement, int column)
{
    const struct query *query = statement->handle;
    int length = PQgetlength(query->result, query->row, column);
    return (struct view){PQgetvalue(query->result, query->row, column), (size_t)length};
}

static int64_t i64(const struct db_statement *statement, int column)
{
    int64_t value = 0;
    bool is_number = number_parse_i64(text(statement, column), &value);
    assert(is_number || is_null(statement, column));
    return value;
}

const struct db_engine db_postgres = {
    .tables = "select count(*) from information_schema.tables where table_schema = "
              "current_schema() and table_name = $1",
    .open = open_it,
    .close = close_it,
    .run = run,
    .define = define,
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
