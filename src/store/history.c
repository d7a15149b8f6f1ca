#include "store/history.h"

#include "base/clock.h"

static const char *const actions[] = {"promote", "rollback"};

bool history_add(struct store *store, const char *alias, enum deployment action, int64_t number,
                 int64_t previous, const char *actor, const char *reason, struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    if (!db_prepare(&store->db,
                    "insert into deployment (alias, number, previous, at_ms, actor, reason, action)"
                    " values ($1, $2, $3, $4, $5, $6, $7)",
                    &statement, err))
        return false;
    db_bind_text(&statement, 1, view_of(alias));
    db_bind_i64(&statement, 2, number);
    if (previous == 0)
        db_bind_null(&statement, 3);
    else
        db_bind_i64(&statement, 3, previous);
    db_bind_i64(&statement, 4, clock_now_ms());
    db_bind_text(&statement, 5, view_of(actor));
    db_bind_text(&statement, 6, view_of(reason));
    db_bind_text(&statement, 7, view_of(actions[action]));
    return db_done(&statement, err);
}

static bool count_of(struct store *store, const char *alias, size_t *out, struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    if (!db_prepare(&store->db, "select count(*) from deployment where alias = $1", &statement,
                    err))
        return false;
    db_bind_text(&statement, 1, view_of(alias));
    *out = db_next(&statement, err) ? (size_t)db_i64(&statement, 0) : 0;
    return err->kind == ERR_NONE;
}

static void go_back(struct history *history, int64_t number)
{
    size_t at = history->count;
    while (at > 0 && history->version[at - 1] != number)
        at--;
    if (at == 0) /* from before the history began */
        history->version[at++] = number;
    history->count = at;
}

bool history_load(struct store *store, const char *alias, struct arena *arena, struct history *out,
                  struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    size_t count;
    *out = (struct history){0};
    if (!count_of(store, alias, &count, err))
        return false;
    out->version = arena_new(arena, int64_t, count + 1);
    if (out->version == NULL)
        return err_set(err, ERR_LIMIT, "the deployments do not fit the memory limit");
    if (!db_prepare(&store->db,
                    "select number, action from deployment where alias = $1 order by id",
                    &statement, err))
        return false;
    db_bind_text(&statement, 1, view_of(alias));
    for (size_t i = 0; i < count && db_next(&statement, err); i++) {
        int64_t number = db_i64(&statement, 0);
        if (view_is(db_text(&statement, 1), actions[DEPLOYMENT_ROLLBACK]))
            go_back(out, number);
        else
            out->version[out->count++] = number;
    }
    return err->kind == ERR_NONE;
}

bool history_was_left(struct store *store, const char *alias, int64_t number, bool *out,
                      struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    *out = false;
    if (!db_prepare(&store->db,
                    "select number, action from deployment where alias = $1 and (number = $2 or "
                    "previous = $2) order by id desc limit 1",
                    &statement, err))
        return false;
    db_bind_text(&statement, 1, view_of(alias));
    db_bind_i64(&statement, 2, number);
    if (db_next(&statement, err))
        *out = db_i64(&statement, 0) != number &&
               view_is(db_text(&statement, 1), actions[DEPLOYMENT_ROLLBACK]);
    return err->kind == ERR_NONE;
}
