/* Transforms of numbers: identity, standardise, log1p, ratio. */
#include "feature/plan.h"

#include <math.h>

enum { NUMERIC = 1u << COLUMN_NUMBER | 1u << COLUMN_INTEGER | 1u << COLUMN_BOOLEAN };

/* A result past a float is missing, not infinite: libxgboost refuses infinities. */
static float finite_or_missing(double value)
{
    return isfinite((float)value) ? (float)value : NAN;
}

const struct transform transform_identity = {
    .name = "identity",
    .about = "the value as it is",
    .columns = 1,
    .kinds = NUMERIC,
};

/* A column that never varies has no scale: it is only centred. */
static void standardise(const struct feature *feature, const struct cell *cell,
                        const struct cell *other UNUSED, float *out)
{
    double scale = feature->scale > 0 ? feature->scale : 1;
    *out = finite_or_missing((cell->number - feature->centre) / scale);
}

const struct transform transform_standardise = {
    .name = "standardise",
    .about = "(value - mean) / standard deviation, both of the training rows (n, not n - 1)",
    .columns = 1,
    .kinds = NUMERIC,
    .needs_spread = true,
    .apply = standardise,
};

/* Odd, so that refunds keep their sign: log1p(|x|) with x's sign. */
static void log1p_signed(const struct feature *feature UNUSED, const struct cell *cell,
                         const struct cell *other UNUSED, float *out)
{
    *out = (float)copysign(log1p(fabs(cell->number)), cell->number);
}

const struct transform transform_log1p = {
    .name = "log1p",
    .about = "log(1 + |value|) with the value's sign",
    .columns = 1,
    .kinds = NUMERIC,
    .apply = log1p_signed,
};

static void ratio(const struct feature *feature UNUSED, const struct cell *cell,
                  const struct cell *other, float *out)
{
    *out = finite_or_missing(cell->number / other->number);
}

const struct transform transform_ratio = {
    .name = "ratio",
    .about = "one column over another; missing where the other is 0",
    .columns = 2,
    .kinds = NUMERIC,
    .apply = ratio,
};
