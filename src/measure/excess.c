#include "measure/excess.h"

#include "measure/chance.h"

static const double alpha = 0.01;

double excess_chance(uint64_t violations, uint64_t rows, double share)
{
    assert(violations <= rows && share >= 0 && share <= 1);
    if (violations == 0 || share == 1)
        return 1;
    if (share == 0)
        return 0;
    /* Below the mean, one less the other tail; each tail falls from its inner end on, at last
     * faster than a geometric row. */
    static const double negligible = 1e-17;
    double sum = 0, mean = (double)rows * share;
    if ((double)violations > mean) {
        for (uint64_t hits = violations; hits <= rows; hits++) {
            double term = binomial_density((double)hits, (double)rows, share);
            sum += term;
            if (term <= sum * negligible)
                break;
        }
        return sum < 1 ? sum : 1;
    }
    for (uint64_t hits = violations; hits > 0; hits--) {
        double term = binomial_density((double)(hits - 1), (double)rows, share);
        sum += term;
        if (term <= sum * negligible)
            break;
    }
    return sum < 1 ? 1 - sum : 0;
}

enum excess_state excess_judge(uint64_t violations, uint64_t rows, double mostly, uint64_t rows_min)
{
    double allowed = 1 - mostly;
    if (rows == 0 || rows < rows_min)
        return EXCESS_INSUFFICIENT;
    if ((double)violations <= (double)rows * allowed)
        return EXCESS_OK;
    return excess_chance(violations, rows, allowed) < alpha ? EXCESS_ALARM : EXCESS_OK;
}
