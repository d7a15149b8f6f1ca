#include "measure/sequential.h"

#include <math.h>

void arm_add(struct arm *arm, double value)
{
    double distance = value - arm->mean;
    arm->count++;
    arm->mean += distance / (double)arm->count;
    arm->squares += distance * (value - arm->mean);
}

static double variance_of_mean(const struct arm *arm)
{
    double count = (double)arm->count;
    return arm->squares / (count - 1) / count;
}

struct sequential sequential_of(const struct arm *a, const struct arm *b, double alpha,
                                uint64_t planned)
{
    assert(alpha > 0 && alpha < 1 && planned > 0);
    struct sequential out = {(double)NAN, (double)NAN, (double)NAN};
    if (a->count < SEQUENTIAL_LEAST || b->count < SEQUENTIAL_LEAST)
        return out;
    double twice = -2 * log(alpha), n = (double)(a->count + b->count);
    double spread = n * (twice + log(twice + 1)) / (double)planned;
    double reach = sqrt((variance_of_mean(a) + variance_of_mean(b)) * 2 * (spread + 1) / spread *
                        log(sqrt(spread + 1) / alpha));
    out.difference = b->mean - a->mean;
    out.low = out.difference - reach;
    out.high = out.difference + reach;
    return out;
}

double ratio_mismatch(uint64_t a, uint64_t b, double share_of_b)
{
    double n = (double)(a + b), wanted = n * share_of_b;
    if (n == 0 || share_of_b <= 0 || share_of_b >= 1)
        return 1;
    double distance = (double)b - wanted;
    double square = distance * distance / wanted + distance * distance / (n - wanted);
    return erfc(sqrt(square / 2));
}
