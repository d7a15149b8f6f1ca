#include "model/policy.h"

#include <math.h>

/* The members of "outcomes" that are costs. */
static const struct {
    const char *key;
    size_t offset;
} costs[] = {
    {"handling", offsetof(struct cost_matrix, handling)},
    {"insult", offsetof(struct cost_matrix, insult)},
    {"loss_given_fraud", offsetof(struct cost_matrix, loss_given_fraud)},
    {"chargeback", offsetof(struct cost_matrix, chargeback)},
};

static const double *cost_in(const struct cost_matrix *matrix, size_t i)
{
    return (const double *)((const char *)matrix + costs[i].offset);
}

static void write_calibration(const struct calibration *calibration, struct json *json)
{
    json_key(json, "calibration");
    json_open(json, '{');
    json_key(json, "calibrator"), json_string(json, calibrator_name(calibration->calibrator));
    if (calibration->calibrator == CALIBRATOR_PLATT) {
        json_key(json, "intercept"), json_number(json, calibration->intercept);
        json_key(json, "slope"), json_number(json, calibration->slope);
    } else {
        json_key(json, "knots");
        json_open(json, '[');
        for (size_t i = 0; i < calibration->knots; i++) {
            json_open(json, '[');
            json_number(json, (double)calibration->knot[i].score);
            json_number(json, calibration->knot[i].probability);
            json_close(json);
        }
        json_close(json);
    }
    json_close(json);
}

static bool has_outcomes(const struct policy *policy)
{
    return policy->by_cost || policy->review != policy->threshold || isfinite(policy->decline);
}

static void write_outcomes(const struct policy *policy, struct json *json)
{
    json_key(json, "outcomes");
    json_open(json, '{');
    json_key(json, "by"), json_string(json, policy->by_cost ? "cost" : "lines");
    json_key(json, "review"), json_number(json, (double)policy->review);
    if (isfinite(policy->decline))
        json_key(json, "decline"), json_number(json, (double)policy->decline);
    for (size_t i = 0; policy->by_cost && i < LENGTH_OF(costs); i++)
        json_key(json, costs[i].key), json_number(json, *cost_in(&policy->costs, i));
    json_close(json);
}

static void write_population(const struct policy *policy, struct json *json)
{
    json_key(json, "population");
    json_open(json, '[');
    for (size_t i = 0; i < policy->population_count; i++) {
        json_open(json, '[');
        json_number(json, policy->population[i].share);
        json_number(json, (double)policy->population[i].score);
        json_close(json);
    }
    json_close(json);
}

void policy_write(const struct policy *policy, struct json *json)
{
    json_open(json, '{');
    json_key(json, "threshold"), json_number(json, (double)policy->threshold);
    if (policy->calibration.calibrator != CALIBRATOR_NONE)
        write_calibration(&policy->calibration, json);
    if (has_outcomes(policy))
        write_outcomes(policy, json);
    if (policy->amount.length > 0)
        json_key(json, "amount"), json_text(json, policy->amount);
    if (policy->entity.length > 0)
        json_key(json, "entity"), json_text(json, policy->entity);
    if (policy->population_count > 0)
        write_population(policy, json);
    json_close(json);
}

/* ---------------------------------------------------------------- reading */

static bool read_platt(struct calibration *out, const struct doc *doc, struct err *err)
{
    if (!doc_need_number(doc, "intercept", &out->intercept, err) ||
        !doc_need_number(doc, "slope", &out->slope, err))
        return false;
    return (isfinite(out->intercept) && isfinite(out->slope) && out->slope > 0) ||
           err_set(err, ERR_INPUT, "the calibrator's slope is not above 0");
}

static bool read_knot(const struct doc *pair, struct calibration_knot *out, struct err *err)
{
    if (pair->kind != DOC_LIST || pair->count != 2 || pair->first->kind != DOC_NUMBER ||
        pair->first->next->kind != DOC_NUMBER)
        return err_set(err, ERR_INPUT, "a knot is a score and a probability");
    *out = (struct calibration_knot){(float)pair->first->number, pair->first->next->number};
    return (isfinite(out->score) && out->probability >= 0 && out->probability <= 1) ||
           err_set(err, ERR_INPUT, "a knot's probability is not between 0 and 1");
}

static bool read_isotonic(struct calibration *out, const struct doc *doc, struct arena *arena,
                          struct err *err)
{
    const struct doc *list;
    if (!doc_need(doc, "knots", DOC_LIST, &list, err))
        return false;
    if (list->count == 0 || list->count > POLICY_KNOTS_MAX)
        return err_set(err, ERR_INPUT, "a calibrator has 1 to %d knots", POLICY_KNOTS_MAX);
    struct calibration_knot *knot = arena_new(arena, struct calibration_knot, list->count);
    if (knot == NULL)
        return err_set(err, ERR_LIMIT, "the calibrator does not fit the memory limit");
    for (const struct doc *item = list->first; item != NULL; item = item->next) {
        struct calibration_knot *this = &knot[out->knots];
        if (!read_knot(item, this, err))
            return false;
        if (out->knots > 0 &&
            (this->score <= this[-1].score || this->probability < this[-1].probability))
            return err_set(err, ERR_INPUT, "knot %zu falls: scores rise, and probabilities too",
                           out->knots + 1);
        out->knots++;
    }
    out->knot = knot;
    return true;
}

static bool read_calibration(struct calibration *out, const struct doc *doc, struct arena *arena,
                             struct err *err)
{
    struct view name;
    if (!doc_need_text(doc, "calibrator", &name, err))
        return false;
    if (view_is(name, calibrator_name(CALIBRATOR_PLATT))) {
        out->calibrator = CALIBRATOR_PLATT;
        return read_platt(out, doc, err);
    }
    if (view_is(name, calibrator_name(CALIBRATOR_ISOTONIC))) {
        out->calibrator = CALIBRATOR_ISOTONIC;
        return read_isotonic(out, doc, arena, err);
    }
    return err_set(err, ERR_INPUT, "'" VIEW_FMT "' is no calibrator", VIEW_ARG(name));
}

/* A member that may be absent. */
static bool read_line(const struct doc *doc, const char *name, float *line, struct err *err)
{
    double number;
    if (doc_find(doc, name) == NULL)
        return true;
    if (!doc_need_number(doc, name, &number, err))
        return false;
    *line = (float)number;
    return isfinite(*line) || err_set(err, ERR_INPUT, "'%s' is not finite", name);
}

static bool read_costs(struct cost_matrix *out, const struct doc *doc, struct err *err)
{
    for (size_t i = 0; i < LENGTH_OF(costs); i++) {
        double *cost = (double *)((char *)out + costs[i].offset);
        if (!doc_need_number(doc, costs[i].key, cost, err))
            return false;
        if (!isfinite(*cost) || *cost < 0)
            return err_set(err, ERR_INPUT, "the cost '%s' is not 0 or more", costs[i].key);
    }
    return true;
}

static bool read_outcomes(struct policy *policy, const struct doc *doc, struct err *err)
{
    struct view by;
    if (doc->kind != DOC_OBJECT)
        return err_set(err, ERR_INPUT, "'outcomes' is not an object");
    if (!doc_need_text(doc, "by", &by, err) || !read_line(doc, "review", &policy->review, err) ||
        !read_line(doc, "decline", &policy->decline, err))
        return false;
    if (policy->decline < policy->review)
        return err_set(err, ERR_INPUT, "the line of 'decline' is below that of 'review'");
    policy->by_cost = view_is(by, "cost");
    if (policy->by_cost)
        return read_costs(&policy->costs, doc, err);
    return view_is(by, "lines") ||
           err_set(err, ERR_INPUT, "outcomes by '" VIEW_FMT "' are not known", VIEW_ARG(by));
}

static bool read_population(struct policy *policy, const struct doc *list, struct arena *arena,
                            struct err *err)
{
    if (list->kind != DOC_LIST || list->count < 2 || list->count > POLICY_POPULATION_MAX)
        return err_set(err, ERR_INPUT, "a population is a list of 2 to %d pairs",
                       POLICY_POPULATION_MAX);
    struct population_knot *knot = arena_new(arena, struct population_knot, list->count);
    if (knot == NULL)
        return err_set(err, ERR_LIMIT, "the population does not fit the memory limit");
    size_t count = 0;
    for (const struct doc *pair = list->first; pair != NULL; pair = pair->next, count++) {
        if (pair->kind != DOC_LIST || pair->count != 2 || pair->first->kind != DOC_NUMBER ||
            pair->first->next->kind != DOC_NUMBER)
            return err_set(err, ERR_INPUT, "the population's pairs are a share and a score");
        knot[count] =
            (struct population_knot){pair->first->number, (float)pair->first->next->number};
        const struct population_knot *this = &knot[count];
        bool rises = count == 0 || (this->share > this[-1].share && this->score > this[-1].score);
        if (!(this->share >= 0 && this->share <= 1) || !isfinite(this->score) || !rises)
            return err_set(err, ERR_INPUT, "the population's pair %zu does not rise", count + 1);
    }
    policy->population = knot;
    policy->population_count = count;
    return true;
}

static bool read_column(const struct doc *doc, const char *name, struct view *out, struct err *err)
{
    return doc_find(doc, name) == NULL || doc_need_text(doc, name, out, err);
}

bool policy_read(struct policy *policy, const struct doc *doc, struct arena *arena, struct err *err)
{
    double threshold;
    if (!doc_need_number(doc, "threshold", &threshold, err))
        return false;
    *policy = policy_of((float)threshold);
    if (!isfinite(policy->threshold)) /* a double past FLT_MAX is none either */
        return err_set(err, ERR_INPUT, "the threshold is not finite");
    const struct doc *calibration = doc_find(doc, "calibration");
    const struct doc *outcomes = doc_find(doc, "outcomes");
    const struct doc *population = doc_find(doc, "population");
    return (calibration == NULL ||
            read_calibration(&policy->calibration, calibration, arena, err)) &&
           (outcomes == NULL || read_outcomes(policy, outcomes, err)) &&
           read_column(doc, "amount", &policy->amount, err) &&
           read_column(doc, "entity", &policy->entity, err) &&
           (population == NULL || read_population(policy, population, arena, err));
}

struct policy policy_of(float threshold)
{
    return (struct policy){.threshold = threshold, .review = threshold, .decline = HUGE_VALF};
}
