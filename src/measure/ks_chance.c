#include "measure/ks_chance.h"

#include "measure/chance.h"

#include <math.h>

/* ---------------------------------------------------------------- two samples, exact */

/* `leave[j]`: how likely a random path from (0, 0) to (i, j) leaves the band at some point, which
 * is sure outside of it. The step before (i, j) came from (i - 1, j) with chance i / (i + j). */
double ks_chance_exact(double gap, size_t n, size_t m)
{
    assert(n > 0 && m > 0 && n <= KS_EXACT_ROWS && m <= KS_EXACT_ROWS);
    double leave[KS_EXACT_ROWS + 1];
    /* Gaps are multiples of 1 / (n m); the limit stands between two, a millionth is for rounding.
     */
    double limit = ceil(gap * (double)n * (double)m - 1e-6) - 0.5;
    if (limit < 0)
        return 1;
    for (size_t j = 0; j <= m; j++)
        leave[j] = (double)(j * n) >= limit;
    for (size_t i = 1; i <= n; i++) {
        double middle = (double)(i * m);
        double low = ceil((middle - limit) / (double)n), high = (middle + limit) / (double)n;
        size_t first = low <= 0 ? 0 : (size_t)low;
        size_t last = high >= (double)m ? m : (size_t)high;
        if (first > 0)
            leave[first - 1] = 1;
        else
            first = 1; /* leave[0] stays: there is one way along the edge */
        for (size_t j = first; j <= last; j++) {
            double share = (double)i / (double)(i + j);
            leave[j] = share * leave[j] + (1 - share) * leave[j - 1];
        }
    }
    return leave[m];
}

double ks_chance(double gap, size_t n, size_t m)
{
    if (n == 0 || m == 0)
        return 1;
    double a = (double)n, b = (double)m;
    if (n <= KS_EXACT_ROWS && m <= KS_EXACT_ROWS && 2 * gap * a * b <= KS_EXACT_CELLS)
        return ks_chance_exact(gap, n, m);
    return kolmogorov_above(gap, (size_t)rint(a * b / (a + b)));
}

/* ---------------------------------------------------------------- one sample */

/* One-sided, exact (Birnbaum and Tingey, 1951). */
static double smirnov_above(double gap, double n)
{
    double sum = 0, last = floor(n * (1 - gap));
    for (double j = 0; j <= last; j++) {
        double p = gap + j / n;
        sum += binomial_density(j, n, fmin(p, 1)) / p;
    }
    return gap * sum;
}

/* Where the two exact ways below take over, a matrix has at most 2 x 59 - 1 rows. */
enum { MATRIX_MAX = 120 };

struct matrix {
    size_t size;
    double tens; /* all cells times ten to this power, so that none over- or underflows */
    double cell[MATRIX_MAX * MATRIX_MAX];
};

static void multiply(const struct matrix *a, const struct matrix *b, struct matrix *out)
{
    size_t size = a->size;
    double most = 0;
    for (size_t i = 0; i < size; i++)
        for (size_t j = 0; j < size; j++) {
            double sum = 0;
            for (size_t k = 0; k < size; k++)
                sum += a->cell[i * size + k] * b->cell[k * size + j];
            out->cell[i * size + j] = sum;
            most = fmax(most, sum);
        }
    out->size = size;
    out->tens = a->tens + b->tens;
    if (most > 1e140) {
        for (size_t i = 0; i < size * size; i++)
            out->cell[i] *= 1e-140;
        out->tens += 140;
    }
}

/* Marsaglia, Tsang and Wang (2003), after Durbin (1968): the corners first, then the factorials. */
static void durbin_matrix(double size_of_gap, struct matrix *out)
{
    size_t k = (size_t)ceil(size_of_gap), size = 2 * k - 1;
    double h = (double)k - size_of_gap;
    assert(size <= MATRIX_MAX);
    *out = (struct matrix){.size = size};
    for (size_t i = 0; i < size; i++)
        for (size_t j = 0; j <= i + 1 && j < size; j++)
            out->cell[i * size + j] = 1;
    for (size_t i = 0; i < size; i++) {
        out->cell[i * size] -= pow(h, (double)(i + 1));
        out->cell[(size - 1) * size + i] -= pow(h, (double)(size - i));
    }
    out->cell[(size - 1) * size] += 2 * h > 1 ? pow(2 * h - 1, (double)size) : 0;
    for (size_t i = 0; i < size; i++)
        for (size_t j = 0; j <= i && j < size; j++)
            out->cell[i * size + j] /= tgamma((double)(i - j + 2));
}

/* How likely the gap is smaller. */
static double durbin_below(double gap, size_t n)
{
    struct matrix power[2], square[2];
    durbin_matrix((double)n * gap, &square[0]);
    size_t size = square[0].size, middle = (size / 2) * (size + 1);
    power[0] = (struct matrix){.size = size};
    for (size_t i = 0; i < size; i++)
        power[0].cell[i * (size + 1)] = 1;
    int p = 0, s = 0;
    for (size_t left = n; left > 0; left /= 2) {
        if (left % 2 != 0) {
            multiply(&power[p], &square[s], &power[1 - p]);
            p = 1 - p;
        }
        if (left > 1) {
            multiply(&square[s], &square[s], &square[1 - s]);
            s = 1 - s;
        }
    }
    double below = power[p].cell[middle], tens = power[p].tens;
    for (size_t i = 1; i <= n; i++) {
        below *= (double)i / (double)n;
        if (below < 1e-140)
            below *= 1e140, tens -= 140;
    }
    return below * pow(10, tens);
}

/* Pelz and Good (1976): four terms in powers of the root of n, each by theta functions. */
static double pelz_good_below(double gap, double n)
{
    static const double pi_square = 9.86960440108935861883, root_half_pi = 1.25331413731550025121;
    double z = gap * sqrt(n), z2 = z * z, z4 = z2 * z2, z6 = z4 * z2, sum[4] = {0};
    for (int k = 20; k >= 0; k--) { /* odd halves; from 20 on nothing is left for z < 5 */
        double half = (k + 0.5) * (k + 0.5) * pi_square, weight = exp(-half / (2 * z2));
        sum[0] += weight;
        sum[1] += weight * (half - z2);
        sum[2] +=
            weight * (6 * z6 + 2 * z4 + half * (2 * z4 - 5 * z2) + half * half * (1 - 2 * z2));
        sum[3] +=
            weight * (half * half * half * (5 - 30 * z2) + half * half * (212 * z4 - 60 * z2) +
                      half * (135 * z4 - 96 * z6) - (30 * z6 + 90 * z4 * z4));
    }
    double whole[2] = {0};
    for (int k = 20; k >= 1; k--) {
        double square = k * k * pi_square, weight = exp(-square / (2 * z2));
        whole[0] += weight * square;
        whole[1] += weight * (3 * square * z2 - square * square);
    }
    double part[4] = {sum[0] / z, sum[1] / (6 * z4),
                      sum[2] / (72 * z6 * z) - whole[0] / (36 * z2 * z),
                      sum[3] / (6480 * z6 * z4) + whole[1] / (216 * z6)};
    double below = part[0] + part[1] / sqrt(n) + part[2] / n + part[3] / (n * sqrt(n));
    return 2 * root_half_pi * below;
}

/* The regions are Simard and L'Ecuyer's ("Computing the two-sided Kolmogorov-Smirnov distribution",
 * 2011): where two one-sided gaps at once are too unlikely to matter, the tail is twice the
 * one-sided one. */
double kolmogorov_above(double gap, size_t n)
{
    enum { FEW = 140, MANY = 100000 };
    double rows = (double)n, reach = rows * gap * gap;
    if (n == 0 || rows * gap <= 0.5)
        return 1;
    if (gap >= 1)
        return 0;
    double above;
    if (reach >= 370)
        return 0;
    if (gap >= 0.5 || reach > (n <= FEW ? 4 : 2.2))
        above = 2 * smirnov_above(gap, rows);
    else if (n <= FEW || (n <= MANY && rows * pow(gap, 1.5) <= 1.4))
        above = 1 - durbin_below(gap, n);
    else
        above = 1 - pelz_good_below(gap, rows);
    return fmax(0, fmin(1, above));
}
