#include "serve/canary.h"

#include "harness.h"

static const struct canary_rules rules = {
    .least = 100, .failures = 0.01, .latency_ratio = 2, .alert_ratio = 1.5, .bake_ms = 60000};

static struct meters_tally tally(uint64_t requests, uint64_t failures, uint64_t alerts,
                                 size_t time_slot)
{
    struct meters_tally tally = {.requests = requests, .failures = failures};
    tally.outcome[0] = requests - failures - alerts;
    tally.outcome[1] = alerts;
    tally.time[time_slot] = requests;
    return tally;
}

static void judged(struct meters_tally champion, struct meters_tally rival, int64_t elapsed_ms,
                   enum canary_verdict verdict, const char *says)
{
    char why[200];
    struct canary_view view = {champion, rival, elapsed_ms};
    SAME(canary_judge(&rules, &view, why, sizeof why), verdict);
    FAIL_UNLESS(strstr(why, says) != NULL, "'%s', wanted '%s'", why, says);
}

TEST(a_canary_bakes_and_then_goes_on)
{
    judged(tally(1000, 0, 20, 2), tally(99, 0, 2, 2), 99999, CANARY_WAIT, "99 requests");
    judged(tally(99, 0, 2, 2), tally(1000, 0, 2, 2), 99999, CANARY_WAIT, "99 of the champion");
    judged(tally(1000, 0, 20, 2), tally(100, 0, 2, 2), 59999, CANARY_WAIT, "59 of 60 s");
    judged(tally(1000, 0, 20, 2), tally(100, 0, 2, 2), 60000, CANARY_GO_ON, "");
}

TEST(a_rival_that_fails_goes_back_and_one_that_fails_with_the_champion_does_not)
{
    judged(tally(1000, 0, 20, 2), tally(200, 40, 4, 2), 0, CANARY_GO_BACK, "failed 20.00 %");
    judged(tally(1000, 200, 16, 2), tally(200, 40, 3, 2), 60000, CANARY_GO_ON, "");
    /* 2 of 100 is no evidence against 0 of 1,000. */
    judged(tally(1000, 0, 20, 2), tally(100, 2, 2, 2), 60000, CANARY_GO_ON, "");
}

TEST(a_slow_rival_goes_back)
{
    judged(tally(1000, 0, 20, 2), tally(100, 0, 2, 5), 0, CANARY_GO_BACK, "2.5 ms");
    judged(tally(1000, 0, 20, 2), tally(100, 0, 2, 4), 60000, CANARY_GO_ON, "");
    judged(tally(1000, 0, 20, 0), tally(100, 0, 2, 4), 60000, CANARY_GO_ON, "");
    judged(tally(1000, 0, 20, 5), tally(100, 0, 2, 5), 60000, CANARY_GO_ON, "");
    judged(tally(1000, 0, 20, 5), tally(100, 0, 2, 6), 60000, CANARY_GO_ON, "");
    judged(tally(1000, 0, 20, 5), tally(100, 0, 2, 7), 0, CANARY_GO_BACK, "10 ms");
    judged(tally(1000, 0, 20, 2), tally(100, 0, 2, METERS_TIME_BOUNDS), 0, CANARY_GO_BACK, "inf");
}

TEST(a_few_slow_requests_are_no_evidence)
{
    struct meters_tally rival = tally(200, 0, 4, 2);
    rival.time[2] -= 3;
    rival.time[6] += 3; /* its 99th percentile is 5 ms */
    judged(tally(800, 0, 16, 2), rival, 60000, CANARY_GO_ON, "");
    rival.time[2] -= 20;
    rival.time[6] += 20;
    judged(tally(800, 0, 16, 2), rival, 0, CANARY_GO_BACK, "5 ms");
}

TEST(a_rival_that_alerts_otherwise_goes_back_either_way)
{
    judged(tally(10000, 0, 200, 2), tally(1000, 0, 100, 2), 0, CANARY_GO_BACK, "10.00 %");
    judged(tally(10000, 0, 1000, 2), tally(1000, 0, 10, 2), 0, CANARY_GO_BACK, "1.00 %");
    judged(tally(10000, 0, 200, 2), tally(1000, 0, 28, 2), 60000, CANARY_GO_ON, "");
    /* Twice as many of few is chance. */
    judged(tally(1000, 0, 10, 2), tally(100, 0, 2, 2), 60000, CANARY_GO_ON, "");
}

TEST(a_step_counts_from_its_own_beginning)
{
    struct meters_tally before = tally(100, 5, 10, 2), now = tally(350, 7, 40, 2);
    struct meters_tally since = meters_tally_since(&now, &before);
    TRUE(since.requests == 250 && since.failures == 2 && since.outcome[1] == 30);
    SAME(since.time[2], 250);
}
