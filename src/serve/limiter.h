/*
 * limiter: how often somebody may ask, over all workers, without a lock.
 *
 * A bucket of `burst` tokens that fills with `rate` a second, kept as the one
 * instant at which it would be full again (the generic cell rate algorithm of
 * ATM's traffic contract, ITU-T I.371): taking a token moves that instant by
 * one interval, if it is not too far ahead already. And a count that begins
 * anew with each day of UTC. Each is one atomic word; a take that is refused
 * changes nothing.
 *
 *     struct limiter_pace pace = limiter_pace_of(rate_milli, burst);
 *     int64_t wait_ns = limiter_take(&limiter, &pace, request->started_ns);
 *     if (wait_ns > 0) ... 429, Retry-After: limiter_seconds(wait_ns)
 */
#ifndef SERVE_LIMITER_H
#define SERVE_LIMITER_H

#include "base/base.h"

#include <stdatomic.h>

struct limiter { /* zeroed: full */
    _Atomic int64_t full_ns;
    _Atomic uint64_t day_count; /* the day since 1970 above, its count below */
};

struct limiter_pace {
    int64_t interval_ns; /* between two tokens; 0: no bound */
    int64_t ahead_ns;    /* how far the bucket may be emptied */
};

/* `rate_milli` is tokens in a thousand seconds, 0: no bound. */
struct limiter_pace limiter_pace_of(int64_t rate_milli, int64_t burst);

/* Takes a token: 0, or how long until there is one. `now_ns` is any monotonic clock's. */
int64_t limiter_take(struct limiter *limiter, const struct limiter_pace *pace, int64_t now_ns);

/* One more of the day's `quota` (0: no bound): 0, or how long until the next day. */
int64_t limiter_count(struct limiter *limiter, int64_t quota, int64_t now_ms);

/* For Retry-After: whole seconds, rounded up, at least 1. */
int64_t limiter_seconds(int64_t wait_ns);

#endif
