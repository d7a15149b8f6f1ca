#include "cli/draft.h"

#include "base/clock.h"
#include "base/dictionary.h"
#include "base/file.h"
#include "base/json.h"
#include "base/number.h"
#include "data/csv.h"
#include "data/schema.h"
#include "data/source.h"

#include <math.h>

enum { MEMORY_MAX = 2000000000, VALUES_LOOKED_AT = 1000, CATEGORY_VALUES_MAX = 200 };
enum { DAY_MS = 86400000 };

/* What is known of one column after every row was looked at. */
struct guess {
    struct view name;
    size_t rows, empty, tokens; /* cells; of them empty, and spelled like "N/A" */
    struct dictionary token;    /* the spellings met */
    bool numbers, integers, instants;
    struct dictionary values; /* distinct ones, up to VALUES_LOOKED_AT */
    int64_t first_ms, last_ms;
    bool has_hours;  /* some instant is not at midnight */
    bool exact;      /* whole numbers, if it has such, are told apart as doubles */
    bool key;        /* the two files are joined on it */
    size_t count[2]; /* cells of the first two values met */
};

struct draft {
    struct arena arena;
    struct guess guess[CSV_FIELDS_MAX];
    size_t count;
    size_t rows;
};

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

static bool add_columns(struct draft *draft, const struct csv_row *header, const char *path,
                        struct err *err)
{
    size_t first = draft->count;
    for (size_t i = 0; i < header->count; i++) {
        if (draft->count == CSV_FIELDS_MAX)
            return err_set(err, ERR_LIMIT, "more than %d columns", CSV_FIELDS_MAX);
        struct view name = header->field[i];
        const char *copy = view_copy(name, &draft->arena);
        if (copy == NULL)
            return out_of_memory(err);
        if (name.length == 0)
            return err_set(err, ERR_INPUT, "%s: column %zu has no name in the header", path, i + 1);
        for (size_t j = first; j < draft->count; j++)
            if (view_same(draft->guess[j].name, name))
                return err_set(err, ERR_INPUT,
                               "%s: column '" VIEW_FMT "' stands twice in the header", path,
                               VIEW_ARG(name));
        draft->guess[draft->count++] = (struct guess){
            .name = {copy, name.length},
            .numbers = true,
            .integers = true,
            .exact = true,
            .instants = true,
            .first_ms = INT64_MAX,
            .last_ms = INT64_MIN,
            .token = dictionary_in(&draft->arena),
            .values = dictionary_in(&draft->arena),
        };
    }
    return true;
}

static bool look_at_rows(struct draft *draft, struct csv *csv, const char *path, struct err *err)
{
    struct csv_row row;
    size_t first = draft->count;
    if (!csv_next(csv, &row, err))
        return err->kind != ERR_NONE ? err_while(err, "%s", path)
                                     : err_set(err, ERR_INPUT, "%s is empty", path);
    if (!add_columns(draft, &row, path, err))
        return false;
    size_t fields = row.count;
    while (csv_next(csv, &row, err)) {
        if (row.count != fields)
            return err_set(err, ERR_INPUT, "%s line %zu: %zu fields, the header has %zu", path,
                           row.line, row.count, fields);
        for (size_t i = 0; i < fields; i++)
            if (!look_at_cell(&draft->guess[first + i], row.field[i], err))
                return false;
        draft->rows += first == 0;
    }
    return err->kind == ERR_NONE || err_while(err, "%s", path);
}

static bool look_at_file(struct draft *draft, const char *path, struct err *err)
{
    CLEANUP(arena_release) struct arena file = {.limit = MEMORY_MAX};
    CLEANUP(csv_close) struct csv csv = {0};
    struct view text;
    return source_load(path, MEMORY_MAX, &file, &text, err) && csv_open(&csv, text, &file, err) &&
           look_at_rows(draft, &csv, path, err);
}

/* ---------------------------------------------------------------- guessing */

static struct guess *find(struct draft *draft, struct view name)
{
    for (size_t i = 0; i < draft->count; i++)
        if (view_same(draft->guess[i].name, name))
            return &draft->guess[i];
    return NULL;
}

/* The second file repeats the key: its columns follow the first file's, without it. The join takes
 * every other column from one file, so no other name may stand in both. */
static bool find_key(struct draft *draft, size_t first_count, const char *wanted, const char **key,
                     struct err *err)
{
    size_t shared = 0, keys = 0, at = 0;
    struct view other = {0};
    for (size_t i = first_count; i < draft->count; i++) {
        struct view name = draft->guess[i].name;
        if (find(draft, name) >= &draft->guess[first_count])
            continue;
        shared++;
        if (wanted == NULL || view_is(name, wanted))
            keys++, at = i;
        else
            other = name;
    }
    if (keys == 0 && wanted != NULL)
        return err_set(err, ERR_INPUT, "'%s' is not a column of both files", wanted);
    if (keys != 1)
        return err_set(err, ERR_INPUT,
                       "the two files share %zu columns to join on, one is wanted: --on names it",
                       keys);
    if (shared > 1)
        return err_set(err, ERR_INPUT,
                       "'" VIEW_FMT "' is in both files and not the key; leave it out of one",
                       VIEW_ARG(other));
    *key = view_copy(draft->guess[at].name, &draft->arena);
    find(draft, draft->guess[at].name)->key = true;
    memmove(&draft->guess[at], &draft->guess[at + 1],
            (draft->count - at - 1) * sizeof draft->guess[0]);
    draft->count--;
    return *key != NULL || out_of_memory(err);
}

static bool find_label(struct draft *draft, const char *wanted, struct guess **out, struct err *err)
{
    static const char *const names[] = {"fraud",       "is_fraud",       "isfraud",  "class",
                                        "fraud_label", "fraud_reported", "tx_fraud", "label"};
    *out = wanted == NULL ? NULL : find(draft, view_of(wanted));
    for (size_t n = 0; wanted == NULL && *out == NULL && n < LENGTH_OF(names); n++)
        for (size_t i = 0; i < draft->count && *out == NULL; i++)
            if (view_same_fold(draft->guess[i].name, view_of(names[n])))
                *out = &draft->guess[i];
    if (*out == NULL)
        return err_set(err, ERR_USAGE, "there is no column '%s': --label says what was fraud",
                       wanted == NULL ? "fraud" : wanted);
    if ((*out)->values.count != 2)
        return err_set(err, ERR_INPUT,
                       "the label '" VIEW_FMT "' has %u different values, two are wanted",
                       VIEW_ARG((*out)->name), (*out)->values.count);
    return true;
}

static bool says_fraud(struct view word)
{
    const struct view fraud = VIEW("fraud");
    return word.length >= fraud.length &&
           view_same_fold((struct view){word.text, fraud.length}, fraud);
}

/* Which of a label's two values is fraud: the one that says so ("fraud" beside "legit"), the later
 * of a pair that everybody writes (1 after 0, Y after N), else the rarer one. */
static void label_words(const struct guess *label, struct view *positive, struct view *negative)
{
    static const char *const pairs[][2] = {{"0", "1"},    {"-1", "1"}, {"0.0", "1.0"},   {"n", "y"},
                                           {"no", "yes"}, {"f", "t"},  {"false", "true"}};
    struct view a = label->values.text[0], b = label->values.text[1];
    bool a_is_fraud = label->count[0] < label->count[1];
    for (size_t i = 0; i < LENGTH_OF(pairs); i++) {
        struct view no = view_of(pairs[i][0]), yes = view_of(pairs[i][1]);
        if (view_same_fold(a, no) && view_same_fold(b, yes))
            a_is_fraud = false;
        if (view_same_fold(a, yes) && view_same_fold(b, no))
            a_is_fraud = true;
    }
    if (says_fraud(a) != says_fraud(b))
        a_is_fraud = says_fraud(a);
    *positive = a_is_fraud ? a : b;
    *negative = a_is_fraud ? b : a;
}

static bool is_named_id(struct view name)
{
    static const char *const ends[] = {"_id", "_ID", "Id",   "ID",   "_number",
                                       "_no", "_nr", "_num", "_uuid"};
    for (size_t i = 0; i < LENGTH_OF(ends); i++)
        if (view_ends(name, ends[i]))
            return true;
    return view_same_fold(name, VIEW("id")) || view_starts(name, "Unnamed: ");
}

static enum column_kind kind_of(const struct guess *guess)
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

/* ---------------------------------------------------------------- writing */

static bool is_plain(struct view text)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.text[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
                    (i > 0 && ((c >= '0' && c <= '9') || c == '.' || c == '/'));
        if (!word)
            return false;
    }
    return text.length > 0;
}

/* JSON's quoted text is YAML's too. */
static void add_scalar(struct text *text, struct view value)
{
    if (is_plain(value)) {
        text_add(text, value);
        return;
    }
    struct json json = json_to(text);
    json_text(&json, value);
}

static void write_column(struct text *text, const struct guess *guess, bool label)
{
    enum column_kind kind = kind_of(guess);
    if (label && kind == COLUMN_ID)
        kind = COLUMN_CATEGORY;
    bool numeric = kind != COLUMN_CATEGORY && kind != COLUMN_ID;
    text_adds(text, "  ");
    add_scalar(text, guess->name);
    text_addf(text, ": {type: %s", kind_name(kind));
    if (numeric && guess->tokens > 0) {
        text_adds(text, ", missing: [");
        for (uint32_t i = 0; i < guess->token.count; i++) {
            text_adds(text, i == 0 ? "" : ", ");
            struct json json = json_to(text);
            json_text(&json, guess->token.text[i]);
        }
        text_addc(text, ']');
    }
    if (guess->empty > 0 || (numeric && guess->tokens > 0))
        text_adds(text, ", optional: true");
    if (guess->rows == guess->empty) /* nothing to learn from */
        text_adds(text, ", use: false");
    text_adds(text, "}\n");
}

/* The column to split by time on: of the timestamps the one that begins last, because a policy or a
 * customer is older than what happens to it; and only when a tenth of its span outlasts the label
 * delay. */
static const struct guess *time_column(const struct draft *draft)
{
    const int64_t span_min_ms = (int64_t)120 * DAY_MS;
    const struct guess *latest = NULL;
    for (size_t i = 0; i < draft->count; i++) {
        const struct guess *guess = &draft->guess[i];
        if (kind_of(guess) == COLUMN_TIMESTAMP && guess->empty + guess->tokens == 0 &&
            (latest == NULL || guess->first_ms > latest->first_ms))
            latest = guess;
    }
    bool long_enough = latest != NULL && latest->last_ms - latest->first_ms >= span_min_ms;
    return long_enough ? latest : NULL;
}

static void write_split(struct text *text, const struct draft *draft)
{
    const struct guess *time = time_column(draft);
    text_adds(text, "\nsplit:\n");
    if (time == NULL) {
        text_adds(text, "  kind: random        # or time, or group (by a customer, a policy)\n");
    } else {
        text_adds(text, "  kind: time\n  column: ");
        add_scalar(text, time->name);
        text_adds(text, "\n  delay_days: 7       # until a label is known\n");
    }
    text_adds(text, "  train: 0.8\n  validation: 0.1     # chooses the threshold; the rest tests\n"
                    "  seed: 1\n");
}

static void write_features(struct text *text, const struct draft *draft)
{
    bool begun = false;
    for (size_t i = 0; i < draft->count; i++) {
        const struct guess *guess = &draft->guess[i];
        if (kind_of(guess) != COLUMN_TIMESTAMP)
            continue;
        static const char *const parts[] = {"weekday", "hour"};
        size_t count = guess->has_hours ? LENGTH_OF(parts) : 1; /* a date has no hour */
        for (size_t p = 0; p < count; p++) {
            text_adds(text, begun ? "" : "\nfeatures:\n");
            begun = true;
            text_addf(text, "  - {transform: %s, column: ", parts[p]);
            add_scalar(text, guess->name);
            text_adds(text, "}\n");
        }
    }
}

static void write_all(struct text *text, const struct draft_options *options,
                      const struct draft *draft, const struct guess *label, const char *from,
                      const char *join, const char *key)
{
    struct view positive, negative;
    label_words(label, &positive, &negative);
    text_adds(text, "# Drafted by `assay init`; `assay config --keys` lists every key.\n"
                    "project: fraud\n\ndata:\n  file: ");
    add_scalar(text, view_of(from));
    if (options->join != NULL) {
        text_adds(text, "\n  join:\n    - file: ");
        add_scalar(text, view_of(join));
        text_adds(text, "\n      on: ");
        add_scalar(text, view_of(key));
    }
    text_adds(text, "\n  label: ");
    add_scalar(text, label->name);
    text_adds(text, "\n  positive: ");
    add_scalar(text, positive);
    text_adds(text, "         # fraud\n  negative: ");
    add_scalar(text, negative);
    text_adds(
        text,
        "\n\n# What the model may read. `use: false` keeps a column out; a category becomes one\n"
        "# 0/1 feature per value unless `encode` says frequency or ordinal.\ncolumns:\n");
    for (size_t i = 0; i < draft->count; i++)
        write_column(text, &draft->guess[i], &draft->guess[i] == label);
    write_features(text, draft);
    write_split(text, draft);
    text_adds(text, "\nmodel:\n  algorithm: xgboost  # or random_forest\n  rounds: 200\n"
                    "  early_stopping: 30\n  metric: aucpr\n  folds: 5\n");
    for (size_t i = 0; i < options->parameters; i++) {
        text_adds(text, i == 0 ? "  parameters:\n    " : "    ");
        add_scalar(text, options->parameter[i].name);
        text_adds(text, ": ");
        add_scalar(text, options->parameter[i].value);
        text_addc(text, '\n');
    }
    text_adds(text, "\ngate:\n  - roc_auc >= 0.7\n");
}

/* ---------------------------------------------------------------- the project */

bool draft_save(const char *dir, const char *yaml, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 16};
    const char *path = path_join(&arena, dir, "assay.yaml");
    if (file_exists(path))
        return err_set(err, ERR_CONFLICT, "'%s' is there already; it is not overwritten", path);
    return dir_make(dir, err) && file_save(path, view_of(yaml), err);
}

/* assay.yaml names files relative to itself, so a draft elsewhere names them whole. */
static const char *name_from(const struct draft_options *options, const char *file,
                             struct arena *arena)
{
    if (strcmp(options->dir, ".") == 0)
        return file;
    char *whole = realpath(file, NULL);
    if (whole == NULL)
        return file;
    const char *copy = view_copy(view_of(whole), arena);
    free(whole);
    return copy == NULL ? file : copy;
}

static bool draft_it(struct draft *draft, const struct draft_options *options, FILE *out,
                     struct err *err)
{
    const char *key = NULL;
    struct guess *label = NULL;
    if (!look_at_file(draft, options->from, err))
        return false;
    size_t first = draft->count;
    if (options->join != NULL && (!look_at_file(draft, options->join, err) ||
                                  !find_key(draft, first, options->on, &key, err)))
        return false;
    if (!find_label(draft, options->label, &label, err))
        return false;
    struct text text = text_in_arena(&draft->arena);
    const char *join =
        options->join == NULL ? NULL : name_from(options, options->join, &draft->arena);
    write_all(&text, options, draft, label, name_from(options, options->from, &draft->arena), join,
              key);
    const char *yaml = text_c(&text);
    if (text.cut)
        return out_of_memory(err);
    if (!draft_save(options->dir, yaml, err))
        return false;
    fprintf(out,
            "%s/assay.yaml: %zu rows, %zu columns, label '%.*s'; look at the types before "
            "you trust the model\n",
            options->dir, draft->rows, draft->count, (int)label->name.length, label->name.text);
    return true;
}

bool draft_project(const struct draft_options *options, FILE *out, struct err *err)
{
    struct draft *draft = calloc(1, sizeof *draft);
    assert(draft != NULL);
    draft->arena.limit = MEMORY_MAX;
    bool ok = draft_it(draft, options, out, err);
    arena_release(&draft->arena);
    free(draft);
    return ok;
}
