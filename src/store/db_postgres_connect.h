/*
 * db_postgres_connect: a connection to the PostgreSQL server of a URL, or the remedy.
 *
 * Inside of store/db_postgres.c only, whose leaf it is.
 */
#ifndef STORE_DB_POSTGRES_CONNECT_H
#define STORE_DB_POSTGRES_CONNECT_H

#include "base/err.h"
#include "base/view.h"

enum { POSTGRES_NAME_SIZE = 256 };

struct pg_conn; /* libpq's PGconn */

/* `name` is how errors call the database, without its password. What was begun is in `link` on a
 * failure too: the caller ends it. */
bool postgres_connect(const char *url, char name[POSTGRES_NAME_SIZE], struct pg_conn **link,
                      struct err *err);

/* The first line of what libpq said last. */
struct view postgres_why(const struct pg_conn *link);

#endif
