#include "store/governance.h"

#include "base/clock.h"
#include "base/doc.h"
#include "store/audit.h"
#include "store/history.h"

enum { WORDS_MAX = 4000, SUBJECT_MAX = 64 };

const char *approval_name(enum approval approval)
{
    static const char *const names[] = {
        [APPROVAL_PENDING] = "PendingManualApproval",
        [APPROVAL_APPROVED] = "Approved",
        [APPROVAL_REJECTED] = "Rejected",
    };
    return names[approval];
}

static bool append(struct store *store, const char *actor, const char *action, int64_t number,
                   struct text *payload, struct err *err)
{
    char subject[SUBJECT_MAX];
    snprintf(subject, sizeof subject, "version %lld", (long long)number);
    if (payload->cut)
        return err_set(err, ERR_INPUT, "the comment is longer than %d bytes", WORDS_MAX);
    return audit_append(store, actor, action, subject, text_c(payload), err);
}

/* ---------------------------------------------------------------- judging */

bool governance_standing(struct store *store, int64_t number, struct standing *out, struct err *err)
{
    CLEANUP(db_finish) struct db_statement last = {0}, approvers = {0};
    *out = (struct standing){.approval = APPROVAL_PENDING};
    if (!db_prepare(&store->db,
                    "select verdict from judgement where number = $1 order by id desc limit 1",
                    &last, err) ||
        !db_prepare(&store->db,
                    "select count(distinct actor) from judgement where number = $1 and verdict = "
                    "'approved' and id > coalesce((select max(id) from judgement where number = $1 "
                    "and verdict = 'rejected'), 0)",
                    &approvers, err))
        return false;
    db_bind_i64(&last, 1, number);
    db_bind_i64(&approvers, 1, number);
    if (db_next(&last, err))
        out->approval =
            view_is(db_text(&last, 0), "approved") ? APPROVAL_APPROVED : APPROVAL_REJECTED;
    if (err->kind == ERR_NONE && db_next(&approvers, err))
        out->approvers = (size_t)db_i64(&approvers, 0);
    return err->kind == ERR_NONE;
}

static bool has_approved(struct store *store, int64_t number, const char *actor, bool *out,
                         struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    if (!db_prepare(&store->db,
                    "select 1 from judgement where number = $1 and actor = $2 and verdict = "
                    "'approved' and id > coalesce((select max(id) from judgement where number = $1 "
                    "and verdict = 'rejected'), 0)",
                    &statement, err))
        return false;
    db_bind_i64(&statement, 1, number);
    db_bind_text(&statement, 2, view_of(actor));
    *out = db_next(&statement, err);
    return err->kind == ERR_NONE;
}

static bool add_judgement(struct store *store, int64_t number, bool approve, const char *actor,
                          const char *comment, struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    if (!db_prepare(&store->db,
                    "insert into judgement (number, verdict, at_ms, actor, comment) values ($1, "
                    "$2, $3, $4, $5)",
                    &statement, err))
        return false;
    db_bind_i64(&statement, 1, number);
    db_bind_text(&statement, 2, approve ? VIEW("approved") : VIEW("rejected"));
    db_bind_i64(&statement, 3, clock_now_ms());
    db_bind_text(&statement, 4, view_of(actor));
    db_bind_text(&statement, 5, view_of(comment));
    return db_done(&statement, err);
}

static bool judge(struct store *store, int64_t number, bool approve, const char *actor,
                  const char *comment, struct err *err)
{
    bool again;
    if (!has_approved(store, number, actor, &again, err))
        return false;
    if (approve && again)
        return err_set(err, ERR_CONFLICT, "%s has approved version %lld already", actor,
                       (long long)number);
    char room[WORDS_MAX];
    struct text payload = text_in(room, sizeof room);
    struct json json = json_to(&payload);
    json_open(&json, '{');
    json_key(&json, "comment"), json_string(&json, comment);
    json_close(&json);
    return add_judgement(store, number, approve, actor, comment, err) &&
           (approve || alias_leave(store, "challenger", number, err)) &&
           append(store, actor, approve ? "approve" : "reject", number, &payload, err);
}

bool governance_judge(struct store *store, int64_t number, bool approve, const char *actor,
                      const char *comment, struct err *err)
{
    if (comment[0] == '\0')
        return err_set(err, ERR_USAGE,
                       "say why: --comment 'what was looked at, and what was found'");
    return db_begin(&store->db, err) &&
           db_end(&store->db, judge(store, number, approve, actor, comment, err), err);
}

/* ---------------------------------------------------------------- putting in force */

static bool move(struct store *store, const char *alias, int64_t from, int64_t number,
                 enum deployment action, const char *actor, const char *reason, struct err *err)
{
    char room[WORDS_MAX];
    struct text payload = text_in(room, sizeof room);
    struct json json = json_to(&payload);
    json_open(&json, '{');
    json_key(&json, "alias"), json_string(&json, alias);
    json_key(&json, "from"), json_count(&json, (uint64_t)from);
    json_key(&json, "reason"), json_string(&json, reason);
    json_close(&json);
    return alias_move(store, alias, from, number, actor, err) &&
           history_add(store, alias, action, number, from, actor, reason, err) &&
           append(store, actor, action == DEPLOYMENT_ROLLBACK ? "rollback" : "promote", number,
                  &payload, err);
}

static bool may_be_in_force(struct store *store, int64_t number, size_t approvers, struct err *err)
{
    struct standing standing;
    if (!governance_standing(store, number, &standing, err))
        return false;
    if (standing.approval == APPROVAL_REJECTED)
        return err_set(err, ERR_GATE, "version %lld was rejected: approve it first",
                       (long long)number);
    if (standing.approvers < approvers)
        return err_set(err, ERR_GATE,
                       "version %lld is approved by %zu of the %zu people that deploy.approvals "
                       "asks for: `assay models approve %lld --comment ...`",
                       (long long)number, standing.approvers, approvers, (long long)number);
    return true;
}

static bool promote(struct store *store, const char *alias, int64_t from, int64_t number,
                    size_t approvers, const char *actor, const char *reason, struct err *err)
{
    int64_t now;
    if (!may_be_in_force(store, number, approvers, err) || !alias_get(store, alias, &now, err))
        return false;
    if (from != GOVERNANCE_ANY && from != now)
        return err_set(err, ERR_CONFLICT,
                       "version %lld became the %s meanwhile: what was judged beside version %lld "
                       "is to be judged beside it",
                       (long long)now, alias, (long long)from);
    if (now == number)
        return true;
    bool champion = strcmp(alias, "champion") == 0;
    return move(store, alias, now, number, DEPLOYMENT_PROMOTE, actor, reason, err) &&
           (!champion || alias_leave(store, "challenger", number, err));
}

bool governance_promote(struct store *store, const char *alias, int64_t from, int64_t number,
                        size_t approvers, const char *actor, const char *reason, struct err *err)
{
    return db_begin(&store->db, err) &&
           db_end(&store->db, promote(store, alias, from, number, approvers, actor, reason, err),
                  err);
}

/* Down the stack, past what was rejected since, and what may not be in force for another reason. */
static bool find_before(struct store *store, const char *alias, int64_t now,
                        const struct governance_filter *filter, int64_t *out, struct err *err)
{
    enum { MEMORY = 64 << 20 };
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct history history;
    if (!history_load(store, alias, &arena, &history, err))
        return false;
    for (size_t i = history.count; i > 0; i--) {
        int64_t number = history.version[i - 1];
        struct standing standing;
        bool may = true;
        if (!governance_standing(store, number, &standing, err))
            return false;
        if (number == now || standing.approval == APPROVAL_REJECTED)
            continue;
        if (filter != NULL && !filter->may(filter->self, store, number, &may, err))
            return false;
        if (may) {
            *out = number;
            return true;
        }
    }
    return err_set(err, ERR_NOT_FOUND, "nothing was %s before version %lld to go back to", alias,
                   (long long)now);
}

static bool rollback(struct store *store, const char *alias, const char *actor, const char *reason,
                     const struct governance_filter *filter, int64_t *out, struct err *err)
{
    int64_t now;
    if (strlen(reason) > WORDS_MAX / 2)
        return err_set(err, ERR_INPUT, "the reason is longer than %d bytes", WORDS_MAX / 2);
    if (!alias_get(store, alias, &now, err))
        return false;
    if (now == 0)
        return err_set(err, ERR_NOT_FOUND, "there is no %s to roll back", alias);
    return find_before(store, alias, now, filter, out, err) &&
           move(store, alias, now, *out, DEPLOYMENT_ROLLBACK, actor, reason, err);
}

bool governance_rollback(struct store *store, const char *alias, const char *actor,
                         const char *reason, const struct governance_filter *filter, int64_t *out,
                         struct err *err)
{
    if (reason[0] == '\0')
        return err_set(err, ERR_USAGE, "say why: --comment 'what went wrong'");
    return db_begin(&store->db, err) &&
           db_end(&store->db, rollback(store, alias, actor, reason, filter, out, err), err);
}

/* ---------------------------------------------------------------- tags */

static bool tag(struct store *store, int64_t number, struct view name, struct view value,
                const char *actor, struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    const char *sql = value.length > 0
                          ? "insert into tag (number, name, value) values ($1, $2, $3) on conflict "
                            "(number, name) do update set value = excluded.value"
                          : "delete from tag where number = $1 and name = $2";
    if (!db_prepare(&store->db, sql, &statement, err))
        return false;
    db_bind_i64(&statement, 1, number);
    db_bind_text(&statement, 2, name);
    if (value.length > 0)
        db_bind_text(&statement, 3, value);
    char room[WORDS_MAX];
    struct text payload = text_in(room, sizeof room);
    struct json json = json_to(&payload);
    json_open(&json, '{');
    json_key(&json, "name"), json_text(&json, name);
    json_key(&json, "value"), json_text(&json, value);
    json_close(&json);
    return db_done(&statement, err) && append(store, actor, "tag", number, &payload, err);
}

bool governance_tag(struct store *store, int64_t number, struct view name, struct view value,
                    const char *actor, struct err *err)
{
    if (name.length == 0 || name.length > 64 || value.length > 256)
        return err_set(err, ERR_USAGE, "a tag is NAME=VALUE, of 64 and 256 bytes at most");
    return db_begin(&store->db, err) &&
           db_end(&store->db, tag(store, number, name, value, actor, err), err);
}

/* ---------------------------------------------------------------- checking */

static bool changed(int64_t number, const char *what, struct err *err)
{
    return err_set(err, ERR_STORE,
                   "version %lld: its %s were changed in the registry since it was registered",
                   (long long)number, what);
}

static bool holds(const struct doc *heard, const char *what, struct view now, int64_t number,
                  struct err *err)
{
    struct view then;
    return doc_need_text(heard, what, &then, err) &&
           (view_same(then, now) || changed(number, what, err));
}

/* What earlier programs did not tell the log cannot be held against it. */
static bool holds_if_told(const struct doc *heard, const char *what, struct view now,
                          int64_t number, struct err *err)
{
    return doc_find(heard, what) == NULL || holds(heard, what, now, number, err);
}

static bool holds_number(const struct doc *heard, const char *what, int64_t now, int64_t number,
                         struct err *err)
{
    const struct doc *then = doc_find(heard, what);
    return then == NULL || (then->kind == DOC_NUMBER && then->number == (double)now) ||
           changed(number, what, err);
}

static bool check(const struct version *version, struct view payload, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    char bundle[DIGEST_HEX_SIZE], metrics[DIGEST_HEX_SIZE];
    const struct doc *heard = doc_parse(payload, &arena, err);
    struct digest digest = digest_of(version->metrics);
    return heard != NULL &&
           holds(heard, "bundle", view_of(digest_print(&version->bundle, bundle)), version->number,
                 err) &&
           holds(heard, "metrics", view_of(digest_print(&digest, metrics)), version->number, err) &&
           holds(heard, "name", version->name, version->number, err) &&
           holds(heard, "project", version->project, version->number, err) &&
           holds(heard, "origin", view_of(version_origin_name(version->origin)), version->number,
                 err) &&
           holds_if_told(heard, "algorithm", version->algorithm, version->number, err) &&
           holds_number(heard, "run", version->run_id, version->number, err) &&
           holds_number(heard, "created_ms", version->created_ms, version->number, err);
}

bool governance_check(struct store *store, const struct version *version, struct err *err)
{
    char subject[SUBJECT_MAX];
    CLEANUP(db_finish) struct db_statement statement = {0};
    if (!db_prepare(&store->db,
                    "select payload from audit where action = 'register' and subject = $1 order by "
                    "seq limit 1",
                    &statement, err))
        return false;
    snprintf(subject, sizeof subject, "version %lld", (long long)version->number);
    db_bind_text(&statement, 1, view_of(subject));
    if (!db_next(&statement, err))
        return err->kind == ERR_NONE;
    return check(version, db_text(&statement, 0), err);
}

/* ---------------------------------------------------------------- telling */

static bool write_tags(struct store *store, int64_t number, struct json *json, struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    if (!db_prepare(&store->db, "select name, value from tag where number = $1 order by name",
                    &statement, err))
        return false;
    db_bind_i64(&statement, 1, number);
    json_key(json, "tags");
    json_open(json, '{');
    while (db_next(&statement, err))
        json_key_view(json, db_text(&statement, 0)), json_text(json, db_text(&statement, 1));
    json_close(json);
    return err->kind == ERR_NONE;
}

static bool write_judgements(struct store *store, int64_t number, struct json *json,
                             struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    if (!db_prepare(&store->db,
                    "select verdict, at_ms, actor, comment from judgement where number = $1 order "
                    "by id",
                    &statement, err))
        return false;
    db_bind_i64(&statement, 1, number);
    json_key(json, "judgements");
    json_open(json, '[');
    while (db_next(&statement, err)) {
        char bytes[40];
        struct text time = text_in(bytes, sizeof bytes);
        text_add_time(&time, db_i64(&statement, 1));
        json_open(json, '{');
        json_key(json, "verdict"), json_text(json, db_text(&statement, 0));
        json_key(json, "at"), json_text(json, text_view(&time));
        json_key(json, "actor"), json_text(json, db_text(&statement, 2));
        json_key(json, "comment"), json_text(json, db_text(&statement, 3));
        json_close(json);
    }
    json_close(json);
    return err->kind == ERR_NONE;
}

bool governance_write(struct store *store, int64_t number, struct json *json, struct err *err)
{
    struct standing standing;
    if (!governance_standing(store, number, &standing, err))
        return false;
    json_key(json, "approval"), json_string(json, approval_name(standing.approval));
    return write_judgements(store, number, json, err) && write_tags(store, number, json, err);
}
