#include "base/json.h"
#include "cli/joined.h"
#include "cli/out.h"
#include "cli/project.h"
#include "cli/record_lines.h"
#include "decide/decision.h"
#include "decide/reason.h"
#include "model/shap.h"

#include <errno.h>

enum { OPTION_BUNDLE, OPTION_MODEL, OPTION_JOIN, OPTION_ON, OPTION_OUT };

enum { OUT_PIECE = 1 << 16, MEMORY_MAX = 2000000000 };

/* One explaining of a file's records, and what each of them needs. */
struct explaining {
    struct joined joined;
    struct arena *arena;
    struct bundle bundle;
    struct explainer explainer;
    struct reason_book book;
    FILE *out;
    struct text text;

    struct cell *cell;
    float *row;
    double *phi, *column, *group;
    struct reason *reason;
    void *scratch;
};

static bool prepare(struct explaining *x, struct err *err)
{
    struct bundle *bundle = &x->bundle;
    if (!explainer_build(&bundle->forest, NULL, x->arena, &x->explainer, err) ||
        !reason_book_open(&x->book, bundle, x->arena, err))
        return false;
    x->text = text_in_arena(x->arena);
    x->cell = arena_new(x->arena, struct cell, bundle->schema.count);
    x->row = arena_new(x->arena, float, bundle->plan.width);
    x->phi = arena_new(x->arena, double, bundle->plan.width);
    x->column = arena_new(x->arena, double, bundle->schema.count);
    x->group = arena_new(x->arena, double, x->book.groups);
    x->reason = arena_new(x->arena, struct reason, REASONS_MAX);
    x->scratch = arena_alloc(x->arena, 1, x->explainer.row_scratch);
    return (x->cell != NULL && x->row != NULL && x->phi != NULL && x->column != NULL &&
            x->group != NULL && x->reason != NULL && x->scratch != NULL) ||
           err_set(err, ERR_LIMIT, "a record does not fit the memory limit");
}

/* ---------------------------------------------------------------- one record */

static void write_contributions(const struct explaining *x, struct json *json)
{
    const struct schema *schema = &x->bundle.schema;
    json_key(json, "expected"), json_number(json, x->explainer.expected);
    json_key(json, "contributions");
    json_open(json, '{');
    for (size_t i = 0; i < schema->count; i++)
        if (x->column[i] != 0)
            json_key_view(json, schema->column[i].name), json_number(json, x->column[i]);
    json_close(json);
}

static void write_reasons(const struct explaining *x, size_t count, struct json *json)
{
    json_key(json, "reasons");
    json_open(json, '[');
    for (size_t i = 0; i < count; i++) {
        json_open(json, '{');
        json_key(json, "code"), json_text(json, x->reason[i].code);
        json_key(json, "text"), json_text(json, x->reason[i].text);
        json_key(json, "contribution"), json_number(json, x->reason[i].contribution);
        json_key(json, "share"), json_number(json, x->reason[i].share);
        json_close(json);
    }
    json_close(json);
}

static bool flush(struct explaining *x, struct err *err)
{
    if (x->text.cut)
        return err_set(err, ERR_LIMIT, "an explanation does not fit the memory limit");
    if (fwrite(x->text.bytes, 1, x->text.length, x->out) != x->text.length)
        return err_set(err, ERR_IO, "the explanations cannot be written: %s", strerror(errno));
    x->text.length = 0;
    return true;
}

static bool explain(struct explaining *x, size_t line, const struct record *record, struct err *err)
{
    struct decision decision = decide(&x->bundle, record, x->row);
    struct json json = json_to(&x->text);
    shap_row(&x->explainer, x->row, x->phi, x->scratch);
    reason_columns(&x->bundle.plan, x->phi, x->column);
    size_t count = reasons_of(&x->book, x->column, x->group, x->reason);
    json_open(&json, '{');
    json_key(&json, "line"), json_count(&json, line);
    json_key(&json, "fraud_probability"), json_number(&json, decision.probability);
    json_key(&json, "is_fraud"), json_bool(&json, decision.fraud);
    json_key(&json, "margin"), json_number(&json, (double)decision.margin);
    write_contributions(x, &json);
    write_reasons(x, count, &json);
    json_close(&json);
    text_addc(&x->text, '\n');
    return x->text.length < OUT_PIECE || flush(x, err);
}

/* ---------------------------------------------------------------- the file */

static bool explain_table(struct explaining *x, struct err *err)
{
    struct table table;
    struct record record = {.schema = &x->bundle.schema, .cell = x->cell};
    if (!joined_load(&x->joined, &x->bundle.schema, x->arena, &table, err))
        return false;
    for (size_t i = 0; i < table.rows; i++)
        if (!table_record(&table, i, &record, err) || !explain(x, table.line[i], &record, err))
            return false;
    return true;
}

static bool explain_lines(struct explaining *x, struct err *err)
{
    CLEANUP(record_lines_close) struct record_lines lines = {.schema = &x->bundle.schema};
    if (!record_lines_open(&lines, &x->joined, MEMORY_MAX, x->arena, err))
        return false;
    while (record_lines_next(&lines, err))
        if (!explain(x, lines.line, lines.record, err))
            return false;
    return err->kind == ERR_NONE;
}

static bool explain_file(struct explaining *x, struct err *err)
{
    bool lines = record_lines_wanted(x->joined.path);
    return prepare(x, err) && (lines ? explain_lines(x, err) : explain_table(x, err)) &&
           flush(x, err);
}

static bool explain_to(struct explaining *x, const char *path, struct err *err)
{
    struct out out;
    if (!out_open(&out, path, x->arena, err))
        return false;
    x->out = out.stream;
    return out_end(&out, explain_file(x, err), err);
}

static bool run(const struct call *call, struct err *err)
{
    struct explaining x = {
        .joined = {call->argument[0], call->option[OPTION_JOIN], call->option[OPTION_ON]}};
    struct project project;
    if (!joined_check(&x.joined, err) || !project_open_loosely(&project, call, err))
        return false;
    CLEANUP(arena_release) struct arena arena = {.limit = (size_t)MEMORY_MAX * 8};
    x.arena = &arena;
    struct version version;
    bool ok = project_load_bundle(&project, call->option[OPTION_BUNDLE], call->option[OPTION_MODEL],
                                  &x.bundle, &version, err);
    if (ok) {
        ok = project_vouched(&project, &version, err) &&
             explain_to(&x, call->option[OPTION_OUT], err);
        bundle_release(&x.bundle);
    }
    project_close(&project);
    return ok;
}

static const struct option_row options[] = {
    [OPTION_BUNDLE] = {"bundle", "FILE", "a bundle file instead of the registry's champion"},
    [OPTION_MODEL] = {"model", "REFERENCE", "a version: number, name, alias or bundle digest"},
    [OPTION_JOIN] = {"join", "FILE", "a second CSV, joined"},
    [OPTION_ON] = {"on", "COLUMN", "the join's key"},
    [OPTION_OUT] = {"out", "FILE", "default: standard output"},
    {0},
};

const struct command command_explain = {
    .name = "explain",
    .arguments = "FILE",
    .about = "records in, what each column added to their scores and the reasons out",
    .more = "FILE is a CSV, or JSON lines when its name ends in .jsonl. Each line that is written\n"
            "has the margin, what is expected of a record of which nothing is known, what each\n"
            "column added to it, which together is the margin, and the bundle's reasons.\n",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
