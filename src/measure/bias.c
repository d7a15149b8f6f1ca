#include "measure/bias.h"

#include <math.h>

const struct bias *const biases[] = {
#define BIAS(name) &bias_##name,
#include "measure/biases.def"
#undef BIAS
};
const size_t biases_count = LENGTH_OF(biases);

/* ---------------------------------------------------------------- counting */

/* (1/n) sum over groups of n_g DD_g, DD_g = share of d among the rejected - among the accepted. */
static double conditional_disparity(const uint64_t *count, size_t groups)
{
    double sum = 0, all = 0;
    for (size_t g = 0; g < groups; g++) {
        const uint64_t *n = count + 4 * g; /* facet * 2 + outcome */
        double rejected = (double)(n[0] + n[2]), accepted = (double)(n[1] + n[3]);
        double disparity =
            rejected > 0 && accepted > 0 ? (double)n[2] / rejected - (double)n[3] / accepted : 0;
        sum += (rejected + accepted) * disparity;
        all += rejected + accepted;
    }
    return all > 0 ? sum / all : 0;
}

static bool count_groups(const struct bias_sample *sample, struct bias_table *out,
                         struct arena *arena, struct err *err)
{
    out->grouped = sample->group != NULL;
    for (int which = 0; out->grouped && which < 2; which++) {
        const uint8_t *outcome = which == 0 ? sample->observed : sample->predicted;
        uint64_t *count = arena_new(arena, uint64_t, 4 * sample->groups);
        if (count == NULL)
            return err_set(err, ERR_LIMIT, "the groups do not fit the memory limit");
        for (size_t i = 0; outcome != NULL && i < sample->count; i++)
            count[4 * sample->group[i] + 2 * sample->member[i] + outcome[i]]++;
        out->cdd[which] = conditional_disparity(count, sample->groups);
    }
    return true;
}

bool bias_count(const struct bias_sample *sample, struct bias_table *out, struct arena *arena,
                struct err *err)
{
    *out = (struct bias_table){.predicts = sample->predicted != NULL};
    for (size_t i = 0; i < sample->count; i++)
        out->n[sample->member[i]][sample->observed[i]][out->predicts ? sample->predicted[i] : 0]++;
    return count_groups(sample, out, arena, err);
}

/* ---------------------------------------------------------------- shares */

static double divide(double x, double y)
{
    if (y == 0)
        return x == 0 ? 0 : copysign((double)INFINITY, x);
    return x / y;
}

/* Of two ratios: equal infinities differ by nothing. */
static double differ(double x, double y)
{
    return isinf(x) && x == y ? 0 : x - y;
}

static uint64_t members(const struct bias_table *t, int facet)
{
    return t->n[facet][0][0] + t->n[facet][0][1] + t->n[facet][1][0] + t->n[facet][1][1];
}

static uint64_t observed(const struct bias_table *t, int facet, int label)
{
    return t->n[facet][label][0] + t->n[facet][label][1];
}

static uint64_t predicted(const struct bias_table *t, int facet, int decision)
{
    return t->n[facet][0][decision] + t->n[facet][1][decision];
}

static double share(uint64_t part, uint64_t whole)
{
    return divide((double)part, (double)whole);
}

static double label_share(const struct bias_table *t, int facet, int label)
{
    return share(observed(t, facet, label), members(t, facet));
}

static double value_of(const struct bias_shares *s)
{
    return s->sign *
           differ(share(s->hit[FACET_A], s->of[FACET_A]), share(s->hit[FACET_D], s->of[FACET_D]));
}

/* A metric that is a difference of shares: what is counted, of what, in facet f. */
#define SHARES(metric, text, is_after, plus, counted, whole)                                       \
    static bool shares_##metric(const struct bias_table *t, struct bias_shares *out)               \
    {                                                                                              \
        out->sign = plus;                                                                          \
        for (int f = 0; f < 2; f++) {                                                              \
            out->hit[f] = counted;                                                                 \
            out->of[f] = whole;                                                                    \
        }                                                                                          \
        return true;                                                                               \
    }                                                                                              \
    static double of_##metric(const struct bias_table *t)                                          \
    {                                                                                              \
        struct bias_shares shares;                                                                 \
        shares_##metric(t, &shares);                                                               \
        return value_of(&shares);                                                                  \
    }                                                                                              \
    const struct bias bias_##metric = {.name = #metric,                                            \
                                       .description = text " (" #metric ")",                       \
                                       .after = is_after,                                          \
                                       .of = of_##metric,                                          \
                                       .shares = shares_##metric};

SHARES(DPL, "Difference in Proportions of Labels", false, 1, observed(t, f, 1), members(t, f))
SHARES(DPPL, "Difference in Positive Proportions in Predicted Labels", true, 1, predicted(t, f, 1),
       members(t, f))
SHARES(RD, "Recall Difference", true, 1, t->n[f][1][1], observed(t, f, 1))
SHARES(SD, "Specificity Difference", true, -1, t->n[f][0][0], observed(t, f, 0))
SHARES(DAR, "Difference in Acceptance Rates", true, 1, t->n[f][1][1], predicted(t, f, 1))
SHARES(DRR, "Difference in Rejection Rates", true, -1, t->n[f][0][0], predicted(t, f, 0))
SHARES(AD, "Accuracy Difference", true, 1, t->n[f][1][1] + t->n[f][0][0], members(t, f))
SHARES(FPRD, "Difference in the share of good customers flagged, d less a", true, -1, t->n[f][1][0],
       observed(t, f, 1))
SHARES(FNRD, "Difference in the share of frauds let pass, d less a", true, -1, t->n[f][0][1],
       observed(t, f, 0))

/* ---------------------------------------------------------------- the others */

#define METRIC(metric, text, is_after, is_grouped)                                                 \
    const struct bias bias_##metric = {.name = #metric,                                            \
                                       .description = text " (" #metric ")",                       \
                                       .after = is_after,                                          \
                                       .grouped = is_grouped,                                      \
                                       .of = of_##metric};

static double of_CI(const struct bias_table *t)
{
    double a = (double)members(t, FACET_A), d = (double)members(t, FACET_D);
    return divide(a - d, a + d);
}
METRIC(CI, "Class Imbalance", false, false)

static double information(double p, double q)
{
    return p == 0 ? 0 : q == 0 ? (double)INFINITY : p * log(p / q);
}

static double of_KL(const struct bias_table *t)
{
    double sum = 0;
    for (int y = 0; y < 2; y++)
        sum += information(label_share(t, FACET_A, y), label_share(t, FACET_D, y));
    return sum;
}
METRIC(KL, "Kullback-Leibler Divergence", false, false)

static double jensen_shannon(const struct bias_table *t, bool pooled)
{
    double sum = 0;
    for (int y = 0; y < 2; y++) {
        double a = label_share(t, FACET_A, y), d = label_share(t, FACET_D, y);
        double all = share(observed(t, FACET_A, y) + observed(t, FACET_D, y),
                           members(t, FACET_A) + members(t, FACET_D));
        double middle = pooled ? all : (a + d) / 2;
        sum += (information(a, middle) + information(d, middle)) / 2;
    }
    return sum;
}

static double of_JS(const struct bias_table *t)
{
    return jensen_shannon(t, true);
}
METRIC(JS, "Jensen-Shannon Divergence", false, false)

static double of_JS_average(const struct bias_table *t)
{
    return jensen_shannon(t, false);
}
METRIC(JS_average, "Jensen-Shannon Divergence from the plain average", false, false)

static double distance(const struct bias_table *t, int label)
{
    return fabs(label_share(t, FACET_A, label) - label_share(t, FACET_D, label));
}

static double of_LP(const struct bias_table *t)
{
    return sqrt(distance(t, 0) * distance(t, 0) + distance(t, 1) * distance(t, 1));
}
METRIC(LP, "L-p Norm", false, false)

static double of_TVD(const struct bias_table *t)
{
    return (distance(t, 0) + distance(t, 1)) / 2;
}
METRIC(TVD, "Total Variation Distance", false, false)

static double of_KS(const struct bias_table *t)
{
    return fmax(distance(t, 0), distance(t, 1));
}
METRIC(KS, "Kolmogorov-Smirnov Distance", false, false)

static double of_CDDL(const struct bias_table *t)
{
    return t->cdd[0];
}
METRIC(CDDL, "Conditional Demographic Disparity in Labels", false, true)

static double of_CDDPL(const struct bias_table *t)
{
    return t->cdd[1];
}
METRIC(CDDPL, "Conditional Demographic Disparity in Predicted Labels", true, true)

static double of_DI(const struct bias_table *t)
{
    return divide(share(predicted(t, FACET_D, 1), members(t, FACET_D)),
                  share(predicted(t, FACET_A, 1), members(t, FACET_A)));
}
METRIC(DI, "Disparate Impact", true, false)

static double of_DCA(const struct bias_table *t)
{
    return differ(share(observed(t, FACET_A, 1), predicted(t, FACET_A, 1)),
                  share(observed(t, FACET_D, 1), predicted(t, FACET_D, 1)));
}
METRIC(DCA, "Difference in Conditional Acceptance", true, false)

static double of_DCR(const struct bias_table *t)
{
    return differ(share(observed(t, FACET_D, 0), predicted(t, FACET_D, 0)),
                  share(observed(t, FACET_A, 0), predicted(t, FACET_A, 0)));
}
METRIC(DCR, "Difference in Conditional Rejection", true, false)

static double of_TE(const struct bias_table *t)
{
    return differ(share(t->n[FACET_D][1][0], t->n[FACET_D][0][1]),
                  share(t->n[FACET_A][1][0], t->n[FACET_A][0][1]));
}
METRIC(TE, "Treatment Equality", true, false)

/* b is 0 for a favourable row decided against, 2 for the opposite, 1 for a right decision. */
static double of_GE(const struct bias_table *t)
{
    double against = (double)(t->n[FACET_A][1][0] + t->n[FACET_D][1][0]);
    double towards = (double)(t->n[FACET_A][0][1] + t->n[FACET_D][0][1]);
    double all = (double)(members(t, FACET_A) + members(t, FACET_D));
    double right = all - against - towards, mean = (right + 2 * towards) / all;
    if (mean == 0)
        return (double)INFINITY;
    return (right / (mean * mean) + 4 * towards / (mean * mean) - all) / (2 * all);
}
METRIC(GE, "Generalized Entropy", true, false)

/* The smaller share of good customers flagged over the larger one: 1 is even. */
static double of_FPRR(const struct bias_table *t)
{
    double a = share(t->n[FACET_A][1][0], observed(t, FACET_A, 1));
    double d = share(t->n[FACET_D][1][0], observed(t, FACET_D, 1));
    return a == d ? 1 : fmin(a, d) / fmax(a, d);
}
METRIC(FPRR, "Ratio of the shares of good customers flagged", true, false)

/* ---------------------------------------------------------------- values */

/* Wilson's interval of one share. */
static void wilson(uint64_t hit, uint64_t of, double *low, double *high)
{
    const double z = 1.959963984540054; /* the normal distribution's 97.5 % point */
    double n = (double)of, p = (double)hit / n;
    double middle = (p + z * z / (2 * n)) / (1 + z * z / n);
    double half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n);
    *low = middle - half;
    *high = middle + half;
}

/* Newcombe (1998), method 10: the intervals of both shares, put together. */
static void newcombe(const struct bias_shares *s, struct bias_value *out)
{
    double low[2], high[2], p[2];
    for (int f = 0; f < 2; f++) {
        if (s->of[f] == 0)
            return;
        wilson(s->hit[f], s->of[f], &low[f], &high[f]);
        p[f] = (double)s->hit[f] / (double)s->of[f];
    }
    double difference = p[FACET_A] - p[FACET_D];
    double down = hypot(p[FACET_A] - low[FACET_A], high[FACET_D] - p[FACET_D]);
    double up = hypot(high[FACET_A] - p[FACET_A], p[FACET_D] - low[FACET_D]);
    out->low = s->sign > 0 ? difference - down : -(difference + up);
    out->high = s->sign > 0 ? difference + up : -(difference - down);
}

struct bias_value bias_of(const struct bias *bias, const struct bias_table *table)
{
    struct bias_value out = {(double)NAN, (double)NAN, (double)NAN, NULL};
    if (bias->after && !table->predicts)
        out.why = "there are no decisions";
    else if (bias->grouped && !table->grouped)
        out.why = "Group variable is empty or not provided";
    else if (members(table, FACET_A) == 0 || members(table, FACET_D) == 0)
        out.why = "one of the facets has no member";
    if (out.why != NULL)
        return out;
    struct bias_shares shares;
    out.value = bias->of(table);
    if (bias->shares != NULL && bias->shares(table, &shares))
        newcombe(&shares, &out);
    return out;
}

const char *bias_caveat(const struct bias_table *table)
{
    for (int f = 0; f < 2; f++) {
        if (members(table, f) < BIAS_MEMBERS_MIN)
            return "too few members: fewer than 30 in one of the facets";
        if (observed(table, f, 0) < BIAS_OUTCOMES_MIN || observed(table, f, 1) < BIAS_OUTCOMES_MIN)
            return "too few outcomes: fewer than 10 frauds or 10 legitimate rows in one of the "
                   "facets";
    }
    for (int f = 0; table->predicts && f < 2; f++)
        if (predicted(table, f, 0) < BIAS_FLAGGED_MIN)
            return "vacuous: fewer than 30 are flagged in one of the facets, so the decisions' "
                   "metrics say nothing";
    return NULL;
}
