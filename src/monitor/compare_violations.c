#include "monitor/compare_violations.h"

#include "measure/chance.h"

struct listing {
    const struct comparison *comparison;
    struct violations *out;
    size_t present; /* columns that both files have */
};

static double percent(size_t part, size_t of)
{
    return of == 0 ? 0 : 100 * (double)part / (double)of;
}

static void check_type(struct listing *listing, const struct comparison_column *c)
{
    size_t given = listing->comparison->now->rows - c->now->missing;
    if ((double)c->now->mistyped > VIOLATION_SHARE * (double)given)
        violations_add(
            listing->out, c->column->name, VIOLATION_DATA_TYPE,
            "Data type match requirement is not met. Expected: %s. Observed: only %.2f%% of the "
            "values are, line %zu has '" VIEW_FMT "'.",
            kind_name(c->column->kind), 100 - percent(c->now->mistyped, given),
            c->now->example_line, VIEW_ARG(c->now->example));
}

static void check_completeness(struct listing *listing, const struct comparison_column *c)
{
    size_t before = listing->comparison->before->rows, now = listing->comparison->now->rows;
    size_t was = c->before->missing, is = c->now->missing;
    if (before == 0 || now == 0 || (double)is * (double)before <= (double)was * (double)now)
        return;
    double limit = VIOLATION_ALPHA / (double)listing->present;
    if (was > 0 && rates_chance(was, before, is, now) > limit)
        return;
    violations_add(listing->out, c->column->name, VIOLATION_COMPLETENESS,
                   "Value missing in %.4f%% of the rows, in the baseline in %.4f%%.",
                   percent(is, now), percent(was, before));
}

static void check_drift(struct listing *listing, const struct comparison_column *c)
{
    if (!c->judged || (c->state != DRIFT_WATCH && c->state != DRIFT_ALARM))
        return;
    if (listing->comparison->mode->of_the_family)
        violations_add(listing->out, c->column->name, VIOLATION_DRIFT,
                       "Baseline drift is %s: PSI %.4f, noise is below %.4f.",
                       drift_state_name(c->state), c->figure[DRIFT_psi], c->finding.floor);
    else
        violations_add(listing->out, c->column->name, VIOLATION_DRIFT,
                       "Baseline drift: p %.3g is below %g.", c->p,
                       listing->comparison->mode->alpha);
}

static void check_values(struct listing *listing, const struct comparison_column *c)
{
    if (c->left_out != NULL || c->reference.numbers ||
        (double)c->window.outside <= VIOLATION_SHARE * (double)c->window.present)
        return;
    violations_add(listing->out, c->column->name, VIOLATION_CATEGORICAL_VALUES,
                   "%.2f%% of the values are none of the baseline's, '" VIEW_FMT "' for one.",
                   percent(c->window.outside, c->window.present), VIEW_ARG(c->now->values.text[0]));
}

static void check_column(struct listing *listing, const struct comparison_column *c)
{
    if (c->ignored)
        return;
    if (c->before->present && !c->now->present)
        violations_add(listing->out, c->column->name, VIOLATION_MISSING_COLUMN,
                       "The column is in the baseline and not in the new data.");
    if (!c->before->present && c->now->present)
        violations_add(listing->out, c->column->name, VIOLATION_EXTRA_COLUMN,
                       "The column is in the new data and not in the baseline.");
    if (!c->before->present || !c->now->present)
        return;
    check_type(listing, c);
    check_completeness(listing, c);
    check_drift(listing, c);
    check_values(listing, c);
}

static bool has_extra(const struct sheet *sheet, struct view name)
{
    for (size_t i = 0; i < sheet->extras; i++)
        if (view_same(sheet->extra[i], name))
            return true;
    return false;
}

/* Columns that the schema has not. */
static void check_others(struct listing *listing)
{
    const struct sheet *before = listing->comparison->before, *now = listing->comparison->now;
    for (size_t i = 0; i < before->extras; i++)
        if (!has_extra(now, before->extra[i]))
            violations_add(listing->out, before->extra[i], VIOLATION_MISSING_COLUMN,
                           "The column is in the baseline and not in the new data.");
    for (size_t i = 0; i < now->extras; i++)
        if (!has_extra(before, now->extra[i]))
            violations_add(listing->out, now->extra[i], VIOLATION_EXTRA_COLUMN,
                           "The column is in the new data and not in the baseline.");
}

void compare_violations(const struct comparison *comparison, struct violations *out)
{
    struct listing listing = {.comparison = comparison, .out = out};
    for (size_t i = 0; i < comparison->count; i++)
        listing.present +=
            comparison->column[i].before->present && comparison->column[i].now->present;
    for (size_t i = 0; i < comparison->count; i++)
        check_column(&listing, &comparison->column[i]);
    check_others(&listing);
}
