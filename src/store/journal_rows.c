#include "store/journal_rows.h"

#include "store/base64.h"

enum {
    PAGE_MEMORY = 1 << 30, /* a page of the widest rows */
    PAGE_ROWS = 500,
};

static bool read_numbers(struct view text, struct arena *arena, struct journal_decision *d)
{
    struct view bytes;
    struct journal_numbers numbers;
    if (!base64_read(text, arena, &bytes) || bytes.length < sizeof numbers ||
        (bytes.length - sizeof numbers) % sizeof(float) != 0)
        return false;
    memcpy(&numbers, bytes.text, sizeof numbers);
    d->margin = numbers.margin, d->score = numbers.score;
    d->probability = numbers.probability, d->amount = numbers.amount;
    d->width = (bytes.length - sizeof numbers) / sizeof(float);
    float *row = arena_new(arena, float, d->width + 1);
    if (row == NULL)
        return false;
    memcpy(row, bytes.text + sizeof numbers, d->width * sizeof(float));
    d->row = row;
    return true;
}

static bool is_wanted(struct view wanted, struct view is)
{
    return wanted.length == 0 || view_same(wanted, is);
}

bool journal_query_wants(const struct journal_query *query, const struct journal_decision *d)
{
    return (query->since_us == 0 || d->at_us >= query->since_us) &&
           (query->until_us == 0 || d->at_us < query->until_us) && is_wanted(query->id, d->id) &&
           is_wanted(query->client, d->client) && is_wanted(query->entity, d->entity) &&
           is_wanted(query->outcome, d->outcome) && is_wanted(query->variant, d->variant);
}

#define COLUMNS                                                                                    \
    "id, at_us, bundle, variant, outcome, fraud, latency_us, client, entity, experiment, numbers"

/* Only what is asked for stands in the sentence, so that the indexes serve. */
struct sentence {
    char bytes[1024];
    struct text text;
    struct view value[5];
    size_t values;
};

static void add_wanted(struct sentence *sentence, const char *column, struct view value)
{
    if (value.length == 0)
        return;
    sentence->value[sentence->values++] = value;
    text_addf(&sentence->text, " and %s = $%zu", column, sentence->values + 2);
}

/* The first parameters are the times, then those values. */
static void begin_sentence(struct sentence *sentence, const char *columns,
                           const struct journal_query *query)
{
    sentence->text = text_in(sentence->bytes, sizeof sentence->bytes);
    sentence->values = 0;
    text_addf(&sentence->text, "select %s from decision where at_us >= $1 and at_us < $2", columns);
    add_wanted(sentence, "id", query->id);
    add_wanted(sentence, "client", query->client);
    add_wanted(sentence, "entity", query->entity);
    add_wanted(sentence, "outcome", query->outcome);
    add_wanted(sentence, "variant", query->variant);
}

static bool prepare_sentence(struct sentence *sentence, struct store *store, int64_t since_us,
                             const struct journal_query *query, struct db_statement *s,
                             struct err *err)
{
    const char *sql = text_c(&sentence->text);
    assert(!sentence->text.cut);
    if (!db_prepare(&store->db, sql, s, err))
        return false;
    db_bind_i64(s, 1, since_us);
    db_bind_i64(s, 2, query->until_us == 0 ? INT64_MAX : query->until_us);
    for (size_t i = 0; i < sentence->values; i++)
        db_bind_text(s, (int)i + 3, sentence->value[i]);
    return true;
}

static bool copy(struct view text, struct arena *arena, struct view *out)
{
    const char *bytes = arena_copy(arena, text.text, text.length);
    *out = (struct view){bytes, text.length};
    return bytes != NULL;
}

static bool read_row(struct db_statement *s, struct arena *arena, struct journal_decision *d,
                     struct err *err)
{
    *d = (struct journal_decision){
        .at_us = db_i64(s, 1), .fraud = db_i64(s, 5) != 0, .latency_us = (uint32_t)db_i64(s, 6)};
    bool room = copy(db_text(s, 0), arena, &d->id) && copy(db_text(s, 3), arena, &d->variant) &&
                copy(db_text(s, 4), arena, &d->outcome) && copy(db_text(s, 7), arena, &d->client) &&
                copy(db_text(s, 8), arena, &d->entity) &&
                copy(db_text(s, 9), arena, &d->experiment);
    if (!room)
        return err_set(err, ERR_LIMIT, "a page of decisions takes too much memory");
    if (!digest_parse(db_text(s, 2), &d->bundle) || !read_numbers(db_text(s, 10), arena, d))
        return err_set(err, ERR_STORE,
                       "decision " VIEW_FMT ": its row in the database was changed: the bundle or "
                       "the numbers are none",
                       VIEW_ARG(d->id));
    return true;
}

/* Where the reading begins: behind the newest that is not one of the last so many. */
static bool skip_to_last(struct journal_rows *rows, struct err *err)
{
    CLEANUP(db_finish) struct db_statement s = {0};
    struct sentence sentence;
    begin_sentence(&sentence, "at_us, id", &rows->query);
    text_addf(&sentence.text, " order by at_us desc, id desc limit 1 offset %zu", rows->query.last);
    if (!prepare_sentence(&sentence, rows->store, rows->query.since_us, &rows->query, &s, err))
        return false;
    if (db_next(&s, err)) {
        struct view id = db_text(&s, 1);
        rows->after_us = db_i64(&s, 0);
        snprintf(rows->after_id, sizeof rows->after_id, "%.*s", (int)id.length, id.text);
    }
    return err->kind == ERR_NONE;
}

bool journal_rows_open(struct journal_rows *rows, struct store *store,
                       const struct journal_query *query, struct err *err)
{
    *rows = (struct journal_rows){
        .arena = {.limit = PAGE_MEMORY}, .store = store, .query = *query, .after_us = INT64_MIN};
    return query->last == 0 || skip_to_last(rows, err);
}

static bool load_page(struct journal_rows *rows, struct err *err)
{
    CLEANUP(db_finish) struct db_statement s = {0};
    struct sentence sentence;
    arena_reset(&rows->arena);
    rows->rows = rows->next = 0;
    rows->row = arena_new(&rows->arena, struct journal_decision, PAGE_ROWS);
    if (rows->row == NULL)
        return err_set(err, ERR_LIMIT, "no memory for a page of decisions");
    int64_t since_us =
        rows->after_us > rows->query.since_us ? rows->after_us : rows->query.since_us;
    begin_sentence(&sentence, COLUMNS, &rows->query);
    size_t next = sentence.values + 3;
    text_addf(&sentence.text, " and (at_us > $%zu or id > $%zu) order by at_us, id limit %d", next,
              next + 1, PAGE_ROWS);
    if (!prepare_sentence(&sentence, rows->store, since_us, &rows->query, &s, err))
        return false;
    db_bind_i64(&s, (int)next, rows->after_us);
    db_bind_text(&s, (int)next + 1, view_of(rows->after_id));
    while (rows->rows < PAGE_ROWS && db_next(&s, err)) {
        if (!read_row(&s, &rows->arena, &rows->row[rows->rows], err))
            return false;
        rows->rows++;
    }
    if (err->kind != ERR_NONE)
        return false;
    rows->ended = rows->rows < PAGE_ROWS;
    if (rows->rows > 0) {
        const struct journal_decision *last = &rows->row[rows->rows - 1];
        rows->after_us = last->at_us;
        snprintf(rows->after_id, sizeof rows->after_id, "%.*s", (int)last->id.length,
                 last->id.text);
    }
    return true;
}

bool journal_rows_next(struct journal_rows *rows, struct journal_decision *out, struct err *err)
{
    if (rows->next == rows->rows) {
        if (rows->ended || !load_page(rows, err) || rows->rows == 0)
            return false;
    }
    *out = rows->row[rows->next++];
    return true;
}

void journal_rows_close(struct journal_rows *rows)
{
    if (rows->store != NULL)
        arena_release(&rows->arena);
    *rows = (struct journal_rows){0};
}
