#include "serve/shape.h"

#include "harness.h"
#include "model/small_bundle.h"

#include <math.h>

/* The columns of small_bundle.h: amount, kind, grade, known, at, and customer, which the model does
 * not read. */
struct desk {
    struct arena arena;
    struct small_bundle small;
    struct decode decode;
    struct err err;
};

static void desk_open(struct desk *desk)
{
    *desk = (struct desk){.arena = {.limit = 64 << 20}};
    small_schema(&desk->small, &desk->arena);
}

static void desk_close(struct desk *desk)
{
    decode_close(&desk->decode);
    arena_release(&desk->arena);
}

#define DESK(name)                                                                                 \
    CLEANUP(desk_close) struct desk name;                                                          \
    desk_open(&name)

#define JSON_OR_CSV                                                                                \
    {                                                                                              \
        {"application/json", &shape_rows},                                                         \
        {                                                                                          \
            "text/csv", &shape_csv                                                                 \
        }                                                                                          \
    }
static const struct decode_rules rows = {.takes = JSON_OR_CSV},
                                 filled = {.takes = JSON_OR_CSV, .fill_absent = true},
                                 envelope = {.takes = {{"application/json", &shape_features}}};

static bool begin(struct desk *desk, const struct decode_rules *rules, const char *type,
                  struct view body)
{
    decode_close(&desk->decode);
    desk->err = (struct err){0};
    return decode_open(&desk->decode, rules, &desk->small.schema, view_of(type), body, &desk->arena,
                       &desk->err);
}

/* Reads every row; false when one failed. */
static bool read_all(struct desk *desk, const struct decode_rules *rules, const char *type,
                     struct view body)
{
    if (!begin(desk, rules, type, body))
        return false;
    while (decode_next(&desk->decode, &desk->err))
        ;
    return desk->err.kind == ERR_NONE;
}

static void is_the_row(const struct desk *desk)
{
    const struct cell *cell = desk->decode.record.cell;
    NEAR(cell[0].number, 250.5, 0);
    NEAR(cell[1].number, 1, 0);
    NEAR(cell[2].number, 2, 0);
    NEAR(cell[3].number, 1, 0);
    NEAR(cell[4].number, 1709175845678.0, 0);
}

#define JSON "application/json"
#define ROW_NAMED                                                                                  \
    "{\"amount\":250.5,\"kind\":\"theft\",\"grade\":\"high\",\"known\":true,"                      \
    "\"at\":\"2024-02-29T03:04:05.678Z\"}"
#define ROW_LISTED "[250.5,\"theft\",\"high\",true,\"2024-02-29T03:04:05.678Z\"]"
#define ROW_CSV    "250.5,theft,high,true,2024-02-29T03:04:05.678Z"

TEST(a_row_is_the_same_in_every_spelling)
{
    static const struct {
        const struct decode_rules *rules;
        const char *type;
        struct view body;
        size_t rows;
    } spellings[] = {
        {&rows, JSON, VIEW(ROW_NAMED), 1},
        {&rows, "application/json; charset=utf-8", VIEW(" [ " ROW_NAMED " , " ROW_NAMED " ] \n"),
         2},
        {&rows, JSON, VIEW(ROW_LISTED), 1},
        {&rows, JSON, VIEW("[" ROW_LISTED "," ROW_LISTED "," ROW_NAMED "]"), 3},
        {&rows, "text/csv", VIEW(ROW_CSV), 1},
        {&rows, "text/csv", VIEW(ROW_CSV "\r\n" ROW_CSV "\r\n"), 2},
        {&rows, "text/csv", VIEW("amount,kind,grade,known,at\n" ROW_CSV "\n"), 1},
        {&rows, "text/csv",
         VIEW("customer,at,known,grade,kind,amount\nme,2024-02-29T03:04:05.678Z,"
              "1,high,\"theft\",250.5\n"),
         1},
        {&envelope, JSON, VIEW("{\"features\":" ROW_NAMED "}"), 1},
        {&envelope, JSON, VIEW("{\"features\":" ROW_LISTED "}"), 1},
        {&envelope, "", VIEW("{\"features\":" ROW_LISTED "}"), 1},
        {&rows, JSON,
         VIEW("{\"at\":\"2024-02-29T03:04:05.678Z\",\"\\u0061mount\":2505e-1,"
              "\"customer\":{\"any\":[1,{}]},\"kind\":\"th\\u0065ft\","
              "\"known\":\"yes\",\"grade\":\"hi\\u0067h\"}"),
         1},
    };
    DESK(desk);
    for (size_t i = 0; i < LENGTH_OF(spellings); i++) {
        TRUE(begin(&desk, spellings[i].rules, spellings[i].type, spellings[i].body));
        size_t count = 0;
        for (; decode_next(&desk.decode, &desk.err); count++)
            is_the_row(&desk);
        FAIL_UNLESS(desk.err.kind == ERR_NONE, "%zu: %s", i, desk.err.text);
        SAME(count, spellings[i].rows);
        SAME(desk.decode.rows, spellings[i].rows);
    }
}

TEST(what_is_wrong_with_a_body_is_named)
{
    static const struct {
        const struct decode_rules *rules;
        const char *type, *body, *says;
    } faults[] = {
        {&rows, JSON, "{\"amount\":1,\"colour\":2}", "'colour' is not a feature of this model"},
        {&rows, JSON, "{\"amount\":\"many\"}", "'amount': 'many' is not a number"},
        {&rows, JSON, "{\"amount\":\"1\"}",
         "'amount': '1' is a text: send the number without its quotes"},
        {&rows, JSON, "\xef\xbb\xbf{\"amount\":1}",
         "begins with a byte order mark: send it without"},
        {&rows, JSON, "{\"amount\":{}}", "'amount'"},
        {&rows, JSON, "{\"amount\":[1]}", "'amount'"},
        {&rows, JSON, "{\"amount\":1,\"amount\":1}", "'amount' came twice"},
        {&rows, JSON, "{\"amount\":1}", "'kind' is missing"},
        {&rows, JSON, "{\"customer\":1,\"customer\":[2]}", "'customer' came twice"},
        {&rows, JSON, "{\"grade\":\"best\"}", "'grade': 'best'"},
        {&rows, JSON, "[" ROW_NAMED ",{\"amount\":-1}]", "row 2: 'amount'"},
        {&rows, JSON, "[" ROW_NAMED ",7]", "a row is an object or a list, not a number"},
        {&rows, JSON, "[1,\"fire\",\"low\",true]", "Expected 5 features"},
        {&rows, JSON, "[1,\"fire\",\"low\",true,\"2024-02-29\",1]", "Expected 5 features"},
        {&rows, JSON, "[[1],[2]]", "row 1: Expected 5 features"},
        {&rows, JSON, "[]", "the list holds no rows"},
        {&rows, JSON, "7", "a row is an object or a list, not a number"},
        {&rows, JSON, "", "JSON"},
        {&rows, JSON, "{", "JSON line 1"},
        {&rows, JSON, ROW_NAMED ROW_NAMED, "text after the end"},
        {&rows, JSON, "[" ROW_NAMED, "JSON line 1"},
        {&rows, JSON, "[" ROW_NAMED "]]", "text after the end"},
        {&rows, JSON, ROW_LISTED ",1", "text after the end"},
        {&rows, "text/csv", "", "CSV is expected"},
        {&rows, "text/csv", "\n\n", "the CSV holds no rows"},
        {&rows, "text/csv", "amount,kind\n", "a header and no rows"},
        {&rows, "text/csv", "amount,colour\n1,2\n", "'colour' is not a feature"},
        {&rows, "text/csv", "1,2,3\n", "CSV line 1: Expected 5 features"},
        {&rows, "text/csv", ROW_CSV "\nx,theft,high,true,2024-02-29\n",
         "CSV line 2: 'amount': 'x'"},
        {&rows, "text/csv", "amount,kind\n1\n", "CSV line 2: 1 fields, and the header has 2"},
        {&rows, "text/csv", "amount,amount\n1,1\n", "'amount' came twice"},
        {&envelope, JSON, "[1]", "{\"features\": ...} is expected, not a list"},
        {&envelope, JSON, "{}", "'features' is missing"},
        {&envelope, JSON, "{\"other\":1}", "'other' is not known here: send only 'features'"},
        {&envelope, JSON, "{\"features\":1}", "a row is an object or a list, not a number"},
        {&envelope, JSON, "{\"features\":" ROW_LISTED ",\"more\":1}", "'more' is not known here"},
        {&envelope, JSON, "{\"features\":" ROW_LISTED ",\"features\":" ROW_LISTED "}",
         "'features' came twice"},
        {&envelope, JSON, "{\"features\":" ROW_LISTED "}}", "text after the end"},
        {&envelope, JSON, "{\"features\":" ROW_LISTED, "JSON line 1"},
        {&envelope, JSON, "{\"features\":[[1]]}", "'amount'"},
    };
    DESK(desk);
    for (size_t i = 0; i < LENGTH_OF(faults); i++) {
        bool worked = read_all(&desk, faults[i].rules, faults[i].type, view_of(faults[i].body));
        FAIL_UNLESS(!worked && desk.err.kind == ERR_INPUT &&
                        strstr(desk.err.text, faults[i].says) != NULL,
                    "%zu: '%s' says '%s', wanted '%s'", i, faults[i].body,
                    worked ? "nothing" : desk.err.text, faults[i].says);
    }
}

TEST(a_content_type_that_is_not_taken_is_refused_with_the_one_that_is)
{
    static const struct {
        const struct decode_rules *rules;
        const char *type, *says;
    } faults[] = {
        {&rows, "application/x-pickle",
         "'application/x-pickle' is not taken: send application/json"
         " or text/csv"},
        {&rows, "", "no Content-Type: send application/json or text/csv"},
        {&envelope, "text/csv", "'text/csv' is not taken: send application/json"},
        {&envelope, "application/jsonlines", "is not taken"},
    };
    DESK(desk);
    for (size_t i = 0; i < LENGTH_OF(faults); i++) {
        FAILS(begin(&desk, faults[i].rules, faults[i].type, VIEW("{}")), desk.err, ERR_MEDIA);
        SAYS(desk.err, faults[i].says);
    }
}

/* amount is optional and stays missing; known is required and becomes 0; texts cannot be made up.
 */
TEST(a_required_number_that_is_absent_is_0_where_the_contract_says_so_and_is_counted)
{
    DESK(desk);
    struct view body = VIEW("{\"kind\":\"fire\",\"grade\":\"low\",\"at\":\"2024-02-29\"}");
    TRUE(!read_all(&desk, &rows, JSON, body));
    SAYS(desk.err, "'known' is missing");

    TRUE(begin(&desk, &filled, JSON, body));
    TRUE(decode_next(&desk.decode, &desk.err));
    TRUE(isnan(desk.decode.record.cell[0].number));
    NEAR(desk.decode.record.cell[3].number, 0, 0);
    SAME(desk.decode.filled, 1);
    TRUE(!decode_next(&desk.decode, &desk.err));
    SAME(desk.err.kind, ERR_NONE);

    TRUE(!read_all(&desk, &filled, JSON, VIEW("{\"amount\":1,\"grade\":\"low\"}")));
    SAYS(desk.err, "'kind' is missing");
}

TEST(category_values_never_seen_are_counted_over_all_rows)
{
    DESK(desk);
    TRUE(read_all(&desk, &rows, JSON,
                  VIEW("[[1,\"flood\",\"low\",true,\"2024-02-29\"],[1,\"hail\",\"low\",true,"
                       "\"2024-02-29\"],[1,\"fire\",\"low\",true,\"2024-02-29\"]]")));
    SAME(desk.decode.unseen, 2);
}

TEST(rows_past_the_ceiling_are_refused)
{
    DESK(desk);
    struct text text = text_in_arena(&desk.arena);
    for (int i = 0; i < DECODE_ROWS_MAX; i++)
        text_adds(&text, "1,fire,low,1,2024-02-29\n");
    WORKS(read_all(&desk, &rows, "text/csv", text_view(&text)), desk.err);
    SAME(desk.decode.rows, DECODE_ROWS_MAX);
    text_adds(&text, "1,fire,low,1,2024-02-29\n");
    FAILS(read_all(&desk, &rows, "text/csv", text_view(&text)), desk.err, ERR_LIMIT);
    SAYS(desk.err, "100000 rows");
}

TEST(an_envelope_tells_names_from_positions)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    TRUE(decode_names_features(VIEW("{\"features\":{}}"), &arena));
    TRUE(decode_names_features(VIEW("{\"a\":[1,{\"b\":2}],\"features\":{"), &arena));
    TRUE(!decode_names_features(VIEW("{\"features\":[{}]}"), &arena));
    TRUE(!decode_names_features(VIEW("{\"other\":{\"features\":{}}}"), &arena));
    TRUE(!decode_names_features(VIEW("[{\"features\":{}}]"), &arena));
    TRUE(!decode_names_features(VIEW("{\"features\""), &arena));
    TRUE(!decode_names_features(VIEW(""), &arena));
}
