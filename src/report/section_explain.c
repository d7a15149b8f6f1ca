/* What the scores come from: exact SHAP values over the test slice. */
#include "report/page.h"
#include "report/report.h"

#include <math.h>

enum { SHOWN = 15, BAR_HEIGHT = 18, LABEL = 150, WIDE = 480 };

static double most_of(const struct doc *features)
{
    double most = 0;
    for (const struct doc *item = features->first; item != NULL; item = item->next)
        most = fmax(most, doc_number_at(item, "mean_abs"));
    return most;
}

/* Horizontal bars: the names are long and read from the left. */
static void write_bars(const struct doc *features, struct text *html)
{
    static const char caption[] =
        "Mean |SHAP| in log-odds: how much each feature moves a score, up or down.";
    double most = most_of(features);
    size_t shown = features->count < SHOWN ? features->count : SHOWN, at = 0;
    if (!(most > 0))
        return;
    text_addf(html, "<figure><svg viewBox=\"0 0 %d %zu\" role=\"img\" aria-label=\"%s\">\n", WIDE,
              shown * BAR_HEIGHT + 4, caption);
    for (const struct doc *item = features->first; at < shown; item = item->next, at++) {
        double width = doc_number_at(item, "mean_abs") / most * (WIDE - LABEL - 50);
        text_addf(html, "<text x=\"%d\" y=\"%zu\" text-anchor=\"end\">", LABEL - 6,
                  at * BAR_HEIGHT + 13);
        page_text(html, doc_text_at(item, "name"));
        text_addf(html,
                  "</text><rect class=\"bar1\" x=\"%d\" y=\"%zu\" width=\"%.1f\" height=\"12\"/>",
                  LABEL, at * BAR_HEIGHT + 3, width);
        text_addf(html, "<text x=\"%.1f\" y=\"%zu\">", LABEL + width + 4, at * BAR_HEIGHT + 13);
        page_number(html, doc_number_at(item, "mean_abs"));
        text_adds(html, "</text>\n");
    }
    text_addf(html, "</svg><figcaption>%s</figcaption></figure>\n", caption);
}

static void write_table(const struct doc *features, const char *caption, struct text *html)
{
    static const char *const head[] = {"name", "mean |SHAP|", "share",
                                       "mean", "deviation",   "direction"};
    page_table(html, caption, head, LENGTH_OF(head));
    for (const struct doc *item = features->first; item != NULL; item = item->next) {
        page_row(html, doc_text_at(item, "name"));
        page_number_cell(html, doc_number_at(item, "mean_abs"));
        page_number_cell(html, doc_number_at(item, "share"));
        page_number_cell(html, doc_number_at(item, "mean"));
        page_number_cell(html, doc_number_at(item, "standard_deviation"));
        page_number_cell(html, doc_number_at(item, "direction"));
        page_row_end(html);
    }
    page_table_end(html);
}

static void write_explanations(const struct report *report, struct text *html)
{
    const struct doc *explanations = report->paper[PAPER_explanations];
    const struct doc *features = doc_find(explanations, "features");
    const struct doc *columns = doc_find(explanations, "columns");
    if (features == NULL || features->kind != DOC_LIST) {
        page_paragraph(html, "This bundle carries no explanations.");
        return;
    }
    write_bars(features, html);
    write_table(features, "By feature; direction is the correlation of value and contribution",
                html);
    if (columns != NULL && columns->kind == DOC_LIST)
        write_table(columns, "By source column", html);
}

const struct section section_explanations = {"explanations", "Explanations", write_explanations};
