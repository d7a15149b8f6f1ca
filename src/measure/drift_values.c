#include "measure/drift.h"

#include "measure/chance.h"
#include "measure/float_sort.h"
#include "measure/ks_chance.h"

#include <math.h>

/* ---------------------------------------------------------------- Kolmogorov-Smirnov */

/* A walk up the reference: how many of it are below values that come in ascending order. */
struct climb {
    const struct drift_reference *reference;
    size_t block; /* of DRIFT_STRIDE values; its first is below all that is still to come */
};

static size_t climb_to(struct climb *climb, float value)
{
    const struct drift_reference *reference = climb->reference;
    size_t present = reference->self.present;
    while ((climb->block + 1) * DRIFT_STRIDE < present && reference->mark[climb->block + 1] < value)
        climb->block++;
    size_t first = climb->block * DRIFT_STRIDE;
    size_t count = present - first < DRIFT_STRIDE ? present - first : DRIFT_STRIDE;
    return first + float_count_below(reference->self.sorted + first, count, value);
}

/* The window's distribution is flat between its values and the reference's only rises, so the gap
 * is widest at a value of the window or right before one. */
static double ks(const struct drift_reference *reference, const struct drift_window *window)
{
    if (!reference->numbers)
        return 0;
    const float *now = window->sorted;
    size_t count = window->present, present = reference->self.present;
    if (count == 0 || present == 0)
        return 0;
    struct climb climb = {.reference = reference};
    double widest = 0;
    for (size_t i = 0, end; i < count; i = end) {
        float value = now[i];
        for (end = i + 1; end < count && now[end] == value; end++)
            continue;
        size_t below = climb_to(&climb, value), upto = below;
        if (below < present && reference->self.sorted[below] == value)
            upto = value == INFINITY ? present : climb_to(&climb, nextafterf(value, INFINITY));
        double before = fabs((double)below / (double)present - (double)i / (double)count);
        double at = fabs((double)upto / (double)present - (double)end / (double)count);
        widest = fmax(widest, fmax(before, at));
    }
    return widest;
}

static double ks_chance_of(const struct drift_reference *reference,
                           const struct drift_window *window)
{
    if (!reference->numbers)
        return 1;
    return ks_chance(ks(reference, window), reference->self.present, window->present);
}

const struct drift drift_ks = {
    .name = "ks",
    .about = "Kolmogorov-Smirnov: the widest gap between the two distribution functions "
             "(Smirnov, 1939)",
    .of_numbers = true,
    .distance = ks,
    .chance = ks_chance_of,
};

/* ---------------------------------------------------------------- Wasserstein */

struct finite {
    const float *sorted;
    size_t count;
};

static struct finite finite_of(const struct drift_window *window)
{
    size_t first = float_count_upto(window->sorted, window->present, -INFINITY);
    size_t end = float_count_below(window->sorted, window->present, INFINITY);
    return (struct finite){window->sorted + first, end > first ? end - first : 0};
}

/* The area between the two distribution functions. */
static double wasserstein(const struct drift_reference *reference,
                          const struct drift_window *window)
{
    if (!reference->numbers)
        return 0;
    struct finite a = finite_of(&reference->self), b = finite_of(window);
    if (a.count == 0 || b.count == 0)
        return 0;
    double area = 0, at = (double)fminf(a.sorted[0], b.sorted[0]);
    for (size_t i = 0, j = 0; i < a.count || j < b.count;) {
        bool from_a = j == b.count || (i < a.count && a.sorted[i] <= b.sorted[j]);
        double next = (double)(from_a ? a.sorted[i] : b.sorted[j]);
        double gap = (double)i / (double)a.count - (double)j / (double)b.count;
        area += (next - at) * fabs(gap);
        at = next;
        if (from_a)
            i++;
        else
            j++;
    }
    return area;
}

const struct drift drift_wasserstein = {
    .name = "wasserstein",
    .about = "Wasserstein distance of order 1, in the column's unit: the area between the two "
             "distribution functions (Vallender, 1974)",
    .of_numbers = true,
    .distance = wasserstein,
};

/* In units of `spread`; of a constant column in units of its value, or of 1 where that is 0. */
static double scaled(const struct drift_reference *reference, const struct drift_window *window,
                     double spread)
{
    double constant = fabs(reference->median) > 0 ? fabs(reference->median) : 1;
    return wasserstein(reference, window) / (spread > 0 ? spread : constant);
}

static double wasserstein_sigma(const struct drift_reference *reference,
                                const struct drift_window *window)
{
    return scaled(reference, window, reference->deviation);
}

const struct drift drift_wasserstein_sigma = {
    .name = "wasserstein_sigma",
    .about = "Wasserstein distance in standard deviations of the reference",
    .of_numbers = true,
    .distance = wasserstein_sigma,
};

/* Where more than half of the rows are one value there is no range between the quarters. */
static double wasserstein_iqr(const struct drift_reference *reference,
                              const struct drift_window *window)
{
    return scaled(reference, window, reference->iqr > 0 ? reference->iqr : reference->deviation);
}

const struct drift drift_wasserstein_iqr = {
    .name = "wasserstein_iqr",
    .about = "Wasserstein distance in interquartile ranges of the reference",
    .of_numbers = true,
    .distance = wasserstein_iqr,
};
