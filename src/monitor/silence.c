#include "monitor/silence.h"

#include "base/clock.h"
#include "monitor/alarm.h"
#include "store/audit.h"

enum { SILENCES_MAX = 1000, PAYLOAD_MAX = 2048, REASON_MAX = 400 };

/* ---------------------------------------------------------------- reading */

static bool keep(struct view *out, struct view text, struct arena *arena)
{
    const char *copy = view_copy(text, arena);
    *out = (struct view){copy, copy == NULL ? 0 : text.length};
    return copy != NULL;
}

static bool read_row(const struct db_statement *row, struct arena *arena, struct silence *out,
                     struct err *err)
{
    *out = (struct silence){
        .id = db_i64(row, 0), .from_ms = db_i64(row, 3), .until_ms = db_i64(row, 4)};
    return (keep(&out->alarm, db_text(row, 1), arena) &&
            keep(&out->subject, db_text(row, 2), arena) &&
            keep(&out->actor, db_text(row, 5), arena) &&
            keep(&out->reason, db_text(row, 6), arena)) ||
           err_set(err, ERR_LIMIT, "the silences do not fit the memory limit");
}

bool silence_list(struct store *store, int64_t now_ms, struct arena *arena, struct silence **out,
                  size_t *count, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    struct silence *found = arena_new(arena, struct silence, SILENCES_MAX);
    size_t n = 0;
    if (found == NULL)
        return err_set(err, ERR_LIMIT, "the silences do not fit the memory limit");
    if (!db_prepare(&store->db,
                    "select id, alarm, subject, from_ms, until_ms, actor, reason from "
                    "alarm_silence where from_ms <= $1 and until_ms > $1 order by id",
                    &row, err))
        return false;
    db_bind_i64(&row, 1, now_ms);
    while (n < SILENCES_MAX && db_next(&row, err))
        if (!read_row(&row, arena, &found[n++], err))
            return false;
    *out = found;
    *count = n;
    return err->kind == ERR_NONE;
}

static bool covers(struct view pattern, struct view name)
{
    return view_is(pattern, "*") || view_same(pattern, name);
}

const struct silence *silence_find(const struct silence *silence, size_t count, struct view alarm,
                                   struct view subject)
{
    for (size_t i = 0; i < count; i++)
        if (covers(silence[i].alarm, alarm) && covers(silence[i].subject, subject))
            return &silence[i];
    return NULL;
}

/* ---------------------------------------------------------------- changing */

static bool tell(struct store *store, const struct silence *silence, const char *action,
                 const char *actor, struct err *err)
{
    char name[64], bytes[PAYLOAD_MAX];
    struct text text = text_in(bytes, sizeof bytes), until = text_in(name, sizeof name);
    struct json json = json_to(&text);
    text_add_time(&until, silence->until_ms);
    json_open(&json, '{');
    json_key(&json, "alarm"), json_text(&json, silence->alarm);
    json_key(&json, "subject"), json_text(&json, silence->subject);
    json_key(&json, "until"), json_text(&json, text_view(&until));
    json_key(&json, "reason"), json_text(&json, silence->reason);
    json_close(&json);
    char subject[40];
    snprintf(subject, sizeof subject, "silence %lld", (long long)silence->id);
    return audit_append(store, actor, action, subject, text_c(&text), err);
}

static bool check(const struct silence *wanted, struct err *err)
{
    char bytes[400];
    struct text names = text_in(bytes, sizeof bytes);
    if (!view_is(wanted->alarm, "*") && alarm_find(wanted->alarm) == ALARMS) {
        alarm_list_names(&names);
        return err_set(err, ERR_INPUT, "no alarm '" VIEW_FMT "'; there are: %s",
                       VIEW_ARG(wanted->alarm), text_c(&names));
    }
    if (wanted->subject.length > ALARM_SUBJECT_MAX)
        return err_set(err, ERR_INPUT, "a subject has at most %d bytes", ALARM_SUBJECT_MAX);
    if (wanted->reason.length == 0 || wanted->reason.length > REASON_MAX)
        return err_set(err, ERR_INPUT, "a silence has a reason of 1 to %d bytes, for the audit log",
                       REASON_MAX);
    return wanted->until_ms > wanted->from_ms ||
           err_set(err, ERR_INPUT, "a silence ends after it begins");
}

static bool add(struct store *store, const struct silence *wanted, int64_t *id, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    struct silence made = *wanted;
    char actor[200];
    if (!db_prepare(&store->db,
                    "insert into alarm_silence (alarm, subject, from_ms, until_ms, actor, reason) "
                    "values ($1, $2, $3, $4, $5, $6) returning id",
                    &row, err))
        return false;
    db_bind_text(&row, 1, wanted->alarm);
    db_bind_text(&row, 2, wanted->subject);
    db_bind_i64(&row, 3, wanted->from_ms);
    db_bind_i64(&row, 4, wanted->until_ms);
    db_bind_text(&row, 5, wanted->actor);
    db_bind_text(&row, 6, wanted->reason);
    if (!db_next(&row, err))
        return err->kind != ERR_NONE ? false : err_set(err, ERR_STORE, "no number came back");
    *id = made.id = db_i64(&row, 0);
    db_finish(&row);
    snprintf(actor, sizeof actor, "%.*s", (int)wanted->actor.length, wanted->actor.text);
    return tell(store, &made, "alarm silence", actor, err);
}

bool silence_add(struct store *store, const struct silence *wanted, int64_t *id, struct err *err)
{
    return check(wanted, err) && db_begin(&store->db, err) &&
           db_end(&store->db, add(store, wanted, id, err), err);
}

static bool lift(struct store *store, int64_t id, const char *actor, int64_t now_ms,
                 struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    CLEANUP(db_finish) struct db_statement change = {0};
    struct silence *found;
    size_t count, i = 0;
    if (!silence_list(store, now_ms, &arena, &found, &count, err))
        return false;
    while (i < count && found[i].id != id)
        i++;
    if (i == count)
        return err_set(err, ERR_NOT_FOUND, "no silence %lld is in force; `assay alarms` shows them",
                       (long long)id);
    if (!db_prepare(&store->db, "update alarm_silence set until_ms = $2 where id = $1", &change,
                    err))
        return false;
    db_bind_i64(&change, 1, id);
    db_bind_i64(&change, 2, now_ms);
    found[i].until_ms = now_ms;
    return db_done(&change, err) && tell(store, &found[i], "alarm unsilence", actor, err);
}

bool silence_lift(struct store *store, int64_t id, const char *actor, int64_t now_ms,
                  struct err *err)
{
    return db_begin(&store->db, err) &&
           db_end(&store->db, lift(store, id, actor, now_ms, err), err);
}
