#include "report/report.h"

#include "base/scan.h"
#include "report/page.h"

/* What has been taken in so far. */
struct reading {
    struct arena *arena;
    size_t bytes, tokens;
};

static const struct section *const sections[] = {
#define SECTION(name) &section_##name,
#include "report/sections.def"
#undef SECTION
};

/* Those that a part shows. */
static const enum paper shown[] = {PAPER_evaluation, PAPER_leaks, PAPER_explanations, PAPER_bias,
                                   PAPER_lineage};

static bool too_large(const char *what, size_t most, struct err *err)
{
    return err_set(
        err, ERR_LIMIT,
        "with it the papers have more than %zu %s, which is more than a page can show; a "
        "bundle is a tar, in which the papers can be read",
        most, what);
}

/* Counted before it is parsed: a document takes about a hundred bytes for each of its values. */
static bool count(struct view text, struct reading *reading, struct err *err)
{
    reading->bytes += text.length;
    if (reading->bytes > REPORT_BYTES_MAX)
        return too_large("bytes", REPORT_BYTES_MAX, err);
    CLEANUP(arena_release) struct arena arena = {.limit = 2 * REPORT_BYTES_MAX};
    char *room = arena_new(&arena, char, text.length + 1);
    if (room == NULL)
        return err_set(err, ERR_LIMIT, "the report does not fit the memory limit");
    struct text texts = text_in(room, text.length + 1);
    struct scan scan = scan_of(text, &texts);
    struct token token;
    while (scan_next(&scan, &token, err)) {
        texts.length = 0;
        if (++reading->tokens > REPORT_TOKENS_MAX)
            return too_large("values and keys", REPORT_TOKENS_MAX, err);
    }
    return err->kind == ERR_NONE;
}

static bool parse(struct reading *reading, struct view text, const char *name,
                  const struct doc **out, struct err *err)
{
    *out = NULL;
    if (text.length == 0)
        return true;
    if (count(text, reading, err))
        *out = doc_parse(text, reading->arena, err);
    if (*out != NULL)
        return true;
    err->kind = err->kind == ERR_INPUT ? ERR_MODEL : err->kind;
    return err_while(err, "the report, %s", name);
}

static bool parse_all(struct report *report, struct arena *arena, struct err *err)
{
    struct reading reading = {.arena = arena};
    for (size_t i = 0; i < LENGTH_OF(shown); i++)
        if (!parse(&reading, report->bundle->paper[shown[i]], paper_name(shown[i]),
                   &report->paper[shown[i]], err))
            return false;
    return parse(&reading, report->governance, "approvals", &report->standing, err) &&
           parse(&reading, report->comparison, "comparison", &report->compared, err);
}

bool report_write(struct report *report, struct arena *arena, struct text *html, struct err *err)
{
    if (!parse_all(report, arena, err))
        return false;
    struct text title = text_in_arena(arena);
    text_add(&title, report->bundle->project);
    if (report->version != NULL)
        text_addf(&title, ", version %lld", (long long)report->version->number);
    page_open(html, text_view(&title));
    for (size_t i = 0; i < LENGTH_OF(sections); i++) {
        text_addf(html, "<section aria-labelledby=\"%s\"><h2 id=\"%s\">%s</h2>\n",
                  sections[i]->name, sections[i]->name, sections[i]->title);
        sections[i]->write(report, html);
        text_adds(html, "</section>\n");
    }
    page_close(html);
    return (!html->cut && !title.cut) ||
           err_set(err, ERR_LIMIT, "the report does not fit the memory limit");
}
