#include "measure/bias_interval.h"

#include "base/rng.h"
#include "measure/interval.h"

#include <math.h>

enum { DRAWS = 1000, SEED = 1 };

static const double z = 1.959963984540054; /* the normal distribution's 97.5 % point */

const char *bias_interval_name(enum bias_interval interval)
{
    static const char *const names[] = {
        [BIAS_NO_INTERVAL] = "none", [BIAS_NEWCOMBE] = "newcombe",  [BIAS_ABSOLUTE] = "newcombe",
        [BIAS_KATZ] = "katz",        [BIAS_PAIRED] = "agresti-min", [BIAS_BOOTSTRAP] = "bootstrap",
    };
    return names[interval];
}

double bias_disparity(const uint64_t *count, size_t groups)
{
    double sum = 0, all = 0;
    for (size_t g = 0; g < groups; g++) {
        const uint64_t *n = count + 4 * g;
        double rejected = (double)(n[0] + n[2]), accepted = (double)(n[1] + n[3]);
        double disparity =
            rejected > 0 && accepted > 0 ? (double)n[2] / rejected - (double)n[3] / accepted : 0;
        sum += (rejected + accepted) * disparity;
        all += rejected + accepted;
    }
    return all > 0 ? sum / all : 0;
}

/* ---------------------------------------------------------------- shares */

void bias_wilson(uint64_t hit, uint64_t of, double *low, double *high)
{
    double n = (double)of, p = (double)hit / n;
    double middle = (p + z * z / (2 * n)) / (1 + z * z / n);
    double half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n);
    *low = fmax(0, middle - half);
    *high = fmin(1, middle + half);
}

/* The intervals of both shares, put together. */
static void newcombe(const struct bias_shares *s, struct bias_value *out)
{
    double low[2], high[2], p[2];
    for (int f = 0; f < 2; f++) {
        if (s->of[f] == 0)
            return;
        bias_wilson(s->hit[f], s->of[f], &low[f], &high[f]);
        p[f] = (double)s->hit[f] / (double)s->of[f];
    }
    double difference = p[FACET_A] - p[FACET_D];
    double down = hypot(p[FACET_A] - low[FACET_A], high[FACET_D] - p[FACET_D]);
    double up = hypot(high[FACET_A] - p[FACET_A], p[FACET_D] - low[FACET_D]);
    out->low = s->sign > 0 ? difference - down : -(difference + up);
    out->high = s->sign > 0 ? difference + up : -(difference - down);
}

static void fold(double times, struct bias_value *out)
{
    double low = fabs(out->low), high = fabs(out->high);
    bool holds_0 = out->low <= 0 && out->high >= 0;
    out->low = times * (holds_0 ? 0 : fmin(low, high));
    out->high = times * fmax(low, high);
}

/* Of d's share over a's; not defined where one of them is 0. */
static void katz(const struct bias_shares *s, struct bias_value *out)
{
    if (s->hit[FACET_A] == 0 || s->hit[FACET_D] == 0)
        return;
    double variance = 0;
    for (int f = 0; f < 2; f++)
        variance += 1 / (double)s->hit[f] - 1 / (double)s->of[f];
    double factor = exp(z * sqrt(variance));
    out->low = out->value / factor;
    out->high = out->value * factor;
}

/* Half a row is added to each of the four kinds of pairs. */
static void paired(const struct bias_flips *flip, bool turned, struct bias_value *out)
{
    double n = (double)flip->members + 2;
    double more = (double)flip->against + 0.5, less = (double)flip->towards + 0.5;
    double middle = (turned ? less - more : more - less) / n;
    double half = z * sqrt(fmax(0, (more + less) / n - middle * middle) / n);
    out->low = middle - half;
    out->high = middle + half;
}

/* ---------------------------------------------------------------- draws */

/* Past the mean up to which a draw is exact, the normal distribution is near enough. */
static uint64_t draw_count(struct rng *rng, uint64_t count)
{
    const double exact_below = 30;
    double mean = (double)count;
    if (count == 0)
        return 0;
    if (mean < exact_below)
        return rng_poisson(rng, mean);
    double drawn = round(mean + sqrt(mean) * rng_normal(rng));
    return drawn <= 0 ? 0 : (uint64_t)drawn;
}

static double draw_disparity(struct rng *rng, const uint64_t *cell, size_t groups)
{
    double sum = 0, all = 0;
    for (size_t g = 0; g < groups; g++) {
        uint64_t drawn[4];
        double here = 0;
        for (int i = 0; i < 4; i++) {
            drawn[i] = draw_count(rng, cell[4 * g + (size_t)i]);
            here += (double)drawn[i];
        }
        sum += here * bias_disparity(drawn, 1);
        all += here;
    }
    return all > 0 ? sum / all : 0;
}

static double draw_once(struct rng *rng, const struct bias *bias, const struct bias_table *table)
{
    if (bias->grouped)
        return draw_disparity(rng, table->cell[bias->after], table->groups);
    struct bias_table drawn = {.predicts = table->predicts};
    for (int f = 0; f < 2; f++)
        for (int y = 0; y < 2; y++)
            for (int p = 0; p < 2; p++)
                drawn.n[f][y][p] = draw_count(rng, table->n[f][y][p]);
    if (bias_members(&drawn, FACET_A) == 0 || bias_members(&drawn, FACET_D) == 0)
        return (double)NAN;
    return bias->of(&drawn);
}

/* A bound that lies among infinite draws is one of them: no straight line leads there. */
static double bound(const double *sorted, size_t count, double p)
{
    double at = p * (double)(count - 1);
    double below = sorted[(size_t)floor(at)], above = sorted[(size_t)ceil(at)];
    return isinf(below) || isinf(above) ? (at - floor(at) < 0.5 ? below : above)
                                        : draws_quantile(sorted, count, p);
}

/* Thousands of groups are drawn less often, so that a report takes seconds and not minutes. */
static size_t draws_of(const struct bias *bias, const struct bias_table *table)
{
    enum { CELLS_MAX = 10000000, DRAWS_MIN = 100 };
    size_t draws = bias->grouped ? CELLS_MAX / (4 * table->groups) : DRAWS;
    return draws > DRAWS ? DRAWS : draws < DRAWS_MIN ? DRAWS_MIN : draws;
}

static void bootstrap(const struct bias *bias, const struct bias_table *table,
                      struct bias_value *out)
{
    double draw[DRAWS];
    struct rng rng = rng_of(SEED, 0, 0);
    size_t draws = draws_of(bias, table);
    for (size_t i = 0; i < draws; i++)
        draw[i] = draw_once(&rng, bias, table);
    size_t defined = draws_sort(draw, draws);
    if (defined < draws / 2)
        return;
    out->low = bound(draw, defined, 0.025);
    out->high = bound(draw, defined, 0.975);
}

void bias_interval_of(const struct bias *bias, const struct bias_table *table,
                      struct bias_value *value)
{
    struct bias_shares shares;
    if (bias->shares != NULL)
        bias->shares(table, &shares);
    switch (bias->interval) {
    case BIAS_NO_INTERVAL:
        return;
    case BIAS_NEWCOMBE:
        newcombe(&shares, value);
        return;
    case BIAS_ABSOLUTE:
        newcombe(&shares, value);
        fold(bias->times, value);
        return;
    case BIAS_KATZ:
        katz(&shares, value);
        return;
    case BIAS_PAIRED:
        paired(&table->flip, bias->favours < 0, value);
        return;
    case BIAS_BOOTSTRAP:
        bootstrap(bias, table, value);
        return;
    }
}
