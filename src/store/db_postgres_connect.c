#include "store/db_postgres_connect.h"

#include <postgresql/libpq-fe.h>

struct view postgres_why(const PGconn *link)
{
    struct view rest = view_of(PQerrorMessage(link)), line;
    return view_cut(&rest, '\n', &line) ? view_trim(line) : VIEW("no reason given");
}

static void be_quiet(void *self UNUSED, const char *message UNUSED)
{
}

static const char *option_in(const PQconninfoOption *options, const char *keyword)
{
    for (; options->keyword != NULL; options++)
        if (strcmp(options->keyword, keyword) == 0)
            return options->val == NULL ? "" : options->val;
    return "";
}

/* libpq quotes what it cannot read, which may be a piece of the password: so its words on a URL are
 * not shown. A '/' or '@' in a password makes the rest of it the port. */
static bool read_name(const char *url, char name[POSTGRES_NAME_SIZE], struct err *err)
{
    PQconninfoOption *options = PQconninfoParse(url, NULL);
    bool ok = options != NULL;
    if (ok) {
        const char *port = option_in(options, "port");
        ok = strspn(port, "0123456789,") == strlen(port);
        snprintf(name, POSTGRES_NAME_SIZE, "postgresql://%s%s%s/%s", option_in(options, "host"),
                 port[0] == '\0' ? "" : ":", port, option_in(options, "dbname"));
    }
    PQconninfoFree(options);
    return ok ||
           err_set(err, ERR_INPUT,
                   "the database's URL is not postgresql://USER:PASSWORD@HOST:PORT/DATABASE; "
                   "in a name or password, '/', '@', ':', '%%' and the like are written %%XX");
}

/* What to do depends on how far it came: nobody there, a password wanted, or the server said no. */
static bool refused(const PGconn *link, const char *name, const char *const *keyword,
                    const char *const *value, struct err *err)
{
    PGPing ping = PQpingParams(keyword, value, 1);
    struct view why = postgres_why(link);
    int shown = (int)(why.length < 240 ? why.length : 240);
    if (ping == PQPING_NO_RESPONSE || ping == PQPING_NO_ATTEMPT)
        return err_set(err, ERR_STORE,
                       "%s: no server answers: start it, or correct store.database (%.*s)", name,
                       shown, why.text);
    if (ping == PQPING_REJECT)
        return err_set(err, ERR_STORE, "%s: the server takes no connections now (%.*s)", name,
                       shown, why.text);
    if (PQconnectionNeedsPassword(link))
        return err_set(err, ERR_STORE,
                       "%s: the server wants a password: set PGPASSWORD, or PGPASSFILE to a file "
                       "with it",
                       name);
    return err_set(err, ERR_STORE,
                   "%s: %.*s; correct user and database in store.database and the password in "
                   "PGPASSWORD, or make the database with `createdb`",
                   name, shown, why.text);
}

static bool is_utf8(const PGconn *link, const char *name, struct err *err)
{
    const char *encoding = PQparameterStatus(link, "server_encoding");
    return (encoding != NULL && strcmp(encoding, "UTF8") == 0) ||
           err_set(err, ERR_STORE, "%s: its encoding is %s: make it with `createdb -E UTF8`", name,
                   encoding == NULL ? "unknown" : encoding);
}

bool postgres_connect(const char *url, char name[POSTGRES_NAME_SIZE], PGconn **link,
                      struct err *err)
{
    /* What the URL says wins over what stands before it. */
    const char *const keyword[] = {"connect_timeout",           "keepalives_idle",
                                   "fallback_application_name", "dbname",
                                   "client_encoding",           NULL};
    const char *const value[] = {"10", "60", "assay", url, "UTF8", NULL};
    if (!read_name(url, name, err))
        return false;
    *link = PQconnectdbParams(keyword, value, 1);
    if (*link == NULL)
        return err_set(err, ERR_LIMIT, "%s: no memory for a connection", name);
    PQsetNoticeProcessor(*link, be_quiet, NULL);
    if (PQstatus(*link) != CONNECTION_OK)
        return refused(*link, name, keyword, value, err);
    return is_utf8(*link, name, err);
}
