/* service: how the servers answer, by their own /metrics: latency, errors, traffic, the error
 * budget, the journal, memory; and whether they answer at all. */
#include "monitor/rules.h"
#include "monitor/servers.h"
#include "monitor/watch.h"

#include <math.h>

enum {
    RATE_LEAST = 20,     /* requests: of fewer, one failure is more than 5 % */
    LATENCY_LEAST = 100, /* requests: of fewer, the 99th percentile is the slowest one */
    BURN_PART = 12,      /* the short window is a twelfth of the long one */
};
#define SPARE_MS INT64_C(3600000) /* what is kept longer than the longest window is */

static const struct alarm *const covers[] = {
    &alarm_server_down, &alarm_latency,         &alarm_latency_severe, &alarm_errors,
    &alarm_error_rate,  &alarm_invocations,     &alarm_error_budget,   &alarm_error_budget_slow,
    &alarm_journal_lag, &alarm_journal_stalled, &alarm_memory,
};

struct service {
    struct watch_look *look;
    struct alarm_rules rules;
    struct servers all;
    size_t answered;
};

/* ---------------------------------------------------------------- readings */

static bool give(struct service *service, const struct alarm *alarm, struct view subject,
                 double value, const char *text, struct err *err)
{
    struct reading reading = {.alarm = alarm,
                              .subject = subject,
                              .state = isnan(value) ? STATE_INSUFFICIENT : STATE_OK,
                              .value = value,
                              .limit = (double)NAN,
                              .at_ms = service->look->now_ms,
                              .text = view_of(text)};
    return look_read(service->look, &reading, err);
}

static bool give_down(struct service *service, struct view server, const char *why, struct err *err)
{
    struct reading reading = {.alarm = &alarm_server_down,
                              .subject = server,
                              .state = why == NULL ? STATE_OK : STATE_ALARM,
                              .value = (double)NAN,
                              .limit = (double)NAN,
                              .at_ms = service->look->now_ms,
                              .text = why == NULL ? VIEW("it answers") : view_of(why)};
    return look_read(service->look, &reading, err);
}

static bool scrape_one(struct service *service, struct view server, struct err *err)
{
    struct figures figures;
    struct err why = {0};
    if (!scrape_server(&service->all.scraper, server, service->look->now_ms, &figures, &why)) {
        if (why.kind != ERR_STORE)
            return give_down(service, server, why.text, err);
        *err = why;
        return false;
    }
    service->answered++;
    return give_down(service, server, NULL, err) &&
           give(service, &alarm_journal_lag, server, figures.journal_lag_s, "", err) &&
           give(service, &alarm_journal_stalled, server, figures.journal_stalled, "", err) &&
           give(service, &alarm_memory, server, figures.resident_bytes, "", err);
}

/* All servers together, and how much of the window was seen of the one seen least. */
static bool sum_window(struct service *service, int64_t window_ms, struct scrape_window *out,
                       struct err *err)
{
    *out = (struct scrape_window){.covered_ms = window_ms};
    for (size_t i = 0; i < service->all.count; i++) {
        struct scrape_window one;
        if (!scrape_window(service->look->store, service->all.server[i], service->look->now_ms,
                           window_ms, &one, err))
            return false;
        figures_add(&out->increase, &one.increase);
        if (one.covered_ms < out->covered_ms)
            out->covered_ms = one.covered_ms;
    }
    return true;
}

static double failing_share(const struct figures *increase, double least)
{
    return increase->requests >= least && increase->requests > 0
               ? increase->server_errors / increase->requests
               : (double)NAN;
}

static int64_t window_of(const struct service *service, const struct alarm *alarm)
{
    return service->rules.rule[alarm_id_of(alarm)].window_ms;
}

static bool read_latency(struct service *service, const struct alarm *alarm, struct err *err)
{
    struct scrape_window window;
    char text[120];
    if (!sum_window(service, window_of(service, alarm), &window, err))
        return false;
    bool enough = window.increase.requests >= LATENCY_LEAST;
    snprintf(text, sizeof text, "of %.0f requests", window.increase.requests);
    return give(service, alarm, VIEW(""),
                enough ? figures_quantile(&window.increase, 0.99) : (double)NAN, text, err);
}

static bool read_errors(struct service *service, struct err *err)
{
    struct scrape_window window;
    char text[160];
    if (!sum_window(service, window_of(service, &alarm_errors), &window, err))
        return false;
    snprintf(text, sizeof text, "%.0f of status 4xx and %.0f of 5xx among %.0f answers",
             window.increase.client_errors, window.increase.server_errors,
             window.increase.requests);
    double errors = window.increase.client_errors + window.increase.server_errors;
    /* Few are few however little was seen only when something was seen. */
    return give(service, &alarm_errors, VIEW(""), window.covered_ms > 0 ? errors : (double)NAN,
                text, err);
}

static bool read_rate(struct service *service, struct err *err)
{
    struct scrape_window window;
    char text[120];
    if (!sum_window(service, window_of(service, &alarm_error_rate), &window, err))
        return false;
    snprintf(text, sizeof text, "%.0f of status 5xx among %.0f answers",
             window.increase.server_errors, window.increase.requests);
    return give(service, &alarm_error_rate, VIEW(""), failing_share(&window.increase, RATE_LEAST),
                text, err);
}

/* That nobody asked is known only when every server was seen all the time; a request is known at
 * once. */
static bool read_invocations(struct service *service, struct err *err)
{
    struct scrape_window window;
    int64_t wanted = window_of(service, &alarm_invocations);
    char text[120];
    if (!sum_window(service, wanted, &window, err))
        return false;
    double requests = window.increase.requests;
    bool known = requests > 0 || (window.covered_ms >= wanted - wanted / 10 &&
                                  service->answered == service->all.count);
    snprintf(text, sizeof text, "%.0f requests", requests);
    return give(service, &alarm_invocations, VIEW(""), known ? requests : (double)NAN, text, err);
}

static bool read_budget(struct service *service, const struct alarm *alarm, struct err *err)
{
    struct scrape_window lasting, recent;
    int64_t wanted = window_of(service, alarm);
    double allowed = 1 - service->rules.objective;
    char text[160];
    if (!sum_window(service, wanted, &lasting, err) ||
        !sum_window(service, wanted / BURN_PART, &recent, err))
        return false;
    /* Of a window that was seen for less than half, nothing is said. */
    bool known = lasting.covered_ms >= wanted / 2;
    double slow = failing_share(&lasting.increase, RATE_LEAST) / allowed;
    double fast = failing_share(&recent.increase, 1) / allowed;
    snprintf(text, sizeof text, "%.0f of status 5xx among %.0f answers",
             lasting.increase.server_errors, lasting.increase.requests);
    return give(service, alarm, VIEW(""),
                known && !isnan(slow) && !isnan(fast) ? fmin(slow, fast) : (double)NAN, text, err);
}

static int64_t longest_window(const struct service *service)
{
    int64_t longest = 0;
    for (size_t i = 0; i < ALARMS; i++)
        if (service->rules.rule[i].window_ms > longest)
            longest = service->rules.rule[i].window_ms;
    return longest;
}

static bool read_all(struct service *service, struct err *err)
{
    for (size_t i = 0; i < service->all.count; i++)
        if (!scrape_one(service, service->all.server[i], err))
            return false;
    text_addf(service->look->message, "%zu of %zu servers answer", service->answered,
              service->all.count);
    json_key(service->look->document, "servers");
    json_count(service->look->document, service->all.count);
    json_key(service->look->document, "answered");
    json_count(service->look->document, service->answered);
    return read_latency(service, &alarm_latency, err) &&
           read_latency(service, &alarm_latency_severe, err) && read_errors(service, err) &&
           read_rate(service, err) && read_invocations(service, err) &&
           read_budget(service, &alarm_error_budget, err) &&
           read_budget(service, &alarm_error_budget_slow, err);
}

static bool look(struct watch_look *look, struct err *err)
{
    struct service service = {.look = look};
    if (!alarm_rules_read(look->config, &service.rules, err) ||
        !servers_open(&service.all, look, err))
        return false;
    bool ok = service.all.count == 0 ||
              (read_all(&service, err) &&
               scrape_prune(look->store, look->now_ms - longest_window(&service) - SPARE_MS, err));
    if (service.all.count == 0)
        text_adds(look->message, "monitor.servers names none");
    servers_close(&service.all);
    return ok;
}

const struct watch watch_service = {
    .name = "service",
    .about = "how the servers answer, by their own metrics",
    .schedule = KEY_MONITOR_SERVICE,
    .covers = covers,
    .covers_count = LENGTH_OF(covers),
    .look = look,
};
