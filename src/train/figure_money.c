/* What the model is worth to a team: within its budget, in money, and to the people it stops. */
#include "train/evaluation.h"

static bool write_cards(struct evaluation *e, struct json *json, struct err *err)
{
    struct card_budget cards;
    if (e->test.stream.entity == NULL)
        return true;
    CLEANUP(arena_release) struct arena scratch = {.limit = e->arena->limit};
    if (!budget_of_cards(&e->test.stream, e->alarms, &scratch, &cards, err))
        return false;
    json_key(json, "card_precision"), json_number(json, cards.precision);
    json_key(json, "card_precision_ceiling"), json_number(json, cards.ceiling);
    json_key(json, "cards_found"), json_count(json, cards.caught);
    static const char *const cards_only[] = {"card_precision", "card_precision_ceiling",
                                             "cards_found", NULL};
    write_unweighted(e, cards_only, json);
    return true;
}

static bool write_budget(struct evaluation *e, struct json *json, struct err *err)
{
    struct budget budget;
    json_key(json, "budget");
    if (e->alarms == 0) {
        json_null(json);
        return true;
    }
    CLEANUP(arena_release) struct arena scratch = {.limit = e->arena->limit};
    if (!budget_of(&e->test.stream, e->alarms, &scratch, &budget, err))
        return false;
    json_open(json, '{');
    write_origin(e, &e->test, json);
    json_key(json, "period");
    json_text(json, config_text(e->pipeline->config, KEY_BUDGET_PERIOD));
    json_key(json, "alarms_a_period"), json_count(json, e->alarms);
    json_key(json, "periods"), json_count(json, budget.periods);
    json_key(json, "alarms"), json_number(json, budget.alarms);
    json_key(json, "frauds_found"), json_number(json, budget.caught);
    json_key(json, "precision"), json_number(json, budget.precision);
    json_key(json, "precision_ceiling"), json_number(json, budget.precision_ceiling);
    json_key(json, "recall"), json_number(json, budget.recall);
    json_key(json, "recall_ceiling"), json_number(json, budget.recall_ceiling);
    json_key(json, "value_recall"), json_number(json, budget.value_recall);
    if (!write_cards(e, json, err))
        return false;
    json_close(json);
    return true;
}

const struct figure figure_budget = {"budget", write_budget};

/* Needs whose row it is, its money and its time. */
static bool write_detection(struct evaluation *e, struct json *json, struct err *err)
{
    const struct stream *stream = &e->test.stream;
    struct detection detection;
    json_key(json, "detection");
    if (stream->entity == NULL || stream->amount == NULL || stream->time_ms == NULL) {
        json_null(json);
        return true;
    }
    CLEANUP(arena_release) struct arena scratch = {.limit = e->arena->limit};
    if (!detection_at(stream, e->policy.threshold, &scratch, &detection, err))
        return false;
    json_open(json, '{');
    write_origin(e, &e->test, json);
    json_key(json, "value_recall"), json_number(json, detection.value_recall);
    json_key(json, "false_per_true"), json_number(json, detection.false_per_true);
    json_key(json, "insult_rate"), json_number(json, detection.insult_rate);
    json_key(json, "entities_compromised"), json_count(json, detection.compromised);
    json_key(json, "entities_detected"), json_count(json, detection.detected);
    json_key(json, "frauds_before_alarm"), json_number(json, detection.frauds_before);
    json_key(json, "money_before_alarm"), json_number(json, detection.money_before);
    json_key(json, "hours_to_alarm");
    json_number(json, detection.time_to_detect_ms / (3600 * 1000));
    static const char *const entities[] = {"insult_rate",
                                           "entities_compromised",
                                           "entities_detected",
                                           "frauds_before_alarm",
                                           "money_before_alarm",
                                           "hours_to_alarm",
                                           NULL};
    write_unweighted(e, entities, json);
    json_close(json);
    return true;
}

const struct figure figure_detection = {"detection", write_detection};

static void write_costs(const char *key, const struct costs *costs, struct json *json)
{
    json_key(json, key);
    json_open(json, '{');
    json_key(json, "model"), json_number(json, costs->model);
    json_key(json, "no_alarm"), json_number(json, costs->none);
    json_key(json, "all_alarms"), json_number(json, costs->all);
    json_key(json, "savings"), json_number(json, costs->savings);
    json_close(json);
}

static bool write_least(struct evaluation *e, struct json *json, struct err *err)
{
    const struct stream *stream = &e->validation.stream;
    struct cost_line line;
    CLEANUP(arena_release) struct arena scratch = {.limit = e->arena->limit};
    if (!cost_least(&stream->sample, stream->amount, &e->costs, CURVE_POINTS_MIN, &scratch, &line,
                    NULL, err))
        return false;
    json_key(json, "least_on_validation");
    json_open(json, '{');
    json_key(json, "threshold"), json_number(json, (double)line.threshold);
    json_key(json, "cost"), json_number(json, line.cost);
    json_close(json);
    return true;
}

static bool write_cost(struct evaluation *e, struct json *json, struct err *err)
{
    const struct stream *stream = &e->test.stream;
    json_key(json, "cost");
    if (!e->has_costs) {
        json_null(json);
        return true;
    }
    json_open(json, '{');
    write_origin(e, &e->test, json);
    json_key(json, "matrix");
    json_open(json, '{');
    json_key(json, "handling"), json_number(json, e->costs.handling);
    json_key(json, "insult"), json_number(json, e->costs.insult);
    json_key(json, "loss_given_fraud"), json_number(json, e->costs.loss_given_fraud);
    json_key(json, "chargeback"), json_number(json, e->costs.chargeback);
    json_close(json);
    struct costs costs = costs_at(&stream->sample, stream->amount, &e->costs, e->policy.threshold);
    write_costs("at_threshold", &costs, json);
    if (!write_least(e, json, err))
        return false;
    json_close(json);
    return true;
}

const struct figure figure_cost = {"cost", write_cost};
