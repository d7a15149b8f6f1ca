#include "measure/interval.h"

#include "base/rng.h"

#include <math.h>

/* ---------------------------------------------------------------- normal */

double normal_quantile(double p)
{
    assert(p > 0 && p < 1);
    static const double root_two = 1.4142135623730951, root_two_pi = 2.5066282746310002;
    double z = 0;
    for (int step = 0; step < 100; step++) { /* Newton, one deviation a step at most */
        double miss = 0.5 * erfc(-z / root_two) - p;
        double go = miss * root_two_pi * exp(z * z / 2);
        go = fmax(-1, fmin(1, go));
        z -= go;
        if (fabs(go) <= 1e-15 * (1 + fabs(z)))
            break;
    }
    return z;
}

/* ---------------------------------------------------------------- DeLong */

/* Mean and variance of what comes with a weight, by Welford's update. */
struct moments {
    double weight;
    double mean;
    double square;
};

static void moments_add(struct moments *moments, double value, double weight)
{
    if (weight == 0)
        return;
    moments->weight += weight;
    double gap = value - moments->mean;
    moments->mean += gap * weight / moments->weight;
    moments->square += weight * gap * (value - moments->mean);
}

/* The variance of the mean. */
static double moments_error(const struct moments *moments)
{
    return moments->weight < 2 ? (double)NAN
                               : moments->square / (moments->weight - 1) / moments->weight;
}

static struct interval normal_interval(double value, double variance, double level)
{
    double deviation = sqrt(variance), reach = deviation * normal_quantile(0.5 + level / 2);
    return (struct interval){value, value - reach, value + reach, deviation, 0};
}

/* A row's placement is the share of the other class that it is on the right side of, ties half. */
struct interval delong_of(const struct ranking *ranking, double level)
{
    double frauds = ranking->fraud, others = ranking->legitimate;
    if (frauds == 0 || others == 0)
        return (struct interval){(double)NAN, (double)NAN, (double)NAN, (double)NAN, 0};
    if (ranking->sample.weight != NULL)
        return (struct interval){metric_value(&metric_roc_auc, ranking, NULL), (double)NAN,
                                 (double)NAN, (double)NAN, 0};
    struct moments fraud = {0}, other = {0};
    double above = 0, below = others;
    for (size_t i = 0; i < ranking->groups; i++) {
        double f = ranking->group[i].fraud, o = ranking->group[i].legitimate;
        below -= o;
        moments_add(&fraud, (below + o / 2) / others, f);
        moments_add(&other, (above + f / 2) / frauds, o);
        above += f;
    }
    struct interval interval =
        normal_interval(metric_value(&metric_roc_auc, ranking, NULL),
                        moments_error(&fraud) + moments_error(&other), level);
    if (interval.low < 0)
        interval.low = 0;
    if (interval.high > 1)
        interval.high = 1;
    return interval;
}

static int score_order(const void *left, const void *right, void *self)
{
    const struct sample *sample = self;
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    float x = sample->score[a], y = sample->score[b];
    return x != y ? (x < y) - (x > y) : (a > b) - (a < b);
}

/* Those that are there at all; returns how many. */
static size_t list_rows(const struct sample *sample, uint32_t *row)
{
    size_t count = 0;
    for (size_t i = 0; i < sample->count; i++)
        if (weight_of(sample, i) != 0)
            row[count++] = (uint32_t)i;
    return count;
}

static size_t sort_rows(const struct sample *sample, uint32_t *row)
{
    struct sample self = *sample;
    size_t count = list_rows(sample, row);
    qsort_r(row, count, sizeof *row, score_order, &self);
    return count;
}

/* Adds each row's placement, times `sign`, to `placement`. */
static void place(const struct sample *sample, const uint32_t *row, double frauds, double sign,
                  double *placement)
{
    double above = 0, others = (double)sample->count - frauds, below = others;
    for (size_t i = 0, end; i < sample->count; i = end) {
        double f = 0, o = 0;
        for (end = i; end < sample->count && sample->score[row[end]] == sample->score[row[i]];
             end++) {
            f += sample->label[row[end]];
            o += 1 - sample->label[row[end]];
        }
        below -= o;
        for (size_t j = i; j < end; j++)
            placement[row[j]] += sign * (sample->label[row[j]] ? (below + o / 2) / others
                                                               : (above + f / 2) / frauds);
        above += f;
    }
}

static void assert_same_rows(const struct sample *a, const struct sample *b)
{
    assert(a->count == b->count && a->count < INT32_MAX);
    assert(a->count == 0 || memcmp(a->label, b->label, a->count) == 0);
    assert((a->weight == NULL) == (b->weight == NULL));
    assert(a->weight == b->weight || memcmp(a->weight, b->weight, a->count * sizeof(double)) == 0);
}

bool delong_difference(const struct sample *a, const struct sample *b, double level,
                       struct arena *arena, struct interval *out, struct err *err)
{
    assert_same_rows(a, b);
    assert(a->weight == NULL);
    uint32_t *row = arena_new(arena, uint32_t, a->count + 1);
    double *placement = arena_new(arena, double, a->count + 1);
    if (row == NULL || placement == NULL)
        return err_set(err, ERR_LIMIT, "%zu rows to place do not fit the job's memory limit",
                       a->count);
    double frauds = 0;
    for (size_t i = 0; i < a->count; i++)
        frauds += a->label[i];
    sort_rows(a, row);
    place(a, row, frauds, -1, placement);
    sort_rows(b, row);
    place(b, row, frauds, 1, placement);
    struct moments fraud = {0}, other = {0};
    for (size_t i = 0; i < a->count; i++)
        moments_add(a->label[i] ? &fraud : &other, placement[i], 1);
    bool both = fraud.weight > 0 && other.weight > 0;
    *out = normal_interval(both ? fraud.mean : (double)NAN,
                           moments_error(&fraud) + moments_error(&other), level);
    return true;
}

/* ---------------------------------------------------------------- drawing again */

static int by_number(const void *left, const void *right, void *self)
{
    const uint32_t *entity = self;
    uint32_t a = entity[*(const uint32_t *)left], b = entity[*(const uint32_t *)right];
    return (a > b) - (a < b);
}

/* Numbers the entities of the rows 0, 1, ...; those with a fraud first. */
static void number_entities(const struct sample *sample, uint32_t *entity, uint32_t *row,
                            uint32_t *number, struct bootstrap *bootstrap)
{
    size_t count = list_rows(sample, row);
    qsort_r(row, count, sizeof *row, by_number, entity);
    uint32_t next = 0;
    for (int compromised = 1; compromised >= 0; compromised--) {
        for (size_t i = 0, end; i < count; i = end) {
            bool fraud = false;
            for (end = i; end < count && entity[row[end]] == entity[row[i]]; end++)
                fraud |= sample->label[row[end]] == 1;
            if (fraud != compromised)
                continue;
            for (size_t j = i; j < end; j++)
                number[row[j]] = next;
            next++;
        }
        if (compromised)
            bootstrap->compromised = next;
    }
    bootstrap->entities = next;
}

static bool order_rows(const struct contender *contender, const uint32_t *number, uint32_t *row,
                       struct arena *arena, struct bootstrap_order *out, struct err *err)
{
    struct ranking ranking;
    const struct sample *sample = &contender->sample;
    size_t weights = sample->weight == NULL ? 0 : sample->count;
    uint32_t *mark = arena_new(arena, uint32_t, sample->count + 1);
    double *weight = arena_new(arena, double, weights + 1);
    if (mark == NULL || weight == NULL)
        return err_set(err, ERR_LIMIT, "%zu rows to draw from do not fit the job's memory limit",
                       sample->count);
    if (!ranking_init(&ranking, *sample, arena, err))
        return false;
    size_t count = sort_rows(sample, row);
    for (size_t i = 0; i < count; i++)
        mark[i] = number[row[i]] << 1 | sample->label[row[i]];
    for (size_t i = 0; i < count && weights > 0; i++)
        weight[i] = sample->weight[row[i]];
    *out = (struct bootstrap_order){.row = mark,
                                    .weight = weights > 0 ? weight : NULL,
                                    .group = ranking.group,
                                    .groups = ranking.groups,
                                    .threshold = contender->threshold};
    return true;
}

bool bootstrap_init(struct bootstrap *bootstrap, const struct contender *contender, size_t models,
                    const uint32_t *entity, uint64_t seed, struct arena *arena, struct err *err)
{
    assert(models >= 1 && models <= BOOTSTRAP_MODELS_MAX);
    const struct sample *sample = &contender->sample;
    for (size_t i = 0; i < models; i++)
        assert_same_rows(sample, &contender[i].sample);
    size_t rows = sample->count;
    uint32_t *row = arena_new(arena, uint32_t, rows + 1);
    uint32_t *number = arena_new(arena, uint32_t, rows + 1);
    uint32_t *own = arena_new(arena, uint32_t, rows + 1);
    if (row == NULL || number == NULL || own == NULL)
        return err_set(err, ERR_LIMIT, "%zu rows to draw from do not fit the job's memory limit",
                       rows);
    for (size_t i = 0; i < rows; i++)
        own[i] = entity == NULL ? (uint32_t)i : entity[i];
    struct bootstrap made = {.seed = seed, .rows = rows, .models = models};
    number_entities(sample, own, row, number, &made);
    for (size_t i = 0; i < models; i++)
        if (!order_rows(&contender[i], number, row, arena, &made.order[i], err))
            return false;
    *bootstrap = made;
    return true;
}

/* How often each entity is drawn. */
static void draw_entities(const struct bootstrap *bootstrap, size_t draw, uint32_t *times)
{
    uint32_t start[] = {0, bootstrap->compromised, bootstrap->entities};
    memset(times, 0, bootstrap->entities * sizeof *times);
    for (uint32_t stratum = 0; stratum < 2; stratum++) {
        struct rng rng = rng_of(bootstrap->seed, (uint32_t)draw, stratum);
        uint32_t count = start[stratum + 1] - start[stratum];
        for (uint32_t i = 0; i < count; i++)
            times[start[stratum] + rng_below(&rng, count)]++;
    }
}

/* The rows from place `from` on that share a score, each as often as its entity was drawn. */
static struct score_group group_drawn(const struct bootstrap_order *order, size_t from,
                                      const struct score_group *whole, const uint32_t *times)
{
    const uint32_t *row = order->row + from;
    uint32_t count = 0, fraud = 0;
    for (uint32_t i = 0; i < whole->rows; i++) {
        uint32_t drawn = times[row[i] >> 1];
        count += drawn;
        fraud += drawn * (row[i] & 1);
    }
    struct score_group group = {whole->score, count, fraud, count - fraud};
    if (order->weight == NULL || count == 0)
        return group;
    const double *weight = order->weight + from;
    group.fraud = group.legitimate = 0;
    for (uint32_t i = 0; i < whole->rows; i++) {
        double drawn = times[row[i] >> 1] * weight[i];
        group.fraud += row[i] & 1 ? drawn : 0;
        group.legitimate += row[i] & 1 ? 0 : drawn;
    }
    return group;
}

/* The groups of a model's draw; `group` has room. */
static struct ranking rank_drawn(const struct bootstrap_order *order, const uint32_t *times,
                                 struct score_group *group)
{
    struct ranking ranking = {.group = group};
    size_t from = 0;
    for (size_t i = 0; i < order->groups; from += order->group[i].rows, i++) {
        struct score_group drawn = group_drawn(order, from, &order->group[i], times);
        if (drawn.rows == 0)
            continue;
        group[ranking.groups++] = drawn;
        ranking.fraud += drawn.fraud;
        ranking.legitimate += drawn.legitimate;
    }
    return ranking;
}

bool bootstrap_draw(const struct bootstrap *bootstrap, size_t first, size_t draws,
                    const struct metric *const *metric, size_t metric_count, struct arena *arena,
                    double *value, struct err *err)
{
    uint32_t *times = arena_new(arena, uint32_t, bootstrap->entities + 1);
    struct score_group *group = arena_new(arena, struct score_group, bootstrap->rows + 1);
    if (times == NULL || group == NULL)
        return err_set(err, ERR_LIMIT, "%zu rows to draw from do not fit the job's memory limit",
                       bootstrap->rows);
    for (size_t i = 0; i < draws; i++) {
        draw_entities(bootstrap, first + i, times);
        for (size_t model = 0; model < bootstrap->models; model++) {
            struct ranking ranking = rank_drawn(&bootstrap->order[model], times, group);
            struct confusion confusion =
                ranking_confusion(&ranking, bootstrap->order[model].threshold);
            for (size_t m = 0; m < metric_count; m++)
                value[(i * metric_count + m) * bootstrap->models + model] =
                    metric_value(metric[m], &ranking, &confusion);
        }
    }
    return true;
}

double bootstrap_point(const struct bootstrap *bootstrap, const struct metric *metric, size_t model)
{
    const struct bootstrap_order *order = &bootstrap->order[model];
    struct ranking ranking = {.groups = order->groups, .group = order->group};
    for (size_t i = 0; i < order->groups; i++) {
        ranking.fraud += order->group[i].fraud;
        ranking.legitimate += order->group[i].legitimate;
    }
    struct confusion confusion = ranking_confusion(&ranking, order->threshold);
    return metric_value(metric, &ranking, &confusion);
}

/* ---------------------------------------------------------------- percentiles */

static int rising(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

size_t draws_sort(double *draw, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(draw[i]))
            draw[kept++] = draw[i];
    qsort(draw, kept, sizeof *draw, rising);
    return kept;
}

double draws_quantile(const double *sorted, size_t count, double p)
{
    if (count == 0)
        return (double)NAN;
    double place = p * (double)(count - 1);
    size_t below = (size_t)place;
    if (below + 1 >= count)
        return sorted[count - 1];
    return sorted[below] + (place - (double)below) * (sorted[below + 1] - sorted[below]);
}

static struct interval percentiles(double point, double *draw, size_t count, double level)
{
    size_t kept = draws_sort(draw, count);
    struct interval interval = {point, (double)NAN, (double)NAN, (double)NAN, kept};
    if (kept < 2 || 2 * kept < count)
        return interval;
    struct moments moments = {0};
    for (size_t i = 0; i < kept; i++)
        moments_add(&moments, draw[i], 1);
    interval.low = draws_quantile(draw, kept, 0.5 - level / 2);
    interval.high = draws_quantile(draw, kept, 0.5 + level / 2);
    interval.deviation = sqrt(moments.square / (moments.weight - 1));
    return interval;
}

bool bootstrap_intervals(const struct bootstrap *bootstrap, const struct metric *const *metric,
                         size_t metric_count, size_t draws, double level, struct arena *arena,
                         struct interval *each, struct interval *difference, struct err *err)
{
    size_t models = bootstrap->models, columns = metric_count * models;
    assert(difference == NULL || models == 2);
    double *value = arena_new(arena, double, draws *columns + 1);
    double *column = arena_new(arena, double, draws + 1);
    if (value == NULL || column == NULL)
        return err_set(err, ERR_LIMIT, "%zu draws do not fit the job's memory limit", draws);
    if (!bootstrap_draw(bootstrap, 0, draws, metric, metric_count, arena, value, err))
        return false;
    for (size_t i = 0; i < columns; i++) {
        for (size_t draw = 0; draw < draws; draw++)
            column[draw] = value[draw * columns + i];
        double point = bootstrap_point(bootstrap, metric[i / models], i % models);
        each[i] = percentiles(point, column, draws, level);
    }
    for (size_t i = 0; difference != NULL && i < metric_count; i++) {
        for (size_t draw = 0; draw < draws; draw++)
            column[draw] = value[draw * columns + 2 * i + 1] - value[draw * columns + 2 * i];
        double point = each[2 * i + 1].value - each[2 * i].value;
        difference[i] = percentiles(point, column, draws, level);
    }
    return true;
}
