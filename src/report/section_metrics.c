/* How good the model is, in numbers, in curves, and for the parts of its traffic. */
#include "report/page.h"
#include "report/plot.h"
#include "report/report.h"

#include <math.h>

static void nothing(struct text *html)
{
    page_paragraph(html, "This bundle carries no evaluation.");
}

static void write_interval(const struct doc *figure, struct text *html)
{
    const struct doc *interval = doc_find(figure, "interval_95");
    bool there = interval != NULL && interval->kind == DOC_LIST && interval->count == 2;
    page_number_cell(html, there ? interval->first->number : (double)NAN);
    page_number_cell(html, there ? interval->first->next->number : (double)NAN);
}

static void write_folds_cell(const struct doc *folds, struct view name, struct text *html)
{
    char path[128];
    snprintf(path, sizeof path, "metrics." VIEW_FMT, VIEW_ARG(name));
    const struct doc *figure = doc_at(folds, path);
    page_number_cell(html, doc_number_at(figure, "mean"));
    page_number_cell(html, doc_number_at(figure, "standard_deviation"));
}

static void write_confusion(const struct doc *metrics, struct text *html)
{
    static const char *const head[] = {"in truth", "no alarm", "alarm"};
    static const char *const name[] = {"legitimate", "fraud"};
    static const char *const cell[2][2] = {{"confusion_matrix.0.0", "confusion_matrix.0.1"},
                                           {"confusion_matrix.1.0", "confusion_matrix.1.1"}};
    page_table(html, "Alarms at the threshold", head, LENGTH_OF(head));
    for (size_t i = 0; i < LENGTH_OF(name); i++) {
        page_row(html, view_of(name[i]));
        page_count_cell(html, doc_number_at(metrics, cell[i][0]));
        page_count_cell(html, doc_number_at(metrics, cell[i][1]));
        page_row_end(html);
    }
    page_table_end(html);
}

static void write_metrics(const struct report *report, struct text *html)
{
    static const char *const head[] = {"metric", "test",        "from (95 %)",
                                       "to",     "folds: mean", "deviation"};
    const struct doc *evaluation = report->paper[PAPER_evaluation];
    const struct doc *metrics = doc_find(evaluation, "classification_metrics");
    if (metrics == NULL) {
        nothing(html);
        return;
    }
    text_adds(html, "<p>Test slice: ");
    page_number(html, doc_number_at(evaluation, "classification.rows"));
    text_adds(html, " rows, ");
    page_number(html, doc_number_at(evaluation, "classification.frauds"));
    text_adds(html, " frauds, threshold ");
    page_number(html, doc_number_at(evaluation, "threshold.value"));
    text_adds(html, " (rule: ");
    page_text(html, doc_text_at(evaluation, "threshold.rule"));
    text_adds(html, ", chosen on: ");
    page_text(html, doc_text_at(evaluation, "threshold.chosen_on"));
    text_adds(html, ")");
    struct view weight = doc_text_at(evaluation, "classification.weighted_by");
    if (weight.length > 0) {
        text_adds(html, "; every row counts by its ");
        page_text(html, weight);
    }
    text_adds(html, ".</p>\n");
    page_table(html, "Metrics, with the intervals of the test slice", head, LENGTH_OF(head));
    for (const struct doc *item = metrics->first; item != NULL; item = item->next) {
        if (doc_find(item, "value") == NULL)
            continue;
        page_row(html, item->key);
        page_number_cell(html, doc_number_at(item, "value"));
        write_interval(item, html);
        write_folds_cell(doc_find(evaluation, "cross_validation"), item->key, html);
        page_row_end(html);
    }
    page_table_end(html);
    write_confusion(metrics, html);
}

const struct section section_metrics = {"metrics", "Metrics", write_metrics};

static void write_ranking(const struct report *report, struct text *html)
{
    const struct doc *evaluation = report->paper[PAPER_evaluation];
    const struct doc *roc = doc_at(evaluation, "curves.roc"), *pr = doc_at(evaluation, "curves.pr");
    if (roc == NULL || pr == NULL) {
        nothing(html);
        return;
    }
    double chance = doc_number_at(evaluation, "classification_metrics.prevalence.value");
    text_adds(html, "<div class=\"plots\">\n");
    struct plot plot = {.html = html,
                        .caption = "ROC: recall by false-positive rate; dotted: chance.",
                        .x = {"false-positive rate", 0, 1},
                        .y = {"recall", 0, 1}};
    plot_open(&plot);
    plot_segment(&plot, PLOT_GUIDE, 0, 0, 1, 1);
    plot_line(&plot, PLOT_ONE, roc, "fpr", "recall");
    plot_close(&plot);
    plot = (struct plot){.html = html,
                         .caption = "PR: precision by recall; dotted: chance.",
                         .x = {"recall", 0, 1},
                         .y = {"precision", 0, 1}};
    plot_open(&plot);
    if (isfinite(chance))
        plot_segment(&plot, PLOT_GUIDE, 0, chance, 1, chance);
    plot_line(&plot, PLOT_ONE, pr, "recall", "precision");
    plot_close(&plot);
    text_adds(html, "</div>\n");
}

const struct section section_ranking = {"ranking", "ROC and PR curves", write_ranking};

/* ---------------------------------------------------------------- segments */

static void write_segment(const struct doc *segment, struct text *html)
{
    static const char *const head[] = {"value",     "rows",   "frauds", "ROC-AUC", "PR-AUC",
                                       "precision", "recall", "alarms", "remark"};
    static const char *const metric[] = {"metrics.roc_auc.value", "metrics.pr_auc.value",
                                         "metrics.precision.value", "metrics.recall.value",
                                         "metrics.alert_rate.value"};
    char bytes[600];
    struct text caption = text_in(bytes, sizeof bytes);
    text_adds(&caption, "By ");
    text_add(&caption, doc_text_at(segment, "column"));
    const struct doc *parts = doc_find(segment, "parts");
    page_table(html, text_c(&caption), head, LENGTH_OF(head));
    for (const struct doc *part = parts == NULL ? NULL : parts->first; part != NULL;
         part = part->next) {
        struct view value = doc_text_at(part, "value");
        const struct doc *few = doc_find(part, "too_few_frauds");
        page_row(html,
                 value.text == NULL || value.length == 0 ? VIEW("(missing or other)") : value);
        page_count_cell(html, doc_number_at(part, "rows"));
        page_count_cell(html, doc_number_at(part, "frauds"));
        for (size_t i = 0; i < LENGTH_OF(metric); i++)
            page_number_cell(html, doc_number_at(part, metric[i]));
        page_cell(html,
                  few != NULL && few->kind == DOC_TRUE ? VIEW("too few frauds to say") : VIEW(""));
        page_row_end(html);
    }
    page_table_end(html);
}

static void write_segments(const struct report *report, struct text *html)
{
    const struct doc *columns = doc_at(report->paper[PAPER_evaluation], "segments.columns");
    if (columns == NULL || columns->count == 0)
        page_paragraph(html, "No segments are named (evaluation.segments).");
    for (const struct doc *segment = columns == NULL ? NULL : columns->first; segment != NULL;
         segment = segment->next)
        write_segment(segment, html);
}

const struct section section_segments = {"segments", "Segments", write_segments};
