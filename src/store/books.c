#include "store/books.h"

/* Each asks for the rows that the two disagree on; the first column says what, the second of which
 * version. The log's subjects are "version N". */
struct question {
    const char *sql;
    const char *wrong;
};

/* A version has been heard of since the log began: it has its event, or is older than the log. */
static const struct question questions[] = {
    {"select number, number from version where 'version ' || number not in (select subject from "
     "audit where action = 'register') and number > coalesce((select min(v.number) from version v "
     "where 'version ' || v.number in (select subject from audit where action = 'register')), "
     "number) order by number limit 1",
     "it was never registered"},
    {"select a.number, a.number from alias a where exists (select 1 from audit where action in "
     "('promote', 'rollback')) and 'version ' || a.number <> coalesce((select subject from audit "
     "where action in ('promote', 'rollback') and payload like '{\"alias\":\"' || a.name || '\",%' "
     "order by seq desc limit 1), 'version ' || a.number) limit 1",
     "an alias points to it that the log saw go elsewhere"},
    {"select j.id, j.number from judgement j where (select count(*) from judgement k where "
     "k.number "
     "= j.number and k.actor = j.actor and k.verdict = j.verdict) <> (select count(*) from audit "
     "where subject = 'version ' || j.number and actor = j.actor and action = case j.verdict when "
     "'approved' then 'approve' else 'reject' end) order by j.id limit 1",
     "its judgements are not those that were made"},
    {"select a.seq, v.number from audit a join version v on a.subject = 'version ' || v.number "
     "where a.action in ('approve', 'reject') and not exists (select 1 from judgement j where "
     "j.number = v.number and j.actor = a.actor and j.verdict = case a.action when 'approve' then "
     "'approved' else 'rejected' end) order by a.seq limit 1",
     "a judgement of it was taken away"},
    {"select a.seq, v.number from audit a join version v on a.subject = 'version ' || v.number "
     "where a.action = 'sign' and not exists (select 1 from signature s where s.number = v.number "
     "and a.payload like '%\"' || s.signature || '\"%') order by a.seq limit 1",
     "a signature of it was taken away or changed"},
};

bool books_check(struct store *store, struct err *err)
{
    for (size_t i = 0; i < LENGTH_OF(questions); i++) {
        CLEANUP(db_finish) struct db_statement statement = {0};
        if (!db_prepare(&store->db, questions[i].sql, &statement, err))
            return false;
        if (db_next(&statement, err))
            return err_set(err, ERR_STORE, "version %lld: the audit log has it otherwise: %s",
                           (long long)db_i64(&statement, 1), questions[i].wrong);
        if (err->kind != ERR_NONE)
            return false;
    }
    return true;
}
