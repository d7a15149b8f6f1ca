#include "train/outcomes.h"

#include "base/number.h"

#include <math.h>

/* Shares of the population at which its score is kept: hundredths, then finer towards the top,
 * where the decisions are. */
static const struct {
    int from, to, of; /* from / of to to / of */
} stretches[] = {{1, 99, 100}, {991, 999, 1000}, {9991, 9999, 10000}};
enum { POPULATION_KNOTS = 1 + 99 + 9 + 9 + 1 };

/* A line as assay.yaml has it: `word`, which leaves *line as it is, or a score. */
static bool read_line(const struct config *config, enum key_id key, const char *word, float *line,
                      struct err *err)
{
    struct view text = config_text(config, key);
    double number;
    if (view_is(text, word))
        return true;
    if (!number_parse(text, &number) || number < 0 || number > 1)
        return err_set(err, ERR_INPUT, "%s is '%s' or a score from 0 to 1, not '" VIEW_FMT "'",
                       config_keys[key].path, word, VIEW_ARG(text));
    *line = (float)number;
    return true;
}

static bool read_lines(const struct config *config, struct policy *policy, struct err *err)
{
    policy->review = policy->threshold;
    policy->decline = HUGE_VALF;
    return read_line(config, KEY_DECISION_REVIEW, "threshold", &policy->review, err) &&
           read_line(config, KEY_DECISION_DECLINE, "never", &policy->decline, err);
}

bool outcomes_check(const struct config *config, bool has_costs, struct err *err)
{
    struct policy policy = policy_of(0); /* the threshold is not chosen yet */
    if (view_is(config_text(config, KEY_DECISION_OUTCOME), "cost") && !has_costs)
        return err_set(err, ERR_INPUT,
                       "decision.outcome cost needs the costs: set evaluation.cost.*");
    if (!read_lines(config, &policy, err))
        return false;
    return policy.decline >= policy.review ||
           err_set(err, ERR_INPUT, "decision.decline is below decision.review");
}

static bool set_lines(struct evaluation *e, struct err *err)
{
    struct policy *policy = &e->policy;
    if (!read_lines(e->pipeline->config, policy, err))
        return false;
    if (policy->decline >= policy->review)
        return true;
    return err_set(err, ERR_INPUT,
                   "decision.decline is %g, below the threshold that was chosen, %g: set "
                   "decision.review too, or a higher decision.decline",
                   (double)policy->decline, (double)policy->threshold);
}

/* The score that so much of the rows' weight does not exceed; groups come highest first. */
static float score_at(const struct ranking *ranking, double share)
{
    double whole = ranking_weight(ranking), above = whole;
    for (size_t i = ranking->groups; i-- > 0;) {
        above -= group_weight(&ranking->group[i]);
        if (1 - above / whole >= share)
            return ranking->group[i].score;
    }
    return ranking->group[0].score;
}

static void add_knot(struct policy *policy, struct population_knot *knot, double share, float score)
{
    if (policy->population_count > 0 && score <= knot[policy->population_count - 1].score) {
        knot[policy->population_count - 1].share = share; /* many rows of one score */
        return;
    }
    knot[policy->population_count++] = (struct population_knot){share, score};
}

static bool describe_population(struct evaluation *e, struct err *err)
{
    const struct ranking *ranking = &e->validation.ranking;
    struct policy *policy = &e->policy;
    if (ranking->groups < 2)
        return true;
    struct population_knot *knot = arena_new(e->arena, struct population_knot, POPULATION_KNOTS);
    if (knot == NULL)
        return err_set(err, ERR_LIMIT, "the population does not fit the memory limit");
    const struct score_group *lowest = &ranking->group[ranking->groups - 1];
    add_knot(policy, knot, group_weight(lowest) / ranking_weight(ranking), lowest->score);
    for (size_t i = 0; i < LENGTH_OF(stretches); i++) {
        for (int k = stretches[i].from; k <= stretches[i].to; k++) {
            double share = (double)k / stretches[i].of;
            if (share > knot[0].share)
                add_knot(policy, knot, share, score_at(ranking, share));
        }
    }
    add_knot(policy, knot, 1, ranking->group[0].score);
    assert(policy->population_count <= POPULATION_KNOTS);
    policy->population = knot;
    if (policy->population_count < 2)
        policy->population_count = 0; /* all but one of the shares have one score */
    return true;
}

bool outcomes_fill(struct evaluation *e, struct err *err)
{
    const struct config *config = e->pipeline->config;
    e->policy.by_cost = view_is(config_text(config, KEY_DECISION_OUTCOME), "cost");
    if (e->policy.by_cost)
        e->policy.costs = e->costs;
    e->policy.amount = config_text(config, KEY_EVALUATION_AMOUNT);
    e->policy.entity = config_text(config, KEY_EVALUATION_ENTITY);
    return set_lines(e, err) && describe_population(e, err);
}
