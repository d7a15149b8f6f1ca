/* Where the scores lie, and whether they can be read as probabilities. */
#include "report/page.h"
#include "report/plot.h"
#include "report/report.h"

#include <math.h>

/* Bars of the logarithm, so that a hundred frauds are seen beside a million others. */
static double height_of(const struct doc *count)
{
    return log10(1 + count->number);
}

static double highest(const struct doc *list, double so_far)
{
    for (const struct doc *bin = list->first; bin != NULL; bin = bin->next)
        so_far = fmax(so_far, height_of(bin));
    return so_far;
}

static void write_bars(const struct plot *plot, enum plot_look look, const struct doc *list)
{
    double at = 0, width = 1.0 / (double)list->count;
    double left = look == PLOT_TWO ? .5 : 0;
    for (const struct doc *bin = list->first; bin != NULL; bin = bin->next, at += width)
        plot_bar(plot, look, at + left * width, at + (left + .45) * width, height_of(bin));
}

static void write_scores(const struct report *report, struct text *html)
{
    const struct doc *histogram = doc_at(report->paper[PAPER_evaluation], "curves.score_histogram");
    const struct doc *good = doc_find(histogram, "legitimate"), *bad = doc_find(histogram, "fraud");
    if (good == NULL || bad == NULL || good->count == 0 || bad->count == 0) {
        page_paragraph(html, "This bundle carries no evaluation.");
        return;
    }
    double top = highest(bad, highest(good, 1)), line = (double)report->bundle->policy.threshold;
    struct plot plot = {.html = html,
                        .caption = "Rows by score, as powers of ten: left bars (blue) legitimate, "
                                   "right bars (orange) fraud; dotted: the threshold.",
                        .x = {"score", 0, 1},
                        .y = {"log10(1 + rows)", 0, ceil(top)}};
    text_adds(html, "<div class=\"plots\">\n");
    plot_open(&plot);
    write_bars(&plot, PLOT_ONE, good);
    write_bars(&plot, PLOT_TWO, bad);
    plot_segment(&plot, PLOT_GUIDE, line, 0, line, ceil(top));
    plot_close(&plot);
    text_adds(html, "</div>\n");
}

const struct section section_scores = {"scores", "Scores", write_scores};

/* ---------------------------------------------------------------- calibration */

static double edge_of(const struct doc *bins, double so_far)
{
    for (const struct doc *bin = bins == NULL ? NULL : bins->first; bin != NULL; bin = bin->next)
        so_far = fmax(so_far, fmax(doc_number_at(bin, "score"), doc_number_at(bin, "fraud_rate")));
    return so_far;
}

static void write_sides(const struct doc *calibration, struct text *html)
{
    static const char *const head[] = {"metric", "scores", "probabilities"};
    static const char *const metric[] = {"log_loss", "brier",      "brier_skill",
                                         "ece",      "ece_alerts", "score_ratio"};
    page_table(html, "How far from the truth, before and after calibration", head, LENGTH_OF(head));
    for (size_t i = 0; i < LENGTH_OF(metric); i++) {
        page_row(html, view_of(metric[i]));
        page_number_cell(html, doc_number_at(doc_find(calibration, "scores"), metric[i]));
        page_number_cell(html, doc_number_at(doc_find(calibration, "probabilities"), metric[i]));
        page_row_end(html);
    }
    page_table_end(html);
}

static void write_points(const struct plot *plot, enum plot_look look, const struct doc *bins)
{
    for (const struct doc *bin = bins == NULL ? NULL : bins->first; bin != NULL; bin = bin->next)
        plot_point(plot, look, doc_number_at(bin, "score"), doc_number_at(bin, "fraud_rate"));
}

static void write_calibration(const struct report *report, struct text *html)
{
    const struct doc *calibration = doc_find(report->paper[PAPER_evaluation], "calibration");
    if (calibration == NULL) {
        page_paragraph(html, "This bundle carries no evaluation.");
        return;
    }
    const struct doc *before = doc_at(calibration, "scores.reliability");
    const struct doc *after = doc_at(calibration, "probabilities.reliability");
    double edge = edge_of(after, edge_of(before, 1e-6));
    page_facts(html);
    page_fact(html, "calibrator", doc_text_at(calibration, "calibrator"));
    if (doc_find(calibration, "why") != NULL)
        page_fact(html, "why none", doc_text_at(calibration, "why"));
    page_fact(html, "learned on", doc_text_at(calibration, "learned_on"));
    page_fact_number(html, "its frauds", doc_number_at(calibration, "learned_from_frauds"));
    page_facts_end(html);
    text_adds(html, "<div class=\"plots\">\n");
    struct plot plot = {.html = html,
                        .caption = "Reliability in 15 bins of equal mass: small blue points the "
                                   "scores, larger orange ones the probabilities; on the dotted "
                                   "line they are the truth.",
                        .x = {"mean score", 0, edge},
                        .y = {"share of fraud", 0, edge}};
    plot_open(&plot);
    plot_segment(&plot, PLOT_GUIDE, 0, 0, edge, edge);
    write_points(&plot, PLOT_TWO, after);
    write_points(&plot, PLOT_ONE, before);
    plot_close(&plot);
    text_adds(html, "</div>\n");
    write_sides(calibration, html);
}

const struct section section_calibration = {"calibration", "Calibration", write_calibration};
