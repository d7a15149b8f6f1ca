#include "store/meeting.h"

#include "base/clock.h"
#include "base/doc.h"
#include "store/audit.h"

enum { DOCUMENT_MEMORY_MAX = 64 << 20, PAYLOAD_MAX = 512, SUBJECT_MAX = 64 };

static void name_subject(int64_t number, char subject[SUBJECT_MAX])
{
    snprintf(subject, SUBJECT_MAX, "version %lld", (long long)number);
}

bool meeting_last(struct store *store, int64_t number, struct arena *arena, struct meeting *out,
                  struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    *out = (struct meeting){0};
    if (!db_prepare(&store->db,
                    "select champion, verdict, document, at_ms from comparison where number = $1 "
                    "order by id desc limit 1",
                    &statement, err))
        return false;
    db_bind_i64(&statement, 1, number);
    if (!db_next(&statement, err))
        return err->kind == ERR_NONE;
    struct view verdict = db_text(&statement, 1), document = db_text(&statement, 2);
    const char *word = view_copy(verdict, arena), *text = view_copy(document, arena);
    if (word == NULL || text == NULL)
        return err_set(err, ERR_LIMIT, "the comparison does not fit the memory limit");
    *out = (struct meeting){.number = number,
                            .champion = db_i64(&statement, 0),
                            .verdict = {word, verdict.length},
                            .document = {text, document.length},
                            .at_ms = db_i64(&statement, 3)};
    return true;
}

static bool insert(struct store *store, const struct meeting *meeting, const char *actor,
                   struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    if (!db_prepare(&store->db,
                    "insert into comparison (number, champion, verdict, document, at_ms, actor) "
                    "values ($1, $2, $3, $4, $5, $6)",
                    &statement, err))
        return false;
    db_bind_i64(&statement, 1, meeting->number);
    db_bind_i64(&statement, 2, meeting->champion);
    db_bind_text(&statement, 3, meeting->verdict);
    db_bind_text(&statement, 4, meeting->document);
    db_bind_i64(&statement, 5, clock_now_ms());
    db_bind_text(&statement, 6, view_of(actor));
    return db_done(&statement, err);
}

static bool add(struct store *store, const struct meeting *meeting, const char *actor,
                struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = DOCUMENT_MEMORY_MAX};
    struct meeting last;
    if (!meeting_last(store, meeting->number, &arena, &last, err))
        return false;
    if (last.champion == meeting->champion && view_same(last.document, meeting->document))
        return true;
    char subject[SUBJECT_MAX], hex[DIGEST_HEX_SIZE], room[PAYLOAD_MAX];
    struct digest digest = digest_of(meeting->document);
    struct text payload = text_in(room, sizeof room);
    struct json json = json_to(&payload);
    json_open(&json, '{');
    json_key(&json, "champion"), json_i64(&json, meeting->champion);
    json_key(&json, "verdict"), json_text(&json, meeting->verdict);
    json_key(&json, "document"), json_string(&json, digest_print(&digest, hex));
    json_close(&json);
    name_subject(meeting->number, subject);
    return insert(store, meeting, actor, err) &&
           audit_append(store, actor, "challenge", subject, text_c(&payload), err);
}

bool meeting_add(struct store *store, const struct meeting *meeting, const char *actor,
                 struct err *err)
{
    return db_begin(&store->db, err) && db_end(&store->db, add(store, meeting, actor, err), err);
}

/* ---------------------------------------------------------------- checking */

static bool hear(struct store *store, int64_t number, struct arena *arena, struct view *out,
                 struct err *err)
{
    char subject[SUBJECT_MAX];
    CLEANUP(db_finish) struct db_statement statement = {0};
    *out = VIEW("");
    if (!db_prepare(&store->db,
                    "select payload from audit where action = 'challenge' and subject = $1 order "
                    "by seq desc limit 1",
                    &statement, err))
        return false;
    name_subject(number, subject);
    db_bind_text(&statement, 1, view_of(subject));
    if (!db_next(&statement, err))
        return err->kind == ERR_NONE;
    const struct doc *payload = doc_parse(db_text(&statement, 0), arena, err);
    return payload != NULL && doc_need_text(payload, "document", out, err);
}

bool meeting_check(struct store *store, int64_t number, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = DOCUMENT_MEMORY_MAX};
    struct meeting last;
    struct view heard;
    char hex[DIGEST_HEX_SIZE];
    if (!meeting_last(store, number, &arena, &last, err) ||
        !hear(store, number, &arena, &heard, err))
        return false;
    struct digest digest = digest_of(last.document);
    bool same = last.number == 0 ? heard.length == 0
                                 : view_same(heard, view_of(digest_print(&digest, hex)));
    return same || err_set(err, ERR_STORE,
                           "version %lld: its comparison with the champion was changed since it "
                           "was made",
                           (long long)number);
}
