#include "store/experiment.h"

#include "base/clock.h"
#include "base/doc.h"
#include "base/number.h"
#include "store/audit.h"

#include <ctype.h>

const char *const experiment_kinds[EXPERIMENT_KINDS] = {"ab", "shadow", "canary"};
const char *const experiment_states[EXPERIMENT_STATES] = {"running", "stopped", "promoted",
                                                          "rolled_back"};

enum { SHARES_SIZE = 400, SUBJECT_SIZE = EXPERIMENT_NAME_MAX + 16, PAYLOAD_SIZE = 1024 };

#define COLUMNS                                                                                    \
    "id, name, kind, champion, rival, entity, shares, step, step_ms, bake_ms, alpha, planned, "    \
    "mature_ms, promotes, state, started_ms, ended_ms, reason"

/* ---------------------------------------------------------------- which entity meets which */

bool experiment_picks(struct view name, double share, struct view entity)
{
    struct digest digest = digest_hmac(name, entity);
    uint64_t draw = 0;
    for (size_t i = 0; i < sizeof draw; i++)
        draw = draw << 8 | digest.bytes[i];
    return (double)(draw >> 11) * 0x1p-53 < share;
}

/* ---------------------------------------------------------------- rows */

static size_t index_in(const char *const *names, size_t count, struct view name)
{
    size_t i = 0;
    while (i < count && !view_is(name, names[i]))
        i++;
    return i;
}

static void copy_text(char *out, size_t size, struct view text)
{
    snprintf(out, size, "%.*s", (int)text.length, text.text == NULL ? "" : text.text);
}

static bool read_shares(struct experiment *out, struct view text, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 16};
    const struct doc *list = doc_parse(text, &arena, err);
    if (list == NULL)
        return false;
    if (list->kind != DOC_LIST || list->count == 0 || list->count > EXPERIMENT_STEPS_MAX)
        return err_set(err, ERR_STORE, "the shares of experiment '%s' are damaged", out->name);
    for (const struct doc *share = list->first; share != NULL; share = share->next)
        out->share[out->steps++] = share->number;
    return true;
}

/* The row that stands; numbers too. */
static bool read_row(const struct db_statement *row, struct experiment *out, struct err *err)
{
    *out = (struct experiment){.id = db_i64(row, 0)};
    copy_text(out->name, sizeof out->name, db_text(row, 1));
    out->kind = (enum experiment_kind)index_in(experiment_kinds, EXPERIMENT_KINDS, db_text(row, 2));
    out->champion = db_i64(row, 3);
    out->rival = db_i64(row, 4);
    copy_text(out->entity, sizeof out->entity, db_text(row, 5));
    out->step = (size_t)db_i64(row, 7);
    out->step_ms = db_i64(row, 8);
    out->bake_ms = db_i64(row, 9);
    if (!number_parse(db_text(row, 10), &out->alpha))
        return err_set(err, ERR_STORE, "the alpha of experiment '%s' is damaged", out->name);
    out->planned = db_i64(row, 11);
    out->mature_ms = db_i64(row, 12);
    out->promotes = db_i64(row, 13) != 0;
    out->state =
        (enum experiment_state)index_in(experiment_states, EXPERIMENT_STATES, db_text(row, 14));
    out->started_ms = db_i64(row, 15);
    out->ended_ms = db_i64(row, 16);
    copy_text(out->reason, sizeof out->reason, db_text(row, 17));
    if (!read_shares(out, db_text(row, 6), err))
        return false;
    if (out->kind == EXPERIMENT_KINDS || out->state == EXPERIMENT_STATES || out->step >= out->steps)
        return err_set(err, ERR_STORE, "experiment '%s' is damaged in the registry", out->name);
    return true;
}

bool experiment_running(struct store *store, struct experiment *out, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    *out = (struct experiment){0};
    if (!db_prepare(&store->db, "select " COLUMNS " from experiment where state = 'running'", &row,
                    err))
        return false;
    return db_next(&row, err) ? read_row(&row, out, err) : err->kind == ERR_NONE;
}

bool experiment_find(struct store *store, struct view name, struct experiment *out, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    if (!db_prepare(&store->db,
                    "select " COLUMNS " from experiment where name = $1 or $1 = '' "
                    "order by id desc limit 1",
                    &row, err))
        return false;
    db_bind_text(&row, 1, name);
    if (db_next(&row, err))
        return read_row(&row, out, err);
    if (err->kind != ERR_NONE)
        return false;
    if (name.length == 0)
        return err_set(err, ERR_NOT_FOUND, "there has been no experiment yet");
    return err_set(err, ERR_NOT_FOUND,
                   "there is no experiment '" VIEW_FMT "'; `assay experiment list` shows them",
                   VIEW_ARG(name));
}

bool experiment_list(struct store *store, struct experiment *out, size_t room, size_t *count,
                     struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    *count = 0;
    if (!db_prepare(&store->db, "select " COLUMNS " from experiment order by id desc", &row, err))
        return false;
    while (*count < room && db_next(&row, err))
        if (!read_row(&row, &out[(*count)++], err))
            return false;
    return err->kind == ERR_NONE;
}

/* ---------------------------------------------------------------- changes */

static bool tell(struct store *store, const struct experiment *experiment, const char *action,
                 const char *actor, const char *reason, struct err *err)
{
    char subject[SUBJECT_SIZE], bytes[PAYLOAD_SIZE];
    struct text text = text_in(bytes, sizeof bytes);
    struct json json = json_to(&text);
    snprintf(subject, sizeof subject, "experiment %s", experiment->name);
    json_open(&json, '{');
    json_key(&json, "kind"), json_string(&json, experiment_kinds[experiment->kind]);
    json_key(&json, "champion"), json_i64(&json, experiment->champion);
    json_key(&json, "rival"), json_i64(&json, experiment->rival);
    json_key(&json, "share"), json_number(&json, experiment->share[experiment->step]);
    if (reason != NULL)
        json_key(&json, "reason"), json_string(&json, reason);
    json_close(&json);
    return audit_append(store, actor, action, subject, text_c(&text), err);
}

static bool check(const struct experiment *wanted, struct err *err)
{
    struct view name = view_of(wanted->name);
    if (name.length == 0)
        return err_set(err, ERR_INPUT, "an experiment has a name");
    for (size_t i = 0; i < name.length; i++)
        if (!isalnum((unsigned char)name.text[i]) && strchr("._-", name.text[i]) == NULL)
            return err_set(err, ERR_INPUT,
                           "'%s': a name is made of letters, digits, '.', '_' and '-'", name.text);
    if (wanted->champion == wanted->rival)
        return err_set(err, ERR_INPUT, "version %lld is the champion: there is nothing to compare",
                       (long long)wanted->rival);
    if (wanted->kind != EXPERIMENT_SHADOW && wanted->entity[0] == '\0')
        return err_set(err, ERR_INPUT,
                       "the champion's policy names no entity to split by: give --entity COLUMN");
    if (wanted->steps == 0 || wanted->steps > EXPERIMENT_STEPS_MAX)
        return err_set(err, ERR_INPUT, "1 to %d shares are wanted", EXPERIMENT_STEPS_MAX);
    for (size_t i = 0; i < wanted->steps; i++)
        if (!(wanted->share[i] > (i == 0 ? 0 : wanted->share[i - 1]) && wanted->share[i] <= 1))
            return err_set(err, ERR_INPUT, "shares rise, from above 0 up to 1");
    return (wanted->alpha > 0 && wanted->alpha < 1) ||
           err_set(err, ERR_INPUT, "alpha is between 0 and 1");
}

static bool insert(struct store *store, const struct experiment *e, struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    char bytes[SHARES_SIZE];
    char alpha_bytes[40];
    struct text shares = text_in(bytes, sizeof bytes),
                alpha = text_in(alpha_bytes, sizeof alpha_bytes);
    struct json json = json_to(&alpha);
    json_number(&json, e->alpha);
    json = json_to(&shares);
    json_open(&json, '[');
    for (size_t i = 0; i < e->steps; i++)
        json_number(&json, e->share[i]);
    json_close(&json);
    if (!db_prepare(&store->db,
                    "insert into experiment (name, kind, champion, rival, entity, shares, step, "
                    "step_ms, bake_ms, alpha, planned, mature_ms, promotes, state, started_ms) "
                    "values ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9, $10, $11, $12, 'running', $7)",
                    &statement, err))
        return false;
    db_bind_text(&statement, 1, view_of(e->name));
    db_bind_text(&statement, 2, view_of(experiment_kinds[e->kind]));
    db_bind_i64(&statement, 3, e->champion);
    db_bind_i64(&statement, 4, e->rival);
    db_bind_text(&statement, 5, view_of(e->entity));
    db_bind_text(&statement, 6, text_view(&shares));
    db_bind_i64(&statement, 7, clock_now_ms());
    db_bind_i64(&statement, 8, e->bake_ms);
    db_bind_text(&statement, 9, text_view(&alpha));
    db_bind_i64(&statement, 10, e->planned);
    db_bind_i64(&statement, 11, e->mature_ms);
    db_bind_i64(&statement, 12, e->promotes);
    return db_done(&statement, err);
}

static bool start(struct store *store, const struct experiment *wanted, const char *actor,
                  struct err *err)
{
    struct experiment running;
    if (!experiment_running(store, &running, err))
        return false;
    char since[32];
    struct text text = text_in(since, sizeof since);
    text_add_time(&text, running.started_ms);
    if (running.id != 0)
        return err_set(err, ERR_CONFLICT,
                       "experiment '%s' runs since %s: end it by `assay experiment stop %s` first",
                       running.name, text_c(&text), running.name);
    if (insert(store, wanted, err))
        return tell(store, wanted, "experiment start", actor, NULL, err);
    return err->kind == ERR_CONFLICT
               ? err_set(err, ERR_CONFLICT, "there was an experiment '%s' already", wanted->name)
               : false;
}

bool experiment_start(struct store *store, const struct experiment *wanted, const char *actor,
                      struct experiment *out, struct err *err)
{
    struct experiment fresh = *wanted;
    fresh.step = 0;
    if (!check(&fresh, err) || !db_begin(&store->db, err))
        return false;
    return db_end(&store->db, start(store, &fresh, actor, err), err) &&
           experiment_find(store, view_of(fresh.name), out, err);
}

/* One row changed, or none. */
static bool change(struct store *store, struct db_statement *statement, bool *taken,
                   struct err *err)
{
    if (!db_done(statement, err))
        return false;
    *taken = db_changes(&store->db) == 1;
    return true;
}

static bool step(struct store *store, const struct experiment *experiment, size_t from,
                 const char *actor, bool *taken, struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    struct experiment next = *experiment;
    next.step = from + 1;
    if (!db_prepare(&store->db,
                    "update experiment set step = $1, step_ms = $2 "
                    "where id = $3 and step = $4 and state = 'running'",
                    &statement, err))
        return false;
    db_bind_i64(&statement, 1, (int64_t)next.step);
    db_bind_i64(&statement, 2, clock_now_ms());
    db_bind_i64(&statement, 3, experiment->id);
    db_bind_i64(&statement, 4, (int64_t)from);
    return change(store, &statement, taken, err) &&
           (!*taken || tell(store, &next, "experiment step", actor, NULL, err));
}

bool experiment_step(struct store *store, const struct experiment *experiment, size_t from,
                     const char *actor, bool *taken, struct err *err)
{
    assert(from + 1 < experiment->steps);
    return db_begin(&store->db, err) &&
           db_end(&store->db, step(store, experiment, from, actor, taken, err), err);
}

static bool end(struct store *store, const struct experiment *experiment,
                enum experiment_state state, const char *actor, const char *reason, bool *taken,
                struct err *err)
{
    static const char *const actions[EXPERIMENT_STATES] = {
        [EXPERIMENT_STOPPED] = "experiment stop",
        [EXPERIMENT_PROMOTED] = "experiment promote",
        [EXPERIMENT_ROLLED_BACK] = "experiment rollback",
    };
    CLEANUP(db_finish) struct db_statement statement = {0};
    if (!db_prepare(&store->db,
                    "update experiment set state = $1, ended_ms = $2, reason = $3 "
                    "where id = $4 and state = 'running'",
                    &statement, err))
        return false;
    db_bind_text(&statement, 1, view_of(experiment_states[state]));
    db_bind_i64(&statement, 2, clock_now_ms());
    db_bind_text(&statement, 3, view_of(reason));
    db_bind_i64(&statement, 4, experiment->id);
    return change(store, &statement, taken, err) &&
           (!*taken || tell(store, experiment, actions[state], actor, reason, err));
}

bool experiment_end(struct store *store, const struct experiment *experiment,
                    enum experiment_state state, const char *actor, const char *reason, bool *taken,
                    struct err *err)
{
    assert(state != EXPERIMENT_RUNNING);
    return db_begin(&store->db, err) &&
           db_end(&store->db, end(store, experiment, state, actor, reason, taken, err), err);
}
