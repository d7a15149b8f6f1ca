/*
 * figures: what alarms want to know of a server's /metrics, in a few numbers.
 *
 * Counters go up until the server starts anew. The increase between two looks at a server is their
 * difference, or all of the later one when it was started between them; increases add up over time
 * and over servers. Only routes that decide count (monitor/scored_routes.def): a health check is no
 * request.
 */
#ifndef MONITOR_FIGURES_H
#define MONITOR_FIGURES_H

#include "base/doc.h"
#include "base/json.h"

enum { FIGURES_BOUNDS_MAX = 32 };

struct figures {
    /* Counters. */
    double requests, client_errors, server_errors; /* answered at all; with 4xx; with 5xx */
    size_t bounds;
    double bound[FIGURES_BOUNDS_MAX];  /* seconds, rising; the last is infinite */
    double within[FIGURES_BOUNDS_MAX]; /* requests that took no longer */

    /* As of now; NaN: it does not say. */
    double started_s; /* since 1970 */
    double resident_bytes, journal_lag_s, journal_stalled;
};

/* Of a page of Prometheus' text format. ERR_INPUT. */
bool figures_parse(struct figures *out, struct view page, struct err *err);

/* To keep: an object. False: the document is none of these. */
void figures_write(const struct figures *figures, struct json *json);
bool figures_read(struct figures *out, const struct doc *doc);

/* Counters alone: what was added between two looks at one server, and sums of these. */
struct figures figures_increase(const struct figures *before, const struct figures *after);
void figures_add(struct figures *sum, const struct figures *increase);

/* The time within which a share of the requests was answered, as Prometheus' histogram_quantile has
 * it: linear within a bucket; the largest finite bound when it lies beyond that. NaN: no requests.
 */
double figures_quantile(const struct figures *increase, double share);

bool figures_is_scored(struct view route);

#endif
