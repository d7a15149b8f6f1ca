/*
 * Our metrics beside scikit-learn's on a thousand random samples: few and many rows, few and many
 * ties, constant scores, rare fraud. The samples go to a file as raw numbers, a Python of the
 * machine answers with its values as raw doubles.
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
    "def ece(s, y):\n" /* fifteen copies of each row: bins of whole copies */
    "    spread = np.zeros(len(s))\n"
    "    for v in np.unique(s):\n"
    "        spread[s == v] = y[s == v].mean()\n"
    "    order = np.argsort(-s, kind='stable')\n"
    "    gap = np.repeat((s - spread)[order], 15).reshape(15, len(s))\n"
    "    return np.abs(gap.sum(axis=1)).sum() / (15 * len(s))\n"
    "raw = open(sys.argv[1], 'rb').read()\n"
    "out = open(sys.argv[2], 'wb')\n"
    "at = 0\n"
    "while at < len(raw):\n"
    "    count, threshold = struct.unpack_from('<If', raw, at)\n"
    "    s = np.frombuffer(raw, '<f4', count, at + 8).astype('f8')\n"
    "    y = np.frombuffer(raw, 'u1', count, at + 8 + 4 * count)\n"
    "    at += 8 + 5 * count\n"
    "    c = (s >= threshold).astype(int)\n"
    "    two = 0 < y.sum() < count\n"
    "    e = 2.0 ** -23\n"
    "    base = y.mean()\n"
    "    if two:\n"
    "        fpr, tpr, _ = m.roc_curve(y, s, drop_intermediate=False)\n"
    "        low = [tpr[fpr < a].max() for a in (.001, .005, .01, .05)]\n"
    "        apart = max(0, (tpr - fpr).max())\n"
    "        theirs = ks_2samp(s[y == 0], s[y == 1], 'greater', 'asymp').statistic\n"
    "        assert abs(apart - theirs) < 1e-12\n"
    "    else:\n"
    "        low, apart = [np.nan] * 4, np.nan\n"
    "    tn, fp, fn, tp = m.confusion_matrix(y, c, labels=[0, 1]).ravel()\n"
    "    brier = np.mean((s - y) ** 2)\n"
    "    chosen = c == 1\n"
    "    out.write(struct.pack('<24d',\n"
    "        m.roc_auc_score(y, s) if two else np.nan,\n"
    "        m.average_precision_score(y, s) if y.any() else np.nan,\n"
    "        m.log_loss(y, np.clip(s, e, 1 - e), labels=[0, 1]),\n"
    "        m.brier_score_loss(y, s, pos_label=1) if two else brier,\n"
    "        m.accuracy_score(y, c), m.precision_score(y, c),\n"
    "        m.recall_score(y, c), m.f1_score(y, c), base, apart, *low,\n"
    "        m.recall_score(y, c, pos_label=0) if base < 1 else np.nan,\n"
    "        fp / (fp + tn) if base < 1 else np.nan,\n"
    "        m.matthews_corrcoef(y, c), c.mean(),\n"
    "        1 - brier / y.var() if two else np.nan,\n"
    "        ece(s, y), ece(s[chosen], y[chosen]) if chosen.any() else np.nan,\n"
    "        s.mean() / base if y.any() else np.nan,\n"
    "        m.log_loss(y, np.full(count, base), labels=[0, 1], eps=1e-300) if two else 0,\n"
    "        y.var()))\n";

static struct sample draw(uint32_t round, float *score, uint8_t *label, float *threshold)
{
    struct rng rng = rng_of(1974, round, 0);
    size_t count = 1 + rng_below(&rng, round % 10 == 0 ? ROWS_MAX : 60);
    uint64_t levels = round % 7 == 0 ? 1 : round % 3 == 0 ? 2 + rng_below(&rng, 9) : 1u << 24;
    double rate = round % 5 == 0 ? 0.02 : rng_unit(&rng);
    for (size_t i = 0; i < count; i++) {
        score[i] = (float)rng_below(&rng, levels) / (float)(levels > 1 ? levels - 1 : 1);
        label[i] = rng_unit(&rng) < rate * (0.2 + 0.8 * (double)score[i]);
    }
    *threshold = score[rng_below(&rng, count)];
    return (struct sample){score, label, count};
}

static void write_samples(const char *path)
{
    static float score[ROWS_MAX];
    static uint8_t label[ROWS_MAX];
    CLEANUP(stream_close) FILE *file = fopen(path, "wb");
    TRUE(file != NULL);
    for (uint32_t round = 0; round < SAMPLES; round++) {
        float threshold;
        struct sample sample = draw(round, score, label, &threshold);
        uint32_t count = (uint32_t)sample.count;
        peer_write(file, &count, sizeof count, 1);
        peer_write(file, &threshold, sizeof threshold, 1);
        peer_write(file, score, sizeof *score, count);
        peer_write(file, label, sizeof *label, count);
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
    static float score[ROWS_MAX];
    static uint8_t label[ROWS_MAX];
    size_t undefined = 0;
    for (uint32_t round = 0; round < SAMPLES; round++) {
        double want[METRIC_COUNT], have[METRIC_COUNT];
        memcpy(want, values.text + round * sizeof want, sizeof want);
        float threshold;
        struct ranking ranking;
        struct sample sample = draw(round, score, label, &threshold);
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
