#include "monitor/compare_violations.h"

#include "compare_ground.h"

#include "base/doc.h"

/* "check:column" of each, with a space behind. */
static struct view violated(struct ground *g, struct text *out)
{
    struct err err = {0};
    struct violations violations;
    struct view text;
    violations_begin(&violations, &g->arena);
    compare_violations(&g->comparison, &violations);
    WORKS(violations_end(&violations, &text, &err), err);
    const struct doc *doc = doc_parse(text, &g->arena, &err);
    FAIL_UNLESS(doc != NULL, "%s", err.text);
    const struct doc *list = doc_find(doc, "violations");
    SAME(list->count, violations.count);
    for (const struct doc *one = list->first; one != NULL; one = one->next) {
        SAME(one->count, 3);
        TRUE(doc_find(one, "description")->text.length > 10);
        text_add(out, doc_find(one, "constraint_check_type")->text);
        text_addc(out, ':');
        text_add(out, doc_find(one, "feature_name")->text);
        text_addc(out, ' ');
    }
    return text_view(out);
}

TEST(each_check_finds_what_it_is_for)
{
    CLEANUP(ground_close) struct ground g;
    char bytes[1024];
    struct text out = text_in(bytes, sizeof bytes);
    ground_open(&g);
    text_adds(&g.text[0], "amount,count,colour,fraud,was\n");
    text_adds(&g.text[1], "amount,count,colour,at,is\n");
    for (int i = 0; i < 1000; i++) {
        text_addf(&g.text[0], "%d,%d,%s,1,1\n", i, i % 7, i % 2 != 0 ? "red" : "blue");
        text_addf(&g.text[1], "%s,%s,%s,1,1\n", i % 5 == 0 ? "much" : "3.5", i == 7 ? "" : "1",
                  i % 5 == 0 ? "green" : "red");
    }
    ground_compare(&g, &drift_mode_assay, NULL);
    struct view found = violated(&g, &out);
    TEXT(found,
         "data_type_check:amount baseline_drift_check:amount completeness_check:count "
         "baseline_drift_check:count baseline_drift_check:colour categorical_values_check:colour "
         "missing_column_check:fraud extra_column_check:at missing_column_check:was "
         "extra_column_check:is ");
}

/* 40 of 1,000 missing and then 52 is chance; 100 is not. */
TEST(a_column_with_gaps_may_have_a_few_more_by_chance)
{
    static const int missing[] = {52, 100};
    for (int round = 0; round < 2; round++) {
        CLEANUP(ground_close) struct ground g;
        char bytes[256];
        struct text out = text_in(bytes, sizeof bytes);
        ground_open(&g);
        text_adds(&g.text[0], "colour,count\n");
        text_adds(&g.text[1], "colour,count\n");
        for (int i = 0; i < 1000; i++) {
            text_adds(&g.text[0], i < 40 ? ",1\n" : "red,1\n");
            text_adds(&g.text[1], i < missing[round] ? ",1\n" : "red,1\n");
        }
        ground_compare(&g, &drift_mode_assay, NULL);
        struct view found = violated(&g, &out);
        TEXT(found, round == 0 ? "" : "completeness_check:colour baseline_drift_check:colour ");
    }
}

TEST(a_mode_of_columns_alone_violates_by_its_p_and_an_ignored_column_by_nothing)
{
    CLEANUP(ground_close) struct ground g;
    char bytes[256];
    struct text out = text_in(bytes, sizeof bytes);
    ground_open(&g);
    ground_draw(&g, 0, 1000, 1, 2);
    ground_draw(&g, 1, 1000, 5, 2);
    text_adds(&g.text[1], ",1,red,0,1,c\n");
    ground_compare(&g, &drift_mode_ks, NULL);
    struct view found = violated(&g, &out);
    TEXT(found, "completeness_check:amount baseline_drift_check:amount ");
    out = text_in(bytes, sizeof bytes);
    ground_compare(&g, &drift_mode_ks, "amount");
    found = violated(&g, &out);
    TEXT(found, "");
}
