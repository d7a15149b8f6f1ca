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

/* A facet's value may be a text or a number. */
static void write_name(struct view column, const struct doc *facet, struct text *name)
{
    const struct doc *value = doc_find(facet, "value_or_threshold");
    text_add(name, column);
    text_adds(name, ": ");
    if (value != NULL && value->kind == DOC_TEXT)
        text_add(name, value->text);
    else if (value != NULL && value->kind == DOC_NUMBER)
        text_addf(name, "above or from %.6g", value->number);
}

static void write_facet(struct view column, const struct doc *facet, bool after, struct text *html)
{
    char bytes[400];
    struct text caption = text_in(bytes, sizeof bytes - 1);
    text_adds(&caption, after ? "Decisions (test slice), " : "Labels (training slice), ");
    write_name(column, facet, &caption);
    write_metrics(facet, text_c(&caption), html);
}

/* For each facet who is stopped, before any of Clarify's letters. */
static void write_overview_row(struct view column, const struct doc *facet, struct text *html)
{
    static const char *const figure[] = {"counts.facet.members",
                                         "counts.facet.frauds",
                                         "counts.facet.flagged",
                                         "rates.facet.false_positive_rate.value",
                                         "rates.rest.false_positive_rate.value",
                                         "rates.facet.false_negative_rate.value",
                                         "rates.rest.false_negative_rate.value",
                                         "rates.facet.precision.value",
                                         "rates.rest.precision.value"};
    char bytes[400];
    struct text name = text_in(bytes, sizeof bytes);
    struct view verdict = doc_text_at(facet, "verdict");
    write_name(column, facet, &name);
    page_row(html, text_view(&name));
    text_addf(html, "<td class=\"%s\">", view_is(verdict, "stands") ? "good" : "bad");
    page_text(html, verdict);
    text_adds(html, "</td>");
    for (size_t i = 0; i < LENGTH_OF(figure); i++)
        page_number_cell(html, doc_number_at(facet, figure[i]));
    page_cell(html, doc_text_at(facet, "caveat"));
    page_row_end(html);
}

static void write_overview(const struct doc *facets, struct text *html)
{
    static const char *const head[] = {"facet",     "verdict",   "members",         "frauds",
                                       "flagged",   "FPR",       "FPR, rest",       "FNR",
                                       "FNR, rest", "precision", "precision, rest", "caveat"};
    page_table(html, "Who is stopped, at the threshold, on the test slice", head, LENGTH_OF(head));
    for (const struct doc *column = facets->first; column != NULL; column = column->next)
        for (const struct doc *facet = column->first; facet != NULL; facet = facet->next)
            write_overview_row(column->key, facet, html);
    page_table_end(html);
}

static void write_part(const struct doc *facets, bool after, struct text *html)
{
    for (const struct doc *column = facets == NULL ? NULL : facets->first; column != NULL;
         column = column->next)
        for (const struct doc *facet = column->first; facet != NULL; facet = facet->next)
            write_facet(column->key, facet, after, html);
}

static void write_bias(const struct report *report, struct text *html)
{
    const struct doc *bias = report->paper[PAPER_bias];
    const struct doc *labels = doc_at(bias, "pre_training_bias_metrics.facets");
    const struct doc *decisions = doc_at(bias, "post_training_bias_metrics.facets");
    if (decisions == NULL || decisions->count == 0) {
        page_paragraph(html, "No groups are named (bias.facets).");
        return;
    }
    write_overview(decisions, html);
    write_part(labels, false, html);
    write_part(decisions, true, html);
}

const struct section section_bias = {"bias", "Bias", write_bias};
