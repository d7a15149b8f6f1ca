/*
 * What is no metric of the table beside an independent computation: isotonic regression and the
 * curves beside scikit-learn's, Platt's line beside scipy's minimum, DeLong by its definition over
 * all pairs, card precision by the Fraud Detection Handbook's own steps.
 */
#include "measure/peer.h"

#include "measure/budget.h"
#include "measure/calibrate.h"
#include "measure/curve.h"
#include "measure/interval.h"

#include "base/rng.h"

#include <math.h>

enum { SAMPLES = 1000, ROWS_MAX = 150, DAYS = 5, CARDS = 40, CARDS_A_DAY = 4, ASKED = 8 };

static const char peer[] =
    "import struct, sys, warnings\n"
    "try:\n"
    "    import numpy as np\n"
    "    from scipy import optimize, stats\n"
    "    from sklearn import isotonic, metrics as m\n"
    "except ImportError:\n"
    "    sys.exit(77)\n"
    "warnings.simplefilter('ignore')\n"
    "raw = open(sys.argv[1], 'rb').read()\n"
    "out = open(sys.argv[2], 'wb')\n"
    "at = 0\n"
    "def take(kind, count):\n"
    "    global at\n"
    "    got = np.frombuffer(raw, kind, count, at)\n"
    "    at += got.nbytes\n"
    "    return got\n"
    "def placements(s, y):\n"
    "    f, o = s[y == 1], s[y == 0]\n"
    "    wins = (f[:, None] > o).astype(float) + .5 * (f[:, None] == o)\n"
    "    return wins.mean(axis=1), wins.mean(axis=0)\n"
    "def cards(s, y, day, card, k):\n"
    "    found, per_day = set(), []\n"
    "    for d in np.unique(day):\n"
    "        here = {}\n"
    "        for i in np.flatnonzero(day == d):\n"
    "            if card[i] not in found:\n"
    "                was = here.get(card[i], (-np.inf, 0))\n"
    "                here[card[i]] = max(was[0], s[i]), max(was[1], y[i])\n"
    "        top = sorted(here, key=lambda c: (-here[c][0], here[c][1], c))[:k]\n"
    "        hits = [c for c in top if here[c][1]]\n"
    "        found.update(hits)\n"
    "        per_day.append(len(hits) / k)\n"
    "    return np.mean(per_day)\n"
    "while at < len(raw):\n"
    "    count = int(take('<u4', 1)[0])\n"
    "    s, t = take('<f4', count).astype(float), take('<f4', count).astype(float)\n"
    "    y, day, card = take('u1', count).astype(int), take('<u4', count), take('<u4', count)\n"
    "    probe = take('<f4', 8).astype(float)\n"
    "    two = 0 < y.sum() < count\n"
    "    got = [stats.norm.ppf((probe[0] + 1) / 3), cards(s, y, day, card, 4),\n"
    "        cards(y.astype(float), y, day, card, 4)]\n"
    "    if two:\n"
    "        fpr, tpr, _ = m.roc_curve(y, s, drop_intermediate=False)\n"
    "        precision, recall, _ = m.precision_recall_curve(y, s)\n"
    "        got += [m.auc(fpr, tpr), (fpr ** 2 + tpr).sum(),\n"
    "            (precision[:-1] * (1 + recall[:-1])).sum()]\n"
    "    else:\n"
    "        got += [np.nan] * 3\n"
    "    if 1 < y.sum() < count - 1:\n"
    "        (f, o), (g, p) = placements(s, y), placements(t, y)\n"
    "        one = np.sqrt(f.var(ddof=1) / len(f) + o.var(ddof=1) / len(o))\n"
    "        both = (g - f).var(ddof=1) / len(f) + (p - o).var(ddof=1) / len(o)\n"
    "        got += [one, g.mean() - f.mean(), np.sqrt(both)]\n"
    "    else:\n"
    "        got += [np.nan] * 3\n"
    "    steps = isotonic.IsotonicRegression(out_of_bounds='clip').fit(s, y)\n"
    "    got += list(steps.predict(probe))\n"
    "    x = np.clip(s, 2. ** -23, 1 - 2. ** -23)\n"
    "    x = np.log(x) - np.log1p(-x)\n"
    "    n = y.sum()\n"
    "    target = np.where(y == 1, (n + 1) / (n + 2), 1 / (count - n + 2))\n"
    "    def slope(ab):\n"
    "        p = 1 / (1 + np.exp(-(ab[0] + ab[1] * x)))\n"
    "        return [(p - target).sum(), ((p - target) * x).sum()]\n"
    "    start = [np.log((n + 1) / (count - n + 1)), 0]\n"
    "    line = optimize.root(slope, start, tol=1e-14)\n"
    "    got += list(line.x) if two and np.abs(slope(line.x)).max() < 1e-10 else [np.nan] * 2\n"
    "    out.write(struct.pack('<19d', *got))\n";

/* A sample, a second model's scores, days and cards beside it, and eight scores to ask for. */
struct problem {
    uint32_t count;
    float score[ROWS_MAX], other[ROWS_MAX];
    uint8_t label[ROWS_MAX];
    uint32_t day[ROWS_MAX], card[ROWS_MAX];
    float asked[ASKED];
};

/* In the order of the script's answers. */
struct answer {
    double normal, cards, ceiling;
    double roc_area, roc_sum, pr_sum;
    double deviation, difference, difference_deviation;
    double isotonic[ASKED];
    double intercept, slope;
};

static struct problem problem_of(uint32_t round)
{
    struct problem p = {0};
    struct rng rng = rng_of(1988, round, 0);
    p.count = 2 + (uint32_t)rng_below(&rng, ROWS_MAX - 1);
    uint64_t levels = round % 11 == 0 ? 1 : round % 3 == 0 ? 7 : 1u << 24;
    double rate = round % 13 == 0 ? 0 : rng_unit(&rng);
    for (size_t i = 0; i < p.count; i++) {
        p.score[i] = ((float)rng_below(&rng, levels) + 0.5f) / (float)levels;
        p.label[i] = rng_unit(&rng) < rate * (double)p.score[i];
        double shifted = 0.7 * (double)p.score[i] + 0.3 * rng_unit(&rng);
        p.other[i] = round % 3 == 0 ? p.score[i] : (float)shifted;
        p.day[i] = 100 + (uint32_t)rng_below(&rng, DAYS);
        p.card[i] = (uint32_t)rng_below(&rng, CARDS);
    }
    for (size_t i = 0; i < ASKED; i++)
        p.asked[i] = i == 0 ? (float)rng_unit(&rng) : (float)i / (ASKED - 1);
    return p;
}

static void write_problems(const char *path)
{
    CLEANUP(stream_close) FILE *file = fopen(path, "wb");
    TRUE(file != NULL);
    for (uint32_t round = 0; round < SAMPLES; round++) {
        struct problem p = problem_of(round);
        peer_write(file, &p.count, sizeof p.count, 1);
        peer_write(file, p.score, sizeof *p.score, p.count);
        peer_write(file, p.other, sizeof *p.other, p.count);
        peer_write(file, p.label, sizeof *p.label, p.count);
        peer_write(file, p.day, sizeof *p.day, p.count);
        peer_write(file, p.card, sizeof *p.card, p.count);
        peer_write(file, p.asked, sizeof *p.asked, ASKED);
    }
}

/* NaN where our code refuses. */
static void calibrated(const struct problem *p, const struct ranking *ranking, struct arena *job,
                       struct answer *a)
{
    struct calibration isotonic, platt;
    struct err err = {0};
    bool steps = calibrate(ranking, CALIBRATOR_ISOTONIC, job, &isotonic, &err);
    for (size_t i = 0; i < ASKED; i++)
        a->isotonic[i] = steps ? calibration_of(&isotonic, p->asked[i]) : (double)NAN;
    bool line = calibrate(ranking, CALIBRATOR_PLATT, job, &platt, &err);
    a->intercept = line ? platt.intercept : (double)NAN;
    a->slope = line ? platt.slope : (double)NAN;
}

static void drawn_curves(const struct ranking *ranking, struct arena *job, struct answer *a)
{
    struct curve roc, pr;
    struct err err = {0};
    WORKS(curve_roc(ranking, ROWS_MAX + 1, job, &roc, &err), err);
    WORKS(curve_pr(ranking, ROWS_MAX + 1, job, &pr, &err), err);
    if (roc.count == 0) {
        a->roc_area = a->roc_sum = a->pr_sum = (double)NAN;
        return;
    }
    for (size_t i = 0; i < roc.count; i++) {
        a->roc_sum += roc.point[i].x * roc.point[i].x + roc.point[i].y;
        if (i > 0)
            a->roc_area +=
                (roc.point[i].x - roc.point[i - 1].x) * (roc.point[i].y + roc.point[i - 1].y) / 2;
    }
    for (size_t i = 0; i < pr.count; i++)
        a->pr_sum += pr.point[i].y * (1 + pr.point[i].x);
}

static struct answer answer_of(const struct problem *p)
{
    CLEANUP(arena_release) struct arena job = {.limit = 1 << 22};
    struct sample sample = {.score = p->score, .label = p->label, .count = p->count},
                  other = {.score = p->other, .label = p->label, .count = p->count};
    struct stream stream = {.sample = sample, .period = p->day, .entity = p->card};
    struct ranking ranking;
    struct card_budget cards;
    struct interval difference;
    struct err err = {0};
    struct answer a = {.normal = normal_quantile(((double)p->asked[0] + 1) / 3)};
    WORKS(ranking_init(&ranking, sample, &job, &err), err);
    WORKS(budget_of_cards(&stream, CARDS_A_DAY, &job, &cards, &err), err);
    WORKS(delong_difference(&sample, &other, 0.95, &job, &difference, &err), err);
    a.cards = cards.precision, a.ceiling = cards.ceiling;
    a.deviation = delong_of(&ranking, 0.95).deviation;
    a.difference = isnan(difference.deviation) ? (double)NAN : difference.value;
    a.difference_deviation = difference.deviation;
    drawn_curves(&ranking, &job, &a);
    calibrated(p, &ranking, &job, &a);
    return a;
}

static void near(uint32_t round, const char *what, double have, double want, double within)
{
    FAIL_UNLESS(isnan(want) ? isnan(have) : fabs(have - want) <= within,
                "sample %u: %s is %.17g, the peer says %.17g", round, what, have, want);
}

TEST(a_thousand_random_samples_are_judged_as_others_judge_them)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 26};
    const char *in = peer_file(&arena, "problems"), *out = peer_file(&arena, "answers");
    write_problems(in);
    int status = peer_run(peer, in, out);
    if (status == PEER_CANNOT)
        SKIP("/usr/bin/python3 has no scikit-learn; install python3-sklearn");
    SAME(status, 0);
    struct view answers;
    struct err err = {0};
    WORKS(file_load(out, 1 << 20, &arena, &answers, &err), err);
    SAME(answers.length, SAMPLES * sizeof(struct answer));
    size_t calibrations = 0, lines = 0;
    for (uint32_t round = 0; round < SAMPLES; round++) {
        struct problem p = problem_of(round);
        struct answer want, have = answer_of(&p);
        memcpy(&want, answers.text + round * sizeof want, sizeof want);
        near(round, "normal", have.normal, want.normal, 1e-12);
        near(round, "cards", have.cards, want.cards, 1e-12);
        near(round, "ceiling", have.ceiling, want.ceiling, 1e-12);
        near(round, "roc_area", have.roc_area, want.roc_area, 1e-12);
        near(round, "roc_sum", have.roc_sum, want.roc_sum, 1e-12 * p.count);
        near(round, "pr_sum", have.pr_sum, want.pr_sum, 1e-12 * p.count);
        near(round, "deviation", have.deviation, want.deviation, 1e-12);
        near(round, "difference", have.difference, want.difference, 1e-12);
        near(round, "its deviation", have.difference_deviation, want.difference_deviation, 1e-12);
        calibrations += !isnan(have.isotonic[0]);
        for (size_t i = 0; i < ASKED && !isnan(have.isotonic[0]); i++)
            near(round, "isotonic", have.isotonic[i], want.isotonic[i], 1e-12);
        if (isnan(have.slope) || isnan(want.slope))
            continue;
        lines++;
        near(round, "intercept", have.intercept, want.intercept, 1e-9 * (1 + fabs(want.slope)));
        near(round, "slope", have.slope, want.slope, 1e-9 * (1 + fabs(want.slope)));
    }
    FAIL_UNLESS(calibrations > SAMPLES / 2 && lines > SAMPLES / 2, "only %zu and %zu calibrated",
                calibrations, lines);
}
