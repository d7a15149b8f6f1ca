#include "cli/guess.h"

#include "base/file.h"
#include "harness.h"

static struct arena arena = {.limit = 1 << 26};

static struct schema guessed(const char *text)
{
    struct schema schema;
    struct err err = {0};
    const char *path = path_join(&arena, test_dir(), "guess.csv");
    WORKS(file_save(path, view_of(text), &err), err);
    WORKS(guess_schema(path, &arena, &schema, &err), err);
    return schema;
}

TEST(each_column_has_the_kind_of_all_its_cells)
{
    struct schema schema = guessed("amount,n,when,colour,card_id\n"
                                   "1.5,3,2026-01-01T00:00:00,red,1\n"
                                   "N/A,4,2026-01-02T00:00:00,N/A,2\n");
    SAME(schema.count, 5);
    SAME(schema.column[0].kind, COLUMN_NUMBER);
    SAME(schema.column[1].kind, COLUMN_INTEGER);
    SAME(schema.column[2].kind, COLUMN_TIMESTAMP);
    SAME(schema.column[3].kind, COLUMN_CATEGORY);
    SAME(schema.column[4].kind, COLUMN_ID);
    SAME(schema.column[0].missing_count, 1);
    TEXT(schema.column[0].missing[0], "N/A");
    SAME(schema.column[3].missing_count, 0); /* a word may be a value */
    for (size_t i = 0; i < schema.count; i++)
        TRUE(schema.column[i].optional);
}

TEST(a_file_that_is_not_there_is_an_error)
{
    struct schema schema;
    struct err err = {0};
    FAILS(guess_schema("/nowhere.csv", &arena, &schema, &err), err, ERR_NOT_FOUND);
}
