#include "monitor/compare.h"

#include "base/number.h"

#include <math.h>

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT,
                   "the comparison does not fit the memory limit (data.memory_mb raises it)");
}

/* ---------------------------------------------------------------- which columns */

static bool is_ignored(const struct comparison_options *options, struct view name)
{
    for (size_t i = 0; i < options->ignores; i++)
        if (view_is(name, options->ignore[i]))
            return true;
    return false;
}

static bool is_extra(const struct sheet *sheet, const char *name)
{
    for (size_t i = 0; i < sheet->extras; i++)
        if (view_is(sheet->extra[i], name))
            return true;
    return false;
}

static bool check_ignored(const struct sheet *before, const struct sheet *now,
                          const struct comparison_options *options, struct err *err)
{
    for (size_t i = 0; i < options->ignores; i++) {
        const char *name = options->ignore[i];
        if (schema_find(before->schema, view_of(name)) == NULL && !is_extra(before, name) &&
            !is_extra(now, name))
            return err_set(err, ERR_USAGE, "there is no column '%s' to ignore", name);
    }
    return true;
}

static const char *why_left_out(const struct comparison_column *c)
{
    if (c->ignored)
        return "ignored";
    if (!c->before->present)
        return c->now->present ? "not in the baseline" : "in neither file";
    if (!c->now->present)
        return "not in the new data";
    switch (c->column->kind) {
    case COLUMN_TIMESTAMP:
        return "an instant";
    case COLUMN_ID:
        return "names things";
    case COLUMN_TEXT:
        return "free text";
    default:
        return NULL;
    }
}

/* ---------------------------------------------------------------- one column */

static bool build_windows(struct comparison_column *c, size_t before_rows, size_t rows,
                          struct arena *arena, struct err *err)
{
    if (c->before->number != NULL)
        return drift_reference_numbers(&c->reference, c->before->number, before_rows, arena, err) &&
               drift_window_numbers(&c->window, &c->reference, c->now->number, rows, arena, err);
    return drift_reference_codes(&c->reference, c->before->code, before_rows,
                                 c->before->values.count, arena, err) &&
           drift_window_codes(&c->window, &c->reference, c->now->code, rows, arena, err);
}

/* A column of two values, as its bins have them, of which one is rare: the rate is of all that is
 * not the common one. */
static bool find_rate(struct comparison_column *c, struct arena *arena)
{
    const struct drift_window *self = &c->reference.self;
    size_t values = 0, common = 0;
    for (size_t b = 0; b < c->reference.bins; b++) {
        if (c->reference.bin[b].role == DRIFT_ABSENT || self->count[b] == 0)
            continue;
        common = self->count[b] > self->count[common] ? b : common;
        values++;
    }
    uint64_t hits = self->present - self->count[common];
    if (values != 2 || (double)hits >= COMPARE_RARE * (double)self->present)
        return true;
    const struct drift_bin *bin = &c->reference.bin[common];
    char digits[NUMBER_SIZE];
    struct view number = {digits, number_print((double)bin->high, digits)};
    struct view value = c->reference.numbers ? number : c->before->values.text[bin->code];
    c->common.text = view_copy(value, arena);
    c->common.length = value.length;
    c->has_rate = true;
    c->rate_case = (struct rate_case){.hits_before = hits,
                                      .rows_before = self->present,
                                      .hits = c->window.present - c->window.count[common],
                                      .rows = c->window.present,
                                      .watch = RATE_WATCH,
                                      .alarm = RATE_ALARM,
                                      .rows_min = c->limits.rows_min};
    return c->common.text != NULL;
}

static bool measure_column(struct comparison_column *c, const struct sheet *before,
                           const struct sheet *now, const struct comparison_options *options,
                           struct arena *arena, struct err *err)
{
    if (!build_windows(c, before->rows, now->rows, arena, err))
        return false;
    for (size_t i = 0; i < DRIFT_COUNT; i++) {
        const struct drift *drift = drifts[i];
        c->figure[i] = drift->distance(&c->reference, &c->window);
        c->chance[i] = drift->chance == NULL ? 1 : drift->chance(&c->reference, &c->window);
    }
    c->judged = c->reference.numbers || options->mode->categories;
    return find_rate(c, arena) || out_of_memory(err);
}

/* ---------------------------------------------------------------- judging */

static enum drift_state graver(enum drift_state a, enum drift_state b)
{
    struct drift_finding both[2] = {{.state = a}, {.state = b}};
    return drift_worst(both, 2);
}

/* Rates are a family of their own. */
static bool judge_family(struct comparison *comparison, struct arena *arena, struct err *err)
{
    size_t columns = 0, rates = 0, count = comparison->count;
    struct drift_case *column = arena_new(arena, struct drift_case, count + 1);
    struct drift_finding *finding = arena_new(arena, struct drift_finding, count + 1);
    struct rate_case *rate = arena_new(arena, struct rate_case, count + 1);
    struct rate_finding *rate_finding = arena_new(arena, struct rate_finding, count + 1);
    if (column == NULL || finding == NULL || rate == NULL || rate_finding == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < count; i++) {
        struct comparison_column *c = &comparison->column[i];
        if (c->left_out != NULL)
            continue;
        column[columns++] = drift_case_of(&c->reference, &c->window, &c->limits);
        if (c->has_rate)
            rate[rates++] = c->rate_case;
    }
    drift_judge(column, columns, DRIFT_ALPHA, finding);
    rate_judge(rate, rates, DRIFT_ALPHA, rate_finding);
    comparison->rates = rates;
    columns = rates = 0;
    for (size_t i = 0; i < count; i++) {
        struct comparison_column *c = &comparison->column[i];
        if (c->left_out != NULL)
            continue;
        c->finding = finding[columns++];
        if (c->has_rate)
            c->rate = rate_finding[rates++];
        c->state = c->has_rate ? graver(c->finding.state, c->rate.state) : c->finding.state;
        c->p = c->finding.chance;
    }
    return true;
}

static void judge_alone(struct comparison_column *c, const struct drift_mode *mode)
{
    const struct drift *test = drift_mode_test(c->reference.numbers);
    c->p = c->chance[test == &drift_ks ? DRIFT_ks : DRIFT_chi_square];
    c->state = c->p < mode->alpha ? DRIFT_ALARM : DRIFT_OK;
    if (c->reference.self.rows == 0 || c->window.rows == 0)
        c->state = DRIFT_INSUFFICIENT;
}

static void sum_up(struct comparison *comparison)
{
    comparison->state = DRIFT_INSUFFICIENT;
    for (size_t i = 0; i < comparison->count; i++) {
        struct comparison_column *c = &comparison->column[i];
        if (!c->judged)
            continue;
        comparison->judged++;
        comparison->drifted += c->state == DRIFT_WATCH || c->state == DRIFT_ALARM;
        comparison->state = graver(comparison->state, c->state);
    }
    comparison->false_alarms = drift_mode_false_alarms(comparison->mode, comparison->judged);
    if (comparison->mode->of_the_family && comparison->rates > 0)
        comparison->false_alarms += DRIFT_ALPHA; /* rates are a second family */
}

/* ---------------------------------------------------------------- the order of the report */

static int gravity(const struct comparison_column *c)
{
    if (c->left_out != NULL || !c->judged)
        return c->left_out != NULL ? -3 : -2;
    return c->state == DRIFT_INSUFFICIENT ? -1 : (int)c->state;
}

static int by_effect(const void *left, const void *right)
{
    const struct comparison_column *a = *(struct comparison_column *const *)left;
    const struct comparison_column *b = *(struct comparison_column *const *)right;
    if (gravity(a) != gravity(b))
        return gravity(b) - gravity(a);
    double x = a->figure[DRIFT_psi], y = b->figure[DRIFT_psi];
    if (x != y)
        return x > y ? -1 : 1;
    return a < b ? -1 : a > b;
}

bool compare_sheets(const struct sheet *before, const struct sheet *now,
                    const struct comparison_options *options, struct arena *arena,
                    struct comparison *out, struct err *err)
{
    assert(before->schema == now->schema);
    size_t count = before->schema->count;
    struct comparison made = {
        .before = before,
        .now = now,
        .mode = options->mode,
        .column = arena_new(arena, struct comparison_column, count + 1),
        .order = arena_new(arena, struct comparison_column *, count + 1),
        .count = count,
    };
    if (!check_ignored(before, now, options, err))
        return false;
    if (made.column == NULL || made.order == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < count; i++) {
        struct comparison_column *c = &made.column[i];
        made.order[i] = c;
        c->column = &before->schema->column[i];
        c->before = &before->column[i];
        c->now = &now->column[i];
        c->limits = options->limits[i];
        c->ignored = is_ignored(options, c->column->name);
        c->left_out = why_left_out(c);
        if (c->left_out == NULL && !measure_column(c, before, now, options, arena, err))
            return err_while(err, "column '" VIEW_FMT "'", VIEW_ARG(c->column->name));
    }
    if (!judge_family(&made, arena, err))
        return false;
    for (size_t i = 0; i < count && !options->mode->of_the_family; i++)
        if (made.column[i].judged)
            judge_alone(&made.column[i], options->mode);
    sum_up(&made);
    qsort(made.order, count, sizeof *made.order, by_effect);
    *out = made;
    return true;
}
