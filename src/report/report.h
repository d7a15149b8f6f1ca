/*
 * report: everything that is known of a version, on one page.
 *
 * One HTML file without scripts, links or anything to fetch: it opens from a mail or an archive,
 * on paper and on a phone, in ten years as today. It shows what stands in the bundle's papers and
 * in the registry and computes nothing of its own. Each part is a row of report/sections.def.
 *
 *     struct report report = {.version = &version, .bundle = &bundle, .registry = json, ...};
 *     struct text html = text_in_arena(&arena);
 *     if (!report_write(&report, &arena, &html, err)) ...
 *
 * A part whose paper the bundle has not got (an imported model) says so.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "base/doc.h"
#include "base/text.h"
#include "model/bundle.h"
#include "store/registry.h"

struct report {
    const struct version *version;
    const struct bundle *bundle;
    struct view alias;      /* "champion", "challenger" or empty */
    struct view governance; /* a JSON object: approval, judgements, tags */
    struct view comparison; /* a JSON object, or empty: it met no champion */

    /* report_write's; of the papers those that a part shows */
    const struct doc *paper[PAPERS], *standing, *compared;
};

struct section {
    const char *name, *title;
    void (*write)(const struct report *report, struct text *html);
};

#define SECTION(name) extern const struct section section_##name;
#include "report/sections.def"
#undef SECTION

/* Of all that a page is made from; what parsing it takes is in proportion. */
enum { REPORT_BYTES_MAX = 32 << 20, REPORT_TOKENS_MAX = 1 << 20 };

/* ERR_MODEL when a paper is no JSON; ERR_LIMIT when the papers are larger than that, or the page
 * does not fit the arena. */
bool report_write(struct report *report, struct arena *arena, struct text *html, struct err *err);

#endif
