#include "measure/bias_flip.h"

#include <math.h>

/* The rows of one facet that are compared, their features scaled and side by side. */
struct side {
    size_t count, of; /* rows taken, of so many */
    float *value;     /* count x width */
    uint8_t *predicted;
};

struct flips {
    const struct bias_flip_sample *sample;
    struct side side[2];
    uint32_t *feature; /* the ones compared */
    double *mean, *scale;
    size_t width;
};

static size_t side_max(int facet)
{
    return facet == FACET_D ? BIAS_FLIP_MEMBERS_MAX : BIAS_FLIP_OTHERS_MAX;
}

/* Of `of` rows at even distances: whether the one numbered `index` is taken. */
static bool is_taken(const struct side *side, size_t index)
{
    return side->count == side->of ||
           (index + 1) * side->count / side->of > index * side->count / side->of;
}

static bool make_room(struct flips *f, struct arena *arena)
{
    const struct bias_flip_sample *s = f->sample;
    for (size_t i = 0; i < s->count; i++)
        f->side[s->member[i]].of++;
    f->feature = arena_new(arena, uint32_t, s->width);
    f->mean = arena_new(arena, double, s->width);
    f->scale = arena_new(arena, double, s->width);
    for (int k = 0; k < 2; k++) {
        struct side *side = &f->side[k];
        side->count = side->of < side_max(k) ? side->of : side_max(k);
        side->predicted = arena_new(arena, uint8_t, side->count);
        side->value = arena_new(arena, float, side->count * s->width);
        if (side->predicted == NULL || side->value == NULL)
            return false;
    }
    return f->feature != NULL && f->mean != NULL && f->scale != NULL;
}

/* Rows and decisions, as they come. */
static void take_rows(struct flips *f)
{
    const struct bias_flip_sample *s = f->sample;
    size_t seen[2] = {0}, at[2] = {0};
    for (size_t i = 0; i < s->count; i++) {
        int k = s->member[i];
        struct side *side = &f->side[k];
        if (!is_taken(side, seen[k]++))
            continue;
        memcpy(side->value + at[k] * s->width, s->feature + i * s->stride,
               s->width * sizeof *side->value);
        side->predicted[at[k]++] = s->predicted[i];
    }
}

/* Mean and deviation over the rows taken of both sides; Welford's running sums. */
static void measure_feature(const struct flips *f, size_t feature, double *mean, double *deviation)
{
    double n = 0, middle = 0, squares = 0;
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < f->side[k].count; i++) {
            double x = (double)f->side[k].value[i * f->sample->width + feature];
            if (!isfinite(x))
                continue;
            double away = x - middle;
            middle += away / ++n;
            squares += away * (x - middle);
        }
    *mean = middle;
    *deviation = n > 0 ? sqrt(squares / n) : 0;
}

static void choose_features(struct flips *f)
{
    const struct bias_flip_sample *s = f->sample;
    for (size_t i = 0; i < s->width; i++) {
        if (s->leave != NULL && s->leave[i])
            continue;
        measure_feature(f, i, &f->mean[f->width], &f->scale[f->width]);
        if (f->scale[f->width] > 0)
            f->feature[f->width++] = (uint32_t)i;
    }
}

/* In place: a row's chosen features move to its front. */
static void scale_rows(struct flips *f)
{
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < f->side[k].count; i++) {
            float *from = f->side[k].value + i * f->sample->width;
            float *to = f->side[k].value + i * f->width;
            for (size_t j = 0; j < f->width; j++) {
                double x = (double)from[f->feature[j]];
                to[j] = isfinite(x) ? (float)((x - f->mean[j]) / f->scale[j]) : 0;
            }
        }
}

/* What most of the nearest got: k is odd, so there is no tie. */
static bool neighbours_pass(const struct flips *f, const float *row, unsigned k)
{
    const struct side *a = &f->side[FACET_A];
    double nearest[BIAS_FLIP_NEIGHBOURS];
    bool passes[BIAS_FLIP_NEIGHBOURS];
    unsigned have = 0, passing = 0;
    for (size_t i = 0; i < a->count; i++) {
        double limit = have == k ? nearest[k - 1] : (double)INFINITY, distance = 0;
        const float *other = a->value + i * f->width;
        for (size_t j = 0; j < f->width && distance < limit; j++) {
            double away = (double)row[j] - (double)other[j];
            distance += away * away;
        }
        if (distance >= limit)
            continue;
        unsigned at = have < k ? have++ : k - 1;
        for (; at > 0 && nearest[at - 1] > distance; at--) {
            nearest[at] = nearest[at - 1];
            passes[at] = passes[at - 1];
        }
        nearest[at] = distance;
        passes[at] = a->predicted[i];
    }
    for (unsigned i = 0; i < have; i++)
        passing += passes[i];
    return 2 * passing > have;
}

bool bias_flip_count(const struct bias_flip_sample *sample, struct bias_flips *out,
                     struct arena *arena, struct err *err)
{
    struct flips f = {.sample = sample};
    if (!make_room(&f, arena))
        return err_set(err, ERR_LIMIT, "the flip test does not fit the memory limit");
    take_rows(&f);
    choose_features(&f);
    scale_rows(&f);
    const struct side *d = &f.side[FACET_D];
    unsigned k = f.side[FACET_A].of < 10 ? 1 : BIAS_FLIP_NEIGHBOURS;
    *out =
        (struct bias_flips){.members = d->count, .others = f.side[FACET_A].count, .neighbours = k};
    if (f.side[FACET_A].count == 0)
        return true;
    for (size_t i = 0; i < d->count; i++) {
        bool pass = neighbours_pass(&f, d->value + i * f.width, k);
        out->against += pass && !d->predicted[i];
        out->towards += !pass && d->predicted[i];
    }
    return true;
}
