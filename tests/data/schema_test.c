#include "data/fixture.h"

#include <math.h>

static struct column named(const char *name)
{
    return (struct column){.name = view_of(name), .min = (double)NAN, .max = (double)NAN};
}

static const struct doc *parse(const char *json, struct arena *arena)
{
    struct err err = {0};
    const struct doc *doc = doc_parse(view_of(json), arena, &err);
    WORKS(doc != NULL, err);
    return doc;
}

TEST(kinds_have_names_that_lead_back_to_them)
{
    static const char *const names[] = {
#define KIND(kind, name, about) name,
#include "data/kinds.def"
#undef KIND
    };
    enum column_kind kind;
    for (size_t i = 0; i < LENGTH_OF(names); i++) {
        TEXT(view_of(kind_name((enum column_kind)i)), names[i]);
        TRUE(kind_find(view_of(names[i]), &kind));
        SAME(kind, i);
    }
    TRUE(!kind_find(VIEW("numbers"), &kind));
    TRUE(!kind_find(VIEW(""), &kind));
    enum time_format format;
    TRUE(time_format_find(VIEW("iso"), &format) && format == TIME_ISO);
    TRUE(time_format_find(VIEW("seconds"), &format) && format == TIME_SECONDS);
    TRUE(time_format_find(VIEW("milliseconds"), &format) && format == TIME_MILLISECONDS);
    TRUE(!time_format_find(VIEW("ms"), &format));
}

TEST(only_categories_and_ordinals_are_coded)
{
    SAME(kind_is_coded(COLUMN_CATEGORY), true);
    SAME(kind_is_coded(COLUMN_ORDINAL), true);
    SAME(kind_is_coded(COLUMN_NUMBER), false);
    SAME(kind_is_coded(COLUMN_ID), false);
}

TEST(columns_are_found_by_name_and_inputs_are_numbered_in_order)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct column columns[] = {named("a"), named("b"), named("c")};
    struct schema schema;
    struct err err = {0};
    columns[0].input = columns[2].input = true;
    WORKS(schema_init(&schema, columns, 3, &arena, &err), err);
    TRUE(schema_find(&schema, VIEW("b")) == &columns[1]);
    TRUE(schema_find(&schema, VIEW("B")) == NULL);
    SAME(schema.input_count, 2);
    SAME(schema.input[0], 0);
    SAME(schema.input[1], 2);
    columns[0].input = false, columns[1].input = true;
    schema_take_inputs(&schema);
    SAME(schema.input_count, 2);
    SAME(schema.input[0], 1);
}

TEST(names_are_unique_not_empty_and_not_endless)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct schema schema;
    struct err err = {0};
    struct column twice[] = {named("a"), named("b"), named("a")};
    FAILS(schema_init(&schema, twice, 3, &arena, &err), err, ERR_INPUT);
    TEXT(view_of(err.text), "column 'a' stands twice in the schema");
    struct column empty[] = {named("a"), named("")};
    FAILS(schema_init(&schema, empty, 2, &arena, &err), err, ERR_INPUT);
    TEXT(view_of(err.text), "column 2: a name has 1 to 256 bytes");
    char name[COLUMN_NAME_MAX + 2];
    memset(name, 'x', sizeof name - 1);
    name[COLUMN_NAME_MAX + 1] = '\0';
    struct column endless[] = {named(name)};
    FAILS(schema_init(&schema, endless, 1, &arena, &err), err, ERR_INPUT);
    endless[0].name.length--;
    WORKS(schema_init(&schema, endless, 1, &arena, &err), err);
    FAILS(schema_init(&schema, twice, 0, &arena, &err), err, ERR_INPUT);
    FAILS(schema_init(&schema, twice, SCHEMA_COLUMNS_MAX + 1, &arena, &err), err, ERR_LIMIT);
}

static const char every_kind[] =
    "{amount: {type: number, min: -0.1, max: 1e9, optional: true, missing: [-999, '?']}, "
    "count: {type: integer, min: 0}, state: {type: category, values: [Utah, "
    "\"\xc3\x89t\xc3\xa9\"], "
    "unseen: accept}, open: {type: category}, rank: {type: ordinal, order: [low, high]}, "
    "flag: {type: boolean}, at: {type: timestamp, format: seconds}, who: {type: id}, "
    "note: {type: text, optional: true}, fraud: {type: integer}}";

TEST(a_schema_written_and_read_is_written_with_the_same_bytes)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
    struct schema schema = schema_from(every_kind, &arena), back;
    struct text first = text_in_arena(&arena), second = text_in_arena(&arena);
    struct json json = json_to(&first), again = json_to(&second);
    struct err err = {0};
    schema_write(&schema, &json);
    TRUE(strstr(text_c(&first), "\"missing\":[]") == NULL);
    WORKS(schema_read(&back, parse(text_c(&first), &arena), &arena, &err), err);
    schema_write(&back, &again);
    TEXT(text_view(&second), text_c(&first));
}

TEST(a_schema_read_back_says_the_same)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
    struct schema schema = schema_from(every_kind, &arena), back;
    struct text text = text_in_arena(&arena);
    struct json json = json_to(&text);
    struct err err = {0};
    schema_write(&schema, &json);
    WORKS(schema_read(&back, parse(text_c(&text), &arena), &arena, &err), err);
    SAME(back.count, 10);
    SAME(back.input_count, schema.input_count);
    const struct column *amount = schema_find(&back, VIEW("amount"));
    SAME(amount->kind, COLUMN_NUMBER);
    TRUE(amount->optional && amount->input);
    NEAR(amount->min, -0.1, 0);
    NEAR(amount->max, 1e9, 0);
    SAME(amount->missing_count, 2);
    TEXT(amount->missing[0], "-999");
    const struct column *province = schema_find(&back, VIEW("state"));
    SAME(province->values.count, 2);
    TEXT(province->values.text[1], "\xc3\x89t\xc3\xa9");
    TRUE(!province->refuse_unseen);
    TRUE(isnan(province->min) && isnan(province->max));
    TRUE(schema_find(&back, VIEW("rank"))->refuse_unseen);
    SAME(schema_find(&back, VIEW("at"))->format, TIME_SECONDS);
    TRUE(!schema_find(&back, VIEW("who"))->input);
    TRUE(!schema_find(&back, VIEW("fraud"))->input);
    TRUE(!schema_find(&back, VIEW("count"))->optional);
}

TEST(a_damaged_schema_is_refused_and_says_where)
{
    static const struct {
        const char *json, *why;
    } cases[] = {
        {"{}", "schema: "},
        {"{\"columns\": {}}", "schema: "},
        {"{\"columns\": []}", "no columns"},
        {"{\"columns\": [7]}", "schema: column 1"},
        {"{\"columns\": [{\"name\": \"a\"}]}", "schema: column 1: "},
        {"{\"columns\": [{\"name\": \"a\", \"type\": \"numeric\", \"input\": true, \"optional\": "
         "true}]}",
         "schema: column 1: no column type is called 'numeric'"},
        {"{\"columns\": [{\"name\": \"a\", \"type\": \"number\", \"optional\": true}]}", "'input'"},
        {"{\"columns\": [{\"name\": \"a\", \"type\": \"number\", \"input\": 1, \"optional\": "
         "true}]}",
         "'input'"},
        {"{\"columns\": [{\"name\": \"a\", \"type\": \"number\", \"input\": true}]}", "'optional'"},
        {"{\"columns\": [{\"name\": \"a\", \"type\": \"number\", \"input\": true, \"optional\": "
         "true, \"min\": \"0\"}]}",
         "'min'"},
        {"{\"columns\": [{\"name\": \"a\", \"type\": \"number\", \"input\": true, \"optional\": "
         "true, \"max\": null}]}",
         "'max'"},
        {"{\"columns\": [{\"name\": \"a\", \"type\": \"number\", \"input\": true, \"optional\": "
         "true, \"missing\": \"x\"}]}",
         "'missing' is no list of texts"},
        {"{\"columns\": [{\"name\": \"a\", \"type\": \"number\", \"input\": true, \"optional\": "
         "true, \"missing\": [1]}]}",
         "'missing' is no list of texts"},
        {"{\"columns\": [{\"name\": \"a\", \"type\": \"timestamp\", \"input\": true, \"optional\": "
         "true}]}",
         "iso, seconds or milliseconds"},
        {"{\"columns\": [{\"name\": \"a\", \"type\": \"timestamp\", \"input\": true, \"optional\": "
         "true, \"format\": \"days\"}]}",
         "iso, seconds or milliseconds"},
        {"{\"columns\": [{\"name\": \"a\", \"type\": \"category\", \"input\": true, \"optional\": "
         "true, \"values\": [\"x\"]}]}",
         "'refuse_unseen'"},
        {"{\"columns\": [{\"name\": \"a\", \"type\": \"category\", \"input\": true, \"optional\": "
         "true, \"values\": [\"x\", \"y\", \"x\"], \"refuse_unseen\": false}]}",
         "column 1: the value 'x' stands twice"},
        {"{\"columns\": [{\"name\": \"a\", \"type\": \"id\", \"input\": false, \"optional\": "
         "true}, "
         "{\"name\": \"a\", \"type\": \"id\", \"input\": false, \"optional\": true}]}",
         "schema: column 'a' stands twice in the schema"},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
        struct schema schema;
        struct err err = {0};
        FAILS(schema_read(&schema, parse(cases[i].json, &arena), &arena, &err), err, ERR_INPUT);
        SAYS(err, cases[i].why);
    }
}

TEST(an_arena_too_small_is_a_limit_error)
{
    CLEANUP(arena_release) struct arena big = {.limit = 1 << 20};
    const struct doc *doc = parse("{\"columns\": [{\"name\": \"a\", \"type\": \"category\", "
                                  "\"input\": true, \"optional\": true, \"values\": [\"x\"], "
                                  "\"refuse_unseen\": false}]}",
                                  &big);
    for (size_t limit = 16; limit < 4096; limit += 16) {
        CLEANUP(arena_release) struct arena arena = {.limit = limit};
        struct schema schema;
        struct err err = {0};
        if (!schema_read(&schema, doc, &arena, &err))
            SAME(err.kind, ERR_LIMIT);
        else
            TRUE(limit > 1000);
    }
}
