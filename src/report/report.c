#include "report/report.h"

#include "report/page.h"

static const struct section *const sections[] = {
#define SECTION(name) &section_##name,
#include "report/sections.def"
#undef SECTION
};

static bool parse(struct view text, const char *name, struct arena *arena, const struct doc **out,
                  struct err *err)
{
    *out = NULL;
    if (text.length == 0)
        return true;
    *out = doc_parse(text, arena, err);
    if (*out != NULL)
        return true;
    err->kind = err->kind == ERR_INPUT ? ERR_MODEL : err->kind;
    return err_while(err, "the report, %s", name);
}

static bool parse_all(struct report *report, struct arena *arena, struct err *err)
{
    for (size_t i = 0; i < PAPERS; i++)
        if (!parse(report->bundle->paper[i], paper_name((enum paper)i), arena, &report->paper[i],
                   err))
            return false;
    return parse(report->governance, "approvals", arena, &report->standing, err) &&
           parse(report->comparison, "comparison", arena, &report->compared, err);
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
