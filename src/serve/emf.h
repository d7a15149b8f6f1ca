/*
 * emf: each minute's figures as lines of JSON that CloudWatch makes metrics of
 * (its Embedded Metric Format): one line for the endpoint, one for each variant
 * that decided anything. Where standard error goes to CloudWatch Logs, on Lambda,
 * ECS or SageMaker, that is all it needs.
 *
 *     struct emf *emf = emf_open(&options, err);
 *     emf_close(emf);                 the minute that has begun is written too
 *
 * Names and units are those of Amazon SageMaker's endpoints where it has one.
 */
#ifndef SERVE_EMF_H
#define SERVE_EMF_H

#include "http/http.h"
#include "serve/meters.h"

struct emf_options {       /* what it points to outlives the emf */
    const char *path;      /* NULL: standard error */
    const char *namespace; /* of the metrics, in CloudWatch */
    const char *endpoint;  /* their dimension */
    const struct meters *meters;
    struct http *http;
    unsigned every_ms;
};

struct emf;
struct emf *emf_open(const struct emf_options *options, struct err *err);
void emf_close(struct emf *emf);  /* NULL is fine */
void emf_reopen(struct emf *emf); /* the file, soon */

/* ---- what the thread does, for tests */

struct emf_counts {                            /* since the start */
    uint64_t requests, errors_4xx, errors_5xx; /* of the routes that score */
    uint64_t time[METERS_TIME_BOUNDS + 1];
    double seconds;
    struct meters_tally variant[VARIANTS];
    double variant_seconds[VARIANTS];
    unsigned connections, waiting; /* now */
    double cpu_seconds, resident_bytes;
    int64_t at_ms;
};

void emf_count(const struct emf_options *options, struct emf_counts *out);
/* What happened from one count to the next. */
void emf_write(const struct emf_options *options, const struct emf_counts *before,
               const struct emf_counts *after, struct text *out);

#endif
