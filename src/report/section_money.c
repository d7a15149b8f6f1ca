/* What it is worth: within the team's budget, in money, and to the people it stops. */
#include "report/page.h"
#include "report/plot.h"
#include "report/report.h"

#include <math.h>

/* Each object's numbers under their own names. */
static void write_numbers(const struct doc *object, const char *caption, struct text *html)
{
    static const char *const head[] = {"figure", "value"};
    static const char *const origin[] = {"rows", "frauds", "threshold"};
    if (object == NULL || object->kind != DOC_OBJECT)
        return;
    page_table(html, caption, head, LENGTH_OF(head));
    for (const struct doc *item = object->first; item != NULL; item = item->next) {
        bool of_origin = item->kind != DOC_NUMBER && item->kind != DOC_NULL;
        for (size_t i = 0; i < LENGTH_OF(origin); i++)
            of_origin = of_origin || view_is(item->key, origin[i]);
        if (of_origin)
            continue;
        page_row(html, item->key);
        page_number_cell(html, item->kind == DOC_NUMBER ? item->number : (double)NAN);
        page_row_end(html);
    }
    page_table_end(html);
}

static void write_cost_curve(const struct doc *curve, struct text *html)
{
    double most = 0, widest = 0;
    for (const struct doc *point = curve->first; point != NULL; point = point->next) {
        most = fmax(most, doc_number_at(point, "cost"));
        widest = fmax(widest, doc_number_at(point, "alert_rate"));
    }
    if (!(most > 0) || !(widest > 0))
        return;
    struct plot plot = {.html = html,
                        .caption = "Cost of the test slice by the share of rows with an alarm.",
                        .x = {"share of alarms", 0, widest},
                        .y = {"cost", 0, most}};
    text_adds(html, "<div class=\"plots\">\n");
    plot_open(&plot);
    plot_line(&plot, PLOT_ONE, curve, "alert_rate", "cost");
    plot_close(&plot);
    text_adds(html, "</div>\n");
}

static bool is_object(const struct doc *doc)
{
    return doc != NULL && doc->kind == DOC_OBJECT;
}

static void write_money(const struct report *report, struct text *html)
{
    const struct doc *evaluation = report->paper[PAPER_evaluation];
    const struct doc *budget = doc_find(evaluation, "budget");
    const struct doc *detection = doc_find(evaluation, "detection");
    const struct doc *cost = doc_find(evaluation, "cost");
    const struct doc *curve = doc_at(evaluation, "curves.cost");
    if (is_object(budget))
        write_numbers(budget, "Within the budget of alarms", html);
    if (is_object(detection))
        write_numbers(detection, "At the threshold, by money and by entity", html);
    if (is_object(cost)) {
        write_numbers(doc_find(cost, "matrix"), "Cost matrix", html);
        write_numbers(doc_find(cost, "at_threshold"), "Cost at the threshold", html);
    }
    if (curve != NULL && curve->count > 0)
        write_cost_curve(curve, html);
    if (!is_object(budget) && !is_object(detection) && !is_object(cost))
        page_paragraph(html, "Neither a budget, nor costs, nor whose rows they are is named "
                             "(evaluation.budget, .cost, .entity, .amount, .time).");
}

const struct section section_money = {"money", "Budget and money", write_money};
