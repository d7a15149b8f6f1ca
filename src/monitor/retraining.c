#include "monitor/retraining.h"

#include "store/audit.h"

const char *const retraining_states[RETRAINING_STATES] = {
#define STATE(name) #name,
#include "monitor/retraining_states.def"
#undef STATE
};

#define COLUMNS                                                                                    \
    "id, begun_ms, changed_ms, lease_ms, released_ms, state, version, experiment, why, message, "  \
    "labels_seen, due_ms, tries"

static void copy(char *out, struct view text)
{
    snprintf(out, RETRAINING_TEXT_SIZE, "%.*s", (int)text.length,
             text.length == 0 ? "" : text.text);
}

static bool read_row(const struct db_statement *row, struct retraining *out, struct err *err)
{
    *out = (struct retraining){
        .id = db_i64(row, 0),
        .begun_ms = db_i64(row, 1),
        .changed_ms = db_i64(row, 2),
        .lease_ms = db_i64(row, 3),
        .released_ms = db_i64(row, 4),
        .state = RETRAINING_STATES,
        .version = db_i64(row, 6),
        .labels_seen = db_i64(row, 10),
        .due_ms = db_i64(row, 11),
        .tries = db_i64(row, 12),
    };
    copy(out->experiment, db_text(row, 7));
    copy(out->why, db_text(row, 8));
    copy(out->message, db_text(row, 9));
    for (int i = 0; i < RETRAINING_STATES; i++)
        if (view_is(db_text(row, 5), retraining_states[i]))
            out->state = (enum retraining_state)i;
    return out->state != RETRAINING_STATES ||
           err_set(err, ERR_STORE, "retraining %lld is in no state this program knows",
                   (long long)out->id);
}

static bool tell(struct store *store, const struct retraining *retraining, const char *action,
                 const char *actor, const char *message, struct err *err)
{
    char subject[64], bytes[4 * RETRAINING_TEXT_SIZE];
    struct text text = text_in(bytes, sizeof bytes);
    struct json json = json_to(&text);
    snprintf(subject, sizeof subject, "retraining %lld", (long long)retraining->id);
    json_open(&json, '{');
    json_key(&json, "why"), json_string(&json, retraining->why);
    if (retraining->version != 0)
        json_key(&json, "version"), json_i64(&json, retraining->version);
    if (retraining->experiment[0] != '\0')
        json_key(&json, "experiment"), json_string(&json, retraining->experiment);
    if (message[0] != '\0')
        json_key(&json, "message"), json_string(&json, message);
    json_close(&json);
    return audit_append(store, actor, action, subject, text_c(&text), err);
}

/* ---------------------------------------------------------------- begin */

static bool is_one_open(struct store *store, bool *out, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    if (!db_prepare(&store->db, "select id from retraining where state = 'training'", &row, err))
        return false;
    *out = db_next(&row, err);
    return err->kind == ERR_NONE;
}

bool retraining_last_due(struct store *store, int64_t now_ms, int64_t *out, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    *out = INT64_MIN;
    if (!db_prepare(&store->db, "select max(due_ms) from retraining where due_ms <= $1", &row, err))
        return false;
    db_bind_i64(&row, 1, now_ms + RETRAINING_AHEAD_MS);
    if (db_next(&row, err) && !db_is_null(&row, 0) && db_i64(&row, 0) != 0)
        *out = db_i64(&row, 0);
    return err->kind == ERR_NONE;
}

static bool insert(struct store *store, const char *why, int64_t due_ms, int64_t now_ms,
                   struct retraining *out, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    if (!db_prepare(&store->db,
                    "insert into retraining (begun_ms, changed_ms, lease_ms, state, why, version, "
                    "experiment, released_ms, message, due_ms, labels_seen) "
                    "values ($1, $1, $2, 'training', $3, 0, '', 0, '', $4, "
                    "(select coalesce(max(id), 0) from label)) returning id, labels_seen",
                    &row, err))
        return false;
    db_bind_i64(&row, 1, now_ms);
    db_bind_i64(&row, 2, now_ms + RETRAINING_LEASE_MS);
    db_bind_text(&row, 3, view_of(why));
    db_bind_i64(&row, 4, due_ms);
    if (!db_next(&row, err))
        return false;
    *out = (struct retraining){.id = db_i64(&row, 0),
                               .begun_ms = now_ms,
                               .changed_ms = now_ms,
                               .lease_ms = now_ms + RETRAINING_LEASE_MS,
                               .labels_seen = db_i64(&row, 1),
                               .due_ms = due_ms,
                               .tries = 1,
                               .state = RETRAINING_training};
    copy(out->why, view_of(why));
    return true;
}

static bool begin(struct store *store, const char *why, int64_t due_ms, int64_t now_ms,
                  const char *actor, struct retraining *out, bool *begun, struct err *err)
{
    bool open;
    int64_t last_ms;
    if (!is_one_open(store, &open, err) || !retraining_last_due(store, now_ms, &last_ms, err))
        return false;
    *begun = !open && (due_ms == 0 || last_ms < due_ms);
    return !*begun || (insert(store, why, due_ms, now_ms, out, err) &&
                       tell(store, out, "retrain begin", actor, "", err));
}

bool retraining_begin(struct store *store, const char *why, int64_t due_ms, int64_t now_ms,
                      const char *actor, struct retraining *out, bool *begun, struct err *err)
{
    return db_begin(&store->db, err) &&
           db_end(&store->db, begin(store, why, due_ms, now_ms, actor, out, begun, err), err);
}

bool retraining_renew(struct store *store, const struct retraining *retraining, int64_t now_ms,
                      struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    if (!db_prepare(&store->db,
                    "update retraining set lease_ms = $1 where id = $2 and state = 'training'",
                    &row, err))
        return false;
    db_bind_i64(&row, 1, now_ms + RETRAINING_LEASE_MS);
    db_bind_i64(&row, 2, retraining->id);
    return db_done(&row, err);
}

/* ---------------------------------------------------------------- interrupted */

/* From one lease and number of tries to another, for who still has it. */
static bool set_lease(struct store *store, const struct retraining *from,
                      const struct retraining *to, bool *changed, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    if (!db_prepare(&store->db,
                    "update retraining set lease_ms = $1, tries = $2, message = $3, "
                    "changed_ms = $4 where id = $5 and state = 'training' and tries = $6",
                    &row, err))
        return false;
    db_bind_i64(&row, 1, to->lease_ms);
    db_bind_i64(&row, 2, to->tries);
    db_bind_text(&row, 3, view_of(to->message));
    db_bind_i64(&row, 4, to->changed_ms);
    db_bind_i64(&row, 5, from->id);
    db_bind_i64(&row, 6, from->tries);
    if (!db_done(&row, err))
        return false;
    *changed = db_changes(&store->db) == 1;
    return true;
}

static bool lease(struct store *store, struct retraining *retraining, struct retraining *to,
                  const char *action, const char *actor, bool *changed, struct err *err)
{
    view_mend(to->message);
    if (!db_begin(&store->db, err) ||
        !db_end(&store->db,
                set_lease(store, retraining, to, changed, err) &&
                    (!*changed || tell(store, to, action, actor, to->message, err)),
                err))
        return false;
    if (*changed)
        *retraining = *to;
    return true;
}

bool retraining_take_up(struct store *store, struct retraining *retraining, int64_t now_ms,
                        const char *actor, bool *taken, struct err *err)
{
    struct retraining to = *retraining;
    to.lease_ms = now_ms + RETRAINING_LEASE_MS;
    to.changed_ms = now_ms;
    to.tries++;
    return lease(store, retraining, &to, "retrain resume", actor, taken, err);
}

bool retraining_interrupt(struct store *store, struct retraining *retraining, const char *why,
                          bool counts, int64_t again_ms, int64_t now_ms, const char *actor,
                          struct err *err)
{
    struct retraining to = *retraining;
    bool changed;
    to.lease_ms = again_ms;
    to.changed_ms = now_ms;
    to.tries -= !counts;
    copy(to.message, view_of(why));
    return lease(store, retraining, &to, "retrain interrupt", actor, &changed, err);
}

/* ---------------------------------------------------------------- change */

static bool change(struct store *store, const struct retraining *from, const struct retraining *to,
                   int64_t now_ms, const char *actor, bool *changed, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    char action[64];
    if (!db_prepare(&store->db,
                    "update retraining set state = $1, changed_ms = $2, version = $3, "
                    "experiment = $4, message = $5 where id = $6 and state = $7",
                    &row, err))
        return false;
    db_bind_text(&row, 1, view_of(retraining_states[to->state]));
    db_bind_i64(&row, 2, now_ms);
    db_bind_i64(&row, 3, to->version);
    db_bind_text(&row, 4, view_of(to->experiment));
    db_bind_text(&row, 5, view_of(to->message));
    db_bind_i64(&row, 6, from->id);
    db_bind_text(&row, 7, view_of(retraining_states[from->state]));
    if (!db_done(&row, err))
        return false;
    *changed = db_changes(&store->db) == 1;
    snprintf(action, sizeof action, "retrain %s", retraining_states[to->state]);
    return !*changed || tell(store, to, action, actor, to->message, err);
}

bool retraining_change(struct store *store, const struct retraining *from,
                       const struct retraining *to, int64_t now_ms, const char *actor,
                       bool *changed, struct err *err)
{
    struct retraining mended = *to; /* an error may quote bytes that are no text */
    view_mend(mended.message);
    return db_begin(&store->db, err) &&
           db_end(&store->db, change(store, from, &mended, now_ms, actor, changed, err), err);
}

static bool find(struct store *store, int64_t id, struct retraining *out, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    if (!db_prepare(&store->db, "select " COLUMNS " from retraining where id = $1", &row, err))
        return false;
    db_bind_i64(&row, 1, id);
    if (db_next(&row, err))
        return read_row(&row, out, err);
    return err->kind == ERR_NONE
               ? err_set(err, ERR_NOT_FOUND, "there is no retraining %lld", (long long)id)
               : false;
}

static bool release(struct store *store, int64_t id, const char *comment, int64_t now_ms,
                    const char *actor, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    struct retraining retraining;
    if (!find(store, id, &retraining, err))
        return false;
    if (retraining.state != RETRAINING_quarantined || retraining.released_ms != 0)
        return err_set(err, ERR_NOT_FOUND, "retraining %lld is not in quarantine", (long long)id);
    if (!db_prepare(&store->db, "update retraining set released_ms = $1 where id = $2", &row, err))
        return false;
    db_bind_i64(&row, 1, now_ms);
    db_bind_i64(&row, 2, id);
    return db_done(&row, err) && tell(store, &retraining, "retrain release", actor, comment, err);
}

bool retraining_release(struct store *store, int64_t id, const char *comment, int64_t now_ms,
                        const char *actor, struct err *err)
{
    if (comment[0] == '\0')
        return err_set(err, ERR_INPUT, "a release says why: --comment WORDS");
    return db_begin(&store->db, err) &&
           db_end(&store->db, release(store, id, comment, now_ms, actor, err), err);
}

bool retraining_list(struct store *store, struct retraining *out, size_t room, size_t *count,
                     struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    *count = 0;
    if (!db_prepare(&store->db, "select " COLUMNS " from retraining order by id desc", &row, err))
        return false;
    while (*count < room && db_next(&row, err))
        if (!read_row(&row, &out[(*count)++], err))
            return false;
    return err->kind == ERR_NONE;
}
