#include "cli/draft.h"

#include "base/file.h"
#include "base/json.h"
#include "cli/guess.h"

enum { DAY_MS = 86400000 };

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT, "the files do not fit the memory limit of a draft");
}

/* ---------------------------------------------------------------- guessing */

/* The second file repeats the key: its columns follow the first file's, without it. The join takes
 * every other column from one file, so no other name may stand in both. */
static bool find_key(struct guesses *draft, size_t first_count, const char *wanted,
                     const char **key, struct err *err)
{
    size_t shared = 0, keys = 0, at = 0;
    struct view other = {0};
    for (size_t i = first_count; i < draft->count; i++) {
        struct view name = draft->guess[i].name;
        if (guess_find(draft, name) >= &draft->guess[first_count])
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
    guess_find(draft, draft->guess[at].name)->key = true;
    memmove(&draft->guess[at], &draft->guess[at + 1],
            (draft->count - at - 1) * sizeof draft->guess[0]);
    draft->count--;
    return *key != NULL || out_of_memory(err);
}

static bool find_label(struct guesses *draft, const char *wanted, struct guess **out,
                       struct err *err)
{
    static const char *const names[] = {"fraud",       "is_fraud",       "isfraud",  "class",
                                        "fraud_label", "fraud_reported", "tx_fraud", "label"};
    *out = wanted == NULL ? NULL : guess_find(draft, view_of(wanted));
    for (size_t n = 0; wanted == NULL && *out == NULL && n < LENGTH_OF(names); n++)
        for (size_t i = 0; i < draft->count && *out == NULL; i++)
            if (view_same_fold(draft->guess[i].name, view_of(names[n])))
                *out = &draft->guess[i];
    if (*out == NULL && draft->count == 1)
        return err_set(err, ERR_INPUT,
                       "the only column is '" VIEW_FMT "': commas are wanted between the fields",
                       VIEW_ARG(draft->guess[0].name));
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
    enum column_kind kind = guess_kind(guess);
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
static const struct guess *time_column(const struct guesses *draft)
{
    const int64_t span_min_ms = (int64_t)120 * DAY_MS;
    const struct guess *latest = NULL;
    for (size_t i = 0; i < draft->count; i++) {
        const struct guess *guess = &draft->guess[i];
        if (guess_kind(guess) == COLUMN_TIMESTAMP && guess->empty + guess->tokens == 0 &&
            (latest == NULL || guess->first_ms > latest->first_ms))
            latest = guess;
    }
    bool long_enough = latest != NULL && latest->last_ms - latest->first_ms >= span_min_ms;
    return long_enough ? latest : NULL;
}

static void write_split(struct text *text, const struct guesses *draft)
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

static void write_features(struct text *text, const struct guesses *draft)
{
    bool begun = false;
    for (size_t i = 0; i < draft->count; i++) {
        const struct guess *guess = &draft->guess[i];
        if (guess_kind(guess) != COLUMN_TIMESTAMP)
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
                      const struct guesses *draft, const struct guess *label, const char *from,
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

static bool draft_it(struct guesses *draft, const struct draft_options *options, FILE *out,
                     struct err *err)
{
    const char *key = NULL;
    struct guess *label = NULL;
    if (!guess_file(draft, options->from, err))
        return false;
    size_t first = draft->count;
    if (options->join != NULL &&
        (!guess_file(draft, options->join, err) || !find_key(draft, first, options->on, &key, err)))
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
    struct guesses *draft = calloc(1, sizeof *draft);
    assert(draft != NULL);
    draft->arena.limit = GUESS_MEMORY_MAX;
    bool ok = draft_it(draft, options, out, err);
    arena_release(&draft->arena);
    free(draft);
    return ok;
}
