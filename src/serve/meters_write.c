#include "serve/meters.h"

#include "base/number.h"
#include "base/version.h"
#include "serve/http_response.h"
#include "serve/process.h"

struct page {
    struct meters *meters;
    struct text *text;
    struct process process;
    unsigned connections;
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

/* name_bucket{route="...",le="..."} value; no route when it is NULL. */
static void line_bucket(const struct page *page, const char *name, const char *route, double bound,
                        uint64_t value)
{
    struct text *text = page->text;
    char le[NUMBER_SIZE];
    if (bound > 0)
        number_print(bound, le);
    text_adds(text, name);
    text_adds(text, "_bucket");
    if (route != NULL)
        add_label(text, "route", route, '{');
    add_label(text, "le", bound > 0 ? le : "+Inf", route == NULL ? '{' : ',');
    text_adds(text, "} ");
    text_add_u64(text, value);
    text_addc(text, '\n');
}

/* name_sum or name_count, with the route when there is one. */
static void line_total(const struct page *page, const char *name, const char *what,
                       const char *route, double value)
{
    text_adds(page->text, name);
    text_adds(page->text, what);
    if (route != NULL) {
        add_label(page->text, "route", route, '{');
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
            line_bucket(page, name, route_name(page, route), (double)meters_time_bound_ns[i] / 1e9,
                        count);
        }
        count += meters_sum_time(meters, route, METERS_TIME_BOUNDS);
        line_bucket(page, name, route_name(page, route), 0, count);
        line_total(page, name, "_sum", route_name(page, route), meters_sum_seconds(meters, route));
        line_total(page, name, "_count", route_name(page, route), (double)count);
    }
}

static void write_http_in_progress(const struct page *page, const char *name)
{
    line_count(page, name, meters_sum_in_progress(page->meters));
}

static void write_http_connections(const struct page *page, const char *name)
{
    line_count(page, name, page->connections);
}

static void write_score(const struct page *page, const char *name)
{
    uint64_t count = 0;
    for (size_t i = 0; i < METERS_SCORE_BOUNDS; i++) {
        count += meters_sum_score(page->meters, i);
        line_bucket(page, name, NULL, meters_score_bound[i], count);
    }
    count += meters_sum_score(page->meters, METERS_SCORE_BOUNDS);
    line_bucket(page, name, NULL, 0, count);
    line_total(page, name, "_sum", NULL, meters_sum_scores(page->meters));
    line_total(page, name, "_count", NULL, (double)count);
}

static void write_decisions(const struct page *page, const char *name)
{
    for (size_t i = 0; i < page->meters->labels.outcome_count; i++) {
        text_adds(page->text, name);
        add_label(page->text, "outcome", page->meters->labels.outcome[i], '{');
        text_adds(page->text, "} ");
        text_add_u64(page->text, meters_sum_outcome(page->meters, i));
        text_addc(page->text, '\n');
    }
}

static void write_absent_filled(const struct page *page, const char *name)
{
    line_count(page, name, meters_sum_count(page->meters, METER_ABSENT_FILLED));
}

static void write_unseen_categories(const struct page *page, const char *name)
{
    line_count(page, name, meters_sum_count(page->meters, METER_UNSEEN_CATEGORIES));
}

static struct meters_model model_at(const struct page *page, size_t slot)
{
    pthread_mutex_lock(&page->meters->lock);
    struct meters_model model = page->meters->model[slot];
    pthread_mutex_unlock(&page->meters->lock);
    return model;
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

void meters_write(struct meters *meters, unsigned connections, struct text *text)
{
    const struct page page = {meters, text, process_now(), connections};
    for (size_t i = 0; i < LENGTH_OF(meters_table); i++) {
        const struct meter *meter = &meters_table[i];
        text_addf(text, "# HELP %s %s\n# TYPE %s %s\n", meter->name, meter->help, meter->name,
                  meter->type);
        meter->write(&page, meter->name);
    }
}
