/*
 * interval: how far a figure may be from the truth.
 *
 * DeLong's (1988) for roc_auc, by placements in O(n log n) (Sun and Xu, 2014), normal:
 *
 *     struct interval auc = delong_of(&ranking, 0.95);
 *
 * The bootstrap for any metric of the table: entities (cards, policies) are drawn again with all
 * their rows, those with a fraud and those without apart, so that every draw has frauds. Two models
 * on the same rows are drawn together, and their difference is the second less the first:
 *
 *     struct bootstrap bootstrap;
 *     struct interval each[2], difference[1];
 *     const struct metric *metric[] = {&metric_pr_auc};
 *     if (!bootstrap_init(&bootstrap, contender, 2, card, seed, arena, err) ||
 *         !bootstrap_intervals(&bootstrap, metric, 1, 1000, 0.95, arena, each, difference, err))
 *         return false;
 *
 * Draw number r depends on the seed and r alone: whoever has several threads gives each a range of
 * bootstrap_draw, and gets the same numbers. Nothing sorts but bootstrap_init.
 *
 * With weights (measure/sample.h) an entity is drawn with its rows' weights. DeLong's theory counts
 * rows and says nothing of weights: there its bounds are NaN, and the bootstrap serves instead.
 *
 * Undefined is NaN: DeLong's bounds where a class has fewer than two rows; the bootstrap's where
 * fewer than half of the draws are defined. Undefined draws are left out and counted.
 */
#ifndef MEASURE_INTERVAL_H
#define MEASURE_INTERVAL_H

#include "measure/metrics.h"

struct interval {
    double value;
    double low;
    double high;
    double deviation; /* the standard error */
    size_t draws;     /* defined ones; 0 for DeLong's */
};

enum { BOOTSTRAP_DRAWS = 1000, BOOTSTRAP_MODELS_MAX = 2 };

/* The point that a share p of the normal distribution lies below; 0 < p < 1. */
double normal_quantile(double p);

/* `level` is two-sided: 0.95 leaves .025 at each end. Within [0, 1]. */
struct interval delong_of(const struct ranking *ranking, double level);

/* roc_auc of b less that of a, on the same rows (asserted: the labels are equal), without
 * weights (asserted). */
bool delong_difference(const struct sample *a, const struct sample *b, double level,
                       struct arena *arena, struct interval *out, struct err *err);

/* One model on the rows, with the threshold it would be deployed with. */
struct contender {
    struct sample sample;
    float threshold;
};

/* A model's rows from the highest score down: 2 x entity + label, and their weights, or NULL. */
struct bootstrap_order {
    const uint32_t *row;
    const double *weight;
    const struct score_group *group; /* of all rows */
    size_t groups;
    float threshold;
};

struct bootstrap {
    uint64_t seed;
    size_t rows;
    size_t models;
    uint32_t entities;
    uint32_t compromised; /* entities with a fraud; they come first */
    struct bootstrap_order order[BOOTSTRAP_MODELS_MAX];
};

/* `entity` is by row, any numbers; NULL: each row for itself. 1 or 2 contenders, on the same rows
 * with the same weights (asserted). What it points to is in the arena. */
bool bootstrap_init(struct bootstrap *bootstrap, const struct contender *contender, size_t models,
                    const uint32_t *entity, uint64_t seed, struct arena *arena, struct err *err);

/* Draws first .. first + draws - 1; value[(draw x metrics + metric) x models + model]. */
bool bootstrap_draw(const struct bootstrap *bootstrap, size_t first, size_t draws,
                    const struct metric *const *metric, size_t metric_count, struct arena *arena,
                    double *value, struct err *err);

/* Percentile intervals; each[metric x models + model]. `difference`, by metric, may be NULL. */
bool bootstrap_intervals(const struct bootstrap *bootstrap, const struct metric *const *metric,
                         size_t metric_count, size_t draws, double level, struct arena *arena,
                         struct interval *each, struct interval *difference, struct err *err);

/* The metric on the rows themselves, each once. */
double bootstrap_point(const struct bootstrap *bootstrap, const struct metric *metric,
                       size_t model);

/* Sorts the defined ones to the front and returns how many they are; then the share p of them,
 * between neighbours in a straight line (as numpy's percentile). */
size_t draws_sort(double *draw, size_t count);
double draws_quantile(const double *sorted, size_t count, double p);

#endif
