/*
 * meters: what is counted while serving, in Prometheus' words.
 *
 * Each worker has a shard of its own and is the only one to write it: counting
 * is a load and a store, no lock and no shared cache line. A scrape adds the
 * shards up while they move on.
 *
 *     struct meters_labels labels = {routes, route_count, outcomes, outcome_count};
 *     meters_open(&meters, workers, labels);
 *     meters_begin(&meters, worker);
 *     meters_end(&meters, worker, route, method, status, elapsed_ns);
 *     meters_write(&meters, connections, &text);
 *
 * Label values are few and known beforehand: a route is a row of the route
 * table, never a path that somebody sent.
 */
#ifndef SERVE_METERS_H
#define SERVE_METERS_H

#include "base/text.h"

#include <pthread.h>

struct meters_labels { /* outlive the meters */
    const char *const *route;
    size_t route_count;
    const char *const *outcome;
    size_t outcome_count;
};

enum meter_count { /* those with no labels */
                   METER_ABSENT_FILLED,
                   METER_UNSEEN_CATEGORIES,
                   METER_COUNTS,
};

enum {
    METERS_MODELS_MAX = 8,
    METERS_OUTCOMES_MAX = 8,
    METERS_SCORE_BOUNDS = 15,
    METERS_TIME_BOUNDS = 13
};

extern const double meters_score_bound[METERS_SCORE_BOUNDS];
extern const int64_t meters_time_bound_ns[METERS_TIME_BOUNDS];

struct meters_model {
    char model[128], version[64], sha256[65], alias[64];
    int64_t loaded_ms;
};

struct meters_shard;

struct meters {
    unsigned workers;
    struct meters_labels labels;
    struct meters_shard **shard;
    pthread_mutex_t lock; /* of the models, which change when one is loaded */
    struct meters_model model[METERS_MODELS_MAX];
};

void meters_open(struct meters *meters, unsigned workers, struct meters_labels labels);
void meters_close(struct meters *meters);

/* One request: begun, ended. `route` may be labels.route_count: refused before it had one. */
void meters_begin(struct meters *meters, unsigned worker);
void meters_end(struct meters *meters, unsigned worker, size_t route, struct view method,
                int status, int64_t elapsed_ns);
/* A request that was refused before it began; only counted. */
void meters_refused(struct meters *meters, unsigned worker, int status);

void meters_score(struct meters *meters, unsigned worker, double score, size_t outcome);
void meters_add(struct meters *meters, unsigned worker, enum meter_count which, uint64_t by);

/* Says what is served in a slot; NULL: nothing any more. From any thread. */
void meters_set_model(struct meters *meters, size_t slot, const struct meters_model *model);

/* The page, text format 0.0.4. */
#define METERS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"
void meters_write(struct meters *meters, unsigned connections, struct text *text);

/* ---- for meters_write.c: the shards added up */

uint64_t meters_sum_requests(const struct meters *meters, size_t route, size_t method,
                             size_t status_slot);
uint64_t meters_sum_time(const struct meters *meters, size_t route, size_t bucket);
double meters_sum_seconds(const struct meters *meters, size_t route);
uint64_t meters_sum_score(const struct meters *meters, size_t bucket);
double meters_sum_scores(const struct meters *meters);
uint64_t meters_sum_outcome(const struct meters *meters, size_t outcome);
uint64_t meters_sum_count(const struct meters *meters, enum meter_count which);
uint64_t meters_sum_in_progress(const struct meters *meters);

enum { METERS_METHODS = 8 };
extern const char *const meters_method[METERS_METHODS]; /* the last is "other" */

#endif
