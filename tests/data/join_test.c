#include "data/fixture.h"

#include <math.h>

static const char columns[] = "{policy: {type: id}, claim: {type: number}, age: {type: integer}, "
                              "state: {type: category, optional: true}, "
                              "when: {type: timestamp, optional: true}, fraud: {type: integer}}";

struct joined {
    struct arena arena;
    struct schema schema;
    struct table left, right, table;
    struct join_audit audit;
    struct err err;
};

static void joined_release(struct joined *joined)
{
    arena_release(&joined->arena);
}

static bool join_on(struct joined *out, const char *schema, const char *left, const char *right,
                    const char *key, bool allow)
{
    *out = (struct joined){.arena = {.limit = 64 << 20}};
    out->schema = schema_from(schema, &out->arena);
    out->left = table_from(&out->schema, "claims.csv", left, &out->arena);
    out->right = table_from(&out->schema, "customers.csv", right, &out->arena);
    struct join join = {.key = view_of(key), .allow_fan_out = allow};
    return table_join(&out->table, &out->left, &out->right, &join, &out->audit, &out->arena,
                      &out->err);
}

static bool join(struct joined *out, const char *left, const char *right, bool allow)
{
    return join_on(out, columns, left, right, "policy", allow);
}

static double number(const struct joined *joined, const char *column, size_t row)
{
    uint32_t index = dictionary_find(&joined->schema.names, view_of(column));
    return joined->table.series[index].number[row];
}

static struct view word(const struct joined *joined, const char *column, size_t row)
{
    char unused[32];
    return table_text(&joined->table, dictionary_find(&joined->schema.names, view_of(column)), row,
                      unused);
}

TEST(each_left_row_gets_its_one_right_row)
{
    CLEANUP(joined_release) struct joined j;
    WORKS(join(&j, "policy,claim\np1,10\np2,20\np3,30\n",
               "age,policy,state\n33,p3,Utah\n11,p1,Ohio\n22,p2,Utah\n", false),
          j.err);
    SAME(j.table.rows, 3);
    for (size_t i = 0; i < 3; i++) {
        NEAR(number(&j, "claim", i), 10 * ((double)i + 1), 0);
        NEAR(number(&j, "age", i), 11 * ((double)i + 1), 0);
        SAME(j.table.line[i], i + 2);
    }
    TEXT(word(&j, "policy", 2), "p3");
    TEXT(word(&j, "state", 0), "Ohio");
    TEXT(word(&j, "state", 1), "Utah");
    SAME(j.audit.left_rows, 3);
    SAME(j.audit.right_rows, 3);
    SAME(j.audit.rows, 3);
    SAME(j.audit.left_keys, 3);
    SAME(j.audit.right_keys, 3);
    SAME(j.audit.unmatched_left, 0);
    SAME(j.audit.unused_right, 0);
    SAME(j.audit.repeated_right, 0);
}

TEST(many_left_rows_may_share_a_right_row)
{
    CLEANUP(joined_release) struct joined j;
    WORKS(join(&j, "policy,claim\np1,1\np2,2\np1,3\np1,4\n", "policy,age\np1,50\np2,60\np9,70\n",
               false),
          j.err);
    SAME(j.table.rows, 4);
    NEAR(number(&j, "age", 0), 50, 0);
    NEAR(number(&j, "age", 1), 60, 0);
    NEAR(number(&j, "age", 2), 50, 0);
    NEAR(number(&j, "age", 3), 50, 0);
    SAME(j.audit.left_keys, 2);
    SAME(j.audit.unused_right, 1);
}

TEST(a_key_that_stands_twice_on_the_right_is_refused_and_named)
{
    CLEANUP(joined_release) struct joined j;
    FAILS(join(&j, "policy,claim\np1,1\n", "policy,age\np1,50\np2,60\np1,70\np3,1\np2,2\n", false),
          j.err, ERR_INPUT);
    SAYS(j.err, "customers.csv: 2 keys of 'policy' stand more than once, so the join would "
                "multiply rows: 'p1' (lines 2 and 4), 'p2' (lines 3 and 6); remove the repeats, or "
                "declare `fan_out: allow`");
}

TEST(of_many_repeated_keys_five_are_named)
{
    CLEANUP(joined_release) struct joined j;
    FAILS(join(&j, "policy,claim\na,1\n",
               "policy,age\na,1\na,1\nb,1\nb,1\nc,1\nc,1\nd,1\nd,1\ne,1\ne,1\nf,1\nf,1\n", false),
          j.err, ERR_INPUT);
    SAYS(j.err, "6 keys");
    SAYS(j.err, "'e' (lines 10 and 11), ...;");
    TRUE(strstr(j.err.text, "'f'") == NULL);
}

TEST(a_declared_fan_out_multiplies_rows_in_the_order_of_both_files)
{
    CLEANUP(joined_release) struct joined j;
    WORKS(join(&j, "policy,claim\np2,1\np1,2\np7,3\np1,4\n",
               "policy,age\np1,50\np2,60\np1,51\np3,70\np3,71\np1,52\n", true),
          j.err);
    static const double claim[] = {1, 2, 2, 2, 3, 4, 4, 4};
    static const double age[] = {60, 50, 51, 52, -1, 50, 51, 52};
    static const uint32_t line[] = {2, 3, 3, 3, 4, 5, 5, 5};
    SAME(j.table.rows, 8);
    for (size_t i = 0; i < 8; i++) {
        NEAR(number(&j, "claim", i), claim[i], 0);
        TRUE(i == 4 ? isnan(number(&j, "age", i)) : number(&j, "age", i) == age[i]);
        SAME(j.table.line[i], line[i]);
    }
    SAME(j.audit.left_rows, 4);
    SAME(j.audit.right_rows, 6);
    SAME(j.audit.rows, 8);
    SAME(j.audit.left_keys, 3);
    SAME(j.audit.right_keys, 3);
    SAME(j.audit.unmatched_left, 1);
    SAME(j.audit.unused_right, 2);
    SAME(j.audit.repeated_right, 2);
}

TEST(a_left_row_without_a_match_has_missing_cells)
{
    CLEANUP(joined_release) struct joined j;
    WORKS(join(&j, "policy,claim\np1,1\np8,2\n", "policy,age,state\np1,50,Utah\n", false), j.err);
    SAME(j.audit.unmatched_left, 1);
    TRUE(isnan(number(&j, "age", 1)));
    TRUE(word(&j, "state", 1).text == NULL);
    struct cell cell[8];
    struct record record = {.cell = cell};
    WORKS(table_record(&j.table, 0, &record, &j.err), j.err);
    FAILS(table_record(&j.table, 1, &record, &j.err), j.err, ERR_INPUT);
    SAYS(j.err, "claims.csv line 3: 'age' is missing, and the schema requires it");
}

TEST(a_left_row_without_a_match_is_a_record_when_what_it_lacks_is_optional)
{
    CLEANUP(joined_release) struct joined j;
    WORKS(join(&j, "policy,claim,age\np1,1,5\np8,2,6\n", "policy,state,when\np1,Utah,2025-01-01\n",
               false),
          j.err);
    struct cell cell[8];
    struct record record = {.cell = cell};
    WORKS(table_record(&j.table, 1, &record, &j.err), j.err);
    TRUE(isnan(cell[3].number) && isnan(cell[4].number));
    NEAR(cell[2].number, 6, 0);
}

TEST(a_key_column_that_a_file_lacks_is_refused)
{
    CLEANUP(joined_release) struct joined right, left, unknown;
    FAILS(join(&right, "policy,claim\np1,1\n", "age\n50\n", false), right.err, ERR_INPUT);
    SAYS(right.err, "the join key 'policy' is not a column of ");
    SAYS(right.err, "customers.csv");
    FAILS(join(&left, "claim\n1\n", "policy,age\np1,50\n", false), left.err, ERR_INPUT);
    SAYS(left.err, "claims.csv");
    FAILS(
        join_on(&unknown, columns, "policy,claim\np1,1\n", "policy,age\np1,50\n", "polciy", false),
        unknown.err, ERR_INPUT);
    SAYS(unknown.err, "the join key 'polciy' is not a column of ");
}

TEST(a_key_that_is_missing_in_a_row_is_refused_with_its_line)
{
    CLEANUP(joined_release) struct joined left, right;
    FAILS(join(&left, "policy,claim\np1,1\n,2\n", "policy,age\np1,50\n", false), left.err,
          ERR_INPUT);
    SAYS(left.err, "claims.csv line 3: the join key is missing");
    FAILS(join(&right, "policy,claim\np1,1\n", "policy,age\np1,50\n,60\n", false), right.err,
          ERR_INPUT);
    SAYS(right.err, "customers.csv line 3: the join key is missing");
}

TEST(a_column_in_both_files_is_refused)
{
    CLEANUP(joined_release) struct joined j;
    FAILS(join(&j, "policy,claim,age\np1,1,2\n", "policy,age\np1,50\n", false), j.err, ERR_INPUT);
    SAYS(j.err, "column 'age' stands in both ");
    SAYS(j.err, ": rename or drop one");
}

TEST(numbers_join_by_value_whatever_their_spelling)
{
    CLEANUP(joined_release) struct joined j;
    WORKS(join_on(&j, "{k: {type: number}, a: {type: number}, b: {type: number}}",
                  "k,a\n1.0,5\n2e0,6\n", "k,b\n2,60\n1,50\n", "k", false),
          j.err);
    NEAR(number(&j, "b", 0), 50, 0);
    NEAR(number(&j, "b", 1), 60, 0);
}

/* Counting a key's rows once for each left row took minutes here. */
TEST(a_key_repeated_on_both_sides_is_refused_at_once_when_the_result_is_too_large)
{
    enum { ROWS = 30000 }; /* 900,000,000 pairs */
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    CLEANUP(joined_release) struct joined j;
    struct text left = text_in_arena(&arena), right = text_in_arena(&arena);
    text_adds(&left, "policy,claim\n");
    text_adds(&right, "policy,age\n");
    for (size_t i = 0; i < ROWS; i++) {
        text_adds(&left, "p,1\n");
        text_adds(&right, "p,1\n");
    }
    FAILS(join(&j, text_c(&left), text_c(&right), true), j.err, ERR_LIMIT);
    SAYS(j.err, "the join makes 900000000 rows, at most 500000000 are taken");
}

TEST(a_join_that_does_not_fit_its_memory_is_a_limit_error)
{
    CLEANUP(joined_release) struct joined j;
    WORKS(
        join(&j, "policy,claim\np1,1\np2,2\n", "policy,age,state\np1,50,Utah\np2,60,Ohio\n", false),
        j.err);
    struct join by = {.key = VIEW("policy")};
    for (size_t limit = 16; limit < 8192; limit += 16) {
        CLEANUP(arena_release) struct arena arena = {.limit = limit};
        struct table table;
        struct join_audit audit;
        struct err err = {0};
        if (table_join(&table, &j.left, &j.right, &by, &audit, &arena, &err))
            TRUE(limit > 1000);
        else
            SAME(err.kind, ERR_LIMIT);
    }
}
