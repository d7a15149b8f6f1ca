#include "harness.h"

#include "data/csv.h"

#include "base/rng.h"

/* One text read to its end: each record as "(field|field)", and the fault, if any. */
struct reading {
    char bytes[4096];
    struct text text;
    struct err err;
};

static void read_all(struct reading *reading, struct view text)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    CLEANUP(csv_close) struct csv csv = {0};
    struct csv_row row;
    reading->text = text_in(reading->bytes, sizeof reading->bytes);
    reading->err = (struct err){0};
    WORKS(csv_open(&csv, text, &arena, &reading->err), reading->err);
    while (csv_next(&csv, &row, &reading->err)) {
        text_addc(&reading->text, '(');
        for (size_t i = 0; i < row.count; i++) {
            text_adds(&reading->text, i == 0 ? "" : "|");
            text_add(&reading->text, row.field[i]);
        }
        text_addc(&reading->text, ')');
    }
}

#define READS(literal, want)                                                                       \
    do {                                                                                           \
        struct reading reading;                                                                    \
        read_all(&reading, VIEW(literal));                                                         \
        WORKS(reading.err.kind == ERR_NONE, reading.err);                                          \
        TEXT(text_view(&reading.text), want);                                                      \
    } while (0)

#define REFUSES(literal, why)                                                                      \
    do {                                                                                           \
        struct reading reading;                                                                    \
        read_all(&reading, VIEW(literal));                                                         \
        SAME(reading.err.kind, ERR_INPUT);                                                         \
        TEXT(view_of(reading.err.text), why);                                                      \
    } while (0)

TEST(fields_are_split_at_commas_and_records_at_line_ends)
{
    READS("a,b\n1,2\n", "(a|b)(1|2)");
    READS("a,b\r\n1,2\r\n", "(a|b)(1|2)");
    READS("a,b\n1,2", "(a|b)(1|2)");
    READS("a,b\r\n1,2\r", "(a|b)(1|2)");
    READS(" a , b ", "( a | b )");
    READS("a", "(a)");
}

TEST(an_empty_field_is_a_field)
{
    READS(",\n", "(|)");
    READS("a,\n,b\n", "(a|)(|b)");
    READS("a,", "(a|)");
    READS(",,\r\n,,", "(||)(||)");
    READS("\"\"\n", "()");
    READS("\"\",\"\"", "(|)");
}

TEST(an_empty_line_is_stepped_over_and_a_blank_one_is_not)
{
    READS("", "");
    READS("\n\n", "");
    READS("\n\r\na\n\n\r\n\nb\n\n", "(a)(b)");
    READS("a\n \nb", "(a)( )(b)");
}

TEST(a_byte_order_mark_at_the_start_is_not_data)
{
    READS("\xef\xbb\xbf"
          "a,b\n1,2\n",
          "(a|b)(1|2)");
    READS("\xef\xbb\xbf\"a\",b\n", "(a|b)");
    READS("\xef\xbb\xbf", "");
    READS("a,\xef\xbb\xbf\n", "(a|\xef\xbb\xbf)");
}

TEST(quotes_hold_commas_line_ends_and_doubled_quotes)
{
    READS("\"a,b\",c\n", "(a,b|c)");
    READS("\"a\nb\",c\n", "(a\nb|c)");
    READS("\"a\r\nb\"\r\nc\r\n", "(a\r\nb)(c)");
    READS("\"a\"\"b\"\n", "(a\"b)");
    READS("\"\"\"\"\n", "(\")");
    READS("\"\"\"a\"\"\",\"\"\"\"\"\"\n", "(\"a\"|\"\")");
    READS("\"a\"", "(a)");
    READS("\"a\"\r", "(a)");
    READS("\"a\",", "(a|)");
}

TEST(a_quote_inside_a_plain_field_and_a_lone_carriage_return_are_data)
{
    READS("5\" pipe,a\"b\"\n", "(5\" pipe|a\"b\")");
    READS("a\rb,c\r,d\n", "(a\rb|c\r|d)");
}

TEST(a_broken_quote_is_an_input_error_that_names_its_place)
{
    REFUSES("a,b\n1,\"x\n", "line 2, column 3: the quote is never closed");
    REFUSES("\"", "line 1, column 1: the quote is never closed");
    REFUSES("a\n\"x\"\"", "line 2, column 1: the quote is never closed");
    REFUSES("\"a\nb\",\"c\nd", "line 2, column 4: the quote is never closed");
}

TEST(text_after_a_closing_quote_is_an_input_error_that_names_its_place)
{
    REFUSES("a\n\"x\"y\n", "line 2, column 4: text after a closing quote");
    REFUSES("\"x\" ,y\n", "line 1, column 4: text after a closing quote");
    REFUSES("\"x\"\ry\n", "line 1, column 4: text after a closing quote");
    REFUSES("\"a\nb\"c\n", "line 2, column 3: text after a closing quote");
}

TEST(a_nul_byte_is_an_input_error_that_names_its_place)
{
    REFUSES("a,b\n1,x\0y\n", "line 2, column 3: a NUL byte: this is no text");
    REFUSES("a\n\"x\0\"\n", "line 2, column 1: a NUL byte: this is no text");
}

TEST(rows_before_a_fault_are_given)
{
    struct reading reading;
    read_all(&reading, VIEW("a\nb\n\"c"));
    TEXT(text_view(&reading.text), "(a)(b)");
    SAME(reading.err.kind, ERR_INPUT);
    read_all(&reading, VIEW("a\nb\nc\0"));
    TEXT(text_view(&reading.text), "(a)(b)");
    SAME(reading.err.kind, ERR_INPUT);
}

TEST(a_row_knows_its_line_and_each_field_its_column)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    CLEANUP(csv_close) struct csv csv = {0};
    struct csv_row row;
    struct err err = {0};
    struct view text = VIEW("\xef\xbb\xbf"
                            "ab,c\n\r\n\"x\ny\",z,\"\"\n1,2\n");
    WORKS(csv_open(&csv, text, &arena, &err), err);
    WORKS(csv_next(&csv, &row, &err), err);
    SAME(row.line, 1);
    SAME(row.column[0], 1);
    SAME(row.column[1], 4);
    WORKS(csv_next(&csv, &row, &err), err);
    SAME(row.line, 3);
    SAME(row.count, 3);
    SAME(row.column[0], 1);
    SAME(row.column[1], 4);
    SAME(row.column[2], 6);
    WORKS(csv_next(&csv, &row, &err), err);
    SAME(row.line, 5);
    SAME(row.column[1], 3);
    TRUE(!csv_next(&csv, &row, &err));
    SAME(err.kind, ERR_NONE);
}

/* `count` copies of `c`, and after each `every` of them a comma. */
static struct view many(struct arena *arena, char c, size_t count, bool commas)
{
    struct text text = text_in_arena(arena);
    for (size_t i = 0; i < count; i++) {
        if (commas && i > 0)
            text_addc(&text, ',');
        text_addc(&text, c);
    }
    TRUE(!text.cut);
    return text_view(&text);
}

static struct err first_row(struct view text, size_t *count)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    CLEANUP(csv_close) struct csv csv = {0};
    struct csv_row row = {0};
    struct err err = {0};
    WORKS(csv_open(&csv, text, &arena, &err), err);
    csv_next(&csv, &row, &err);
    *count = row.count;
    return err;
}

TEST(as_many_fields_as_the_limit_are_read_and_one_more_is_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    size_t count;
    struct err err = first_row(many(&arena, 'x', CSV_FIELDS_MAX, true), &count);
    SAME(err.kind, ERR_NONE);
    SAME(count, CSV_FIELDS_MAX);
    err = first_row(many(&arena, 'x', CSV_FIELDS_MAX + 1, true), &count);
    SAME(err.kind, ERR_LIMIT);
    TEXT(view_of(err.text), "line 1: more than 4096 fields");
}

TEST(a_field_at_the_size_limit_is_read_and_one_byte_more_is_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    size_t count;
    struct err err = first_row(many(&arena, 'x', CSV_FIELD_SIZE_MAX, false), &count);
    SAME(err.kind, ERR_NONE);
    SAME(count, 1);
    err = first_row(many(&arena, 'x', CSV_FIELD_SIZE_MAX + 1, false), &count);
    SAME(err.kind, ERR_LIMIT);
    SAYS(err, "line 1, column 1: a field of 1048577 bytes, at most 1048576");
}

TEST(an_arena_too_small_for_the_cursor_is_an_error)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4096};
    struct csv csv;
    struct err err = {0};
    FAILS(csv_open(&csv, VIEW("a\n"), &arena, &err), err, ERR_LIMIT);
}

static void writes(struct view field, const char *want)
{
    char bytes[64];
    struct text text = text_in(bytes, sizeof bytes);
    csv_write(&text, field);
    TEXT(text_view(&text), want);
}

TEST(a_field_is_quoted_when_it_has_to_be_and_only_then)
{
    writes(VIEW(""), "");
    writes(VIEW("plain text"), "plain text");
    writes(VIEW("a,b"), "\"a,b\"");
    writes(VIEW("a\nb"), "\"a\nb\"");
    writes(VIEW("a\r"), "\"a\r\"");
    writes(VIEW("\"a\""), "\"\"\"a\"\"\"");
    writes(VIEW("5\" pipe"), "\"5\"\" pipe\"");
    writes(VIEW("\xef\xbb\xbf"
                "a"),
           "\"\xef\xbb\xbf"
           "a\"");
}

enum { PROPERTY_ROWS = 40, PROPERTY_FIELDS = 5, PROPERTY_SIZE = 12 };

static struct view random_field(struct rng *rng, struct arena *arena)
{
    static const char alphabet[] = "ab,\"\r\n \xc3\xa9\xef\xbb\xbf";
    size_t length = rng_below(rng, PROPERTY_SIZE);
    char *bytes = arena_new(arena, char, length + 1);
    for (size_t i = 0; i < length; i++)
        bytes[i] = alphabet[rng_below(rng, sizeof alphabet - 1)];
    return (struct view){bytes, length};
}

static void round_trip(uint64_t seed)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
    struct rng rng = rng_of(seed, 1, 0);
    struct view want[PROPERTY_ROWS][PROPERTY_FIELDS];
    struct text text = text_in_arena(&arena);
    for (size_t i = 0; i < PROPERTY_ROWS; i++) {
        for (size_t j = 0; j < PROPERTY_FIELDS; j++) {
            want[i][j] = random_field(&rng, &arena);
            text_adds(&text, j == 0 ? "" : ",");
            csv_write(&text, want[i][j]);
        }
        text_adds(&text, i % 2 == 0 ? "\n" : "\r\n");
    }
    CLEANUP(csv_close) struct csv csv = {0};
    struct csv_row row;
    struct err err = {0};
    WORKS(csv_open(&csv, text_view(&text), &arena, &err), err);
    for (size_t i = 0; i < PROPERTY_ROWS; i++) {
        WORKS(csv_next(&csv, &row, &err), err);
        SAME(row.count, PROPERTY_FIELDS);
        for (size_t j = 0; j < PROPERTY_FIELDS; j++)
            FAIL_UNLESS(view_same(row.field[j], want[i][j]),
                        "seed %llu, row %zu, field %zu came back as '%.*s'",
                        (unsigned long long)seed, i, j, VIEW_ARG(row.field[j]));
    }
    TRUE(!csv_next(&csv, &row, &err));
    SAME(err.kind, ERR_NONE);
}

TEST(what_is_written_reads_back_the_same)
{
    for (uint64_t seed = 1; seed <= 200; seed++)
        round_trip(seed);
}
