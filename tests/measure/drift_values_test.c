#include "harness.h"

#include "measure/drift.h"

#include "base/rng.h"

#include <math.h>

static struct arena arena = {.limit = 1 << 24};

static double figure(const struct drift *drift, const float *before, size_t before_rows,
                     const float *now, size_t rows)
{
    struct drift_reference r;
    struct drift_window w;
    struct err err = {0};
    arena_reset(&arena);
    WORKS(drift_reference_numbers(&r, before, before_rows, &arena, &err), err);
    WORKS(drift_window_numbers(&w, &r, now, rows, &arena, &err), err);
    return drift->distance(&r, &w);
}

TEST(ks_by_hand_with_ties_and_on_either_side)
{
    static const float a[] = {1, 2, 2, 3}, b[] = {2, 4};
    NEAR(figure(&drift_ks, a, 4, b, 2), 0.5, 0); /* at 3: 1 against 1/2 */
    NEAR(figure(&drift_ks, b, 2, a, 4), 0.5, 0);
    static const float low[] = {-5, -4}, inside[] = {2, 2, 2};
    NEAR(figure(&drift_ks, a, 4, low, 2), 1, 0);
    NEAR(figure(&drift_ks, a, 4, inside, 3), 0.25, 0); /* right before 2, and at it */
    static const float far[] = {INFINITY, 1};
    NEAR(figure(&drift_ks, a, 4, far, 2), 0.5, 0);
    NEAR(figure(&drift_ks, far, 2, far, 2), 0, 0);
}

/* The climb through the reference in blocks, beside the definition at every value. */
TEST(ks_of_many_rows_is_the_widest_gap_at_any_value)
{
    enum { BEFORE = 2000, NOW = 300 };
    for (uint32_t round = 0; round < 40; round++) {
        float a[BEFORE], b[NOW];
        struct rng rng = rng_of(6, round, 0);
        size_t before = 1 + rng_below(&rng, BEFORE), rows = 1 + rng_below(&rng, NOW);
        double grain = round % 2 != 0 ? 8 : 1e6;
        for (size_t i = 0; i < before; i++)
            a[i] = (float)(floor(rng_normal(&rng) * grain) / grain);
        for (size_t i = 0; i < rows; i++)
            b[i] = (float)(floor((rng_normal(&rng) + 0.2) * grain) / grain);
        double widest = 0;
        for (size_t i = 0; i < before + rows; i++) {
            float at = i < before ? a[i] : b[i - before];
            size_t left = 0, right = 0;
            for (size_t k = 0; k < before; k++)
                left += a[k] <= at;
            for (size_t k = 0; k < rows; k++)
                right += b[k] <= at;
            widest =
                fmax(widest, fabs((double)left / (double)before - (double)right / (double)rows));
        }
        NEAR(figure(&drift_ks, a, before, b, rows), widest, 1e-15);
    }
}

TEST(wasserstein_of_a_shift_is_the_shift_and_its_scales_are_the_references)
{
    static const float a[] = {0, 1, 2, 3, 4}, b[] = {10, 11, 12, 13, 14};
    NEAR(figure(&drift_wasserstein, a, 5, b, 5), 10, 1e-15);
    NEAR(figure(&drift_wasserstein_sigma, a, 5, b, 5), 10 / sqrt(2), 1e-12);
    NEAR(figure(&drift_wasserstein_iqr, a, 5, b, 5), 5, 1e-15);
    static const float c[] = {0, 1}, d[] = {0, 0, 0, 1};
    NEAR(figure(&drift_wasserstein, c, 2, d, 4), 0.25, 1e-15);
}

TEST(a_constant_column_is_its_own_scale)
{
    static const float two[] = {2, 2, 2}, three[] = {3, 3}, zero[] = {0, 0};
    NEAR(figure(&drift_wasserstein_sigma, two, 3, three, 2), 0.5, 1e-15);
    NEAR(figure(&drift_wasserstein_iqr, two, 3, three, 2), 0.5, 1e-15);
    NEAR(figure(&drift_wasserstein_sigma, zero, 2, three, 2), 3, 1e-15);
    NEAR(figure(&drift_wasserstein_sigma, two, 3, two, 3), 0, 0);
    static const float atom[] = {0, 0, 0, 0, 0, 0, 0, 9};
    TRUE(figure(&drift_wasserstein_iqr, atom, 8, three, 2) > 0);
}

TEST(infinities_and_missing_are_not_of_the_area)
{
    static const float a[] = {0, 1, NAN, INFINITY}, b[] = {-INFINITY, 1, NAN, 2};
    NEAR(figure(&drift_wasserstein, a, 4, b, 4), 1, 1e-15);
    static const float far[] = {INFINITY, INFINITY}, none[] = {NAN};
    NEAR(figure(&drift_wasserstein, a, 4, far, 2), 0, 0);
    NEAR(figure(&drift_wasserstein, a, 4, none, 1), 0, 0);
    NEAR(figure(&drift_ks, a, 4, none, 1), 0, 0);
}
