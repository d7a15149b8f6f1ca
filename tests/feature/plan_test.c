#include "feature/fixture.h"

static const char yaml[] =
    "data: {label: fraud}\n"
    "columns:\n"
    "  amount: {type: number, optional: true, impute: mean}\n"
    "  mean: {type: number, encode: standardise}\n"
    "  state: {type: category, optional: true}\n"
    "  kind: {type: category, encode: frequency, optional: true, impute: mode}\n"
    "  rank: {type: ordinal, order: [lo, hi], optional: true, impute: hi}\n"
    "  at: {type: timestamp}\n"
    "  who: {type: id}\n"
    "  fraud: {type: integer}\n"
    "features:\n"
    "  - {transform: hour, column: at}\n"
    "  - {transform: log1p, column: amount, impute: 0}\n"
    "  - {transform: ratio, name: 'of[mean]', column: amount, other: mean}\n";

static const char csv[] = "amount,mean,state,kind,rank,at,who,fraud\n"
                          "10,4,Utah,a,lo,2025-01-01T05:00:00Z,x,0\n"
                          "0.1,0.3,Ohio,b,hi,2025-01-02T06:00:00Z,y,1\n"
                          ",7,,,,2025-01-03T07:00:00Z,z,0\n"
                          "-3,0,Utah,b,lo,1969-12-31T23:30:00Z,x,0\n"
                          "5,1,Iowa,q,hi,2025-01-04T00:00:00Z,x,0\n";

TEST(the_row_is_named_in_the_order_of_columns_and_features)
{
    CLEANUP(fitted_release) struct fitted f;
    WORKS(fit(&f, yaml, csv, "11110"), f.err);
    static const char *const names[] = {"amount", "mean",    "state=Ohio",   "state=Utah",  "kind",
                                        "rank",   "at_hour", "amount_log1p", "of%5Bmean%5D"};
    SAME(f.plan.width, LENGTH_OF(names));
    for (size_t i = 0; i < LENGTH_OF(names); i++)
        TEXT(f.plan.width_name[i], names[i]);
    SAME(f.plan.feature[2].first, 2);
    SAME(f.plan.feature[2].width, 2);
    SAME(f.plan.feature[3].first, 4);
}

TEST(a_record_becomes_the_row_a_hand_would_write)
{
    CLEANUP(fitted_release) struct fitted f;
    WORKS(fit(&f, yaml, csv, "11110"), f.err);
    double fill = (10 + 0.1 - 3) / 3;
    NEAR(value(&f, 0, "amount"), 10, 0);
    NEAR(value(&f, 0, "state=Utah"), 1, 0);
    NEAR(value(&f, 0, "state=Ohio"), 0, 0);
    NEAR(value(&f, 0, "kind"), 0.25, 0);
    NEAR(value(&f, 0, "rank"), 0, 0);
    NEAR(value(&f, 0, "at_hour"), 5, 0);
    NEAR(value(&f, 0, "amount_log1p"), log(11), 1e-6);
    NEAR(value(&f, 0, "of%5Bmean%5D"), 2.5, 0);
    /* what is missing is filled where it was told to be */
    NEAR(value(&f, 2, "amount"), fill, 1e-6);
    NEAR(value(&f, 2, "state=Utah"), 0, 0);
    NEAR(value(&f, 2, "kind"), 0.5, 0);
    NEAR(value(&f, 2, "rank"), 1, 0);
    NEAR(value(&f, 2, "amount_log1p"), 0, 0);
    TRUE(isnan(value(&f, 2, "of%5Bmean%5D")));
    TRUE(isnan(value(&f, 3, "of%5Bmean%5D"))); /* over zero */
    NEAR(value(&f, 3, "at_hour"), 23, 0);
    NEAR(value(&f, 4, "state=Ohio") + value(&f, 4, "state=Utah"), 0, 0); /* unseen */
    NEAR(value(&f, 4, "kind"), 0, 0); /* unseen is not missing: it is not filled */
}

static const struct doc *written(const struct fitted *f, struct arena *arena)
{
    struct text text = text_in_arena(arena);
    struct json json = json_to(&text);
    struct err err = {0};
    plan_write(&f->plan, &json);
    const struct doc *doc = doc_parse(text_view(&text), arena, &err);
    WORKS(doc != NULL, err);
    return doc;
}

TEST(a_plan_read_back_makes_the_same_rows_bit_for_bit)
{
    CLEANUP(fitted_release) struct fitted f;
    WORKS(fit(&f, yaml, csv, "11110"), f.err);
    struct plan back;
    WORKS(plan_read(&back, &f.schema, written(&f, &f.arena), &f.arena, &f.err), f.err);
    SAME(back.width, f.plan.width);
    SAME(back.count, f.plan.count);
    for (size_t i = 0; i < back.width; i++)
        TRUE(view_same(back.width_name[i], f.plan.width_name[i]));
    for (size_t row = 0; row < f.table.rows; row++) {
        float a[ROW_MAX], b[ROW_MAX];
        apply(&f, &f.plan, row, a);
        apply(&f, &back, row, b);
        TRUE(memcmp(a, b, back.width * sizeof *a) == 0);
    }
    struct text one = text_in_arena(&f.arena), other = text_in_arena(&f.arena);
    struct json x = json_to(&one), y = json_to(&other);
    plan_write(&f.plan, &x);
    plan_write(&back, &y);
    TEXT(text_view(&one), text_c(&other));
}

TEST(a_damaged_plan_is_refused_and_says_where)
{
    CLEANUP(fitted_release) struct fitted f;
    WORKS(fit(&f, yaml, csv, "11110"), f.err);
    static const struct {
        const char *feature, *why;
    } cases[] = {
        {"7", "plan: feature 1"},
        {"{\"name\": \"a\", \"transform\": \"identity\"}", "'column'"},
        {"{\"name\": \"a\", \"column\": \"amount\"}", "'transform'"},
        {"{\"transform\": \"identity\", \"column\": \"amount\"}", "'name'"},
        {"{\"name\": \"a\", \"transform\": \"square\", \"column\": \"amount\"}",
         "plan: feature 1: no transform is called 'square'"},
        {"{\"name\": \"a\", \"transform\": \"identity\", \"column\": \"amuont\"}",
         "'column': the schema has no column 'amuont'"},
        {"{\"name\": \"a\", \"transform\": \"identity\", \"column\": \"state\"}",
         "'column': identity does not read the column 'state'"},
        {"{\"name\": \"a\", \"transform\": \"identity\", \"column\": \"fraud\"}",
         "'column': identity does not read the column 'fraud'"},
        {"{\"name\": \"a\", \"transform\": \"hour\", \"column\": \"amount\"}",
         "hour does not read"},
        {"{\"name\": \"a\", \"transform\": \"ratio\", \"column\": \"amount\"}", "'other'"},
        {"{\"name\": \"a\", \"transform\": \"ratio\", \"column\": \"amount\", \"other\": \"at\"}",
         "'other': ratio does not read the column 'at'"},
        {"{\"name\": \"a\", \"transform\": \"identity\", \"column\": \"amount\", \"fill\": null}",
         "'fill'"},
        {"{\"name\": \"a\", \"transform\": \"identity\", \"column\": \"amount\", \"fill\": 1e39}",
         "'fill' is no value of the column"},
        {"{\"name\": \"a\", \"transform\": \"hour\", \"column\": \"at\", \"fill\": 1e300}",
         "'fill' is no value of the column"},
        {"{\"name\": \"a\", \"transform\": \"one_hot\", \"column\": \"state\", \"fill\": 2}",
         "'fill' is no value of the column"},
        {"{\"name\": \"a\", \"transform\": \"one_hot\", \"column\": \"state\", \"fill\": -1}",
         "'fill' is no value of the column"},
        {"{\"name\": \"a\", \"transform\": \"one_hot\", \"column\": \"state\", \"fill\": 0.5}",
         "'fill' is no value of the column"},
        {"{\"name\": \"a\", \"transform\": \"standardise\", \"column\": \"mean\", \"scale\": 1}",
         "'centre'"},
        {"{\"name\": \"a\", \"transform\": \"standardise\", \"column\": \"mean\", \"centre\": 1}",
         "'scale'"},
        {"{\"name\": \"a\", \"transform\": \"standardise\", \"column\": \"mean\", \"centre\": 1, "
         "\"scale\": -1}",
         "'scale' is below 0"},
        {"{\"name\": \"a\", \"transform\": \"frequency\", \"column\": \"kind\"}", "'share'"},
        {"{\"name\": \"a\", \"transform\": \"frequency\", \"column\": \"kind\", \"share\": [1]}",
         "'share' has 1 numbers, the column 2 values"},
        {"{\"name\": \"a\", \"transform\": \"frequency\", \"column\": \"kind\", \"share\": [0, "
         "0.5, 1]}",
         "'share' has 3 numbers, the column 2 values"},
        {"{\"name\": \"a\", \"transform\": \"frequency\", \"column\": \"kind\", \"share\": [0, "
         "\"1\"]}",
         "'share' is no list of numbers from 0 to 1"},
        {"{\"name\": \"a\", \"transform\": \"frequency\", \"column\": \"kind\", \"share\": [0, "
         "1e300]}",
         "'share' is no list of numbers from 0 to 1"},
        {"{\"name\": \"a\", \"transform\": \"frequency\", \"column\": \"kind\", \"share\": [-0.1, "
         "1]}",
         "'share' is no list of numbers from 0 to 1"},
        {"{\"name\": \"a\", \"transform\": \"identity\", \"column\": \"amount\"}, {\"name\": "
         "\"a\", "
         "\"transform\": \"log1p\", \"column\": \"amount\"}",
         "plan: two features are called 'a'"},
        {"", "plan: no column is left for the model to read"},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct plan plan;
        struct err err = {0};
        struct text text = text_in_arena(&f.arena);
        text_addf(&text, "{\"features\": [%s]}", cases[i].feature);
        const struct doc *doc = doc_parse(text_view(&text), &f.arena, &err);
        WORKS(doc != NULL, err);
        FAILS(plan_read(&plan, &f.schema, doc, &f.arena, &err), err, ERR_INPUT);
        SAYS(err, cases[i].why);
    }
    struct plan plan;
    const struct doc *empty = doc_parse(VIEW("{}"), &f.arena, &f.err);
    FAILS(plan_read(&plan, &f.schema, empty, &f.arena, &f.err), f.err, ERR_INPUT);
}

TEST(a_value_that_may_stand_in_is_one_the_column_can_have)
{
    CLEANUP(fitted_release) struct fitted f;
    WORKS(fit(&f, yaml, csv, "11110"), f.err);
    const struct column *amount = schema_find(&f.schema, VIEW("amount"));
    const struct column *at = schema_find(&f.schema, VIEW("at"));
    const struct column *rank = schema_find(&f.schema, VIEW("rank"));
    TRUE(plan_may_fill(amount, -3e38) && !plan_may_fill(amount, -3.5e38));
    TRUE(plan_may_fill(at, CELL_TIME_MS_MAX) && !plan_may_fill(at, CELL_TIME_MS_MAX + 1));
    TRUE(plan_may_fill(at, -CELL_TIME_MS_MAX) && !plan_may_fill(at, -CELL_TIME_MS_MAX - 1));
    TRUE(plan_may_fill(rank, 0) && plan_may_fill(rank, 1));
    TRUE(!plan_may_fill(rank, 2) && !plan_may_fill(rank, -1) && !plan_may_fill(rank, 0.5));
    TRUE(!plan_may_fill(amount, (double)NAN));
}

TEST(two_features_of_one_name_are_refused)
{
    CLEANUP(fitted_release) struct fitted f;
    FAILS(fit(&f,
              "columns: {a: {type: number}, b: {type: number}}\n"
              "features: [{transform: log1p, name: b, column: a}]\n",
              "a,b\n1,2\n", "1"),
          f.err, ERR_INPUT);
    TEXT(view_of(f.err.text), "two features are called 'b'; give one a name of its own");
}

TEST(a_plan_that_reads_nothing_is_refused)
{
    CLEANUP(fitted_release) struct fitted f;
    FAILS(fit(&f, "columns: {a: {type: number, encode: none}}\n", "a\n1\n", "1"), f.err, ERR_INPUT);
    TEXT(view_of(f.err.text), "no column is left for the model to read");
}

TEST(a_row_too_wide_is_refused)
{
    CLEANUP(fitted_release) struct fitted f;
    struct arena arena = {.limit = 64 << 20};
    struct text wide = text_in_arena(&arena);
    text_adds(&wide, "a,b\n");
    char *wanted = arena_new(&arena, char, 40001);
    for (size_t i = 0; i < 40000; i++) {
        text_addf(&wide, "v%zu,v%zu\n", i, i);
        wanted[i] = '1';
    }
    bool ok = fit(&f, "columns: {a: {type: category}, b: {type: category}}", text_c(&wide), wanted);
    arena_release(&arena);
    FAILS(ok, f.err, ERR_LIMIT);
    TEXT(view_of(f.err.text), "the row grows past 65536 numbers at feature 'b'; encode it as "
                              "frequency, or leave it out");
}

TEST(values_that_differ_by_a_bracket_have_names_that_differ)
{
    static const char two[] = "data: {label: fraud}\n"
                              "columns:\n"
                              "  code: {type: category}\n"
                              "  fraud: {type: integer}\n";
    CLEANUP(fitted_release) struct fitted f;
    WORKS(fit(&f, two, "code,fraud\na[,0\na],1\na<,0\n", "111"), f.err);
    TEXT(f.plan.width_name[0], "code=a%3C");
    TEXT(f.plan.width_name[1], "code=a%5B");
    TEXT(f.plan.width_name[2], "code=a%5D");
}
