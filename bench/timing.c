#include "timing.h"

#include <time.h>

static double ns_per_tick = 1;
static double empty_ticks; /* what two readings take with nothing between them */
static double step_ns;     /* the counter's: some move on in steps of 10 ns */

static double clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

#if !defined(__x86_64__)
uint64_t ticks_start(void)
{
    return (uint64_t)clock_ns(CLOCK_MONOTONIC);
}

uint64_t ticks_end(void)
{
    return (uint64_t)clock_ns(CLOCK_MONOTONIC);
}
#endif

double thread_ns(void)
{
    return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* The least difference between two of them. */
static double step_of(double *value, size_t count)
{
    double step = 0;
    qsort(value, count, sizeof *value, ascending);
    for (size_t i = 1; i < count; i++) {
        double apart = value[i] - value[i - 1];
        if (apart > 0 && (step <= 0 || apart < step))
            step = apart;
    }
    return step;
}

/* Equal readings lie evenly within one step of the counter. */
static double within_step(double *value, size_t count, double quantile, double step)
{
    qsort(value, count, sizeof *value, ascending);
    size_t at = (size_t)(quantile * (double)count);
    at = at < count ? at : count - 1;
    size_t first = at, end = at;
    while (first > 0 && value[first - 1] >= value[at])
        first--;
    while (end < count && value[end] <= value[at])
        end++;
    return value[at] + step * (((double)(at - first) + 0.5) / (double)(end - first) - 0.5);
}

double quantile_of(double *value, size_t count, double quantile)
{
    return within_step(value, count, quantile, step_ns);
}

double timing_step_ns(void)
{
    return step_ns;
}

void timing_calibrate(void)
{
    enum { READINGS = 20001, SPAN_NS = 100000000 };
    static double reading[READINGS];
    for (size_t i = 0; i < READINGS; i++) {
        uint64_t start = ticks_start();
        reading[i] = (double)(ticks_end() - start);
    }
    double step = step_of(reading, READINGS);
    empty_ticks = within_step(reading, READINGS, 0.5, step);
    double from = clock_ns(CLOCK_MONOTONIC), to = from;
    uint64_t start = ticks_start();
    while (to - from < SPAN_NS)
        to = clock_ns(CLOCK_MONOTONIC);
    ns_per_tick = (to - from) / (double)(ticks_end() - start);
    step_ns = step * ns_per_tick;
}

double ticks_to_ns(uint64_t ticks)
{
    double taken = (double)ticks - empty_ticks;
    return taken > 0 ? taken * ns_per_tick : 0;
}
