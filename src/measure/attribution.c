#include "measure/attribution.h"

#include <math.h>

struct ranked {
    double value;
    size_t feature;
};

static int by_value(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;
    if (a->value != b->value)
        return a->value > b->value ? -1 : 1;
    return a->feature < b->feature ? -1 : a->feature > b->feature;
}

static double rank(const double *value, size_t features, struct ranked *out)
{
    double total = 0;
    for (size_t i = 0; i < features; i++) {
        assert(value[i] >= 0 && isfinite(value[i]));
        out[i] = (struct ranked){value[i], i};
        total += value[i];
    }
    qsort(out, features, sizeof *out, by_value);
    return total;
}

static double gain(const double *worth, const struct ranked *order, size_t features)
{
    double sum = 0;
    for (size_t i = 0; i < features; i++)
        sum += worth[order[i].feature] / log2((double)i + 2);
    return sum;
}

static double share(double part, double total)
{
    return total > 0 ? part / total : 0;
}

struct totals {
    double then, now;
};

static void find_mover(const double *then, const double *now, size_t features, struct totals total,
                       struct attribution_drift *out)
{
    for (size_t i = 0; i < features; i++) {
        double moved = share(now[i], total.now) - share(then[i], total.then);
        if (fabs(moved) > fabs(out->moved)) {
            out->moved = moved;
            out->mover = i;
        }
    }
}

static void find_overtaken(const double *then, const double *now, size_t features,
                           const struct ranked *best, struct totals total,
                           struct attribution_drift *out)
{
    size_t top = features < ATTRIBUTION_TOP ? features : ATTRIBUTION_TOP;
    for (size_t i = 0; i < top && !out->overtaken; i++) {
        size_t loser = best[i].feature;
        for (size_t j = i + 1; j < features && !out->overtaken; j++) {
            size_t winner = best[j].feature;
            double lead = share(then[loser] - then[winner], total.then);
            double behind = share(now[winner] - now[loser], total.now);
            if (behind > 0 && lead + behind >= ATTRIBUTION_APART) {
                out->overtaken = true;
                out->loser = loser;
                out->winner = winner;
            }
        }
    }
}

bool attribution_compare(const double *then, const double *now, size_t features,
                         struct arena *arena, struct attribution_drift *out, struct err *err)
{
    struct ranked *best = arena_new(arena, struct ranked, features + 1);
    struct ranked *live = arena_new(arena, struct ranked, features + 1);
    if (best == NULL || live == NULL)
        return err_set(err, ERR_LIMIT, "%zu features to rank do not fit the memory limit",
                       features);
    struct totals total = {rank(then, features, best), rank(now, features, live)};
    double ideal = gain(then, best, features);
    *out = (struct attribution_drift){
        .ndcg = ideal > 0 && total.now > 0 ? gain(then, live, features) / ideal : 1};
    find_mover(then, now, features, total, out);
    find_overtaken(then, now, features, best, total, out);
    if (out->ndcg < ATTRIBUTION_NDCG)
        out->state = DRIFT_ALARM;
    else if (out->overtaken || fabs(out->moved) >= ATTRIBUTION_MOVED)
        out->state = DRIFT_WATCH;
    return true;
}
