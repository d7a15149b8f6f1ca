#include "feature/fixture.h"

TEST(ordinal_is_the_place_in_the_order_and_unseen_is_missing)
{
    NEAR(transformed(&transform_ordinal, 0), 0, 0);
    NEAR(transformed(&transform_ordinal, 3), 3, 0);
    TRUE(isnan(transformed(&transform_ordinal, CODE_UNSEEN)));
}

static void hot(double code, float out[3])
{
    struct feature feature = {.transform = &transform_one_hot, .width = 3};
    struct cell cell = {.number = code};
    out[0] = out[1] = out[2] = 7;
    transform_one_hot.apply(&feature, &cell, &cell, out);
}

TEST(one_hot_is_a_one_in_the_value_s_place_and_unseen_is_zeros)
{
    float out[3];
    for (int code = 0; code < 3; code++) {
        hot(code, out);
        for (int i = 0; i < 3; i++)
            NEAR(out[i], i == code ? 1 : 0, 0);
    }
    hot(CODE_UNSEEN, out);
    NEAR(out[0] + out[1] + out[2], 0, 0);
    hot((double)NAN, out);
    NEAR(out[0] + out[1] + out[2], 0, 0);
}

TEST(frequency_is_the_value_s_share_and_unseen_is_zero)
{
    static const double share[] = {0.25, 0.5};
    struct feature feature = {.transform = &transform_frequency, .share = share, .shares = 2};
    struct cell cell = {.number = 1};
    float out;
    transform_frequency.apply(&feature, &cell, &cell, &out);
    NEAR(out, 0.5, 0);
    cell.number = 0;
    transform_frequency.apply(&feature, &cell, &cell, &out);
    NEAR(out, 0.25, 0);
    cell.number = CODE_UNSEEN;
    transform_frequency.apply(&feature, &cell, &cell, &out);
    NEAR(out, 0, 0);
}
