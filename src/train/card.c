#include "train/card.h"

#include <math.h>

static void write_text(struct json *json, const char *key, struct view text)
{
    if (text.length > 0)
        json_key(json, key), json_text(json, text);
}

static void write_said(struct json *json, const struct config *config, const char *key,
                       enum key_id id)
{
    write_text(json, key, config_text(config, id));
}

static void write_overview(const struct config *config, struct json *json)
{
    json_key(json, "model_overview");
    json_open(json, '{');
    write_said(json, config, "model_name", KEY_PROJECT);
    write_said(json, config, "model_description", KEY_CARD_DESCRIPTION);
    write_said(json, config, "model_owner", KEY_CARD_OWNER);
    json_key(json, "problem_type"), json_string(json, "Binary Classification");
    write_said(json, config, "algorithm_type", KEY_MODEL_ALGORITHM);
    json_close(json);
}

static void write_uses(const struct config *config, struct json *json)
{
    json_key(json, "intended_uses");
    json_open(json, '{');
    write_said(json, config, "purpose_of_model", KEY_CARD_PURPOSE);
    write_said(json, config, "intended_uses", KEY_CARD_USES);
    write_said(json, config, "factors_affecting_model_efficiency", KEY_CARD_FACTORS);
    write_said(json, config, "risk_rating", KEY_CARD_RISK);
    write_said(json, config, "explanations_for_risk_rating", KEY_CARD_RISK_WHY);
    json_close(json);
    json_key(json, "business_details");
    json_open(json, '{');
    write_said(json, config, "business_problem", KEY_CARD_PROBLEM);
    write_said(json, config, "business_stakeholders", KEY_CARD_STAKEHOLDERS);
    write_said(json, config, "line_of_business", KEY_CARD_LINE);
    json_close(json);
}

/* ---------------------------------------------------------------- training */

static struct view metric_noun(struct view metric)
{
    return view_is(metric, "logloss") ? VIEW("Loss") : VIEW("AUC");
}

static void write_objective(const struct config *config, struct json *json)
{
    struct view metric = config_text(config, KEY_MODEL_METRIC);
    json_key(json, "objective_function");
    json_open(json, '{');
    json_key(json, "function");
    json_open(json, '{');
    json_key(json, "function");
    json_string(json, view_is(metric, "logloss") ? "Minimize" : "Maximize");
    json_key(json, "facet"), json_text(json, metric_noun(metric));
    json_close(json);
    json_key(json, "notes"), json_text(json, metric);
    json_close(json);
}

static void write_pairs(const struct doc *map, const char *key, struct json *json)
{
    json_key(json, key);
    json_open(json, '[');
    for (const struct doc *item = map == NULL ? NULL : map->first; item != NULL;
         item = item->next) {
        json_open(json, '{');
        json_key(json, "name"), json_text(json, item->key);
        json_key(json, "value"), json_text(json, item->text);
        json_close(json);
    }
    json_close(json);
}

static void write_training(const struct config *config, const struct doc *lineage,
                           struct json *json)
{
    const struct doc *prepared = doc_find(lineage, "prepared");
    const struct doc *training = doc_find(lineage, "training");
    const struct doc *data = doc_find(prepared, "data_sha256");
    json_key(json, "training_details");
    json_open(json, '{');
    write_objective(config, json);
    json_key(json, "training_job_details");
    json_open(json, '{');
    json_key(json, "training_datasets");
    json_open(json, '[');
    for (const struct doc *file = data == NULL ? NULL : data->first; file != NULL;
         file = file->next) {
        char name[80];
        snprintf(name, sizeof name, "sha256:" VIEW_FMT, VIEW_ARG(file->text));
        json_string(json, name);
    }
    json_close(json);
    write_pairs(doc_find(training, "parameters"), "hyper_parameters", json);
    json_close(json);
    json_close(json);
}

/* ---------------------------------------------------------------- evaluation */

static void write_metric(struct json *json, struct view name, double value, const char *notes)
{
    if (!isfinite(value))
        return;
    json_open(json, '{');
    json_key(json, "name"), json_text(json, name);
    json_key(json, "type"), json_string(json, "number");
    json_key(json, "value"), json_number(json, value);
    if (notes != NULL)
        json_key(json, "notes"), json_string(json, notes);
    json_close(json);
}

static double number_of(const struct doc *doc)
{
    return doc != NULL && doc->kind == DOC_NUMBER ? doc->number : (double)NAN;
}

static void write_interval(const struct doc *figure, char notes[96])
{
    const struct doc *interval = doc_find(figure, "interval_95");
    notes[0] = '\0';
    if (interval != NULL && interval->count == 2)
        snprintf(notes, 96, "95 %% interval %.6g to %.6g", interval->first->number,
                 interval->first->next->number);
}

static void open_group(struct json *json, const char *name)
{
    json_open(json, '{');
    json_key(json, "name"), json_string(json, name);
    json_key(json, "metric_data");
    json_open(json, '[');
}

static void close_group(struct json *json)
{
    json_close(json);
    json_close(json);
}

static void write_classification(const struct doc *evaluation, struct json *json)
{
    const struct doc *metrics = doc_find(evaluation, "classification_metrics");
    open_group(json, "binary_classification_metrics");
    for (const struct doc *item = metrics == NULL ? NULL : metrics->first; item != NULL;
         item = item->next) {
        char notes[96];
        write_interval(item, notes);
        write_metric(json, item->key, number_of(doc_find(item, "value")),
                     notes[0] == '\0' ? NULL : notes);
    }
    close_group(json);
}

/* Numbers that stand in an object under their own names. */
static void write_numbers(const struct doc *object, const char *name, struct json *json)
{
    if (object == NULL || object->kind != DOC_OBJECT)
        return;
    open_group(json, name);
    for (const struct doc *item = object->first; item != NULL; item = item->next)
        write_metric(json, item->key, number_of(item), NULL);
    close_group(json);
}

static void write_bias(const struct doc *bias, struct json *json)
{
    const struct doc *facets = doc_find(doc_find(bias, "post_training_bias_metrics"), "facets");
    for (const struct doc *column = facets == NULL ? NULL : facets->first; column != NULL;
         column = column->next)
        for (const struct doc *facet = column->first; facet != NULL; facet = facet->next) {
            const struct doc *value = doc_find(facet, "value_or_threshold");
            const struct doc *metrics = doc_find(facet, "metrics");
            char name[400];
            snprintf(name, sizeof name, "bias: " VIEW_FMT " " VIEW_FMT, VIEW_ARG(column->key),
                     VIEW_ARG(value != NULL && value->kind == DOC_TEXT ? value->text : VIEW("")));
            open_group(json, name);
            for (const struct doc *m = metrics == NULL ? NULL : metrics->first; m != NULL;
                 m = m->next) {
                const struct doc *metric = doc_find(m, "name");
                if (metric != NULL && metric->kind == DOC_TEXT)
                    write_metric(json, metric->text, number_of(doc_find(m, "value")), NULL);
            }
            close_group(json);
        }
}

static void write_evaluation(const struct doc *const paper[PAPERS], struct json *json)
{
    const struct doc *evaluation = paper[PAPER_evaluation];
    const struct doc *origin = doc_find(evaluation, "classification");
    const struct doc *digest = doc_find(origin, "sha256");
    char observation[160], dataset[80];
    snprintf(observation, sizeof observation,
             "test slice, which chose nothing: %.0f rows, %.0f frauds, threshold %.9g",
             number_of(doc_find(origin, "rows")), number_of(doc_find(origin, "frauds")),
             number_of(doc_find(origin, "threshold")));
    json_key(json, "evaluation_details");
    json_open(json, '[');
    json_open(json, '{');
    json_key(json, "name"), json_string(json, "test");
    json_key(json, "evaluation_observation"), json_string(json, observation);
    if (digest != NULL && digest->kind == DOC_TEXT) {
        snprintf(dataset, sizeof dataset, "sha256:" VIEW_FMT, VIEW_ARG(digest->text));
        json_key(json, "datasets");
        json_open(json, '['), json_string(json, dataset), json_close(json);
    }
    json_key(json, "metric_groups");
    json_open(json, '[');
    write_classification(evaluation, json);
    write_numbers(doc_find(evaluation, "budget"), "budget", json);
    write_numbers(doc_find(evaluation, "detection"), "detection", json);
    write_numbers(doc_find(doc_find(evaluation, "cost"), "at_threshold"), "cost", json);
    write_bias(paper[PAPER_bias], json);
    json_close(json);
    json_close(json);
    json_close(json);
}

/* ---------------------------------------------------------------- the rest */

/* What weighs most, as custom details are text by name. */
static void write_importance(const struct doc *explanations, struct json *json)
{
    enum { SHOWN = 10 };
    const struct doc *features = doc_find(explanations, "features");
    size_t shown = 0;
    json_key(json, "custom_details");
    json_open(json, '{');
    for (const struct doc *item = features == NULL ? NULL : features->first;
         item != NULL && shown < SHOWN; item = item->next, shown++) {
        const struct doc *name = doc_find(item, "name");
        char bytes[1200], value[32];
        struct text key = text_in(bytes, sizeof bytes);
        if (name == NULL || name->kind != DOC_TEXT)
            continue;
        text_adds(&key, "mean |SHAP| of ");
        text_add(&key, name->text);
        if (key.cut) /* two that are cut might be one name */
            continue;
        snprintf(value, sizeof value, "%.6g", number_of(doc_find(item, "mean_abs")));
        json_key_view(json, text_view(&key)), json_string(json, value);
    }
    json_close(json);
}

static void write_more(const struct config *config, const struct doc *explanations,
                       struct json *json)
{
    json_key(json, "additional_information");
    json_open(json, '{');
    write_said(json, config, "ethical_considerations", KEY_CARD_ETHICAL);
    write_said(json, config, "caveats_and_recommendations", KEY_CARD_CAVEATS);
    write_importance(explanations, json);
    json_close(json);
}

void card_write(const struct config *config, const struct doc *const paper[PAPERS],
                struct json *json)
{
    json_open(json, '{');
    write_overview(config, json);
    write_uses(config, json);
    write_training(config, paper[PAPER_lineage], json);
    write_evaluation(paper, json);
    write_more(config, paper[PAPER_explanations], json);
    json_close(json);
}
