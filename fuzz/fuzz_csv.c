/* Any bytes as CSV: an error with its line, or fields that read back the same once written. */
#include "data/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_row(const struct csv_row *row, const struct csv_row *before, size_t size)
{
    assert(row->count >= 1 && row->count <= CSV_FIELDS_MAX);
    assert(row->line > before->line && row->line <= size + 1);
    for (size_t i = 0; i < row->count; i++) {
        assert(row->field[i].length <= CSV_FIELD_SIZE_MAX);
        assert(row->column[i] >= 1 && row->column[i] <= size + 1);
    }
}

/* The row as csv_write writes it; one lone empty field would be an empty line, which is no row. */
static void write_row(const struct csv_row *row, struct text *out)
{
    if (row->count == 1 && row->field[0].length == 0)
        text_adds(out, "\"\"");
    for (size_t i = 0; i < row->count; i++) {
        text_adds(out, i == 0 ? "" : ",");
        csv_write(out, row->field[i]);
    }
    text_addc(out, '\n');
}

/* Every row of `text`, written. */
static struct view rewrite(struct view text, struct arena *arena, struct err *err)
{
    CLEANUP(csv_close) struct csv csv = {0};
    struct csv_row row, before = {0};
    struct text out = text_in_arena(arena);
    bool ok = csv_open(&csv, text, arena, err);
    assert(ok);
    while (csv_next(&csv, &row, err)) {
        check_row(&row, &before, text.length);
        write_row(&row, &out);
        before = row;
    }
    assert(!out.cut);
    return text_view(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct err err = {0};
    struct view once = rewrite((struct view){(const char *)data, size}, &arena, &err);
    if (err.kind != ERR_NONE) {
        assert(err.kind == ERR_INPUT || err.kind == ERR_LIMIT);
        assert(strstr(err.text, "line ") != NULL);
        err = (struct err){0};
    }
    struct view twice = rewrite(once, &arena, &err);
    assert(err.kind == ERR_NONE);
    assert(view_same(once, twice));
    return 0;
}
