#include "monitor/window.h"

#include "base/dictionary.h"
#include "store/experiment.h"
#include "store/journal_log.h"

/* A window as it fills. */
struct filling {
    struct window *window;
    struct arena *arena;
    size_t room;   /* rows there is memory for */
    size_t most;   /* rows that may be kept */
    size_t stride; /* each so many-th decision is kept */
    struct view *id;
};

bool window_too_large(struct err *err)
{
    return err_set(err, ERR_LIMIT,
                   "the window does not fit the memory limit (data.memory_mb raises it)");
}

/* ---------------------------------------------------------------- decisions */

static void *grown(struct arena *arena, const void *old, size_t rows, size_t room, size_t size)
{
    char *grown = arena_new(arena, char, room *size + 8);
    if (grown != NULL && rows > 0)
        memcpy(grown, old, rows * size);
    return grown;
}

static bool grow(struct filling *filling, struct err *err)
{
    struct window *w = filling->window;
    size_t room = filling->room == 0 ? 1024 : 2 * filling->room;
    room = room < filling->most ? room : filling->most;
    w->value = grown(filling->arena, w->value, w->rows, room, w->width * sizeof *w->value);
    w->score = grown(filling->arena, w->score, w->rows, room, sizeof *w->score);
    w->probability = grown(filling->arena, w->probability, w->rows, room, sizeof *w->probability);
    w->amount = grown(filling->arena, w->amount, w->rows, room, sizeof *w->amount);
    w->at_us = grown(filling->arena, w->at_us, w->rows, room, sizeof *w->at_us);
    w->fraud = grown(filling->arena, w->fraud, w->rows, room, sizeof *w->fraud);
    filling->id = grown(filling->arena, filling->id, w->rows, room, sizeof *filling->id);
    filling->room = room;
    return (w->value != NULL && w->score != NULL && w->probability != NULL && w->amount != NULL &&
            w->at_us != NULL && w->fraud != NULL && filling->id != NULL) ||
           window_too_large(err);
}

static void move_row(struct filling *filling, size_t to, size_t from)
{
    struct window *w = filling->window;
    memmove(w->value + to * w->width, w->value + from * w->width, w->width * sizeof *w->value);
    w->score[to] = w->score[from];
    w->probability[to] = w->probability[from];
    w->amount[to] = w->amount[from];
    w->at_us[to] = w->at_us[from];
    w->fraud[to] = w->fraud[from];
    filling->id[to] = filling->id[from];
}

/* Every second row goes. */
static void thin(struct filling *filling)
{
    struct window *w = filling->window;
    size_t kept = (w->rows + 1) / 2;
    for (size_t i = 1; i < kept; i++)
        move_row(filling, i, 2 * i);
    w->rows = kept;
    filling->stride *= 2;
}

static bool take(struct filling *filling, const struct journal_decision *decision, struct err *err)
{
    struct window *w = filling->window;
    if (w->seen++ % filling->stride != 0)
        return true;
    if (w->rows == filling->most) {
        thin(filling);
        if ((w->seen - 1) % filling->stride != 0)
            return true;
    }
    if (w->rows == filling->room && !grow(filling, err))
        return false;
    char *id = view_copy(decision->id, filling->arena);
    if (id == NULL)
        return window_too_large(err);
    memcpy(w->value + w->rows * w->width, decision->row, w->width * sizeof *w->value);
    w->score[w->rows] = decision->score;
    w->probability[w->rows] = decision->probability;
    w->amount[w->rows] = decision->amount;
    w->at_us[w->rows] = decision->at_us;
    w->fraud[w->rows] = decision->fraud;
    filling->id[w->rows++] = (struct view){id, decision->id.length};
    return true;
}

/* Told to somebody, by this bundle, out of a whole row. */
static bool is_wanted(const struct journal_decision *decision, const struct bundle *bundle)
{
    return digest_same(&decision->bundle, &bundle->digest) &&
           decision->width == bundle->plan.width && !view_is(decision->variant, "shadow") &&
           !view_ends(decision->id, EXPERIMENT_SHADOW_ID);
}

static bool fill(struct filling *filling, struct store *store, const char *journal_dir,
                 const struct window_query *query, struct err *err)
{
    CLEANUP(journal_log_close) struct journal_log log = {0};
    struct journal_query wanted = {.since_us = query->since_us, .until_us = query->until_us};
    struct journal_decision decision;
    if (!journal_log_open(&log, store, journal_dir, &wanted, err))
        return false;
    while (journal_log_next(&log, &decision, err))
        if (is_wanted(&decision, query->bundle) && !take(filling, &decision, err))
            return false;
    return err->kind == ERR_NONE;
}

/* ---------------------------------------------------------------- labels */

/* An id may come again; its labels are then its last decision's. */
static bool number_ids(const struct filling *filling, struct dictionary *ids, uint32_t *row,
                       struct err *err)
{
    uint32_t index;
    for (size_t i = 0; i < filling->window->rows; i++) {
        if (!dictionary_add(ids, filling->id[i], &index))
            return window_too_large(err);
        row[index] = (uint32_t)i;
    }
    return true;
}

static void take_label(struct window *w, size_t *strength, uint32_t row,
                       const struct db_statement *label)
{
    bool fraud = view_is(db_text(label, 1), "fraud");
    size_t its = label_strength(db_text(label, 2));
    if (fraud && w->told_us[row] == 0)
        w->told_us[row] = db_i64(label, 3);
    if (w->label[row] != WINDOW_UNLABELLED && its > strength[row])
        return;
    w->label[row] = fraud;
    strength[row] = its;
}

static bool fill_labels(struct filling *filling, struct store *store,
                        const struct window_query *query, struct err *err)
{
    static const char labels[] =
        "select l.decision, l.label, l.source, l.at_us from label l join decision d "
        "on d.id = l.decision where d.at_us >= $1 and d.at_us < $2 order by l.label_ms, l.id";
    CLEANUP(db_finish) struct db_statement label = {0};
    struct window *w = filling->window;
    struct dictionary ids = dictionary_in(filling->arena);
    size_t *strength = arena_new(filling->arena, size_t, w->rows + 1);
    uint32_t *row = arena_new(filling->arena, uint32_t, w->rows + 1);
    w->label = arena_new(filling->arena, uint8_t, w->rows + 1);
    w->told_us = arena_new(filling->arena, int64_t, w->rows + 1);
    if (strength == NULL || row == NULL || w->label == NULL || w->told_us == NULL)
        return window_too_large(err);
    memset(w->label, WINDOW_UNLABELLED, w->rows);
    memset(w->told_us, 0, w->rows * sizeof *w->told_us);
    if (!number_ids(filling, &ids, row, err) || !db_prepare(&store->db, labels, &label, err))
        return false;
    db_bind_i64(&label, 1, query->since_us);
    db_bind_i64(&label, 2, query->until_us);
    while (db_next(&label, err)) {
        uint32_t index = dictionary_find(&ids, db_text(&label, 0));
        if (index != DICTIONARY_NONE)
            take_label(w, strength, row[index], &label);
    }
    return err->kind == ERR_NONE;
}

bool window_load(struct window *out, struct store *store, const char *journal_dir,
                 const struct window_query *query, struct arena *arena, struct err *err)
{
    struct window window = {.width = query->bundle->plan.width};
    struct filling filling = {.window = &window,
                              .arena = arena,
                              .most = query->rows_max > 0 ? query->rows_max : WINDOW_ROWS_MAX,
                              .stride = 1};
    if (!fill(&filling, store, journal_dir, query, err) ||
        (query->labels && !fill_labels(&filling, store, query, err)))
        return false;
    *out = window;
    return true;
}
