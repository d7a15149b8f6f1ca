#include "serve/canary.h"

#include <math.h>
#include <stdio.h>

/* An alarm wants this many standard errors besides the ratio: a canary is looked at every second,
 * and 4.5 is passed by chance once in 150,000 looks. */
static const double errors_wanted = 4.5;

/* What takes no longer than this is slow for nobody, whatever the ratio. */
static const double felt_ms = 1;

struct meters_tally meters_tally_since(const struct meters_tally *now,
                                       const struct meters_tally *before)
{
    struct meters_tally since = *now;
    since.requests -= before->requests;
    since.failures -= before->failures;
    for (size_t i = 0; i < METERS_OUTCOMES_MAX; i++)
        since.outcome[i] -= before->outcome[i];
    for (size_t i = 0; i <= METERS_TIME_BOUNDS; i++)
        since.time[i] -= before->time[i];
    return since;
}

/* The bound below which 99 of 100 were; infinite past the last. */
static double p99_ms(const struct meters_tally *tally)
{
    uint64_t all = 0, below = 0;
    for (size_t i = 0; i <= METERS_TIME_BOUNDS; i++)
        all += tally->time[i];
    for (size_t i = 0; i < METERS_TIME_BOUNDS; i++) {
        below += tally->time[i];
        if ((double)below >= 0.99 * (double)all)
            return (double)meters_time_bound_ns[i] / 1e6;
    }
    return HUGE_VAL;
}

static uint64_t slower_than(const struct meters_tally *tally, double bound_ms)
{
    uint64_t slower = tally->time[METERS_TIME_BOUNDS];
    for (size_t i = 0; i < METERS_TIME_BOUNDS; i++)
        if ((double)meters_time_bound_ns[i] / 1e6 > bound_ms)
            slower += tally->time[i];
    return slower;
}

static uint64_t decisions_in(const struct meters_tally *tally)
{
    uint64_t count = 0;
    for (size_t i = 0; i < METERS_OUTCOMES_MAX; i++)
        count += tally->outcome[i];
    return count;
}

struct shares {
    double champion, rival, error; /* and the standard error of their difference */
};

static struct shares shares_of(uint64_t of_champion, uint64_t champion, uint64_t of_rival,
                               uint64_t rival)
{
    double a = (double)champion, b = (double)rival;
    double both = (double)(of_champion + of_rival) / (a + b);
    return (struct shares){(double)of_champion / a, (double)of_rival / b,
                           sqrt(both * (1 - both) * (1 / a + 1 / b))};
}

static bool fails(const struct canary_rules *rules, const struct canary_view *view, char *why,
                  size_t size)
{
    struct shares share = shares_of(view->champion.failures, view->champion.requests,
                                    view->rival.failures, view->rival.requests);
    double more = share.rival - share.champion;
    if (more <= rules->failures || more <= errors_wanted * share.error)
        return false;
    snprintf(why, size, "the rival failed %.2f %% of its requests, the champion %.2f %%",
             100 * share.rival, 100 * share.champion);
    return true;
}

static bool is_slow(const struct canary_rules *rules, const struct canary_view *view, char *why,
                    size_t size)
{
    double champion = p99_ms(&view->champion), rival = p99_ms(&view->rival);
    double slow = fmax(champion, felt_ms);
    if (rival <= slow || !(rival > champion * rules->latency_ratio))
        return false;
    struct shares share = shares_of(slower_than(&view->champion, slow), view->champion.requests,
                                    slower_than(&view->rival, slow), view->rival.requests);
    if (share.rival - share.champion <= errors_wanted * share.error)
        return false;
    snprintf(why, size, "99 %% of the rival's requests took up to %g ms, of the champion's %g ms",
             rival, champion);
    return true;
}

static bool alerts_otherwise(const struct canary_rules *rules, const struct canary_view *view,
                             char *why, size_t size)
{
    /* Whatever is not the gentlest outcome is an alert. */
    uint64_t champion = decisions_in(&view->champion), rival = decisions_in(&view->rival);
    if (champion == 0 || rival == 0)
        return false;
    struct shares share = shares_of(champion - view->champion.outcome[0], champion,
                                    rival - view->rival.outcome[0], rival);
    double high = fmax(share.rival, share.champion), low = fmin(share.rival, share.champion);
    if (high <= low * rules->alert_ratio || high - low <= errors_wanted * share.error)
        return false;
    snprintf(why, size, "the rival alerts on %.2f %% of its decisions, the champion on %.2f %%",
             100 * share.rival, 100 * share.champion);
    return true;
}

enum canary_verdict canary_judge(const struct canary_rules *rules, const struct canary_view *view,
                                 char *why, size_t size)
{
    why[0] = '\0';
    if (view->rival.requests < rules->least || view->champion.requests < rules->least) {
        snprintf(why, size, "%llu requests of the rival and %llu of the champion, %llu are wanted",
                 (unsigned long long)view->rival.requests,
                 (unsigned long long)view->champion.requests, (unsigned long long)rules->least);
        return CANARY_WAIT;
    }
    if (fails(rules, view, why, size) || is_slow(rules, view, why, size) ||
        alerts_otherwise(rules, view, why, size))
        return CANARY_GO_BACK;
    if (view->elapsed_ms >= rules->bake_ms)
        return CANARY_GO_ON;
    snprintf(why, size, "baked for %lld of %lld s", (long long)(view->elapsed_ms / 1000),
             (long long)(rules->bake_ms / 1000));
    return CANARY_WAIT;
}
