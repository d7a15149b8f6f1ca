#include "data/fixture.h"

#include "data/quality.h"

static const char constraints[] =
    "{\"features\":[{\"name\":\"amount\",\"inferred_type\":\"Fractional\",\"completeness\":0.75,"
    "\"num_constraints\":{\"is_non_negative\":true}},"
    "{\"name\":\"delta\",\"completeness\":1,\"num_constraints\":{\"is_non_negative\":false}},"
    "{\"name\":\"channel\",\"completeness\":1,\"string_constraints\":{\"domains\":[\"pos\","
    "\"net\"]}}],\"monitoring_config\":{\"domain_content_threshold\":0.2}}";

static struct quality_rules rules_of(const char *columns, const char *json, struct arena *arena)
{
    struct err err = {0};
    struct quality_rules rules;
    struct schema *schema = arena_new(arena, struct schema, 1);
    *schema = schema_from(columns, arena);
    const struct doc *doc = json == NULL ? NULL : doc_parse(view_of(json), arena, &err);
    TRUE(json == NULL || doc != NULL);
    WORKS(quality_rules_of(&rules, schema, doc, arena, &err), err);
    return rules;
}

static const struct expectation *find(const struct quality_rules *rules, uint32_t column,
                                      const char *name)
{
    for (size_t i = 0; i < rules->count; i++)
        if (rules->rule[i].column == column && view_is(rules->rule[i].expectation->name, name))
            return rules->rule[i].expectation;
    return NULL;
}

TEST(a_schema_implies_types_and_that_what_is_required_is_there)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
    struct quality_rules rules =
        rules_of("{id: {type: id}, amount: {type: number, optional: true}, kind: {type: category}}",
                 NULL, &arena);
    SAME(rules.count, 3);
    TRUE(find(&rules, 1, "type") != NULL && find(&rules, 1, "not_null") == NULL);
    TRUE(find(&rules, 2, "type") != NULL && find(&rules, 2, "not_null") != NULL);
    TRUE(find(&rules, 2, "type")->implied);
    SAME(find(&rules, 2, "not_null")->severity, EXPECT_ERROR);
}

TEST(a_baseline_implies_how_complete_signs_and_values)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
    struct quality_rules rules = rules_of("{amount: {type: number, optional: true}, delta: {type: "
                                          "number}, channel: {type: category}}",
                                          constraints, &arena);
    NEAR(find(&rules, 0, "not_null")->mostly, 0.75, 0);
    SAME(find(&rules, 0, "not_null")->severity, EXPECT_WARN);
    NEAR(find(&rules, 0, "non_negative")->low, 0, 0);
    TRUE(find(&rules, 1, "non_negative") == NULL);
    SAME(find(&rules, 1, "not_null")->severity, EXPECT_ERROR); /* the schema's own */
    NEAR(find(&rules, 2, "domain")->mostly, 0.8, 1e-15);
    TRUE(expectation_holds(find(&rules, 2, "domain"), &(struct cell){.text = VIEW("net")}));
    TRUE(!expectation_holds(find(&rules, 2, "domain"), &(struct cell){.text = VIEW("atm")}));
}

TEST(what_is_declared_stands_before_what_is_implied)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
    struct quality_rules rules =
        rules_of("{amount: {type: number, optional: true, expect: [{check: not_null, mostly: 0.5}, "
                 "{check: type, severity: info}]}}",
                 constraints, &arena);
    NEAR(find(&rules, 0, "not_null")->mostly, 0.5, 0);
    TRUE(!find(&rules, 0, "not_null")->implied);
    SAME(find(&rules, 0, "type")->severity, EXPECT_INFO);
    SAME(rules.count, 3);
}

TEST(a_baseline_that_says_nothing_usable_implies_nothing)
{
    static const char *const odd[] = {
        "{}",
        "{\"features\":1}",
        "{\"features\":[1,{}]}",
        "{\"features\":[{\"name\":\"amount\",\"completeness\":2,\"num_constraints\":1}]}",
        "{\"features\":[{\"name\":\"channel\",\"string_constraints\":{\"domains\":[1]}}]}",
        ("{\"features\":[{\"name\":\"channel\",\"string_constraints\":{\"domains\":[\"a\"]}}],"
         "\"monitoring_config\":{\"domain_content_threshold\":1}}")};
    for (size_t i = 0; i < LENGTH_OF(odd); i++) {
        CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
        struct quality_rules rules = rules_of(
            "{amount: {type: number, optional: true}, channel: {type: category}}", odd[i], &arena);
        SAME(rules.count, 3);
    }
}

TEST(wide_schemas_keep_what_is_declared_and_leave_out_what_is_implied)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct text text = text_in_arena(&arena);
    text_addc(&text, '{');
    for (unsigned i = 0; i < 1000; i++)
        text_addf(&text, "c%u: {type: number%s}, ", i,
                  i >= 900 ? ", expect: [{check: between, min: 0}]" : "");
    text_adds(&text, "fraud: {type: integer}}");
    struct quality_rules rules = rules_of(text_c(&text), NULL, &arena);
    TRUE(rules.count <= EXPECTATIONS_MAX && rules.count > EXPECTATIONS_MAX - 16);
    size_t declared = 0;
    for (size_t i = 0; i < rules.count; i++)
        declared += !rules.rule[i].expectation->implied;
    SAME(declared, 100);
}
