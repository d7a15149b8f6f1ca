/*
 * canary: whether the rival of a step may go on to the next.
 *
 *     struct canary_view now = {champion, rival, since_ms};          of this step alone
 *     switch (canary_judge(&rules, &now, why, sizeof why)) ...
 *
 * It is the champion on the other entities that the rival is held to, in the same minutes: what
 * happens to both alarms nobody. An alarm needs evidence: too few requests are no reason to go
 * back, and none to go on.
 */
#ifndef SERVE_CANARY_H
#define SERVE_CANARY_H

#include "serve/meters.h"

struct canary_rules {
    uint64_t least;       /* requests of the rival before anything is said */
    double failures;      /* more, as a share of its requests, than the champion's */
    double latency_ratio; /* its p99 against the champion's */
    double alert_ratio;   /* its share of reviews and declines, either way */
    int64_t bake_ms;      /* of each step */
};

struct canary_view {
    struct meters_tally champion, rival; /* of the step */
    int64_t elapsed_ms;
};

enum canary_verdict { CANARY_WAIT, CANARY_GO_ON, CANARY_GO_BACK };

/* `why` tells what alarmed, or what is waited for. */
enum canary_verdict canary_judge(const struct canary_rules *rules, const struct canary_view *view,
                                 char *why, size_t size);

/* What came after `before`. */
struct meters_tally meters_tally_since(const struct meters_tally *now,
                                       const struct meters_tally *before);

#endif
