#include "store/audit.h"

#include "base/clock.h"

/* What the first event follows. */
static const char nothing[] = "0000000000000000000000000000000000000000000000000000000000000000";

static bool hash_of(const struct audit_event *event, char hex[DIGEST_HEX_SIZE], struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct text text = text_in_arena(&arena);
    struct json json = json_to(&text);
    json_open(&json, '[');
    json_count(&json, (uint64_t)event->seq);
    json_count(&json, (uint64_t)event->at_ms);
    json_text(&json, event->actor);
    json_text(&json, event->action);
    json_text(&json, event->subject);
    json_text(&json, event->payload);
    json_text(&json, event->previous);
    json_close(&json);
    if (text.cut)
        return err_set(err, ERR_LIMIT, "an audit event does not fit the memory limit");
    struct digest digest = digest_of(text_view(&text));
    digest_print(&digest, hex);
    return true;
}

/* ---------------------------------------------------------------- reading */

/* An engine may hold a whole result in memory, so the log is read by the page. */
enum { PAGE_ROWS = 1000 };

static bool read_page(struct audit_reader *reader, struct err *err)
{
    db_finish(&reader->statement);
    reader->rows = 0;
    if (!db_prepare(&reader->store->db,
                    "select seq, at_ms, actor, action, subject, payload, previous, hash from audit "
                    "where seq >= $1 order by seq limit $2",
                    &reader->statement, err))
        return false;
    db_bind_i64(&reader->statement, 1, reader->next);
    db_bind_i64(&reader->statement, 2, PAGE_ROWS);
    return true;
}

bool audit_read(struct store *store, int64_t from, struct audit_reader *out, struct err *err)
{
    *out = (struct audit_reader){.store = store, .next = from};
    return read_page(out, err);
}

bool audit_next(struct audit_reader *reader, struct audit_event *out, struct err *err)
{
    const struct db_statement *row = &reader->statement;
    if (reader->rows == PAGE_ROWS && !read_page(reader, err))
        return false;
    if (!db_next(&reader->statement, err))
        return false;
    *out = (struct audit_event){
        .seq = db_i64(row, 0),
        .at_ms = db_i64(row, 1),
        .actor = db_text(row, 2),
        .action = db_text(row, 3),
        .subject = db_text(row, 4),
        .payload = db_text(row, 5),
        .previous = db_text(row, 6),
        .hash = db_text(row, 7),
    };
    reader->rows++;
    reader->next = out->seq + 1;
    return true;
}

void audit_close(struct audit_reader *reader)
{
    db_finish(&reader->statement);
}

/* ---------------------------------------------------------------- appending */

static bool find_last(struct store *store, int64_t *seq, char hash[DIGEST_HEX_SIZE],
                      struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    *seq = 0;
    memcpy(hash, nothing, sizeof nothing);
    if (!db_prepare(&store->db, "select seq, hash from audit order by seq desc limit 1", &statement,
                    err))
        return false;
    if (!db_next(&statement, err))
        return err->kind == ERR_NONE;
    struct view last = db_text(&statement, 1);
    if (last.length != sizeof nothing - 1)
        return err_set(err, ERR_STORE, "audit event %lld has no valid hash",
                       (long long)db_i64(&statement, 0));
    *seq = db_i64(&statement, 0);
    memcpy(hash, last.text, last.length);
    return true;
}

bool audit_append(struct store *store, const char *actor, const char *action, const char *subject,
                  const char *payload, struct err *err)
{
    char previous[DIGEST_HEX_SIZE], hash[DIGEST_HEX_SIZE];
    struct audit_event event = {
        .at_ms = clock_now_ms(),
        .actor = view_of(actor),
        .action = view_of(action),
        .subject = view_of(subject),
        .payload = payload == NULL ? VIEW("{}") : view_of(payload),
    };
    if (!find_last(store, &event.seq, previous, err))
        return false;
    event.seq++;
    event.previous = view_of(previous);
    if (!hash_of(&event, hash, err))
        return false;
    CLEANUP(db_finish) struct db_statement statement = {0};
    if (!db_prepare(&store->db,
                    "insert into audit (seq, at_ms, actor, action, subject, payload, previous, "
                    "hash) values ($1, $2, $3, $4, $5, $6, $7, $8)",
                    &statement, err))
        return false;
    db_bind_i64(&statement, 1, event.seq);
    db_bind_i64(&statement, 2, event.at_ms);
    db_bind_text(&statement, 3, event.actor);
    db_bind_text(&statement, 4, event.action);
    db_bind_text(&statement, 5, event.subject);
    db_bind_text(&statement, 6, event.payload);
    db_bind_text(&statement, 7, event.previous);
    db_bind_text(&statement, 8, view_of(hash));
    return db_done(&statement, err);
}

/* ---------------------------------------------------------------- verifying */

static bool follows(const struct audit_event *event, const struct audit_summary *before,
                    struct err *err)
{
    char hash[DIGEST_HEX_SIZE];
    if (event->seq != before->events + 1)
        return err_set(err, ERR_STORE, "the audit log lacks event %lld: event %lld comes next",
                       (long long)before->events + 1, (long long)event->seq);
    if (!view_is(event->previous, before->last))
        return err_set(err, ERR_STORE,
                       "audit event %lld does not follow the one before: one of them was changed",
                       (long long)event->seq);
    if (!hash_of(event, hash, err))
        return false;
    return view_is(event->hash, hash) ||
           err_set(err, ERR_STORE,
                   "audit event %lld was changed: its hash is not that of its words",
                   (long long)event->seq);
}

bool audit_verify(struct store *store, struct view anchor, struct audit_summary *out,
                  struct err *err)
{
    CLEANUP(audit_close) struct audit_reader reader = {0};
    struct audit_event event;
    bool anchored = anchor.length == 0;
    *out = (struct audit_summary){0};
    memcpy(out->last, nothing, sizeof nothing);
    if (!audit_read(store, 0, &reader, err))
        return false;
    while (audit_next(&reader, &event, err)) {
        if (!follows(&event, out, err))
            return false;
        anchored |= view_same(event.hash, anchor);
        out->events = event.seq;
        memcpy(out->last, event.hash.text, event.hash.length);
    }
    if (err->kind != ERR_NONE)
        return false;
    return anchored || err_set(err, ERR_STORE,
                               "no audit event has the hash " VIEW_FMT
                               ": the end of the log was cut off, or it is another log",
                               VIEW_ARG(anchor));
}
