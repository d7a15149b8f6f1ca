/* How the service answers. The figures come from the servers' own /metrics. */
#include "monitor/alarm.h"

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS   (60 * MINUTE_MS)

const struct alarm alarm_server_down = {
    .name = "server_down",
    .about = "A server does not answer",
    .measures = "whether a server of monitor.servers gave its /metrics",
    ALARM_JUDGED_IN(2, 3),
    .window_ms = MINUTE_MS,
    .severity = SEVERITY_CRITICAL,
    .runbook = "Ask its /readyz by hand, then look at its log; until it answers, its requests are "
               "in no other alarm's figures.",
};

const struct alarm alarm_latency = {
    .name = "latency",
    .about = "Answers are slow",
    .measures = "the 99th percentile of the time from a whole request to its answer",
    .quantity = QUANTITY_TIME,
    .compare = ALARM_ABOVE,
    .limit = 1,
    .recover = 0.8,
    .window_ms = 5 * MINUTE_MS,
    .breaches = 2,
    .windows = 3,
    .missing = MISSING_OK,
    .severity = SEVERITY_WARNING,
    .runbook =
        "Compare assay_http_request_duration_seconds by route and the servers' CPU; a canary "
        "that is slow is stopped by `assay experiment stop`.",
};

const struct alarm alarm_latency_severe = {
    .name = "latency_severe",
    .about = "Answers are very slow",
    .measures = "the 99th percentile of the time from a whole request to its answer",
    .quantity = QUANTITY_TIME,
    .compare = ALARM_ABOVE,
    .limit = 2,
    .recover = 1.6,
    .window_ms = 5 * MINUTE_MS,
    .breaches = 1,
    .windows = 1,
    .missing = MISSING_OK,
    .severity = SEVERITY_CRITICAL,
    .runbook = "Callers give up soon. Add servers, or let serve.deadline_ms answer with the "
               "fallback; then look for what is slow as for `latency`.",
};

const struct alarm alarm_errors = {
    .name = "errors",
    .about = "Requests fail",
    .measures = "answers of status 4xx and 5xx to scoring requests",
    .quantity = QUANTITY_NUMBER,
    .compare = ALARM_ABOVE,
    .limit = 10,
    .recover = 10,
    .window_ms = 5 * MINUTE_MS,
    .breaches = 1,
    .windows = 1,
    .missing = MISSING_OK,
    .severity = SEVERITY_WARNING,
    .runbook = "assay_http_requests_total by code and route says which; 4xx is a client that sends "
               "what the schema does not take, 5xx is ours: look at the server's log.",
};

const struct alarm alarm_error_rate = {
    .name = "error_rate",
    .about = "A large share of requests fails",
    .measures = "the share of answers of status 5xx among those to scoring requests",
    .quantity = QUANTITY_SHARE,
    .compare = ALARM_ABOVE,
    .limit = 0.05,
    .recover = 0.025,
    .window_ms = 5 * MINUTE_MS,
    .breaches = 1,
    .windows = 1,
    .missing = MISSING_OK,
    .severity = SEVERITY_CRITICAL,
    .runbook = "Look at the servers' logs. If it began with a promotion, `assay models rollback` "
               "puts the version before it back.",
};

const struct alarm alarm_invocations = {
    .name = "invocations",
    .about = "Nobody asks",
    .measures = "scoring requests",
    .quantity = QUANTITY_NUMBER,
    .compare = ALARM_BELOW,
    .limit = 1,
    .recover = 1,
    .window_ms = 30 * MINUTE_MS,
    .breaches = 1,
    .windows = 1,
    /* A quiet night is no fault; which hours are never quiet, the operator knows better. */
    .hours = "08:00-20:00",
    .days = "mon-fri",
    .missing = MISSING_KEEP,
    .severity = SEVERITY_ERROR,
    .runbook = "Ask a server's /readyz from where callers are: a balancer, a certificate or a key "
               "that expired keeps them away.",
};

/* Burn rate: how many times faster than allowed the error budget of alarms.objective is used up.
 * Two rates and their windows after the Site Reliability Workbook (Beyer et al. 2018), chapter
 * 5: 14.4 uses 2 % of a month's budget in an hour, 6 uses 5 % in six hours. A twelfth of the window
 * must burn as fast, so that the alarm is over soon after the fault is. */
const struct alarm alarm_error_budget = {
    .name = "error_budget",
    .about = "The error budget burns fast",
    .measures =
        "the burn rate: the share of 5xx over what alarms.objective allows, the lower of the "
        "window's and its last twelfth's",
    .quantity = QUANTITY_NUMBER,
    .compare = ALARM_ABOVE,
    .limit = 14.4,
    .recover = 14.4,
    .window_ms = HOUR_MS,
    .breaches = 1,
    .windows = 1,
    .missing = MISSING_OK,
    .severity = SEVERITY_CRITICAL,
    .runbook = "At this rate a month's allowance is gone in two days: as for `error_rate`.",
};

const struct alarm alarm_error_budget_slow = {
    .name = "error_budget_slow",
    .about = "The error budget burns",
    .measures = "the burn rate, as for error_budget, over a longer window",
    .quantity = QUANTITY_NUMBER,
    .compare = ALARM_ABOVE,
    .limit = 6,
    .recover = 6,
    .window_ms = 6 * HOUR_MS,
    .breaches = 1,
    .windows = 1,
    .missing = MISSING_OK,
    .severity = SEVERITY_WARNING,
    .runbook =
        "At this rate a month's allowance is gone in five days: find out which requests fail "
        "before it is.",
};
