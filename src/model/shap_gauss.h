/*
 * shap_gauss: where and how heavily to sample a polynomial, so that its integral is exact.
 *
 * The rule of Gauss and Legendre: n points integrate every polynomial of degree
 * up to 2 n - 1 from 0 to 1 without error.
 */
#ifndef MODEL_SHAP_GAUSS_H
#define MODEL_SHAP_GAUSS_H

#include "base/base.h"

/* Points inside (0, 1), ascending, and their weights, which sum to 1. */
void gauss_points(size_t count, double *point, double *weight);

#endif
