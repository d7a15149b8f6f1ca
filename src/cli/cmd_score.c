#include "base/json.h"
#include "base/number.h"
#include "cli/joined.h"
#include "cli/out.h"
#include "cli/project.h"
#include "cli/record_lines.h"
#include "decide/decision.h"

#include <errno.h>

enum { OPTION_BUNDLE, OPTION_MODEL, OPTION_JOIN, OPTION_ON, OPTION_OUT, OPTION_FORMAT };

enum { OUT_PIECE = 1 << 16, MEMORY_MAX = 2000000000 };

/* One scoring of a file: the bundle's schema reads it, row by row as a request would be. */
struct scoring {
    struct arena *arena;
    struct bundle bundle;
    struct table table;
    float *row;
    struct text text;
    FILE *out;
    bool json;
};

static void write_csv(struct text *text, size_t line, const struct decision *decision)
{
    text_addf(text, "%zu,", line);
    text_add_number(text, (double)decision->score);
    text_addf(text, ",%d\n", decision->fraud);
}

static void write_json(struct text *text, size_t line, const struct decision *decision)
{
    struct json json = json_to(text);
    json_open(&json, '{');
    json_key(&json, "line"), json_count(&json, line);
    json_key(&json, "fraud_probability"), json_number(&json, (double)decision->score);
    json_key(&json, "is_fraud"), json_bool(&json, decision->fraud);
    json_close(&json);
    text_addc(text, '\n');
}

static bool flush(struct scoring *s, struct err *err)
{
    if (fwrite(s->text.bytes, 1, s->text.length, s->out) != s->text.length)
        return err_set(err, ERR_IO, "the scores cannot be written: %s", strerror(errno));
    s->text.length = 0;
    return true;
}

static bool score_one(struct scoring *s, const struct record *record, size_t line, struct err *err)
{
    enum { LINE_MAX_SIZE = 256 };
    struct decision decision = decide(&s->bundle, record, s->row);
    (s->json ? write_json : write_csv)(&s->text, line, &decision);
    return s->text.length <= OUT_PIECE - LINE_MAX_SIZE || flush(s, err);
}

static bool score_table(struct scoring *s, struct err *err)
{
    struct cell *cell = arena_new(s->arena, struct cell, s->bundle.schema.count);
    if (cell == NULL)
        return err_set(err, ERR_LIMIT, "a record does not fit the memory limit");
    struct record record = {.schema = &s->bundle.schema, .cell = cell};
    for (size_t i = 0; i < s->table.rows; i++)
        if (!table_record(&s->table, i, &record, err) ||
            !score_one(s, &record, s->table.line[i], err))
            return false;
    return true;
}

static bool score_lines(struct scoring *s, const struct joined *file, struct err *err)
{
    CLEANUP(record_lines_close) struct record_lines lines = {.schema = &s->bundle.schema};
    if (!record_lines_open(&lines, file, MEMORY_MAX, s->arena, err))
        return false;
    while (record_lines_next(&lines, err))
        if (!score_one(s, lines.record, lines.line, err))
            return false;
    return err->kind == ERR_NONE;
}

static bool score_rows(struct scoring *s, const struct joined *file, bool lines, struct err *err)
{
    static char bytes[OUT_PIECE];
    s->text = text_in(bytes, sizeof bytes);
    s->row = arena_new(s->arena, float, s->bundle.plan.width);
    if (s->row == NULL)
        return err_set(err, ERR_LIMIT, "a record does not fit the memory limit");
    if (!s->json)
        text_adds(&s->text, "line,fraud_probability,is_fraud\n");
    return (lines ? score_lines(s, file, err) : score_table(s, err)) && flush(s, err);
}

static bool score(struct scoring *s, const struct joined *file, const char *path, struct err *err)
{
    struct out out;
    bool lines = record_lines_wanted(file->path);
    if ((!lines && !joined_load(file, &s->bundle.schema, s->arena, &s->table, err)) ||
        !out_open(&out, path, s->arena, err))
        return false;
    s->out = out.stream;
    return out_end(&out, score_rows(s, file, lines, err), err);
}

static bool run(const struct call *call, struct err *err)
{
    const char *format = call->option[OPTION_FORMAT] == NULL ? "csv" : call->option[OPTION_FORMAT];
    bool json = strcmp(format, "jsonl") == 0;
    if (!json && strcmp(format, "csv") != 0)
        return err_set(err, ERR_USAGE, "--format is csv or jsonl, not '%s'", format);
    const struct joined joined = {call->argument[0], call->option[OPTION_JOIN],
                                  call->option[OPTION_ON]};
    struct project project;
    if (!joined_check(&joined, err) || !project_open_loosely(&project, call, err))
        return false;
    CLEANUP(arena_release) struct arena arena = {.limit = (size_t)MEMORY_MAX * 8};
    struct scoring s = {.arena = &arena, .json = json};
    struct version version;
    bool ok = project_load_bundle(&project, call->option[OPTION_BUNDLE], call->option[OPTION_MODEL],
                                  &s.bundle, &version, err);
    if (ok) {
        ok = project_vouched(&project, &version, err) &&
             score(&s, &joined, call->option[OPTION_OUT], err);
        bundle_release(&s.bundle);
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
    [OPTION_FORMAT] = {"format", "csv|jsonl", "default: csv"},
    {0},
};

const struct command command_score = {
    .name = "score",
    .arguments = "FILE",
    .about = "records in, scores out",
    .more = "FILE is a CSV, or JSON lines when its name ends in .jsonl: records as a server takes\n"
            "them.\n",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
