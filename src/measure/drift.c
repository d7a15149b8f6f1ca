#include "measure/drift.h"

#include "measure/float_sort.h"

#include <math.h>

const struct drift *const drifts[DRIFT_COUNT] = {
#define DRIFT(name) [DRIFT_##name] = &drift_##name,
#include "measure/drifts.def"
#undef DRIFT
};

const struct drift *drift_find(struct view name)
{
    for (size_t i = 0; i < DRIFT_COUNT; i++)
        if (view_is(name, drifts[i]->name))
            return drifts[i];
    return NULL;
}

static bool check_rows(size_t rows, struct err *err)
{
    return rows <= DRIFT_ROWS_MAX ||
           err_set(err, ERR_LIMIT, "%zu rows to compare, at most %d", rows, DRIFT_ROWS_MAX);
}

static bool out_of_memory(size_t rows, struct err *err)
{
    return err_set(err, ERR_LIMIT, "%zu rows to compare do not fit the memory limit", rows);
}

/* ---------------------------------------------------------------- numbers: bins */

/* The bins of a reference as they are cut. */
struct cutter {
    const float *sorted;
    size_t count;
    struct drift_bin *bin;
    size_t bins;
};

static void add_bin(struct cutter *cutter, enum drift_role role, float high)
{
    assert(cutter->bins < DRIFT_NUMBER_BINS_MAX);
    cutter->bin[cutter->bins++] = (struct drift_bin){.role = role, .high = high};
}

/* The rows from `first` to `end`, none of which is of an atom, in equal parts. */
static void cut_run(struct cutter *cutter, size_t first, size_t end)
{
    size_t rows = end - first;
    size_t parts = (DRIFT_TENTHS * rows + cutter->count / 2) / cutter->count;
    parts = parts == 0 ? 1 : parts;
    for (size_t part = 1; part <= parts; part++) {
        size_t upto = (part * rows + parts - 1) / parts;
        float high = cutter->sorted[first + upto - 1];
        bool again = part > 1 && cutter->bin[cutter->bins - 1].high == high;
        if (!again)
            add_bin(cutter, DRIFT_PART, high);
    }
}

/* Up to an atom: what lies below it ends right before it, so that its bin is the one value. */
static void cut_atom(struct cutter *cutter, size_t first, size_t atom)
{
    float value = cutter->sorted[atom], before = nextafterf(value, -INFINITY);
    bool after_another = cutter->bins > 0 && cutter->bin[cutter->bins - 1].role != DRIFT_BELOW;
    if (first < atom) {
        cut_run(cutter, first, atom);
        cutter->bin[cutter->bins - 1].high = before;
    } else if (after_another && cutter->bin[cutter->bins - 1].high < before) {
        add_bin(cutter, DRIFT_BETWEEN, before);
    }
    add_bin(cutter, DRIFT_ATOM, value);
}

static void cut_bins(struct cutter *cutter)
{
    const float *sorted = cutter->sorted;
    size_t count = cutter->count, run = 0;
    if (count > 0 && sorted[0] > -INFINITY)
        add_bin(cutter, DRIFT_BELOW, nextafterf(sorted[0], -INFINITY));
    for (size_t i = 0, end; i < count; i = end) {
        end = i + float_count_upto(sorted + i, count - i, sorted[i]);
        if ((end - i) * DRIFT_TENTHS < count)
            continue;
        cut_atom(cutter, run, i);
        run = end;
    }
    if (run < count)
        cut_run(cutter, run, count);
    add_bin(cutter, DRIFT_ABOVE, INFINITY);
    add_bin(cutter, DRIFT_ABSENT, NAN);
}

/* ---------------------------------------------------------------- numbers: rows */

static bool sort_numbers(struct drift_window *out, const float *value, size_t rows,
                         struct arena *arena, struct err *err)
{
    if (!check_rows(rows, err))
        return false;
    CLEANUP(arena_release) struct arena scratch = {.limit = SIZE_MAX / 2};
    float *sorted = arena_new(arena, float, rows + 1);
    float *other = arena_new(&scratch, float, rows + 1);
    if (sorted == NULL || other == NULL)
        return out_of_memory(rows, err);
    size_t present = 0;
    for (size_t i = 0; i < rows; i++)
        if (!isnan(value[i]))
            sorted[present++] = value[i];
    float_sort(sorted, present, other);
    *out = (struct drift_window){.rows = rows, .present = present, .sorted = sorted};
    return true;
}

static bool is_outside(enum drift_role role)
{
    return role == DRIFT_BELOW || role == DRIFT_BETWEEN || role == DRIFT_ABOVE ||
           role == DRIFT_UNSEEN;
}

static bool count_numbers(struct drift_window *window, const struct drift_reference *reference,
                          struct arena *arena, struct err *err)
{
    uint64_t *count = arena_new(arena, uint64_t, reference->bins);
    if (count == NULL)
        return out_of_memory(window->rows, err);
    size_t before = 0;
    for (size_t b = 0; b < reference->bins; b++) {
        const struct drift_bin *bin = &reference->bin[b];
        if (bin->role == DRIFT_ABSENT) {
            count[b] = window->rows - window->present;
            continue;
        }
        size_t upto =
            before + float_count_upto(window->sorted + before, window->present - before, bin->high);
        count[b] = upto - before;
        window->outside += is_outside(bin->role) ? count[b] : 0;
        before = upto;
    }
    assert(before == window->present);
    window->count = count;
    return true;
}

static double quantile(const float *sorted, size_t count, double share)
{
    if (count == 0)
        return 0;
    double place = share * (double)(count - 1);
    size_t below = (size_t)place, above = below + 1 < count ? below + 1 : below;
    double low = (double)sorted[below], high = (double)sorted[above];
    return low + (place - (double)below) * (high - low);
}

/* Of the finite ones; two passes, because a large mean would eat a small deviation. */
static void describe(struct drift_reference *reference)
{
    const struct drift_window *self = &reference->self;
    size_t first = float_count_upto(self->sorted, self->present, -INFINITY);
    size_t end = float_count_below(self->sorted, self->present, INFINITY);
    if (first >= end)
        return;
    if (self->sorted[first] == self->sorted[end - 1]) { /* rounding would find a deviation */
        reference->mean = reference->median = (double)self->sorted[first];
        return;
    }
    double sum = 0, square = 0, count = (double)(end - first);
    for (size_t i = first; i < end; i++)
        sum += (double)self->sorted[i];
    reference->mean = sum / count;
    for (size_t i = first; i < end; i++) {
        double gap = (double)self->sorted[i] - reference->mean;
        square += gap * gap;
    }
    reference->deviation = sqrt(square / count);
    reference->median = quantile(self->sorted + first, end - first, 0.5);
    reference->iqr = quantile(self->sorted + first, end - first, 0.75) -
                     quantile(self->sorted + first, end - first, 0.25);
}

bool drift_reference_numbers(struct drift_reference *out, const float *value, size_t rows,
                             struct arena *arena, struct err *err)
{
    struct drift_reference made = {.numbers = true};
    if (!sort_numbers(&made.self, value, rows, arena, err))
        return false;
    size_t present = made.self.present, marks = present / DRIFT_STRIDE + 1;
    struct cutter cutter = {.sorted = made.self.sorted,
                            .count = present,
                            .bin = arena_new(arena, struct drift_bin, DRIFT_NUMBER_BINS_MAX)};
    float *mark = arena_new(arena, float, marks);
    if (cutter.bin == NULL || mark == NULL)
        return out_of_memory(rows, err);
    for (size_t i = 0; i * DRIFT_STRIDE < present; i++)
        mark[i] = made.self.sorted[i * DRIFT_STRIDE];
    cut_bins(&cutter);
    made.bin = cutter.bin;
    made.bins = cutter.bins;
    made.mark = mark;
    describe(&made);
    if (!count_numbers(&made.self, &made, arena, err))
        return false;
    *out = made;
    return true;
}

bool drift_window_numbers(struct drift_window *out, const struct drift_reference *reference,
                          const float *value, size_t rows, struct arena *arena, struct err *err)
{
    assert(reference->numbers);
    struct drift_window made;
    if (!sort_numbers(&made, value, rows, arena, err) ||
        !count_numbers(&made, reference, arena, err))
        return false;
    *out = made;
    return true;
}

/* ---------------------------------------------------------------- categories */

/* Values with a hundredth of the rows, then rare, unseen, missing. */
static bool cut_codes(struct drift_reference *out, const uint64_t *rows_of, struct arena *arena,
                      struct err *err)
{
    size_t common = 0;
    uint32_t *bin_of = arena_new(arena, uint32_t, out->values + 1);
    struct drift_bin *bin = arena_new(arena, struct drift_bin, DRIFT_RARE_SHARE + 3);
    if (bin_of == NULL || bin == NULL)
        return out_of_memory(out->self.rows, err);
    for (size_t code = 0; code < out->values; code++)
        if (rows_of[code] > 0 && rows_of[code] * DRIFT_RARE_SHARE >= out->self.rows) {
            bin[common] = (struct drift_bin){.role = DRIFT_VALUE, .code = (uint32_t)code};
            bin_of[code] = (uint32_t)common++;
        }
    for (size_t code = 0; code < out->values; code++)
        if (rows_of[code] * DRIFT_RARE_SHARE < out->self.rows || rows_of[code] == 0)
            bin_of[code] = (uint32_t)(rows_of[code] > 0 ? common : common + 1);
    bin[common].role = DRIFT_RARE;
    bin[common + 1].role = DRIFT_UNSEEN;
    bin[common + 2].role = DRIFT_ABSENT;
    out->bin = bin;
    out->bins = common + 3;
    out->bin_of = bin_of;
    return true;
}

bool drift_window_codes(struct drift_window *out, const struct drift_reference *reference,
                        const uint32_t *code, size_t rows, struct arena *arena, struct err *err)
{
    assert(!reference->numbers);
    if (!check_rows(rows, err))
        return false;
    uint64_t *count = arena_new(arena, uint64_t, reference->bins);
    if (count == NULL)
        return out_of_memory(rows, err);
    size_t unseen = reference->bins - 2, missing = reference->bins - 1;
    for (size_t i = 0; i < rows; i++)
        count[code[i] < reference->values ? reference->bin_of[code[i]]
              : code[i] == DRIFT_MISSING  ? missing
                                          : unseen]++;
    *out = (struct drift_window){
        .rows = rows, .present = rows - count[missing], .outside = count[unseen], .count = count};
    return true;
}

bool drift_reference_codes(struct drift_reference *out, const uint32_t *code, size_t rows,
                           size_t values, struct arena *arena, struct err *err)
{
    assert(values < DRIFT_MISSING);
    if (!check_rows(rows, err))
        return false;
    CLEANUP(arena_release) struct arena scratch = {.limit = SIZE_MAX / 2};
    struct drift_reference made = {.values = values, .self = {.rows = rows}};
    uint64_t *rows_of = arena_new(&scratch, uint64_t, values + 1);
    if (rows_of == NULL)
        return out_of_memory(rows, err);
    for (size_t i = 0; i < rows; i++)
        if (code[i] < values)
            rows_of[code[i]]++;
    if (!cut_codes(&made, rows_of, arena, err) ||
        !drift_window_codes(&made.self, &made, code, rows, arena, err))
        return false;
    *out = made;
    return true;
}

/* ---------------------------------------------------------------- shares */

size_t drift_bins_used(const struct drift_reference *reference, const struct drift_window *window)
{
    size_t used = 0;
    for (size_t b = 0; b < reference->bins; b++)
        used += reference->self.count[b] > 0 || window->count[b] > 0;
    return used;
}

static double share(size_t part, size_t rows)
{
    return rows == 0 ? 0 : (double)part / (double)rows;
}

double drift_missing_share(const struct drift_window *window)
{
    return share(window->rows - window->present, window->rows);
}

double drift_outside_share(const struct drift_window *window)
{
    return share(window->outside, window->rows);
}
