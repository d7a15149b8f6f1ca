#include "measure/estimate.h"

#include "measure/chance.h"

#include "base/rng.h"

#include <math.h>

const struct estimate *const estimates[ESTIMATE_COUNT] = {
#define ESTIMATE(name) [ESTIMATE_##name] = &estimate_##name,
#include "measure/estimates.def"
#undef ESTIMATE
};

/* ---------------------------------------------------------------- figures */

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : (double)NAN;
}

static double precision(const struct estimate_tally *t)
{
    return ratio(t->caught, t->alarms);
}

static double recall(const struct estimate_tally *t)
{
    return ratio(t->caught, t->frauds);
}

static double f1(const struct estimate_tally *t)
{
    return t->frauds > 0 ? 2 * t->caught / (t->alarms + t->frauds) : (double)NAN;
}

static double roc_auc(const struct estimate_tally *t)
{
    return 1 - ratio(t->above, t->frauds * (t->rows - t->frauds));
}

static double pr_auc(const struct estimate_tally *t)
{
    return ratio(t->steps, t->frauds);
}

static double fraud_rate(const struct estimate_tally *t)
{
    return ratio(t->frauds, t->rows);
}

static double cost_caught(const struct estimate_tally *t)
{
    return t->caught * t->matrix.handling;
}

static double cost_false_alarms(const struct estimate_tally *t)
{
    return (t->alarms - t->caught) * (t->matrix.handling + t->matrix.insult);
}

static double cost_missed(const struct estimate_tally *t)
{
    return t->lost;
}

static double cost(const struct estimate_tally *t)
{
    return cost_caught(t) + cost_false_alarms(t) + cost_missed(t);
}

#define ROW(id, text) const struct estimate estimate_##id = {#id, text, id}
ROW(precision, "of the alarms, how many are fraud");
ROW(recall, "of the frauds, how many have an alarm");
ROW(f1, "harmonic mean of precision and recall");
ROW(roc_auc, "area under the ROC curve");
ROW(pr_auc, "average precision");
ROW(fraud_rate, "share of fraud");
ROW(cost, "of all decisions");
ROW(cost_caught, "of handling the frauds with an alarm");
ROW(cost_false_alarms, "of handling and insulting the others with one");
ROW(cost_missed, "of the frauds without an alarm: amounts lost and fees");
#undef ROW

/* ---------------------------------------------------------------- the order of the rows */

/* The rows by score, the most suspicious first; equal scores are a group. */
struct order {
    const struct estimate_rows *rows;
    uint32_t *row;
    uint32_t *group; /* by rank */
    uint32_t *first; /* by group, and one behind: the rank that it begins at */
    size_t groups;
    double *most; /* by block of BLOCK ranks: the highest probability */
    double alarms;
};

enum { BLOCK = 64 };

static int by_score(const void *left, const void *right, void *self)
{
    const float *score = ((const struct estimate_rows *)self)->score;
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    if (score[a] != score[b])
        return score[a] > score[b] ? -1 : 1;
    return a < b ? -1 : a > b;
}

static bool order_init(struct order *order, const struct estimate_rows *rows, struct arena *arena,
                       struct err *err)
{
    size_t count = rows->count;
    *order = (struct order){.rows = rows,
                            .row = arena_new(arena, uint32_t, count + 1),
                            .group = arena_new(arena, uint32_t, count + 1),
                            .first = arena_new(arena, uint32_t, count + 1),
                            .most = arena_new(arena, double, count / BLOCK + 1)};
    if (count >= UINT32_MAX || order->row == NULL || order->group == NULL || order->first == NULL ||
        order->most == NULL)
        return err_set(err, ERR_LIMIT, "%zu rows to estimate from do not fit the memory limit",
                       count);
    for (size_t i = 0; i < count; i++) {
        assert(!isnan(rows->score[i]) && rows->probability[i] >= 0 && rows->probability[i] <= 1);
        order->row[i] = (uint32_t)i;
        order->alarms += rows->alarm[i] != 0;
    }
    struct estimate_rows self = *rows;
    qsort_r(order->row, count, sizeof *order->row, by_score, &self);
    for (size_t rank = 0; rank < count; rank++) {
        uint32_t row = order->row[rank];
        if (rank == 0 || rows->score[row] != rows->score[order->row[rank - 1]])
            order->first[order->groups++] = (uint32_t)rank;
        order->group[rank] = (uint32_t)order->groups - 1;
        order->most[rank / BLOCK] = fmax(order->most[rank / BLOCK], rows->probability[row]);
    }
    order->first[order->groups] = (uint32_t)count;
    return true;
}

/* ---------------------------------------------------------------- a tally */

/* Frauds are told in the order of their ranks, whole ones or parts. */
struct count {
    const struct order *order;
    struct estimate_tally tally;
    size_t group;
    double here; /* frauds of the group so far */
};

static struct count count_of(const struct order *order)
{
    return (struct count){.order = order,
                          .tally = {.rows = (double)order->rows->count,
                                    .alarms = order->alarms,
                                    .matrix = order->rows->matrix}};
}

static void close_group(struct count *count)
{
    const uint32_t *first = &count->order->first[count->group];
    double before = (double)first[0], upto = (double)first[1], here = count->here;
    if (here == 0)
        return;
    double legitimate = upto - before - here;
    count->tally.above += here * (before - count->tally.frauds + legitimate / 2);
    count->tally.frauds += here;
    count->tally.steps += here * count->tally.frauds / upto;
    count->here = 0;
}

static void add_fraud(struct count *count, size_t rank, double share)
{
    const struct estimate_rows *rows = count->order->rows;
    uint32_t row = count->order->row[rank];
    if (count->order->group[rank] != count->group) {
        close_group(count);
        count->group = count->order->group[rank];
    }
    count->here += share;
    if (rows->alarm[row]) {
        count->tally.caught += share;
        return;
    }
    double amount = rows->amount == NULL ? 0 : rows->amount[row];
    count->tally.lost += share * (amount * rows->matrix.loss_given_fraud + rows->matrix.chargeback);
}

static struct estimate_tally tally_expected(const struct order *order)
{
    struct count count = count_of(order);
    for (size_t rank = 0; rank < order->rows->count; rank++)
        add_fraud(&count, rank, order->rows->probability[order->row[rank]]);
    if (order->groups > 0)
        close_group(&count);
    return count.tally;
}

static struct estimate_tally tally_labelled(const struct order *order, const uint8_t *label)
{
    struct count count = count_of(order);
    for (size_t rank = 0; rank < order->rows->count; rank++)
        if (label[order->row[rank]])
            add_fraud(&count, rank, 1);
    if (order->groups > 0)
        close_group(&count);
    return count.tally;
}

/* Each row is fraud with its probability. In a block all are struck with the highest probability
 * of the block, by the gaps between those struck, and each of these kept with what its own is of
 * it. */
static struct estimate_tally tally_drawn(const struct order *order, struct rng *rng)
{
    struct count count = count_of(order);
    size_t rows = order->rows->count;
    for (size_t block = 0; block * BLOCK < rows; block++) {
        double most = order->most[block], scale = log1p(-most);
        size_t end = (block + 1) * BLOCK < rows ? (block + 1) * BLOCK : rows;
        if (most == 0)
            continue;
        for (size_t rank = block * BLOCK; rank < end; rank++) {
            double gap = most < 1 ? floor(log1p(-rng_unit(rng)) / scale) : 0;
            if (gap >= (double)(end - rank))
                break;
            rank += (size_t)gap;
            if (rng_unit(rng) * most < order->rows->probability[order->row[rank]])
                add_fraud(&count, rank, 1);
        }
    }
    if (order->groups > 0)
        close_group(&count);
    return count.tally;
}

/* ---------------------------------------------------------------- draws */

/* By figure: all draws of it together. */
static double *draw_all(const struct order *order, size_t draws, uint64_t seed, struct arena *arena,
                        struct err *err)
{
    double *value = arena_new(arena, double, ESTIMATE_COUNT *draws + 1);
    if (value == NULL) {
        err_set(err, ERR_LIMIT, "%zu draws do not fit the memory limit", draws);
        return NULL;
    }
    for (size_t draw = 0; draw < draws; draw++) {
        struct rng rng = rng_of(seed, 0, draw);
        struct estimate_tally tally = tally_drawn(order, &rng);
        for (size_t i = 0; i < ESTIMATE_COUNT; i++)
            value[i * draws + draw] = estimates[i]->of(&tally);
    }
    return value;
}

struct spread {
    double mean, deviation;
};

static struct spread spread_of(const double *value, size_t count)
{
    struct spread spread = {0};
    double square = 0;
    for (size_t i = 0; i < count; i++)
        spread.mean += value[i] / (double)count;
    for (size_t i = 0; i < count; i++)
        square += (value[i] - spread.mean) * (value[i] - spread.mean);
    spread.deviation = sqrt(square / (double)(count - 1));
    return spread;
}

bool estimate_figures(const struct estimate_rows *rows, size_t draws, uint64_t seed, double level,
                      struct arena *arena, struct interval out[ESTIMATE_COUNT], struct err *err)
{
    struct order order;
    if (!order_init(&order, rows, arena, err))
        return false;
    double *value = draw_all(&order, draws, seed, arena, err);
    if (value == NULL)
        return false;
    struct estimate_tally expected = tally_expected(&order);
    for (size_t i = 0; i < ESTIMATE_COUNT; i++) {
        double *drawn = value + i * draws;
        size_t kept = draws_sort(drawn, draws);
        out[i] = (struct interval){estimates[i]->of(&expected), (double)NAN, (double)NAN,
                                   (double)NAN, kept};
        if (kept < 2 || 2 * kept < draws)
            continue;
        out[i].low = draws_quantile(drawn, kept, 0.5 - level / 2);
        out[i].high = draws_quantile(drawn, kept, 0.5 + level / 2);
        out[i].deviation = spread_of(drawn, kept).deviation;
    }
    return true;
}

struct confusion estimate_confusion(const struct estimate_rows *rows)
{
    struct confusion out = {0};
    for (size_t i = 0; i < rows->count; i++) {
        double p = rows->probability[i];
        *(rows->alarm[i] ? &out.true_positive : &out.false_negative) += p;
        *(rows->alarm[i] ? &out.false_positive : &out.true_negative) += 1 - p;
    }
    return out;
}

/* ---------------------------------------------------------------- disagreement */

/* How many of all would lie as far out, the realised one among them. */
static double chance_of(const double *sorted, size_t count, double realised)
{
    size_t below = 0, upto = 0;
    for (size_t i = 0; i < count; i++) {
        below += sorted[i] < realised;
        upto += sorted[i] <= realised;
    }
    size_t fewer = upto < count - below ? upto : count - below;
    return fmin(1, 2 * (double)(fewer + 1) / (double)(count + 1));
}

static struct disagreement compare(double *drawn, size_t draws, double realised)
{
    size_t kept = draws_sort(drawn, draws);
    struct disagreement out = {.estimated = (double)NAN,
                               .realised = realised,
                               .low = (double)NAN,
                               .high = (double)NAN,
                               .chance = 1};
    if (kept < 2 || 2 * kept < draws || isnan(realised))
        return out;
    out.estimated = spread_of(drawn, kept).mean;
    out.low = realised - draws_quantile(drawn, kept, 0.975);
    out.high = realised - draws_quantile(drawn, kept, 0.025);
    out.chance = chance_of(drawn, kept, realised);
    return out;
}

bool estimate_against(const struct estimate_rows *rows, const uint8_t *label, size_t draws,
                      uint64_t seed, struct arena *arena, struct disagreement out[ESTIMATE_COUNT],
                      struct err *err)
{
    struct order order;
    if (!order_init(&order, rows, arena, err))
        return false;
    double *value = draw_all(&order, draws, seed, arena, err);
    if (value == NULL)
        return false;
    struct estimate_tally realised = tally_labelled(&order, label);
    for (size_t i = 0; i < ESTIMATE_COUNT; i++)
        out[i] = compare(value + i * draws, draws, estimates[i]->of(&realised));
    double level = holm_level(&out[0].chance, sizeof out[0], ESTIMATE_COUNT, ESTIMATE_COUNT,
                              DISAGREEMENT_ALPHA);
    for (size_t i = 0; i < ESTIMATE_COUNT; i++)
        out[i].disagrees = out[i].chance <= level && fabs(out[i].realised - out[i].estimated) >=
                                                         DISAGREEMENT_SHARE * out[i].estimated;
    return true;
}
