/*
 * evaluate: what the model is worth, by our own scoring.
 *
 *     policy.json       threshold, calibrator and population, learned from the validation slice
 *     evaluation.json   the figures of train/figures.def; the test slice chose nothing
 *     metrics.json      the test slice's metrics by name, for gates and the registry
 */
#include "base/doc.h"
#include "base/file.h"
#include "base/number.h"
#include "measure/threshold.h"
#include "train/evaluation.h"
#include "train/outcomes.h"

#include <math.h>

static const struct figure *const figures[] = {
#define FIGURE(name) &figure_##name,
#include "train/figures.def"
#undef FIGURE
};

static bool inputs(struct pipeline *pipeline, struct digester *digester, struct err *err UNUSED)
{
    static const enum step_id read[] = {STEP_ID_prepare, STEP_ID_train};
    static const char *const sections[] = {"decision", "evaluation", "columns"};
    for (size_t i = 0; i < LENGTH_OF(read); i++) {
        const struct digest *output = &pipeline->output[read[i]];
        digest_add(digester, (struct view){(const char *)output->bytes, sizeof output->bytes});
    }
    for (size_t i = 0; i < LENGTH_OF(sections); i++)
        config_digest(pipeline->config, sections[i], digester);
    return true;
}

/* ---------------------------------------------------------------- settings */

static bool read_costs(const struct config *config, struct cost_matrix *out)
{
    static const enum key_id keys[] = {KEY_COST_HANDLING, KEY_COST_INSULT, KEY_COST_LOSS,
                                       KEY_COST_CHARGEBACK};
    *out = (struct cost_matrix){
        .handling = config_number(config, KEY_COST_HANDLING),
        .insult = config_number(config, KEY_COST_INSULT),
        .loss_given_fraud = config_number(config, KEY_COST_LOSS),
        .chargeback = config_number(config, KEY_COST_CHARGEBACK),
    };
    for (size_t i = 0; i < LENGTH_OF(keys); i++)
        if (config->setting[keys[i]].origin != ORIGIN_DEFAULT)
            return true;
    return false;
}

static bool read_rule(const struct config *config, enum threshold_rule *rule, double *number,
                      struct err *err)
{
    static const char *const names[] = {
        [RULE_BEST_F1] = "best_f1", [RULE_LEAST_COST] = "least_cost", [RULE_BUDGET] = "budget"};
    struct view text = config_text(config, KEY_DECISION_THRESHOLD);
    for (size_t i = RULE_BEST_F1; i < LENGTH_OF(names); i++)
        if (view_is(text, names[i])) {
            *rule = (enum threshold_rule)i;
            return true;
        }
    *rule = RULE_FIXED;
    if (number_parse(text, number) && *number >= 0 && *number <= 1)
        return true;
    return err_set(err, ERR_INPUT,
                   "decision.threshold takes best_f1, least_cost, budget or a score from 0 to 1, "
                   "not '" VIEW_FMT "'",
                   VIEW_ARG(text));
}

static bool check(const struct config *config, struct err *err)
{
    enum threshold_rule rule;
    struct cost_matrix costs;
    double number;
    if (!read_rule(config, &rule, &number, err))
        return false;
    bool has_costs = read_costs(config, &costs), timed = beside_time(config).length > 0;
    if (!outcomes_check(config, has_costs, err))
        return false;
    if (rule == RULE_LEAST_COST && !has_costs)
        return err_set(err, ERR_INPUT,
                       "decision.threshold least_cost needs the costs: set evaluation.cost.*");
    if (has_costs && costs.loss_given_fraud > 0 &&
        config_text(config, KEY_EVALUATION_AMOUNT).length == 0)
        return err_set(err, ERR_INPUT,
                       "evaluation.cost.loss_given_fraud is a share of the amount: name its column "
                       "in evaluation.amount");
    size_t alarms = config_count(config, KEY_BUDGET_ALARMS);
    if (rule == RULE_BUDGET && alarms == 0)
        return err_set(err, ERR_INPUT,
                       "decision.threshold budget needs the budget: set evaluation.budget.alarms");
    return alarms == 0 || timed ||
           err_set(err, ERR_INPUT,
                   "evaluation.budget.alarms counts alarms a day or week: name the rows' time in "
                   "evaluation.time");
}

/* ---------------------------------------------------------------- choosing */

static int by_number(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

static bool count_periods(const struct scored *scored, struct arena *arena, size_t *out,
                          struct err *err)
{
    CLEANUP(arena_release) struct arena scratch = {.limit = arena->limit};
    uint32_t *period = arena_new(&scratch, uint32_t, scored->count);
    if (period == NULL)
        return err_set(err, ERR_LIMIT, "the periods do not fit the memory limit");
    memcpy(period, scored->stream.period, scored->count * sizeof *period);
    qsort(period, scored->count, sizeof *period, by_number);
    *out = scored->count > 0;
    for (size_t i = 1; i < scored->count; i++)
        *out += period[i] != period[i - 1];
    return true;
}

/* The lowest line that raises no more alarms on the validation slice than the budget's mean. */
static bool spend_budget(struct evaluation *e, struct err *err)
{
    const struct ranking *ranking = &e->validation.ranking;
    size_t periods = 0;
    double alarms = 0, places;
    if (!count_periods(&e->validation, e->arena, &periods, err))
        return false;
    places = (double)e->alarms * (double)periods;
    e->policy.threshold = nextafterf(ranking->group[0].score, HUGE_VALF);
    for (size_t i = 0; i < ranking->groups; i++) {
        alarms += group_weight(&ranking->group[i]);
        if (alarms > places)
            return true;
        e->policy.threshold = ranking->group[i].score;
    }
    return true;
}

static bool spend_least(struct evaluation *e, struct err *err)
{
    struct cost_line line;
    const struct stream *stream = &e->validation.stream;
    if (!cost_least(&stream->sample, stream->amount, &e->costs, CURVE_POINTS_MIN, e->arena, &line,
                    NULL, err))
        return false;
    /* Where no alarm is worth its cost, the line stands just above every score there can be. */
    e->policy.threshold = isfinite(line.threshold) ? line.threshold : nextafterf(1, 2);
    return true;
}

static bool choose_threshold(struct evaluation *e, struct err *err)
{
    double number = 0;
    struct threshold best;
    if (!read_rule(e->pipeline->config, &e->rule, &number, err))
        return false;
    switch (e->rule) {
    case RULE_FIXED:
        e->policy.threshold = (float)number;
        return true;
    case RULE_LEAST_COST:
        return spend_least(e, err);
    case RULE_BUDGET:
        return spend_budget(e, err);
    case RULE_BEST_F1:
        break;
    }
    if (!threshold_best_f1(&e->validation.ranking, &best, err))
        return err_while(err, "choosing the threshold on the validation slice");
    e->policy.threshold = best.score;
    e->f1_on_validation = best.f1;
    return true;
}

static bool learn_calibrator(struct evaluation *e, struct err *err)
{
    const struct ranking *ranking = &e->validation.ranking;
    struct view wanted = config_text(e->pipeline->config, KEY_DECISION_CALIBRATION);
    bool automatic = view_is(wanted, "auto");
    enum calibrator calibrator = automatic                  ? calibration_for(ranking->frauds)
                                 : view_is(wanted, "none")  ? CALIBRATOR_NONE
                                 : view_is(wanted, "platt") ? CALIBRATOR_PLATT
                                                            : CALIBRATOR_ISOTONIC;
    if (calibrator == CALIBRATOR_NONE) {
        e->not_calibrated = automatic ? "fewer than 100 frauds in the validation slice"
                                      : "decision.calibration is none";
        return true;
    }
    struct err why = {0};
    if (calibrate(ranking, calibrator, e->arena, &e->policy.calibration, &why))
        return true;
    e->policy.calibration = (struct calibration){0};
    if (!automatic || why.kind != ERR_INPUT) {
        *err = why;
        return err_while(err, "decision.calibration");
    }
    e->not_calibrated = view_copy(view_of(why.text), e->arena);
    return true;
}

/* ---------------------------------------------------------------- writing */

static bool save(const struct evaluation *e, const char *dir, const char *name,
                 const struct text *text, struct err *err)
{
    if (text->cut)
        return err_set(err, ERR_LIMIT, "%s does not fit the memory limit", name);
    return file_save(path_join(e->arena, dir, name), text_view(text), err);
}

static bool write_figures(struct evaluation *e, struct text *text, struct err *err)
{
    struct json json = json_pretty_to(text);
    json_open(&json, '{');
    for (size_t i = 0; i < LENGTH_OF(figures); i++)
        if (!figures[i]->write(e, &json, err))
            return err_while(err, "the figures of %s", figures[i]->name);
    json_close(&json);
    return true;
}

static bool write_all(struct evaluation *e, const double *metric, const char *dir, struct err *err)
{
    struct text policy = text_in_arena(e->arena), metric_text = text_in_arena(e->arena);
    struct text report = text_in_arena(e->arena);
    struct json json = json_pretty_to(&policy);
    policy_write(&e->policy, &json);

    json = json_to(&metric_text);
    json_open(&json, '{');
    for (size_t i = 0; i < METRIC_COUNT; i++)
        json_key(&json, metrics[i]->name), json_number(&json, metric[i]);
    json_key(&json, "threshold"), json_number(&json, (double)e->policy.threshold);
    json_close(&json);
    return write_figures(e, &report, err) && save(e, dir, "policy.json", &policy, err) &&
           save(e, dir, "metrics.json", &metric_text, err) &&
           save(e, dir, "evaluation.json", &report, err);
}

static bool prepare(struct evaluation *e, struct err *err)
{
    const struct config *config = e->pipeline->config;
    e->has_costs = read_costs(config, &e->costs);
    e->alarms = config_count(config, KEY_BUDGET_ALARMS);
    return trained_load(&e->model, e->pipeline, e->arena, err) &&
           beside_load(&e->beside, config, false, e->arena, err) &&
           scored_load(&e->validation, "validation", e->pipeline, &e->model, &e->beside, e->arena,
                       err) &&
           scored_load(&e->test, "test", e->pipeline, &e->model, &e->beside, e->arena, err);
}

static bool run(struct pipeline *pipeline, const char *dir, struct text *outcome, struct err *err)
{
    size_t memory = (size_t)config_number(pipeline->config, KEY_DATA_MEMORY_MB) << 20;
    CLEANUP(arena_release) struct arena arena = {.limit = memory};
    struct evaluation e = {.pipeline = pipeline, .arena = &arena};
    double metric[METRIC_COUNT];
    if (!prepare(&e, err) || !choose_threshold(&e, err) || !learn_calibrator(&e, err) ||
        !outcomes_fill(&e, err))
        return false;
    metrics_of(&e.test.ranking, e.policy.threshold, metric);
    if (!write_all(&e, metric, dir, err))
        return false;
    text_addf(outcome, "test: ROC-AUC %.4f, PR-AUC %.4f (prevalence %.4f), F1 %.3f at %.4f",
              metric[METRIC_roc_auc], metric[METRIC_pr_auc], metric[METRIC_prevalence],
              metric[METRIC_f1], (double)e.policy.threshold);
    struct view weight = config_text(pipeline->config, KEY_EVALUATION_WEIGHT);
    if (weight.length > 0)
        text_addf(outcome, ", weighted by " VIEW_FMT, VIEW_ARG(weight));
    return true;
}

const struct step step_evaluate = {
    .name = "evaluate",
    .about = "threshold and calibrator from the validation slice, figures of the test slice",
    .writes = true,
    .check = check,
    .inputs = inputs,
    .run = run,
};
