#include "measure/chance.h"

#include <math.h>

static const double log_root_two_pi = 0.91893853320467274178, two_pi = 6.28318530717958647693;

/* ---------------------------------------------------------------- Loader's parts */

/* What Stirling's formula lacks of ln n!. */
static double stirling_error(double n)
{
    if (n == 0)
        return 0; /* the densities treat the ends apart */
    if (n <= 15)
        return lgamma(n + 1) - (n + 0.5) * log(n) + n - log_root_two_pi;
    static const double part[] = {1.0 / 12,   -1.0 / 360,      1.0 / 1260, -1.0 / 1680,
                                  1.0 / 1188, -691.0 / 360360, 1.0 / 156};
    double square = n * n, sum = 0;
    for (size_t i = LENGTH_OF(part); i-- > 0;)
        sum = sum / square + part[i];
    return sum / n;
}

/* x ln(x / mean) + mean - x; by its series where the two are near each other. */
static double deviance(double x, double mean)
{
    if (fabs(x - mean) >= 0.1 * (x + mean))
        return x * log(x / mean) + mean - x;
    double v = (x - mean) / (x + mean), sum = (x - mean) * v, term = 2 * x * v;
    for (int j = 1; j < 1000; j++) {
        term *= v * v;
        double next = sum + term / (2 * j + 1);
        if (next == sum)
            break;
        sum = next;
    }
    return sum;
}

double binomial_density(double hits, double rows, double p)
{
    double q = 1 - p, misses = rows - hits;
    if (hits < 0 || misses < 0)
        return 0;
    if (p <= 0)
        return hits == 0;
    if (q <= 0)
        return misses == 0;
    if (rows == 0)
        return 1;
    if (hits == 0)
        return exp(rows * log1p(-p));
    if (misses == 0)
        return exp(rows * log(p));
    double exponent = stirling_error(rows) - stirling_error(hits) - stirling_error(misses) -
                      deviance(hits, rows * p) - deviance(misses, rows * q);
    return exp(exponent) * sqrt(rows / (two_pi * hits * misses));
}

/* ---------------------------------------------------------------- chi-square */

/* x^a e^-x / Gamma(a + 1) */
static double gamma_front(double a, double x)
{
    return exp(-stirling_error(a) - deviance(a, x)) / sqrt(two_pi * a);
}

/* The upper tail of the gamma distribution: by the series of the lower one, or by its continued
 * fraction (Lentz's way of taking it), whichever is the quicker (DLMF 8.11.4, 8.9.2). */
static double gamma_above(double a, double x)
{
    enum { TERMS_MAX = 100000 };
    double front = gamma_front(a, x);
    if (x < a + 1) {
        double term = 1, sum = 1;
        for (int i = 1; i < TERMS_MAX && term > sum * 1e-17; i++) {
            term *= x / (a + i);
            sum += term;
        }
        return fmax(0, 1 - front * sum);
    }
    double b = x + 1 - a, c = 1e300, d = 1 / b, fraction = d;
    for (int i = 1; i < TERMS_MAX; i++) {
        double factor = -i * (i - a);
        b += 2;
        d = 1 / (factor * d + b);
        c = b + factor / c;
        fraction *= c * d;
        if (fabs(c * d - 1) < 1e-16)
            break;
    }
    return front * a * fraction;
}

double chi_square_above(double value, double degrees)
{
    assert(degrees > 0 && !isnan(value));
    if (value <= 0)
        return 1;
    return isinf(value) ? 0 : gamma_above(degrees / 2, value / 2);
}

double chi_square_limit(double chance, double degrees)
{
    assert(chance > 0 && chance < 1);
    double low = 0, high = degrees + 1;
    while (chi_square_above(high, degrees) > chance)
        low = high, high *= 2;
    for (int step = 0; step < 200 && low < high; step++) { /* halves until nothing is between */
        double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high)
            break;
        if (chi_square_above(middle, degrees) > chance)
            low = middle;
        else
            high = middle;
    }
    return high;
}

/* ---------------------------------------------------------------- two rates */

/* How likely `hits` of the `all_hits` fall into the first `rows_a` of all rows. */
static double hypergeometric_density(double hits, double rows_a, double all_hits, double rows)
{
    double p = rows_a / rows;
    return binomial_density(hits, all_hits, p) *
           binomial_density(rows_a - hits, rows - all_hits, p) / binomial_density(rows_a, rows, p);
}

double rates_chance(uint64_t hits_a, uint64_t rows_a, uint64_t hits_b, uint64_t rows_b)
{
    assert(hits_a <= rows_a && hits_b <= rows_b);
    double rows = (double)rows_a + (double)rows_b, all = (double)hits_a + (double)hits_b;
    double seen = (double)hits_a;
    if (rows_a == 0 || rows_b == 0)
        return 1;
    if (all > rows - all) { /* the fewer are counted */
        all = rows - all;
        seen = (double)(rows_a - hits_a);
    }
    /* Of splits exactly as likely as this one rounding must leave none out. */
    double limit = hypergeometric_density(seen, (double)rows_a, all, rows) * (1 + 1e-7), sum = 0;
    double first = fmax(0, all - (double)rows_b), last = fmin(all, (double)rows_a);
    for (double hits = first; hits <= last; hits++) {
        double density = hypergeometric_density(hits, (double)rows_a, all, rows);
        sum += density <= limit ? density : 0;
    }
    return fmin(sum, 1);
}

/* ---------------------------------------------------------------- families */

/* Step by step: who is out makes the others' share of alpha larger. */
double holm_level(const double *chance, size_t stride, size_t count, size_t family, double alpha)
{
    assert(family > 0 && family <= count && alpha > 0 && alpha < 1);
    size_t out = 0, before;
    double level;
    do {
        before = out;
        level = alpha / (double)(family - (out < family ? out : family - 1));
        out = 0;
        for (size_t i = 0; i < count; i++)
            out += *(const double *)(const void *)((const char *)chance + i * stride) <= level;
    } while (out > before);
    return level;
}
