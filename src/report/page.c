#include "report/page.h"

#include <math.h>

/* Contrast of every pair is 4.5 or more in both schemes; blue and orange are told apart by the
 * colour-blind, and nothing is said by colour alone. */
static const char style[] =
    ":root{--ink:#1b1f24;--soft:#57606a;--paper:#fff;--line:#d0d7de;--one:#0b5cad;--two:#a8470a;"
    "--good:#116329;--bad:#a40e26}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9aa4af;--paper:#0d1117;"
    "--line:#3d444d;--one:#6cb6ff;--two:#f69d50;--good:#57ab5a;--bad:#ff8a80}}"
    "*{box-sizing:border-box}"
    "body{margin:0 auto;max-width:60rem;padding:1rem;font:16px/1.5 system-ui,sans-serif;"
    "color:var(--ink);background:var(--paper)}"
    "h1{font-size:1.6rem;margin:.5rem 0}h2{font-size:1.25rem;margin:2rem 0 .5rem;"
    "border-bottom:1px solid var(--line)}h3{font-size:1rem;margin:1.2rem 0 .3rem}"
    ".wide{overflow-x:auto}table{border-collapse:collapse;margin:.5rem 0;font-size:.9rem}"
    "caption{text-align:left;color:var(--soft);padding:.2rem 0;white-space:nowrap}"
    "th,td{text-align:left;padding:.15rem .8rem .15rem 0;border-bottom:1px solid var(--line);"
    "vertical-align:top}td{overflow-wrap:anywhere}td.n{text-align:right;"
    "font-variant-numeric:tabular-nums;overflow-wrap:normal}"
    "dl{display:grid;grid-template-columns:minmax(8rem,auto) 1fr;gap:.1rem 1rem;margin:.5rem 0}"
    "dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}"
    ".plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,22rem),1fr));gap:"
    "1rem}"
    "figure{margin:0 0 "
    "1rem}figcaption{font-size:.9rem;color:var(--soft)}svg{width:100%;height:auto}"
    "svg text{fill:var(--ink);font:11px system-ui,sans-serif}"
    ".axis{stroke:var(--line);fill:none}.one{stroke:var(--one);fill:none;stroke-width:2}"
    ".two{stroke:var(--two);fill:none;stroke-width:2;stroke-dasharray:5 3}"
    ".bar1{fill:var(--one)}.bar2{fill:var(--two)}.dot1{fill:var(--one)}.dot2{fill:var(--two)}"
    ".swarm{fill:none;stroke-width:3;stroke-linecap:round;opacity:.75}.low{stroke:var(--one)}"
    ".middle{stroke:var(--soft)}.high{stroke:var(--two);stroke-width:4}"
    ".guide{stroke:var(--soft);fill:none;stroke-dasharray:2 3}"
    ".good{color:var(--good);font-weight:600}.bad{color:var(--bad);font-weight:600}"
    "@media print{body{max-width:none;font-size:11pt}h2{break-after:avoid}"
    "figure,tr{break-inside:avoid}.wide{overflow:visible}}";

void page_open(struct text *html, struct view title)
{
    text_adds(html, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                    "style-src 'unsafe-inline'\">\n<meta name=\"color-scheme\" content=\"light "
                    "dark\">\n<title>");
    page_text(html, title);
    text_addf(html, "</title><style>%s</style></head>\n<body>\n<header><h1>", style);
    page_text(html, title);
    text_adds(html, "</h1></header>\n<main>\n");
}

void page_close(struct text *html)
{
    text_adds(html, "</main>\n</body></html>\n");
}

void page_text(struct text *html, struct view text)
{
    for (size_t i = 0; i < text.length; i++)
        switch (text.text[i]) {
        case '&':
            text_adds(html, "&amp;");
            break;
        case '<':
            text_adds(html, "&lt;");
            break;
        case '>':
            text_adds(html, "&gt;");
            break;
        case '"':
            text_adds(html, "&quot;");
            break;
        default:
            text_addc(html, text.text[i]);
        }
}

void page_number(struct text *html, double value)
{
    if (!isfinite(value))
        text_adds(html, "&ndash;");
    else if (value == floor(value) && fabs(value) < 1e15)
        text_addf(html, "%.0f", value);
    else if (fabs(value) >= 1000)
        text_addf(html, "%.1f", value);
    else
        text_addf(html, "%.4g", value);
}

void page_paragraph(struct text *html, const char *text)
{
    text_adds(html, "<p>");
    page_text(html, view_of(text));
    text_adds(html, "</p>\n");
}

/* ---------------------------------------------------------------- tables */

void page_table(struct text *html, const char *caption, const char *const *head, size_t heads)
{
    text_adds(html, "<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"");
    page_text(html, view_of(caption));
    text_adds(html, "\"><table><caption>");
    page_text(html, view_of(caption));
    text_adds(html, "</caption><thead><tr>");
    for (size_t i = 0; i < heads; i++) {
        text_adds(html, "<th scope=\"col\">");
        page_text(html, view_of(head[i]));
        text_adds(html, "</th>");
    }
    text_adds(html, "</tr></thead><tbody>\n");
}

void page_row(struct text *html, struct view name)
{
    text_adds(html, "<tr><th scope=\"row\">");
    page_text(html, name);
    text_adds(html, "</th>");
}

void page_cell(struct text *html, struct view text)
{
    text_adds(html, "<td>");
    page_text(html, text);
    text_adds(html, "</td>");
}

void page_number_cell(struct text *html, double value)
{
    text_adds(html, "<td class=\"n\">");
    page_number(html, value);
    text_adds(html, "</td>");
}

void page_count_cell(struct text *html, double value)
{
    text_adds(html, "<td class=\"n\">");
    if (isfinite(value))
        text_addf(html, "%.0f", value);
    else
        text_adds(html, "&ndash;");
    text_adds(html, "</td>");
}

void page_row_end(struct text *html)
{
    text_adds(html, "</tr>\n");
}

void page_table_end(struct text *html)
{
    text_adds(html, "</tbody></table></div>\n");
}

/* ---------------------------------------------------------------- facts */

void page_facts(struct text *html)
{
    text_adds(html, "<dl>\n");
}

void page_fact(struct text *html, const char *name, struct view text)
{
    text_adds(html, "<dt>");
    page_text(html, view_of(name));
    text_adds(html, "</dt><dd>");
    if (text.length == 0)
        text_adds(html, "&ndash;");
    page_text(html, text);
    text_adds(html, "</dd>\n");
}

void page_fact_number(struct text *html, const char *name, double value)
{
    text_adds(html, "<dt>");
    page_text(html, view_of(name));
    text_adds(html, "</dt><dd>");
    page_number(html, value);
    text_adds(html, "</dd>\n");
}

void page_facts_end(struct text *html)
{
    text_adds(html, "</dl>\n");
}

/* ---------------------------------------------------------------- papers */

const struct doc *doc_at(const struct doc *doc, const char *path)
{
    char key[128];
    while (doc != NULL) {
        size_t length = strcspn(path, ".");
        if (length >= sizeof key)
            return NULL;
        memcpy(key, path, length);
        key[length] = '\0';
        doc = doc_find(doc, key);
        if (path[length] == '\0')
            return doc;
        path += length + 1;
    }
    return NULL;
}

double doc_number_at(const struct doc *doc, const char *path)
{
    const struct doc *found = doc_at(doc, path);
    return found != NULL && found->kind == DOC_NUMBER ? found->number : (double)NAN;
}

struct view doc_text_at(const struct doc *doc, const char *path)
{
    const struct doc *found = doc_at(doc, path);
    return found != NULL && found->kind == DOC_TEXT ? found->text : VIEW("");
}
