/* What the scores come from: exact SHAP values over the test slice. */
#include "report/page.h"
#include "report/plot.h"
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
        double share = doc_number_at(item, "mean_abs") / most;
        double width = (isfinite(share) && share > 0 ? share : 0) * (WIDE - LABEL - 50);
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

/* ---------------------------------------------------------------- the swarm */

enum { BINS = 90, ROW_HEIGHT = 26, SWARM_ROWS = 12, LOOKS = 3 };

/* Where the swarm lies between the names and the edge. */
struct swarm {
    double from, to; /* contributions */
};

static double swarm_x(const struct swarm *swarm, double contribution)
{
    double share = (contribution - swarm->from) / (swarm->to - swarm->from);
    return LABEL + 6 + share * (WIDE - LABEL - 16);
}

static struct swarm swarm_of(const struct doc *features)
{
    struct swarm swarm = {0};
    size_t row = 0;
    for (const struct doc *f = features->first; f != NULL && row < SWARM_ROWS; f = f->next, row++) {
        const struct doc *points = doc_find(f, "points");
        for (const struct doc *p = points == NULL ? NULL : points->first; p != NULL; p = p->next)
            if (p->kind == DOC_LIST && p->count == 2) {
                swarm.from = fmin(swarm.from, p->first->next->number);
                swarm.to = fmax(swarm.to, p->first->next->number);
            }
    }
    return swarm;
}

/* Points of one contribution stand above and below each other in turn. */
static void write_dots(const struct swarm *swarm, const struct doc *points, size_t row, int look,
                       unsigned *stacked, struct text *html)
{
    static const char *const name[LOOKS] = {"low", "middle", "high"};
    text_addf(html, "<path class=\"swarm %s\" d=\"", name[look]);
    for (const struct doc *p = points->first; p != NULL; p = p->next) {
        if (p->kind != DOC_LIST || p->count != 2)
            continue;
        double rank = p->first->number, x = swarm_x(swarm, p->first->next->number);
        int of = rank < 1.0 / 3 ? 0 : rank < 2.0 / 3 ? 1 : 2;
        if (of != look || !isfinite(x))
            continue;
        size_t bin = (size_t)fmax(0, (x - LABEL) * BINS / (WIDE - LABEL));
        unsigned place = stacked[bin < BINS ? bin : BINS - 1]++;
        double offset = (place % 2 == 0 ? 1 : -1) * (double)((place + 1) / 2) * 1.4;
        offset = fmin(fmax(offset, -ROW_HEIGHT / 2.0 + 2), ROW_HEIGHT / 2.0 - 2);
        text_addf(html, "M%.1f %.1fh0", x, (double)row * ROW_HEIGHT + ROW_HEIGHT / 2.0 + offset);
    }
    text_adds(html, "\"/>\n");
}

static void write_swarm(const struct doc *features, struct text *html)
{
    static const char caption[] =
        "Each point is a row of the test slice: to the right it raises the score, to the left it "
        "lowers it. Blue: the feature's value is low, grey: middling, orange and larger: high.";
    struct swarm swarm = swarm_of(features);
    if (!(swarm.from < swarm.to))
        return;
    size_t rows = features->count < SWARM_ROWS ? features->count : SWARM_ROWS, row = 0;
    text_addf(html, "<figure><svg viewBox=\"0 0 %d %zu\" role=\"img\" aria-label=\"%s\">\n", WIDE,
              rows * ROW_HEIGHT + 20, caption);
    text_addf(html, "<path class=\"guide\" d=\"M%.1f 0V%zu\"/>\n", swarm_x(&swarm, 0),
              rows * ROW_HEIGHT);
    for (const struct doc *f = features->first; row < rows; f = f->next, row++) {
        const struct doc *points = doc_find(f, "points");
        unsigned stacked[BINS] = {0};
        text_addf(html, "<text x=\"%d\" y=\"%zu\" text-anchor=\"end\">", LABEL - 6,
                  row * ROW_HEIGHT + ROW_HEIGHT / 2 + 4);
        page_text(html, doc_text_at(f, "feature"));
        text_adds(html, "</text>\n");
        for (int look = 0; look < LOOKS && points != NULL; look++)
            write_dots(&swarm, points, row, look, stacked, html);
    }
    text_addf(html, "<text x=\"%d\" y=\"%zu\">%.2g</text>", LABEL + 2, rows * ROW_HEIGHT + 14,
              swarm.from);
    text_addf(html, "<text x=\"%d\" y=\"%zu\" text-anchor=\"end\">%.2g</text>\n", WIDE - 4,
              rows * ROW_HEIGHT + 14, swarm.to);
    text_addf(html, "</svg><figcaption>%s</figcaption></figure>\n", caption);
}

/* ---------------------------------------------------------------- partial dependence */

static void write_dependence(const struct doc *feature, struct text *html)
{
    enum { PLOTTED_MIN = 2 };
    const struct doc *points = doc_find(feature, "points");
    double left = (double)INFINITY, right = -left, top = 0;
    for (const struct doc *p = points == NULL ? NULL : points->first; p != NULL; p = p->next) {
        left = fmin(left, doc_number_at(p, "value"));
        right = fmax(right, doc_number_at(p, "value"));
        top = fmax(top, doc_number_at(p, "score"));
    }
    if (points == NULL || points->count < PLOTTED_MIN || !(left < right) || !(top > 0))
        return;
    char name_bytes[600], caption_bytes[700];
    struct text name = text_in(name_bytes, sizeof name_bytes);
    struct text caption = text_in(caption_bytes, sizeof caption_bytes);
    text_add(&name, doc_text_at(feature, "feature"));
    text_addf(&caption, "Mean score when every row has this %s.", text_c(&name));
    struct plot plot = {.html = html,
                        .caption = text_c(&caption),
                        .x = {text_c(&name), left, right},
                        .y = {"mean score", 0, top}};
    plot_open(&plot);
    plot_line(&plot, PLOT_ONE, points, "value", "score");
    plot_close(&plot);
}

static void write_dependences(const struct doc *features, struct text *html)
{
    enum { PLOTS_MAX = 6 };
    size_t shown = 0;
    text_adds(html, "<h3>Partial dependence</h3>\n<div class=\"plots\">\n");
    for (const struct doc *f = features->first; f != NULL && shown < PLOTS_MAX;
         f = f->next, shown++)
        write_dependence(f, html);
    text_adds(html, "</div>\n");
}

/* ---------------------------------------------------------------- tables */

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
    const struct doc *swarm = doc_at(explanations, "beeswarm.features");
    const struct doc *dependence = doc_at(explanations, "partial_dependence.features");
    write_bars(features, html);
    if (swarm != NULL && swarm->kind == DOC_LIST)
        write_swarm(swarm, html);
    if (dependence != NULL && dependence->kind == DOC_LIST && dependence->count > 0)
        write_dependences(dependence, html);
    write_table(features, "By feature; direction is the correlation of value and contribution",
                html);
    if (columns != NULL && columns->kind == DOC_LIST)
        write_table(columns, "By source column", html);
}

const struct section section_explanations = {"explanations", "Explanations", write_explanations};
