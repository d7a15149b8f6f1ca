#include "measure/curve.h"

#include <math.h>

/* ---------------------------------------------------------------- thinning */

static int left_then_lower(const void *left, const void *right, void *self)
{
    const struct curve_point *point = self;
    uint32_t i = *(const uint32_t *)left, j = *(const uint32_t *)right;
    const struct curve_point *a = &point[i], *b = &point[j];
    if (a->x != b->x)
        return (a->x > b->x) - (a->x < b->x);
    return a->y != b->y ? (a->y > b->y) - (a->y < b->y) : (i > j) - (i < j);
}

/* Above zero when c lies to the left of the way from a to b. */
static double turn(const struct curve_point *a, const struct curve_point *b,
                   const struct curve_point *c)
{
    return (b->x - a->x) * (c->y - a->y) - (b->y - a->y) * (c->x - a->x);
}

/* Andrew's monotone chain (1979), one side of it: marks the corners. On axes of length 1, what
 * turns by less than `straight` does so by rounding. */
static void mark_side(const struct curve_point *point, const uint32_t *order, size_t count,
                      double side, uint32_t *chain, bool *corner)
{
    static const double straight = 1e-15;
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        while (length >= 2) {
            const struct curve_point *from = &point[chain[length - 2]];
            if (side * turn(from, &point[chain[length - 1]], &point[order[i]]) > straight)
                break;
            length--;
        }
        chain[length++] = order[i];
    }
    for (size_t i = 0; i < length; i++)
        corner[chain[i]] = true;
}

static double step_of(const struct curve_point *point, size_t i)
{
    return fabs(point[i].x - point[i - 1].x) + fabs(point[i].y - point[i - 1].y);
}

/* Keeps `most` of the points that are `from` (all, where it is NULL) at even steps along the curve.
 * Each axis counts by its own extent. */
static void mark_steps(const struct curve_point *point, const bool *from, size_t count, size_t most,
                       bool *kept)
{
    double whole = 0;
    for (size_t i = 1; i < count; i++)
        whole += step_of(point, i);
    double gone = 0;
    size_t taken = 0;
    for (size_t i = 0; i < count && taken < most; i++) {
        gone += i == 0 ? 0 : step_of(point, i);
        if (kept[i] || (from != NULL && !from[i]))
            continue;
        if (gone * (double)(most + 1) < whole * (double)(taken + 1))
            continue;
        kept[i] = true;
        taken++;
    }
}

static size_t count_true(const bool *flag, size_t count)
{
    size_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += flag[i];
    return sum;
}

/* A copy whose axes both run over 1, so that steps along money and along rates compare. */
static void scale(const struct curve_point *point, size_t count, struct curve_point *out)
{
    double left = HUGE_VAL, right = -HUGE_VAL, low = HUGE_VAL, high = -HUGE_VAL;
    for (size_t i = 0; i < count; i++) {
        left = fmin(left, point[i].x), right = fmax(right, point[i].x);
        low = fmin(low, point[i].y), high = fmax(high, point[i].y);
    }
    double width = right > left ? right - left : 1, height = high > low ? high - low : 1;
    for (size_t i = 0; i < count; i++)
        out[i] = (struct curve_point){point[i].threshold, (point[i].x - left) / width,
                                      (point[i].y - low) / height};
}

bool curve_thin(const struct curve_point *point, size_t count, size_t most, struct arena *arena,
                struct curve *out, struct err *err)
{
    assert(most >= CURVE_POINTS_MIN && count < UINT32_MAX);
    if (count <= most) {
        *out = (struct curve){count, point};
        return true;
    }
    struct curve_point *unit = arena_new(arena, struct curve_point, count);
    struct curve_point *thin = arena_new(arena, struct curve_point, most);
    uint32_t *order = arena_new(arena, uint32_t, count), *chain = arena_new(arena, uint32_t, count);
    bool *corner = arena_new(arena, bool, count), *kept = arena_new(arena, bool, count);
    if (unit == NULL || thin == NULL || order == NULL || chain == NULL || corner == NULL ||
        kept == NULL)
        return err_set(err, ERR_LIMIT, "a curve of %zu points does not fit the job's memory limit",
                       count);
    scale(point, count, unit);
    for (size_t i = 0; i < count; i++)
        order[i] = (uint32_t)i;
    qsort_r(order, count, sizeof *order, left_then_lower, unit);
    mark_side(unit, order, count, 1, chain, corner);
    mark_side(unit, order, count, -1, chain, corner);
    corner[0] = corner[count - 1] = true;

    size_t corners = count_true(corner, count);
    kept[0] = kept[count - 1] = true;
    if (corners <= most) {
        memcpy(kept, corner, count * sizeof *kept);
        mark_steps(unit, NULL, count, most - corners, kept);
    } else {
        mark_steps(unit, corner, count, most - 2, kept);
    }
    size_t length = 0;
    for (size_t i = 0; i < count; i++)
        if (kept[i])
            thin[length++] = point[i];
    *out = (struct curve){length, thin};
    return true;
}

/* ---------------------------------------------------------------- the curves */

static struct curve_point *points_for(const struct ranking *ranking, struct arena *arena,
                                      struct err *err)
{
    struct curve_point *point = arena_new(arena, struct curve_point, ranking->groups + 1);
    if (point == NULL)
        err_set(err, ERR_LIMIT, "a curve of %zu points does not fit the job's memory limit",
                ranking->groups);
    return point;
}

bool curve_roc(const struct ranking *ranking, size_t most, struct arena *arena, struct curve *out,
               struct err *err)
{
    struct curve_point *point = points_for(ranking, arena, err);
    if (point == NULL)
        return false;
    double fraud = ranking->fraud, legitimate = ranking->legitimate;
    double caught = 0, insulted = 0;
    size_t count = 0;
    if (fraud > 0 && legitimate > 0) {
        point[count++] = (struct curve_point){.threshold = INFINITY};
        for (size_t i = 0; i < ranking->groups; i++) {
            caught += ranking->group[i].fraud;
            insulted += ranking->group[i].legitimate;
            point[count++] = (struct curve_point){ranking->group[i].score, insulted / legitimate,
                                                  caught / fraud};
        }
    }
    return curve_thin(point, count, most, arena, out, err);
}

bool curve_pr(const struct ranking *ranking, size_t most, struct arena *arena, struct curve *out,
              struct err *err)
{
    struct curve_point *point = points_for(ranking, arena, err);
    if (point == NULL)
        return false;
    double caught = 0, insulted = 0;
    size_t count = 0;
    for (size_t i = 0; i < ranking->groups && ranking->fraud > 0; i++) {
        caught += ranking->group[i].fraud;
        insulted += ranking->group[i].legitimate;
        point[count++] = (struct curve_point){ranking->group[i].score, caught / ranking->fraud,
                                              caught / (caught + insulted)};
    }
    return curve_thin(point, count, most, arena, out, err);
}

void histogram_of(const struct ranking *ranking, double low, double high, struct histogram_bin *bin,
                  size_t bins)
{
    assert(bins > 0 && high > low);
    memset(bin, 0, bins * sizeof *bin);
    for (size_t i = 0; i < ranking->groups; i++) {
        double place = ((double)ranking->group[i].score - low) / (high - low) * (double)bins;
        double last = (double)(bins - 1);
        size_t at = (size_t)(place < 0 ? 0 : place > last ? last : place);
        bin[at].fraud += ranking->group[i].fraud;
        bin[at].legitimate += ranking->group[i].legitimate;
    }
}
