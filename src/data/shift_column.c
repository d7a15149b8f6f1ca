/* Shifts of columns: their numbers, how often a value comes, and what they are called and hold. */
#include "data/shift.h"

#include <math.h>

static const struct shift_column *column_of(const struct shift *shift)
{
    return &shift->stream->column[shift->column];
}

static bool need_numbers(const struct shift *shift, const char *what, struct err *err)
{
    return column_of(shift)->number ||
           err_set(err, ERR_USAGE, "%s is for a column of numbers, and %s is one of words", what,
                   column_of(shift)->name);
}

static double unless_said(double value, double otherwise)
{
    return isnan(value) ? otherwise : value;
}

/* ---------------------------------------------------------------- covariate */

static bool check_covariate(struct shift *shift, struct err *err)
{
    shift->factor = unless_said(shift->factor, 1);
    shift->add = unless_said(shift->add, 0);
    if (shift->factor == 1 && shift->add == 0)
        return err_set(err, ERR_USAGE,
                       "covariate takes factor=..., add=... or both: as it stands "
                       "it changes nothing");
    return need_numbers(shift, "covariate", err);
}

/* Numbers stay 0 or more, as all that presets have are. */
static bool apply_covariate(const struct shift *shift, double strength, struct rng *rng UNUSED,
                            struct shift_event *event)
{
    struct shift_cell *cell = &event->cell[shift->column];
    double before = cell->number;
    if (isnan(before))
        return false;
    cell->number = fmax(before * (1 + (shift->factor - 1) * strength) + shift->add * strength, 0);
    return true;
}

const struct shift_kind shift_covariate = {
    .name = "covariate",
    .about = "a column's numbers are scaled and moved; who is fraud stays as it was",
    .needs = 1U << SHIFT_COLUMN,
    .may = 1U << SHIFT_FACTOR | 1U << SHIFT_ADD,
    .check = check_covariate,
    .apply = apply_covariate,
};

/* ---------------------------------------------------------------- mix */

static bool check_mix(struct shift *shift, struct err *err)
{
    bool value = shift->value.text != NULL;
    bool bounds = !isnan(shift->above) || !isnan(shift->below);
    if (column_of(shift)->number ? value || !bounds : !value || bounds)
        return err_set(err, ERR_USAGE,
                       "mix takes value=... with a column of words, and above=... or below=... or "
                       "both with one of numbers");
    shift->above = unless_said(shift->above, -(double)INFINITY);
    shift->below = unless_said(shift->below, (double)INFINITY);
    return true;
}

/* Events of the kind that grows stay and the others become fewer: what is there is a sample of what
 * was, so within each kind the share of fraud is what it was. */
static double weigh_mix(const struct shift *shift, double strength, const struct shift_event *event)
{
    const struct shift_cell *cell = &event->cell[shift->column];
    bool meant = shift->value.text != NULL
                     ? view_same(cell->word, shift->value)
                     : cell->number > shift->above && cell->number < shift->below;
    double factor = 1 + (shift->factor - 1) * strength;
    if (factor >= 1)
        return meant ? 1 : 1 / factor;
    return meant ? factor : 1;
}

const struct shift_kind shift_mix = {
    .name = "mix",
    .about = "one kind of event becomes commoner or rarer; within each, fraud stays as it was",
    .needs = 1U << SHIFT_COLUMN | 1U << SHIFT_FACTOR,
    .may = 1U << SHIFT_VALUE | 1U << SHIFT_ABOVE | 1U << SHIFT_BELOW,
    .check = check_mix,
    .weight = weigh_mix,
};

/* ---------------------------------------------------------------- schema */

static const char *const change_names[] = {
    [CHANGE_MISSING] = "missing", [CHANGE_TYPE] = "type", [CHANGE_CATEGORY] = "category",
    [CHANGE_RENAME] = "rename",   [CHANGE_DROP] = "drop",
};

static bool check_schema(struct shift *shift, struct err *err)
{
    size_t change = 0;
    while (change < LENGTH_OF(change_names) && !view_is(shift->change_word, change_names[change]))
        change++;
    if (change == LENGTH_OF(change_names))
        return err_set(err, ERR_USAGE,
                       "change is missing, type, category, rename or drop, not '" VIEW_FMT "'",
                       VIEW_ARG(shift->change_word));
    shift->change = (enum shift_change)change;
    bool whole = change == CHANGE_RENAME || change == CHANGE_DROP;
    bool named = change == CHANGE_CATEGORY || change == CHANGE_RENAME;
    if (named != (shift->value.text != NULL))
        return err_set(err, ERR_USAGE, "change=%s %s value=...", change_names[change],
                       named ? "needs" : "takes no");
    if (whole && (shift->over > 1 || !isnan(shift->share)))
        return err_set(err, ERR_USAGE,
                       "change=%s is the whole column's, at once: leave over and share out",
                       change_names[change]);
    if (change == CHANGE_CATEGORY && column_of(shift)->number)
        return err_set(err, ERR_USAGE,
                       "change=category is for a column of words, and %s is one of "
                       "numbers",
                       column_of(shift)->name);
    shift->share = unless_said(shift->share, 1);
    return change != CHANGE_TYPE || need_numbers(shift, "change=type", err);
}

static bool apply_schema(const struct shift *shift, double strength, struct rng *rng,
                         struct shift_event *event)
{
    struct shift_cell *cell = &event->cell[shift->column];
    double draw = rng_unit(rng);
    if (shift->change == CHANGE_RENAME || shift->change == CHANGE_DROP)
        return true;
    bool missing = isnan(cell->number) && column_of(shift)->number;
    if (draw >= shift->share * strength || missing)
        return false;
    if (shift->change == CHANGE_CATEGORY)
        cell->word = shift->value;
    else
        cell->state = shift->change == CHANGE_TYPE ? SHIFT_WITH_UNIT : SHIFT_MISSING;
    return true;
}

const struct shift_kind shift_schema = {
    .name = "schema",
    .about = "change=missing (empty cells), type (\"12.50 units\" for a number), category (a value "
             "never seen), rename, drop",
    .needs = 1U << SHIFT_COLUMN | 1U << SHIFT_CHANGE,
    .may = 1U << SHIFT_VALUE | 1U << SHIFT_SHARE,
    .check = check_schema,
    .apply = apply_schema,
};
