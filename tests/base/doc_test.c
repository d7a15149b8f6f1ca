#include "harness.h"

#include "base/doc.h"
#include "base/file.h"

static const struct doc *parse(const char *text, struct arena *arena)
{
    struct err err = {0};
    const struct doc *doc = doc_parse(view_of(text), arena, &err);
    WORKS(doc != NULL, err);
    return doc;
}

TEST(a_document_is_a_tree_in_the_order_it_was_written)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    const struct doc *doc =
        parse("{\"z\": [1, \"two\", null], \"a\": true, \"m\": {\"x\": false}}", &arena);
    SAME(doc->kind, DOC_OBJECT);
    SAME(doc->count, 3);
    const struct doc *list = doc->first;
    TEXT(list->key, "z");
    SAME(list->kind, DOC_LIST);
    SAME(list->count, 3);
    NEAR(list->first->number, 1, 0);
    TEXT(list->first->next->text, "two");
    SAME(list->first->next->next->kind, DOC_NULL);
    TRUE(list->first->next->next->next == NULL);
    TEXT(list->next->key, "a");
    SAME(list->next->kind, DOC_TRUE);
    SAME(doc_find(doc_find(doc, "m"), "x")->kind, DOC_FALSE);
    TRUE(doc_find(doc, "m")->next == NULL);
}

TEST(a_document_may_be_any_value)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    NEAR(parse(" 1.5 ", &arena)->number, 1.5, 0);
    TEXT(parse("\"a\\u00e9\"", &arena)->text, "a\xc3\xa9");
    SAME(parse("[]", &arena)->count, 0);
    TRUE(parse("{}", &arena)->first == NULL);
}

TEST(what_is_broken_is_refused_with_its_line_and_column)
{
    static const char *const broken[] = {
        "",           " ",           "[1,]",
        "{\"a\":1,}", "nul",         "[1] x",
        "{'a':1}",    "[1e999]",     "\"\xff\"",
        "[\"\\x\"]",  "\"\\u0000\"", "{\"a\":1,\"a\":2}",
        "[01]",       "\"\t\"",      "[9223372036854775808]",
    };
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    for (size_t i = 0; i < LENGTH_OF(broken); i++) {
        struct err err = {0};
        FAIL_UNLESS(doc_parse(view_of(broken[i]), &arena, &err) == NULL, "%s is taken", broken[i]);
        SAME(err.kind, ERR_INPUT);
        SAYS(err, "JSON line 1, column ");
    }
    struct err err = {0};
    TRUE(doc_parse(VIEW("{\n \"a\": x}"), &arena, &err) == NULL);
    SAYS(err, "JSON line 2, column ");
}

TEST(a_nul_byte_is_refused_wherever_it_stands)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    static const struct view holds[] = {{"1\0", 2}, {"[1\0]", 4}, {"\0", 1}, {"\"\0\"", 3}};
    for (size_t i = 0; i < LENGTH_OF(holds); i++) {
        struct err err = {0};
        TRUE(doc_parse(holds[i], &arena, &err) == NULL);
        SAME(err.kind, ERR_INPUT);
        SAYS(err, "NUL byte");
    }
}

TEST(nesting_has_a_bound)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    char text[2 * 65];
    memset(text, '[', 65);
    memset(text + 65, ']', 65);
    struct err err = {0};
    TRUE(doc_parse((struct view){text, sizeof text}, &arena, &err) == NULL);
    SAME(err.kind, ERR_LIMIT);
    SAYS(err, "nests deeper than 64");
    err = (struct err){0};
    WORKS(doc_parse((struct view){text + 1, sizeof text - 2}, &arena, &err) != NULL, err);
}

TEST(a_document_larger_than_the_arena_is_a_limit_error)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 256};
    struct err err = {0};
    TRUE(doc_parse(VIEW("[1,2,3,4,5,6,7,8]"), &arena, &err) == NULL);
    SAME(err.kind, ERR_LIMIT);
}

TEST(needed_members_are_typed_and_errors_name_the_key)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    const struct doc *doc = parse("{\"name\":\"m\",\"auc\":0.8,\"trees\":12,\"on\":true,\"off\":"
                                  "false,\"less\":-1,\"part\":1.5,\"huge\":1e300}",
                                  &arena);
    struct view text;
    double number;
    size_t count;
    bool on;
    struct err err = {0};
    WORKS(doc_need_text(doc, "name", &text, &err), err);
    TEXT(text, "m");
    WORKS(doc_need_number(doc, "auc", &number, &err), err);
    NEAR(number, 0.8, 0);
    WORKS(doc_need_count(doc, "trees", 12, &count, &err), err);
    SAME(count, 12);
    WORKS(doc_need_bool(doc, "on", &on, &err), err);
    TRUE(on);
    WORKS(doc_need_bool(doc, "off", &on, &err), err);
    TRUE(!on);

    FAILS(doc_need_text(doc, "title", &text, &err), err, ERR_INPUT);
    SAYS(err, "'title' is missing");
    FAILS(doc_need_text(doc, "auc", &text, &err), err, ERR_INPUT);
    SAYS(err, "'auc' is a number, a text is wanted");
    FAILS(doc_need_number(doc, "name", &number, &err), err, ERR_INPUT);
    FAILS(doc_need_bool(doc, "auc", &on, &err), err, ERR_INPUT);
    FAILS(doc_need_bool(doc, "none", &on, &err), err, ERR_INPUT);
    FAILS(doc_need_count(doc, "trees", 11, &count, &err), err, ERR_INPUT);
    SAYS(err, "'trees' is no whole number from 0 to 11");
    FAILS(doc_need_count(doc, "less", 11, &count, &err), err, ERR_INPUT);
    FAILS(doc_need_count(doc, "part", 11, &count, &err), err, ERR_INPUT);
    FAILS(doc_need_count(doc, "huge", SIZE_MAX, &count, &err), err, ERR_INPUT);
    TRUE(doc_find(NULL, "x") == NULL);
    TRUE(doc_find(doc_find(doc, "auc"), "x") == NULL);
}

TEST(a_count_of_two_to_the_sixty_four_is_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    size_t count;
    struct err err = {0};
    const struct doc *doc = parse("{\"n\": 1.8446744073709552e19}", &arena);
    FAILS(doc_need_count(doc, "n", SIZE_MAX, &count, &err), err, ERR_INPUT);
}

TEST(a_file_that_is_broken_is_named)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    const char *path = path_join(&arena, test_dir(), "broken.json");
    struct err err = {0};
    WORKS(file_save(path, VIEW("{\"a\": }"), &err), err);
    TRUE(doc_load(path, 1000, &arena, &err) == NULL);
    SAYS(err, "broken.json': JSON line 1");
    WORKS(file_save(path, VIEW("{\"a\": 1}"), &err), err);
    WORKS(doc_load(path, 1000, &arena, &err) != NULL, err);
    TRUE(doc_load(path, 5, &arena, &err) == NULL);
    SAME(err.kind, ERR_LIMIT);
}
