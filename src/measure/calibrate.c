#include "measure/calibrate.h"

#include <math.h>

enum { NEWTON_STEPS_MAX = 100, HALVINGS_MAX = 60 };

enum calibrator calibration_for(uint64_t frauds)
{
    return frauds < CALIBRATE_FRAUDS_MIN            ? CALIBRATOR_NONE
           : frauds < CALIBRATE_ISOTONIC_FRAUDS_MIN ? CALIBRATOR_PLATT
                                                    : CALIBRATOR_ISOTONIC;
}

const char *calibrator_name(enum calibrator calibrator)
{
    static const char *const name[] = {
        [CALIBRATOR_NONE] = "none",
        [CALIBRATOR_PLATT] = "platt",
        [CALIBRATOR_ISOTONIC] = "isotonic",
    };
    return name[calibrator];
}

/* ---------------------------------------------------------------- Platt */

static double logit(float score)
{
    static const double clip = 0x1p-23;
    double p = fmin(fmax((double)score, clip), 1 - clip);
    return log(p) - log1p(-p);
}

static double sigmoid(double margin)
{
    double e = exp(-fabs(margin));
    return (margin >= 0 ? 1 : e) / (1 + e);
}

/* The smoothed log-likelihood of a line, and what Newton's step needs; each group of equal scores
 * counts once, with its weights. */
struct fit {
    double loss;
    double gradient[2];
    double curvature[3]; /* aa, ab, bb */
};

static struct fit fit_at(const struct ranking *ranking, const double *x, double a, double b)
{
    double frauds = ranking->fraud, others = ranking->legitimate;
    double high = (frauds + 1) / (frauds + 2), low = 1 / (others + 2);
    struct fit fit = {0};
    for (size_t i = 0; i < ranking->groups; i++) {
        double rows = group_weight(&ranking->group[i]), fraud = ranking->group[i].fraud;
        double target =
            fraud * high + ranking->group[i].legitimate * low; /* sum of the rows' targets */
        double margin = a + b * x[i], p = sigmoid(margin);
        double log_sum = fmax(margin, 0) + log1p(exp(-fabs(margin)));
        fit.loss += rows * log_sum - target * margin;
        double slope = rows * p - target, bend = rows * p * (1 - p);
        fit.gradient[0] += slope;
        fit.gradient[1] += slope * x[i];
        fit.curvature[0] += bend;
        fit.curvature[1] += bend * x[i];
        fit.curvature[2] += bend * x[i] * x[i];
    }
    return fit;
}

/* Near the minimum the loss no longer tells a step that helps from its own rounding. */
static bool no_worse(const struct fit *next, const struct fit *fit)
{
    return next->loss <= fit->loss * (1 + 1e-13);
}

/* Newton with halving steps (Lin, Lin and Weng, 2007). The loss is convex and above zero; a tiny
 * ridge keeps the step defined where all scores are equal. */
static void newton(const struct ranking *ranking, const double *x, double *a, double *b)
{
    static const double ridge = 1e-12, enough = 1e-13;
    struct fit fit = fit_at(ranking, x, *a, *b);
    for (int step = 0; step < NEWTON_STEPS_MAX; step++) {
        double aa = fit.curvature[0] + ridge, ab = fit.curvature[1], bb = fit.curvature[2] + ridge;
        double determinant = aa * bb - ab * ab;
        double go_a = (ab * fit.gradient[1] - bb * fit.gradient[0]) / determinant;
        double go_b = (ab * fit.gradient[0] - aa * fit.gradient[1]) / determinant;
        double size = 1;
        struct fit next = fit_at(ranking, x, *a + go_a, *b + go_b);
        for (int half = 0; !no_worse(&next, &fit) && half < HALVINGS_MAX; half++) {
            size /= 2;
            next = fit_at(ranking, x, *a + size * go_a, *b + size * go_b);
        }
        if (!no_worse(&next, &fit))
            return;
        *a += size * go_a;
        *b += size * go_b;
        fit = next;
        if (fabs(size * go_a) <= enough * (1 + fabs(*a)) &&
            fabs(size * go_b) <= enough * (1 + fabs(*b)))
            return;
    }
}

static bool fit_platt(const struct ranking *ranking, struct arena *arena, struct calibration *out,
                      struct err *err)
{
    double *x = arena_new(arena, double, ranking->groups);
    if (x == NULL)
        return err_set(err, ERR_LIMIT, "%zu scores to calibrate do not fit the memory limit",
                       ranking->groups);
    for (size_t i = 0; i < ranking->groups; i++)
        x[i] = logit(ranking->group[i].score);
    double frauds = ranking->fraud, others = ranking->legitimate;
    double a = log((frauds + 1) / (others + 1)), b = 0;
    newton(ranking, x, &a, &b);
    if (!(b > 0) || ranking->groups == 1)
        return err_set(
            err, ERR_INPUT,
            "the scores cannot be calibrated: on these %llu rows a higher score does not "
            "mean more fraud",
            (unsigned long long)ranking->rows);
    *out = (struct calibration){.calibrator = CALIBRATOR_PLATT, .intercept = a, .slope = b};
    return true;
}

/* ---------------------------------------------------------------- isotonic */

/* Neighbouring scores that share one rate. */
struct block {
    double rows; /* weight */
    double fraud;
    float low;
    float high;
};

/* By products, whole where weights are, so that equal rates are equal: a/b >= c/d. */
static bool not_below(const struct block *left, const struct block *right)
{
    return left->fraud * right->rows >= right->fraud * left->rows;
}

static bool fit_isotonic(const struct ranking *ranking, struct arena *arena,
                         struct calibration *out, struct err *err)
{
    struct block *block = arena_new(arena, struct block, ranking->groups);
    struct calibration_knot *knot = arena_new(arena, struct calibration_knot, 2 * ranking->groups);
    if (block == NULL || knot == NULL)
        return err_set(err, ERR_LIMIT, "%zu scores to calibrate do not fit the memory limit",
                       ranking->groups);
    size_t blocks = 0;
    for (size_t i = ranking->groups; i-- > 0;) {
        const struct score_group *group = &ranking->group[i];
        block[blocks++] =
            (struct block){group_weight(group), group->fraud, group->score, group->score};
        while (blocks > 1 && not_below(&block[blocks - 2], &block[blocks - 1])) {
            block[blocks - 2].rows += block[blocks - 1].rows;
            block[blocks - 2].fraud += block[blocks - 1].fraud;
            block[blocks - 2].high = block[blocks - 1].high;
            blocks--;
        }
    }
    if (blocks == 1)
        return err_set(
            err, ERR_INPUT,
            "the scores cannot be calibrated: on these %llu rows a higher score does not "
            "mean more fraud",
            (unsigned long long)ranking->rows);
    size_t knots = 0;
    for (size_t i = 0; i < blocks; i++) {
        double rate = block[i].fraud / block[i].rows;
        knot[knots++] = (struct calibration_knot){block[i].low, rate};
        if (block[i].high > block[i].low)
            knot[knots++] = (struct calibration_knot){block[i].high, rate};
    }
    *out = (struct calibration){.calibrator = CALIBRATOR_ISOTONIC, .knots = knots, .knot = knot};
    return true;
}

/* ---------------------------------------------------------------- both */

bool calibrate(const struct ranking *ranking, enum calibrator calibrator, struct arena *arena,
               struct calibration *out, struct err *err)
{
    if (calibrator == CALIBRATOR_NONE) {
        *out = (struct calibration){0};
        return true;
    }
    if (ranking->fraud == 0 || ranking->legitimate == 0)
        return err_set(err, ERR_INPUT,
                       "the scores cannot be calibrated: all %llu rows are of one class",
                       (unsigned long long)ranking->rows);
    return calibrator == CALIBRATOR_PLATT ? fit_platt(ranking, arena, out, err)
                                          : fit_isotonic(ranking, arena, out, err);
}

static double between(const struct calibration *calibration, float score)
{
    const struct calibration_knot *knot = calibration->knot;
    size_t low = 0, high = calibration->knots - 1;
    if (score <= knot[low].score)
        return knot[low].probability;
    if (score >= knot[high].score)
        return knot[high].probability;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (knot[middle].score <= score)
            low = middle;
        else
            high = middle;
    }
    double from = (double)knot[low].score, to = (double)knot[high].score;
    double part = ((double)score - from) / (to - from);
    double p = knot[low].probability + part * (knot[high].probability - knot[low].probability);
    return fmin(p, knot[high].probability); /* a rounding must not step over the corner */
}

double calibration_of(const struct calibration *calibration, float score)
{
    switch (calibration->calibrator) {
    case CALIBRATOR_PLATT:
        return sigmoid(calibration->intercept + calibration->slope * logit(score));
    case CALIBRATOR_ISOTONIC:
        return between(calibration, score);
    case CALIBRATOR_NONE:
        break;
    }
    return (double)score;
}
