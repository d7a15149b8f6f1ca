#include "data/fixture.h"

#include "data/expectation.h"

#include <math.h>

static const char columns[] =
    "{amount: {type: number, min: 0, optional: true}, channel: {type: category}, at: {type: "
    "timestamp}, id: {type: id}, flag: {type: boolean}, level: {type: ordinal, order: [lo, hi]}}";

/* The verdict on a cell as a file has it. */
static bool holds(const struct schema *schema, const char *column,
                  const struct expectation_spec *spec, const char *text, struct arena *arena)
{
    const struct column *of = schema_find(schema, view_of(column));
    struct expectation expectation;
    struct cell cell;
    struct err err = {0};
    WORKS(expectation_make(spec, of, arena, &expectation, &err), err);
    WORKS(cell_parse(of, view_of(text), &cell, &err), err);
    return expectation_holds(&expectation, &cell);
}

TEST(every_kind_of_expectation_is_complete_named_once_and_a_choice_of_the_key)
{
    struct view choices = view_of(config_keys[KEY_EXPECT_CHECK].choices), choice;
    for (size_t i = 0; i < EXPECTATION_KINDS; i++) {
        const struct expectation_kind *kind = expectation_kinds[i];
        TRUE(kind->name[0] != '\0' && kind->about[0] != '\0');
        for (size_t k = 0; k < i; k++)
            TRUE(strcmp(kind->name, expectation_kinds[k]->name) != 0);
        TRUE(view_cut(&choices, ' ', &choice) && view_is(choice, kind->name));
    }
    TRUE(!view_cut(&choices, ' ', &choice));
    choices = view_of(config_keys[KEY_EXPECT_SEVERITY].choices);
    for (size_t i = 0; i < EXPECT_SEVERITIES; i++)
        TRUE(view_cut(&choices, ' ', &choice) && view_is(choice, expect_severity_names[i]));
}

TEST(bounds_include_their_ends_and_are_written_as_cells_are)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
    struct schema schema = schema_from(columns, &arena);
    struct expectation_spec spec = {
        .check = VIEW("between"), .mostly = 1, .min = VIEW("1"), .max = VIEW("2.5")};
    TRUE(holds(&schema, "amount", &spec, "1", &arena));
    TRUE(holds(&schema, "amount", &spec, "2.50", &arena));
    TRUE(!holds(&schema, "amount", &spec, "2.51", &arena));
    TRUE(!holds(&schema, "amount", &spec, "0.99", &arena));
    spec.min = (struct view){0};
    TRUE(holds(&schema, "amount", &spec, "0", &arena));
    spec =
        (struct expectation_spec){.check = VIEW("between"), .mostly = 1, .min = VIEW("2025-01-01")};
    TRUE(holds(&schema, "at", &spec, "2025-01-01T00:00:00Z", &arena));
    TRUE(!holds(&schema, "at", &spec, "2024-12-31T23:59:59Z", &arena));
}

TEST(a_set_is_of_words_or_of_numbers_as_the_column_is)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
    struct schema schema = schema_from(columns, &arena);
    static const struct view words[] = {{"pos", 3}, {"net", 3}};
    static const struct view numbers[] = {{"10", 2}, {"2.50", 4}, {"0", 1}};
    struct expectation_spec spec = {
        .check = VIEW("in_set"), .mostly = 1, .set = words, .set_count = 2};
    TRUE(holds(&schema, "channel", &spec, "net", &arena));
    TRUE(!holds(&schema, "channel", &spec, "atm", &arena));
    TRUE(holds(&schema, "id", &spec, "pos", &arena));
    spec.set = numbers, spec.set_count = 3;
    TRUE(holds(&schema, "amount", &spec, "2.5", &arena));
    TRUE(holds(&schema, "amount", &spec, "10.0", &arena));
    TRUE(!holds(&schema, "amount", &spec, "3", &arena));
}

TEST(a_pattern_is_for_the_whole_text)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
    struct schema schema = schema_from(columns, &arena);
    struct expectation_spec spec = {
        .check = VIEW("matches"), .mostly = 1, .pattern = VIEW("[a-z]{2}[0-9]+")};
    TRUE(holds(&schema, "id", &spec, "ab12", &arena));
    TRUE(!holds(&schema, "id", &spec, "xab12", &arena));
    TRUE(!holds(&schema, "channel", &spec, "ab", &arena));
}

TEST(what_cannot_be_expected_is_refused_with_the_line_it_stands_on)
{
    static const struct {
        const char *column, *says;
    } cases[] = {
        {"{type: number, expect: [{mostly: 1}]}", "needs its 'check'"},
        {"{type: number, expect: [{check: nonsense}]}", "not_null"},
        {"{type: number, expect: [{check: between}]}", "between needs 'min' or 'max'"},
        {"{type: number, expect: [{check: not_null, min: 1}]}", "not_null takes no 'min' or 'max'"},
        {"{type: number, expect: [{check: between, min: 2, max: 1}]}", "'min' is above 'max'"},
        {"{type: number, expect: [{check: between, min: x}]}", "'x' is not a number"},
        {"{type: category, expect: [{check: between, min: 1}]}", "for numbers and timestamps"},
        {"{type: boolean, expect: [{check: between, min: 1}]}", "for numbers and timestamps"},
        {"{type: number, expect: [{check: in_set}]}", "in_set needs 'set'"},
        {"{type: number, expect: [{check: in_set, set: [x]}]}", "'x' is not a number"},
        {"{type: number, expect: [{check: matches, pattern: a}]}", "matches is for texts"},
        {"{type: id, expect: [{check: matches, pattern: '(a'}]}", "never closed"},
        {"{type: id, expect: [{check: unique, mostly: 0}]}", "'mostly' is a share above 0"},
        {"{type: id, expect: [{check: unique, mostly: 1.1}]}", "mostly"},
        {"{type: id, expect: [{check: unique, severity: fatal}]}", "info warn error"},
        {"{type: id, expect: [{check: unique, name: 'A b'}]}", "a-z, digits"},
        {"{type: id, expect: [{check: unique}, {check: unique}]}", "another unique"},
        {"{type: id, expect: {check: unique}}", "takes a list"},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
        char yaml[256];
        struct config config;
        struct schema schema;
        struct err err = {0};
        snprintf(yaml, sizeof yaml, "columns:\n  c: %s\n", cases[i].column);
        config_init(&config, &arena);
        FAIL_UNLESS(!config_parse(&config, view_of(yaml), &err) ||
                        !declare_schema(&config, &arena, &schema, &err),
                    "'%s' was taken", cases[i].column);
        SAME(err.kind, ERR_INPUT);
        SAYS(err, cases[i].says);
        SAYS(err, "line 2");
    }
}

TEST(expectations_travel_in_the_schema_and_old_schemas_have_none)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
    struct schema schema = schema_from(
        "{a: {type: number, expect: [{check: between, min: 0, mostly: 0.9, severity: warn, name: "
        "low}, {check: in_set, set: [1, 2]}]}, b: {type: id, expect: [{check: matches, pattern: "
        "'x+'}]}, c: {type: boolean}}",
        &arena);
    char bytes[2][2048];
    struct schema again = schema;
    for (size_t i = 0; i < 2; i++) {
        struct text text = text_in(bytes[i], sizeof bytes[i]);
        struct json json = json_to(&text);
        struct err err = {0};
        schema_write(&again, &json);
        const struct doc *doc = doc_parse(view_of(text_c(&text)), &arena, &err);
        WORKS(doc != NULL && schema_read(&again, doc, &arena, &err), err);
    }
    TRUE(strcmp(bytes[0], bytes[1]) == 0);
    SAME(again.column[0].expect_count, 2);
    TEXT(again.column[0].expect[0].name, "low");
    SAME(again.column[0].expect[0].severity, EXPECT_WARN);
    NEAR(again.column[0].expect[0].mostly, 0.9, 0);
    TRUE(expectation_holds(&again.column[0].expect[1], &(struct cell){.number = 2}));
    TRUE(!expectation_holds(&again.column[1].expect[0], &(struct cell){.text = VIEW("xy")}));
    SAME(again.column[2].expect_count, 0);
    TRUE(strstr(bytes[0],
                "\"name\":\"c\",\"type\":\"boolean\",\"input\":true,\"optional\":false}") != NULL);
}

TEST(a_schema_whose_expectations_are_broken_is_refused)
{
    static const char *const expects[] = {
        "{}",
        "[1]",
        "[{}]",
        "[{\"check\":\"unique\"}]",
        "[{\"check\":1,\"mostly\":1}]",
        "[{\"check\":\"in_set\",\"mostly\":1,\"set\":[1]}]",
        "[{\"check\":\"in_set\",\"mostly\":1,\"set\":{}}]",
        "[{\"check\":\"matches\",\"mostly\":1,\"pattern\":\"(\"}]",
        "[{\"check\":\"between\",\"mostly\":2,\"min\":\"1\"}]",
        "[{\"check\":\"later\",\"mostly\":1}]"};
    for (size_t i = 0; i < LENGTH_OF(expects); i++) {
        CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
        char json[256];
        snprintf(json, sizeof json,
                 "{\"columns\":[{\"name\":\"a\",\"type\":\"number\",\"input\":true,\"optional\":"
                 "false,\"expect\":%s}]}",
                 expects[i]);
        struct err err = {0};
        struct schema schema;
        const struct doc *doc = doc_parse(view_of(json), &arena, &err);
        WORKS(doc != NULL, err);
        FAILS(schema_read(&schema, doc, &arena, &err), err, ERR_INPUT);
        SAYS(err, "schema: column 1");
    }
}
