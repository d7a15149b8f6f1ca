/*
 * timing: how long a call takes.
 *
 * Single calls are timed by the processor's own counter, with a fence on either
 * side, less what two readings with nothing between them take; loops by the
 * processor time of their thread, which leaves out what other programs took.
 */
#ifndef BENCH_TIMING_H
#define BENCH_TIMING_H

#include "base/base.h"

#if defined(__x86_64__)
#include <x86intrin.h>
static inline uint64_t ticks_start(void)
{
    _mm_lfence();
    return __rdtsc();
}
static inline uint64_t ticks_end(void)
{
    unsigned processor;
    uint64_t ticks = __rdtscp(&processor);
    _mm_lfence();
    return ticks;
}
#else
uint64_t ticks_start(void);
uint64_t ticks_end(void);
#endif

void timing_calibrate(void);        /* once, before the others */
double ticks_to_ns(uint64_t ticks); /* less the cost of reading; not below 0 */
double thread_ns(void);             /* processor time of this thread so far */

double timing_step_ns(void); /* the counter's: readings are whole numbers of it */

/* Of readings in ns; it sorts them. */
double quantile_of(double *value, size_t count, double quantile);

#endif
