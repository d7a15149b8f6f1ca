#include "measure/cost.h"

#include <math.h>

static double missed(const struct cost_matrix *matrix, const double *amount, size_t i)
{
    return (amount == NULL ? 0 : amount[i] * matrix->loss_given_fraud) + matrix->chargeback;
}

static double alarmed(const struct cost_matrix *matrix, bool fraud)
{
    return matrix->handling + (fraud ? 0 : matrix->insult);
}

static struct costs settled(struct costs costs)
{
    double least = fmin(costs.none, costs.all);
    costs.savings = least > 0 ? 1 - costs.model / least : (double)NAN;
    return costs;
}

static void add(struct costs *costs, const struct cost_matrix *matrix, const double *amount,
                const struct sample *sample, size_t i, bool alarm)
{
    bool fraud = sample->label[i];
    double mass = weight_of(sample, i);
    double silence = fraud ? mass * missed(matrix, amount, i) : 0;
    double handled = mass * alarmed(matrix, fraud);
    costs->none += silence;
    costs->all += handled;
    costs->model += alarm ? handled : silence;
}

struct costs costs_at(const struct sample *sample, const double *amount,
                      const struct cost_matrix *matrix, float threshold)
{
    assert(amount != NULL || matrix->loss_given_fraud == 0);
    struct costs costs = {0};
    for (size_t i = 0; i < sample->count; i++)
        add(&costs, matrix, amount, sample, i, sample->score[i] >= threshold);
    return settled(costs);
}

double cost_threshold(const struct cost_matrix *matrix, double amount)
{
    double avoided = missed(matrix, &amount, 0) - alarmed(matrix, true);
    double insult = alarmed(matrix, false);
    return avoided > 0 ? insult / (insult + avoided) : (double)INFINITY;
}

struct costs costs_by_instance(const struct sample *sample, const double *amount,
                               const struct cost_matrix *matrix)
{
    assert(amount != NULL || matrix->loss_given_fraud == 0);
    struct costs costs = {0};
    for (size_t i = 0; i < sample->count; i++) {
        double from = cost_threshold(matrix, amount == NULL ? 0 : amount[i]);
        add(&costs, matrix, amount, sample, i, (double)sample->score[i] >= from);
    }
    return settled(costs);
}

static int higher_score_first(const void *left, const void *right, void *self)
{
    const struct sample *sample = self;
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    float x = sample->score[a], y = sample->score[b];
    return x != y ? (x < y) - (x > y) : (a > b) - (a < b);
}

/* What the alarms down to each distinct score cost, from none of them on. */
static size_t walk_lines(const struct sample *sample, const double *amount,
                         const struct cost_matrix *matrix, const uint32_t *row,
                         struct curve_point *point)
{
    double cost = 0, whole = 0, alarms = 0;
    for (size_t i = 0; i < sample->count; i++) {
        cost += sample->label[i] ? weight_of(sample, i) * missed(matrix, amount, i) : 0;
        whole += weight_of(sample, i);
    }
    size_t points = 0;
    point[points++] = (struct curve_point){.threshold = INFINITY, .x = 0, .y = cost};
    for (size_t i = 0; i < sample->count; i++) {
        uint32_t at = row[i];
        bool fraud = sample->label[at];
        double mass = weight_of(sample, at);
        cost += mass * (alarmed(matrix, fraud) - (fraud ? missed(matrix, amount, at) : 0));
        alarms += mass;
        if (i + 1 < sample->count && sample->score[row[i + 1]] == sample->score[at])
            continue;
        point[points++] = (struct curve_point){sample->score[at], alarms / whole, cost};
    }
    return points;
}

bool cost_least(const struct sample *sample, const double *amount, const struct cost_matrix *matrix,
                size_t points, struct arena *arena, struct cost_line *out, struct curve *curve,
                struct err *err)
{
    assert(amount != NULL || matrix->loss_given_fraud == 0);
    assert(sample->count < UINT32_MAX);
    struct sample self = *sample;
    uint32_t *row = arena_new(arena, uint32_t, sample->count + 1);
    struct curve_point *point = arena_new(arena, struct curve_point, sample->count + 1);
    if (row == NULL || point == NULL)
        return err_set(err, ERR_LIMIT, "the costs of %zu rows do not fit the job's memory limit",
                       sample->count);
    for (size_t i = 0; i < sample->count; i++)
        row[i] = (uint32_t)i;
    qsort_r(row, sample->count, sizeof *row, higher_score_first, &self);
    size_t lines = walk_lines(sample, amount, matrix, row, point);

    size_t best = 0;
    for (size_t i = 1; i < lines; i++)
        best = point[i].y < point[best].y ? i : best;
    struct cost_line line = {.threshold = point[best].threshold, .cost = point[best].y};
    if (curve != NULL && !curve_thin(point, lines, points, arena, curve, err))
        return false;
    *out = line;
    return true;
}
