#include "base/file.h"
#include "base/json.h"
#include "base/number.h"
#include "cli/joined.h"
#include "cli/out.h"
#include "cli/project.h"
#include "decide/decision.h"

#include <errno.h>

enum { OPTION_BUNDLE, OPTION_MODEL, OPTION_JOIN, OPTION_ON, OPTION_OUT, OPTION_FORMAT };

enum { OUT_PIECE = 1 << 16, MEMORY_MAX = 2000000000 };

/* One scoring of a file: the bundle's schema reads it, row by row as a request would be. */
struct scoring {
    struct arena *arena;
    struct bundle bundle;
    struct table table;
    FILE *out;
    bool json;
};

static void write_csv(struct text *text, uint32_t line, const struct decision *decision)
{
    text_addf(text, "%u,", line);
    text_add_number(text, (double)decision->score);
    text_addf(text, ",%d\n", decision->fraud);
}

static void write_json(struct text *text, uint32_t line, const struct decision *decision)
{
    struct json json = json_to(text);
    json_open(&json, '{');
    json_key(&json, "line"), json_count(&json, line);
    json_key(&json, "fraud_probability"), json_number(&json, (double)decision->score);
    json_key(&json, "is_fraud"), json_bool(&json, decision->fraud);
    json_close(&json);
    text_addc(text, '\n');
}

static bool flush(struct scoring *s, struct text *text, struct err *err)
{
    if (fwrite(text->bytes, 1, text->length, s->out) != text->length)
        return err_set(err, ERR_IO, "the scores cannot be written: %s", strerror(errno));
    text->length = 0;
    return true;
}

static bool score_rows(struct scoring *s, struct err *err)
{
    enum { LINE_MAX_SIZE = 256 };
    static char bytes[OUT_PIECE];
    struct text text = text_in(bytes, sizeof bytes);
    struct cell *cell = arena_new(s->arena, struct cell, s->bundle.schema.count);
    float *row = arena_new(s->arena, float, s->bundle.plan.width);
    if (cell == NULL || row == NULL)
        return err_set(err, ERR_LIMIT, "a record does not fit the memory limit");
    struct record record = {.schema = &s->bundle.schema, .cell = cell};
    if (!s->json)
        text_adds(&text, "line,fraud_probability,is_fraud\n");
    for (size_t i = 0; i < s->table.rows; i++) {
        if (!table_record(&s->table, i, &record, err))
            return false;
        struct decision decision = decide(&s->bundle, &record, row);
        (s->json ? write_json : write_csv)(&text, s->table.line[i], &decision);
        if (text.length > OUT_PIECE - LINE_MAX_SIZE && !flush(s, &text, err))
            return false;
    }
    return flush(s, &text, err);
}

static bool score(struct scoring *s, const struct joined *joined, const char *path, struct err *err)
{
    struct out out;
    if (!joined_load(joined, &s->bundle.schema, s->arena, &s->table, err) ||
        !out_open(&out, path, s->arena, err))
        return false;
    s->out = out.stream;
    return out_end(&out, score_rows(s, err), err);
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
    .about = "a CSV in, scores out",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
