#include "feature/fixture.h"

#include <float.h>

TEST(identity_is_the_value_as_a_float)
{
    NEAR(transformed(&transform_identity, -2.5), -2.5, 0);
    NEAR(transformed(&transform_identity, 0.1), 0.1F, 0);
    NEAR(transformed(&transform_identity, 0), 0, 0);
}

TEST(log1p_keeps_the_sign)
{
    NEAR(transformed(&transform_log1p, 0), 0, 0);
    NEAR(transformed(&transform_log1p, 1), 0.693147180559945, 1e-7);
    NEAR(transformed(&transform_log1p, 99), 4.605170185988092, 1e-6);
    NEAR(transformed(&transform_log1p, -99), -4.605170185988092, 1e-6);
    NEAR(transformed(&transform_log1p, -1), -0.693147180559945, 1e-7);
}

TEST(standardise_takes_the_centre_and_divides_by_the_scale)
{
    struct feature feature = {.transform = &transform_standardise, .centre = 10, .scale = 4};
    struct cell cell = {.number = 16};
    float out;
    transform_standardise.apply(&feature, &cell, &cell, &out);
    NEAR(out, 1.5, 0);
    feature.scale = 0;
    transform_standardise.apply(&feature, &cell, &cell, &out);
    NEAR(out, 6, 0);
}

TEST(a_result_past_a_float_is_missing_and_not_infinite)
{
    struct feature feature = {.transform = &transform_standardise, .scale = 1e-30};
    struct cell cell = {.number = (double)FLT_MAX}, tiny = {.number = 1e-30};
    float out;
    transform_standardise.apply(&feature, &cell, &cell, &out);
    TRUE(isnan(out));
    transform_ratio.apply(&feature, &cell, &tiny, &out);
    TRUE(isnan(out));
}

static float ratio(double one, double other)
{
    struct feature feature = {.transform = &transform_ratio};
    struct cell a = {.number = one}, b = {.number = other};
    float out;
    transform_ratio.apply(&feature, &a, &b, &out);
    return out;
}

TEST(ratio_is_one_column_over_the_other_and_missing_over_zero)
{
    NEAR(ratio(3, 4), 0.75, 0);
    NEAR(ratio(-1, 3), -1.0F / 3.0F, 1e-7);
    NEAR(ratio(0, 5), 0, 0);
    TRUE(isnan(ratio(1, 0)));
    TRUE(isnan(ratio(-1, 0)));
    TRUE(isnan(ratio(0, 0)));
    TRUE(isnan(ratio((double)NAN, 1)));
    TRUE(isnan(ratio(1, (double)NAN)));
}
