#include "serve/meters.h"

#include "base/number.h"
#include "base/version.h"
#include "http/http_response.h"
#include "serve/process.h"

struct page {
    struct meters *meters;
    struct text *text;
    struct process process;
    const struct meters_outside *outside;
    struct meters_alarm *alarm; /* as they were when the page began */
    size_t alarms;
};

/* ---------------------------------------------------------------- lines */

static void add_label(struct text *text, const char *name, const char *value, char before)
{
    text_addc(text, before);
    text_adds(text, name);
    text_adds(text, "=\"");
    for (; *value != '\0'; value++) {
        if (*value == '\n')
            text_adds(text, "\\n");
        else if (*value == '"' || *value == '\\')
            text_addc(text, '\\'), text_addc(text, *value);
        else
            text_addc(text, *value);
    }
    text_addc(text, '"');
}

static void add_double(struct text *text, double value)
{
    if (value != value)
        text_adds(text, "NaN");
    else
        text_add_number(text, value);
    text_addc(text, '\n');
}

static void line(const struct page *page, const char *name, double value)
{
    text_adds(page->text, name);
    text_addc(page->text, ' ');
    add_double(page->text, value);
}

static void line_count(const struct page *page, const char *name, uint64_t value)
{
    text_adds(page->text, name);
    text_addc(page->text, ' ');
    text_add_u64(page->text, value);
    text_addc(page->text, '\n');
}

/* name_bucket{label="...",le="..."} value; no label when it is NULL. */
static void line_bucket(const struct page *page, const char *name, const char *label,
                        const char *of, double bound, uint64_t value)
{
    struct text *text = page->text;
    char le[NUMBER_SIZE];
    if (bound > 0)
        number_print(bound, le);
    text_adds(text, name);
    text_adds(text, "_bucket");
    if (label != NULL)
        add_label(text, label, of, '{');
    add_label(text, "le", bound > 0 ? le : "+Inf", label == NULL ? '{' : ',');
    text_adds(text, "} ");
    text_add_u64(text, value);
    text_addc(text, '\n');
}

/* name_sum or name_count, with the label when there is one. */
static void line_total(const struct page *page, const char *name, const char *what,
                       const char *label, const char *of, double value)
{
    text_adds(page->text, name);
    text_adds(page->text, what);
    if (label != NULL) {
        add_label(page->text, label, of, '{');
        text_addc(page->text, '}');
    }
    text_addc(page->text, ' ');
    add_double(page->text, value);
}

/* ---------------------------------------------------------------- the meters */

static const char *route_name(const struct page *page, size_t route)
{
    const struct meters_labels *labels = &page->meters->labels;
    return route < labels->route_count ? labels->route[route] : "none";
}

static void requests_of_route(const struct page *page, const char *name, size_t route)
{
    struct text *text = page->text;
    for (size_t method = 0; method < METERS_METHODS; method++) {
        for (size_t slot = 0; slot <= HTTP_STATUS_SLOTS; slot++) {
            uint64_t count = meters_sum_requests(page->meters, route, method, slot);
            if (count == 0)
                continue;
            text_adds(text, name);
            add_label(text, "route", route_name(page, route), '{');
            add_label(text, "method", meters_method[method], ',');
            text_adds(text, ",code=\"");
            if (slot < HTTP_STATUS_SLOTS)
                text_addf(text, "%d", http_status_at(slot));
            else
                text_adds(text, "other");
            text_adds(text, "\"} ");
            text_add_u64(text, count);
            text_addc(text, '\n');
        }
    }
}

static void write_http_requests(const struct page *page, const char *name)
{
    for (size_t route = 0; route <= page->meters->labels.route_count; route++)
        requests_of_route(page, name, route);
}

static void write_http_request_duration(const struct page *page, const char *name)
{
    const struct meters *meters = page->meters;
    for (size_t route = 0; route <= meters->labels.route_count; route++) {
        uint64_t count = 0, all = 0;
        for (size_t i = 0; i <= METERS_TIME_BOUNDS; i++)
            all += meters_sum_time(meters, route, i);
        if (all == 0)
            continue;
        for (size_t i = 0; i < METERS_TIME_BOUNDS; i++) {
            count += meters_sum_time(meters, route, i);
            line_bucket(page, name, "route", route_name(page, route),
                        (double)meters_time_bound_ns[i] / 1e9, count);
        }
        count += meters_sum_time(meters, route, METERS_TIME_BOUNDS);
        line_bucket(page, name, "route", route_name(page, route), 0, count);
        line_total(page, name, "_sum", "route", route_name(page, route),
                   meters_sum_seconds(meters, route));
        line_total(page, name, "_count", "route", route_name(page, route), (double)count);
    }
}

static void write_http_in_progress(const struct page *page, const char *name)
{
    line_count(page, name, meters_sum_in_progress(page->meters));
}

static void write_http_connections(const struct page *page, const char *name)
{
    line_count(page, name, page->outside->connections);
}

static void write_score(const struct page *page, const char *name)
{
    uint64_t count = 0;
    for (size_t i = 0; i < METERS_SCORE_BOUNDS; i++) {
        count += meters_sum_score(page->meters, i);
        line_bucket(page, name, NULL, NULL, meters_score_bound[i], count);
    }
    count += meters_sum_score(page->meters, METERS_SCORE_BOUNDS);
    line_bucket(page, name, NULL, NULL, 0, count);
    line_total(page, name, "_sum", NULL, NULL, meters_sum_scores(page->meters));
    line_total(page, name, "_count", NULL, NULL, (double)count);
}

static void write_decisions(const struct page *page, const char *name)
{
    for (size_t variant = 0; variant < VARIANTS; variant++) {
        for (size_t i = 0; i < page->meters->labels.outcome_count; i++) {
            uint64_t count = meters_sum_outcome(page->meters, (enum variant)variant, i);
            if (count == 0 && variant != VARIANT_CHAMPION)
                continue;
            text_adds(page->text, name);
            add_label(page->text, "outcome", page->meters->labels.outcome[i], '{');
            add_label(page->text, "variant", variant_names[variant], ',');
            text_adds(page->text, "} ");
            text_add_u64(page->text, count);
            text_addc(page->text, '\n');
        }
    }
}

static void write_amount_decided(const struct page *page, const char *name)
{
    for (size_t i = 0; i < page->meters->labels.outcome_count; i++) {
        text_adds(page->text, name);
        add_label(page->text, "outcome", page->meters->labels.outcome[i], '{');
        text_adds(page->text, "} ");
        add_double(page->text, meters_sum_amount(page->meters, i));
    }
}

static void write_variant_failures(const struct page *page, const char *name)
{
    for (size_t variant = 0; variant < VARIANTS; variant++) {
        struct meters_tally tally;
        meters_tally(page->meters, (enum variant)variant, &tally);
        text_adds(page->text, name);
        add_label(page->text, "variant", variant_names[variant], '{');
        text_adds(page->text, "} ");
        text_add_u64(page->text, tally.failures);
        text_addc(page->text, '\n');
    }
}

static void write_variant_duration(const struct page *page, const char *name)
{
    for (size_t variant = 0; variant < VARIANTS; variant++) {
        struct meters_tally tally;
        uint64_t count = 0;
        meters_tally(page->meters, (enum variant)variant, &tally);
        if (tally.requests == 0)
            continue;
        const char *value = variant_names[variant];
        for (size_t i = 0; i < METERS_TIME_BOUNDS; i++) {
            count += tally.time[i];
            line_bucket(page, name, "variant", value, (double)meters_time_bound_ns[i] / 1e9, count);
        }
        count += tally.time[METERS_TIME_BOUNDS];
        line_bucket(page, name, "variant", value, 0, count);
        line_total(page, name, "_sum", "variant", value,
                   meters_sum_variant_seconds(page->meters, (enum variant)variant));
        line_total(page, name, "_count", "variant", value, (double)count);
    }
}

static void write_experiment_share(const struct page *page, const char *name)
{
    const struct meters_outside *outside = page->outside;
    if (outside->experiment == NULL)
        return;
    text_adds(page->text, name);
    add_label(page->text, "experiment", outside->experiment, '{');
    add_label(page->text, "kind", outside->experiment_kind, ',');
    text_adds(page->text, "} ");
    add_double(page->text, outside->experiment_share);
}

/* The meters that are one count, without labels. */
#define COUNT_WRITER(id, which)                                                                    \
    static void write_##id(const struct page *page, const char *name)                              \
    {                                                                                              \
        line_count(page, name, meters_sum_count(page->meters, which));                             \
    }
COUNT_WRITER(absent_filled, METER_ABSENT_FILLED)
COUNT_WRITER(unseen_categories, METER_UNSEEN_CATEGORIES)
COUNT_WRITER(fallbacks, METER_FALLBACKS)
COUNT_WRITER(repeated, METER_REPEATED)
COUNT_WRITER(cache_hits, METER_CACHE_HITS)
COUNT_WRITER(cache_misses, METER_CACHE_MISSES)
COUNT_WRITER(labels, METER_LABELS)
COUNT_WRITER(shadow_differences, METER_SHADOW_DIFFERENCES)
COUNT_WRITER(quality_rows, METER_QUALITY_ROWS)

static bool quality_at(const struct page *page, size_t place, struct meters_quality *out)
{
    pthread_mutex_lock(&page->meters->lock);
    bool taken = place < page->meters->qualities;
    if (taken)
        *out = page->meters->quality[place];
    pthread_mutex_unlock(&page->meters->lock);
    return taken;
}

static void write_quality_violations(const struct page *page, const char *name)
{
    struct meters_quality quality;
    for (size_t place = 0; quality_at(page, place, &quality); place++) {
        text_adds(page->text, name);
        add_label(page->text, "expectation", quality.expectation, '{');
        add_label(page->text, "column", quality.column, ',');
        add_label(page->text, "severity", quality.severity, ',');
        text_adds(page->text, "} ");
        text_add_u64(page->text, meters_sum_violations(page->meters, place));
        text_addc(page->text, '\n');
    }
}

static void line_alarm(const struct page *page, const char *name, const struct meters_alarm *alarm,
                       double value)
{
    if (value != value)
        return;
    text_adds(page->text, name);
    add_label(page->text, "alarm", alarm->alarm, '{');
    add_label(page->text, "subject", alarm->subject, ',');
    text_adds(page->text, "} ");
    add_double(page->text, value);
}

#define ALARM_WRITER(id, member)                                                                   \
    static void write_##id(const struct page *page, const char *name)                              \
    {                                                                                              \
        for (size_t i = 0; i < page->alarms; i++)                                                  \
            line_alarm(page, name, &page->alarm[i], (double)page->alarm[i].member);                \
    }
ALARM_WRITER(alarm_state, state)
ALARM_WRITER(alarm_value, value)
ALARM_WRITER(alarm_limit, limit)

static void write_journal_appended(const struct page *page, const char *name)
{
    line_count(page, name, page->outside->journal_appended);
}

static void write_journal_dropped(const struct page *page, const char *name)
{
    line_count(page, name, page->outside->journal_dropped);
}

static void write_journal_lag(const struct page *page, const char *name)
{
    line(page, name, page->outside->journal_lag_s);
}

static void write_certificate_expires(const struct page *page, const char *name)
{
    if (page->outside->tls.expires_ms > 0)
        line(page, name, (double)page->outside->tls.expires_ms / 1e3);
}

static void write_lists_expire(const struct page *page, const char *name)
{
    if (page->outside->tls.lists_expire_ms > 0)
        line(page, name, (double)page->outside->tls.lists_expire_ms / 1e3);
}

static void write_certificates_refused(const struct page *page, const char *name)
{
    for (size_t i = 0; i < TLS_REFUSALS && page->outside->tls.expires_ms > 0; i++) {
        text_adds(page->text, name);
        add_label(page->text, "reason", tls_refusal_names[i], '{');
        text_adds(page->text, "} ");
        text_add_u64(page->text, page->outside->tls.refused[i]);
        text_addc(page->text, '\n');
    }
}

static void write_journal_stalled(const struct page *page, const char *name)
{
    line_count(page, name, page->outside->journal_stalled);
}

static struct meters_model model_at(const struct page *page, size_t slot)
{
    pthread_mutex_lock(&page->meters->lock);
    struct meters_model model = page->meters->model[slot];
    pthread_mutex_unlock(&page->meters->lock);
    return model;
}

static void write_access_log_dropped(const struct page *page, const char *name)
{
    line_count(page, name, meters_sum_count(page->meters, METER_ACCESS_LOG_DROPPED));
}

static void write_model_info(const struct page *page, const char *name)
{
    for (size_t slot = 0; slot < METERS_MODELS_MAX; slot++) {
        struct meters_model model = model_at(page, slot);
        if (model.sha256[0] == '\0')
            continue;
        text_adds(page->text, name);
        add_label(page->text, "model", model.model, '{');
        add_label(page->text, "version", model.version, ',');
        add_label(page->text, "sha256", model.sha256, ',');
        add_label(page->text, "alias", model.alias, ',');
        text_adds(page->text, "} 1\n");
    }
}

static void write_model_load_time(const struct page *page, const char *name)
{
    for (size_t slot = 0; slot < METERS_MODELS_MAX; slot++) {
        struct meters_model model = model_at(page, slot);
        if (model.sha256[0] == '\0')
            continue;
        text_adds(page->text, name);
        add_label(page->text, "model", model.model, '{');
        add_label(page->text, "alias", model.alias, ',');
        text_adds(page->text, "} ");
        add_double(page->text, (double)model.loaded_ms / 1e3);
    }
}

static void write_build_info(const struct page *page, const char *name)
{
    text_adds(page->text, name);
    add_label(page->text, "version", ASSAY_VERSION, '{');
    text_adds(page->text, "} 1\n");
}

static void write_process_cpu(const struct page *page, const char *name)
{
    line(page, name, page->process.cpu_seconds);
}

static void write_process_memory(const struct page *page, const char *name)
{
    line(page, name, page->process.resident_bytes);
}

static void write_process_files(const struct page *page, const char *name)
{
    line(page, name, page->process.open_files);
}

static void write_process_start(const struct page *page, const char *name)
{
    line(page, name, page->process.started_s);
}

/* ---------------------------------------------------------------- the page */

static const struct meter {
    const char *name, *type, *help;
    void (*write)(const struct page *page, const char *name);
} meters_table[] = {
#define METER(id, type, name, help) {name, #type, help, write_##id},
#include "serve/meters.def"
#undef METER
};

/* The family's name: OpenMetrics leaves a counter's "_total" to its samples. */
static struct view family_of(const struct meter *meter, bool open_metrics)
{
    struct view name = view_of(meter->name), total = VIEW("_total");
    if (open_metrics && strcmp(meter->type, "counter") == 0 && name.length > total.length)
        name.length -= total.length;
    return name;
}

/* Three families show them, and they are replaced meanwhile. */
static struct meters_alarm *copy_alarms(struct meters *meters, size_t *count)
{
    pthread_mutex_lock(&meters->lock);
    struct meters_alarm *copy = calloc(meters->alarms + 1, sizeof *copy);
    assert(copy != NULL);
    if (meters->alarms > 0)
        memcpy(copy, meters->alarm, meters->alarms * sizeof *copy);
    *count = meters->alarms;
    pthread_mutex_unlock(&meters->lock);
    return copy;
}

void meters_write(struct meters *meters, const struct meters_outside *outside, bool open_metrics,
                  struct text *text)
{
    struct page page = {
        .meters = meters, .text = text, .process = process_now(), .outside = outside};
    page.alarm = copy_alarms(meters, &page.alarms);
    for (size_t i = 0; i < LENGTH_OF(meters_table); i++) {
        const struct meter *meter = &meters_table[i];
        struct view family = family_of(meter, open_metrics);
        text_adds(text, "# HELP "), text_add(text, family);
        text_addf(text, " %s\n# TYPE ", meter->help);
        text_add(text, family);
        text_addf(text, " %s\n", meter->type);
        meter->write(&page, meter->name);
    }
    if (open_metrics)
        text_adds(text, "# EOF\n");
    free(page.alarm);
}
