#include "data/fixture.h"

#include "data/quality.h"

static const char columns[] =
    "{id: {type: id, expect: [{check: unique}, {check: matches, pattern: '[a-z][0-9]'}, {check: "
    "not_null}]}, amount: {type: number, min: 0, optional: true, expect: [{check: between, max: "
    "100, mostly: 0.6, severity: warn}, {check: not_null, mostly: 0.9, severity: info}]}, "
    "channel: {type: category, expect: [{check: in_set, set: [pos, net]}]}, fraud: {type: "
    "integer}}";

static const char rows[] = "amount,id,channel,extra\n"
                           "1,a1,pos,\n"
                           "200,a2,kiosk,\n"
                           ",a1,pos,\n"
                           "x,A4,net,\n"
                           "300,,net,\n"
                           "-1,b1,,\n";

struct ground {
    struct arena arena;
    struct schema schema;
    struct quality_rules rules;
    struct quality quality;
};

static void ready(struct ground *ground)
{
    struct err err = {0};
    ground->arena = (struct arena){.limit = 16 << 20};
    ground->schema = schema_from(columns, &ground->arena);
    WORKS(quality_rules_of(&ground->rules, &ground->schema, NULL, &ground->arena, &err), err);
    WORKS(quality_init(&ground->quality, &ground->schema, &ground->rules, &ground->arena, &err),
          err);
}

static size_t rule_of(const struct ground *ground, const char *column, const char *name)
{
    for (size_t i = 0; i < ground->rules.count; i++)
        if (view_is(ground->schema.column[ground->rules.rule[i].column].name, column) &&
            view_is(ground->rules.rule[i].expectation->name, name))
            return i;
    test_fail(__FILE__, __LINE__, "no rule %s of %s", name, column);
}

static void judged(const struct ground *ground, const char *column, const char *name,
                   uint64_t violations, uint64_t of, bool passes)
{
    size_t rule = rule_of(ground, column, name);
    const struct quality_tally *tally = &ground->quality.tally[rule];
    FAIL_UNLESS(tally->violations == violations && tally->judged == of,
                "%s of %s: %llu of %llu, wanted %llu of %llu", name, column,
                (unsigned long long)tally->violations, (unsigned long long)tally->judged,
                (unsigned long long)violations, (unsigned long long)of);
    SAME(quality_passes(&ground->quality, rule), passes);
}

TEST(a_file_is_counted_rule_by_rule_and_each_fault_once)
{
    struct ground ground;
    struct err err = {0};
    ready(&ground);
    const char *path = file_with("rows.csv", rows, &ground.arena);
    WORKS(quality_file(&ground.quality, path, 1 << 20, &ground.arena, &err), err);
    SAME(ground.quality.rows, 6);
    SAME(ground.quality.rows_failed, 5);
    judged(&ground, "id", "unique", 1, 5, false);
    judged(&ground, "id", "matches", 1, 5, false);
    judged(&ground, "id", "not_null", 1, 6, false);
    judged(&ground, "amount", "between", 2, 3, false); /* a third holds */
    judged(&ground, "amount", "not_null", 1, 6, false);
    judged(&ground, "amount", "type", 2, 5, false); /* x, and -1 below the schema's least */
    judged(&ground, "channel", "in_set", 1, 5, false);
    judged(&ground, "channel", "type", 0, 5, true);
    judged(&ground, "channel", "not_null", 1, 6, false); /* required, so implied */
    const struct quality_tally *unique = &ground.quality.tally[rule_of(&ground, "id", "unique")];
    SAME(unique->shown, 1);
    SAME(unique->line[0], 4);
    TEXT(unique->value[0], "a1");
    SAME(ground.quality.columns, 1);
    TEXT(ground.quality.column[0].name, "extra");
    TRUE(!ground.quality.column[0].missing);
    /* Errors: three of id, type of amount, in_set and not_null of channel. */
    SAME(quality_errors(&ground.quality), 6);
    arena_release(&ground.arena);
}

TEST(a_share_that_is_just_enough_passes)
{
    struct ground ground;
    struct err err = {0};
    ready(&ground);
    const char *path = file_with("just.csv",
                                 "amount,id,channel\n101,a1,pos\n1,a2,pos\n1,a3,pos\n101,a4,pos\n"
                                 "1,a5,pos\n",
                                 &ground.arena);
    WORKS(quality_file(&ground.quality, path, 1 << 20, &ground.arena, &err), err);
    judged(&ground, "amount", "between", 2, 5, true);
    SAME(ground.quality.rows_failed, 2);
    SAME(quality_errors(&ground.quality), 0);
    arena_release(&ground.arena);
}

TEST(a_table_is_counted_as_its_file_is)
{
    struct ground ground, other;
    struct err err = {0};
    static const char clean[] =
        "amount,id,channel\n1,a1,pos\n200,a2,kiosk\n,a1,pos\n2,A4,net\n300,,net\n";
    ready(&ground), ready(&other);
    struct table table = table_from(&ground.schema, "clean.csv", clean, &ground.arena);
    WORKS(quality_table(&ground.quality, &table, &err), err);
    WORKS(quality_file(&other.quality, file_with("clean.csv", clean, &other.arena), 1 << 20,
                       &other.arena, &err),
          err);
    SAME(ground.quality.rows, other.quality.rows);
    SAME(ground.quality.rows_failed, other.quality.rows_failed);
    for (size_t i = 0; i < ground.rules.count; i++) {
        SAME(ground.quality.tally[i].judged, other.quality.tally[i].judged);
        SAME(ground.quality.tally[i].violations, other.quality.tally[i].violations);
        SAME(ground.quality.tally[i].line[0], other.quality.tally[i].line[0]);
    }
    arena_release(&ground.arena), arena_release(&other.arena);
}

TEST(a_required_column_that_is_not_there_is_an_error_and_an_optional_one_is_not)
{
    struct ground ground;
    struct err err = {0};
    ready(&ground);
    const char *path = file_with("columns.csv", "id\na1\n", &ground.arena);
    WORKS(quality_file(&ground.quality, path, 1 << 20, &ground.arena, &err), err);
    SAME(ground.quality.columns, 2);
    TEXT(ground.quality.column[0].name, "amount");
    TRUE(ground.quality.column[0].missing && !ground.quality.column[0].required);
    TEXT(ground.quality.column[1].name, "channel");
    TRUE(ground.quality.column[1].missing && ground.quality.column[1].required);
    SAME(quality_errors(&ground.quality), 1);
    arena_release(&ground.arena);
}

TEST(a_file_that_is_no_table_is_an_error_with_its_line)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "is empty"},
        {"id,id\n", "stands twice"},
        {"id,amount\na1\n", "line 2: 1 fields, the header has 2"},
        {"id\n\"a1\n", "line 2"},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct ground ground;
        struct err err = {0};
        ready(&ground);
        const char *path = file_with("broken.csv", cases[i].text, &ground.arena);
        FAILS(quality_file(&ground.quality, path, 1 << 20, &ground.arena, &err), err, ERR_INPUT);
        SAYS(err, cases[i].says);
        arena_release(&ground.arena);
    }
}

TEST(only_the_first_offenders_are_kept_and_long_values_are_cut)
{
    struct ground ground;
    struct err err = {0};
    ready(&ground);
    struct text text = text_in_arena(&ground.arena);
    text_adds(&text, "channel\n");
    for (unsigned i = 0; i < 20; i++)
        text_addf(&text, "%u%s\n", i,
                  "0123456789012345678901234567890123456789012345678901234567890123456789");
    const char *path = file_with("many.csv", text_c(&text), &ground.arena);
    WORKS(quality_file(&ground.quality, path, 1 << 20, &ground.arena, &err), err);
    const struct quality_tally *tally =
        &ground.quality.tally[rule_of(&ground, "channel", "in_set")];
    SAME(tally->violations, 20);
    SAME(tally->shown, QUALITY_SHOWN);
    SAME(tally->line[4], 6);
    SAME(tally->value[0].length, QUALITY_VALUE_MAX);
    arena_release(&ground.arena);
}
