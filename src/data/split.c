#include "data/split.h"

#include "base/rng.h"

#include <math.h>

enum { DAY_MS = 86400000 };
enum { STREAM_NEGATIVE = 1, STREAM_POSITIVE = 2, STREAM_FOLDS = 8 }; /* of the seed */

static const char *const slice_names[] = {"train", "validation", "test", "none"};
static const char *const kind_names[] = {"random", "time", "dates", "group"};

const char *slice_name(enum slice slice)
{
    return slice_names[slice];
}

bool split_kind_find(struct view name, enum split_kind *out)
{
    for (size_t i = 0; i < LENGTH_OF(kind_names); i++) {
        if (view_is(name, kind_names[i])) {
            *out = (enum split_kind)i;
            return true;
        }
    }
    return false;
}

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT, "the split does not fit the memory limit");
}

/* ---------------------------------------------------------------- units: rows, or groups */

/* What is shuffled and dealt as one: a row, or a group with all its rows. */
struct units {
    size_t count;
    uint8_t *positive;      /* has a fraud */
    const uint32_t *of_row; /* NULL: a row is its own unit */
};

static bool units_of(const struct split *split, const struct split_rows *rows, struct units *out,
                     struct arena *arena, struct err *err)
{
    bool grouped = split->kind == SPLIT_GROUP;
    *out = (struct units){
        .count = grouped ? rows->group_count : rows->count,
        .of_row = grouped ? rows->group : NULL,
    };
    out->positive = arena_new(arena, uint8_t, out->count);
    if (out->positive == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < rows->count; i++)
        out->positive[grouped ? rows->group[i] : i] |= rows->label[i];
    return true;
}

/* Units of one class in a seeded random order. */
static uint32_t *shuffled(const struct units *units, bool positive, struct rng rng, size_t *count,
                          struct arena *arena)
{
    uint32_t *order = arena_new(arena, uint32_t, units->count);
    if (order == NULL)
        return NULL;
    *count = 0;
    for (size_t i = 0; i < units->count; i++)
        if ((units->positive[i] != 0) == positive)
            order[(*count)++] = (uint32_t)i;
    rng_shuffle(&rng, order, *count);
    return order;
}

static bool split_shuffled(const struct split *split, const struct split_rows *rows, uint8_t *slice,
                           struct arena *arena, struct err *err)
{
    struct units units;
    if (!units_of(split, rows, &units, arena, err))
        return false;
    uint8_t *dealt = arena_new(arena, uint8_t, units.count);
    if (dealt == NULL)
        return out_of_memory(err);
    for (int class = 0; class < 2; class ++) {
        struct rng rng = rng_of(split->seed, class ? STREAM_POSITIVE : STREAM_NEGATIVE, 0);
        size_t count;
        uint32_t *order = shuffled(&units, class, rng, &count, arena);
        if (order == NULL)
            return out_of_memory(err);
        size_t train = (size_t)llround(split->train * (double)count);
        size_t validation = (size_t)llround((split->train + split->validation) * (double)count);
        for (size_t i = 0; i < count; i++)
            dealt[order[i]] = i < train        ? SLICE_TRAIN
                              : i < validation ? SLICE_VALIDATION
                                               : SLICE_TEST;
    }
    for (size_t i = 0; i < rows->count; i++)
        slice[i] = dealt[units.of_row == NULL ? i : units.of_row[i]];
    return true;
}

/* ---------------------------------------------------------------- time */

static int by_time(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double *sorted_times(const struct split_rows *rows, struct arena *arena)
{
    double *time = arena_new(arena, double, rows->count);
    if (time == NULL)
        return NULL;
    memcpy(time, rows->time_ms, rows->count * sizeof *time);
    qsort(time, rows->count, sizeof *time, by_time);
    return time;
}

/* The instant before which a share of the rows lies. Rows of one instant stay together. */
static double instant_at(const double *sorted, size_t count, double share)
{
    size_t at = (size_t)llround((double)count * share);
    return sorted[at < count ? at : count - 1];
}

static bool split_time(const struct split *split, const struct split_rows *rows, uint8_t *slice,
                       struct arena *arena, struct err *err)
{
    const double *time = sorted_times(rows, arena);
    if (time == NULL)
        return out_of_memory(err);
    double validation = instant_at(time, rows->count, split->train);
    double test = instant_at(time, rows->count, split->train + split->validation);
    double delay = split->delay_days * DAY_MS;
    for (size_t i = 0; i < rows->count; i++) {
        double at = rows->time_ms[i];
        if (at >= test)
            slice[i] = SLICE_TEST;
        else if (at >= validation)
            slice[i] = at < test - delay ? SLICE_VALIDATION : SLICE_NONE;
        else
            slice[i] = at < validation - delay ? SLICE_TRAIN : SLICE_NONE;
    }
    return true;
}

/* ---------------------------------------------------------------- dates */

static bool check_windows(const struct split *split, struct err *err)
{
    const struct split_window *train = &split->window[SLICE_TRAIN];
    for (int s = 0; s < SLICE_NONE; s++) {
        const struct split_window *window = &split->window[s];
        if (!(window->from_ms < window->before_ms))
            return err_set(err, ERR_INPUT, "split.%s_from is not before split.%s_before",
                           slice_names[s], slice_names[s]);
        for (int other = 0; other < s; other++)
            if (window->from_ms < split->window[other].before_ms &&
                split->window[other].from_ms < window->before_ms)
                return err_set(err, ERR_INPUT, "the %s and the %s window of the split overlap",
                               slice_names[other], slice_names[s]);
        bool older = s == SLICE_VALIDATION && window->from_ms < train->from_ms;
        if (s != SLICE_TRAIN && !older &&
            window->from_ms < train->before_ms + split->delay_days * DAY_MS)
            return err_set(err, ERR_INPUT,
                           "split.%s_from is less than split.delay_days (%g) after "
                           "split.train_before: the last labels were not known then",
                           slice_names[s], split->delay_days);
    }
    if (split->window[SLICE_TEST].from_ms <
        split->window[SLICE_VALIDATION].before_ms + split->delay_days * DAY_MS)
        return err_set(err, ERR_INPUT,
                       "split.test_from is less than split.delay_days (%g) after "
                       "split.validation_before: the labels that choose the threshold were not "
                       "known then",
                       split->delay_days);
    return true;
}

static bool split_dates(const struct split *split, const struct split_rows *rows, uint8_t *slice,
                        struct err *err)
{
    if (!check_windows(split, err))
        return false;
    for (size_t i = 0; i < rows->count; i++) {
        slice[i] = SLICE_NONE;
        for (int s = 0; s < SLICE_NONE; s++)
            if (rows->time_ms[i] >= split->window[s].from_ms &&
                rows->time_ms[i] < split->window[s].before_ms)
                slice[i] = (uint8_t)s;
    }
    return true;
}

/* ---------------------------------------------------------------- the known */

static double training_from(const struct split_rows *rows, const uint8_t *slice)
{
    double from = (double)INFINITY;
    for (size_t i = 0; i < rows->count; i++)
        if (slice[i] == SLICE_TRAIN)
            from = fmin(from, rows->time_ms[i]);
    return floor(from / DAY_MS) * DAY_MS;
}

/* An entity is known from its first fraud since training began, and the label delay, on. */
static bool leave_out_known(const struct split *split, const struct split_rows *rows,
                            uint8_t *slice, struct arena *arena, struct err *err)
{
    double *first = arena_new(arena, double, rows->entity_count);
    if (first == NULL)
        return out_of_memory(err);
    double from = training_from(rows, slice);
    for (size_t e = 0; e < rows->entity_count; e++)
        first[e] = (double)INFINITY;
    for (size_t i = 0; i < rows->count; i++)
        if (rows->label[i] && rows->time_ms[i] >= from)
            first[rows->entity[i]] = fmin(first[rows->entity[i]], rows->time_ms[i]);
    for (size_t i = 0; i < rows->count; i++) {
        double day = floor(rows->time_ms[i] / DAY_MS) * DAY_MS;
        if (slice[i] != SLICE_TRAIN && first[rows->entity[i]] < day - split->delay_days * DAY_MS)
            slice[i] = SLICE_NONE;
    }
    return true;
}

/* ---------------------------------------------------------------- the two entries */

static bool check_slices(const struct split *split, const struct split_rows *rows,
                         const uint8_t *slice, struct err *err)
{
    size_t count[SLICE_COUNT][2] = {0};
    for (size_t i = 0; i < rows->count; i++)
        count[slice[i]][rows->label[i]]++;
    for (int s = 0; s < SLICE_NONE; s++) {
        if (count[s][0] > 0 && count[s][1] > 0)
            continue;
        return err_set(err, ERR_INPUT,
                       "the %s slice has %zu frauds and %zu legitimate rows, both are needed; give "
                       "more rows, other shares%s",
                       slice_names[s], count[s][1], count[s][0],
                       split_is_timed(split->kind) ? ", or a shorter split.delay_days" : "");
    }
    return true;
}

bool split_make(const struct split *split, const struct split_rows *rows, uint8_t *slice,
                struct arena *arena, struct err *err)
{
    if (split->kind != SPLIT_DATES && split->train + split->validation > 0.995)
        return err_set(err, ERR_INPUT,
                       "split.train (%g) and split.validation (%g) leave nothing to test on",
                       split->train, split->validation);
    bool ok = split->kind == SPLIT_TIME    ? split_time(split, rows, slice, arena, err)
              : split->kind == SPLIT_DATES ? split_dates(split, rows, slice, err)
                                           : split_shuffled(split, rows, slice, arena, err);
    if (ok && rows->entity != NULL && split_is_timed(split->kind))
        ok = leave_out_known(split, rows, slice, arena, err);
    return ok && check_slices(split, rows, slice, err);
}

static bool folds_shuffled(const struct split *split, const struct split_rows *rows, size_t folds,
                           uint8_t *fold, struct arena *arena, struct err *err)
{
    struct units units;
    if (!units_of(split, rows, &units, arena, err))
        return false;
    uint8_t *dealt = arena_new(arena, uint8_t, units.count);
    if (dealt == NULL)
        return out_of_memory(err);
    size_t next = 0; /* goes on over the classes, so that fold sizes stay level */
    for (int class = 0; class < 2; class ++) {
        struct rng rng =
            rng_of(split->seed, STREAM_FOLDS + (class ? STREAM_POSITIVE : STREAM_NEGATIVE), 0);
        size_t count;
        uint32_t *order = shuffled(&units, class, rng, &count, arena);
        if (order == NULL)
            return out_of_memory(err);
        for (size_t i = 0; i < count; i++)
            dealt[order[i]] = (uint8_t)(next++ % folds);
    }
    for (size_t f = 0; f < folds; f++)
        for (size_t i = 0; i < rows->count; i++)
            fold[f * rows->count + i] = dealt[units.of_row == NULL ? i : units.of_row[i]] == f
                                            ? FOLD_VALIDATES
                                            : FOLD_TRAINS;
    return true;
}

static bool folds_time(const struct split *split, const struct split_rows *rows, size_t folds,
                       uint8_t *fold, struct arena *arena, struct err *err)
{
    const double *time = sorted_times(rows, arena);
    if (time == NULL)
        return out_of_memory(err);
    double blocks = (double)folds + 1, delay = split->delay_days * DAY_MS;
    for (size_t f = 0; f < folds; f++) {
        double from = instant_at(time, rows->count, ((double)f + 1) / blocks);
        bool last = f + 1 == folds;
        double to =
            last ? (double)INFINITY : instant_at(time, rows->count, ((double)f + 2) / blocks);
        for (size_t i = 0; i < rows->count; i++) {
            double at = rows->time_ms[i];
            fold[f * rows->count + i] = at >= from && at < to ? FOLD_VALIDATES
                                        : at < from - delay   ? FOLD_TRAINS
                                                              : FOLD_LEFT_OUT;
        }
    }
    return true;
}

static bool check_folds(const struct split_rows *rows, size_t folds, const uint8_t *fold,
                        struct err *err)
{
    for (size_t f = 0; f < folds; f++) {
        size_t count[3][2] = {0};
        for (size_t i = 0; i < rows->count; i++)
            count[fold[f * rows->count + i]][rows->label[i]]++;
        if (count[1][0] == 0 || count[1][1] == 0 || count[2][0] == 0 || count[2][1] == 0)
            return err_set(
                err, ERR_INPUT,
                "fold %zu of %zu would train on %zu frauds among %zu rows and validate on "
                "%zu among %zu, both classes are needed in both; take fewer folds "
                "(model.folds) or more rows",
                f + 1, folds, count[1][1], count[1][0] + count[1][1], count[2][1],
                count[2][0] + count[2][1]);
    }
    return true;
}

bool split_folds(const struct split *split, const struct split_rows *rows, size_t folds,
                 uint8_t *fold, struct arena *arena, struct err *err)
{
    assert(folds >= 2 && folds <= FOLDS_MAX);
    bool ok = split_is_timed(split->kind) ? folds_time(split, rows, folds, fold, arena, err)
                                          : folds_shuffled(split, rows, folds, fold, arena, err);
    return ok && check_folds(rows, folds, fold, err);
}
