#include "model/golden.h"

#include "harness.h"
#include "model/small_bundle.h"

/* A column of one kind, its text as a CSV has it, and how the golden record must spell it. */
static void written_as(struct column column, const char *text, const char *wanted)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct schema schema;
    struct cell cell, again;
    struct err err = {0};
    column.name = VIEW("c");
    column.input = column.optional = true;
    column.min = column.max = (double)NAN;
    WORKS(schema_init(&schema, &column, 1, &arena, &err), err);
    struct record record = small_record(&schema, &text, &cell);
    struct text out = text_in_arena(&arena), scratch = text_in_arena(&arena);
    struct json json = json_to(&out);
    golden_write_record(&record, &json);
    TEXT(text_view(&out), wanted);

    /* And back: the same cell. */
    struct scan scan = scan_of(text_view(&out), &scratch);
    struct token token;
    struct record back = record_of(&schema, &again);
    WORKS(scan_next(&scan, &token, &err) && scan_next(&scan, &token, &err), err);
    WORKS(record_set_token(&back, 0, &token, &err), err);
    FAIL_UNLESS(again.number == cell.number || (isnan(again.number) && isnan(cell.number)),
                "'%s' came back as %.17g, it was %.17g", text, again.number, cell.number);
}

TEST(a_cell_of_each_kind_is_written_as_a_client_would_send_it_and_comes_back)
{
    written_as((struct column){.kind = COLUMN_NUMBER}, "0.1", "[0.1]");
    written_as((struct column){.kind = COLUMN_NUMBER}, "-0", "[-0]");
    written_as((struct column){.kind = COLUMN_NUMBER}, "1e-310", "[1e-310]");
    written_as((struct column){.kind = COLUMN_NUMBER}, "", "[null]");
    written_as((struct column){.kind = COLUMN_INTEGER}, "9007199254740991", "[9007199254740991]");
    written_as((struct column){.kind = COLUMN_BOOLEAN}, "yes", "[true]");
    written_as((struct column){.kind = COLUMN_BOOLEAN}, "0", "[false]");
    written_as((struct column){.kind = COLUMN_BOOLEAN}, "", "[null]");
    written_as((struct column){.kind = COLUMN_CATEGORY}, "", "[null]");
    written_as((struct column){.kind = COLUMN_CATEGORY}, "a \"b\" \\ \xc3\xa9",
               "[\"a \\\"b\\\" \\\\ \xc3\xa9\"]");
}

TEST(an_instant_comes_back_to_the_millisecond_in_each_format)
{
    written_as((struct column){.kind = COLUMN_TIMESTAMP}, "1969-12-31T23:59:59.999Z",
               "[\"1969-12-31T23:59:59.999Z\"]");
    written_as((struct column){.kind = COLUMN_TIMESTAMP, .format = TIME_MILLISECONDS},
               "1700000000001", "[1700000000001]");
    written_as((struct column){.kind = COLUMN_TIMESTAMP, .format = TIME_SECONDS}, "1700000000",
               "[1700000000]");
    /* 1.001 * 1000 is a little less than 1001: the millisecond must not be cut off again. */
    written_as((struct column){.kind = COLUMN_TIMESTAMP, .format = TIME_SECONDS}, "1700000000.001",
               "[1700000000.001]");
}

TEST(every_millisecond_of_a_second_survives_the_seconds_format)
{
    for (int ms = 0; ms < 1000; ms++) {
        CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
        struct column column = {
            .name = VIEW("at"), .kind = COLUMN_TIMESTAMP, .format = TIME_SECONDS, .input = true};
        struct schema schema;
        struct cell cell = {.number = 1700000000000.0 + ms}, again;
        struct err err = {0};
        WORKS(schema_init(&schema, &column, 1, &arena, &err), err);
        struct record record = {.schema = &schema, .cell = &cell};
        struct text out = text_in_arena(&arena), scratch = text_in_arena(&arena);
        struct json json = json_to(&out);
        golden_write_record(&record, &json);
        struct scan scan = scan_of(text_view(&out), &scratch);
        struct token token;
        struct record back = record_of(&schema, &again);
        WORKS(scan_next(&scan, &token, &err) && scan_next(&scan, &token, &err), err);
        WORKS(record_set_token(&back, 0, &token, &err), err);
        FAIL_UNLESS(again.number == cell.number, "millisecond %d came back as %.17g", ms,
                    again.number);
    }
}

TEST(golden_records_that_are_no_json_are_refused_by_what_is_wrong_with_them)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct small_bundle small;
    struct bundle bundle = {0};
    struct view file;
    struct err err = {0};
    size_t count;
    small_bundle_init(&small, &arena);
    WORKS(bundle_seal(&small.parts, &arena, &file, &err), err);
    WORKS(bundle_open(&bundle, file, &err), err);
    FAILS(golden_check(&bundle, VIEW("[{nope"), &count, &err), err, ERR_INPUT);
    SAYS(err, "a key in quotes is expected");
    err = (struct err){0};
    FAILS(golden_check(&bundle, VIEW("[{\"record\" 5"), &count, &err), err, ERR_INPUT);
    SAYS(err, "a colon is expected");
    bundle_release(&bundle);
}
