#include "monitor/sheet.h"

#include "compare_ground.h"

#include "base/file.h"
#include "measure/drift.h"

TEST(what_cannot_be_read_is_counted_and_taken_for_missing)
{
    CLEANUP(ground_close) struct ground g;
    struct err err = {0};
    ground_open(&g);
    text_adds(&g.text[0],
              "amount,colour,more,fraud\n1.5,red,x,1\nabc,,y,yes\n,blue,z,perhaps\n99,red,,0\n");
    text_adds(&g.text[1], "colour,amount\ngreen,2\nred,3\n");
    WORKS(ground_read(&g, &err), err);
    const struct sheet_column *amount = &g.before.column[0], *fraud = &g.before.column[3];
    SAME(g.before.rows, 4);
    SAME(amount->mistyped, 1);
    TEXT(amount->example, "abc");
    SAME(amount->example_line, 3);
    SAME(amount->missing, 1);
    TRUE(isnan(amount->number[1]) && isnan(amount->number[2]));
    NEAR(amount->number[3], 99, 0); /* past the schema's bounds: here a number is a number */
    SAME(fraud->mistyped, 1);
    NEAR(fraud->number[1], 1, 0);
    SAME(g.before.extras, 1);
    TEXT(g.before.extra[0], "more");
    TRUE(!g.before.column[1].present && !g.now.column[3].present);
}

TEST(a_category_has_the_baselines_codes_and_new_ones_come_behind)
{
    CLEANUP(ground_close) struct ground g;
    struct err err = {0};
    ground_open(&g);
    text_adds(&g.text[0], "colour\nred\nblue\n");
    text_adds(&g.text[1], "colour\ngreen\nblue\n\"\"\nblack\ngreen\n");
    WORKS(ground_read(&g, &err), err);
    const uint32_t *code = g.now.column[2].code;
    SAME(code[0], 2);
    SAME(code[1], 1);
    SAME(code[2], DRIFT_MISSING);
    SAME(code[3], 3);
    SAME(code[4], 2);
    SAME(g.now.column[2].values.count, 2);
    TEXT(g.now.column[2].values.text[0], "green");
}

TEST(a_header_alone_has_no_rows_and_that_is_no_error)
{
    CLEANUP(ground_close) struct ground g;
    struct err err = {0};
    ground_open(&g);
    text_adds(&g.text[0], "amount,colour\n");
    text_adds(&g.text[1], "amount\n");
    WORKS(ground_read(&g, &err), err);
    SAME(g.before.rows, 0);
}

TEST(what_is_no_table_is_refused_with_its_place)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "before.csv is empty"},
        {"amount,colour\n1\n", "before.csv line 2: 1 fields, the header has 2"},
        {"amount,amount\n", "'amount' stands twice"},
        {"amount\n\"1\n", "line 2"},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        CLEANUP(ground_close) struct ground g;
        struct err err = {0};
        ground_open(&g);
        text_adds(&g.text[0], cases[i].text);
        text_adds(&g.text[1], "amount\n");
        FAILS(ground_read(&g, &err), err, ERR_INPUT);
        SAYS(err, cases[i].says);
    }
}

TEST(memory_that_does_not_suffice_is_an_error_with_its_remedy)
{
    CLEANUP(ground_close) struct ground g;
    struct err err = {0};
    ground_open(&g);
    ground_draw(&g, 0, 1000, 1, 0);
    CLEANUP(arena_release) struct arena small = {.limit = 8192};
    struct sheet sheet;
    FAILS(sheet_read(&sheet, &g.schema, NULL, "x.csv", text_view(&g.text[0]), &small, &err), err,
          ERR_LIMIT);
    SAYS(err, "data.memory_mb");
}

TEST(a_file_is_read_as_its_text_is)
{
    CLEANUP(ground_close) struct ground g;
    struct err err = {0};
    struct sheet sheet;
    ground_open(&g);
    const char *path = path_join(&g.arena, test_dir(), "sheet.csv");
    WORKS(file_save(path, VIEW("amount\n1\n2\n"), &err), err);
    WORKS(sheet_load(&sheet, &g.schema, NULL, path, 1 << 20, &g.arena, &err), err);
    SAME(sheet.rows, 2);
    FAILS(sheet_load(&sheet, &g.schema, NULL, "/nowhere.csv", 1 << 20, &g.arena, &err), err,
          ERR_NOT_FOUND);
}
