#include "serve/limiter.h"

static const int64_t second_ns = INT64_C(1000000000);
static const int64_t day_ms = INT64_C(86400000);

/* 2^40 requests in one day are more than a machine can answer. */
enum { COUNT_BITS = 40 };
#define COUNT_MASK ((UINT64_C(1) << COUNT_BITS) - 1)

struct limiter_pace limiter_pace_of(int64_t rate_milli, int64_t burst)
{
    assert(rate_milli >= 0 && (rate_milli == 0 || burst >= 1));
    if (rate_milli == 0)
        return (struct limiter_pace){0};
    int64_t interval_ns = 1000 * second_ns / rate_milli;
    int64_t ahead_ns;
    if (__builtin_mul_overflow(interval_ns, burst, &ahead_ns) || ahead_ns > INT64_MAX / 4)
        ahead_ns = INT64_MAX / 4; /* 73 years */
    return (struct limiter_pace){interval_ns, ahead_ns};
}

int64_t limiter_take(struct limiter *limiter, const struct limiter_pace *pace, int64_t now_ns)
{
    if (pace->interval_ns == 0)
        return 0;
    int64_t full_ns = atomic_load_explicit(&limiter->full_ns, memory_order_relaxed);
    for (;;) {
        int64_t next_ns = (full_ns > now_ns ? full_ns : now_ns) + pace->interval_ns;
        int64_t wait_ns = next_ns - now_ns - pace->ahead_ns;
        if (wait_ns > 0)
            return wait_ns;
        if (atomic_compare_exchange_weak_explicit(&limiter->full_ns, &full_ns, next_ns,
                                                  memory_order_relaxed, memory_order_relaxed))
            return 0;
    }
}

int64_t limiter_count(struct limiter *limiter, int64_t quota, int64_t now_ms)
{
    if (quota == 0)
        return 0;
    uint64_t today = (uint64_t)(now_ms / day_ms);
    uint64_t seen = atomic_load_explicit(&limiter->day_count, memory_order_relaxed);
    for (;;) {
        uint64_t day = seen >> COUNT_BITS, count = seen & COUNT_MASK;
        /* A worker that looked at the clock just before midnight may come just after. */
        if (today > day)
            day = today, count = 0;
        if (count >= (uint64_t)quota)
            return ((int64_t)(day + 1) * day_ms - now_ms) * 1000000;
        if (atomic_compare_exchange_weak_explicit(&limiter->day_count, &seen,
                                                  day << COUNT_BITS | (count + 1),
                                                  memory_order_relaxed, memory_order_relaxed))
            return 0;
    }
}

int64_t limiter_seconds(int64_t wait_ns)
{
    int64_t seconds = wait_ns / second_ns + (wait_ns % second_ns > 0);
    return seconds < 1 ? 1 : seconds;
}
