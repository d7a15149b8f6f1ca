#include "store/runs.h"

#include "base/clock.h"
#include "store/audit.h"

#include <unistd.h>

enum { PLACE_MAX = 4096 + 256 };

static const char *const run_states[] = {"running", "done", "failed", "refused"};
static const char *const step_states[] = {"done", "unchanged", "failed", "refused"};

const char *step_state_name(enum step_state state)
{
    return step_states[state];
}

static void free_path(char **path)
{
    free(*path);
}

static void bind_optional(struct db_statement *statement, int parameter, const char *text)
{
    if (text == NULL)
        db_bind_null(statement, parameter);
    else
        db_bind_text(statement, parameter, view_of(text));
}

/* "host:/var/lib/assay": where runs of this store are made, one at a time. */
static struct view place_of(const struct store *store, struct text *out)
{
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    CLEANUP(free_path) char *dir = realpath(store->dir, NULL);
    text_addf(out, "%s:%s", host, dir == NULL ? store->dir : dir);
    return text_view(out);
}

static bool insert_run(struct store *store, const char *config, const char *actor, int64_t *id,
                       struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    if (!db_prepare(&store->db,
                    "insert into run (started_ms, state, actor, config, place) "
                    "values ($1, 'running', $2, $3, $4) returning id",
                    &statement, err))
        return false;
    char bytes[PLACE_MAX];
    struct text place = text_in(bytes, sizeof bytes);
    db_bind_i64(&statement, 1, clock_now_ms());
    db_bind_text(&statement, 2, view_of(actor));
    db_bind_text(&statement, 3, view_of(config));
    db_bind_text(&statement, 4, place_of(store, &place));
    if (!db_next(&statement, err))
        return err->kind != ERR_NONE ? false : err_set(err, ERR_STORE, "no run id came back");
    *id = db_i64(&statement, 0);
    return db_done(&statement, err);
}

static bool last_config(struct store *store, char hex[DIGEST_HEX_SIZE], struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    hex[0] = '\0';
    if (!db_prepare(&store->db, "select config from run order by id desc limit 1", &statement, err))
        return false;
    if (db_next(&statement, err))
        snprintf(hex, DIGEST_HEX_SIZE, VIEW_FMT, VIEW_ARG(db_text(&statement, 0)));
    return err->kind == ERR_NONE;
}

/* A run by another configuration than the last one's says so, before it does anything. */
static bool begin(struct store *store, const char *config, const char *actor, int64_t *id,
                  struct err *err)
{
    char before[DIGEST_HEX_SIZE], subject[64], room[256];
    if (!last_config(store, before, err) || !insert_run(store, config, actor, id, err))
        return false;
    if (strcmp(before, config) == 0)
        return true;
    struct text payload = text_in(room, sizeof room);
    struct json json = json_to(&payload);
    json_open(&json, '{');
    json_key(&json, "config"), json_string(&json, config);
    json_key(&json, "before"), json_string(&json, before[0] == '\0' ? NULL : before);
    json_close(&json);
    snprintf(subject, sizeof subject, "run %lld", (long long)*id);
    return audit_append(store, actor, "configure", subject, text_c(&payload), err);
}

bool run_begin(struct store *store, const struct digest *config, const char *actor, int64_t *id,
               struct err *err)
{
    char hex[DIGEST_HEX_SIZE];
    return db_begin(&store->db, err) &&
           db_end(&store->db, begin(store, digest_print(config, hex), actor, id, err), err);
}

static bool end(struct store *store, int64_t id, enum run_state state, const char *message,
                char actor[256], struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    if (!db_prepare(&store->db,
                    "update run set finished_ms = $2, state = $3, message = $4 where id = $1 "
                    "returning actor",
                    &statement, err))
        return false;
    db_bind_i64(&statement, 1, id);
    db_bind_i64(&statement, 2, clock_now_ms());
    db_bind_text(&statement, 3, view_of(run_states[state]));
    bind_optional(&statement, 4, message);
    if (!db_next(&statement, err))
        return err->kind != ERR_NONE
                   ? false
                   : err_set(err, ERR_STORE, "there is no run %lld", (long long)id);
    snprintf(actor, 256, VIEW_FMT, VIEW_ARG(db_text(&statement, 0)));
    return db_done(&statement, err);
}

static bool end_and_tell(struct store *store, int64_t id, enum run_state state, const char *message,
                         struct err *err)
{
    char actor[256], subject[64], room[2048];
    struct text payload = text_in(room, sizeof room);
    struct json json = json_to(&payload);
    if (!end(store, id, state, message, actor, err))
        return false;
    snprintf(subject, sizeof subject, "run %lld", (long long)id);
    json_open(&json, '{');
    json_key(&json, "state"), json_string(&json, run_states[state]);
    if (message != NULL)
        json_key(&json, "message"), json_string(&json, message);
    json_close(&json);
    return audit_append(store, actor, "train", subject, payload.cut ? NULL : text_c(&payload), err);
}

bool run_end(struct store *store, int64_t id, enum run_state state, const char *message,
             struct err *err)
{
    return db_begin(&store->db, err) &&
           db_end(&store->db, end_and_tell(store, id, state, message, err), err);
}

bool run_add_step(struct store *store, int64_t id, const struct step_entry *step, struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    if (!db_prepare(&store->db,
                    "insert into step (run_id, name, inputs, outputs, state, started_ms, "
                    "finished_ms, message) values ($1, $2, $3, $4, $5, $6, $7, $8)",
                    &statement, err))
        return false;
    char hex[DIGEST_HEX_SIZE], out[DIGEST_HEX_SIZE];
    db_bind_i64(&statement, 1, id);
    db_bind_text(&statement, 2, view_of(step->name));
    db_bind_text(&statement, 3, view_of(digest_print(&step->inputs, hex)));
    bind_optional(&statement, 4, step->outputs == NULL ? NULL : digest_print(step->outputs, out));
    db_bind_text(&statement, 5, view_of(step_states[step->state]));
    db_bind_i64(&statement, 6, step->started_ms);
    db_bind_i64(&statement, 7, step->finished_ms);
    bind_optional(&statement, 8, step->message);
    return db_done(&statement, err);
}

bool run_bury_dead(struct store *store, struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    if (!db_prepare(&store->db,
                    "update run set state = 'failed', message = 'the process was ended from "
                    "outside' where state = 'running' and (place is null or place = $1)",
                    &statement, err))
        return false;
    char bytes[PLACE_MAX];
    struct text place = text_in(bytes, sizeof bytes);
    db_bind_text(&statement, 1, place_of(store, &place));
    return db_done(&statement, err);
}
