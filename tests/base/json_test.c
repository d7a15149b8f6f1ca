#include "harness.h"

#include "base/doc.h"
#include "base/json.h"
#include "base/rng.h"

#include <math.h>

TEST(commas_stand_between_members_and_nowhere_else)
{
    char bytes[256];
    struct text text = text_in(bytes, sizeof bytes);
    struct json json = json_to(&text);
    json_open(&json, '{');
    json_key(&json, "a"), json_count(&json, 1);
    json_key(&json, "b"), json_open(&json, '[');
    json_bool(&json, true), json_null(&json), json_open(&json, '['), json_close(&json);
    json_i64(&json, INT64_MIN), json_string(&json, NULL), json_raw(&json, VIEW("{\"x\":0}"));
    json_close(&json);
    json_key(&json, "c"), json_open(&json, '{'), json_close(&json);
    json_key_view(&json, VIEW("d")), json_count(&json, UINT64_MAX);
    json_close(&json);
    TEXT(text_view(&text), "{\"a\":1,\"b\":[true,null,[],-9223372036854775808,null,{\"x\":0}],"
                           "\"c\":{},\"d\":18446744073709551615}");
}

TEST(a_pretty_document_has_a_line_per_member_and_ends_in_one)
{
    char bytes[256];
    struct text text = text_in(bytes, sizeof bytes);
    struct json json = json_pretty_to(&text);
    json_open(&json, '{');
    json_key(&json, "a"), json_open(&json, '[');
    json_count(&json, 1), json_count(&json, 2);
    json_close(&json);
    json_key(&json, "b"), json_open(&json, '{'), json_close(&json);
    json_close(&json);
    TEXT(text_view(&text), "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}\n");
}

TEST(numbers_that_are_none_are_null)
{
    char bytes[256];
    struct text text = text_in(bytes, sizeof bytes);
    struct json json = json_to(&text);
    json_open(&json, '[');
    json_number(&json, 0.1), json_number(&json, (double)NAN), json_number(&json, (double)INFINITY);
    json_number(&json, 1e300), json_number(&json, -2);
    json_close(&json);
    TEXT(text_view(&text), "[0.1,null,null,1e+300,-2]");
}

static struct view quoted(struct view value, char *bytes, size_t size)
{
    struct text text = text_in(bytes, size);
    struct json json = json_to(&text);
    json_text(&json, value);
    TRUE(!text.cut);
    return text_view(&text);
}

TEST(text_is_escaped_and_what_is_not_utf8_is_replaced)
{
    char bytes[256];
    TEXT(quoted(VIEW("a\"b\\c/\n\r\t"), bytes, 256), "\"a\\\"b\\\\c/\\n\\r\\t\"");
    TEXT(quoted((struct view){"\0\x1f\x7f", 3}, bytes, 256), "\"\\u0000\\u001f\x7f\"");
    TEXT(quoted(VIEW("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), bytes, 256),
         "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
    TEXT(quoted(VIEW("a\xff\xc3"), bytes, 256), "\"a\xef\xbf\xbd\xef\xbf\xbd\"");
    TEXT(quoted(VIEW("\xe2\x82z"), bytes, 256), "\"\xef\xbf\xbd\xef\xbf\xbdz\"");
    TEXT(quoted(VIEW("\xed\xa0\x80"), bytes, 256), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    TEXT(quoted(VIEW(""), bytes, 256), "\"\"");
}

TEST(whatever_bytes_are_written_the_document_reads_back)
{
    struct rng rng = rng_of(4, 0, 0);
    for (int round = 0; round < 5000; round++) {
        CLEANUP(arena_release) struct arena arena = {.limit = 1 << 16};
        char raw[24], bytes[512];
        size_t length = rng_below(&rng, sizeof raw);
        for (size_t i = 0; i < length; i++)
            raw[i] = (char)(1 + rng_below(&rng, 255)); /* jansson takes no U+0000 */
        struct view value = {raw, length};
        struct err err = {0};
        const struct doc *doc = doc_parse(quoted(value, bytes, sizeof bytes), &arena, &err);
        WORKS(doc != NULL, err);
        TRUE(!view_is_utf8(value) || view_same(doc->text, value));
    }
}

TEST(a_document_that_does_not_fit_is_cut)
{
    char bytes[8];
    struct text text = text_in(bytes, sizeof bytes);
    struct json json = json_to(&text);
    json_open(&json, '{');
    json_key(&json, "a"), json_string(&json, "far too long");
    json_close(&json);
    TRUE(text.cut);
}
