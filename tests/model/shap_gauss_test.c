#include "model/shap_gauss.h"

#include "harness.h"

#include <math.h>

enum { POINTS_MAX = 256 };

static double integral(size_t count, size_t power)
{
    double point[POINTS_MAX], weight[POINTS_MAX], sum = 0;
    gauss_points(count, point, weight);
    for (size_t i = 0; i < count; i++)
        sum += weight[i] * pow(point[i], (double)power);
    return sum;
}

TEST(two_points_stand_where_the_books_say)
{
    double point[2], weight[2];
    gauss_points(2, point, weight);
    NEAR(point[0], 0.5 - sqrt(1.0 / 12), 1e-15);
    NEAR(point[1], 0.5 + sqrt(1.0 / 12), 1e-15);
    NEAR(weight[0], 0.5, 1e-15);
    NEAR(weight[1], 0.5, 1e-15);
}

TEST(n_points_integrate_every_power_up_to_twice_n_less_one_exactly)
{
    static const size_t counts[] = {1, 2, 3, 4, 5, 8, 13, 40, POINTS_MAX};
    for (size_t i = 0; i < LENGTH_OF(counts); i++)
        for (size_t power = 0; power < 2 * counts[i]; power++)
            NEAR(integral(counts[i], power), 1 / (double)(power + 1), 2e-15);
    TRUE(fabs(integral(3, 6) - 1.0 / 7) > 1e-5); /* one more power is too much */
}
