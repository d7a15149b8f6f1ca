/* What the audit of the data found. */
#include "report/page.h"
#include "report/report.h"

static void write_leaks(const struct report *report, struct text *html)
{
    static const char *const head[] = {"finding", "level", "what was found", "remedy", "accepted"};
    const struct doc *findings = doc_find(report->paper[PAPER_leaks], "findings");
    if (findings == NULL || findings->count == 0) {
        page_paragraph(html, findings == NULL ? "This bundle carries no audit."
                                              : "The audit found nothing.");
        return;
    }
    page_table(html, "Findings, the worst first", head, LENGTH_OF(head));
    for (const struct doc *item = findings->first; item != NULL; item = item->next) {
        const struct doc *accepted = doc_find(item, "accepted");
        page_row(html, doc_text_at(item, "name"));
        page_cell(html, doc_text_at(item, "level"));
        page_cell(html, doc_text_at(item, "text"));
        page_cell(html, doc_text_at(item, "remedy"));
        page_cell(html,
                  accepted != NULL && accepted->kind == DOC_TRUE ? VIEW("by name") : VIEW("no"));
        page_row_end(html);
    }
    page_table_end(html);
}

const struct section section_leaks = {"leaks", "Leaks", write_leaks};
