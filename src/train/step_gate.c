/*
 * gate: the rules a model must meet before it is registered.
 *
 *     gate.json   every check with its value, and the verdict
 *
 * A refused model's verdict is kept in the store as refused.json: what was
 * refused last, and by which rule, must be findable.
 */
#include "base/doc.h"
#include "base/file.h"
#include "base/json.h"
#include "measure/gate.h"
#include "train/pipeline.h"

#include <math.h>

enum { RULES_MAX = 100, DOCUMENT_SIZE_MAX = 1 << 20 };

struct judgement {
    struct gate_rule rule[RULES_MAX];
    struct gate_check check[RULES_MAX];
    size_t count;
    bool passed;
};

static bool inputs(struct pipeline *pipeline, struct digester *digester, struct err *err UNUSED)
{
    const struct digest *evaluated = &pipeline->output[STEP_ID_evaluate];
    digest_add(digester, (struct view){(const char *)evaluated->bytes, sizeof evaluated->bytes});
    config_digest(pipeline->config, "gate", digester);
    return true;
}

static bool parse_rules(const struct config *config, struct judgement *judgement, struct err *err)
{
    const struct yaml *list = config_node(config, "gate");
    for (const struct yaml *item = list == NULL ? NULL : list->first; item != NULL;
         item = item->next) {
        if (judgement->count == RULES_MAX)
            return config_wrong(config, item, err, "at most %d rules", RULES_MAX);
        struct err why = {0};
        if (!gate_parse(item->text, &judgement->rule[judgement->count++], &why))
            return config_wrong(config, item, err, "%s", why.text);
    }
    return true;
}

static bool check(const struct config *config, struct err *err)
{
    struct judgement judgement = {0};
    return parse_rules(config, &judgement, err);
}

static bool load_metrics(struct pipeline *pipeline, double value[METRIC_COUNT], struct err *err)
{
    const struct doc *doc = doc_load(pipeline_file(pipeline, STEP_ID_evaluate, "metrics.json"),
                                     DOCUMENT_SIZE_MAX, pipeline->arena, err);
    if (doc == NULL)
        return false;
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        const struct doc *item = doc_find(doc, metrics[i]->name);
        value[i] = item != NULL && item->kind == DOC_NUMBER ? item->number : (double)NAN;
    }
    return true;
}

static void write_verdict(const struct judgement *judgement, struct json *json)
{
    json_open(json, '{');
    json_key(json, "verdict"), json_string(json, judgement->passed ? "passed" : "refused");
    json_key(json, "checks");
    json_open(json, '[');
    for (size_t i = 0; i < judgement->count; i++) {
        const struct gate_check *check = &judgement->check[i];
        json_open(json, '{');
        json_key(json, "rule"), json_text(json, check->rule);
        json_key(json, "metric"), json_string(json, check->metric->name);
        json_key(json, "value"), json_number(json, check->value);
        json_key(json, "bound"), json_number(json, check->bound);
        json_key(json, "passed"), json_bool(json, check->passed);
        json_close(json);
    }
    json_close(json);
    json_close(json);
}

static bool refuse(const struct judgement *judgement, const char *where, struct err *err)
{
    char bytes[300];
    struct text text = text_in(bytes, sizeof bytes);
    for (size_t i = 0; i < judgement->count; i++) {
        const struct gate_check *check = &judgement->check[i];
        if (!check->passed)
            text_addf(&text, "%s" VIEW_FMT " (it is %.6g)", text.length == 0 ? "" : ", ",
                      VIEW_ARG(check->rule), check->value);
    }
    return err_set(err, ERR_GATE,
                   "the model is refused: %s; nothing was registered; the verdict is "
                   "in %s",
                   text_c(&text), where);
}

static bool run(struct pipeline *pipeline, const char *dir, struct text *outcome, struct err *err)
{
    struct judgement judgement = {0};
    double value[METRIC_COUNT];
    if (!parse_rules(pipeline->config, &judgement, err) || !load_metrics(pipeline, value, err))
        return false;
    judgement.passed = gate_judge(judgement.rule, judgement.count, value, judgement.check);
    struct text text = text_in_arena(pipeline->arena);
    struct json json = json_pretty_to(&text);
    write_verdict(&judgement, &json);
    if (text.cut)
        return err_set(err, ERR_LIMIT, "the verdict does not fit the memory limit");
    if (!judgement.passed) {
        const char *refused = path_join(pipeline->arena, pipeline->store->dir, "refused.json");
        return file_save(refused, text_view(&text), err) && refuse(&judgement, refused, err);
    }
    if (judgement.count == 0)
        text_adds(outcome, "no rule is set: every model passes");
    else
        text_addf(outcome, "%zu of %zu rules met", judgement.count, judgement.count);
    return file_save(path_join(pipeline->arena, dir, "gate.json"), text_view(&text), err);
}

const struct step step_gate = {
    .name = "gate",
    .about = "the rules a model must meet",
    .writes = true,
    .check = check,
    .inputs = inputs,
    .run = run,
};
