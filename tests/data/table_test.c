#include "data/fixture.h"

#include "base/number.h"
#include "data/csv.h"

#include <math.h>

static const char columns[] =
    "{who: {type: id}, amount: {type: number, optional: true, missing: [N/A]}, "
    "state: {type: category}, at: {type: timestamp}, flag: {type: boolean, optional: true}, "
    "note: {type: text}, fraud: {type: integer}}";

static const char history[] = "at,who,amount,state,fraud\n"
                              "2025-01-01,ann,1.50,Utah,0\r\n"
                              "2025-01-02,bob,N/A,Ohio,1\n"
                              "\n"
                              "2025-01-03,,0,\"Utah\",0\n";

static void refuses(const char *csv, enum err_kind kind, const char *want)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    struct schema schema = schema_from(columns, &arena);
    struct table table = {0};
    struct err err = {0};
    const char *path = file_with("refused.csv", csv, &arena);
    FAILS(table_load(&table, &schema, path, 1 << 20, &arena, &err), err, kind);
    TRUE(view_starts(view_of(err.text), path));
    TEXT(view_of(err.text + strlen(path)), want);
    SAME(table.rows, 0);
}

TEST(a_file_becomes_typed_columns)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    struct schema schema = schema_from(columns, &arena);
    struct table table = table_from(&schema, "history.csv", history, &arena);
    SAME(table.rows, 3);
    const struct series *amount = &table.series[1], *state_of = &table.series[2];
    TRUE(amount->present && amount->text == NULL);
    NEAR(amount->number[0], 1.5, 0);
    TRUE(isnan(amount->number[1]));
    NEAR(amount->number[2], 0, 0);
    SAME(state_of->text[0], state_of->text[2]);
    TEXT(table.texts.text[state_of->text[1]], "Ohio");
    SAME(table.series[0].text[2], DICTIONARY_NONE);
    NEAR(table.series[3].number[1], 1735776000000, 0);
    TRUE(!table.series[4].present && !table.series[5].present);
    SAME(table.line[0], 2);
    SAME(table.line[2], 5);
}

TEST(a_cell_as_text_is_canonical_and_missing_is_no_text)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    struct schema schema = schema_from(columns, &arena);
    struct table table = table_from(&schema, "history.csv", history, &arena);
    char number[NUMBER_SIZE];
    TEXT(table_text(&table, 1, 0, number), "1.5");
    TRUE(table_text(&table, 1, 1, number).text == NULL);
    TEXT(table_text(&table, 0, 1, number), "bob");
    TRUE(table_text(&table, 0, 2, number).text == NULL);
    TRUE(table_text(&table, 5, 0, number).text == NULL); /* not in the file */
}

TEST(a_ragged_line_is_refused_with_its_line)
{
    refuses("amount,state\n1,Utah\n2\n", ERR_INPUT, " line 3: 1 fields, the header has 2");
    refuses("amount,state\n1,Utah,x\n", ERR_INPUT, " line 2: 3 fields, the header has 2");
}

TEST(a_header_with_an_unknown_or_a_repeated_column_is_refused)
{
    refuses("amount,stat\n1,Utah\n", ERR_INPUT,
            " line 1, column 8: 'stat' is not in the schema; declare it under `columns` (use: "
            "false when the model is not to read it)");
    refuses("amount,Amount\n1,2\n", ERR_INPUT,
            " line 1, column 8: 'Amount' is not in the schema; declare it under `columns` (use: "
            "false when the model is not to read it)");
    refuses("amount,state,amount\n1,Utah,2\n", ERR_INPUT, " line 1: column 'amount' stands twice");
}

TEST(a_file_without_header_or_rows_is_refused)
{
    refuses("", ERR_INPUT, " is empty: a header is expected");
    refuses("\n\n", ERR_INPUT, " is empty: a header is expected");
    refuses("amount,state\n", ERR_INPUT, " has a header and no rows");
    refuses("amount,state", ERR_INPUT, " has a header and no rows");
}

TEST(a_cell_of_the_wrong_type_is_refused_with_path_line_and_column)
{
    refuses("state,amount\nUtah,1\nOhio,much\n", ERR_INPUT,
            " line 3, column 6: 'amount': 'much' is not a number");
    refuses("state,amount\n\"a\nb\",1\n\"c\",x\n", ERR_INPUT,
            " line 4, column 5: 'amount': 'x' is not a number");
    refuses("state,fraud\nUtah,maybe\n", ERR_INPUT,
            " line 2, column 6: 'fraud': 'maybe' is not a whole number");
    refuses("amount,state\n1,\n", ERR_INPUT,
            " line 2, column 3: 'state' is missing, and the schema requires it");
}

TEST(broken_csv_is_refused_with_its_path)
{
    refuses("amount,state\n1,\"Utah\n", ERR_INPUT, ": line 2, column 3: the quote is never closed");
    refuses("\"amount\n", ERR_INPUT, ": line 1, column 1: the quote is never closed");
}

TEST(a_table_that_does_not_fit_its_memory_is_a_limit_error)
{
    CLEANUP(arena_release) struct arena big = {.limit = 16 << 20};
    struct schema schema = schema_from(columns, &big);
    const char *path = file_with("history.csv", history, &big);
    for (size_t limit = 1024; limit < 128 << 10; limit += 1024) {
        CLEANUP(arena_release) struct arena arena = {.limit = limit};
        struct table table;
        struct err err = {0};
        if (table_load(&table, &schema, path, 1 << 20, &arena, &err))
            TRUE(limit > 64 << 10);
        else
            SAME(err.kind, ERR_LIMIT);
    }
}

TEST(an_input_that_the_file_lacks_is_named_and_an_optional_one_is_not)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    struct schema schema = schema_from(columns, &arena);
    struct err err = {0};
    struct table whole = table_from(&schema, "history.csv", history, &arena);
    WORKS(table_require_inputs(&whole, &err), err);
    struct table part = table_from(&schema, "part.csv", "at,amount\n2025-01-01,1\n", &arena);
    FAILS(table_require_inputs(&part, &err), err, ERR_INPUT);
    SAYS(err, "part.csv: column 'state' is not there, and the schema requires it");
    err = (struct err){0};
    struct schema first = schema_from("{a: {type: number}, b: {type: number}}", &arena);
    struct table second = table_from(&first, "second.csv", "b\n1\n", &arena);
    FAILS(table_require_inputs(&second, &err), err, ERR_INPUT);
    SAYS(err, "second.csv: column 'a' is not there");
    err = (struct err){0};
    struct schema lenient =
        schema_from("{a: {type: number, optional: true}, b: {type: number}}", &arena);
    second = table_from(&lenient, "second.csv", "b\n1\n", &arena);
    WORKS(table_require_inputs(&second, &err), err);
}

/* ---------------------------------------------------------------- records */

TEST(a_row_as_a_record_is_the_record_of_its_csv_fields)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    CLEANUP(csv_close) struct csv csv = {0};
    struct schema schema = schema_from(columns, &arena);
    struct table table = table_from(&schema, "history.csv", history, &arena);
    static const uint8_t all[] = {1, 1, 1};
    struct err err = {0};
    WORKS(table_learn_values(&table, schema.column, all, &arena, &err), err);

    struct csv_row row;
    uint32_t column[5];
    WORKS(csv_open(&csv, view_of(history), &arena, &err), err);
    WORKS(csv_next(&csv, &row, &err), err);
    for (size_t i = 0; i < row.count; i++)
        column[i] = dictionary_find(&schema.names, row.field[i]);
    for (size_t at = 0; csv_next(&csv, &row, &err); at++) {
        struct cell from_table[8], from_csv[8];
        struct record a = {.cell = from_table}, b = record_of(&schema, from_csv);
        WORKS(table_record(&table, at, &a, &err), err);
        for (size_t i = 0; i < row.count; i++)
            WORKS(record_set_text(&b, column[i], row.field[i], &err), err);
        WORKS(record_finish(&b, &err), err);
        SAME(a.unseen, b.unseen);
        for (size_t i = 0; i < schema.count; i++) {
            TRUE(isnan(from_table[i].number)
                     ? isnan(from_csv[i].number)
                     : memcmp(&from_table[i].number, &from_csv[i].number, sizeof(double)) == 0);
            TRUE(view_same(from_table[i].text, from_csv[i].text));
            SAME(from_table[i].set, from_csv[i].set);
        }
        WORKS(record_finish(&a, &err), err);
        NEAR(from_table[2].number, at == 1 ? 0 : 1, 0); /* Ohio, Utah */
    }
}

TEST(a_value_learned_from_other_rows_is_unseen_or_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    struct schema schema =
        schema_from("{a: {type: category}, b: {type: category, unseen: refuse}}", &arena);
    struct table table = table_from(&schema, "ab.csv", "a,b\nx,x\ny,x\nx,y\n", &arena);
    static const uint8_t first[] = {1, 0, 0};
    struct cell cell[2];
    struct record record = {.cell = cell};
    struct err err = {0};
    WORKS(table_learn_values(&table, schema.column, first, &arena, &err), err);
    WORKS(table_record(&table, 0, &record, &err), err);
    SAME(record.unseen, 0);
    WORKS(table_record(&table, 1, &record, &err), err);
    SAME(record.unseen, 1);
    NEAR(cell[0].number, CODE_UNSEEN, 0);
    TEXT(cell[0].text, "y");
    FAILS(table_record(&table, 2, &record, &err), err, ERR_INPUT);
    SAYS(err, "ab.csv line 4: 'b': 'y' is none of the 1 values of the schema");
}

TEST(a_row_s_missing_cells_are_missing_in_its_record)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    struct schema schema =
        schema_from("{a: {type: category, optional: true}, b: {type: number, optional: true}, c: "
                    "{type: boolean, optional: true}, d: {type: ordinal, order: [x], optional: "
                    "true}}",
                    &arena);
    struct table table = table_from(&schema, "gaps.csv", "a,b,d\nu,1,x\n,,\n", &arena);
    static const uint8_t all[] = {1, 1};
    struct cell cell[4];
    struct record record = {.cell = cell};
    struct err err = {0};
    WORKS(table_learn_values(&table, schema.column, all, &arena, &err), err);
    WORKS(table_record(&table, 1, &record, &err), err);
    for (size_t i = 0; i < 4; i++) {
        TRUE(isnan(cell[i].number) && cell[i].set);
        TRUE(cell_is_missing(&schema.column[i], &cell[i]));
    }
    SAME(record.unseen, 0);
    WORKS(table_record(&table, 0, &record, &err), err);
    NEAR(cell[0].number, 0, 0);
    NEAR(cell[1].number, 1, 0);
    TRUE(isnan(cell[2].number));
}

/* ---------------------------------------------------------------- labels */

static const struct label_words one_zero = {
    .column = {"fraud", 5}, .positive = {"1", 1}, .negative = {"0", 1}};

static struct err labels(const char *kind, const char *csv, const struct label_words *words,
                         uint8_t *out)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    struct text declared = text_in_arena(&arena);
    text_addf(&declared, "{a: {type: integer}, fraud: {type: %s}}", kind);
    struct schema schema = schema_from(text_c(&declared), &arena);
    struct table table = table_from(&schema, "labels.csv", csv, &arena);
    struct err err = {0};
    bool ok = table_labels(&table, words, out, &err);
    SAME(ok, err.kind == ERR_NONE);
    return err;
}

TEST(labels_are_read_from_the_label_column)
{
    uint8_t out[3] = {9, 9, 9};
    SAME(labels("integer", "a,fraud\n1,0\n1,1\n1,0\n", &one_zero, out).kind, ERR_NONE);
    SAME(out[0], 0);
    SAME(out[1], 1);
    SAME(out[2], 0);
    SAME(labels("number", "a,fraud\n1,1.0\n1,0.0\n1,1e0\n", &one_zero, out).kind, ERR_NONE);
    SAME(out[0], 1);
    SAME(out[1], 0);
    SAME(out[2], 1);
    SAME(labels("category", "a,fraud\n1,1.0\n1,0\n1,01\n", &one_zero, out).kind, ERR_NONE);
    SAME(out[0], 1);
    SAME(out[2], 1);
    struct label_words y_n = {VIEW("fraud"), VIEW("Y"), VIEW("N")};
    SAME(labels("category", "a,fraud\n1,N\n1,Y\n1,N\n", &y_n, out).kind, ERR_NONE);
    SAME(out[1], 1);
    SAME(out[2], 0);
}

TEST(labels_of_a_boolean_column_may_be_spelled_any_way_a_boolean_is)
{
    uint8_t out[3];
    struct label_words y_n = {VIEW("fraud"), VIEW("Y"), VIEW("N")};
    SAME(labels("boolean", "a,fraud\n1,Y\n1,N\n1,yes\n", &y_n, out).kind, ERR_NONE);
    SAME(out[0], 1);
    SAME(out[1], 0);
    SAME(out[2], 1);
    SAME(labels("boolean", "a,fraud\n1,true\n1,false\n1,1\n", &one_zero, out).kind, ERR_NONE);
    SAME(out[0], 1);
    SAME(out[1], 0);
    SAME(out[2], 1);
    struct label_words backwards = {VIEW("fraud"), VIEW("false"), VIEW("true")};
    SAME(labels("boolean", "a,fraud\n1,true\n1,false\n1,1\n", &backwards, out).kind, ERR_NONE);
    SAME(out[0], 0);
    SAME(out[1], 1);
}

TEST(a_label_that_is_neither_word_is_refused_with_its_line)
{
    uint8_t out[2];
    struct err err = labels("integer", "a,fraud\n1,0\n1,2\n", &one_zero, out);
    SAME(err.kind, ERR_INPUT);
    SAYS(err, "labels.csv line 3: the label '2' is neither '1' (fraud, data.positive) nor '0' "
              "(data.negative)");
    err = labels("integer", "a,fraud\n1,0\n1,\n", &one_zero, out);
    SAYS(err, "line 3: the label '' is neither");
    err = labels("category", "a,fraud\n1,0\n1,Y\n", &one_zero, out);
    SAYS(err, "line 3: the label 'Y' is neither");
    err = labels("category", "a,fraud\n1,0\n1,\n", &one_zero, out);
    SAYS(err, "line 3: the label '' is neither");
}

TEST(a_label_column_that_is_not_there_is_refused)
{
    uint8_t out[1];
    struct label_words other = {VIEW("chargeback"), VIEW("1"), VIEW("0")};
    struct err err = labels("integer", "a\n1\n", &one_zero, out);
    SAME(err.kind, ERR_INPUT);
    SAYS(err, "the label column 'fraud' is not in ");
    SAYS(labels("integer", "a,fraud\n1,1\n", &other, out), "the label column 'chargeback'");
}

TEST(two_words_for_the_same_label_are_refused)
{
    uint8_t out[1];
    struct label_words same = {VIEW("fraud"), VIEW("1"), VIEW("1.0")};
    struct label_words yes = {VIEW("fraud"), VIEW("yes"), VIEW("true")};
    SAYS(labels("integer", "a,fraud\n1,1\n", &same, out),
         "data.positive '1' and data.negative '1.0' are the same label");
    SAYS(labels("category", "a,fraud\n1,1\n", &same, out), "are the same label");
    SAYS(labels("boolean", "a,fraud\n1,1\n", &yes, out), "are the same label");
    SAME(labels("category", "a,fraud\n1,yes\n", &yes, out).kind, ERR_NONE);
}

/* ---------------------------------------------------------------- values */

TEST(values_are_learned_sorted_from_the_wanted_rows_only)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    struct schema schema = schema_from("{a: {type: category, optional: true}, b: {type: category, "
                                       "values: [z, y]}, c: {type: category, use: false}, d: "
                                       "{type: category}}",
                                       &arena);
    struct table table = table_from(&schema, "values.csv",
                                    "a,b,c\nm,z,p\nb,y,p\n,z,p\nZ,z,p\naa,y,p\nq,y,p\n", &arena);
    static const uint8_t wanted[] = {1, 1, 1, 1, 1, 0};
    struct err err = {0};
    WORKS(table_learn_values(&table, schema.column, wanted, &arena, &err), err);
    const struct dictionary *values = &schema.column[0].values;
    SAME(values->count, 4);
    TEXT(values->text[0], "Z");
    TEXT(values->text[1], "aa");
    TEXT(values->text[2], "b");
    TEXT(values->text[3], "m");
    SAME(dictionary_find(values, VIEW("b")), 2);
    TEXT(schema.column[1].values.text[0], "z"); /* declared: as they were */
    SAME(schema.column[2].values.count, 0);     /* not an input */
    SAME(schema.column[3].values.count, 0);     /* not in the file */
}

static struct err learn_many(size_t count)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 256 << 20};
    struct schema schema = schema_from("{a: {type: category}}", &arena);
    struct text csv = text_in_arena(&arena);
    text_adds(&csv, "a\n");
    for (size_t i = 0; i < count; i++)
        text_addf(&csv, "v%zu\n", i);
    struct table table = table_from(&schema, "many.csv", text_c(&csv), &arena);
    uint8_t *wanted = arena_new(&arena, uint8_t, count);
    memset(wanted, 1, count);
    struct err err = {0};
    bool ok = table_learn_values(&table, schema.column, wanted, &arena, &err);
    SAME(ok, err.kind == ERR_NONE);
    return err;
}

TEST(a_category_with_too_many_values_is_refused)
{
    SAME(learn_many(COLUMN_VALUES_MAX).kind, ERR_NONE);
    struct err err = learn_many(COLUMN_VALUES_MAX + 1);
    SAME(err.kind, ERR_LIMIT);
    TEXT(view_of(err.text), "column 'a' has more than 65536 values: it is an id or a text rather "
                            "than a category");
}
