#include "cli/guess.h"

#include "base/clock.h"
#include "base/number.h"
#include "data/source.h"

#include <math.h>

enum { VALUES_LOOKED_AT = 1000, CATEGORY_VALUES_MAX = 200, DAY_MS = 86400000 };

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT, "the files do not fit the memory limit of a draft");
}

static bool is_token(struct view text)
{
    static const char *const tokens[] = {"?", "na", "n/a", "nan", "null", "none", "nil", "-"};
    for (size_t i = 0; i < LENGTH_OF(tokens); i++)
        if (view_same_fold(text, view_of(tokens[i])))
            return true;
    return false;
}

/* "01234": its zero says that it names something. */
static bool has_leading_zero(struct view text)
{
    return text.length > 1 && text.text[0] == '0' && text.text[1] >= '0' && text.text[1] <= '9';
}

static void look_at_value(struct guess *guess, struct view text)
{
    double number;
    int64_t time_ms;
    bool is_number = number_parse(text, &number);
    guess->numbers &= is_number;
    guess->integers &= is_number && number == floor(number);
    guess->exact &= is_number && fabs(number) < NUMBER_EXACT_MAX && !has_leading_zero(text);
    if (!guess->instants || !clock_parse(text, &time_ms)) {
        guess->instants = false;
        return;
    }
    guess->first_ms = time_ms < guess->first_ms ? time_ms : guess->first_ms;
    guess->last_ms = time_ms > guess->last_ms ? time_ms : guess->last_ms;
    guess->has_hours |= time_ms % DAY_MS != 0;
}

static bool look_at_cell(struct guess *guess, struct view text, struct err *err)
{
    uint32_t index;
    guess->rows++;
    if (text.length == 0) {
        guess->empty++;
        return true;
    }
    if (is_token(text)) {
        guess->tokens++;
        if (!dictionary_add(&guess->token, text, &index))
            return out_of_memory(err);
    } else {
        look_at_value(guess, text);
    }
    if (guess->values.count < VALUES_LOOKED_AT && !dictionary_add(&guess->values, text, &index))
        return out_of_memory(err);
    index = dictionary_find(&guess->values, text);
    if (index < LENGTH_OF(guess->count))
        guess->count[index]++;
    return true;
}

static bool add_columns(struct guesses *guesses, const struct csv_row *header, const char *path,
                        struct err *err)
{
    size_t first = guesses->count;
    for (size_t i = 0; i < header->count; i++) {
        if (guesses->count == CSV_FIELDS_MAX)
            return err_set(err, ERR_LIMIT, "more than %d columns", CSV_FIELDS_MAX);
        struct view name = header->field[i];
        const char *copy = view_copy(name, &guesses->arena);
        if (copy == NULL)
            return out_of_memory(err);
        if (name.length == 0)
            return err_set(err, ERR_INPUT, "%s: column %zu has no name in the header", path, i + 1);
        for (size_t j = first; j < guesses->count; j++)
            if (view_same(guesses->guess[j].name, name))
                return err_set(err, ERR_INPUT,
                               "%s: column '" VIEW_FMT "' stands twice in the header", path,
                               VIEW_ARG(name));
        guesses->guess[guesses->count++] = (struct guess){
            .name = {copy, name.length},
            .numbers = true,
            .integers = true,
            .exact = true,
            .instants = true,
            .first_ms = INT64_MAX,
            .last_ms = INT64_MIN,
            .token = dictionary_in(&guesses->arena),
            .values = dictionary_in(&guesses->arena),
        };
    }
    return true;
}

static bool look_at_rows(struct guesses *guesses, struct csv *csv, const char *path,
                         struct err *err)
{
    struct csv_row row;
    size_t first = guesses->count;
    if (!csv_next(csv, &row, err))
        return err->kind != ERR_NONE ? err_while(err, "%s", path)
                                     : err_set(err, ERR_INPUT, "%s is empty", path);
    if (!add_columns(guesses, &row, path, err))
        return false;
    size_t fields = row.count;
    while (csv_next(csv, &row, err)) {
        if (row.count != fields)
            return err_set(err, ERR_INPUT, "%s line %zu: %zu fields, the header has %zu", path,
                           row.line, row.count, fields);
        for (size_t i = 0; i < fields; i++)
            if (!look_at_cell(&guesses->guess[first + i], row.field[i], err))
                return false;
        guesses->rows += first == 0;
    }
    return err->kind == ERR_NONE || err_while(err, "%s", path);
}

bool guess_file(struct guesses *guesses, const char *path, struct err *err)
{
    CLEANUP(arena_release) struct arena file = {.limit = GUESS_MEMORY_MAX};
    CLEANUP(csv_close) struct csv csv = {0};
    struct view text;
    return source_load(path, GUESS_MEMORY_MAX, &file, &text, err) &&
           csv_open(&csv, text, &file, err) && look_at_rows(guesses, &csv, path, err);
}

struct guess *guess_find(struct guesses *guesses, struct view name)
{
    for (size_t i = 0; i < guesses->count; i++)
        if (view_same(guesses->guess[i].name, name))
            return &guesses->guess[i];
    return NULL;
}

/* ---------------------------------------------------------------- guessing */

static bool is_named_id(struct view name)
{
    static const char *const ends[] = {"_id", "_ID", "Id",   "ID",   "_number",
                                       "_no", "_nr", "_num", "_uuid"};
    for (size_t i = 0; i < LENGTH_OF(ends); i++)
        if (view_ends(name, ends[i]))
            return true;
    return view_same_fold(name, VIEW("id")) || view_starts(name, "Unnamed: ");
}

enum column_kind guess_kind(const struct guess *guess)
{
    bool any = guess->rows > guess->empty + guess->tokens;
    if (any && guess->instants)
        return COLUMN_TIMESTAMP;
    if (is_named_id(guess->name) || guess->key)
        return COLUMN_ID;
    if (any && guess->numbers && (guess->exact || !guess->integers))
        return guess->integers ? COLUMN_INTEGER : COLUMN_NUMBER;
    /* Texts that hardly repeat name things. */
    return guess->values.count > CATEGORY_VALUES_MAX ? COLUMN_ID : COLUMN_CATEGORY;
}

static bool copy_column(const struct guess *guess, struct arena *arena, struct column *out)
{
    enum column_kind kind = guess_kind(guess);
    struct view *missing = arena_new(arena, struct view, guess->token.count + 1);
    const char *name = view_copy(guess->name, arena);
    if (missing == NULL || name == NULL)
        return false;
    *out = (struct column){.name = {name, guess->name.length},
                           .kind = kind,
                           .optional = true,
                           .missing = missing,
                           .values = dictionary_in(arena),
                           .min = (double)NAN,
                           .max = (double)NAN};
    if (kind == COLUMN_CATEGORY || kind == COLUMN_ID) /* "None" may well be a value */
        return true;
    for (uint32_t i = 0; i < guess->token.count; i++) {
        const char *token = view_copy(guess->token.text[i], arena);
        missing[i] = (struct view){token, guess->token.text[i].length};
        if (token == NULL)
            return false;
    }
    out->missing_count = guess->token.count;
    return true;
}

bool guess_schema(const char *path, struct arena *arena, struct schema *out, struct err *err)
{
    struct guesses *guesses = calloc(1, sizeof *guesses);
    assert(guesses != NULL);
    guesses->arena.limit = GUESS_MEMORY_MAX;
    bool ok = guess_file(guesses, path, err);
    struct column *column = arena_new(arena, struct column, guesses->count + 1);
    if (ok && column == NULL)
        ok = out_of_memory(err);
    for (size_t i = 0; ok && i < guesses->count; i++)
        ok = copy_column(&guesses->guess[i], arena, &column[i]) || out_of_memory(err);
    ok = ok && schema_init(out, column, guesses->count, arena, err);
    arena_release(&guesses->arena);
    free(guesses);
    return ok;
}
