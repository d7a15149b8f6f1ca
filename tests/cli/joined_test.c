#include "cli/joined.h"

#include "data/fixture.h"

static const char columns[] = "{who: {type: id}, amount: {type: number}, age: {type: integer}, "
                              "fraud: {type: integer}}";

TEST(a_file_and_the_key_of_its_join_go_together)
{
    struct err err = {0};
    WORKS(joined_check(&(struct joined){.path = "a"}, &err), err);
    WORKS(joined_check(&(struct joined){.path = "a", .with = "b", .key = "who"}, &err), err);
    FAILS(joined_check(&(struct joined){.path = "a", .with = "b"}, &err), err, ERR_USAGE);
    SAYS(err, "--join FILE and --on COLUMN");
    err = (struct err){0};
    FAILS(joined_check(&(struct joined){.path = "a", .key = "who"}, &err), err, ERR_USAGE);
}

TEST(columns_come_from_both_files_and_one_that_is_in_neither_is_named)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    struct schema schema = schema_from(columns, &arena);
    struct joined joined = {.path = file_with("left.csv", "who,amount\nbob,1\nann,2\n", &arena)};
    struct table table;
    struct err err = {0};
    FAILS(joined_load(&joined, &schema, &arena, &table, &err), err, ERR_INPUT);
    SAYS(err, "without --join FILE --on COLUMN");
    SAYS(err, "age");
    joined.with = file_with("right.csv", "who,age\nann,40\nbob,30\n", &arena);
    joined.key = "who";
    err = (struct err){0};
    WORKS(joined_load(&joined, &schema, &arena, &table, &err), err);
    SAME(table.rows, 2);
    NEAR(table.series[1].number[1], 2, 0);
    NEAR(table.series[2].number[1], 40, 0);
    joined.with = file_with("right.csv", "who\nann\nbob\n", &arena);
    FAILS(joined_load(&joined, &schema, &arena, &table, &err), err, ERR_INPUT);
    SAYS(err, "age");
}
