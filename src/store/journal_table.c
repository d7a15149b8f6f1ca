#include "store/journal_table.h"

#include "base/number.h"
#include "store/base64.h"

#include <math.h>

enum {
    ROW_MEMORY = 3 * JOURNAL_RECORD_MAX, /* one row's texts: an answer's are the largest */
};

/* ---------------------------------------------------------------- texts */

/* Bytes of the character at the start, if it is one of UTF-8's and not NUL, which PostgreSQL does
 * not take; else 0. */
static size_t character_at(struct view rest)
{
    for (size_t size = 1; size <= 4 && size <= rest.length; size++)
        if (rest.text[0] != '\0' && view_is_utf8((struct view){rest.text, size}))
            return size;
    return 0;
}

bool journal_text(struct view text, struct arena *arena, struct view *out, struct err *err)
{
    if (view_is_utf8(text) && (text.length == 0 || memchr(text.text, '\0', text.length) == NULL)) {
        *out = text;
        return true;
    }
    struct text built = text_in_arena(arena);
    for (size_t at = 0; at < text.length;) {
        size_t size = character_at(view_from(text, at));
        if (size == 0)
            text_addf(&built, "\\x%02X", (unsigned char)text.text[at]);
        else
            text_add(&built, (struct view){text.text + at, size});
        at += size == 0 ? 1 : size;
    }
    *out = text_view(&built);
    return !built.cut || err_set(err, ERR_LIMIT, "a text of the journal takes too much memory");
}

/* The first fault of binding many: one place looks at it. */
struct binding {
    struct db_statement *statement;
    struct arena *arena;
    bool ok;
    struct err *err;
};

static void bind_view(struct binding *binding, int parameter, struct view text)
{
    struct view clean;
    if (binding->ok && (binding->ok = journal_text(text, binding->arena, &clean, binding->err)))
        db_bind_text(binding->statement, parameter, clean);
}

static void bind_i64(struct binding *binding, int parameter, int64_t value)
{
    db_bind_i64(binding->statement, parameter, value);
}

static void bind_base64(struct binding *binding, int parameter, struct view bytes)
{
    struct text text = text_in_arena(binding->arena);
    base64_add(&text, bytes);
    if (binding->ok && text.cut)
        binding->ok = err_set(binding->err, ERR_LIMIT, "a row of the journal is too large");
    db_bind_text(binding->statement, parameter, text_view(&text));
}

static void bind_digest(struct binding *binding, int parameter, const struct digest *digest)
{
    char hex[DIGEST_HEX_SIZE];
    db_bind_text(binding->statement, parameter, view_of(digest_print(digest, hex)));
}

static void bind_numbers(struct binding *binding, int parameter, const struct journal_decision *d)
{
    struct journal_numbers numbers = {d->margin, d->score, d->probability, d->amount};
    struct text bytes = text_in_arena(binding->arena);
    text_add(&bytes, (struct view){(const char *)&numbers, sizeof numbers});
    text_add(&bytes, (struct view){(const char *)d->row, d->width * sizeof(float)});
    if (binding->ok && bytes.cut)
        binding->ok =
            err_set(binding->err, ERR_LIMIT, "a row of %zu floats is too large", d->width);
    bind_base64(binding, parameter, text_view(&bytes));
}

/* ---------------------------------------------------------------- adding */

bool journal_adding_open(struct journal_adding *adding, struct store *store, struct err *err)
{
    *adding = (struct journal_adding){.arena = {.limit = ROW_MEMORY}};
    return db_prepare(
               &store->db,
               "insert into decision (id, at_us, bundle, variant, outcome, fraud, score, "
               "probability, amount, latency_us, client, entity, experiment, request, numbers) "
               "values ($1, $2, $3, $4, $5, $6, cast($7 as double precision), "
               "cast($8 as double precision), cast($9 as double precision), $10, $11, $12, $13, "
               "$14, $15) on conflict (id, at_us) do nothing",
               &adding->decision, err) &&
           db_prepare(
               &store->db,
               "insert into label (decision, label, source, at_us, label_ms, amount_lost, client) "
               "values ($1, $2, $3, $4, $5, cast($6 as double precision), $7)",
               &adding->label, err) &&
           db_prepare(
               &store->db,
               "insert into answer (key, at_us, request, decision, status, content_type, body) "
               "values ($1, $2, $3, $4, $5, $6, $7)",
               &adding->answer, err);
}

void journal_adding_close(struct journal_adding *adding)
{
    db_finish(&adding->decision);
    db_finish(&adding->label);
    db_finish(&adding->answer);
    arena_release(&adding->arena);
}

static struct binding binding_of(struct journal_adding *adding, struct db_statement *statement,
                                 struct err *err)
{
    arena_reset(&adding->arena);
    return (struct binding){
        .statement = statement, .arena = &adding->arena, .ok = true, .err = err};
}

static bool add(struct binding *binding)
{
    return binding->ok && db_queue(binding->statement, binding->err);
}

bool journal_add_decision(struct journal_adding *adding, const struct journal_decision *d,
                          struct view request, struct err *err)
{
    struct binding b = binding_of(adding, &adding->decision, err);
    bind_view(&b, 1, d->id);
    bind_i64(&b, 2, d->at_us);
    bind_digest(&b, 3, &d->bundle);
    bind_view(&b, 4, d->variant);
    bind_view(&b, 5, d->outcome);
    bind_i64(&b, 6, d->fraud);
    db_bind_real(b.statement, 7, (double)d->score);
    db_bind_real(b.statement, 8, d->probability);
    db_bind_real(b.statement, 9, d->amount);
    bind_i64(&b, 10, d->latency_us);
    bind_view(&b, 11, d->client);
    bind_view(&b, 12, d->entity);
    bind_view(&b, 13, d->experiment);
    bind_view(&b, 14, view_same(request, d->id) ? VIEW("") : request);
    bind_numbers(&b, 15, d);
    return add(&b);
}

bool journal_add_label(struct journal_adding *adding, const struct journal_label *label,
                       struct err *err)
{
    struct binding b = binding_of(adding, &adding->label, err);
    bind_view(&b, 1, label->decision);
    bind_view(&b, 2, label->label);
    bind_view(&b, 3, label->source);
    bind_i64(&b, 4, label->at_us);
    bind_i64(&b, 5, label->label_ms);
    db_bind_real(b.statement, 6, label->amount_lost);
    bind_view(&b, 7, label->client);
    return add(&b);
}

bool journal_add_answer(struct journal_adding *adding, const struct journal_answer *answer,
                        struct view decision, struct err *err)
{
    struct binding b = binding_of(adding, &adding->answer, err);
    bind_view(&b, 1, answer->key);
    bind_i64(&b, 2, answer->at_us);
    bind_digest(&b, 3, &answer->request);
    bind_view(&b, 4, decision);
    bind_i64(&b, 5, answer->status);
    bind_view(&b, 6, answer->content_type);
    bind_base64(&b, 7, answer->body);
    return add(&b);
}

bool journal_adding_settle(struct journal_adding *adding, uint64_t *decisions, struct err *err)
{
    if (!db_settle(adding->decision.db, err))
        return false;
    *decisions = db_settled_changes(&adding->decision);
    return true;
}

bool journal_moved_to(struct store *store, const char *name, uint64_t *out, struct err *err)
{
    CLEANUP(db_finish) struct db_statement s = {0};
    if (!db_prepare(&store->db, "select moved from journal_segment where name = $1", &s, err))
        return false;
    db_bind_text(&s, 1, (struct view){name, SEGMENT_STEM_LENGTH});
    *out = SEGMENT_HEADER_SIZE;
    if (db_next(&s, err))
        *out = (uint64_t)db_i64(&s, 0);
    return err->kind == ERR_NONE;
}

/* ---------------------------------------------------------------- labels */

static bool copy(struct view text, struct arena *arena, struct view *out)
{
    const char *bytes = arena_copy(arena, text.text, text.length);
    *out = (struct view){bytes, text.length};
    return bytes != NULL;
}

/* NULL reads as NaN. */
static double real_of(const struct db_statement *s, int column)
{
    double value;
    return !db_is_null(s, column) && number_parse(db_text(s, column), &value) ? value : (double)NAN;
}

static const char *const sources[] = {
#define SOURCE(name) #name,
#include "store/label_sources.def"
#undef SOURCE
};

size_t label_strength(struct view source)
{
    size_t rank = 0;
    while (rank < LENGTH_OF(sources) && !view_is(source, sources[rank]))
        rank++;
    return rank;
}

bool journal_labels_moved(struct store *store, struct view decision,
                          void (*each)(void *self, const struct journal_label *label), void *self,
                          struct err *err)
{
    CLEANUP(db_finish) struct db_statement s = {0};
    if (!db_prepare(&store->db,
                    "select label, source, at_us, label_ms, amount_lost, client from label "
                    "where decision = $1 order by at_us, id",
                    &s, err))
        return false;
    db_bind_text(&s, 1, decision);
    while (db_next(&s, err)) {
        struct journal_label label = {.decision = decision,
                                      .label = db_text(&s, 0),
                                      .source = db_text(&s, 1),
                                      .at_us = db_i64(&s, 2),
                                      .label_ms = db_i64(&s, 3),
                                      .amount_lost = real_of(&s, 4),
                                      .client = db_text(&s, 5)};
        each(self, &label);
    }
    return err->kind == ERR_NONE;
}

struct choice {
    struct journal_label *out;
    struct arena *arena;
    bool found, cut;
};

static void prefer(void *self, const struct journal_label *label)
{
    struct choice *choice = self;
    struct journal_label *out = choice->out;
    if (choice->found && label_strength(label->source) > label_strength(out->source))
        return;
    *out = *label;
    choice->found = true;
    choice->cut |= !copy(label->label, choice->arena, &out->label) ||
                   !copy(label->source, choice->arena, &out->source) ||
                   !copy(label->client, choice->arena, &out->client);
}

bool journal_label_of(struct store *store, struct view decision, struct arena *arena,
                      struct journal_label *out, bool *found, struct err *err)
{
    struct choice choice = {.out = out, .arena = arena};
    if (!journal_labels_moved(store, decision, prefer, &choice, err))
        return false;
    *found = choice.found;
    return !choice.cut || err_set(err, ERR_LIMIT, "a decision's labels take too much memory");
}

/* ---------------------------------------------------------------- answers */

/* The first row to give: the newest that take no more than so many bytes together. */
static bool first_answer(struct journal_answers *answers, struct store *store, int64_t *from,
                         struct err *err)
{
    CLEANUP(db_finish) struct db_statement s = {0};
    if (!db_prepare(&store->db,
                    "select id, length(key) + length(body) from answer where at_us >= $1 "
                    "order by id desc",
                    &s, err))
        return false;
    db_bind_i64(&s, 1, answers->since_us);
    uint64_t bytes = 0;
    *from = INT64_MAX;
    while (db_next(&s, err)) {
        bytes += (uint64_t)db_i64(&s, 1);
        if (bytes > answers->bytes_max)
            break;
        *from = db_i64(&s, 0);
    }
    return err->kind == ERR_NONE;
}

bool journal_answers_moved(struct journal_answers *answers, struct store *store, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = JOURNAL_RECORD_MAX};
    CLEANUP(db_finish) struct db_statement s = {0};
    int64_t from;
    if (!first_answer(answers, store, &from, err) ||
        !db_prepare(&store->db,
                    "select key, at_us, request, status, content_type, body from answer "
                    "where id >= $1 and at_us >= $2 order by id",
                    &s, err))
        return false;
    db_bind_i64(&s, 1, from);
    db_bind_i64(&s, 2, answers->since_us);
    while (db_next(&s, err)) {
        struct journal_answer answer = {.key = db_text(&s, 0),
                                        .at_us = db_i64(&s, 1),
                                        .status = (int)db_i64(&s, 3),
                                        .content_type = db_text(&s, 4)};
        arena_reset(&arena);
        if (!digest_parse(db_text(&s, 2), &answer.request) ||
            !base64_read(db_text(&s, 5), &arena, &answer.body))
            return err_set(err, ERR_STORE,
                           "an answer of the journal in the database was changed: it is none");
        answers->each(answers->self, &answer);
    }
    return err->kind == ERR_NONE;
}
