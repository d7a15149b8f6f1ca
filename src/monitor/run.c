#include "monitor/run.h"

static const char *const states[] = {
    [WATCH_OK] = "ok",         [WATCH_INSUFFICIENT] = "insufficient",
    [WATCH_WATCH] = "watch",   [WATCH_ALARM] = "alarm",
    [WATCH_FAILED] = "failed",
};

const char *watch_state_name(enum watch_state state)
{
    return states[state];
}

/* ---------------------------------------------------------------- taking */

/* What `sql` finds of a watch, $1, and its runs up to an instant, $2; INT64_MIN: nothing. */
static bool ask_latest(struct store *store, const char *sql, const char *watch, int64_t until_ms,
                       int64_t *out, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    *out = INT64_MIN;
    if (!db_prepare(&store->db, sql, &row, err))
        return false;
    db_bind_text(&row, 1, view_of(watch));
    db_bind_i64(&row, 2, until_ms);
    if (db_next(&row, err) && !db_is_null(&row, 0))
        *out = db_i64(&row, 0);
    return err->kind == ERR_NONE;
}

/* Where the last judged stretch of the watch ended. */
static bool judged_until(struct store *store, const char *watch, int64_t before_ms, int64_t *out,
                         struct err *err)
{
    return ask_latest(store,
                      "select max(until_ms) from monitor_run where watch = $1 and manual = 0 "
                      "and due_ms < $2 and state in ('ok', 'watch', 'alarm')",
                      watch, before_ms, out, err);
}

static bool choose_stretch(struct store *store, const struct run_wanted *wanted,
                           struct watch_run *run, struct err *err)
{
    int64_t judged;
    run->since_ms = wanted->since_ms;
    run->until_ms = wanted->until_ms;
    if (wanted->manual)
        return true;
    if (!judged_until(store, wanted->watch, wanted->due_ms, &judged, err))
        return false;
    run->until_ms = wanted->due_ms;
    run->since_ms = wanted->due_ms - wanted->span_ms;
    if (judged > run->since_ms)
        run->since_ms = judged;
    return true;
}

static bool insert(struct store *store, struct watch_run *run, int64_t now_ms, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    if (!db_prepare(&store->db,
                    "insert into monitor_run (watch, due_ms, manual, since_ms, until_ms, state, "
                    "owner, lease_ms, started_ms, version, rows, message, document) "
                    "values ($1, $2, $3, $4, $5, 'running', $6, $7, $8, 0, 0, '', '') returning id",
                    &row, err))
        return false;
    db_bind_text(&row, 1, view_of(run->watch));
    db_bind_i64(&row, 2, run->due_ms);
    db_bind_i64(&row, 3, run->manual);
    db_bind_i64(&row, 4, run->since_ms);
    db_bind_i64(&row, 5, run->until_ms);
    db_bind_text(&row, 6, view_of(run->owner));
    db_bind_i64(&row, 7, now_ms + RUN_LEASE_MS);
    db_bind_i64(&row, 8, now_ms);
    if (!db_next(&row, err))
        return false;
    run->id = db_i64(&row, 0);
    return true;
}

/* One that is there. */
struct held {
    struct watch_run run;
    int64_t lease_ms, started_ms, again_ms;
    bool running;
};

int64_t run_pause_ms(const struct watch_run *run)
{
    int64_t pause_ms = RUN_RETRY_MS;
    for (int64_t i = 1; i < run->tries && pause_ms < RUN_RETRY_MS_MAX; i++)
        pause_ms *= 2;
    return pause_ms < RUN_RETRY_MS_MAX ? pause_ms : RUN_RETRY_MS_MAX;
}

/* Its holder is gone, or is the one who asks and so came to no end with it, or it failed. */
static bool is_free(const struct held *held, const char *owner, int64_t now_ms)
{
    if (!held->running)
        return held->again_ms > 0 && held->again_ms <= now_ms;
    bool own = strcmp(held->run.owner, owner) == 0;
    return held->lease_ms < now_ms ||
           (own && held->started_ms + run_pause_ms(&held->run) <= now_ms);
}

/* Of two that find it free one is first. */
static bool take_over(struct store *store, const struct held *held, const char *owner,
                      int64_t now_ms, bool *taken, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    if (!db_prepare(&store->db,
                    "update monitor_run set state = 'running', owner = $1, lease_ms = $2, "
                    "started_ms = $3, again_ms = 0, tries = tries + 1 "
                    "where id = $4 and state = $5 and tries = $6",
                    &row, err))
        return false;
    db_bind_text(&row, 1, view_of(owner));
    db_bind_i64(&row, 2, now_ms + RUN_LEASE_MS);
    db_bind_i64(&row, 3, now_ms);
    db_bind_i64(&row, 4, held->run.id);
    db_bind_text(&row, 5, view_of(held->running ? "running" : states[WATCH_FAILED]));
    db_bind_i64(&row, 6, held->run.tries);
    if (!db_done(&row, err))
        return false;
    *taken = db_changes(&store->db) == 1;
    return true;
}

static bool find_due(struct store *store, const struct watch_run *run, struct held *out,
                     bool *found, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    if (!db_prepare(&store->db,
                    "select id, since_ms, until_ms, tries, owner, lease_ms, started_ms, again_ms, "
                    "state from monitor_run where watch = $1 and manual = $2 and due_ms = $3",
                    &row, err))
        return false;
    db_bind_text(&row, 1, view_of(run->watch));
    db_bind_i64(&row, 2, run->manual);
    db_bind_i64(&row, 3, run->due_ms);
    *found = db_next(&row, err);
    if (!*found)
        return err->kind == ERR_NONE;
    struct view owner = db_text(&row, 4);
    *out = (struct held){.run = *run,
                         .lease_ms = db_i64(&row, 5),
                         .started_ms = db_i64(&row, 6),
                         .again_ms = db_i64(&row, 7),
                         .running = view_is(db_text(&row, 8), "running")};
    out->run.id = db_i64(&row, 0);
    out->run.since_ms = db_i64(&row, 1);
    out->run.until_ms = db_i64(&row, 2);
    out->run.tries = db_i64(&row, 3);
    snprintf(out->run.owner, sizeof out->run.owner, VIEW_FMT, VIEW_ARG(owner));
    return true;
}

static bool take_again(struct store *store, const struct held *held, struct watch_run *run,
                       int64_t now_ms, bool *taken, struct err *err)
{
    char owner[RUN_OWNER_SIZE];
    memcpy(owner, run->owner, sizeof owner);
    *run = held->run;
    memcpy(run->owner, owner, sizeof owner);
    run->tries++;
    return !is_free(held, owner, now_ms) || take_over(store, held, owner, now_ms, taken, err);
}

static bool take(struct store *store, const struct run_wanted *wanted, struct watch_run *run,
                 int64_t now_ms, bool *taken, struct err *err)
{
    struct held held;
    bool found;
    if (!find_due(store, run, &held, &found, err))
        return false;
    if (found)
        return take_again(store, &held, run, now_ms, taken, err);
    *taken = true;
    run->tries = 1;
    return choose_stretch(store, wanted, run, err) && insert(store, run, now_ms, err);
}

bool run_take(struct store *store, const struct run_wanted *wanted, const char *owner,
              int64_t now_ms, struct watch_run *out, bool *taken, struct err *err)
{
    struct watch_run run = {.due_ms = wanted->due_ms, .manual = wanted->manual};
    snprintf(run.watch, sizeof run.watch, "%s", wanted->watch);
    snprintf(run.owner, sizeof run.owner, "%s", owner);
    *taken = false;
    if (!db_begin(&store->db, err) ||
        !db_end(&store->db, take(store, wanted, &run, now_ms, taken, err), err))
        return false;
    *out = run;
    return true;
}

/* ---------------------------------------------------------------- finishing */

static bool add_result(struct store *store, const struct watch_run *run,
                       const struct run_result *result, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    if (!db_prepare(&store->db,
                    "insert into monitor_result (run, kind, subject, state, value, bound) "
                    "values ($1, $2, $3, $4, cast($5 as double precision), "
                    "cast($6 as double precision))",
                    &row, err))
        return false;
    db_bind_i64(&row, 1, run->id);
    db_bind_text(&row, 2, view_of(result->kind));
    db_bind_text(&row, 3, result->subject);
    db_bind_text(&row, 4, view_of(states[result->state]));
    db_bind_real(&row, 5, result->value);
    db_bind_real(&row, 6, result->bound);
    return db_done(&row, err);
}

static bool lost(const struct watch_run *run, struct err *err)
{
    return err_set(err, ERR_CONFLICT,
                   "the run of '%s' took longer than its lease and another monitor has finished "
                   "it; its outcome counts",
                   run->watch);
}

static bool set_outcome(struct store *store, const struct watch_run *run,
                        const struct run_outcome *outcome, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    if (!db_prepare(&store->db,
                    "update monitor_run set state = $1, finished_ms = $2, version = $3, rows = $4, "
                    "message = $5, document = $6, again_ms = $8 "
                    "where id = $7 and state = 'running'",
                    &row, err))
        return false;
    db_bind_text(&row, 1, view_of(states[outcome->state]));
    db_bind_i64(&row, 2, outcome->finished_ms);
    db_bind_i64(&row, 3, outcome->version);
    db_bind_i64(&row, 4, (int64_t)outcome->rows);
    /* An error may quote bytes that are no text, or end within a character. */
    char message[RUN_MESSAGE_SIZE];
    snprintf(message, sizeof message, "%s", outcome->message);
    view_mend(message);
    db_bind_text(&row, 5, view_of(message));
    db_bind_text(&row, 6, outcome->document);
    db_bind_i64(&row, 7, run->id);
    db_bind_i64(&row, 8, outcome->again_ms);
    return db_done(&row, err) && (db_changes(&store->db) == 1 || lost(run, err));
}

static bool finish(struct store *store, const struct watch_run *run,
                   const struct run_outcome *outcome, const struct run_result *result,
                   size_t results, struct err *err)
{
    if (!set_outcome(store, run, outcome, err))
        return false;
    for (size_t i = 0; i < results; i++)
        if (!add_result(store, run, &result[i], err))
            return false;
    return true;
}

bool run_finish(struct store *store, const struct watch_run *run, const struct run_outcome *outcome,
                const struct run_result *result, size_t results, struct err *err)
{
    return db_begin(&store->db, err) &&
           db_end(&store->db, finish(store, run, outcome, result, results, err), err);
}

/* ---------------------------------------------------------------- asking */

bool run_last_due(struct store *store, const char *watch, int64_t now_ms, int64_t *out,
                  struct err *err)
{
    return ask_latest(store,
                      "select max(due_ms) from monitor_run where watch = $1 and manual = 0 "
                      "and due_ms <= $2",
                      watch, now_ms + RUN_AHEAD_MS, out, err);
}

bool run_last_document(struct store *store, const char *watch, struct arena *arena,
                       struct view *out, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    *out = VIEW("");
    if (!db_prepare(&store->db,
                    "select document from monitor_run where watch = $1 and manual = 0 "
                    "and state not in ('running', 'failed') order by id desc limit 1",
                    &row, err))
        return false;
    db_bind_text(&row, 1, view_of(watch));
    if (!db_next(&row, err))
        return err->kind == ERR_NONE;
    struct view document = db_text(&row, 0);
    const char *copy = view_copy(document, arena);
    if (copy == NULL)
        return err_set(err, ERR_LIMIT, "the last look's document does not fit the memory limit");
    *out = (struct view){copy, document.length};
    return true;
}

bool run_last_version(struct store *store, const char *watch, int64_t *out, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    *out = 0;
    if (!db_prepare(&store->db,
                    "select version from monitor_run where watch = $1 and manual = 0 "
                    "and state in ('ok', 'watch', 'alarm') order by id desc limit 1",
                    &row, err))
        return false;
    db_bind_text(&row, 1, view_of(watch));
    if (db_next(&row, err))
        *out = db_i64(&row, 0);
    return err->kind == ERR_NONE;
}

bool run_read(struct store *store, const char *watch, size_t last, struct run_reader *out,
              struct err *err)
{
    if (!db_prepare(&store->db,
                    "select id, due_ms, since_ms, until_ms, started_ms, finished_ms, version, "
                    "rows, manual, watch, state, owner, message, document from monitor_run "
                    "where watch = $1 or $1 = '' order by id desc limit $2",
                    &out->statement, err))
        return false;
    db_bind_text(&out->statement, 1, view_of(watch == NULL ? "" : watch));
    db_bind_i64(&out->statement, 2, last > 0 ? (int64_t)last : INT64_MAX);
    return true;
}

bool run_next(struct run_reader *reader, struct run_entry *out, struct err *err)
{
    const struct db_statement *row = &reader->statement;
    if (!db_next(&reader->statement, err))
        return false;
    *out = (struct run_entry){
        .id = db_i64(row, 0),
        .due_ms = db_i64(row, 1),
        .since_ms = db_i64(row, 2),
        .until_ms = db_i64(row, 3),
        .started_ms = db_i64(row, 4),
        .finished_ms = db_i64(row, 5),
        .version = db_i64(row, 6),
        .rows = db_i64(row, 7),
        .manual = db_i64(row, 8) != 0,
        .watch = db_text(row, 9),
        .state = db_text(row, 10),
        .owner = db_text(row, 11),
        .message = db_text(row, 12),
        .document = db_text(row, 13),
    };
    return true;
}

void run_read_close(struct run_reader *reader)
{
    db_finish(&reader->statement);
}
