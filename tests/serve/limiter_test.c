#include "serve/limiter.h"

#include "harness.h"

#include <pthread.h>

static const int64_t second_ns = INT64_C(1000000000);
static const int64_t day_ms = INT64_C(86400000);

/* A monotonic clock stands anywhere. */
static const int64_t start_ns = INT64_C(123456789000000);

TEST(a_burst_comes_at_once_and_then_one_an_interval)
{
    struct limiter limiter = {0};
    struct limiter_pace pace = limiter_pace_of(10000, 3); /* ten a second */
    for (int i = 0; i < 3; i++)
        SAME(limiter_take(&limiter, &pace, start_ns), 0);
    SAME(limiter_take(&limiter, &pace, start_ns), second_ns / 10);
    SAME(limiter_take(&limiter, &pace, start_ns + second_ns / 10 - 1), 1);
    SAME(limiter_take(&limiter, &pace, start_ns + second_ns / 10), 0);
    SAME(limiter_take(&limiter, &pace, start_ns + second_ns / 10), second_ns / 10);
}

TEST(a_bucket_that_rested_holds_no_more_than_its_burst)
{
    struct limiter limiter = {0};
    struct limiter_pace pace = limiter_pace_of(1000, 2);
    SAME(limiter_take(&limiter, &pace, start_ns), 0);
    int64_t later = start_ns + 1000 * second_ns;
    SAME(limiter_take(&limiter, &pace, later), 0);
    SAME(limiter_take(&limiter, &pace, later), 0);
    SAME(limiter_take(&limiter, &pace, later), second_ns);
}

TEST(what_is_refused_costs_nothing)
{
    struct limiter limiter = {0};
    struct limiter_pace pace = limiter_pace_of(1000, 1);
    SAME(limiter_take(&limiter, &pace, start_ns), 0);
    for (int i = 0; i < 100; i++)
        SAME(limiter_take(&limiter, &pace, start_ns), second_ns);
    SAME(limiter_take(&limiter, &pace, start_ns + second_ns), 0);
}

TEST(without_a_rate_nothing_is_refused)
{
    struct limiter limiter = {0};
    struct limiter_pace pace = limiter_pace_of(0, 0);
    for (int i = 0; i < 1000; i++)
        SAME(limiter_take(&limiter, &pace, start_ns), 0);
}

TEST(the_slowest_rate_with_the_largest_burst_does_not_overflow)
{
    struct limiter limiter = {0};
    struct limiter_pace pace = limiter_pace_of(1, 1000000);
    TRUE(pace.ahead_ns > 0 && pace.interval_ns == 1000 * second_ns);
    SAME(limiter_take(&limiter, &pace, start_ns), 0);
}

TEST(a_quota_is_a_days_and_waits_for_midnight_utc)
{
    struct limiter limiter = {0};
    int64_t noon = 20000 * day_ms + day_ms / 2;
    SAME(limiter_count(&limiter, 2, noon), 0);
    SAME(limiter_count(&limiter, 2, noon), 0);
    SAME(limiter_count(&limiter, 2, noon), day_ms / 2 * 1000000);
    SAME(limiter_count(&limiter, 2, 20001 * day_ms - 1), 1000000);
    SAME(limiter_count(&limiter, 2, 20001 * day_ms), 0);
    SAME(limiter_count(&limiter, 0, 20001 * day_ms), 0);
    /* A clock that is a moment behind does not open the old day again. */
    SAME(limiter_count(&limiter, 2, 20001 * day_ms - 5), 0);
    SAME(limiter_count(&limiter, 2, 20001 * day_ms - 5), (day_ms + 5) * 1000000);
}

TEST(seconds_are_rounded_up)
{
    SAME(limiter_seconds(1), 1);
    SAME(limiter_seconds(second_ns), 1);
    SAME(limiter_seconds(second_ns + 1), 2);
    SAME(limiter_seconds(0), 1);
}

enum { THREADS = 4, TRIES = 20000 };

struct crowd {
    struct limiter limiter;
    struct limiter_pace pace;
    atomic_uint taken, counted;
};

static void *take_many(void *crowd_)
{
    struct crowd *crowd = crowd_;
    for (int i = 0; i < TRIES; i++) {
        if (limiter_take(&crowd->limiter, &crowd->pace, start_ns) == 0)
            atomic_fetch_add(&crowd->taken, 1);
        if (limiter_count(&crowd->limiter, 777, day_ms) == 0)
            atomic_fetch_add(&crowd->counted, 1);
    }
    return NULL;
}

TEST(many_threads_together_get_just_the_burst_and_the_quota)
{
    struct crowd crowd = {.pace = limiter_pace_of(1, 1000)};
    pthread_t thread[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        TRUE(pthread_create(&thread[i], NULL, take_many, &crowd) == 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    SAME(crowd.taken, 1000);
    SAME(crowd.counted, 777);
}
