#include "measure/metrics.h"

#include <math.h>

const struct metric *const metrics[METRIC_COUNT] = {
#define METRIC(name) [METRIC_##name] = &metric_##name,
#include "measure/metrics.def"
#undef METRIC
};

const struct metric *metric_find(struct view name)
{
    for (size_t i = 0; i < METRIC_COUNT; i++)
        if (view_is(name, metrics[i]->name))
            return metrics[i];
    return NULL;
}

enum metric_index metric_index_of(const struct metric *metric)
{
    size_t i = 0;
    while (i < METRIC_COUNT && metrics[i] != metric)
        i++;
    assert(i < METRIC_COUNT);
    return (enum metric_index)i;
}

void metrics_of(const struct ranking *ranking, float threshold, double value[METRIC_COUNT])
{
    struct confusion confusion = ranking_confusion(ranking, threshold);
    for (size_t i = 0; i < METRIC_COUNT; i++)
        value[i] = metric_value(metrics[i], ranking, &confusion);
}

double metric_value(const struct metric *metric, const struct ranking *ranking,
                    const struct confusion *confusion)
{
    return ranking_weight(ranking) == 0 ? (double)NAN : metric->of(ranking, confusion);
}
