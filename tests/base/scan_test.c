#include "harness.h"

#include "base/rng.h"
#include "base/scan_peer.h"

/* Takes a whole document; the number of tokens, or -1 and the error. */
static int scan_all(struct view body, struct err *err)
{
    char bytes[4096];
    struct text scratch = text_in(bytes, sizeof bytes);
    struct scan scan = scan_of(body, &scratch);
    struct token token;
    int count = 0;
    while (scan_next(&scan, &token, err))
        count++;
    return err->kind == ERR_NONE ? count : -1;
}

TEST(whole_documents_are_taken)
{
    static const struct {
        const char *text;
        int tokens;
    } good[] = {
        {"[]", 2},
        {"{}", 2},
        {" 1 ", 1},
        {"\"a\"", 1},
        {"null", 1},
        {"[[],{}]", 6},
        {"[1 , 2]", 4},
        {"{\"a\":1}", 4},
        {"[true]", 3},
        {"-0", 1},
        {"\t[\n]\r ", 2},
        {"{\"a\":[{}]}", 7},
        {"{\"a\" : 1 , \"b\" : 2 }", 6},
        {"{\"a\":1,\"a\":2}", 6},
        {"9223372036854775808", 1},
        {"\"\"", 1},
        {"{\"\":0}", 4},
    };
    for (size_t i = 0; i < LENGTH_OF(good); i++) {
        struct err err = {0};
        int tokens = scan_all(view_of(good[i].text), &err);
        FAIL_UNLESS(tokens == good[i].tokens, "'%s' gives %d tokens: %s", good[i].text, tokens,
                    err.text);
    }
}

TEST(broken_documents_are_refused)
{
    static const char *const bad[] = {
        "",
        " ",
        "[1,]",
        "{\"a\":1,}",
        "[,1]",
        "{\"a\" 1}",
        "nul",
        "01",
        "1.",
        "\"\\x\"",
        "1 2",
        "[] x",
        "[",
        "{",
        "]",
        "}",
        "[1",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":}",
        "{\"a\":1",
        "{\"a\":1,",
        "[1 2]",
        "{a:1}",
        "{1:1}",
        "{,}",
        "[,]",
        ",",
        ":",
        "[:]",
        "[1}",
        "{\"a\":1]",
        "\"a",
        "\"a\\",
        "\"\\u12\"",
        "\"\\u123g\"",
        "tru",
        "True",
        "nulll",
        "[nullx]",
        "+1",
        ".5",
        "-",
        "1e",
        "1e999",
        "NaN",
        "Infinity",
        "'a'",
        "\"\\ud800\"",
        "\"\\ud800x\"",
        "\"\\ud800\\u0041\"",
        "\"\\udc00\"",
        "\"\\u0000\"",
        "\"\n\"",
        "\"\x01\"",
        "\"\x1f\"",
        "\"\xff\"",
        "\"\xc3\"",
        "\"\xed\xa0\x80\"",
        "\xef\xbb\xbf[]",
        "[1]\v",
        "/**/1",
        "{\"a\":1,,\"b\":2}",
        "[1,,2]",
        "{\"a\"::1}",
        "{\"a\",1}",
        "[\"a\":1]",
        "{\"a\":1 \"b\":2}",
        "{{}}",
        "[]]",
        "{}}",
        "{}{}",
    };
    for (size_t i = 0; i < LENGTH_OF(bad); i++) {
        struct err err = {0};
        FAIL_UNLESS(scan_all(view_of(bad[i]), &err) == -1, "'%s' is taken", bad[i]);
        SAME(err.kind, ERR_INPUT);
        SAYS(err, "JSON line ");
    }
    struct err err = {0};
    SAME(scan_all((struct view){"[1]\0", 4}, &err), -1);
    err = (struct err){0};
    SAME(scan_all((struct view){"\"\\\0\"", 4}, &err), -1);
    err = (struct err){0};
    SAME(scan_all((struct view){0}, &err), -1);
}

TEST(tokens_carry_kinds_texts_and_numbers)
{
    char bytes[64];
    struct text scratch = text_in(bytes, sizeof bytes);
    struct view body = VIEW("{\"k\\u00e9y\":[1.50,\"pl\xc3\xa9\",\"a\\n\\ud83d\\ude00\",false]}");
    struct scan scan = scan_of(body, &scratch);
    struct token token;
    struct err err = {0};
    static const enum token_kind want[] = {TOKEN_OBJECT, TOKEN_KEY,      TOKEN_LIST,
                                           TOKEN_NUMBER, TOKEN_TEXT,     TOKEN_TEXT,
                                           TOKEN_FALSE,  TOKEN_LIST_END, TOKEN_OBJECT_END};
    struct token seen[LENGTH_OF(want)];
    for (size_t i = 0; i < LENGTH_OF(want); i++) {
        WORKS(scan_next(&scan, &token, &err), err);
        SAME(token.kind, want[i]);
        seen[i] = token;
    }
    TRUE(!scan_next(&scan, &token, &err));
    TRUE(!scan_next(&scan, &token, &err));
    SAME(err.kind, ERR_NONE);
    TEXT(seen[1].text, "k\xc3\xa9y");
    TEXT(seen[3].text, "1.50");
    NEAR(seen[3].number, 1.5, 0);
    TEXT(seen[4].text, "pl\xc3\xa9");
    TRUE(seen[4].text.text > body.text && seen[4].text.text < body.text + body.length);
    TEXT(seen[5].text, "a\n\xf0\x9f\x98\x80");
}

TEST(every_escape_is_what_the_grammar_says)
{
    char bytes[64];
    struct text scratch = text_in(bytes, sizeof bytes);
    struct scan scan = scan_of(VIEW("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u20aC\""), &scratch);
    struct token token;
    struct err err = {0};
    WORKS(scan_next(&scan, &token, &err), err);
    TEXT(token.text, "\"\\/\b\f\n\r\tA\xe2\x82\xac");
}

TEST(nesting_has_a_bound_and_it_is_the_documents)
{
    char text[2 * SCAN_DEPTH_MAX + 2];
    memset(text, '[', SCAN_DEPTH_MAX + 1);
    memset(text + SCAN_DEPTH_MAX + 1, ']', SCAN_DEPTH_MAX + 1);
    struct err err = {0};
    SAME(scan_all((struct view){text, sizeof text}, &err), -1);
    SAYS(err, "nests too deeply");
    err = (struct err){0};
    SAME(scan_all((struct view){text + 1, sizeof text - 2}, &err), 2 * SCAN_DEPTH_MAX);
    char why[256];
    bool taken;
    for (size_t cut = 0; cut < 4; cut++)
        FAIL_UNLESS(
            scan_peer_agrees((struct view){text + cut, sizeof text - 2 * cut}, &taken, why, 256),
            "depth %zu: %s", SCAN_DEPTH_MAX + 1 - cut, why);
}

TEST(skipping_steps_over_a_value_whole)
{
    char bytes[64];
    struct text scratch = text_in(bytes, sizeof bytes);
    struct scan scan = scan_of(VIEW("{\"a\":{\"x\":[1,{}]},\"b\":7}"), &scratch);
    struct token token;
    struct err err = {0};
    WORKS(scan_next(&scan, &token, &err), err);
    WORKS(scan_next(&scan, &token, &err), err);
    WORKS(scan_next(&scan, &token, &err), err);
    SAME(token.kind, TOKEN_OBJECT);
    WORKS(scan_skip(&scan, &token, &err), err);
    WORKS(scan_next(&scan, &token, &err), err);
    TEXT(token.text, "b");
    WORKS(scan_next(&scan, &token, &err), err);
    WORKS(scan_skip(&scan, &token, &err), err);
    WORKS(scan_next(&scan, &token, &err), err);
    SAME(token.kind, TOKEN_OBJECT_END);

    scan = scan_of(VIEW("[[1,]]"), &scratch);
    WORKS(scan_next(&scan, &token, &err), err);
    FAILS(scan_skip(&scan, &token, &err), err, ERR_INPUT);
}

TEST(errors_name_line_and_column)
{
    struct err err = {0};
    SAME(scan_all(VIEW("{\n  \"a\": 1,\n  \"b\": oops\n}"), &err), -1);
    SAYS(err, "JSON line 3, column 8: ");
}

TEST(a_scratch_too_small_is_a_limit_error)
{
    char bytes[4];
    struct text scratch = text_in(bytes, sizeof bytes);
    struct scan scan = scan_of(VIEW("\"abc\\ndef\""), &scratch);
    struct token token;
    struct err err = {0};
    FAILS(scan_next(&scan, &token, &err), err, ERR_LIMIT);
}

TEST(every_token_has_a_name)
{
    for (int kind = TOKEN_OBJECT; kind <= TOKEN_NULL; kind++)
        TRUE(token_name((enum token_kind)kind) != NULL);
    TEXT(view_of(token_name(TOKEN_NUMBER)), "a number");
}

/* Scalars as they come, odd ones among them. */
static void write_scalar(struct rng *rng, struct text *text)
{
    static const char *const odd[] = {
        "null",
        "true",
        "false",
        "0",
        "-0",
        "1e5",
        "-1.5E-3",
        "1e400",
        "1e-400",
        "0.1",
        "\"\"",
        "\"\\u00e9\"",
        "\"\\ud83d\\ude00\"",
        "\"\\ud83d\"",
        "\"\\u0000\"",
        "\"\\/\"",
        "\"\xc3\xa9\"",
        "\"\x7f\"",
        "9007199254740993",
        "-9223372036854775808",
        "9223372036854775808",
        "\"\\uDE00\"",
        "123456789.123456789012345",
        "5e-324",
        "\"\xf4\x8f\xbf\xbf\"",
    };
    switch (rng_below(rng, 3)) {
    case 0:
        text_adds(text, odd[rng_below(rng, LENGTH_OF(odd))]);
        break;
    case 1:
        text_addf(text, "%.*g", 1 + (int)rng_below(rng, 17), rng_normal(rng) * 1000);
        break;
    default:
        text_addf(text, "\"%c%u\"", (char)('a' + rng_below(rng, 26)), rng_u32(rng) % 1000);
    }
}

static void write_value(struct rng *rng, struct text *text, unsigned depth)
{
    unsigned kind = depth == 0 ? 2 : (unsigned)rng_below(rng, 4);
    if (kind > 1) {
        write_scalar(rng, text);
        return;
    }
    text_addc(text, kind == 0 ? '{' : '[');
    size_t count = rng_below(rng, 5);
    for (size_t i = 0; i < count; i++) {
        text_adds(text, i > 0 ? "," : "");
        text_adds(text, rng_below(rng, 4) == 0 ? " \n" : "");
        if (kind == 0)
            text_addf(text, "\"%c%zu\"%s:", (char)('a' + rng_below(rng, 3)), i / 2,
                      rng_below(rng, 4) == 0 ? "\t" : "");
        write_value(rng, text, depth - 1);
    }
    text_addc(text, kind == 0 ? '}' : ']');
}

/* A few bytes changed, taken out or put in. */
static size_t mutate(struct rng *rng, char *bytes, size_t length, size_t size)
{
    static const char likely[] = "{}[],:\"\\0123456789eE+-.u/ntrfalse \n\t\x80\xc3\xff";
    for (size_t i = rng_below(rng, 3); i > 0 && length > 0 && length < size; i--) {
        size_t at = rng_below(rng, length);
        char byte = likely[rng_below(rng, sizeof likely)]; /* its NUL too */
        switch (rng_below(rng, 4)) {
        case 0:
            bytes[at] = byte;
            break;
        case 1:
            memmove(bytes + at, bytes + at + 1, length - at - 1);
            length--;
            break;
        case 2:
            memmove(bytes + at + 1, bytes + at, length - at);
            bytes[at] = byte;
            length++;
            break;
        default:
            length = rng_below(rng, 4) == 0 ? at : length;
        }
    }
    return length;
}

TEST(the_scanner_and_jansson_agree_on_generated_and_mutated_documents)
{
    uint32_t rounds = getenv("ASSAY_SOAK") != NULL ? 2000000 : 40000;
    size_t accepted = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        struct rng rng = rng_of(12, round, 0);
        char bytes[8192], why[256];
        struct text text = text_in(bytes, sizeof bytes);
        write_value(&rng, &text, 1 + (unsigned)rng_below(&rng, 4));
        size_t length = mutate(&rng, bytes, text.length, sizeof bytes);
        bool taken;
        FAIL_UNLESS(scan_peer_agrees((struct view){bytes, length}, &taken, why, sizeof why),
                    "'%.*s': %s", (int)length, bytes, why);
        accepted += taken;
    }
    TRUE(accepted > rounds / 5 && accepted < rounds - rounds / 5);
}

/* Where a member may come, after so many tokens; false when the document has no such place left. */
static bool stands_at_member(const struct scan *scan)
{
    return scan->depth > 0 && scan->object[scan->depth - 1] && !scan->wants_value;
}

static size_t number_member(const struct scan *scan, struct view name, double *number)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 16};
    struct scan_key key;
    struct err err = {0};
    WORKS(scan_key_of(name, &arena, &key, &err), err);
    return scan_number_member(scan, &key, number);
}

/* Any of the names that write_value gives. */
static bool takes_any(const struct scan *scan)
{
    char name[] = "a0";
    for (int i = 0; i < 9; i++) {
        double number;
        name[0] = (char)('a' + i % 3);
        name[1] = (char)('0' + i / 3);
        if (number_member(scan, view_of(name), &number) > 0)
            return true;
    }
    return false;
}

/* No blanks before the comma and the colon. */
static bool is_tight(const struct scan *before, struct view name)
{
    return (!before->filled || before->body.text[before->at] == ',') &&
           name.text[name.length + 1] == ':';
}

TEST(a_member_is_met_by_a_name_of_any_length_up_to_the_very_end_of_the_body)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    for (size_t length = 0; length <= 26; length++) {
        char body[64];
        struct view name = {letters, length};
        snprintf(body, sizeof body, "\"" VIEW_FMT "\": 25", VIEW_ARG(name));
        for (size_t spare = 0; spare < 20; spare++) {
            char *copy = malloc(length + 6 + spare); /* what is read behind it is seen by asan */
            assert(copy != NULL);
            memcpy(copy, body, length + 6);
            memset(copy + length + 6, ' ', spare);
            struct scan scan = {.body = {copy, length + 6 + spare}};
            double number = 0;
            SAME(number_member(&scan, name, &number), length + 6);
            NEAR(number, 25, 0);
            for (size_t i = 0; i < length + 3; i++) {
                copy[i] ^= 1;
                SAME(number_member(&scan, name, &number), 0);
                copy[i] ^= 1;
            }
            scan.body.length = length + 4;
            SAME(number_member(&scan, name, &number), 0);
            free(copy);
        }
    }
}

TEST(a_number_member_is_what_its_two_tokens_say)
{
    size_t taken = 0, others = 0;
    for (uint32_t round = 0; round < 40000; round++) {
        struct rng rng = rng_of(13, round, 0);
        char bytes[8192], room[8192];
        struct text text = text_in(bytes, sizeof bytes), scratch = text_in(room, sizeof room);
        write_value(&rng, &text, 1 + (unsigned)rng_below(&rng, 3));
        struct view body = {bytes, mutate(&rng, bytes, text.length, sizeof bytes)};
        struct scan scan = scan_of(body, &scratch);
        struct token key, value;
        struct err err = {0};
        for (;;) {
            bool member = stands_at_member(&scan);
            struct scan before = scan;
            if (!scan_next(&scan, &key, &err)) {
                TRUE(!member || !takes_any(&before));
                break;
            }
            if (!member || key.kind != TOKEN_KEY)
                continue;
            bool as_written = view_plain(key.text) == key.text.length &&
                              key.text.text > body.text && key.text.text < body.text + body.length;
            struct scan behind = scan;
            struct err why = {0};
            bool number = scan_next(&behind, &value, &why) && value.kind == TOKEN_NUMBER;
            double have;
            size_t place = number_member(&before, key.text, &have);
            bool met = as_written && number && is_tight(&before, key.text);
            SAME(place, met ? behind.at : 0);
            TRUE(place == 0 || memcmp(&have, &value.number, sizeof have) == 0);
            if (place > 0) { /* from there it goes on as after the tokens */
                scan_past(&before, place);
                SAME(before.at, behind.at);
                SAME(before.filled, behind.filled);
                SAME(before.wants_value, behind.wants_value);
            }
            TRUE(number_member(&before, VIEW("another"), &have) == 0);
            taken += place > 0;
            others += place == 0;
        }
    }
    TRUE(taken > 2000 && others > 2000);
}
