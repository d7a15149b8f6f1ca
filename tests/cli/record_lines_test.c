#include "cli/record_lines.h"

#include "base/file.h"
#include "harness.h"
#include "model/small_bundle.h"

/* The columns of small_bundle.h: amount, kind, grade, known, at, and customer. */
struct desk {
    struct arena arena;
    struct small_bundle small;
    struct record_lines lines;
    const char *path;
    struct err err;
};

static void desk_open(struct desk *desk)
{
    *desk = (struct desk){.arena = {.limit = 64 << 20}};
    small_schema(&desk->small, &desk->arena);
    desk->path = path_join(&desk->arena, test_dir(), "records.jsonl");
}

static void desk_close(struct desk *desk)
{
    record_lines_close(&desk->lines);
    arena_release(&desk->arena);
}

/* How many records there are; false when reading fails. */
static bool count(struct desk *desk, const char *text, size_t *out)
{
    *out = 0;
    desk->err = (struct err){0};
    record_lines_close(&desk->lines);
    desk->lines = (struct record_lines){.schema = &desk->small.schema};
    struct joined file = {.path = desk->path};
    WORKS(file_save(desk->path, view_of(text), &desk->err), desk->err);
    WORKS(record_lines_open(&desk->lines, &file, 1 << 20, &desk->arena, &desk->err), desk->err);
    while (record_lines_next(&desk->lines, &desk->err))
        ++*out;
    return desk->err.kind == ERR_NONE;
}

#define ROW "{\"amount\":1,\"kind\":\"web\",\"grade\":\"low\",\"known\":true,\"at\":\"2024-01-01\"}"

TEST(a_line_is_a_record_or_a_list_of_them_and_blank_lines_are_none)
{
    CLEANUP(desk_close) struct desk desk;
    size_t records;
    desk_open(&desk);
    WORKS(count(&desk, ROW "\n\n[" ROW "," ROW "]\r\n  \n" ROW, &records), desk.err);
    SAME(records, 4);
    SAME(desk.lines.line, 5);
    WORKS(count(&desk, "\xef\xbb\xbf" ROW "\n", &records), desk.err);
    SAME(records, 1);
}

TEST(what_is_wrong_is_told_with_the_file_and_the_line)
{
    CLEANUP(desk_close) struct desk desk;
    size_t records;
    desk_open(&desk);
    FAILS(count(&desk, ROW "\n{\"colour\":1}\n" ROW, &records), desk.err, ERR_INPUT);
    SAYS(desk.err, "records.jsonl' line 2: 'colour'");
    SAME(records, 1);
    FAILS(count(&desk, ROW "\n\n{oops\n", &records), desk.err, ERR_INPUT);
    SAYS(desk.err, "line 3: ");
    FAILS(count(&desk, "\n\n", &records), desk.err, ERR_INPUT);
    SAYS(desk.err, "has no records");
}

TEST(lines_are_known_by_the_name_of_their_file)
{
    TRUE(record_lines_wanted("a.jsonl") && record_lines_wanted("b/a.ndjson"));
    TRUE(!record_lines_wanted("a.json") && !record_lines_wanted("jsonl"));
}
