#include "report/plot.h"

#include "report/page.h"

#include <math.h>

enum { WIDTH = 320, HEIGHT = 240, LEFT = 56, RIGHT = 18, TOP = 8, BOTTOM = 36, TICKS = 4 };

static double px(const struct plot *plot, double x)
{
    double share = (x - plot->x.from) / (plot->x.to - plot->x.from);
    return LEFT + fmin(fmax(share, 0), 1) * (WIDTH - LEFT - RIGHT);
}

static double py(const struct plot *plot, double y)
{
    double share = (y - plot->y.from) / (plot->y.to - plot->y.from);
    return HEIGHT - BOTTOM - fmin(fmax(share, 0), 1) * (HEIGHT - TOP - BOTTOM);
}

static const char *class_of(enum plot_look look)
{
    static const char *const name[] = {
        [PLOT_ONE] = "one", [PLOT_TWO] = "two", [PLOT_GUIDE] = "guide"};
    return name[look];
}

static void write_axes(const struct plot *plot)
{
    struct text *html = plot->html;
    text_addf(html, "<path class=\"axis\" d=\"M%d %dV%dH%d\"/>\n", LEFT, TOP, HEIGHT - BOTTOM,
              WIDTH - RIGHT);
    for (int i = 0; i <= TICKS; i++) {
        double x = plot->x.from + (plot->x.to - plot->x.from) * i / TICKS;
        double y = plot->y.from + (plot->y.to - plot->y.from) * i / TICKS;
        text_addf(html, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.3g</text>", px(plot, x),
                  HEIGHT - BOTTOM + 14, x);
        text_addf(html, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.3g</text>\n", LEFT - 4,
                  py(plot, y) + 4, y);
    }
    text_addf(html, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">", (LEFT + WIDTH - RIGHT) / 2,
              HEIGHT - 6);
    page_text(html, view_of(plot->x.name));
    text_addf(html,
              "</text><text transform=\"translate(11 %d) rotate(-90)\" "
              "text-anchor=\"middle\">",
              (TOP + HEIGHT - BOTTOM) / 2);
    page_text(html, view_of(plot->y.name));
    text_adds(html, "</text>\n");
}

void plot_open(const struct plot *plot)
{
    text_addf(plot->html, "<figure><svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH,
              HEIGHT);
    page_text(plot->html, view_of(plot->caption));
    text_adds(plot->html, "\">\n");
    write_axes(plot);
}

void plot_close(const struct plot *plot)
{
    text_adds(plot->html, "</svg><figcaption>");
    page_text(plot->html, view_of(plot->caption));
    text_adds(plot->html, "</figcaption></figure>\n");
}

void plot_line(const struct plot *plot, enum plot_look look, const struct doc *list, const char *x,
               const char *y)
{
    bool begun = false;
    text_addf(plot->html, "<path class=\"%s\" d=\"", class_of(look));
    for (const struct doc *item = list == NULL ? NULL : list->first; item != NULL;
         item = item->next) {
        double at = doc_number_at(item, x), value = doc_number_at(item, y);
        if (!isfinite(at) || !isfinite(value))
            continue;
        text_addf(plot->html, "%c%.1f %.1f", begun ? 'L' : 'M', px(plot, at), py(plot, value));
        begun = true;
    }
    text_adds(plot->html, "\"/>\n");
}

void plot_segment(const struct plot *plot, enum plot_look look, double x0, double y0, double x1,
                  double y1)
{
    text_addf(plot->html, "<path class=\"%s\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", class_of(look),
              px(plot, x0), py(plot, y0), px(plot, x1), py(plot, y1));
}

void plot_point(const struct plot *plot, enum plot_look look, double x, double y)
{
    if (isfinite(x) && isfinite(y))
        text_addf(plot->html, "<circle class=\"dot%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"%s\"/>\n",
                  look == PLOT_TWO ? 2 : 1, px(plot, x), py(plot, y),
                  look == PLOT_TWO ? "2.6" : "2");
}

void plot_bar(const struct plot *plot, enum plot_look look, double x0, double x1, double y)
{
    if (isfinite(y) && y > plot->y.from)
        text_addf(plot->html,
                  "<rect class=\"bar%d\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n",
                  look == PLOT_TWO ? 2 : 1, px(plot, x0), py(plot, y), px(plot, x1) - px(plot, x0),
                  py(plot, plot->y.from) - py(plot, y));
}

void plot_label(const struct plot *plot, double x, double y, struct view text)
{
    text_addf(plot->html, "<text x=\"%.1f\" y=\"%.1f\">", px(plot, x), py(plot, y));
    page_text(plot->html, text);
    text_adds(plot->html, "</text>\n");
}
