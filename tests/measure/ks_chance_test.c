#include "harness.h"

#include "measure/ks_chance.h"

#include <math.h>

/* All paths of 2 and 2 rows: of six orders, aabb and bbaa have the gap 1; abba, baab, abab and baba
 * have 1/2. */
TEST(small_samples_by_counting_all_orders)
{
    NEAR(ks_chance_exact(1, 2, 2), 2.0 / 6, 1e-15);
    NEAR(ks_chance_exact(0.5, 2, 2), 1, 1e-15);
    NEAR(ks_chance_exact(1, 1, 3), 2.0 / 4, 1e-15);
    NEAR(ks_chance_exact(0, 5, 9), 1, 0);
}

TEST(the_samples_may_change_places)
{
    for (size_t n = 1; n < 40; n += 3)
        for (size_t m = 1; m < 40; m += 7)
            NEAR(ks_chance_exact(0.3, n, m), ks_chance_exact(0.3, m, n), 1e-14);
}

TEST(exact_and_limit_meet_where_rows_are_many)
{
    NEAR(ks_chance_exact(0.02, 9000, 10000), kolmogorov_above(0.02, 4737), 0.002);
    NEAR(ks_chance(0.02, 9000, 10001), kolmogorov_above(0.02, 4737), 1e-4);
    NEAR(ks_chance(0.9, 10000, 10000), 0, 1e-300); /* too many cells to count: the limit */
}

/* Kolmogorov's limit: 2 sum (-1)^(k-1) exp(-2 k^2 z^2). */
TEST(of_many_rows_it_is_kolmogorovs_law)
{
    for (double z = 0.5; z < 3; z += 0.25) {
        double sum = 0, n = 4e6;
        for (int k = 1; k < 50; k++)
            sum += (k % 2 != 0 ? 2 : -2) * exp(-2 * k * k * z * z);
        NEAR(kolmogorov_above(z / sqrt(n), (size_t)n), sum, 1e-3);
    }
}

TEST(no_gap_is_sure_a_whole_one_never_and_no_rows_say_nothing)
{
    NEAR(kolmogorov_above(0, 100), 1, 0);
    NEAR(kolmogorov_above(1, 100), 0, 0);
    NEAR(kolmogorov_above(0.5, 0), 1, 0);
    NEAR(ks_chance(0.5, 0, 10), 1, 0);
    NEAR(ks_chance(0.5, 10, 0), 1, 0);
}
