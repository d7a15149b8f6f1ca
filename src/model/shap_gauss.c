#include "model/shap_gauss.h"

#include <math.h>

/* The Legendre polynomial of a degree, by its three-term recurrence, and its derivative. */
static double legendre(size_t degree, double x, double *slope)
{
    double before = 1, value = x;
    for (size_t k = 2; k <= degree; k++) {
        double next = ((double)(2 * k - 1) * x * value - (double)(k - 1) * before) / (double)k;
        before = value;
        value = next;
    }
    *slope = (double)degree * (before - x * value) / (1 - x * x);
    return value;
}

/* The points are the polynomial's zeros: a cosine comes so near each that Newton's steps, which
 * double the digits, end within a few (Press et al., Numerical Recipes, 4.6). */
void gauss_points(size_t count, double *point, double *weight)
{
    enum { STEPS = 8 };
    for (size_t i = 0; i < count; i++) {
        double slope, x = cos(M_PI * ((double)i + 0.75) / ((double)count + 0.5));
        for (int step = 0; step < STEPS; step++) {
            double value = legendre(count, x, &slope);
            x -= value / slope;
        }
        legendre(count, x, &slope);
        point[i] = (1 - x) / 2;
        weight[i] = 1 / ((1 - x * x) * slope * slope);
    }
}
