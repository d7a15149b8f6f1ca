#include "harness.h"

#include "report/report.h"

/* "{"rows":[0,0,...]}" */
static struct view zeros(size_t count, struct arena *arena)
{
    struct text text = text_in_arena(arena);
    text_adds(&text, "{\"rows\":[0");
    for (size_t i = 1; i < count; i++)
        text_adds(&text, ",0");
    text_adds(&text, "]}");
    TRUE(!text.cut);
    return text_view(&text);
}

static bool written(struct bundle *bundle, struct arena *arena, struct err *err)
{
    struct report report = {.bundle = bundle, .comparison = VIEW("")};
    struct text html = text_in_arena(arena);
    return report_write(&report, arena, &html, err);
}

/* The page's arena would hold neither document: the refusal comes before they are made. */
TEST(papers_too_large_for_a_page_are_refused_before_they_are_parsed)
{
    CLEANUP(arena_release) struct arena papers = {.limit = 1 << 28}, page = {.limit = 1 << 16};
    struct bundle bundle = {.project = VIEW("p")};
    struct err err = {0};
    bundle.paper[PAPER_evaluation] = zeros(REPORT_TOKENS_MAX, &papers);
    FAILS(written(&bundle, &page, &err), err, ERR_LIMIT);
    SAYS(err, "the report, evaluation: with it the papers have more than 1048576 values and keys");

    bundle.paper[PAPER_evaluation] = zeros(REPORT_TOKENS_MAX / 2, &papers);
    bundle.paper[PAPER_bias] = bundle.paper[PAPER_evaluation];
    arena_reset(&page);
    page.limit = 1 << 28;
    err = (struct err){0};
    FAILS(written(&bundle, &page, &err), err, ERR_LIMIT);
    SAYS(err, "the report, bias: with it the papers have more than 1048576 values and keys");

    char *text = arena_new(&papers, char, REPORT_BYTES_MAX + 16);
    memset(text, 'x', REPORT_BYTES_MAX + 16);
    memcpy(text, "{\"a\":\"", 6);
    memcpy(text + REPORT_BYTES_MAX, "\"}", 2);
    bundle.paper[PAPER_bias] = (struct view){0};
    bundle.paper[PAPER_evaluation] = (struct view){text, REPORT_BYTES_MAX + 2};
    arena_reset(&page);
    page.limit = 1 << 16;
    err = (struct err){0};
    FAILS(written(&bundle, &page, &err), err, ERR_LIMIT);
    SAYS(err, "the report, evaluation: with it the papers have more than 33554432 bytes");
}

TEST(a_paper_that_no_part_shows_may_be_as_large_as_it_likes)
{
    CLEANUP(arena_release) struct arena papers = {.limit = 1 << 28}, page = {.limit = 1 << 20};
    struct bundle bundle = {.project = VIEW("p")};
    struct err err = {0};
    bundle.paper[PAPER_statistics] = zeros(2 * REPORT_TOKENS_MAX, &papers);
    WORKS(written(&bundle, &page, &err), err);
}

TEST(a_paper_that_is_no_json_is_a_broken_model)
{
    CLEANUP(arena_release) struct arena page = {.limit = 1 << 20};
    static const char *const broken[] = {"{", "{\"a\":1,\"a\":2}", "{\"a\":nul}"};
    for (size_t i = 0; i < LENGTH_OF(broken); i++) {
        struct bundle bundle = {.project = VIEW("p")};
        struct err err = {0};
        bundle.paper[PAPER_leaks] = view_of(broken[i]);
        FAILS(written(&bundle, &page, &err), err, ERR_MODEL);
        SAYS(err, "the report, leaks");
    }
}
