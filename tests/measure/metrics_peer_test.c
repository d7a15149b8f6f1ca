/*
 * Our metrics beside scikit-learn's on a thousand random samples: few and many rows, few and many
 * ties, constant scores, rare fraud, three samples in four with weights. The samples go to a file
 * as raw numbers, a Python of the machine answers with its values as raw doubles.
 */
#include "measure/peer.h"

#include "measure/metrics.h"

#include "base/rng.h"

#include <math.h>

enum { SAMPLES = 1000, ROWS_MAX = 1200 };

static const char peer[] =
    "import struct, sys, warnings\n"
    "try:\n"
    "    import numpy as np\n"
    "    from sklearn import metrics as m\n"
    "    from scipy.stats import ks_2samp\n"
    "except ImportError:\n"
    "    sys.exit(77)\n"
    "warnings.simplefilter('ignore')\n"
    "def ece(s, y, w):\n" /* what is gathered down to each fifteenth of the mass, in straight lines
                           */
    "    spread = np.zeros(len(s))\n"
    "    for v in np.unique(s):\n"
    "        spread[s == v] = np.average(y[s == v], weights=w[s == v])\n"
    "    order = np.argsort(-s, kind='stable')\n"
    "    mass = np.append(0, np.cumsum(w[order]))\n"
    "    gap = np.append(0, np.cumsum((w * (s - spread))[order]))\n"
    "    edges = mass[-1] * np.arange(16) / 15\n"
    "    return np.abs(np.diff(np.interp(edges, mass, gap))).sum() / mass[-1]\n"
    "raw = open(sys.argv[1], 'rb').read()\n"
    "out = open(sys.argv[2], 'wb')\n"
    "at = 0\n"
    "while at < len(raw):\n"
    "    count, threshold = struct.unpack_from('<If', raw, at)\n"
    "    s = np.frombuffer(raw, '<f4', count, at + 8).astype('f8')\n"
    "    y = np.frombuffer(raw, 'u1', count, at + 8 + 4 * count)\n"
    "    w = np.frombuffer(raw, '<f8', count, at + 8 + 5 * count)\n"
    "    at += 8 + 13 * count\n"
    "    if w.sum() == 0:\n"
    "        out.write(struct.pack('<24d', *[np.nan] * 24))\n"
    "        continue\n"
    "    given = {} if (w == 1).all() else {'sample_weight': w}\n"
    "    c = (s >= threshold).astype(int)\n"
    "    fraud, legitimate = w[y == 1].sum(), w[y == 0].sum()\n"
    "    two = fraud > 0 and legitimate > 0\n"
    "    e = 2.0 ** -23\n"
    "    base = np.average(y, weights=w)\n"
    "    if two:\n"
    "        fpr, tpr, _ = m.roc_curve(y, s, drop_intermediate=False, **given)\n"
    "        low = [tpr[fpr < a].max() for a in (.001, .005, .01, .05)]\n"
    "        apart = max(0, (tpr - fpr).max())\n"
    "        if (w == np.rint(w)).all():\n"
    "            t, l = np.repeat(s, w.astype(int)), np.repeat(y, w.astype(int))\n"
    "            theirs = ks_2samp(t[l == 0], t[l == 1], 'greater', 'asymp').statistic\n"
    "            assert abs(apart - theirs) < 1e-12\n"
    "    else:\n"
    "        low, apart = [np.nan] * 4, np.nan\n"
    "    tn, fp, fn, tp = m.confusion_matrix(y, c, labels=[0, 1], **given).ravel()\n"
    "    both = two and w[c == 1].sum() > 0 and w[c == 0].sum() > 0\n"
    "    brier = np.average((s - y) ** 2, weights=w)\n"
    "    chosen = (c == 1) & (w > 0)\n"
    "    there = w > 0\n"
    "    out.write(struct.pack('<24d',\n"
    "        m.roc_auc_score(y, s, **given) if two else np.nan,\n"
    "        m.average_precision_score(y, s, **given) if fraud > 0 else np.nan,\n"
    "        m.log_loss(y, np.clip(s, e, 1 - e), labels=[0, 1], **given),\n"
    "        m.brier_score_loss(y, s, pos_label=1, **given) if two else brier,\n"
    "        m.accuracy_score(y, c, **given), m.precision_score(y, c, **given),\n"
    "        m.recall_score(y, c, **given), m.f1_score(y, c, **given), base, apart, *low,\n"
    "        m.recall_score(y, c, pos_label=0, **given) if legitimate > 0 else np.nan,\n"
    "        fp / (fp + tn) if legitimate > 0 else np.nan,\n"
    "        m.matthews_corrcoef(y, c, **given) if both else 0,\n"
    "        np.average(c, weights=w),\n"
    "        1 - brier / (base * (1 - base)) if two else np.nan,\n"
    "        ece(s[there], y[there], w[there]),\n"
    "        ece(s[chosen], y[chosen], w[chosen]) if chosen.any() else np.nan,\n"
    "        np.average(s, weights=w) / base if fraud > 0 else np.nan,\n"
    "        m.log_loss(y, np.full(count, base), labels=[0, 1], eps=1e-300, **given) if two else "
    "0,\n"
    "        np.average((y - base) ** 2, weights=w) if two else 0))\n";

struct rows {
    float score[ROWS_MAX];
    uint8_t label[ROWS_MAX];
    double weight[ROWS_MAX];
};

/* None, whole ones with zeros among them, fractions, legitimate rows that stand for many; sometimes
 * all of a class weighs nothing, sometimes every row. */
static const double *draw_weights(uint32_t round, struct rng *rng, struct rows *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool fraud = rows->label[i];
        double kind[] = {1, (double)rng_below(rng, 5), 0, fraud ? 1 : 37.5};
        kind[2] = rng_below(rng, 10) == 0 ? 0 : 0.01 + 3 * rng_unit(rng);
        rows->weight[i] = kind[round % 4];
        if ((round % 40 == 9 && fraud) || (round % 40 == 18 && !fraud) || round % 200 == 27)
            rows->weight[i] = 0;
    }
    return round % 4 == 0 ? NULL : rows->weight;
}

static struct sample draw(uint32_t round, struct rows *rows, float *threshold)
{
    struct rng rng = rng_of(1974, round, 0);
    size_t count = 1 + rng_below(&rng, round % 10 == 0 ? ROWS_MAX : 60);
    uint64_t levels = round % 7 == 0 ? 1 : round % 3 == 0 ? 2 + rng_below(&rng, 9) : 1u << 24;
    double rate = round % 5 == 0 ? 0.02 : rng_unit(&rng);
    for (size_t i = 0; i < count; i++) {
        rows->score[i] = (float)rng_below(&rng, levels) / (float)(levels > 1 ? levels - 1 : 1);
        rows->label[i] = rng_unit(&rng) < rate * (0.2 + 0.8 * (double)rows->score[i]);
    }
    *threshold = rows->score[rng_below(&rng, count)];
    const double *weight = draw_weights(round, &rng, rows, count);
    return (struct sample){
        .score = rows->score, .label = rows->label, .count = count, .weight = weight};
}

static void write_samples(const char *path)
{
    static struct rows rows;
    CLEANUP(stream_close) FILE *file = fopen(path, "wb");
    TRUE(file != NULL);
    for (uint32_t round = 0; round < SAMPLES; round++) {
        float threshold;
        struct sample sample = draw(round, &rows, &threshold);
        uint32_t count = (uint32_t)sample.count;
        peer_write(file, &count, sizeof count, 1);
        peer_write(file, &threshold, sizeof threshold, 1);
        peer_write(file, rows.score, sizeof *rows.score, count);
        peer_write(file, rows.label, sizeof *rows.label, count);
        peer_write(file, rows.weight, sizeof *rows.weight, count);
    }
}

TEST(a_thousand_random_samples_measure_as_scikit_learn_measures_them)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 26};
    const char *in = peer_file(&arena, "samples"), *out = peer_file(&arena, "values");
    write_samples(in);
    int status = peer_run(peer, in, out);
    if (status == PEER_CANNOT)
        SKIP("/usr/bin/python3 has no scikit-learn; install python3-sklearn");
    SAME(status, 0);

    struct view values;
    struct err err = {0};
    WORKS(file_load(out, 1 << 20, &arena, &values, &err), err);
    SAME(values.length, SAMPLES * METRIC_COUNT * sizeof(double));
    static struct rows rows;
    size_t undefined = 0;
    for (uint32_t round = 0; round < SAMPLES; round++) {
        double want[METRIC_COUNT], have[METRIC_COUNT];
        memcpy(want, values.text + round * sizeof want, sizeof want);
        float threshold;
        struct ranking ranking;
        struct sample sample = draw(round, &rows, &threshold);
        CLEANUP(arena_release) struct arena job = {.limit = 1 << 20};
        WORKS(ranking_init(&ranking, sample, &job, &err), err);
        metrics_of(&ranking, threshold, have);
        undefined += isnan(want[METRIC_roc_auc]);
        for (size_t i = 0; i < METRIC_COUNT; i++) {
            FAIL_UNLESS(isnan(want[i]) ? isnan(have[i]) : fabs(have[i] - want[i]) <= 1e-12,
                        "sample %u: %s is %.17g, scikit-learn says %.17g", round, metrics[i]->name,
                        have[i], want[i]);
        }
    }
    TRUE(undefined > 10 && undefined < SAMPLES / 2); /* one-class samples are among them */
}

/* XGBoost keeps scores and weights in float and takes a float's logarithm; its aucpr interpolates
 * between thresholds, as average precision does not, and is another figure. A model without trees
 * answers the base margin, here the score itself. */
static const char xgboost_peer[] =
    "import struct, sys\n"
    "try:\n"
    "    import numpy as np\n"
    "    import xgboost as xgb\n"
    "except ImportError:\n"
    "    sys.exit(77)\n"
    "raw = open(sys.argv[1], 'rb').read()\n"
    "out = open(sys.argv[2], 'wb')\n"
    "at = 0\n"
    "while at < len(raw):\n"
    "    count, threshold = struct.unpack_from('<If', raw, at)\n"
    "    s = np.frombuffer(raw, '<f4', count, at + 8)\n"
    "    y = np.frombuffer(raw, 'u1', count, at + 8 + 4 * count)\n"
    "    w = np.frombuffer(raw, '<f8', count, at + 8 + 5 * count)\n"
    "    at += 8 + 13 * count\n"
    "    if w[y == 1].sum() == 0 or w[y == 0].sum() == 0 or len(s) > 60:\n"
    "        out.write(struct.pack('<2d', np.nan, np.nan))\n"
    "        continue\n"
    "    data = xgb.DMatrix(np.zeros((count, 1)), y, weight=w, base_margin=s)\n"
    "    settings = {'objective': 'reg:squarederror', 'nthread': 1,\n"
    "                'eval_metric': ['auc', 'logloss']}\n"
    "    said = xgb.Booster(settings, [data]).eval(data)\n"
    "    figures = dict(part.split(':') for part in said.split()[1:])\n"
    "    out.write(struct.pack('<2d', float(figures['eval-auc']), "
    "float(figures['eval-logloss'])))\n";

TEST(weighted_auc_and_log_loss_are_xgboosts_within_its_floats)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 26};
    const char *in = peer_file(&arena, "samples"), *out = peer_file(&arena, "values");
    write_samples(in);
    int status = peer_run(xgboost_peer, in, out);
    if (status == PEER_CANNOT)
        SKIP("/usr/bin/python3 has no XGBoost; install python3-xgboost");
    SAME(status, 0);
    struct view values;
    struct err err = {0};
    WORKS(file_load(out, 1 << 20, &arena, &values, &err), err);
    SAME(values.length, SAMPLES * 2 * sizeof(double));
    static struct rows rows;
    size_t compared = 0;
    for (uint32_t round = 0; round < SAMPLES; round++) {
        double want[2], have[METRIC_COUNT];
        memcpy(want, values.text + round * sizeof want, sizeof want);
        if (isnan(want[0]))
            continue;
        float threshold;
        struct ranking ranking;
        CLEANUP(arena_release) struct arena job = {.limit = 1 << 20};
        WORKS(ranking_init(&ranking, draw(round, &rows, &threshold), &job, &err), err);
        metrics_of(&ranking, threshold, have);
        NEAR(have[METRIC_roc_auc], want[0], 1e-6);
        bool clipped = ranking.group[0].score == 1 || ranking.group[ranking.groups - 1].score == 0;
        if (!clipped)
            NEAR(have[METRIC_log_loss], want[1], 1e-5 * (1 + want[1]));
        compared++;
    }
    TRUE(compared > SAMPLES / 2);
}
