/* What the version is, whether it may be in force and why, and what it was made of. */
#include "base/clock.h"
#include "model/forest.h"
#include "report/page.h"
#include "report/report.h"

#include <math.h>

static void write_digest(struct text *html, const struct digest *digest)
{
    char hex[DIGEST_HEX_SIZE];
    page_fact(html, "bundle (SHA-256)", view_of(digest_print(digest, hex)));
}

/* "0.899 (0.876 to 0.922)" */
static void write_headline(struct text *html, const char *name, const struct doc *metrics,
                           const char *metric)
{
    const struct doc *figure = doc_find(metrics, metric);
    const struct doc *interval = doc_find(figure, "interval_95");
    text_addf(html, "<dt>%s</dt><dd>", name);
    page_number(html, doc_number_at(figure, "value"));
    if (interval != NULL && interval->kind == DOC_LIST && interval->count == 2) {
        text_adds(html, " (95&nbsp;%: ");
        page_number(html, interval->first->number);
        text_adds(html, " to ");
        page_number(html, interval->first->next->number);
        text_adds(html, ")");
    }
    text_adds(html, "</dd>\n");
}

static void write_summary(const struct report *report, struct text *html)
{
    const struct doc *evaluation = report->paper[PAPER_evaluation];
    const struct doc *metrics = doc_find(evaluation, "classification_metrics");
    char bytes[64];
    struct text created = text_in(bytes, sizeof bytes);
    page_facts(html);
    if (report->version != NULL) {
        text_add_time(&created, report->version->created_ms);
        page_fact(html, "name", report->version->name);
        page_fact(html, "registered", text_view(&created));
        page_fact(html, "origin", view_of(version_origin_name(report->version->origin)));
        page_fact(html, "alias", report->alias.length > 0 ? report->alias : VIEW("none"));
        page_fact(html, "approval", doc_text_at(report->standing, "approval"));
    }
    page_fact(html, "algorithm", report->bundle->algorithm);
    page_fact_number(html, "trees", (double)report->bundle->forest.tree_count);
    page_fact_number(html, "features", (double)report->bundle->plan.width);
    page_fact_number(html, "fraud when the score is at least",
                     (double)report->bundle->policy.threshold);
    page_fact(html, "scores made probabilities by",
              view_of(calibrator_name(report->bundle->policy.calibration.calibrator)));
    write_digest(html, &report->bundle->digest);
    page_facts_end(html);
    if (metrics == NULL) {
        page_paragraph(html, "This bundle carries no evaluation: it was imported.");
        return;
    }
    text_adds(html, "<h3>On the test slice, which chose nothing</h3>\n");
    page_facts(html);
    page_fact_number(html, "rows", doc_number_at(evaluation, "classification.rows"));
    page_fact_number(html, "frauds", doc_number_at(evaluation, "classification.frauds"));
    write_headline(html, "ROC-AUC", metrics, "roc_auc");
    write_headline(html, "PR-AUC", metrics, "pr_auc");
    write_headline(html, "its value by chance", metrics, "prevalence");
    write_headline(html, "precision at the threshold", metrics, "precision");
    write_headline(html, "recall at the threshold", metrics, "recall");
    page_facts_end(html);
}

const struct section section_summary = {"summary", "Summary", write_summary};

/* ---------------------------------------------------------------- verdict */

static void write_passed(struct text *html, bool passed)
{
    text_adds(html, passed ? "<td class=\"good\">met</td>" : "<td class=\"bad\">not met</td>");
}

static bool is_true(const struct doc *doc, const char *key)
{
    const struct doc *found = doc_find(doc, key);
    return found != NULL && found->kind == DOC_TRUE;
}

static void write_gate(const struct doc *gate, struct text *html)
{
    static const char *const head[] = {"rule", "value", "bound", "result"};
    const struct doc *checks = doc_find(gate, "checks");
    if (checks == NULL || checks->count == 0) {
        page_paragraph(html, "No gate rule was set: every model passed.");
        return;
    }
    page_table(html, "Rules that a model must meet to be registered", head, LENGTH_OF(head));
    for (const struct doc *check = checks->first; check != NULL; check = check->next) {
        page_row(html, doc_text_at(check, "rule"));
        page_number_cell(html, doc_number_at(check, "value"));
        page_number_cell(html, doc_number_at(check, "bound"));
        write_passed(html, is_true(check, "passed"));
        page_row_end(html);
    }
    page_table_end(html);
}

static void write_rails(const struct doc *rails, struct text *html)
{
    static const char *const head[] = {"guard rail", "value", "limit", "result"};
    page_table(html, "Guard rails, each able to keep the champion", head, LENGTH_OF(head));
    for (const struct doc *rail = rails->first; rail != NULL; rail = rail->next) {
        page_row(html, doc_text_at(rail, "name"));
        page_number_cell(html, doc_number_at(rail, "value"));
        page_number_cell(html, doc_number_at(rail, "limit"));
        if (is_true(rail, "judged"))
            write_passed(html, is_true(rail, "passed"));
        else
            page_cell(html, VIEW("nothing to judge it by"));
        page_row_end(html);
    }
    page_table_end(html);
}

static void write_reasons(const struct doc *example, struct text *html)
{
    const struct doc *reasons = doc_find(example, "reasons");
    text_adds(html, "<td>");
    for (const struct doc *r = reasons == NULL ? NULL : reasons->first; r != NULL; r = r->next) {
        page_text(html, doc_text_at(r, "feature"));
        text_adds(html, r->next == NULL ? "" : ", ");
    }
    text_adds(html, "</td>");
}

static void write_swaps(const struct doc *compared, struct text *html)
{
    static const char *const side[] = {"swap_set.challenger_alone", "swap_set.champion_alone"};
    static const char *const name[] = {"only this version raises the alarm",
                                       "only the champion raised it"};
    static const char *const head[] = {"rows whose decision changes", "rows", "frauds", "money",
                                       "of it fraud"};
    static const char *const each[] = {"line",     "fraud",        "amount",
                                       "champion", "this version", "reasons"};
    const struct doc *examples = doc_find(compared, "examples");
    page_table(html, "Swap set", head, LENGTH_OF(head));
    for (size_t i = 0; i < LENGTH_OF(side); i++) {
        const struct doc *part = doc_at(compared, side[i]);
        page_row(html, view_of(name[i]));
        page_count_cell(html, doc_number_at(part, "rows"));
        page_count_cell(html, doc_number_at(part, "frauds"));
        page_number_cell(html, doc_number_at(part, "money"));
        page_number_cell(html, doc_number_at(part, "fraud_money"));
        page_row_end(html);
    }
    page_table_end(html);
    if (examples == NULL || examples->count == 0)
        return;
    page_table(html, "The ones with the most money", each, LENGTH_OF(each));
    for (const struct doc *e = examples->first; e != NULL; e = e->next) {
        char bytes[32];
        snprintf(bytes, sizeof bytes, "%.0f", doc_number_at(e, "line"));
        page_row(html, view_of(bytes));
        page_cell(html, is_true(e, "fraud") ? VIEW("yes") : VIEW("no"));
        page_number_cell(html, doc_number_at(e, "amount"));
        page_number_cell(html, doc_number_at(e, "champion_score"));
        page_number_cell(html, doc_number_at(e, "challenger_score"));
        write_reasons(e, html);
        page_row_end(html);
    }
    page_table_end(html);
}

static void write_comparison(const struct doc *compared, struct text *html)
{
    page_facts(html);
    page_fact(html, "verdict", doc_text_at(compared, "verdict"));
    page_fact(html, "why", doc_text_at(compared, "why"));
    page_fact_number(html, "champion: version", doc_number_at(compared, "champion"));
    page_fact_number(html, "rows", doc_number_at(compared, "rows"));
    page_fact_number(html, "frauds", doc_number_at(compared, "frauds"));
    if (doc_find(compared, "gain") != NULL) {
        page_fact(html, "metric", doc_text_at(compared, "primary"));
        page_fact_number(html, "champion", doc_number_at(compared, "champion_value"));
        page_fact_number(html, "this version", doc_number_at(compared, "challenger_value"));
        page_fact_number(html, "gain", doc_number_at(compared, "gain"));
        page_fact_number(html, "its lower bound", doc_number_at(compared, "gain_low"));
        page_fact_number(html, "further frauds needed", doc_number_at(compared, "frauds_needed"));
    }
    page_facts_end(html);
    const struct doc *rails = doc_find(compared, "rails");
    if (rails != NULL && rails->kind == DOC_LIST)
        write_rails(rails, html);
    if (doc_find(compared, "swap_set") != NULL)
        write_swaps(compared, html);
}

static void write_judgements(const struct doc *standing, struct text *html)
{
    static const char *const head[] = {"who", "verdict", "when", "comment"};
    const struct doc *list = doc_find(standing, "judgements");
    if (list == NULL || list->count == 0)
        return;
    page_table(html, "Judgements of people", head, LENGTH_OF(head));
    for (const struct doc *item = list->first; item != NULL; item = item->next) {
        page_row(html, doc_text_at(item, "actor"));
        page_cell(html, doc_text_at(item, "verdict"));
        page_cell(html, doc_text_at(item, "at"));
        page_cell(html, doc_text_at(item, "comment"));
        page_row_end(html);
    }
    page_table_end(html);
}

static void write_verdict(const struct report *report, struct text *html)
{
    text_adds(html, "<h3>Gate</h3>\n");
    write_gate(doc_at(report->paper[PAPER_lineage], "gate"), html);
    text_adds(html, "<h3>Beside the champion</h3>\n");
    if (report->compared == NULL)
        page_paragraph(html, "It was not held against a champion.");
    else
        write_comparison(report->compared, html);
    write_judgements(report->standing, html);
}

const struct section section_verdict = {"verdict", "Verdict", write_verdict};

/* ---------------------------------------------------------------- lineage */

static void write_map(const struct doc *map, const char *caption, struct text *html)
{
    static const char *const head[] = {"name", "value"};
    if (map == NULL || map->kind != DOC_OBJECT || map->count == 0)
        return;
    page_table(html, caption, head, LENGTH_OF(head));
    for (const struct doc *item = map->first; item != NULL; item = item->next) {
        page_row(html, item->key);
        if (item->kind == DOC_NUMBER)
            page_number_cell(html, item->number);
        else
            page_cell(html, item->text);
        page_row_end(html);
    }
    page_table_end(html);
}

static void write_slices(const struct doc *slices, struct text *html)
{
    static const char *const head[] = {"slice", "rows", "frauds"};
    if (slices == NULL)
        return;
    page_table(html, "Slices of the data", head, LENGTH_OF(head));
    for (const struct doc *item = slices->first; item != NULL; item = item->next) {
        page_row(html, item->key);
        page_count_cell(html, doc_number_at(item, "rows"));
        page_count_cell(html, doc_number_at(item, "frauds"));
        page_row_end(html);
    }
    page_table_end(html);
}

static void write_lineage(const struct report *report, struct text *html)
{
    const struct doc *lineage = report->paper[PAPER_lineage];
    if (lineage == NULL) {
        page_paragraph(html, "This bundle carries no lineage.");
        return;
    }
    page_facts(html);
    page_fact(html, "Assay", doc_text_at(lineage, "assay"));
    page_fact(html, "XGBoost", doc_text_at(lineage, "training.xgboost"));
    page_fact_number(html, "rounds", doc_number_at(lineage, "training.rounds"));
    const struct doc *data = doc_at(lineage, "prepared.data_sha256");
    for (const struct doc *file = data == NULL ? NULL : data->first; file != NULL;
         file = file->next)
        page_fact(html, "data file (SHA-256)", file->text);
    page_facts_end(html);
    write_slices(doc_at(lineage, "prepared.slices"), html);
    write_map(doc_find(lineage, "settings"), "Settings", html);
    write_map(doc_at(lineage, "training.parameters"), "Parameters of the training", html);
}

const struct section section_lineage = {"lineage", "Lineage", write_lineage};
