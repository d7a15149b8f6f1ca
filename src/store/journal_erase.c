#include "store/journal_erase.h"

#include "base/clock.h"
#include "base/json.h"
#include "store/audit.h"
#include "store/journal_table.h"

#include <errno.h>
#include <sys/random.h>

enum { MARKS_MEMORY = 512 << 20, TEXT_MEMORY = 1 << 20, CHUNK_ROWS = 5000 };

struct erasure {
    struct view mark;
    bool entity;
    int64_t at_us;
};

/* ---------------------------------------------------------------- marks */

static bool load_salt(struct store *store, struct arena *arena, struct view *out, struct err *err)
{
    CLEANUP(db_finish) struct db_statement s = {0};
    *out = (struct view){"", 0};
    if (!db_prepare(&store->db, "select mark from erased where kind = 'salt'", &s, err))
        return false;
    if (db_next(&s, err)) {
        struct view salt = db_text(&s, 0);
        const char *copy = arena_copy(arena, salt.text, salt.length);
        if (copy == NULL)
            return err_set(err, ERR_LIMIT, "no memory for the marks of what was erased");
        *out = (struct view){copy, salt.length};
    }
    return err->kind == ERR_NONE;
}

static bool add_mark(struct store *store, const char *kind, struct view mark, int64_t at_us,
                     struct err *err)
{
    CLEANUP(db_finish) struct db_statement s = {0};
    if (!db_prepare(&store->db, "insert into erased (kind, mark, at_us) values ($1, $2, $3)", &s,
                    err))
        return false;
    db_bind_text(&s, 1, view_of(kind));
    db_bind_text(&s, 2, mark);
    db_bind_i64(&s, 3, at_us);
    return db_done(&s, err);
}

bool erasures_add_id(struct store *store, struct view id, int64_t at_us, struct err *err)
{
    return add_mark(store, "id", id, at_us, err);
}

/* The store's own, drawn when it is first needed. */
static bool need_salt(struct store *store, struct arena *arena, struct view *out, struct err *err)
{
    struct digest drawn;
    char hex[DIGEST_HEX_SIZE];
    if (!load_salt(store, arena, out, err) || out->length > 0)
        return err->kind == ERR_NONE;
    if (getrandom(&drawn, sizeof drawn, 0) != (ssize_t)sizeof drawn)
        return err_set(err, ERR_IO, "no random bytes for a mark: %s", strerror(errno));
    return add_mark(store, "salt", view_of(digest_print(&drawn, hex)), 0, err) &&
           load_salt(store, arena, out, err);
}

static struct view mark_of(struct view salt, struct view entity, char hex[DIGEST_HEX_SIZE])
{
    struct digest digest = digest_hmac(salt, entity);
    return view_of(digest_print(&digest, hex));
}

static int by_mark(const void *a, const void *b)
{
    return view_order(((const struct erasure *)a)->mark, ((const struct erasure *)b)->mark);
}

static bool newest(struct store *store, int64_t *last, size_t *count, struct err *err)
{
    CLEANUP(db_finish) struct db_statement s = {0};
    if (!db_prepare(&store->db, "select coalesce(max(id), 0), count(*) from erased", &s, err))
        return false;
    if (!db_next(&s, err))
        return err->kind != ERR_NONE ? false : err_set(err, ERR_STORE, "no count came back");
    *last = db_i64(&s, 0);
    *count = (size_t)db_i64(&s, 1);
    return true;
}

static bool load_marks(struct erasures *e, struct store *store, size_t most, struct err *err)
{
    CLEANUP(db_finish) struct db_statement s = {0};
    e->mark = arena_new(&e->arena, struct erasure, most + 1);
    if (!db_prepare(&store->db, "select mark, kind, at_us from erased where kind <> 'salt'", &s,
                    err))
        return false;
    while (e->mark != NULL && e->count < most && db_next(&s, err)) {
        struct view mark = db_text(&s, 0);
        const char *copy = arena_copy(&e->arena, mark.text, mark.length);
        if (copy == NULL)
            return err_set(err, ERR_LIMIT, "the marks of what was erased take too much memory");
        e->mark[e->count++] = (struct erasure){.mark = {copy, mark.length},
                                               .entity = view_is(db_text(&s, 1), "entity"),
                                               .at_us = db_i64(&s, 2)};
    }
    if (e->mark == NULL)
        return err_set(err, ERR_LIMIT, "the marks of what was erased take too much memory");
    qsort(e->mark, e->count, sizeof *e->mark, by_mark);
    return err->kind == ERR_NONE;
}

bool erasures_load(struct erasures *e, struct store *store, struct err *err)
{
    int64_t last = 0;
    size_t most = 0;
    if (!newest(store, &last, &most, err))
        return false;
    if (e->arena.limit > 0 && last == e->last)
        return true;
    erasures_close(e);
    *e = (struct erasures){.arena = {.limit = MARKS_MEMORY}, .last = last};
    if (most == 0 ||
        (load_salt(store, &e->arena, &e->salt, err) && load_marks(e, store, most, err)))
        return true;
    erasures_close(e);
    return false;
}

void erasures_close(struct erasures *e)
{
    if (e->arena.limit > 0)
        arena_release(&e->arena);
    *e = (struct erasures){0};
}

static bool covers(const struct erasures *e, struct view mark, bool entity, int64_t at_us)
{
    size_t low = 0, high = e->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (view_order(e->mark[middle].mark, mark) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < e->count && view_same(e->mark[low].mark, mark); low++)
        if (e->mark[low].entity == entity && at_us <= e->mark[low].at_us)
            return true;
    return false;
}

bool erasures_cover(const struct erasures *e, const struct journal_decision *d)
{
    CLEANUP(arena_release) struct arena arena = {.limit = TEXT_MEMORY};
    char hex[DIGEST_HEX_SIZE];
    struct view entity;
    struct err none = {0};
    if (e->count == 0)
        return false;
    if (covers(e, d->id, false, d->at_us))
        return true;
    if (d->entity.length == 0 || e->salt.length == 0 ||
        !journal_text(d->entity, &arena, &entity, &none))
        return false;
    return covers(e, mark_of(e->salt, entity, hex), true, d->at_us);
}

/* Whenever it was said: its decision is gone. */
bool erasures_cover_label(const struct erasures *e, const struct journal_label *label)
{
    return covers(e, label->decision, false, INT64_MIN);
}

/* ---------------------------------------------------------------- erasing */

static bool change(struct store *store, const char *sql, struct view value, int64_t number,
                   uint64_t *count, struct err *err)
{
    CLEANUP(db_finish) struct db_statement s = {0};
    if (!db_prepare(&store->db, sql, &s, err))
        return false;
    db_bind_text(&s, 1, value);
    if (number >= 0)
        db_bind_i64(&s, 2, number);
    if (!db_done(&s, err))
        return false;
    if (count != NULL)
        *count += db_changes(&store->db);
    return true;
}

static bool tell(struct store *store, const char *action, const char *by,
                 const struct journal_erased *erased, const char *actor, struct err *err)
{
    char room[256];
    struct text payload = text_in(room, sizeof room);
    struct json json = json_to(&payload);
    json_open(&json, '{');
    json_key(&json, "by"), json_string(&json, by);
    json_key(&json, "decisions"), json_count(&json, erased->decisions);
    json_key(&json, "labels"), json_count(&json, erased->labels);
    json_key(&json, "answers"), json_count(&json, erased->answers);
    json_close(&json);
    return audit_append(store, actor, action, "journal", text_c(&payload), err);
}

#define BY_ID     "id = $1"
#define BY_ENTITY "entity = $1"
#define ERASE(which)                                                                               \
    {                                                                                              \
        "delete from label where decision in (select id from decision where " which ")",           \
            "delete from answer where decision in (select case request when '' then id else "      \
            "request end from decision where " which ")",                                          \
            "insert into erased (kind, mark, at_us) select 'id', id, $2 from decision "            \
            "where " which,                                                                        \
            "delete from decision where " which                                                    \
    }

/* Both have the same four sentences; of an id the labels go too when its decision is not there. */
static bool erase(struct store *store, enum journal_erase_by by, struct view value,
                  const char *actor, struct arena *arena, struct journal_erased *out,
                  struct err *err)
{
    static const char *const sql[][4] = {
        [ERASE_BY_ID] = ERASE(BY_ID),
        [ERASE_BY_ENTITY] = ERASE(BY_ENTITY),
    };
    int64_t now_us = clock_now_us();
    char hex[DIGEST_HEX_SIZE];
    struct view salt;
    bool ok = change(store, sql[by][0], value, -1, &out->labels, err) &&
              change(store, sql[by][1], value, -1, &out->answers, err);
    if (by == ERASE_BY_ID)
        ok = ok &&
             change(store, "delete from label where decision = $1", value, -1, &out->labels, err) &&
             erasures_add_id(store, value, now_us, err);
    else
        ok = ok && change(store, sql[by][2], value, now_us, NULL, err) &&
             need_salt(store, arena, &salt, err) &&
             add_mark(store, "entity", mark_of(salt, value, hex), now_us, err);
    return ok && change(store, sql[by][3], value, -1, &out->decisions, err) &&
           tell(store, "erase", by == ERASE_BY_ID ? "id" : "entity", out, actor, err);
}

bool journal_erase(struct store *store, enum journal_erase_by by, struct view value,
                   const char *actor, struct journal_erased *out, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = TEXT_MEMORY};
    struct view text;
    *out = (struct journal_erased){0};
    if (value.length == 0)
        return err_set(err, ERR_USAGE, "nothing is named that is to be erased");
    if (value.length > JOURNAL_TEXT_MAX)
        return err_set(err, ERR_LIMIT, "the journal keeps no texts of %zu bytes", value.length);
    return journal_text(value, &arena, &text, err) && db_begin(&store->db, err) &&
           db_end(&store->db, erase(store, by, text, actor, &arena, out, err), err);
}

/* ---------------------------------------------------------------- retention */

static bool delete_before(struct store *store, const char *sql, int64_t before, uint64_t *count,
                          bool *more, struct err *err)
{
    CLEANUP(db_finish) struct db_statement s = {0};
    if (!db_prepare(&store->db, sql, &s, err))
        return false;
    db_bind_i64(&s, 1, before);
    db_bind_i64(&s, 2, CHUNK_ROWS);
    if (!db_done(&s, err))
        return false;
    *more |= db_changes(&store->db) == CHUNK_ROWS;
    *count += db_changes(&store->db);
    return true;
}

static bool retain_some(struct store *store, int64_t before_us, int64_t answers_before_us,
                        bool *more, struct journal_erased *out, struct err *err)
{
    uint64_t others = 0;
    *more = false;
    return delete_before(store,
                         "delete from decision where id in (select id from decision "
                         "where at_us < $1 order by at_us limit $2)",
                         before_us, &out->decisions, more, err) &&
           delete_before(store,
                         "delete from label where id in (select id from label "
                         "where at_us < $1 order by at_us limit $2)",
                         before_us, &out->labels, more, err) &&
           delete_before(store,
                         "delete from answer where id in (select id from answer "
                         "where at_us < $1 order by at_us limit $2)",
                         answers_before_us, &out->answers, more, err) &&
           delete_before(store,
                         "delete from erased where id in (select id from erased "
                         "where at_us < $1 and kind <> 'salt' order by at_us limit $2)",
                         before_us, &others, more, err) &&
           delete_before(store,
                         "delete from journal_segment where name in (select name from "
                         "journal_segment where moved_ms < $1 / 1000 order by moved_ms limit $2)",
                         before_us, &others, more, err);
}

bool journal_retain(struct store *store, const struct journal_keep *keep, int64_t now_us,
                    struct journal_erased *out, struct err *err)
{
    const int64_t hour_us = 3600000000;
    int64_t before_us = keep->days == 0 ? 0 : now_us - keep->days * 24 * hour_us;
    *out = (struct journal_erased){0};
    for (bool more = true; more;) {
        struct journal_erased some = *out;
        if (!db_begin(&store->db, err) ||
            !db_end(&store->db,
                    retain_some(store, before_us, now_us - keep->answer_hours * hour_us, &more,
                                &some, err),
                    err))
            return false;
        *out = some;
    }
    return out->decisions == 0 ||
           (db_begin(&store->db, err) &&
            db_end(&store->db, tell(store, "retain", "age", out, "journal", err), err));
}
