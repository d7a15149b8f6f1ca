#include "harness.h"

#include "measure/chance.h"

#include <math.h>

/* With two degrees of freedom the tail is exp(-x / 2). */
TEST(chi_square_of_two_degrees_is_exponential)
{
    for (double x = 0.01; x < 700; x *= 1.7)
        NEAR(chi_square_above(x, 2) / exp(-x / 2), 1, 1e-12);
    NEAR(chi_square_limit(0.01, 2), -2 * log(0.01), 1e-12);
}

TEST(chi_square_of_one_degree_is_a_squared_normal)
{
    for (double z = 0.1; z < 8; z += 0.3)
        NEAR(chi_square_above(z * z, 1), erfc(z / sqrt(2)), 1e-14);
}

TEST(nothing_is_surely_exceeded_and_infinity_never)
{
    NEAR(chi_square_above(0, 3), 1, 0);
    NEAR(chi_square_above(-1, 3), 1, 0);
    NEAR(chi_square_above((double)INFINITY, 3), 0, 0);
    NEAR(chi_square_above(1e6, 12), 0, 1e-300);
}

TEST(the_limit_is_where_the_tail_is_the_chance)
{
    for (double degrees = 1; degrees < 300; degrees *= 2)
        for (double chance = 0.9; chance > 1e-12; chance /= 7)
            NEAR(chi_square_above(chi_square_limit(chance, degrees), degrees) / chance, 1, 1e-10);
}

TEST(binomial_densities_by_hand_and_at_the_ends)
{
    NEAR(binomial_density(2, 4, 0.5), 6.0 / 16, 1e-15);
    NEAR(binomial_density(0, 3, 0.25), 27.0 / 64, 1e-15);
    NEAR(binomial_density(3, 3, 0.25), 1.0 / 64, 1e-15);
    NEAR(binomial_density(0, 3, 0), 1, 0);
    NEAR(binomial_density(1, 3, 0), 0, 0);
    NEAR(binomial_density(3, 3, 1), 1, 0);
    NEAR(binomial_density(4, 3, 0.5), 0, 0);
    NEAR(binomial_density(0, 0, 0.5), 1, 0);
    double sum = 0;
    for (double k = 0; k <= 1000; k++)
        sum += binomial_density(k, 1000, 0.002);
    NEAR(sum, 1, 1e-12);
}

/* Fisher's lady: four cups of eight, three named rightly. Of 70 choices 16 + 16 + 1 + 1 are no
 * likelier. */
TEST(rates_are_compared_as_fisher_did)
{
    NEAR(rates_chance(3, 4, 1, 4), 34.0 / 70, 1e-14);
    NEAR(rates_chance(4, 4, 0, 4), 2.0 / 70, 1e-14);
    NEAR(rates_chance(0, 4, 0, 4), 1, 1e-14);
    NEAR(rates_chance(0, 0, 3, 4), 1, 0);
    NEAR(rates_chance(5, 1000, 7, 1000), rates_chance(7, 1000, 5, 1000), 1e-13);
    NEAR(rates_chance(995, 1000, 993, 1000), rates_chance(5, 1000, 7, 1000), 1e-13);
    TRUE(rates_chance(200, 100000, 400, 100000) < 1e-12);
}

/* Holm's own steps by hand: .01 <= .05/4, .013 <= .05/3, .03 > .05/2. */
TEST(holms_level_is_where_his_steps_end)
{
    static const double chance[] = {0.03, 0.01, 0.5, 0.013};
    NEAR(holm_level(chance, sizeof *chance, 4, 4, 0.05), 0.05 / 2, 1e-17);
    NEAR(holm_level(chance + 2, sizeof *chance, 1, 1, 0.05), 0.05, 0);
    static const double all[] = {0, 0, 0};
    NEAR(holm_level(all, sizeof *all, 3, 3, 0.05), 0.05, 0);
}
