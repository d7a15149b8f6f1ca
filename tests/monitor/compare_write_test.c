#include "monitor/compare.h"

#include "compare_ground.h"

#include "base/doc.h"

static const struct doc *document(struct ground *g)
{
    struct err err = {0};
    struct text text = text_in_arena(&g->arena);
    struct json json = json_to(&text);
    json_open(&json, '{');
    comparison_write(&g->comparison, &json);
    json_close(&json);
    const struct doc *doc = doc_parse(text_view(&text), &g->arena, &err);
    FAIL_UNLESS(doc != NULL, "%s", err.text);
    return doc;
}

TEST(the_document_says_what_drifted_and_how_often_that_is_wrong)
{
    CLEANUP(ground_close) struct ground g;
    ground_open(&g);
    ground_draw(&g, 0, 3000, 1, 2);
    ground_draw(&g, 1, 3000, 3, 2);
    ground_compare(&g, &drift_mode_assay, NULL);
    const struct doc *doc = document(&g), *column = doc_find(doc, "columns")->first;
    TEXT(doc_find(doc, "state")->text, "ALARM");
    SAME(doc_find(doc, "drift_detected")->kind, DOC_TRUE);
    TEXT(doc_find(doc, "drifted_columns")->first->text, "amount");
    NEAR(doc_find(doc, "false_alarm_rate")->number, 0.02, 1e-12);
    TEXT(doc_find(column, "name")->text, "amount");
    const struct doc *distances = doc_find(column, "distances");
    SAME(distances->count, DRIFT_COUNT);
    NEAR(doc_find(distances, "psi")->number, g.comparison.order[0]->figure[DRIFT_psi], 0);
    SAME(doc_find(column, "p_values")->count, 2);
    NEAR(doc_find(doc_find(doc, "new_data"), "rows")->number, 3000, 0);
    for (; column != NULL; column = column->next) {
        if (view_is(doc_find(column, "name")->text, "colour"))
            SAME(doc_find(column, "distances")->count, 5);
        if (view_is(doc_find(column, "name")->text, "fraud"))
            TEXT(doc_find(doc_find(column, "rate"), "of_all_but")->text, "0");
        if (view_is(doc_find(column, "name")->text, "at"))
            TEXT(doc_find(column, "left_out")->text, "an instant");
    }
}
