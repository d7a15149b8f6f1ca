#include "measure/bias.h"

#include "measure/bias_interval.h"

#include <inttypes.h>
#include <math.h>

const struct bias *const biases[] = {
#define BIAS(name) &bias_##name,
#include "measure/biases.def"
#undef BIAS
};
const size_t biases_count = LENGTH_OF(biases);

/* ---------------------------------------------------------------- counting */

static bool count_groups(const struct bias_sample *sample, struct bias_table *out,
                         struct arena *arena, struct err *err)
{
    out->grouped = sample->group != NULL;
    out->groups = out->grouped ? sample->groups : 0;
    for (int which = 0; out->grouped && which < 2; which++) {
        const uint8_t *outcome = which == 0 ? sample->observed : sample->predicted;
        uint64_t *count = arena_new(arena, uint64_t, 4 * sample->groups);
        if (count == NULL)
            return err_set(err, ERR_LIMIT, "the groups do not fit the memory limit");
        for (size_t i = 0; outcome != NULL && i < sample->count; i++)
            count[4 * sample->group[i] + 2 * sample->member[i] + outcome[i]]++;
        out->cdd[which] = bias_disparity(count, sample->groups);
        out->cell[which] = count;
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

uint64_t bias_members(const struct bias_table *t, int facet)
{
    return t->n[facet][0][0] + t->n[facet][0][1] + t->n[facet][1][0] + t->n[facet][1][1];
}

uint64_t bias_observed(const struct bias_table *t, int facet, int label)
{
    return t->n[facet][label][0] + t->n[facet][label][1];
}

uint64_t bias_predicted(const struct bias_table *t, int facet, int decision)
{
    return t->n[facet][0][decision] + t->n[facet][1][decision];
}

static double share(uint64_t part, uint64_t whole)
{
    return divide((double)part, (double)whole);
}

static double label_share(const struct bias_table *t, int facet, int label)
{
    return share(bias_observed(t, facet, label), bias_members(t, facet));
}

static double value_of(const struct bias_shares *s)
{
    return s->sign *
           differ(share(s->hit[FACET_A], s->of[FACET_A]), share(s->hit[FACET_D], s->of[FACET_D]));
}

/* A metric that is a difference of shares: what is counted, of what, in facet f. */
#define SHARES(metric, text, is_after, plus, whom, counted, whole)                                 \
    static void shares_##metric(const struct bias_table *t, struct bias_shares *out)               \
    {                                                                                              \
        out->sign = plus;                                                                          \
        for (int f = 0; f < 2; f++) {                                                              \
            out->hit[f] = counted;                                                                 \
            out->of[f] = whole;                                                                    \
        }                                                                                          \
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
                                       .interval = BIAS_NEWCOMBE,                                  \
                                       .favours = whom,                                            \
                                       .of = of_##metric,                                          \
                                       .shares = shares_##metric};

enum { NOBODY = 0, OF_A = 1, OF_D = -1 }; /* .favours */

SHARES(DPL, "Difference in Positive Proportions in Labels", false, 1, OF_A, bias_observed(t, f, 1),
       bias_members(t, f))
SHARES(DPPL, "Difference in Positive Proportions in Predicted Labels", true, 1, OF_A,
       bias_predicted(t, f, 1), bias_members(t, f))
SHARES(RD, "Recall Difference", true, 1, OF_A, t->n[f][1][1], bias_observed(t, f, 1))
SHARES(SD, "Specificity Difference", true, -1, OF_A, t->n[f][0][0], bias_observed(t, f, 0))
/* How often an acceptance, a rejection was right follows from how many frauds a facet has as well:
 * these two do not say whom they favour. */
SHARES(DAR, "Difference in Acceptance Rates", true, 1, NOBODY, t->n[f][1][1],
       bias_predicted(t, f, 1))
SHARES(DRR, "Difference in Rejection Rates", true, -1, NOBODY, t->n[f][0][0],
       bias_predicted(t, f, 0))
SHARES(AD, "Accuracy Difference", true, 1, OF_A, t->n[f][1][1] + t->n[f][0][0], bias_members(t, f))
SHARES(FPRD, "Difference in the share of good customers flagged, d less a", true, -1, OF_A,
       t->n[f][1][0], bias_observed(t, f, 1))
SHARES(FNRD, "Difference in the share of frauds let pass, d less a", true, -1, OF_D, t->n[f][0][1],
       bias_observed(t, f, 0))

/* ---------------------------------------------------------------- the others */

#define METRIC(metric, text, ...)                                                                  \
    const struct bias bias_##metric = {                                                            \
        .name = #metric, .description = text " (" #metric ")", .of = of_##metric, __VA_ARGS__};

static double of_CI(const struct bias_table *t)
{
    double a = (double)bias_members(t, FACET_A), d = (double)bias_members(t, FACET_D);
    return divide(a - d, a + d);
}
METRIC(CI, "Class Imbalance", .interval = BIAS_NO_INTERVAL)

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
METRIC(KL, "Kullback-Leibler Divergence", .interval = BIAS_BOOTSTRAP)

static double jensen_shannon(const struct bias_table *t, bool pooled)
{
    double sum = 0;
    for (int y = 0; y < 2; y++) {
        double a = label_share(t, FACET_A, y), d = label_share(t, FACET_D, y);
        double all = share(bias_observed(t, FACET_A, y) + bias_observed(t, FACET_D, y),
                           bias_members(t, FACET_A) + bias_members(t, FACET_D));
        double middle = pooled ? all : (a + d) / 2;
        sum += (information(a, middle) + information(d, middle)) / 2;
    }
    return sum;
}

static double of_JS(const struct bias_table *t)
{
    return jensen_shannon(t, true);
}
METRIC(JS, "Jensen-Shannon Divergence", .interval = BIAS_BOOTSTRAP)

static double of_JS_average(const struct bias_table *t)
{
    return jensen_shannon(t, false);
}
METRIC(JS_average, "Jensen-Shannon Divergence from the plain average", .interval = BIAS_BOOTSTRAP)

static double distance(const struct bias_table *t, int label)
{
    return fabs(label_share(t, FACET_A, label) - label_share(t, FACET_D, label));
}

static double of_LP(const struct bias_table *t)
{
    return sqrt(distance(t, 0) * distance(t, 0) + distance(t, 1) * distance(t, 1));
}
METRIC(LP, "L-p Norm", .interval = BIAS_ABSOLUTE, .times = M_SQRT2, .shares = shares_DPL)

static double of_TVD(const struct bias_table *t)
{
    return (distance(t, 0) + distance(t, 1)) / 2;
}
METRIC(TVD, "Total Variation Distance", .interval = BIAS_ABSOLUTE, .times = 1, .shares = shares_DPL)

static double of_KS(const struct bias_table *t)
{
    return fmax(distance(t, 0), distance(t, 1));
}
METRIC(KS, "Kolmogorov-Smirnov Distance", .interval = BIAS_ABSOLUTE, .times = 1,
       .shares = shares_DPL)

static double of_CDDL(const struct bias_table *t)
{
    return t->cdd[0];
}
METRIC(CDDL, "Conditional Demographic Disparity in Labels", .grouped = true,
       .interval = BIAS_BOOTSTRAP, .favours = OF_A)

static double of_CDDPL(const struct bias_table *t)
{
    return t->cdd[1];
}
METRIC(CDDPL, "Conditional Demographic Disparity in Predicted Labels", .after = true,
       .grouped = true, .interval = BIAS_BOOTSTRAP, .favours = OF_A)

static double of_DI(const struct bias_table *t)
{
    return divide(share(bias_predicted(t, FACET_D, 1), bias_members(t, FACET_D)),
                  share(bias_predicted(t, FACET_A, 1), bias_members(t, FACET_A)));
}
METRIC(DI, "Disparate Impact", .after = true, .interval = BIAS_KATZ, .neutral = 1, .favours = OF_D,
       .shares = shares_DPPL)

static double of_DCA(const struct bias_table *t)
{
    return differ(share(bias_observed(t, FACET_A, 1), bias_predicted(t, FACET_A, 1)),
                  share(bias_observed(t, FACET_D, 1), bias_predicted(t, FACET_D, 1)));
}
METRIC(DCA, "Difference in Conditional Acceptance", .after = true, .interval = BIAS_BOOTSTRAP,
       .favours = OF_D)

static double of_DCR(const struct bias_table *t)
{
    return differ(share(bias_observed(t, FACET_D, 0), bias_predicted(t, FACET_D, 0)),
                  share(bias_observed(t, FACET_A, 0), bias_predicted(t, FACET_A, 0)));
}
METRIC(DCR, "Difference in Conditional Rejection", .after = true, .interval = BIAS_BOOTSTRAP,
       .favours = OF_D)

static double of_TE(const struct bias_table *t)
{
    return differ(share(t->n[FACET_D][1][0], t->n[FACET_D][0][1]),
                  share(t->n[FACET_A][1][0], t->n[FACET_A][0][1]));
}
METRIC(TE, "Treatment Equality", .after = true, .interval = BIAS_BOOTSTRAP, .favours = OF_A)

/* b is 0 for a favourable row decided against, 2 for the opposite, 1 for a right decision. */
static double of_GE(const struct bias_table *t)
{
    double against = (double)(t->n[FACET_A][1][0] + t->n[FACET_D][1][0]);
    double towards = (double)(t->n[FACET_A][0][1] + t->n[FACET_D][0][1]);
    double all = (double)(bias_members(t, FACET_A) + bias_members(t, FACET_D));
    double right = all - against - towards, mean = (right + 2 * towards) / all;
    if (mean == 0)
        return (double)INFINITY;
    return (right / (mean * mean) + 4 * towards / (mean * mean) - all) / (2 * all);
}
METRIC(GE, "Generalized Entropy", .after = true, .interval = BIAS_BOOTSTRAP)

/* The smaller share of good customers flagged over the larger one: 1 is even. */
static double of_FPRR(const struct bias_table *t)
{
    double a = share(t->n[FACET_A][1][0], bias_observed(t, FACET_A, 1));
    double d = share(t->n[FACET_D][1][0], bias_observed(t, FACET_D, 1));
    return a == d ? 1 : fmin(a, d) / fmax(a, d);
}
METRIC(FPRR, "Ratio of the shares of good customers flagged", .after = true,
       .interval = BIAS_BOOTSTRAP, .neutral = 1)

/* Counterfactual flips, with the sign of Clarify's documentation: above 0 the facet's members are
 * stopped where their like among the rest pass. */
static double of_FT(const struct bias_table *t)
{
    return divide((double)t->flip.against - (double)t->flip.towards, (double)t->flip.members);
}
METRIC(FT, "Flip Test", .after = true, .flips = true, .interval = BIAS_PAIRED, .favours = OF_A)

static double of_FT_code(const struct bias_table *t)
{
    double value = of_FT(t);
    return value == 0 ? 0 : -value;
}
METRIC(FT_code, "Flip Test with the sign of Clarify's code", .after = true, .flips = true,
       .interval = BIAS_PAIRED, .favours = OF_D)

/* ---------------------------------------------------------------- values */

static const char *lacks(const struct bias *bias, const struct bias_table *table)
{
    if (bias->after && !table->predicts)
        return "there are no decisions";
    if (bias->grouped && !table->grouped)
        return "Group variable is empty or not provided";
    if (bias_members(table, FACET_A) == 0 || bias_members(table, FACET_D) == 0)
        return "one of the facets has no member";
    if (bias->flips && !table->flips)
        return "the rows' features, by which neighbours are found, are not given";
    return NULL;
}

struct bias_value bias_of(const struct bias *bias, const struct bias_table *table)
{
    struct bias_value out = {(double)NAN, (double)NAN, (double)NAN, lacks(bias, table)};
    if (out.why == NULL) {
        out.value = bias->of(table);
        bias_interval_of(bias, table, &out);
    }
    return out;
}

const char *bias_favours(const struct bias *bias, double value)
{
    if (bias->favours == NOBODY || isnan(value))
        return NULL;
    if (value == bias->neutral)
        return "neither";
    return (value > bias->neutral) == (bias->favours == OF_A) ? "the rest" : "the facet";
}

/* ---------------------------------------------------------------- verdicts */

const char *bias_verdict_name(enum bias_verdict verdict)
{
    static const char *const names[] = {
        [BIAS_STANDS] = "stands", [BIAS_TOO_SMALL] = "too_small", [BIAS_VACUOUS] = "vacuous"};
    return names[verdict];
}

enum bias_verdict bias_judge(const struct bias_table *t, const struct bias_minima *minima,
                             struct text *why)
{
    static const char *const facet[] = {"the rest", "the facet"};
    for (int f = 0; f < 2; f++) {
        uint64_t frauds = bias_observed(t, f, 0), good = bias_observed(t, f, 1);
        if (bias_members(t, f) < minima->members) {
            text_addf(why, "%s has %" PRIu64 " members, fewer than %" PRIu64, facet[f],
                      bias_members(t, f), minima->members);
            return BIAS_TOO_SMALL;
        }
        if (frauds < minima->outcomes || good < minima->outcomes) {
            text_addf(why,
                      "%s has %" PRIu64 " frauds and %" PRIu64 " good rows, and %" PRIu64
                      " of each are wanted",
                      facet[f], frauds, good, minima->outcomes);
            return BIAS_TOO_SMALL;
        }
    }
    for (int f = 0; t->predicts && f < 2; f++) {
        if (bias_predicted(t, f, 0) >= minima->flagged)
            continue;
        text_addf(why,
                  "of %s %" PRIu64 " are flagged, fewer than %" PRIu64
                  ": the metrics of the decisions say nothing",
                  facet[f], bias_predicted(t, f, 0), minima->flagged);
        return BIAS_VACUOUS;
    }
    return BIAS_STANDS;
}
