#include "report/plot.h"

#include "harness.h"

#include <math.h>

static struct plot plot_in(struct text *html)
{
    return (struct plot){.html = html, .caption = "a <b>", .x = {"x", 0, 2}, .y = {"y", 0, 10}};
}

TEST(a_line_goes_through_the_points_that_have_both_numbers)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct err err = {0};
    struct text html = text_in_arena(&arena);
    struct plot plot = plot_in(&html);
    const struct doc *list =
        doc_parse(VIEW("[{\"a\":0,\"b\":0},{\"a\":1},{\"a\":null,\"b\":3},{\"a\":2,\"b\":10}]"),
                  &arena, &err);
    TRUE(list != NULL);
    plot_line(&plot, PLOT_ONE, list, "a", "b");
    TEXT(text_view(&html), "<path class=\"one\" d=\"M56.0 204.0L302.0 8.0\"/>\n");
}

TEST(what_lies_outside_is_drawn_at_the_edge_and_what_is_no_number_not_at_all)
{
    char bytes[1024];
    struct text html = text_in(bytes, sizeof bytes);
    struct plot plot = plot_in(&html);
    plot_point(&plot, PLOT_TWO, 99, -5);
    TEXT(text_view(&html), "<circle class=\"dot2\" cx=\"302.0\" cy=\"204.0\" r=\"2.6\"/>\n");
    html.length = 0;
    plot_point(&plot, PLOT_TWO, (double)NAN, 1);
    plot_bar(&plot, PLOT_ONE, 0, 1, (double)NAN);
    plot_bar(&plot, PLOT_ONE, 0, 1, 0);
    SAME(html.length, 0);
}

TEST(a_figure_says_its_caption_to_eyes_and_to_screen_readers)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct text html = text_in_arena(&arena);
    struct plot plot = plot_in(&html);
    plot_open(&plot);
    plot_close(&plot);
    const char *page = text_c(&html);
    TRUE(strstr(page, "role=\"img\" aria-label=\"a &lt;b&gt;\"") != NULL);
    TRUE(strstr(page, "<figcaption>a &lt;b&gt;</figcaption>") != NULL);
}
