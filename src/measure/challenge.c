#include "measure/challenge.h"

#include <math.h>

enum { GROUPS_MAX = 256 };

const struct challenge_rules challenge_rules_default = {
    .mode = CHALLENGE_BOUND,
    .primary = &metric_pr_auc,
    .confidence = 0.95,
    .power = 0.8,
    .least_gain = 0.01,
    .draws = BOOTSTRAP_DRAWS,
    .limit = {[RAIL_alert_volume] = 0.2, [RAIL_ece] = 1.1, [RAIL_fpr_ratio] = 0.8},
    .ece_slack = 0.001,
    .group_rows_min = 100,
};

const char *challenge_verdict_name(enum challenge_verdict verdict)
{
    static const char *const name[] = {
        [CHALLENGE_PROMOTE] = "promote",
        [CHALLENGE_KEEP] = "keep",
        [CHALLENGE_INSUFFICIENT] = "insufficient",
    };
    return name[verdict];
}

/* ---------------------------------------------------------------- guard rails */

/* No alarms before and none now is no change; some where there were none is infinite. */
static struct rail_check alert_volume(const struct bootstrap *bootstrap,
                                      const struct challenge_rows *rows UNUSED,
                                      const struct challenge_rules *rules)
{
    double before = bootstrap_point(bootstrap, &metric_alert_rate, 0);
    double now = bootstrap_point(bootstrap, &metric_alert_rate, 1);
    double change = before == now ? 0 : fabs(now - before) / before;
    /* The quotient of two counts may miss the limit by a rounding. */
    bool passed = change <= rules->limit[RAIL_alert_volume] + 1e-12;
    return (struct rail_check){.value = change, .judged = bootstrap->rows > 0, .passed = passed};
}

static struct rail_check ece(const struct bootstrap *bootstrap, const struct challenge_rows *rows,
                             const struct challenge_rules *rules)
{
    bool given = rows->ece != NULL;
    double before = given ? rows->ece[0] : bootstrap_point(bootstrap, &metric_ece, 0);
    double now = given ? rows->ece[1] : bootstrap_point(bootstrap, &metric_ece, 1);
    bool passed = now <= before * rules->limit[RAIL_ece] + rules->ece_slack;
    return (struct rail_check){
        .value = before > 0 ? now / before : (double)NAN,
        .judged = bootstrap->rows > 0,
        .passed = passed,
    };
}

static struct rail_check fpr_ratio(const struct bootstrap *bootstrap,
                                   const struct challenge_rows *rows,
                                   const struct challenge_rules *rules)
{
    uint64_t counted[GROUPS_MAX] = {0};
    double legitimate[GROUPS_MAX] = {0}, insulted[GROUPS_MAX] = {0};
    const struct sample *sample = &rows->challenger.sample;
    for (size_t i = 0; rows->group != NULL && i < bootstrap->rows; i++) {
        double mass = weight_of(sample, i);
        if (sample->label[i] || mass == 0)
            continue;
        counted[rows->group[i]]++;
        legitimate[rows->group[i]] += mass;
        insulted[rows->group[i]] += sample->score[i] >= rows->challenger.threshold ? mass : 0;
    }
    double lowest = 1, highest = 0;
    size_t groups = 0;
    for (size_t i = 0; i < GROUPS_MAX; i++) {
        if (counted[i] == 0 || counted[i] < rules->group_rows_min)
            continue;
        double rate = insulted[i] / legitimate[i];
        lowest = fmin(lowest, rate);
        highest = fmax(highest, rate);
        groups++;
    }
    bool judged =
        groups > 1 && highest > 0; /* where nobody is flagged, nothing is fair or unfair */
    double ratio = judged ? lowest / highest : (double)NAN;
    return (struct rail_check){
        .value = ratio,
        .judged = judged,
        .passed = !judged || ratio >= rules->limit[RAIL_fpr_ratio],
    };
}

static bool check_rails(const struct bootstrap *bootstrap, const struct challenge_rows *rows,
                        const struct challenge_rules *rules, struct rail_check *check)
{
    bool all = true;
#define RAIL(rail, about)                                                                          \
    check[RAIL_##rail] = rail(bootstrap, rows, rules);                                             \
    check[RAIL_##rail].name = #rail;                                                               \
    check[RAIL_##rail].limit = rules->limit[RAIL_##rail];                                          \
    all &= check[RAIL_##rail].passed || !check[RAIL_##rail].judged;
#include "measure/rails.def"
#undef RAIL
    return all;
}

/* ---------------------------------------------------------------- the swap set */

static int dearest_first(const void *left, const void *right, void *self)
{
    const double *amount = *(const double *const *)self;
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    if (amount != NULL && amount[a] != amount[b])
        return (amount[a] < amount[b]) - (amount[a] > amount[b]);
    return (a > b) - (a < b);
}

static bool find_swaps(const struct challenge_rows *rows, struct arena *arena,
                       struct challenge *out, struct err *err)
{
    const struct contender *old = &rows->champion, *new = &rows->challenger;
    size_t count = old->sample.count;
    uint32_t *swap = arena_new(arena, uint32_t, count + 1);
    if (swap == NULL)
        return err_set(err, ERR_LIMIT, "%zu rows to compare do not fit the job's memory limit",
                       count);
    for (size_t i = 0; i < count; i++) {
        bool before = old->sample.score[i] >= old->threshold;
        bool now = new->sample.score[i] >= new->threshold;
        double mass = weight_of(&old->sample, i);
        if (before == now || mass == 0)
            continue;
        struct swap_side *side = now ? &out->gained : &out->lost;
        double money = rows->amount == NULL ? 0 : mass * rows->amount[i];
        side->rows += mass;
        side->money += money;
        side->frauds += old->sample.label[i] ? mass : 0;
        side->fraud_money += old->sample.label[i] ? money : 0;
        swap[out->swaps++] = (uint32_t)i;
    }
    const double *amount = rows->amount;
    qsort_r(swap, out->swaps, sizeof *swap, dearest_first, &amount);
    out->swap = swap;
    return true;
}

/* ---------------------------------------------------------------- the verdict */

/* The error of a mean falls with the root of what it is taken over: a gain is seen with the wanted
 * power when it is z(confidence) + z(power) deviations. */
static double further_frauds(const struct challenge *c, const struct challenge_rules *rules,
                             double frauds)
{
    double gain = fmax(c->gain + rules->non_inferior, rules->least_gain);
    double reach = normal_quantile(rules->confidence) + normal_quantile(rules->power);
    double ratio = reach * c->deviation / gain;
    return fmax(1, ceil(frauds * ratio * ratio) - frauds);
}

/* `draw` holds the gains of the draws, undefined ones first gone. */
static void bound(struct challenge *c, const struct challenge_rules *rules, double *draw,
                  size_t count)
{
    double sum = 0, square = 0;
    size_t kept = draws_sort(draw, count);
    c->low = c->high = c->deviation = (double)NAN;
    if (kept < 2 || 2 * kept < count)
        return;
    for (size_t i = 0; i < kept; i++)
        sum += draw[i];
    for (size_t i = 0; i < kept; i++)
        square += (draw[i] - sum / (double)kept) * (draw[i] - sum / (double)kept);
    c->deviation = sqrt(square / (double)(kept - 1));
    double z = normal_quantile(rules->confidence), tail = 1 - rules->confidence;
    tail = fmax(0, tail - z * sqrt(tail * (1 - tail) / (double)kept));
    c->low = fmin(draws_quantile(draw, kept, tail), c->gain - z * c->deviation);
    c->high = fmax(draws_quantile(draw, kept, 1 - tail), c->gain + z * c->deviation);
}

static double share_above(const double *draw, size_t count)
{
    double sum = 0;
    size_t above = 0;
    for (size_t i = 0; i < count; i++)
        sum += draw[i];
    for (size_t i = 0; i < count; i++)
        above += draw[i] > sum / (double)count;
    return (double)above / (double)count;
}

static enum challenge_verdict decide(const struct challenge *c, const struct challenge_rules *rules,
                                     bool rails)
{
    if (rules->mode == CHALLENGE_PLAIN_F1)
        return c->gain > 0 ? CHALLENGE_PROMOTE : CHALLENGE_KEEP;
    if (!rails)
        return CHALLENGE_KEEP;
    if (c->low > -rules->non_inferior)
        return CHALLENGE_PROMOTE;
    return c->high < rules->least_gain ? CHALLENGE_KEEP : CHALLENGE_INSUFFICIENT;
}

static double count_frauds(const struct sample *sample)
{
    double frauds = 0;
    for (size_t i = 0; i < sample->count; i++)
        frauds += sample->label[i] && weight_of(sample, i) != 0;
    return frauds;
}

bool challenge_judge(const struct challenge_rows *rows, const struct challenge_rules *rules,
                     struct arena *arena, struct challenge *out, struct err *err)
{
    assert(rules->least_gain > 0 && rules->non_inferior >= 0 && !rules->primary->describes);
    struct bootstrap bootstrap;
    struct contender both[] = {rows->champion, rows->challenger};
    double *value = arena_new(arena, double, 2 * rules->draws + 1);
    double *draw = arena_new(arena, double, rules->draws + 1);
    if (value == NULL || draw == NULL)
        return err_set(err, ERR_LIMIT, "%zu draws do not fit the job's memory limit", rules->draws);
    bool plain = rules->mode == CHALLENGE_PLAIN_F1;
    const struct metric *primary = plain ? &metric_f1 : rules->primary;
    if (!bootstrap_init(&bootstrap, both, 2, rows->entity, rules->seed, arena, err) ||
        !bootstrap_draw(&bootstrap, 0, rules->draws, &primary, 1, arena, value, err))
        return false;

    double good = primary->higher_is_better ? 1 : -1;
    for (size_t i = 0; i < rules->draws; i++)
        draw[i] = good * (value[2 * i + 1] - value[2 * i]);
    struct challenge c = {
        .champion = bootstrap_point(&bootstrap, primary, 0),
        .challenger = bootstrap_point(&bootstrap, primary, 1),
        .false_promotion = (double)NAN,
    };
    c.gain = good * (c.challenger - c.champion);
    bound(&c, rules, draw, rules->draws);
    if (plain && bootstrap.rows > 0)
        c.false_promotion = share_above(draw, rules->draws);
    c.verdict = decide(&c, rules, check_rails(&bootstrap, rows, rules, c.rail));
    if (c.verdict == CHALLENGE_INSUFFICIENT)
        c.frauds_needed = further_frauds(&c, rules, count_frauds(&rows->champion.sample));
    if (!find_swaps(rows, arena, &c, err))
        return false;
    *out = c;
    return true;
}
