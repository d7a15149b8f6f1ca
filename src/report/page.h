/*
 * page: HTML, written safely.
 *
 * Everything that comes from outside goes through page_text, which escapes it. A number is shown in
 * four digits; one that is not defined is shown as a dash.
 *
 *     page_table(html, "Metrics of the test slice", heads, LENGTH_OF(heads));
 *     page_row(html), page_cell(html, name), page_number_cell(html, value), page_row_end(html);
 *     page_table_end(html);
 */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include "base/doc.h"
#include "base/text.h"

void page_open(struct text *html, struct view title);
void page_close(struct text *html);

void page_text(struct text *html, struct view text);
void page_number(struct text *html, double value);
void page_paragraph(struct text *html, const char *text); /* ours, escaped all the same */

/* The first head is of the rows' names. */
void page_table(struct text *html, const char *caption, const char *const *head, size_t heads);
void page_row(struct text *html, struct view name);
void page_cell(struct text *html, struct view text);
void page_number_cell(struct text *html, double value);
void page_count_cell(struct text *html, double value); /* a whole number, in full */
void page_row_end(struct text *html);
void page_table_end(struct text *html);

/* A list of names with what they are. */
void page_facts(struct text *html);
void page_fact(struct text *html, const char *name, struct view text);
void page_fact_number(struct text *html, const char *name, double value);
void page_facts_end(struct text *html);

/* Reading the papers. `path` goes down by dots: "budget.precision"; NULL when there is none. */
const struct doc *doc_at(const struct doc *doc, const char *path);
double doc_number_at(const struct doc *doc, const char *path); /* NaN when there is none */
struct view doc_text_at(const struct doc *doc, const char *path);

#endif
