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
#include "http/tls.h"

#include <pthread.h>

struct meters_labels { /* outlive the meters */
    const char *const *route;
    size_t route_count;
    const char *const *outcome;
    size_t outcome_count;
};

/* Which of the line-up's models decided. */
enum variant { VARIANT_CHAMPION, VARIANT_RIVAL, VARIANT_SHADOW, VARIANTS };
extern const char *const variant_names[VARIANTS]; /* "champion", ... */

struct meters_decision {
    enum variant variant;
    double score;
    size_t outcome;
    double amount; /* NaN: not known */
};

enum meter_count { /* those with no labels */
                   METER_ABSENT_FILLED,
                   METER_UNSEEN_CATEGORIES,
                   METER_ACCESS_LOG_DROPPED,
                   METER_FALLBACKS,
                   METER_REPEATED,
                   METER_LABELS,
                   METER_SHADOW_DIFFERENCES,
                   METER_QUALITY_ROWS,
                   METER_CACHE_HITS,
                   METER_CACHE_MISSES,
                   METER_COUNTS,
};

enum {
    METERS_QUALITY_MAX = 1024, /* the last stands for all that found no place */
    METERS_ALARMS_MAX = 2048,
    METERS_MODELS_MAX = 8,
    METERS_WORKS_MAX = 256,
    METERS_BATCHES = 16, /* sizes that are told apart */
    METERS_OUTCOMES_MAX = 8,
    METERS_SCORE_BOUNDS = 15,
    METERS_TIME_BOUNDS = 16
};

extern const double meters_score_bound[METERS_SCORE_BOUNDS];
extern const int64_t meters_time_bound_ns[METERS_TIME_BOUNDS];

struct meters_model {
    char model[128], version[64], sha256[65], alias[64];
    int64_t loaded_ms;
};

/* An expectation's labels. Once it has a place it keeps it, so that its counter never falls. */
struct meters_quality {
    char expectation[65], column[257];
    const char *severity;
};

/* What the monitor last said of one thing. */
struct meters_alarm {
    char alarm[64], subject[201];
    int state;
    double value, limit; /* NaN: none */
};

struct meters_version {
    char name[129], version[64];
};

struct meters_shard;

struct meters {
    unsigned workers;
    struct meters_labels labels;
    struct meters_shard **shard;
    pthread_mutex_t lock; /* of the models, which change when one is loaded */
    struct meters_model model[METERS_MODELS_MAX];
    struct meters_quality *quality; /* METERS_QUALITY_MAX, under the same lock */
    size_t qualities;
    struct meters_alarm *alarm; /* under the same lock; NULL: nothing was said */
    size_t alarms;
    struct meters_version *work; /* METERS_WORKS_MAX, under the same lock */
    uint16_t works;
    int64_t
        ticks_from_us; /* 1970 and this are clock_ticks_ns() 0, by the wall clock at the opening */
};

void meters_open(struct meters *meters, unsigned workers, struct meters_labels labels);
void meters_close(struct meters *meters);

/* One request: begun, ended. `route` may be labels.route_count: refused before it had one. */
void meters_begin(struct meters *meters, unsigned worker);
void meters_end(struct meters *meters, unsigned worker, size_t route, struct view method,
                int status, int64_t elapsed_ns);
/* A request that was refused before it began; only counted. */
void meters_refused(struct meters *meters, unsigned worker, int status);

void meters_decision(struct meters *meters, unsigned worker,
                     const struct meters_decision *decision);
/* A request that a variant decided, or could not. */
void meters_variant(struct meters *meters, unsigned worker, enum variant variant, bool failed,
                    int64_t elapsed_ns);
void meters_add(struct meters *meters, unsigned worker, enum meter_count which, uint64_t by);

/* The place of an expectation's counter, a new one or the one it has. Not on the scoring path. */
uint16_t meters_quality_place(struct meters *meters, struct view expectation, struct view column,
                              const char *severity);
void meters_violation(struct meters *meters, unsigned worker, uint16_t place);

/* What the monitor says now, in place of what it said before; beyond METERS_ALARMS_MAX left out.
 * From any thread. */
void meters_set_alarms(struct meters *meters, const struct meters_alarm *alarm, size_t count);

/* Says what is served in a slot; NULL: nothing any more. From any thread. */
void meters_set_model(struct meters *meters, size_t slot, const struct meters_model *model);

/* What one variant did since the start. */
struct meters_tally {
    uint64_t requests, failures;
    uint64_t outcome[METERS_OUTCOMES_MAX];
    uint64_t time[METERS_TIME_BOUNDS + 1];
};
void meters_tally(const struct meters *meters, enum variant variant, struct meters_tally *out);

/* Of the champion's, a request that the experiment could have given to the rival: it is these that
 * the rival is held to, and not batches, or what has no entity. */
void meters_beside(struct meters *meters, unsigned worker, size_t outcome, int64_t elapsed_ns);
void meters_tally_beside(const struct meters *meters, struct meters_tally *out);

/* What one version of a model did since the server began. */
struct meters_work {
    char name[129], version[64];
    uint64_t rows;                /* of requests that it decided */
    uint64_t requests, time_ns;   /* decided */
    uint64_t failures, failed_ns; /* could not be, and not for what was in them */
    int64_t last_ticks_ns;        /* by clock_ticks_ns(); 0: never */
    struct {
        uint64_t requests, time_ns;
    } batch[METERS_BATCHES]; /* decided, of one row, of two, ... */
};

/* Where a version is counted, from 1 on; a version that comes again has the same. The last place is
 * of all who found none. Not on the scoring path. */
uint16_t meters_work_place(struct meters *meters, const char *name, const char *version);

struct meters_done {
    uint16_t place; /* 0: nobody's */
    bool failed;
    size_t rows;
    int64_t elapsed_ns, now_ns;
};
void meters_work(struct meters *meters, unsigned worker, const struct meters_done *done);

/* False: there is nobody at this place, nor at a later one. From any thread. */
bool meters_work_at(struct meters *meters, uint16_t place, struct meters_work *out);

/* What others know, for the page. */
struct meters_outside {
    unsigned connections;
    struct tls_state tls; /* zeros: none */
    bool has_journal;
    uint64_t journal_appended, journal_dropped;
    double journal_lag_s;
    bool journal_stalled;
    const char *experiment, *experiment_kind; /* NULL: none runs */
    double experiment_share;
};

/* The page: Prometheus' text format 0.0.4, or OpenMetrics 1.0. */
#define METERS_CONTENT_TYPE      "text/plain; version=0.0.4; charset=utf-8"
#define METERS_OPEN_CONTENT_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"
void meters_write(struct meters *meters, const struct meters_outside *outside, bool open_metrics,
                  struct text *text);

/* ---- for meters_write.c: the shards added up */

uint64_t meters_sum_requests(const struct meters *meters, size_t route, size_t method,
                             size_t status_slot);
uint64_t meters_sum_time(const struct meters *meters, size_t route, size_t bucket);
double meters_sum_seconds(const struct meters *meters, size_t route);
uint64_t meters_sum_score(const struct meters *meters, size_t bucket);
double meters_sum_scores(const struct meters *meters);
uint64_t meters_sum_outcome(const struct meters *meters, enum variant variant, size_t outcome);
double meters_sum_amount(const struct meters *meters, size_t outcome); /* what clients were told */
double meters_sum_variant_seconds(const struct meters *meters, enum variant variant);
uint64_t meters_sum_count(const struct meters *meters, enum meter_count which);
uint64_t meters_sum_in_progress(const struct meters *meters);
uint64_t meters_sum_violations(const struct meters *meters, size_t place);

enum { METERS_METHODS = 8 };
extern const char *const meters_method[METERS_METHODS]; /* the last is "other" */

#endif
