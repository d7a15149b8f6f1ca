#include "monitor/outbox.h"

#include "base/clock.h"
#include "base/rng.h"

#include <sys/random.h>
#include <unistd.h>

enum {
    LEASE_MS = 180000,                /* a send takes less: sinks time out after a minute at most */
    PAUSE_FIRST_MS = 5000,            /* before the second try; then it doubles */
    PAUSE_MOST_MS = 900000,           /* a sink that is back is found within a quarter of an hour */
    RETRY_AFTER_MAX_MS = 6 * 3600000, /* nobody may ask for more */
    LEASE_SIZE = 33,
    ERROR_MAX = 300,
    FAILURES_MAX = 3, /* of one sink in one call: it is down, and others are waiting */
};

/* ---------------------------------------------------------------- writing */

static bool insert_notice(struct store *store, const struct notice *notice, int64_t *id,
                          struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    if (!db_prepare(&store->db,
                    "insert into alarm_notice (name, incident, kind, severity, alarm, subject, "
                    "title, said, value, bound, runbook, since_ms, at_ms) values ($1, $2, $3, $4, "
                    "$5, $6, $7, $8, $9, $10, $11, $12, $13) returning id",
                    &row, err))
        return false;
    const struct view texts[] = {notice->id,
                                 notice->incident,
                                 view_of(notice_kinds[notice->kind]),
                                 view_of(severities[notice->severity]),
                                 notice->alarm,
                                 notice->subject,
                                 notice->title,
                                 notice->text,
                                 notice->value,
                                 notice->limit,
                                 notice->runbook};
    for (size_t i = 0; i < LENGTH_OF(texts); i++)
        db_bind_text(&row, (int)i + 1, texts[i]);
    db_bind_i64(&row, LENGTH_OF(texts) + 1, notice->since_ms);
    db_bind_i64(&row, LENGTH_OF(texts) + 2, notice->at_ms);
    if (!db_next(&row, err))
        return err->kind != ERR_NONE ? false : err_set(err, ERR_STORE, "no number came back");
    *id = db_i64(&row, 0);
    return true;
}

/* Who has not got the last notice of this key yet is not reminded of it; who was never told that it
 * began is not told that it is over. */
static bool is_wanted(struct store *store, const struct notice *notice,
                      const struct alarm_route *route, bool *out, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    static const char *const questions[NOTICE_KINDS] = {
        [NOTICE_STANDING] =
            "select count(*) from alarm_delivery d join alarm_notice n on n.id = "
            "d.notice where d.sink = $1 and n.incident = $2 and d.state = 'waiting'",
        [NOTICE_OVER] = "select count(*) from alarm_delivery d join alarm_notice n on n.id = "
                        "d.notice where d.sink = $1 and n.incident = $2",
    };
    *out = notice->severity >= route->least;
    if (questions[notice->kind] == NULL || (!*out && notice->kind == NOTICE_STANDING))
        return true;
    if (!db_prepare(&store->db, questions[notice->kind], &row, err))
        return false;
    db_bind_text(&row, 1, view_of(route->sink));
    db_bind_text(&row, 2, notice->incident);
    if (!db_next(&row, err))
        return err->kind != ERR_NONE ? false : err_set(err, ERR_STORE, "no count came back");
    *out = (db_i64(&row, 0) > 0) == (notice->kind == NOTICE_OVER);
    return true;
}

static bool address(struct store *store, const struct notice *notice, int64_t id,
                    const struct alarm_route *route, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    bool wanted;
    if (!is_wanted(store, notice, route, &wanted, err))
        return false;
    if (!wanted)
        return true;
    if (!db_prepare(&store->db,
                    "insert into alarm_delivery (notice, sink, alarm, subject, state, attempts, "
                    "next_ms, lease, lease_ms, error, made_ms, sent_ms) values ($1, $2, $3, $4, "
                    "'waiting', 0, 0, '', 0, '', $5, 0)",
                    &row, err))
        return false;
    db_bind_i64(&row, 1, id);
    db_bind_text(&row, 2, view_of(route->sink));
    db_bind_text(&row, 3, notice->alarm);
    db_bind_text(&row, 4, notice->subject);
    db_bind_i64(&row, 5, notice->at_ms);
    return db_done(&row, err);
}

bool outbox_add(struct store *store, const struct alarm_rules *rules, const struct notice *notice,
                struct err *err)
{
    int64_t id = 0;
    if (!insert_notice(store, notice, &id, err))
        return false;
    for (size_t i = 0; i < rules->routes; i++)
        if (!address(store, notice, id, &rules->route[i], err))
            return false;
    return true;
}

/* ---------------------------------------------------------------- one delivery */

struct delivery {
    int64_t id, attempts;
    const struct notice_port *port;
    struct notice notice;
};

struct deliverer {
    struct store *store;
    struct arena arena; /* of one delivery */
    char lease[LEASE_SIZE];
    struct rng rng;
};

static bool keep(struct view *out, struct view text, struct arena *arena, struct err *err)
{
    const char *copy = view_copy(text, arena);
    *out = (struct view){copy, copy == NULL ? 0 : text.length};
    return copy != NULL || err_set(err, ERR_LIMIT, "a notice does not fit the memory limit");
}

static bool read_notice(const struct db_statement *row, struct arena *arena, struct notice *out,
                        struct err *err)
{
    struct view *const texts[] = {&out->id,      &out->incident, &out->alarm,
                                  &out->subject, &out->title,    &out->text,
                                  &out->value,   &out->limit,    &out->runbook};
    enum { FIRST = 2 };
    *out = (struct notice){0};
    for (size_t i = 0; i < LENGTH_OF(texts); i++)
        if (!keep(texts[i], db_text(row, (int)i + FIRST), arena, err))
            return false;
    out->since_ms = db_i64(row, LENGTH_OF(texts) + FIRST);
    out->at_ms = db_i64(row, LENGTH_OF(texts) + FIRST + 1);
    return (notice_kind_of(db_text(row, LENGTH_OF(texts) + FIRST + 2), &out->kind) &&
            severity_of(db_text(row, LENGTH_OF(texts) + FIRST + 3), &out->severity)) ||
           err_set(err, ERR_STORE, "notice '" VIEW_FMT "' is damaged", VIEW_ARG(out->id));
}

/* The oldest that is due for this sink, unless an older one of its key waits still. */
static bool find_due(struct deliverer *self, const struct notice_port *port, int64_t now_ms,
                     struct delivery *out, bool *found, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    if (!db_prepare(&self->store->db,
                    "select d.id, d.attempts, n.name, n.incident, n.alarm, n.subject, n.title, "
                    "n.said, n.value, n.bound, n.runbook, n.since_ms, n.at_ms, n.kind, n.severity "
                    "from alarm_delivery d join alarm_notice n on n.id = d.notice where d.state = "
                    "'waiting' and d.next_ms <= $1 and d.lease_ms <= $1 and d.sink = $2 and not "
                    "exists (select 1 from alarm_delivery e where e.sink = d.sink and e.alarm = "
                    "d.alarm and e.subject = d.subject and e.id < d.id and e.state = 'waiting') "
                    "order by d.id limit 1",
                    &row, err))
        return false;
    db_bind_i64(&row, 1, now_ms);
    db_bind_text(&row, 2, view_of(port->name));
    *found = db_next(&row, err);
    if (!*found)
        return err->kind == ERR_NONE;
    *out = (struct delivery){.id = db_i64(&row, 0), .attempts = db_i64(&row, 1), .port = port};
    return read_notice(&row, &self->arena, &out->notice, err);
}

static bool lease_it(struct deliverer *self, const struct delivery *delivery, int64_t now_ms,
                     struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    if (!db_prepare(&self->store->db,
                    "update alarm_delivery set lease = $2, lease_ms = $3, attempts = attempts + 1 "
                    "where id = $1",
                    &row, err))
        return false;
    db_bind_i64(&row, 1, delivery->id);
    db_bind_text(&row, 2, view_of(self->lease));
    db_bind_i64(&row, 3, now_ms + LEASE_MS);
    return db_done(&row, err);
}

/* Found and leased under the write lock: nobody else finds it meanwhile. Mostly nothing is due, and
 * the lock is not asked for. */
static bool take(struct deliverer *self, const struct notice_port *port, struct delivery *out,
                 bool *found, struct err *err)
{
    int64_t now_ms = clock_now_ms();
    arena_reset(&self->arena);
    if (!find_due(self, port, now_ms, out, found, err) || !*found)
        return err->kind == ERR_NONE;
    arena_reset(&self->arena);
    return db_begin(&self->store->db, err) &&
           db_end(&self->store->db,
                  find_due(self, port, now_ms, out, found, err) &&
                      (!*found || lease_it(self, out, now_ms, err)),
                  err);
}

static bool note_sent(struct deliverer *self, const struct delivery *delivery, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    if (!db_prepare(&self->store->db,
                    "update alarm_delivery set state = 'sent', sent_ms = $2, lease = '', lease_ms "
                    "= 0, error = '' where id = $1 and state = 'waiting'",
                    &row, err))
        return false;
    db_bind_i64(&row, 1, delivery->id);
    db_bind_i64(&row, 2, clock_now_ms());
    return db_done(&row, err);
}

/* Doubling, and between half and the whole of it, so that replicas and sinks do not march in step.
 */
static int64_t pause_of(struct deliverer *self, int64_t attempts)
{
    int64_t pause = PAUSE_FIRST_MS;
    for (int64_t i = 0; i < attempts && pause < PAUSE_MOST_MS; i++)
        pause *= 2;
    if (pause > PAUSE_MOST_MS)
        pause = PAUSE_MOST_MS;
    return pause / 2 + (int64_t)(rng_unit(&self->rng) * (double)(pause / 2));
}

static bool note_failed(struct deliverer *self, const struct delivery *delivery,
                        int64_t retry_after_ms, const struct err *why, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0}, others = {0};
    int64_t now_ms = clock_now_ms(), next_ms = now_ms + pause_of(self, delivery->attempts);
    if (retry_after_ms > RETRY_AFTER_MAX_MS)
        retry_after_ms = RETRY_AFTER_MAX_MS;
    if (now_ms + retry_after_ms > next_ms)
        next_ms = now_ms + retry_after_ms;
    struct view text = {why->text, strnlen(why->text, ERROR_MAX)};
    while (text.length > 0 && !view_is_utf8(text))
        text.length--; /* cut within a character */
    if (!db_prepare(&self->store->db,
                    "update alarm_delivery set next_ms = $2, lease = '', lease_ms = 0, error = $3 "
                    "where id = $1 and lease = $4",
                    &row, err))
        return false;
    db_bind_i64(&row, 1, delivery->id);
    db_bind_i64(&row, 2, next_ms);
    db_bind_text(&row, 3, text);
    db_bind_text(&row, 4, view_of(self->lease));
    if (!db_done(&row, err))
        return false;
    if (retry_after_ms == 0)
        return true;
    if (!db_prepare(&self->store->db,
                    "update alarm_delivery set next_ms = $2 where sink = $1 and state = 'waiting' "
                    "and next_ms < $2",
                    &others, err))
        return false;
    db_bind_text(&others, 1, view_of(delivery->port->name));
    db_bind_i64(&others, 2, next_ms);
    return db_done(&others, err);
}

static bool deliver_one(struct deliverer *self, const struct delivery *delivery,
                        struct outbox_tally *tally, struct err *err)
{
    struct err why = {0};
    int64_t retry_after_ms = 0;
    const struct notice_port *port = delivery->port;
    bool sent = port->send(port->self, &delivery->notice, &retry_after_ms, &why);
    tally->sent += sent;
    tally->failed += !sent;
    if (!sent)
        snprintf(tally->error, sizeof tally->error, "%s: %.*s", port->name, ERROR_MAX, why.text);
    return db_begin(&self->store->db, err) &&
           db_end(&self->store->db,
                  sent ? note_sent(self, delivery, err)
                       : note_failed(self, delivery, retry_after_ms, &why, err),
                  err);
}

/* ---------------------------------------------------------------- all that is due */

static void begin(struct deliverer *self)
{
    uint64_t draw[(LEASE_SIZE - 1) / 16] = {0};
    ssize_t size = getrandom(draw, sizeof draw, 0);
    assert(size == (ssize_t)sizeof draw); /* small reads are whole once the system is up */
    snprintf(self->lease, sizeof self->lease, "%016llx%016llx", (unsigned long long)draw[0],
             (unsigned long long)draw[1]);
    self->rng = rng_of(draw[0], (uint32_t)draw[1], draw[1]);
}

static bool count_waiting(struct store *store, struct outbox_tally *tally, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    if (!db_prepare(&store->db,
                    "select count(*), min(made_ms) from alarm_delivery where state = 'waiting'",
                    &row, err))
        return false;
    if (!db_next(&row, err))
        return err->kind != ERR_NONE ? false : err_set(err, ERR_STORE, "no count came back");
    tally->waiting = (size_t)db_i64(&row, 0);
    tally->oldest_ms = db_i64(&row, 1);
    return true;
}

bool outbox_deliver(struct store *store, const struct notice_port *port, size_t ports,
                    int64_t until_ms, struct outbox_tally *out, struct err *err)
{
    struct deliverer self = {.store = store, .arena = {.limit = 1 << 20}};
    struct outbox_tally tally = {0};
    bool ok = true;
    begin(&self);
    for (size_t i = 0; ok && i < ports; i++) {
        size_t failed_before = tally.failed;
        bool found = true;
        while (ok && found && clock_now_ms() < until_ms &&
               tally.failed < failed_before + FAILURES_MAX) {
            struct delivery delivery;
            ok = take(&self, &port[i], &delivery, &found, err) &&
                 (!found || deliver_one(&self, &delivery, &tally, err));
        }
    }
    arena_release(&self.arena);
    if (!ok || !count_waiting(store, &tally, err))
        return false;
    *out = tally;
    return true;
}

/* ---------------------------------------------------------------- what waits */

bool outbox_list(struct store *store, size_t most, struct arena *arena, struct outbox_item **out,
                 size_t *count, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    struct outbox_item *found = arena_new(arena, struct outbox_item, most);
    size_t n = 0;
    if (found == NULL)
        return err_set(err, ERR_LIMIT, "the outbox does not fit the memory limit");
    if (!db_prepare(&store->db,
                    "select d.sink, n.kind, d.alarm, d.subject, n.title, d.error, d.attempts, "
                    "d.made_ms, d.next_ms from alarm_delivery d join alarm_notice n on n.id = "
                    "d.notice where d.state = 'waiting' order by d.id limit $1",
                    &row, err))
        return false;
    db_bind_i64(&row, 1, (int64_t)most);
    while (n < most && db_next(&row, err)) {
        struct outbox_item *item = &found[n++];
        struct view *const texts[] = {&item->sink,    &item->kind,  &item->alarm,
                                      &item->subject, &item->title, &item->error};
        for (size_t i = 0; i < LENGTH_OF(texts); i++)
            if (!keep(texts[i], db_text(&row, (int)i), arena, err))
                return false;
        item->attempts = db_i64(&row, 6);
        item->made_ms = db_i64(&row, 7);
        item->next_ms = db_i64(&row, 8);
    }
    *out = found;
    *count = n;
    return err->kind == ERR_NONE;
}
