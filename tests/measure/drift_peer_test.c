/*
 * Distances and chances beside scipy's: the bins are cut once more in Python, by their definition,
 * and what scipy has is asked of scipy.
 */
#include "measure/peer.h"

#include "measure/chance.h"
#include "measure/drift.h"
#include "measure/ks_chance.h"

#include "base/rng.h"

#include <math.h>

enum { PAIRS = 120, ROWS_MAX = 3000, KINDS = 8, VALUES = 12 };

static const char distances[] =
    "import struct, sys, warnings\n"
    "try:\n"
    "    import numpy as np\n"
    "    from scipy import stats\n"
    "    from scipy.spatial.distance import jensenshannon\n"
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
    "def cells_of_numbers(a, b):\n"
    "    here = np.sort(a[~np.isnan(a)])\n"
    "    value, count = np.unique(here, return_counts=True)\n"
    "    atoms = value[10 * count >= len(here)]\n"
    "    lows, highs = np.append(-np.inf, atoms), np.append(atoms, np.inf)\n"
    "    def cell(x):\n"
    "        if np.isnan(x):\n"
    "            return 'missing'\n"
    "        if len(here) == 0 or x > here[-1]:\n"
    "            return 'above'\n"
    "        if x < here[0]:\n"
    "            return 'below'\n"
    "        if x in atoms:\n"
    "            return 'atom', x\n"
    "        i = int(np.searchsorted(atoms, x))\n"
    "        if i not in runs:\n"
    "            low = atoms[i - 1] if i > 0 else -np.inf\n"
    "            high = atoms[i] if i < len(atoms) else np.inf\n"
    "            runs[i] = here[((here > low) | (i == 0)) & ((here < high) | (i == len(atoms)))]\n"
    "            runs[i] = runs[i][~np.isin(runs[i], atoms)]\n"
    "        run = runs[i]\n"
    "        if len(run) == 0:\n"
    "            return 'between', i\n"
    "        parts = max(1, (10 * len(run) + len(here) // 2) // len(here))\n"
    "        tops = [run[-(-k * len(run) // parts) - 1] for k in range(1, parts)]\n"
    "        return 'part', i, sum(x > t for t in set(tops))\n"
    "    runs = {}\n"
    "    return [cell(x) for x in a], [cell(x) for x in b]\n"
    "def cells_of_codes(a, b, values):\n"
    "    rows = {v: int((a == v).sum()) for v in range(values)}\n"
    "    def cell(x):\n"
    "        if x == 0xffffffff:\n"
    "            return 'missing'\n"
    "        if x >= values or rows[x] == 0:\n"
    "            return 'unseen'\n"
    "        return 'rare' if 100 * rows[x] < len(a) else x\n"
    "    return [cell(x) for x in a], [cell(x) for x in b]\n"
    "while at < len(raw):\n"
    "    numbers, n, m = (int(x) for x in take('<u4', 3))\n"
    "    if numbers:\n"
    "        a, b = take('<f4', n).astype(float), take('<f4', m).astype(float)\n"
    "        p, q = cells_of_numbers(a, b)\n"
    "    else:\n"
    "        a, b = take('<u4', n), take('<u4', m)\n"
    "        p, q = cells_of_codes(a, b, 12)\n"
    "    names = sorted(set(p) | set(q), key=str)\n"
    "    p = np.array([p.count(c) for c in names], float)\n"
    "    q = np.array([q.count(c) for c in names], float)\n"
    "    if n == 0 or m == 0:\n"
    "        got = [0] * 5 + [1]\n"
    "    else:\n"
    "        s, t = (p + .5) / (p + .5).sum(), (q + .5) / (q + .5).sum()\n"
    "        js = jensenshannon(p, q)\n"
    "        h = np.sqrt(((np.sqrt(p / n) - np.sqrt(q / m)) ** 2).sum() / 2)\n"
    "        c, chance = stats.chi2_contingency([p, q], correction=False)[:2]\n"
    "        got = [((t - s) * np.log(t / s)).sum(), np.nan_to_num(js), np.nan_to_num(js) ** 2, h, "
    "c, chance]\n"
    "    if numbers:\n"
    "        a, b = a[~np.isnan(a)], b[~np.isnan(b)]\n"
    "        if len(a) and len(b):\n"
    "            ks = stats.ks_2samp(a, b, method='exact')\n"
    "            got += [ks.statistic, ks.pvalue]\n"
    "        else:\n"
    "            got += [0, 1]\n"
    "        a, b = a[np.isfinite(a)], b[np.isfinite(b)]\n"
    "        if len(a) and len(b):\n"
    "            w = stats.wasserstein_distance(a, b)\n"
    "            deviation, iqr = a.std(), np.subtract(*np.percentile(a, [75, 25]))\n"
    "            if a.min() == a.max():\n"
    "                deviation = abs(a[0]) or 1\n"
    "            got += [w, w / deviation, w / (iqr or deviation)]\n"
    "        else:\n"
    "            got += [0] * 3\n"
    "    else:\n"
    "        got += [0, 1, 0, 0, 0]\n"
    "    out.write(struct.pack('<11d', *got))\n";

enum { ASKED = 11 };

/* Continuous, heavy-tailed, with atoms, of few values, constant, with infinities, tiny, missing. */
static float draw(struct rng *rng, int kind, double shift)
{
    double unit = rng_unit(rng), normal = rng_normal(rng) + shift;
    switch (kind) {
    case 0:
        return (float)normal;
    case 1:
        return (float)exp(1.67 * normal);
    case 2:
        return unit < 0.45 ? 0 : unit < 0.6 ? -1 : (float)normal;
    case 3:
        return (float)floor(normal * 2);
    case 4:
        return 0.1f;
    case 5:
        return unit < 0.02 ? INFINITY : unit < 0.15 ? -INFINITY : (float)normal;
    case 6:
        return (float)(1e-30 * normal);
    default:
        return unit < 0.3 ? NAN : (float)(unit < 0.31 ? -0.0 : normal);
    }
}

struct pair {
    uint32_t head[3]; /* numbers, rows of both sides */
    union {
        float number[2][ROWS_MAX];
        uint32_t code[2][ROWS_MAX];
    };
};

static struct pair draw_pair(uint32_t index)
{
    struct rng rng = rng_of(7, index, 0);
    struct pair pair = {.head = {index % 3 != 0, 1 + (uint32_t)rng_below(&rng, ROWS_MAX),
                                 1 + (uint32_t)rng_below(&rng, ROWS_MAX)}};
    if (index % 11 == 0)
        pair.head[1 + index % 2] = 1 + index % 5;
    if (index % 31 == 0)
        pair.head[1 + index % 2] = 0;
    double shift = index % 5 == 0 ? 0 : rng_unit(&rng);
    for (uint32_t side = 0; side < 2; side++)
        for (uint32_t i = 0; i < pair.head[1 + side]; i++) {
            uint64_t code = rng_below(&rng, 4 + 6 * side) + rng_below(&rng, 6);
            if (pair.head[0])
                pair.number[side][i] = draw(&rng, (int)(index % KINDS), side * shift);
            else
                pair.code[side][i] = rng_unit(&rng) < 0.1   ? DRIFT_MISSING
                                     : rng_unit(&rng) < 0.9 ? (uint32_t)code / 4
                                                            : (uint32_t)code;
        }
    return pair;
}

static void measure(const struct pair *pair, double got[ASKED])
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct drift_reference r;
    struct drift_window w;
    struct err err = {0};
    if (pair->head[0]) {
        WORKS(drift_reference_numbers(&r, pair->number[0], pair->head[1], &arena, &err), err);
        WORKS(drift_window_numbers(&w, &r, pair->number[1], pair->head[2], &arena, &err), err);
    } else {
        WORKS(drift_reference_codes(&r, pair->code[0], pair->head[1], VALUES, &arena, &err), err);
        WORKS(drift_window_codes(&w, &r, pair->code[1], pair->head[2], &arena, &err), err);
    }
    size_t at = 0;
    for (size_t i = 0; i < DRIFT_COUNT; i++) {
        got[at++] = drifts[i]->distance(&r, &w);
        if (drifts[i]->chance != NULL)
            got[at++] = drifts[i]->chance(&r, &w);
    }
    SAME(at, ASKED);
}

TEST(every_distance_and_its_chance_is_scipys)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 16};
    const char *in = peer_file(&arena, "drift.in"), *out = peer_file(&arena, "drift.out");
    static struct pair pair;
    FILE *file = fopen(in, "wb");
    TRUE(file != NULL);
    for (uint32_t i = 0; i < PAIRS; i++) {
        pair = draw_pair(i);
        peer_write(file, pair.head, sizeof *pair.head, 3);
        for (int side = 0; side < 2; side++)
            peer_write(file, pair.number[side], sizeof(float), pair.head[1 + side]);
    }
    fclose(file);
    int status = peer_run(distances, in, out);
    if (status == PEER_CANNOT)
        SKIP("python3-scipy is not installed");
    SAME(status, 0);
    file = fopen(out, "rb");
    TRUE(file != NULL);
    for (uint32_t i = 0; i < PAIRS; i++) {
        double theirs[ASKED], ours[ASKED];
        pair = draw_pair(i);
        measure(&pair, ours);
        SAME(fread(theirs, sizeof *theirs, ASKED, file), ASKED);
        for (size_t k = 0; k < ASKED; k++)
            FAIL_UNLESS(fabs(ours[k] - theirs[k]) <= 1e-12 * fmax(1, fabs(theirs[k])),
                        "pair %u, figure %zu: %.17g, theirs is %.17g", i, k, ours[k], theirs[k]);
    }
    fclose(file);
}
