#include "cli/record_lines.h"

#include "base/file.h"
#include "serve/shape.h"

bool record_lines_wanted(const char *path)
{
    struct view name = view_of(path);
    return view_ends(name, ".jsonl") || view_ends(name, ".ndjson");
}

bool record_lines_open(struct record_lines *lines, const struct joined *file, size_t bytes_max,
                       struct arena *arena, struct err *err)
{
    if (file->with != NULL)
        return err_set(err, ERR_USAGE, "--join is for a CSV; records in JSON lines are whole");
    lines->path = file->path;
    lines->arena.limit = bytes_max;
    if (!file_load(file->path, bytes_max, arena, &lines->rest, err))
        return false;
    if (view_starts(lines->rest, "\xef\xbb\xbf")) /* a byte order mark */
        lines->rest = view_from(lines->rest, 3);
    return true;
}

static bool begin_line(struct record_lines *lines, struct view body, struct err *err)
{
    static const struct decode_rules rules = {.takes = {{"application/json", &shape_rows}}};
    arena_reset(&lines->arena);
    lines->within = true;
    return decode_open(&lines->decode, &rules, lines->schema, VIEW("application/json"), body,
                       &lines->arena, err);
}

static void end_line(struct record_lines *lines)
{
    if (lines->within)
        decode_close(&lines->decode);
    lines->within = false;
}

static bool next(struct record_lines *lines, struct err *err)
{
    struct view body;
    for (;;) {
        if (lines->within && decode_next(&lines->decode, err))
            return true;
        end_line(lines);
        if (err->kind != ERR_NONE || !view_cut(&lines->rest, '\n', &body))
            return false;
        lines->line++;
        if (view_trim(body).length > 0 && !begin_line(lines, body, err))
            return false;
    }
}

bool record_lines_next(struct record_lines *lines, struct err *err)
{
    if (next(lines, err)) {
        lines->record = &lines->decode.record;
        return true;
    }
    if (err->kind != ERR_NONE)
        return err_while(err, "'%s' line %zu", lines->path, lines->line);
    return lines->record != NULL ? false
                                 : err_set(err, ERR_INPUT, "'%s' has no records", lines->path);
}

void record_lines_close(struct record_lines *lines)
{
    end_line(lines);
    arena_release(&lines->arena);
}
