#include "data/fixture.h"

#include <math.h>

/* Every kind of column, all optional but `must`. */
static const char columns[] =
    "{must: {type: number}, amount: {type: number, optional: true, missing: [N/A, '-999']}, "
    "count: {type: integer, optional: true, min: 0, max: 10}, "
    "state: {type: category, optional: true, values: [Utah, Ohio], missing: ['?']}, "
    "open: {type: category, optional: true, values: [x], unseen: accept}, "
    "rank: {type: ordinal, optional: true, order: [low, high]}, "
    "flag: {type: boolean, optional: true}, at: {type: timestamp, optional: true}, "
    "second: {type: timestamp, format: seconds, optional: true}, "
    "ms: {type: timestamp, format: milliseconds, optional: true, missing: ['0']}, "
    "who: {type: id}, fraud: {type: integer}}";

enum { CELLS_MAX = 16 };

struct bench {
    struct arena arena;
    struct schema schema;
    struct cell cell[CELLS_MAX];
    struct record record;
};

static void bench_init(struct bench *bench)
{
    *bench = (struct bench){.arena = {.limit = 4 << 20}};
    bench->schema = schema_from(columns, &bench->arena);
    bench->record = record_of(&bench->schema, bench->cell);
}

static void bench_release(struct bench *bench)
{
    arena_release(&bench->arena);
}

static size_t column_of(const struct bench *bench, const char *name)
{
    const struct column *column = schema_find(&bench->schema, view_of(name));
    TRUE(column != NULL);
    return (size_t)(column - bench->schema.column);
}

/* The one token of `json`. */
static struct token token_of(const char *json)
{
    static char bytes[256];
    struct text scratch = text_in(bytes, sizeof bytes);
    struct scan scan = scan_of(view_of(json), &scratch);
    struct token token;
    struct err err = {0};
    WORKS(scan_next(&scan, &token, &err), err);
    return token;
}

static struct cell from_text(struct bench *bench, const char *column, const char *text)
{
    struct err err = {0};
    size_t index = column_of(bench, column);
    bench->record = record_of(&bench->schema, bench->cell);
    WORKS(record_set_text(&bench->record, index, view_of(text), &err), err);
    TRUE(bench->cell[index].set);
    return bench->cell[index];
}

static struct cell from_json(struct bench *bench, const char *column, const char *json)
{
    struct err err = {0};
    size_t index = column_of(bench, column);
    struct token token = token_of(json);
    bench->record = record_of(&bench->schema, bench->cell);
    WORKS(record_set_token(&bench->record, index, &token, &err), err);
    TRUE(bench->cell[index].set);
    return bench->cell[index];
}

static bool same_cell(const struct cell *a, const struct cell *b)
{
    bool missing = isnan(a->number) && isnan(b->number);
    return (missing || memcmp(&a->number, &b->number, sizeof a->number) == 0) &&
           view_same(a->text, b->text) && (a->text.text == NULL) == (b->text.text == NULL);
}

static void refuses_text(struct bench *bench, const char *column, const char *text,
                         const char *want)
{
    struct err err = {0};
    size_t index = column_of(bench, column);
    bench->record = record_of(&bench->schema, bench->cell);
    FAILS(record_set_text(&bench->record, index, view_of(text), &err), err, ERR_INPUT);
    TEXT(view_of(err.text), want);
    TRUE(!bench->cell[index].set);
}

static void refuses_json(struct bench *bench, const char *column, const char *json,
                         const char *want)
{
    struct err err = {0};
    size_t index = column_of(bench, column);
    struct token token = token_of(json);
    bench->record = record_of(&bench->schema, bench->cell);
    FAILS(record_set_token(&bench->record, index, &token, &err), err, ERR_INPUT);
    TEXT(view_of(err.text), want);
    TRUE(!bench->cell[index].set);
}

/* ---------------------------------------------------------------- CSV and JSON agree */

TEST(the_same_value_is_the_same_cell_from_csv_and_from_json)
{
    CLEANUP(bench_release) struct bench bench;
    bench_init(&bench);
    static const struct {
        const char *column, *text, *json;
        double number;
    } cases[] = {
        {"amount", "12.5", "12.5", 12.5},
        {"amount", "0.1", "0.1", 0.1},
        {"amount", "-0", "-0", -0.0},
        {"amount", "0", "0", 0},
        {"amount", "1e3", "1E+3", 1000},
        {"amount", "3.4028234663852886e38", "3.4028234663852886e38", 3.4028234663852886e38},
        {"count", "7", "7", 7},
        {"count", "10", "1e1", 10},
        {"count", "0", "0.0", 0},
        {"state", "Utah", "\"Utah\"", 0},
        {"state", "Ohio", "\"\\u004fhio\"", 1},
        {"open", "new", "\"new\"", CODE_UNSEEN},
        {"open", "7", "7", CODE_UNSEEN},
        {"rank", "high", "\"high\"", 1},
        {"flag", "true", "true", 1},
        {"flag", "false", "false", 0},
        {"flag", "1", "1", 1},
        {"flag", "No", "\"No\"", 0},
        {"at", "2025-06-20T03:49:44Z", "\"2025-06-20T03:49:44Z\"", 1750391384000},
        {"at", "1969-12-31 23:59:59.5", "\"1969-12-31 23:59:59.5\"", -500},
        {"second", "1750391384", "1750391384", 1750391384000},
        {"second", "1750391384.533", "1750391384.533", 1750391384533},
        {"second", "-0.5", "-0.5", -500},
        {"ms", "1750391384533", "1750391384533", 1750391384533},
        {"ms", "1.9", "1.9", 1},
        {"ms", "-1.9", "-1.9", -2},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct cell a = from_text(&bench, cases[i].column, cases[i].text);
        struct cell b = from_json(&bench, cases[i].column, cases[i].json);
        FAIL_UNLESS(same_cell(&a, &b), "%s: '%s' and %s differ", cases[i].column, cases[i].text,
                    cases[i].json);
        NEAR(a.number, cases[i].number, 0);
        SAME(signbit(a.number) != 0, signbit(cases[i].number) != 0);
    }
}

TEST(every_way_to_say_missing_is_the_same_cell)
{
    CLEANUP(bench_release) struct bench bench;
    bench_init(&bench);
    static const char *const names[] = {"amount", "count", "state",  "open", "rank",
                                        "flag",   "at",    "second", "ms"};
    for (size_t i = 0; i < LENGTH_OF(names); i++) {
        struct err err = {0};
        struct cell empty = from_text(&bench, names[i], "");
        struct cell quoted = from_json(&bench, names[i], "\"\"");
        struct cell null = from_json(&bench, names[i], "null");
        bench.record = record_of(&bench.schema, bench.cell);
        WORKS(record_set_text(&bench.record, 0, VIEW("1"), &err), err);
        WORKS(record_finish(&bench.record, &err), err);
        const struct cell *absent = &bench.cell[column_of(&bench, names[i])];
        TRUE(isnan(empty.number) && empty.text.text == NULL);
        TRUE(same_cell(&empty, &quoted) && same_cell(&empty, &null) && same_cell(&empty, absent));
        TRUE(absent->set);
        TRUE(cell_is_missing(schema_find(&bench.schema, view_of(names[i])), &empty));
    }
}

TEST(a_declared_text_means_missing_and_only_in_its_column)
{
    CLEANUP(bench_release) struct bench bench;
    bench_init(&bench);
    TRUE(isnan(from_text(&bench, "amount", "N/A").number));
    TRUE(isnan(from_json(&bench, "amount", "\"N/A\"").number));
    TRUE(isnan(from_text(&bench, "state", "?").number));
    TRUE(isnan(from_json(&bench, "state", "\"?\"").number));
    refuses_text(&bench, "count", "N/A", "'count': 'N/A' is not a whole number");
    refuses_text(&bench, "amount", "n/a", "'amount': 'n/a' is not a number");
}

TEST(a_number_that_means_missing_does_so_in_any_spelling)
{
    CLEANUP(bench_release) struct bench bench;
    bench_init(&bench);
    TRUE(isnan(from_text(&bench, "amount", "-999").number));
    TRUE(isnan(from_json(&bench, "amount", "-999").number));
    TRUE(isnan(from_text(&bench, "amount", "-999.0").number));
    TRUE(isnan(from_json(&bench, "amount", "-9.99e2").number));
    TRUE(isnan(from_json(&bench, "ms", "0").number));
    TRUE(isnan(from_text(&bench, "ms", "0.0").number));
    NEAR(from_json(&bench, "amount", "-998").number, -998, 0);
    NEAR(from_json(&bench, "second", "0").number, 0, 0);
}

TEST(zero_is_zero_and_not_missing)
{
    CLEANUP(bench_release) struct bench bench;
    bench_init(&bench);
    static const char *const names[] = {"amount", "count", "flag", "second"};
    for (size_t i = 0; i < LENGTH_OF(names); i++) {
        struct cell cell = from_text(&bench, names[i], "0");
        NEAR(cell.number, 0, 0);
        TRUE(!cell_is_missing(schema_find(&bench.schema, view_of(names[i])), &cell));
    }
}

/* ---------------------------------------------------------------- refusals */

TEST(a_number_in_quotes_is_refused)
{
    CLEANUP(bench_release) struct bench bench;
    bench_init(&bench);
    refuses_json(&bench, "amount", "\"12.5\"",
                 "'amount': '12.5' is a text: send the number without its quotes");
    refuses_json(&bench, "count", "\"7\"",
                 "'count': '7' is a text: send the number without its quotes");
    refuses_json(&bench, "ms", "\"7\"", "'ms': '7' is a text: send the number without its quotes");
    refuses_json(&bench, "second", "\"7s\"",
                 "'second': '7s' is not an instant in the schema's format");
}

TEST(a_number_a_float_cannot_hold_is_refused)
{
    CLEANUP(bench_release) struct bench bench;
    bench_init(&bench);
    refuses_text(&bench, "amount", "3.5e38", "'amount': '3.5e38' is out of a float's range");
    refuses_json(&bench, "amount", "-1e300", "'amount': '-1e300' is out of a float's range");
    refuses_text(&bench, "amount", "1e999", "'amount': '1e999' is not a number");
    refuses_text(&bench, "amount", "nan", "'amount': 'nan' is not a number");
    refuses_text(&bench, "amount", "inf", "'amount': 'inf' is not a number");
    refuses_text(&bench, "amount", " 1", "'amount': ' 1' is not a number");
    refuses_text(&bench, "amount", "1,5", "'amount': '1,5' is not a number");
}

TEST(a_fraction_is_no_whole_number)
{
    CLEANUP(bench_release) struct bench bench;
    bench_init(&bench);
    refuses_text(&bench, "count", "1.5", "'count': '1.5' is not a whole number");
    refuses_json(&bench, "count", "1.5", "'count': '1.5' is not a whole number");
    NEAR(from_text(&bench, "count", "2.0").number, 2, 0);
}

TEST(a_number_outside_its_bounds_is_refused_and_the_bounds_are_in)
{
    CLEANUP(bench_release) struct bench bench;
    bench_init(&bench);
    refuses_text(&bench, "count", "-1", "'count': '-1' is outside the schema's range 0 to 10");
    refuses_json(&bench, "count", "11", "'count': '11' is outside the schema's range 0 to 10");
    NEAR(from_text(&bench, "count", "0").number, 0, 0);
    NEAR(from_text(&bench, "count", "10").number, 10, 0);
    struct column *amount =
        &bench.schema.column[dictionary_find(&bench.schema.names, VIEW("amount"))];
    amount->min = 0;
    refuses_text(&bench, "amount", "-1", "'amount': '-1' is less than the schema's least, 0");
    amount->min = (double)NAN;
    amount->max = 5;
    refuses_text(&bench, "amount", "6", "'amount': '6' is more than the schema's most, 5");
}

TEST(an_unseen_value_is_refused_or_counted_as_the_column_says)
{
    CLEANUP(bench_release) struct bench bench;
    bench_init(&bench);
    refuses_text(&bench, "state", "utah", "'state': 'utah' is none of the 2 values of the schema");
    refuses_json(&bench, "rank", "\"mid\"", "'rank': 'mid' is none of the 2 values of the schema");
    from_text(&bench, "open", "x");
    SAME(bench.record.unseen, 0);
    from_text(&bench, "open", "y");
    SAME(bench.record.unseen, 1);
    from_text(&bench, "open", "");
    SAME(bench.record.unseen, 0);
}

TEST(texts_must_be_utf8)
{
    CLEANUP(bench_release) struct bench bench;
    bench_init(&bench);
    refuses_text(&bench, "open", "\xff", "'open': the text is not valid UTF-8");
    struct cell cell;
    struct err err = {0};
    const struct column *who = schema_find(&bench.schema, VIEW("who"));
    FAILS(cell_parse(who, VIEW("\xc0\x80"), &cell, &err), err, ERR_INPUT);
    WORKS(cell_parse(who, VIEW("\xc3\xa9"), &cell, &err), err);
    TEXT(cell.text, "\xc3\xa9");
    TRUE(isnan(cell.number));
    TRUE(!cell_is_missing(who, &cell));
}

TEST(booleans_have_five_spellings_in_any_case_and_no_others)
{
    CLEANUP(bench_release) struct bench bench;
    bench_init(&bench);
    static const char *const yes[] = {"1", "true", "True", "YES", "y", "T"};
    static const char *const no[] = {"0", "false", "FALSE", "No", "n", "f"};
    for (size_t i = 0; i < LENGTH_OF(yes); i++) {
        NEAR(from_text(&bench, "flag", yes[i]).number, 1, 0);
        NEAR(from_text(&bench, "flag", no[i]).number, 0, 0);
    }
    refuses_text(&bench, "flag", "2", "'flag': '2' is not true or false");
    refuses_json(&bench, "flag", "2", "'flag': '2' is not true or false");
    refuses_text(&bench, "flag", "tru", "'flag': 'tru' is not true or false");
    refuses_json(&bench, "amount", "true", "'amount': 'true' is not a number");
    refuses_json(&bench, "state", "false", "'state': 'false' is not a text");
}

TEST(an_instant_is_read_in_its_column_s_format_only)
{
    CLEANUP(bench_release) struct bench bench;
    bench_init(&bench);
    refuses_text(&bench, "at", "1750391384",
                 "'at': '1750391384' is not an instant in the schema's format");
    refuses_json(&bench, "at", "1750391384",
                 "'at': '1750391384' is not an instant in the schema's format");
    refuses_text(&bench, "at", "2025-02-30",
                 "'at': '2025-02-30' is not an instant in the schema's format");
    refuses_text(&bench, "second", "2025-06-20",
                 "'second': '2025-06-20' is not an instant in the schema's format");
    NEAR(from_text(&bench, "ms", "253402300799999").number, 253402300799999, 0);
    NEAR(from_text(&bench, "ms", "-253402300799999").number, -253402300799999, 0);
    refuses_text(&bench, "ms", "253402300800000",
                 "'ms': '253402300800000' is not an instant in the schema's format");
    refuses_json(&bench, "second", "1e300",
                 "'second': '1e300' is not an instant in the schema's format");
    refuses_json(&bench, "second", "-253402300800",
                 "'second': '-253402300800' is not an instant in the schema's format");
}

TEST(a_list_or_an_object_is_no_value)
{
    CLEANUP(bench_release) struct bench bench;
    bench_init(&bench);
    refuses_json(&bench, "amount", "[1]", "'amount': 'a list' is not a number");
    refuses_json(&bench, "state", "{}", "'state': 'an object' is not a text");
}

TEST(a_field_that_comes_twice_is_refused)
{
    CLEANUP(bench_release) struct bench bench;
    bench_init(&bench);
    struct err err = {0};
    struct token token = token_of("null");
    WORKS(record_set_text(&bench.record, 1, VIEW("1"), &err), err);
    FAILS(record_set_token(&bench.record, 1, &token, &err), err, ERR_INPUT);
    TEXT(view_of(err.text), "'amount' came twice");
    NEAR(bench.cell[1].number, 1, 0);
}

TEST(a_required_field_that_is_missing_is_named)
{
    CLEANUP(bench_release) struct bench bench;
    bench_init(&bench);
    struct err err = {0};
    FAILS(record_finish(&bench.record, &err), err, ERR_INPUT);
    TEXT(view_of(err.text), "'must' is missing, and the schema requires it");
    refuses_text(&bench, "must", "", "'must' is missing, and the schema requires it");
    refuses_json(&bench, "must", "null", "'must' is missing, and the schema requires it");
    refuses_json(&bench, "must", "\"\"", "'must' is missing, and the schema requires it");
}

TEST(columns_the_model_does_not_read_are_accepted_unparsed)
{
    CLEANUP(bench_release) struct bench bench;
    bench_init(&bench);
    struct cell label = from_text(&bench, "fraud", "not a number");
    struct cell who = from_json(&bench, "who", "[1]");
    TRUE(isnan(label.number) && label.text.text == NULL);
    TRUE(isnan(who.number) && who.text.text == NULL);
}

/* ---------------------------------------------------------------- whole records */

/* An object, by its names, or a list of the inputs in order. */
static void read_json(struct bench *bench, struct record *record, struct cell *cell,
                      const char *json)
{
    char bytes[512];
    struct text scratch = text_in(bytes, sizeof bytes);
    struct scan scan = scan_of(view_of(json), &scratch);
    struct token token;
    struct err err = {0};
    size_t position = 0;
    *record = record_of(&bench->schema, cell);
    WORKS(scan_next(&scan, &token, &err), err);
    bool list = token.kind == TOKEN_LIST;
    while (scan_next(&scan, &token, &err)) {
        if (token.kind == TOKEN_OBJECT_END || token.kind == TOKEN_LIST_END)
            continue;
        size_t index = 0;
        if (list) {
            index = bench->schema.input[position++];
        } else {
            const struct column *column = schema_find(&bench->schema, token.text);
            TRUE(column != NULL);
            index = (size_t)(column - bench->schema.column);
            WORKS(scan_next(&scan, &token, &err), err);
        }
        WORKS(record_set_token(record, index, &token, &err), err);
    }
    SAME(err.kind, ERR_NONE);
    WORKS(record_finish(record, &err), err);
}

TEST(a_record_by_name_in_any_order_and_by_position_is_bit_for_bit_the_one_from_csv)
{
    CLEANUP(bench_release) struct bench bench;
    bench_init(&bench);
    static const char *const fields[] = {
        "0.1", "", "3", "Ohio", "y", "low", "yes", "2025-06-20", "1750391384.5", "5", "ann", "1"};
    struct cell csv[CELLS_MAX], named[CELLS_MAX], shuffled[CELLS_MAX], listed[CELLS_MAX];
    struct err err = {0};
    struct record a = record_of(&bench.schema, csv), b, c, d;
    for (size_t i = 0; i < bench.schema.count; i++)
        WORKS(record_set_text(&a, i, view_of(fields[i]), &err), err);
    WORKS(record_finish(&a, &err), err);
    read_json(&bench, &b, named,
              "{\"must\": 0.1, \"amount\": null, \"count\": 3, \"state\": \"Ohio\", \"open\": "
              "\"y\", \"rank\": \"low\", \"flag\": true, \"at\": \"2025-06-20\", \"second\": "
              "1750391384.5, \"ms\": 5, \"who\": \"ann\", \"fraud\": 1}");
    read_json(&bench, &c, shuffled,
              "{\"ms\": 5.0, \"flag\": \"YES\", \"second\": 17503913845e-1, \"at\": "
              "\"2025-06-20T00:00:00Z\", \"rank\": \"low\", \"must\": 1e-1, \"open\": \"y\", "
              "\"count\": 3.0, \"state\": \"Ohio\"}");
    read_json(&bench, &d, listed,
              "[0.1, null, 3, \"Ohio\", \"y\", \"low\", true, \"2025-06-20\", 1750391384.5, 5]");
    for (size_t i = 0; i < bench.schema.count; i++)
        TRUE(same_cell(&csv[i], &named[i]) && same_cell(&csv[i], &shuffled[i]) &&
             same_cell(&csv[i], &listed[i]));
    SAME(a.unseen, 1);
    SAME(d.unseen, 1);
}

TEST(what_a_record_was_refused_for_is_remembered)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
    struct schema schema =
        schema_from("{a: {type: number, optional: true}, b: {type: number}}", &arena);
    struct cell cell[2];
    struct record record = record_of(&schema, cell);
    struct err err = {0};
    FAILS(record_set_text(&record, 0, VIEW("x"), &err), err, ERR_INPUT);
    SAME(record.fault, 1);
    TRUE(!record.fault_missing);
    record = record_of(&schema, cell);
    SAME(record.fault, 0);
    FAILS(record_set_token(&record, 1, &(struct token){.kind = TOKEN_NULL}, &err), err, ERR_INPUT);
    SAME(record.fault, 2);
    TRUE(record.fault_missing);
    record = record_of(&schema, cell);
    FAILS(record_finish(&record, &err), err, ERR_INPUT);
    SAME(record.fault, 2);
    TRUE(record.fault_missing);
}

TEST(a_column_the_model_does_not_read_is_read_when_something_is_expected_of_it)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
    struct schema schema = schema_from("{a: {type: number}, n: {type: number, use: false, expect: "
                                       "[{check: type}]}, id: {type: id}}",
                                       &arena);
    struct cell cell[3];
    struct err err = {0};
    struct record record = record_of(&schema, cell);
    WORKS(record_set_text(&record, 1, VIEW("7"), &err), err);
    WORKS(record_set_text(&record, 2, VIEW("x"), &err), err);
    NEAR(cell[1].number, 7, 0);
    TRUE(!cell[1].refused && cell[2].text.text == NULL);
    record = record_of(&schema, cell);
    WORKS(record_set_token(&record, 1, &(struct token){.kind = TOKEN_LIST}, &err), err);
    TRUE(cell[1].refused && isnan(cell[1].number));
    record = record_of(&schema, cell);
    WORKS(record_set_text(&record, 1, VIEW(""), &err), err);
    TRUE(!cell[1].refused && isnan(cell[1].number));
}

TEST(a_usual_number_is_the_cell_that_its_text_is)
{
    static const char *const numbers[] = {"0",    "-0",     "1",    "10",     "11",   "-1",  "2.5",
                                          "-999", "-999.5", "3e38", "3.5e38", "1e15", "9e15"};
    static const char *const names[] = {"must", "amount", "count", "state", "flag",
                                        "at",   "second", "who",   "fraud"};
    CLEANUP(bench_release) struct bench bench;
    bench_init(&bench);
    size_t usual = 0;
    for (size_t c = 0; c < LENGTH_OF(names); c++) {
        size_t index = column_of(&bench, names[c]);
        for (size_t i = 0; i < LENGTH_OF(numbers); i++) {
            double number = token_of(numbers[i]).number;
            struct err err = {0};
            bench.record = record_of(&bench.schema, bench.cell);
            bool set = record_set_usual(&bench.record, index, number);
            SAME(set, bench.cell[index].set);
            struct cell have = bench.cell[index];
            bench.record = record_of(&bench.schema, bench.cell);
            bool taken = record_set_text(&bench.record, index, view_of(numbers[i]), &err);
            /* amount has a number that means missing, and is never usual. */
            TRUE(set == (taken && (c == 0 || c == 2)));
            TRUE(!set || same_cell(&have, &bench.cell[index]));
            TRUE(!set || !record_set_usual(&bench.record, index, number)); /* it came twice */
            usual += set;
        }
    }
    TRUE(usual > 10);
}

TEST(gaps_are_counted_in_columns_that_are_read)
{
    CLEANUP(bench_release) struct bench bench;
    bench_init(&bench);
    struct err err = {0};
    WORKS(record_set_text(&bench.record, column_of(&bench, "must"), VIEW("1"), &err), err);
    WORKS(record_set_text(&bench.record, column_of(&bench, "amount"), VIEW("N/A"), &err), err);
    WORKS(record_set_text(&bench.record, column_of(&bench, "who"), VIEW(""), &err), err);
    size_t read = 0;
    for (size_t i = 0; i < bench.schema.count; i++)
        read += bench.schema.column[i].input;
    SAME(bench.record.gaps, 1);
    WORKS(record_finish(&bench.record, &err), err);
    SAME(bench.record.gaps, read - 1); /* all but `must` */
}
