#include "serve/openapi.h"

#include "base/doc.h"
#include "serve/contract.h"
#include "serve/tiny_model.h"

static const struct doc *write_all(const struct served *served, const char *path, bool keys,
                                   struct arena *arena)
{
    struct err err = {0};
    struct text text = text_in_arena(arena);
    openapi_write(served, path, keys, &text);
    TRUE(!text.cut);
    const struct doc *doc = doc_parse(text_view(&text), arena, &err);
    FAIL_UNLESS(doc != NULL, "%s", err.text);
    return doc;
}

static const struct doc *find(const struct doc *doc, const char *first, const char *second)
{
    doc = doc_find(doc, first);
    return doc == NULL ? NULL : doc_find(doc, second);
}

TEST(every_route_is_in_the_document_with_what_it_answers)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    struct served *served = tiny_served("1.0");
    const struct doc *doc = write_all(served, NULL, false, &arena);
    TRUE(view_is(doc_find(doc, "openapi")->text, "3.1.0"));
    const struct doc *paths = doc_find(doc, "paths");
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        char method[8] = {0};
        for (size_t k = 0; routes[i].method[k] != '\0'; k++)
            method[k] = (char)(routes[i].method[k] | 0x20);
        const struct doc *operation = find(paths, routes[i].path, method);
        FAIL_UNLESS(operation != NULL, "no %s %s", method, routes[i].path);
        const struct doc *answers = doc_find(operation, "responses");
        bool content = doc_find(answers, "202") != NULL || find(answers, "200", "content") != NULL;
        TRUE(content || i == ROUTE_ping);
        TRUE(doc_find(answers, "default") != NULL);
    }
    served_free(served);
}

TEST(rows_are_what_the_served_schema_says)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    struct served *served = tiny_served("1.0");
    const struct doc *schemas =
        find(write_all(served, NULL, false, &arena), "components", "schemas");
    const struct doc *row = find(schemas, "NamedRow", "properties");
    TRUE(view_is(find(row, "f0", "type")->text, "number"));
    SAME(row->count, 2);
    SAME(find(schemas, "NamedRow", "required")->count, 2);
    SAME(find(schemas, "FilledRow", "required")->count, 0);
    SAME(find(schemas, "ListedRow", "prefixItems")->count, 2);
    served_free(served);
}

TEST(without_a_model_the_document_is_there_and_with_a_path_it_is_that_paths)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    const struct doc *doc = write_all(NULL, "/score", false, &arena);
    SAME(doc_find(doc, "paths")->count, 1);
    TRUE(find(doc_find(doc, "paths"), "/score", "get") != NULL);
    SAME(doc_find(write_all(NULL, NULL, false, &arena), "paths")->kind, DOC_OBJECT);
}

TEST(keys_are_asked_for_where_they_are_needed_and_nowhere_else)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    const struct doc *doc = write_all(NULL, NULL, true, &arena);
    const struct doc *paths = doc_find(doc, "paths");
    TRUE(doc_find(find(paths, "/decide", "post"), "security") != NULL);
    TRUE(doc_find(find(paths, "/readyz", "get"), "security") == NULL);
    TRUE(find(doc, "components", "securitySchemes") != NULL);
    doc = write_all(NULL, NULL, false, &arena);
    TRUE(doc_find(find(doc_find(doc, "paths"), "/decide", "post"), "security") == NULL);
}

TEST(every_contract_says_what_it_answers)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    for (size_t i = 0; i < contracts_count; i++) {
        struct err err = {0};
        TRUE(contracts[i]->answer != NULL);
        const struct doc *doc = doc_parse(view_of(contracts[i]->answer), &arena, &err);
        FAIL_UNLESS(doc != NULL, "%s: %s", contracts[i]->name, err.text);
        TRUE(contracts[i]->rules.takes[0].shape->describe != NULL);
    }
}
