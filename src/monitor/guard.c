#include "monitor/guard.h"

#define DAY_US (INT64_C(86400) * 1000000)

static char *add(struct guard_findings *out)
{
    static char none[GUARD_TEXT_SIZE];
    return out->count < GUARD_FINDINGS_MAX ? out->text[out->count++] : none;
}

/* ---------------------------------------------------------------- sources and clients */

/* How many labels each teller told since, and in the weeks before that. */
#define INFLUX(teller)                                                                             \
    "select " teller ", sum(case when id > $2 then 1 else 0 end), "                                \
    "sum(case when id <= $2 then 1 else 0 end) from label "                                        \
    "where (at_us >= $1 or id > $2) and id <= $3 group by " teller " order by " teller

static void judge_influx(const struct db_statement *row, const char *what, int64_t usual_us,
                         int64_t span_us, const struct guard_limits *limits,
                         struct guard_findings *out)
{
    uint64_t now = (uint64_t)db_i64(row, 1), before = (uint64_t)db_i64(row, 2);
    if (now < limits->labels_min || usual_us <= 0)
        return;
    /* One more than there were: who never told any has no rate, and is not infinitely unusual. */
    double usual = ((double)before + 1) / (double)usual_us * (double)span_us;
    if ((double)now <= limits->times * usual)
        return;
    snprintf(add(out), GUARD_TEXT_SIZE,
             "%s '" VIEW_FMT "' told %llu labels, where %.1f would be usual", what,
             VIEW_ARG(db_text(row, 0)), (unsigned long long)now, usual);
}

/* Since when there are labels at all: before the first there is nothing usual. */
static bool first_label(struct store *store, int64_t *out_us, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    *out_us = INT64_MAX;
    if (!db_prepare(&store->db, "select min(at_us) from label", &row, err))
        return false;
    if (db_next(&row, err) && !db_is_null(&row, 0))
        *out_us = db_i64(&row, 0);
    return err->kind == ERR_NONE;
}

static bool look_at_influx(struct store *store, const char *sql, const char *what,
                           const struct guard_span *span, const struct guard_limits *limits,
                           struct guard_findings *out, struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    int64_t first_us, from_us = span->since_us - GUARD_USUAL_DAYS * DAY_US;
    if (!first_label(store, &first_us, err) || !db_prepare(&store->db, sql, &row, err))
        return false;
    from_us = first_us > from_us ? first_us : from_us;
    db_bind_i64(&row, 1, from_us);
    db_bind_i64(&row, 2, span->after);
    db_bind_i64(&row, 3, span->upto);
    while (db_next(&row, err))
        judge_influx(&row, what, span->since_us - from_us, span->until_us - span->since_us, limits,
                     out);
    return err->kind == ERR_NONE;
}

/* ---------------------------------------------------------------- entities, turned labels */

static bool look_at_entities(struct store *store, const struct guard_span *span,
                             const struct guard_limits *limits, struct guard_findings *out,
                             struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    if (!db_prepare(&store->db,
                    "select d.entity, count(*) from label l join decision d on d.id = l.decision "
                    "where l.id > $1 and l.id <= $2 and l.label = 'fraud' and d.entity <> '' "
                    "group by d.entity having count(*) > $3 order by count(*) desc, d.entity",
                    &row, err))
        return false;
    db_bind_i64(&row, 1, span->after);
    db_bind_i64(&row, 2, span->upto);
    db_bind_i64(&row, 3, (int64_t)limits->entity_labels);
    /* Whose it is stays in the journal: a finding travels to people and chats. */
    if (db_next(&row, err)) {
        int64_t most = db_i64(&row, 1), entities = 1;
        while (db_next(&row, err))
            entities++;
        snprintf(add(out), GUARD_TEXT_SIZE,
                 "%lld %s called fraud more than %llu times, one of them %lld times",
                 (long long)entities, entities == 1 ? "entity was" : "entities were",
                 (unsigned long long)limits->entity_labels, (long long)most);
    }
    return err->kind == ERR_NONE;
}

static bool look_at_turned(struct store *store, const struct guard_span *span,
                           const struct guard_limits *limits, struct guard_findings *out,
                           struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    if (!db_prepare(&store->db,
                    "select count(*), coalesce(sum(turned), 0), coalesce(sum(told), 0) from ("
                    "select l.decision, count(*) as told, max(case when exists (select 1 "
                    "from label o where o.decision = l.decision and o.label <> l.label "
                    "and o.source = l.source and o.id < l.id) then 1 else 0 end) as turned "
                    "from label l where l.id > $1 and l.id <= $2 group by l.decision) t",
                    &row, err))
        return false;
    db_bind_i64(&row, 1, span->after);
    db_bind_i64(&row, 2, span->upto);
    if (!db_next(&row, err))
        return err->kind == ERR_NONE;
    int64_t decisions = db_i64(&row, 0), turned = db_i64(&row, 1);
    out->labels = (uint64_t)db_i64(&row, 2);
    if ((uint64_t)decisions >= limits->labels_min &&
        (double)turned > limits->turned_share * (double)decisions)
        snprintf(add(out), GUARD_TEXT_SIZE,
                 "of %lld labelled decisions %lld were turned round by the source that had "
                 "labelled them",
                 (long long)decisions, (long long)turned);
    return true;
}

bool guard_look(struct store *store, const struct guard_span *span,
                const struct guard_limits *limits, struct guard_findings *out, struct err *err)
{
    *out = (struct guard_findings){0};
    return look_at_influx(store, INFLUX("source"), "source", span, limits, out, err) &&
           look_at_influx(store, INFLUX("client"), "client", span, limits, out, err) &&
           look_at_entities(store, span, limits, out, err) &&
           look_at_turned(store, span, limits, out, err);
}
