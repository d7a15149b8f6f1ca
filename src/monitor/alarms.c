#include "monitor/alarms.h"

#include "base/number.h"
#include "monitor/outbox.h"

#include <math.h>
#include <sys/random.h>

enum { KEYS_MAX = 100000 };

#define MEMORY                                                                                     \
    "state, since_ms, past, counted_ms, seen_ms, value, bound, said, incident, begun_ms, "         \
    "told_ms, told"
enum { MEMORY_COLUMNS = 12 };

/* A round at work. */
struct taking {
    struct store *store;
    const struct alarm_rules *rules;
    const struct alarm_round *round;
    const struct silence *silence;
    size_t silences;
    struct alarm_tally tally;
};

/* ---------------------------------------------------------------- a key's row */

static void copy_text(char *out, size_t size, struct view text)
{
    snprintf(out, size, "%.*s", (int)text.length, text.length == 0 ? "" : text.text);
}

static double number_of(struct view text)
{
    double value;
    return number_parse(text, &value) ? value : (double)NAN;
}

/* Memory's columns of the row, from `at` on. */
static void read_memory(const struct db_statement *row, int at, struct alarm_memory *out)
{
    *out = (struct alarm_memory){.state = STATE_INSUFFICIENT};
    for (size_t i = 0; i < STATES; i++)
        if (view_is(db_text(row, at), alarm_states[i]))
            out->state = (enum alarm_state)i;
    out->since_ms = db_i64(row, at + 1);
    copy_text(out->past, sizeof out->past, db_text(row, at + 2));
    out->counted_ms = db_i64(row, at + 3);
    out->seen_ms = db_i64(row, at + 4);
    out->value = number_of(db_text(row, at + 5));
    out->limit = number_of(db_text(row, at + 6));
    copy_text(out->said, sizeof out->said, db_text(row, at + 7));
    copy_text(out->incident, sizeof out->incident, db_text(row, at + 8));
    out->begun_ms = db_i64(row, at + 9);
    out->told_ms = db_i64(row, at + 10);
    out->told = db_i64(row, at + 11);
}

static bool find_key(struct store *store, struct view alarm, struct view subject,
                     struct alarm_memory *out, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    *out = (struct alarm_memory){.value = (double)NAN, .limit = (double)NAN};
    if (!db_prepare(&store->db,
                    "select " MEMORY " from alarm_key where alarm = $1 and subject = $2", &row,
                    err))
        return false;
    db_bind_text(&row, 1, alarm);
    db_bind_text(&row, 2, subject);
    if (db_next(&row, err))
        read_memory(&row, 0, out);
    return err->kind == ERR_NONE;
}

static void bind_number(struct db_statement *statement, int parameter, double value)
{
    char bytes[NUMBER_SIZE];
    size_t length = isfinite(value) ? number_print(value, bytes) : 0;
    db_bind_text(statement, parameter, (struct view){bytes, length});
}

static bool save_key(struct store *store, struct view alarm, struct view subject,
                     const struct alarm_memory *memory, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    if (!db_prepare(&store->db,
                    "insert into alarm_key (alarm, subject, " MEMORY ") values ($1, $2, $3, $4, $5,"
                    " $6, $7, $8, $9, $10, $11, $12, $13, $14) on conflict (alarm, subject) do "
                    "update set state = excluded.state, since_ms = excluded.since_ms, past = "
                    "excluded.past, counted_ms = excluded.counted_ms, seen_ms = excluded.seen_ms, "
                    "value = excluded.value, bound = excluded.bound, said = excluded.said, "
                    "incident = excluded.incident, begun_ms = excluded.begun_ms, told_ms = "
                    "excluded.told_ms, told = excluded.told",
                    &row, err))
        return false;
    db_bind_text(&row, 1, alarm);
    db_bind_text(&row, 2, subject);
    db_bind_text(&row, 3, view_of(alarm_states[memory->state]));
    db_bind_i64(&row, 4, memory->since_ms);
    db_bind_text(&row, 5, view_of(memory->past));
    db_bind_i64(&row, 6, memory->counted_ms);
    db_bind_i64(&row, 7, memory->seen_ms);
    bind_number(&row, 8, memory->value);
    bind_number(&row, 9, memory->limit);
    db_bind_text(&row, 10, view_of(memory->said));
    db_bind_text(&row, 11, view_of(memory->incident));
    db_bind_i64(&row, 12, memory->begun_ms);
    db_bind_i64(&row, 13, memory->told_ms);
    db_bind_i64(&row, 14, memory->told);
    return db_done(&row, err);
}

static bool note_change(struct store *store, const struct reading *reading, enum alarm_state was,
                        const struct alarm_memory *memory, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    if (!db_prepare(&store->db,
                    "insert into alarm_change (alarm, subject, at_ms, was, state, value, bound, "
                    "said) values ($1, $2, $3, $4, $5, $6, $7, $8)",
                    &row, err))
        return false;
    db_bind_text(&row, 1, view_of(reading->alarm->name));
    db_bind_text(&row, 2, reading->subject);
    db_bind_i64(&row, 3, memory->since_ms);
    db_bind_text(&row, 4, view_of(alarm_states[was]));
    db_bind_text(&row, 5, view_of(alarm_states[memory->state]));
    bind_number(&row, 6, memory->value);
    bind_number(&row, 7, memory->limit);
    db_bind_text(&row, 8, view_of(memory->said));
    return db_done(&row, err);
}

/* ---------------------------------------------------------------- notices */

static void make_incident(char out[ALARM_INCIDENT_SIZE])
{
    unsigned char bytes[(ALARM_INCIDENT_SIZE - 1) / 2];
    ssize_t size = getrandom(bytes, sizeof bytes, 0);
    assert(size == (ssize_t)sizeof bytes); /* small reads are whole once the system is up */
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static void write_title(struct text *out, const struct reading *reading, enum notice_kind kind)
{
    static const char *const before[NOTICE_KINDS] = {
        [NOTICE_BEGUN] = "", [NOTICE_STANDING] = "Still: ", [NOTICE_OVER] = "Over: "};
    text_adds(out, before[kind]);
    text_adds(out, reading->alarm->about);
    if (reading->subject.length > 0) {
        text_adds(out, ": ");
        text_add(out, reading->subject);
    }
}

static bool write_notice(struct taking *taking, const struct alarm_rule *rule,
                         const struct reading *reading, const struct alarm_memory *memory,
                         enum notice_kind kind, struct err *err)
{
    char id[NOTICE_ID_SIZE], title_bytes[400], value_bytes[64], limit_bytes[64];
    struct text title = text_in(title_bytes, sizeof title_bytes);
    struct text value = text_in(value_bytes, sizeof value_bytes);
    struct text limit = text_in(limit_bytes, sizeof limit_bytes);
    write_title(&title, reading, kind);
    quantity_add(&value, rule->alarm->quantity, memory->value);
    quantity_add(&limit, rule->alarm->quantity, memory->limit);
    snprintf(id, sizeof id, "%s-%lld", memory->incident, (long long)memory->told);
    struct notice notice = {
        .id = view_of(id),
        .incident = view_of(memory->incident),
        .kind = kind,
        .severity = rule->severity,
        .alarm = view_of(rule->alarm->name),
        .subject = reading->subject,
        .title = text_view(&title),
        .text = view_of(memory->said),
        .value = text_view(&value),
        .limit = text_view(&limit),
        .runbook = view_of(rule->alarm->runbook),
        .since_ms = memory->begun_ms,
        .at_ms = taking->round->now_ms,
    };
    taking->tally.begun += kind == NOTICE_BEGUN;
    taking->tally.over += kind == NOTICE_OVER;
    taking->tally.reminded += kind == NOTICE_STANDING;
    return outbox_add(taking->store, taking->rules, &notice, err);
}

/* ---------------------------------------------------------------- a round */

static bool take_reading(struct taking *taking, const struct reading *reading, struct err *err)
{
    const struct alarm_rule *rule = &taking->rules->rule[alarm_id_of(reading->alarm)];
    struct view name = view_of(reading->alarm->name);
    int64_t now_ms = taking->round->now_ms;
    struct alarm_memory memory;
    enum notice_kind kind;
    if (!rule->enabled)
        return true;
    if (reading->subject.length > ALARM_SUBJECT_MAX)
        return err_set(err, ERR_LIMIT, "alarm '%s': a subject has at most %d bytes",
                       reading->alarm->name, ALARM_SUBJECT_MAX);
    if (!find_key(taking->store, name, reading->subject, &memory, err))
        return false;
    enum alarm_state was = memory.since_ms == 0 ? STATE_INSUFFICIENT : memory.state;
    judge_reading(rule, reading, reading->at_ms == 0 ? now_ms : reading->at_ms, &memory);
    if (memory.state == STATE_ALARM && memory.incident[0] == '\0')
        make_incident(memory.incident);
    bool silenced = silence_find(taking->silence, taking->silences, name, reading->subject) != NULL;
    if (memory.state != was && !note_change(taking->store, reading, was, &memory, err))
        return false;
    if (judge_tell(rule, &memory, silenced, taking->rules->remind_ms, now_ms, &kind) &&
        !write_notice(taking, rule, reading, &memory, kind, err))
        return false;
    if (memory.state != STATE_ALARM) {
        memory.incident[0] = '\0';
        memory.told = memory.begun_ms = 0;
    }
    taking->tally.judged++;
    taking->tally.standing += memory.state == STATE_ALARM;
    return save_key(taking->store, name, reading->subject, &memory, err);
}

static bool has_reading(const struct alarm_round *round, const struct alarm *alarm,
                        struct view subject)
{
    for (size_t i = 0; i < round->readings; i++)
        if (round->reading[i].alarm == alarm && view_same(round->reading[i].subject, subject))
            return true;
    return false;
}

/* Subjects are gathered first: an engine may not read and write one table at once. */
static bool gather_missing(struct taking *taking, const struct alarm *alarm, struct arena *arena,
                           struct view *subject, size_t *count, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    *count = 0;
    if (!db_prepare(&taking->store->db, "select subject from alarm_key where alarm = $1", &row,
                    err))
        return false;
    db_bind_text(&row, 1, view_of(alarm->name));
    while (*count < KEYS_MAX && db_next(&row, err)) {
        if (has_reading(taking->round, alarm, db_text(&row, 0)))
            continue;
        const char *copy = view_copy(db_text(&row, 0), arena);
        if (copy == NULL)
            return err_set(err, ERR_LIMIT, "the alarms' subjects do not fit the memory limit");
        subject[(*count)++] = view_of(copy);
    }
    return err->kind == ERR_NONE;
}

static bool take_missing(struct taking *taking, const struct alarm *alarm, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct view *subject = arena_new(&arena, struct view, KEYS_MAX);
    size_t count;
    if (subject == NULL)
        return err_set(err, ERR_LIMIT, "the alarms' subjects do not fit the memory limit");
    if (!gather_missing(taking, alarm, &arena, subject, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct reading reading = {.alarm = alarm,
                                  .subject = subject[i],
                                  .state = STATE_INSUFFICIENT,
                                  .value = (double)NAN,
                                  .limit = (double)NAN};
        if (!take_reading(taking, &reading, err))
            return false;
    }
    return true;
}

static bool take(struct taking *taking, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    const struct alarm_round *round = taking->round;
    struct silence *silences;
    if (!silence_list(taking->store, round->now_ms, &arena, &silences, &taking->silences, err))
        return false;
    taking->silence = silences;
    for (size_t i = 0; i < round->readings; i++)
        if (!take_reading(taking, &round->reading[i], err))
            return false;
    for (size_t i = 0; i < round->covers_count; i++)
        if (!take_missing(taking, round->covers[i], err))
            return false;
    return true;
}

bool alarms_take(struct store *store, const struct alarm_rules *rules,
                 const struct alarm_round *round, struct alarm_tally *out, struct err *err)
{
    struct taking taking = {.store = store, .rules = rules, .round = round};
    assert(round->now_ms > 0);
    if (!db_begin(&store->db, err) || !db_end(&store->db, take(&taking, err), err))
        return false;
    *out = taking.tally;
    return true;
}

/* ---------------------------------------------------------------- what is known */

static bool keep(struct view *out, struct view text, struct arena *arena, struct err *err)
{
    const char *copy = view_copy(text, arena);
    *out = (struct view){copy, copy == NULL ? 0 : text.length};
    return copy != NULL || err_set(err, ERR_LIMIT, "the alarms do not fit the memory limit");
}

static bool count_of(struct store *store, const char *sql, size_t *out, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    if (!db_prepare(&store->db, sql, &row, err))
        return false;
    if (!db_next(&row, err))
        return err->kind != ERR_NONE ? false : err_set(err, ERR_STORE, "no count came back");
    *out = (size_t)db_i64(&row, 0);
    return true;
}

bool alarms_list(struct store *store, struct arena *arena, struct alarm_key **out, size_t *count,
                 struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    size_t room = 0, n = 0;
    if (!count_of(store, "select count(*) from alarm_key", &room, err))
        return false;
    struct alarm_key *found = arena_new(arena, struct alarm_key, room + 1);
    if (found == NULL)
        return err_set(err, ERR_LIMIT, "the alarms do not fit the memory limit");
    if (!db_prepare(&store->db,
                    "select alarm, subject, " MEMORY " from alarm_key order by case state when "
                    "'ALARM' then 0 when 'WATCH' then 1 else 2 end, alarm, subject",
                    &row, err))
        return false;
    while (n < room && db_next(&row, err)) {
        struct alarm_key *key = &found[n++];
        if (!keep(&key->name, db_text(&row, 0), arena, err) ||
            !keep(&key->subject, db_text(&row, 1), arena, err))
            return false;
        enum alarm_id id = alarm_find(key->name);
        key->alarm = id == ALARMS ? NULL : alarms[id];
        read_memory(&row, 2, &key->memory);
    }
    *out = found;
    *count = n;
    return err->kind == ERR_NONE;
}

bool alarms_history(struct store *store, struct view alarm, size_t most, struct arena *arena,
                    struct alarm_change **out, size_t *count, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    struct alarm_change *found = arena_new(arena, struct alarm_change, most);
    size_t n = 0;
    if (found == NULL)
        return err_set(err, ERR_LIMIT, "the alarms do not fit the memory limit");
    if (!db_prepare(&store->db,
                    "select alarm, subject, was, state, value, bound, said, at_ms from "
                    "alarm_change where alarm = $1 or $1 = '' order by at_ms desc, id desc limit "
                    "$2",
                    &row, err))
        return false;
    db_bind_text(&row, 1, alarm);
    db_bind_i64(&row, 2, (int64_t)most);
    while (n < most && db_next(&row, err)) {
        struct alarm_change *change = &found[n++];
        struct view *const texts[] = {&change->alarm, &change->subject, &change->was,
                                      &change->state, &change->value,   &change->limit,
                                      &change->said};
        for (size_t i = 0; i < LENGTH_OF(texts); i++)
            if (!keep(texts[i], db_text(&row, (int)i), arena, err))
                return false;
        change->at_ms = db_i64(&row, LENGTH_OF(texts));
    }
    *out = found;
    *count = n;
    return err->kind == ERR_NONE;
}

/* ---------------------------------------------------------------- keeping house */

static bool prune(struct store *store, int64_t before_ms, struct err *err)
{
    static const char *const statements[] = {
        "delete from alarm_change where at_ms < $1",
        "delete from alarm_silence where until_ms < $1",
        "delete from alarm_delivery where state = 'sent' and sent_ms < $1",
        ("delete from alarm_notice where at_ms < $1 and id not in (select notice from "
         "alarm_delivery)"),
    };
    for (size_t i = 0; i < LENGTH_OF(statements); i++) {
        CLEANUP(db_finish) struct db_statement row = {0};
        if (!db_prepare(&store->db, statements[i], &row, err))
            return false;
        db_bind_i64(&row, 1, before_ms);
        if (!db_done(&row, err))
            return false;
    }
    return true;
}

bool alarms_prune(struct store *store, int64_t before_ms, struct err *err)
{
    return db_begin(&store->db, err) && db_end(&store->db, prune(store, before_ms, err), err);
}
