/* Transforms of coded columns, categories and ordinals: ordinal, one_hot, frequency. */
#include "feature/plan.h"

#include <math.h>

enum { CODED = 1u << COLUMN_CATEGORY | 1u << COLUMN_ORDINAL };

/* The place of the value in the schema's order. An unseen value has none: it is missing. Also what
 * a forest with categorical splits reads. */
static void ordinal(const struct feature *feature UNUSED, const struct cell *cell,
                    const struct cell *other UNUSED, float *out)
{
    *out = cell->number == CODE_UNSEEN ? NAN : (float)cell->number;
}

const struct transform transform_ordinal = {
    .name = "ordinal",
    .about = "the value's place in the column's order, from 0",
    .columns = 1,
    .kinds = CODED,
    .apply = ordinal,
};

/* Missing and unseen are both no value at all: a row of zeros. */
static void one_hot(const struct feature *feature, const struct cell *cell,
                    const struct cell *other UNUSED, float *out)
{
    for (uint32_t i = 0; i < feature->width; i++)
        out[i] = cell->number == (double)i ? 1 : 0;
}

const struct transform transform_one_hot = {
    .name = "one_hot",
    .about = "a 0 or 1 for each of the column's values",
    .columns = 1,
    .kinds = CODED,
    .one_per_value = true,
    .apply = one_hot,
};

/* An unseen value was seen in none of the training rows: its share is 0. */
static void frequency(const struct feature *feature, const struct cell *cell,
                      const struct cell *other UNUSED, float *out)
{
    if (isnan(cell->number))
        *out = NAN;
    else
        *out = cell->number < 0 ? 0 : (float)feature->share[(size_t)cell->number];
}

const struct transform transform_frequency = {
    .name = "frequency",
    .about = "the share of the training rows that have the value",
    .columns = 1,
    .kinds = CODED,
    .needs_share = true,
    .apply = frequency,
};
