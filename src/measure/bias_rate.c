#include "measure/bias_rate.h"

#include "measure/bias_interval.h"

#include <math.h>

const char *const bias_rate_names[BIAS_RATES] = {
#define RATE(name, hit, of) #name,
#include "measure/bias_rates.def"
#undef RATE
};

struct bias_rate bias_rate_of(size_t which, const struct bias_table *table, int facet)
{
    const uint64_t(*n)[2] = table->n[facet];
    struct bias_rate rate = {0};
    switch (which) {
#define RATE(name, counted, whole)                                                                 \
    case BIAS_RATE_##name:                                                                         \
        rate.hit = counted;                                                                        \
        rate.of = whole;                                                                           \
        break;
#include "measure/bias_rates.def"
#undef RATE
    }
    rate.value = rate.low = rate.high = (double)NAN;
    if (rate.of > 0) {
        rate.value = (double)rate.hit / (double)rate.of;
        bias_wilson(rate.hit, rate.of, &rate.low, &rate.high);
    }
    return rate;
}
