/*
 * plot: pictures of curves, bars and points as SVG in the page.
 *
 * A plot is a figure with a caption; the caption, which screen readers hear, says what it shows.
 * Coordinates are the data's.
 *
 *     struct plot plot = {.html = html, .caption = "...", .x = {"recall", 0, 1}, .y = {...}};
 *     plot_open(&plot);
 *     plot_line(&plot, PLOT_ONE, list, "recall", "precision");
 *     plot_close(&plot);
 */
#ifndef REPORT_PLOT_H
#define REPORT_PLOT_H

#include "base/doc.h"
#include "base/text.h"

/* The second is dashed, or hollow, as well as of another colour. */
enum plot_look { PLOT_ONE, PLOT_TWO, PLOT_GUIDE };

struct plot_axis {
    const char *name;
    double from, to;
};

struct plot {
    struct text *html;
    const char *caption;
    struct plot_axis x, y;
};

void plot_open(const struct plot *plot);
void plot_close(const struct plot *plot);

/* Through a list of objects by two of their numbers; what has none of them is left out. */
void plot_line(const struct plot *plot, enum plot_look look, const struct doc *list, const char *x,
               const char *y);
void plot_segment(const struct plot *plot, enum plot_look look, double x0, double y0, double x1,
                  double y1);
void plot_point(const struct plot *plot, enum plot_look look, double x, double y);
void plot_bar(const struct plot *plot, enum plot_look look, double x0, double x1, double y);
void plot_label(const struct plot *plot, double x, double y, struct view text);

#endif
