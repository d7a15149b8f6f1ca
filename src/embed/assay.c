/*
 * The C interface, include/assay.h: what is outside becomes what the rooms
 * below know, and comes out as plain numbers. No decision is made here.
 */
#include "assay.h"

#include "base/err.h"
#include "base/number.h"
#include "base/version.h"
#include "decide/decision.h"
#include "model/kernel.h"
#include "model/shap.h"

#include <math.h>

struct assay {
    struct bundle bundle;
    struct arena arena; /* what follows */
    struct explainer explainer;
    bool explains;
    const char *project, *algorithm;
    const char *const *column_name; /* by input */
    const char *const *feature_name;
    char digest[DIGEST_HEX_SIZE];
};

enum { LINE = 64, MEMORY_EACH = 64 << 20, MEMORY_FACTOR = 32 };

/* ---------------------------------------------------------------- errors */

/* Kinds that have no status of their own here cannot come from below: they are the program's. */
static int report(const struct err *err, struct assay_error *error)
{
    int status = err_exit_status(err->kind);
    if (error != NULL) {
        error->status = status;
        memcpy(error->text, err->text, sizeof error->text);
    }
    return status;
}

static int misused(const char *what, struct assay_error *error)
{
    struct err err = {0};
    err_set(&err, ERR_USAGE, "%s", what);
    return report(&err, error);
}

static_assert(sizeof((struct assay_error){0}.text) == sizeof((struct err){0}.text),
              "an error fits");

/* ---------------------------------------------------------------- opening */

/* Options of the size that the caller knows; what it does not know is 0. */
static bool read_options(const struct assay_options *from, struct assay_options *out)
{
    *out = (struct assay_options){0};
    if (from == NULL)
        return true;
    if (from->size < offsetof(struct assay_options, memory_max))
        return false;
    memcpy(out, from, from->size < sizeof *out ? from->size : sizeof *out);
    return true;
}

static const char *text_of(struct view view, struct arena *arena)
{
    return arena_copy(arena, view.text, view.length);
}

static const char *const *name_columns(const struct schema *schema, struct arena *arena)
{
    const char **name = arena_new(arena, const char *, schema->input_count);
    for (size_t i = 0; name != NULL && i < schema->input_count; i++)
        if ((name[i] = text_of(schema->column[schema->input[i]].name, arena)) == NULL)
            return NULL;
    return name;
}

static const char *const *name_features(const struct plan *plan, struct arena *arena)
{
    const char **name = arena_new(arena, const char *, plan->width);
    for (size_t i = 0; name != NULL && i < plan->width; i++)
        if ((name[i] = text_of(plan->width_name[i], arena)) == NULL)
            return NULL;
    return name;
}

static bool prepare(struct assay *model, bool explain, struct err *err)
{
    const struct bundle *bundle = &model->bundle;
    struct arena *arena = &model->arena;
    arena->limit = bundle->arena.limit;
    model->project = text_of(bundle->project, arena);
    model->algorithm = text_of(bundle->algorithm, arena);
    model->column_name = name_columns(&bundle->schema, arena);
    model->feature_name = name_features(&bundle->plan, arena);
    if (model->project == NULL || model->algorithm == NULL || model->column_name == NULL ||
        model->feature_name == NULL)
        return err_set(err, ERR_LIMIT, "the model's names do not fit the memory it may take");
    digest_print(&bundle->digest, model->digest);
    model->explains = explain;
    return !explain || explainer_build(&bundle->forest, NULL, arena, &model->explainer, err);
}

/* From here on `model` is whole, or there is none. */
static int finish(struct assay *model, bool opened, const struct assay_options *options,
                  struct assay **out, struct err *err, struct assay_error *error)
{
    if (opened && prepare(model, options->explain != 0, err)) {
        *out = model;
        return ASSAY_OK;
    }
    bundle_release(&model->bundle); /* a file refused before it is parsed is in its arena yet */
    arena_release(&model->arena);
    free(model);
    return report(err, error);
}

static int open_model(const char *path, struct view bytes, const struct assay_options *given,
                      struct assay **out, struct assay_error *error)
{
    struct err err = {0};
    struct assay_options options;
    if (!read_options(given, &options))
        return misused("assay_open: options.size is not set: sizeof(struct assay_options)", error);
    struct assay *model = calloc(1, sizeof *model);
    if (model == NULL) {
        err_set(&err, ERR_LIMIT, "there is no memory for a model");
        return report(&err, error);
    }
    bool opened;
    model->bundle.arena.limit = options.memory_max;
    if (path != NULL) {
        opened = bundle_load(&model->bundle, path, &err);
    } else {
        if (options.memory_max == 0)
            model->bundle.arena.limit = MEMORY_EACH + bytes.length * MEMORY_FACTOR;
        bytes.text = arena_copy(&model->bundle.arena, bytes.text, bytes.length);
        opened = bytes.text != NULL
                     ? bundle_open(&model->bundle, bytes, &err)
                     : err_set(&err, ERR_LIMIT, "the bundle does not fit the memory it may take");
    }
    return finish(model, opened, &options, out, &err, error);
}

int assay_open(const char *path, const struct assay_options *options, struct assay **out,
               struct assay_error *error)
{
    if (path == NULL || out == NULL)
        return misused("assay_open: it needs a path and a place for the model", error);
    return open_model(path, (struct view){0}, options, out, error);
}

int assay_open_memory(const void *bytes, size_t size, const struct assay_options *options,
                      struct assay **out, struct assay_error *error)
{
    if (bytes == NULL || out == NULL)
        return misused("assay_open_memory: it needs bytes and a place for the model", error);
    if (size > BUNDLE_SIZE_MAX) {
        struct err err = {0};
        err_set(&err, ERR_LIMIT, "a bundle of %zu bytes, at most %d are read", size,
                BUNDLE_SIZE_MAX);
        return report(&err, error);
    }
    return open_model(NULL, (struct view){bytes, size}, options, out, error);
}

void assay_close(struct assay *model)
{
    if (model == NULL)
        return;
    bundle_release(&model->bundle);
    arena_release(&model->arena);
    free(model);
}

/* ---------------------------------------------------------------- what it is */

int assay_describe(const struct assay *model, struct assay_info *out)
{
    if (model == NULL || out == NULL || out->size < offsetof(struct assay_info, project))
        return ASSAY_USAGE;
    struct assay_info info = {
        .size = out->size,
        .project = model->project,
        .algorithm = model->algorithm,
        .digest = model->digest,
        .kernel = model->bundle.engine.kernel->name,
        .column_count = model->bundle.schema.input_count,
        .feature_count = model->bundle.plan.width,
        .threshold = model->bundle.policy.threshold,
    };
    memcpy(out, &info, out->size < sizeof info ? out->size : sizeof info);
    return ASSAY_OK;
}

uint32_t assay_abi(void)
{
    return ASSAY_ABI;
}

const char *assay_version(void)
{
    return ASSAY_VERSION;
}

const char *assay_column_name(const struct assay *model, size_t column)
{
    return column < model->bundle.schema.input_count ? model->column_name[column] : NULL;
}

const char *assay_column_kind(const struct assay *model, size_t column)
{
    const struct schema *schema = &model->bundle.schema;
    return column < schema->input_count ? kind_name(schema->column[schema->input[column]].kind)
                                        : NULL;
}

const char *assay_feature_name(const struct assay *model, size_t feature)
{
    return feature < model->bundle.plan.width ? model->feature_name[feature] : NULL;
}

/* ---------------------------------------------------------------- scratch */

/* What a call works in, laid out in the caller's memory. */
struct scratch {
    struct cell *cell;
    float *row;
    void *explainer;
};

static size_t whole_lines(size_t size)
{
    return (size + LINE - 1) / LINE * LINE;
}

size_t assay_scratch_size(const struct assay *model)
{
    size_t size = LINE; /* to begin on one */
    size += whole_lines(model->bundle.schema.count * sizeof(struct cell));
    size += whole_lines(model->bundle.plan.width * sizeof(float));
    return size + (model->explains ? model->explainer.row_scratch : 0);
}

static struct scratch divide(const struct assay *model, void *memory)
{
    uint8_t *at = memory;
    at += (LINE - (uintptr_t)at % LINE) % LINE;
    struct scratch scratch = {.cell = (struct cell *)(void *)at};
    at += whole_lines(model->bundle.schema.count * sizeof(struct cell));
    scratch.row = (float *)(void *)at;
    scratch.explainer = at + whole_lines(model->bundle.plan.width * sizeof(float));
    return scratch;
}

/* ---------------------------------------------------------------- records */

/* How a number is written matters where it names something, and in messages: it is written out only
 * there. */
static bool set_number(struct record *record, size_t column, double number, struct err *err)
{
    const struct column *into = &record->schema->column[column];
    struct token token = {.kind = TOKEN_NUMBER, .number = number};
    bool by_text =
        kind_is_coded(into->kind) || into->kind == COLUMN_ID || into->kind == COLUMN_TEXT;
    if (!by_text && record_set_token(record, column, &token, err))
        return true;
    char digits[NUMBER_SIZE];
    token.text = (struct view){digits, number_print(number, digits)};
    *err = (struct err){0};
    return record_set_token(record, column, &token, err);
}

static bool set_value(struct record *record, size_t column, const struct assay_value *value,
                      struct err *err)
{
    struct token token = {.kind = TOKEN_NULL};
    switch (value->type) {
    case ASSAY_MISSING:
        break;
    case ASSAY_NUMBER:
        if (isnan(value->number))
            break;
        return set_number(record, column, value->number, err);
    case ASSAY_TEXT:
        if (value->text == NULL && value->length > 0)
            return err_set(err, ERR_USAGE, "'" VIEW_FMT "': a text that is NULL",
                           VIEW_ARG(record->schema->column[column].name));
        token = (struct token){.kind = TOKEN_TEXT, .text = {value->text, value->length}};
        break;
    case ASSAY_BOOLEAN:
        token.kind = value->boolean ? TOKEN_TRUE : TOKEN_FALSE;
        break;
    default:
        return err_set(err, ERR_USAGE, "'" VIEW_FMT "': a value of type %u: see enum assay_type",
                       VIEW_ARG(record->schema->column[column].name), value->type);
    }
    return record_set_token(record, column, &token, err);
}

static bool take_positional(const struct assay *model, const struct assay_value *values,
                            struct cell *cell, struct record *out, struct err *err)
{
    const struct schema *schema = &model->bundle.schema;
    *out = record_of(schema, cell);
    for (size_t i = 0; i < schema->input_count; i++)
        if (!set_value(out, schema->input[i], &values[i], err))
            return false;
    return record_finish(out, err);
}

static bool take_named(const struct assay *model, const struct assay_field *fields, size_t count,
                       struct cell *cell, struct record *out, struct err *err)
{
    const struct schema *schema = &model->bundle.schema;
    *out = record_of(schema, cell);
    for (size_t i = 0; i < count; i++) {
        if (fields[i].name == NULL)
            return err_set(err, ERR_USAGE, "field %zu has no name", i + 1);
        uint32_t column = dictionary_find(&schema->names, view_of(fields[i].name));
        if (column == DICTIONARY_NONE)
            return err_set(err, ERR_INPUT, "'%s' is not a column of this model", fields[i].name);
        if (!set_value(out, column, &fields[i].value, err))
            return false;
    }
    return record_finish(out, err);
}

static bool check_count(const struct assay *model, size_t count, struct err *err)
{
    size_t columns = model->bundle.schema.input_count;
    return count == columns ||
           err_set(err, ERR_INPUT, "a record of %zu values, the model's columns are %zu", count,
                   columns);
}

/* ---------------------------------------------------------------- decisions */

static bool can_hold(const struct assay_decision *out)
{
    return out->size >= offsetof(struct assay_decision, fraud) + sizeof out->fraud;
}

static void decide_record(const struct assay *model, const struct record *record, float *row,
                          struct assay_decision *out)
{
    struct decision decision = decide(&model->bundle, record, row);
    struct assay_decision full = {
        .size = out->size,
        .fraud = decision.fraud,
        .score = decision.score,
        .margin = decision.margin,
        .threshold = model->bundle.policy.threshold,
        .unseen = record->unseen,
    };
    memcpy(out, &full, out->size < sizeof full ? out->size : sizeof full);
}

int assay_decide(const struct assay *model, const struct assay_value *values, size_t count,
                 void *memory, struct assay_decision *out, struct assay_error *error)
{
    if (model == NULL || values == NULL || memory == NULL || out == NULL || !can_hold(out))
        return misused("assay_decide: a NULL, or a decision whose size is not set", error);
    struct err err = {0};
    struct scratch scratch = divide(model, memory);
    struct record record;
    if (!check_count(model, count, &err) ||
        !take_positional(model, values, scratch.cell, &record, &err))
        return report(&err, error);
    decide_record(model, &record, scratch.row, out);
    return ASSAY_OK;
}

int assay_decide_named(const struct assay *model, const struct assay_field *fields, size_t count,
                       void *memory, struct assay_decision *out, struct assay_error *error)
{
    if (model == NULL || (fields == NULL && count > 0) || memory == NULL || out == NULL ||
        !can_hold(out))
        return misused("assay_decide_named: a NULL, or a decision whose size is not set", error);
    struct err err = {0};
    struct scratch scratch = divide(model, memory);
    struct record record;
    if (!take_named(model, fields, count, scratch.cell, &record, &err))
        return report(&err, error);
    decide_record(model, &record, scratch.row, out);
    return ASSAY_OK;
}

/* The caller's struct may be longer or shorter than ours: its own size is the way to the next. */
static struct assay_decision *decision_at(struct assay_decision *out, size_t i)
{
    return (struct assay_decision *)(void *)((char *)out + i * out->size);
}

/* Twice over the records: none is decided before all are known to be good. */
int assay_decide_batch(const struct assay *model, const struct assay_value *values, size_t records,
                       void *memory, struct assay_decision *out, struct assay_error *error)
{
    if (model == NULL || (values == NULL && records > 0) || memory == NULL || out == NULL)
        return misused("assay_decide_batch: a NULL where something belongs", error);
    size_t columns = model->bundle.schema.input_count;
    struct scratch scratch = divide(model, memory);
    struct record record;
    for (size_t i = 0; i < records; i++) {
        struct err err = {0};
        if (!can_hold(out) || out->size % _Alignof(struct assay_decision) != 0 ||
            decision_at(out, i)->size != out->size)
            return misused("assay_decide_batch: a decision whose size is not set", error);
        if (!take_positional(model, values + i * columns, scratch.cell, &record, &err)) {
            err_while(&err, "record %zu", i + 1);
            return report(&err, error);
        }
    }
    for (size_t i = 0; i < records; i++) {
        struct err err = {0};
        bool again = take_positional(model, values + i * columns, scratch.cell, &record, &err);
        assert(again);
        decide_record(model, &record, scratch.row, decision_at(out, i));
    }
    return ASSAY_OK;
}

void assay_score_rows(const struct assay *model, const float *rows, size_t count, size_t stride,
                      float *scores)
{
    engine_margins(&model->bundle.engine, rows, count, stride, scores);
    for (size_t i = 0; i < count; i++)
        scores[i] = forest_predict(&model->bundle.forest, scores[i]);
}

int assay_explain(const struct assay *model, const struct assay_value *values, size_t count,
                  void *memory, double *phi, double *expected, struct assay_decision *out,
                  struct assay_error *error)
{
    if (model == NULL || values == NULL || memory == NULL || phi == NULL || expected == NULL ||
        out == NULL || !can_hold(out))
        return misused("assay_explain: a NULL, or a decision whose size is not set", error);
    if (!model->explains)
        return misused("assay_explain: open the model with options.explain", error);
    struct err err = {0};
    struct scratch scratch = divide(model, memory);
    struct record record;
    if (!check_count(model, count, &err) ||
        !take_positional(model, values, scratch.cell, &record, &err))
        return report(&err, error);
    decide_record(model, &record, scratch.row, out);
    shap_row(&model->explainer, scratch.row, phi, scratch.explainer);
    *expected = model->explainer.expected;
    return ASSAY_OK;
}
