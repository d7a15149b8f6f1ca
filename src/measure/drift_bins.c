#include "measure/drift.h"

#include "measure/chance.h"

#include <math.h>

/* One bin's shares on both sides; false where it is empty on both. */
static bool shares_of(const struct drift_reference *reference, const struct drift_window *window,
                      size_t bin, double *before, double *now)
{
    uint64_t a = reference->self.count[bin], b = window->count[bin];
    *before = (double)a / (double)reference->self.rows;
    *now = (double)b / (double)window->rows;
    return a + b > 0;
}

static bool is_empty(const struct drift_reference *reference, const struct drift_window *window)
{
    return reference->self.rows == 0 || window->rows == 0;
}

/* Half a row more in each bin that is there, so that none is empty on one side alone. */
static double psi(const struct drift_reference *reference, const struct drift_window *window)
{
    if (is_empty(reference, window))
        return 0;
    double more = 0.5, bins = (double)drift_bins_used(reference, window), sum = 0;
    double before_rows = (double)reference->self.rows + more * bins;
    double now_rows = (double)window->rows + more * bins;
    for (size_t b = 0; b < reference->bins; b++) {
        if (reference->self.count[b] + window->count[b] == 0)
            continue;
        double before = ((double)reference->self.count[b] + more) / before_rows;
        double now = ((double)window->count[b] + more) / now_rows;
        sum += (now - before) * log(now / before);
    }
    return sum;
}

const struct drift drift_psi = {
    .name = "psi",
    .about = "population stability index over the reference's bins, half a row added to each "
             "(Lewis, 1994): sum (now - before) ln(now / before)",
    .distance = psi,
};

static double entropy_part(double share, double middle)
{
    return share == 0 ? 0 : share * log(share / middle);
}

static double js_divergence(const struct drift_reference *reference,
                            const struct drift_window *window)
{
    double sum = 0, before, now;
    for (size_t b = 0; !is_empty(reference, window) && b < reference->bins; b++) {
        if (!shares_of(reference, window, b, &before, &now))
            continue;
        double middle = (before + now) / 2;
        sum += entropy_part(before, middle) + entropy_part(now, middle);
    }
    return sum <= 0 ? 0 : sum / 2; /* rounding may leave a little less than nothing */
}

static double js(const struct drift_reference *reference, const struct drift_window *window)
{
    return sqrt(js_divergence(reference, window));
}

const struct drift drift_js_divergence = {
    .name = "js_divergence",
    .about = "Jensen-Shannon divergence over the bins, natural logarithm (Lin, 1991); ln 2 at most",
    .distance = js_divergence,
};

const struct drift drift_js = {
    .name = "js",
    .about = "Jensen-Shannon distance: the root of the divergence (Endres and Schindelin, 2003)",
    .distance = js,
};

static double hellinger(const struct drift_reference *reference, const struct drift_window *window)
{
    double sum = 0, before, now;
    for (size_t b = 0; !is_empty(reference, window) && b < reference->bins; b++)
        if (shares_of(reference, window, b, &before, &now)) {
            double gap = sqrt(now) - sqrt(before);
            sum += gap * gap;
        }
    return sqrt(sum / 2);
}

const struct drift drift_hellinger = {
    .name = "hellinger",
    .about = "Hellinger distance over the bins (1909), 0 to 1",
    .distance = hellinger,
};

/* Pearson's statistic of the table of two rows, one a side. */
static double chi_square(const struct drift_reference *reference, const struct drift_window *window)
{
    if (is_empty(reference, window))
        return 0;
    double n = (double)reference->self.rows, m = (double)window->rows, sum = 0;
    for (size_t b = 0; b < reference->bins; b++) {
        double before = (double)reference->self.count[b], now = (double)window->count[b];
        double both = before + now;
        if (both == 0)
            continue;
        double was = both * n / (n + m), is = both * m / (n + m);
        sum += (before - was) * (before - was) / was + (now - is) * (now - is) / is;
    }
    return sum;
}

static double chi_square_chance(const struct drift_reference *reference,
                                const struct drift_window *window)
{
    size_t bins = drift_bins_used(reference, window);
    if (bins < 2 || is_empty(reference, window))
        return 1;
    return chi_square_above(chi_square(reference, window), (double)(bins - 1));
}

const struct drift drift_chi_square = {
    .name = "chi_square",
    .about = "Pearson's chi-square statistic over the bins (1900), degrees of freedom: bins less 1",
    .distance = chi_square,
    .chance = chi_square_chance,
};
