/* Labels and decisions by group. */
#include "report/page.h"
#include "report/report.h"

#include <math.h>

static double value_of(const struct doc *metric)
{
    const struct doc *value = doc_find(metric, "value");
    return value != NULL && value->kind == DOC_NUMBER ? value->number : (double)NAN;
}

static void write_metrics(const struct doc *facet, const char *caption, struct text *html)
{
    static const char *const head[] = {"metric", "value", "from (95 %)", "to", "what it is"};
    const struct doc *metrics = doc_find(facet, "metrics");
    page_table(html, caption, head, LENGTH_OF(head));
    for (const struct doc *metric = metrics == NULL ? NULL : metrics->first; metric != NULL;
         metric = metric->next) {
        const struct doc *interval = doc_find(metric, "interval_95");
        bool there = interval != NULL && interval->kind == DOC_LIST && interval->count == 2;
        page_row(html, doc_text_at(metric, "name"));
        page_number_cell(html, value_of(metric));
        page_number_cell(html, there ? interval->first->number : (double)NAN);
        page_number_cell(html, there ? interval->first->next->number : (double)NAN);
        page_cell(html, doc_text_at(metric, "description"));
        page_row_end(html);
    }
    page_table_end(html);
}

static void write_facet(struct view column, const struct doc *facet, bool after, struct text *html)
{
    char caption[400];
    struct view value = doc_text_at(facet, "value_or_threshold");
    snprintf(caption, sizeof caption, "%s by " VIEW_FMT ": " VIEW_FMT " beside the rest",
             after ? "Decisions (test slice)" : "Labels (training slice)", VIEW_ARG(column),
             VIEW_ARG(value));
    struct view caveat = doc_text_at(facet, "caveat");
    if (caveat.length > 0) {
        text_adds(html, "<p class=\"bad\">");
        page_text(html, column);
        text_adds(html, ": ");
        page_text(html, caveat);
        text_adds(html, "</p>\n");
    }
    write_metrics(facet, caption, html);
}

static size_t write_part(const struct doc *part, bool after, struct text *html)
{
    const struct doc *facets = doc_find(part, "facets");
    size_t count = 0;
    for (const struct doc *column = facets == NULL ? NULL : facets->first; column != NULL;
         column = column->next)
        for (const struct doc *facet = column->first; facet != NULL; facet = facet->next, count++)
            write_facet(column->key, facet, after, html);
    return count;
}

static void write_bias(const struct report *report, struct text *html)
{
    const struct doc *bias = report->paper[PAPER_bias];
    size_t count = write_part(doc_find(bias, "pre_training_bias_metrics"), false, html);
    count += write_part(doc_find(bias, "post_training_bias_metrics"), true, html);
    if (count == 0)
        page_paragraph(html, "No groups are named (bias.facets).");
}

const struct section section_bias = {"bias", "Bias", write_bias};
