/*
 * Tails and exact tests beside scipy's, and Smirnov's limit over its regions.
 */
#include "measure/peer.h"

#include "measure/chance.h"
#include "measure/ks_chance.h"

#include "base/rng.h"

#include <math.h>

enum { QUESTIONS = 2000, ASKED = 7 };

static const char peer[] =
    "import struct, sys, warnings\n"
    "try:\n"
    "    import numpy as np\n"
    "    from scipy import stats\n"
    "except ImportError:\n"
    "    sys.exit(77)\n"
    "asked = np.fromfile(sys.argv[1], '<f8').reshape(-1, 8)\n"
    "out = open(sys.argv[2], 'wb')\n"
    "for value, degrees, chance, p, a, n, gap, m in asked:\n"
    "    hits = [[a, n - a], [np.floor(a / 2), m - np.floor(a / 2)]]\n"
    "    got = [stats.chi2.sf(value, degrees), stats.chi2.isf(chance, degrees), stats.binom.pmf(a, "
    "n, p),\n"
    "        stats.fisher_exact(np.array(hits, int))[1], stats.kstwo.sf(gap, n),\n"
    "        stats.kstwo.sf(gap, np.round(n * m / (n + m)))]\n"
    "    x, y = np.arange(int(n) % 97 + 1), np.arange(int(m) % 89 + 1)\n"
    "    with warnings.catch_warnings(record=True) as gave_up:\n"
    "        warnings.simplefilter('always')\n"
    "        exact = stats.ks_2samp(x / len(x), y / len(y) + gap / 2, method='exact')\n"
    "    out.write(struct.pack('<8d', *got, np.nan if gave_up else exact.pvalue, "
    "exact.statistic))\n";

struct question {
    double value, degrees, chance, p, hits, rows, gap, others;
};

static struct question question_of(uint32_t index)
{
    struct rng rng = rng_of(11, index, 0);
    struct question q;
    q.degrees = (double)(1 + rng_below(&rng, index % 9 == 0 ? 500 : 40));
    q.value = q.degrees * exp(1.2 * rng_normal(&rng));
    q.chance = exp(-20 * rng_unit(&rng) - 0.01);
    q.p = rng_unit(&rng);
    q.rows = floor(exp(rng_unit(&rng) * (index % 4 == 0 ? 12 : 7)) + 1);
    q.others = floor(exp(rng_unit(&rng) * 7) + 2);
    q.p = index % 3 == 0 ? q.p : fmin(1, 10 * q.p / q.rows);
    q.hits = fmin(fmin(q.rows, 2 * q.others), floor(q.rows * q.p + 3 * fabs(rng_normal(&rng))));
    q.gap = fmin(1, fabs(rng_normal(&rng)) / sqrt(q.rows) * (index % 5 == 0 ? 0.3 : 1));
    return q;
}

static double close_to(double ours, double theirs)
{
    return fabs(ours - theirs) / fmax(1, fabs(theirs));
}

TEST(tails_and_exact_tests_are_scipys)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 16};
    const char *in = peer_file(&arena, "chance.in"), *out = peer_file(&arena, "chance.out");
    FILE *file = fopen(in, "wb");
    TRUE(file != NULL);
    for (uint32_t i = 0; i < QUESTIONS; i++) {
        struct question q = question_of(i);
        peer_write(file, &q, sizeof q, 1);
    }
    fclose(file);
    int status = peer_run(peer, in, out);
    if (status == PEER_CANNOT)
        SKIP("python3-scipy is not installed");
    SAME(status, 0);
    file = fopen(out, "rb");
    TRUE(file != NULL);
    for (uint32_t i = 0; i < QUESTIONS; i++) {
        struct question q = question_of(i);
        double theirs[ASKED + 1], half = floor(q.hits / 2);
        SAME(fread(theirs, sizeof *theirs, ASKED + 1, file), ASKED + 1);
        double ours[ASKED] = {
            chi_square_above(q.value, q.degrees),
            chi_square_limit(q.chance, q.degrees),
            binomial_density(q.hits, q.rows, q.p),
            rates_chance((uint64_t)q.hits, (uint64_t)q.rows, (uint64_t)half, (uint64_t)q.others),
            kolmogorov_above(q.gap, (size_t)q.rows),
            kolmogorov_above(q.gap, (size_t)rint(q.rows * q.others / (q.rows + q.others))),
            ks_chance_exact(theirs[ASKED], (size_t)q.rows % 97 + 1, (size_t)q.others % 89 + 1),
        };
        for (size_t k = 0; k < ASKED; k++)
            FAIL_UNLESS(isnan(theirs[k]) || close_to(ours[k], theirs[k]) <= 1e-12,
                        "question %u, figure %zu: %.17g, theirs is %.17g (gap %.17g, rows %g, %g)",
                        i, k, ours[k], theirs[k], q.gap, q.rows, q.others);
    }
    fclose(file);
}
