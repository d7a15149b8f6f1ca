#include "monitor/figures.h"

#include "monitor/exposition.h"
#include "base/number.h"

#include <math.h>

static const char *const scored_routes[] = {
#define SCORED(path) path,
#include "monitor/scored_routes.def"
#undef SCORED
};

bool figures_is_scored(struct view route)
{
    for (size_t i = 0; i < LENGTH_OF(scored_routes); i++)
        if (view_is(route, scored_routes[i]))
            return true;
    return false;
}

/* ---------------------------------------------------------------- of a page */

static void take_request(struct figures *out, const struct exposition_sample *sample)
{
    struct view code = exposition_label(sample, "code");
    out->requests += sample->value;
    if (view_starts(code, "4"))
        out->client_errors += sample->value;
    if (view_starts(code, "5"))
        out->server_errors += sample->value;
}

/* All routes have the same bounds, in rising order. */
static bool take_bucket(struct figures *out, const struct exposition_sample *sample)
{
    struct view text = exposition_label(sample, "le");
    double bound;
    size_t i = 0;
    if (view_is(text, "+Inf"))
        bound = (double)INFINITY;
    else if (!number_parse(text, &bound))
        return false;
    while (i < out->bounds && out->bound[i] != bound)
        i++;
    if (i == out->bounds) {
        if (i == FIGURES_BOUNDS_MAX || (i > 0 && bound < out->bound[i - 1]))
            return false;
        out->bound[out->bounds++] = bound;
    }
    out->within[i] += sample->value;
    return true;
}

static bool take(struct figures *out, const struct exposition_sample *sample)
{
    static const struct {
        const char *name;
        size_t offset;
    } gauges[] = {
        {"process_start_time_seconds", offsetof(struct figures, started_s)},
        {"process_resident_memory_bytes", offsetof(struct figures, resident_bytes)},
        {"assay_journal_lag_seconds", offsetof(struct figures, journal_lag_s)},
        {"assay_journal_stalled", offsetof(struct figures, journal_stalled)},
    };
    for (size_t i = 0; i < LENGTH_OF(gauges); i++)
        if (view_is(sample->name, gauges[i].name))
            memcpy((char *)out + gauges[i].offset, &sample->value, sizeof sample->value);
    bool counted = figures_is_scored(exposition_label(sample, "route"));
    if (counted && !(sample->value >= 0 && sample->value <= NUMBER_EXACT_MAX))
        return false; /* no counter's */
    if (counted && view_is(sample->name, "assay_http_requests_total"))
        take_request(out, sample);
    if (counted && view_is(sample->name, "assay_http_request_duration_seconds_bucket"))
        return take_bucket(out, sample);
    return true;
}

static const struct figures nothing = {
    .started_s = (double)NAN,
    .resident_bytes = (double)NAN,
    .journal_lag_s = (double)NAN,
    .journal_stalled = (double)NAN,
};

bool figures_parse(struct figures *out, struct view page, struct err *err)
{
    struct exposition exposition = exposition_of(page);
    struct exposition_sample sample;
    struct figures figures = nothing;
    bool ours = false;
    while (exposition_next(&exposition, &sample, err)) {
        ours |= view_is(sample.name, "assay_build_info");
        if (!take(&figures, &sample))
            return err_set(err, ERR_INPUT, "line %zu: '" VIEW_FMT "' has no value it can have",
                           exposition.line, VIEW_ARG(sample.name));
    }
    if (err->kind != ERR_NONE)
        return false;
    if (!ours)
        return err_set(err, ERR_INPUT, "these are not the metrics of `assay serve`");
    *out = figures;
    return true;
}

/* ---------------------------------------------------------------- to keep */

static const struct {
    const char *name;
    size_t offset;
} members[] = {
    {"requests", offsetof(struct figures, requests)},
    {"client_errors", offsetof(struct figures, client_errors)},
    {"server_errors", offsetof(struct figures, server_errors)},
    {"started_s", offsetof(struct figures, started_s)},
    {"resident_bytes", offsetof(struct figures, resident_bytes)},
    {"journal_lag_s", offsetof(struct figures, journal_lag_s)},
    {"journal_stalled", offsetof(struct figures, journal_stalled)},
};

void figures_write(const struct figures *figures, struct json *json)
{
    double value;
    json_open(json, '{');
    for (size_t i = 0; i < LENGTH_OF(members); i++) {
        memcpy(&value, (const char *)figures + members[i].offset, sizeof value);
        json_key(json, members[i].name), json_number(json, value);
    }
    json_key(json, "within");
    json_open(json, '[');
    for (size_t i = 0; i < figures->bounds; i++) { /* an infinite bound is null */
        json_open(json, '[');
        json_number(json, figures->bound[i]);
        json_number(json, figures->within[i]);
        json_close(json);
    }
    json_close(json);
    json_close(json);
}

static double number_of(const struct doc *doc, double absent)
{
    return doc != NULL && doc->kind == DOC_NUMBER ? doc->number : absent;
}

bool figures_read(struct figures *out, const struct doc *doc)
{
    const struct doc *within = doc_find(doc, "within");
    struct figures figures = nothing;
    if (within == NULL || within->kind != DOC_LIST || within->count > FIGURES_BOUNDS_MAX)
        return false;
    for (size_t i = 0; i < LENGTH_OF(members); i++) {
        double value = number_of(doc_find(doc, members[i].name), (double)NAN);
        memcpy((char *)&figures + members[i].offset, &value, sizeof value);
    }
    for (const struct doc *pair = within->first; pair != NULL; pair = pair->next) {
        if (pair->kind != DOC_LIST || pair->count != 2)
            return false;
        figures.bound[figures.bounds] = number_of(pair->first, (double)INFINITY);
        figures.within[figures.bounds++] = number_of(pair->first->next, 0);
    }
    if (isnan(figures.requests) || isnan(figures.client_errors) || isnan(figures.server_errors))
        return false;
    *out = figures;
    return true;
}

/* ---------------------------------------------------------------- between two looks */

static bool same_bounds(const struct figures *a, const struct figures *b)
{
    return a->bounds == b->bounds && memcmp(a->bound, b->bound, a->bounds * sizeof *a->bound) == 0;
}

static bool started_between(const struct figures *before, const struct figures *after)
{
    bool fell = after->requests < before->requests ||
                after->client_errors < before->client_errors ||
                after->server_errors < before->server_errors;
    /* The start's time is a sum of two clocks and wavers by a tick. */
    bool later = after->started_s > before->started_s + 1;
    for (size_t i = 0; i < after->bounds && same_bounds(before, after); i++)
        fell |= after->within[i] < before->within[i];
    return fell || later;
}

struct figures figures_increase(const struct figures *before, const struct figures *after)
{
    struct figures out = *after;
    if (started_between(before, after))
        return out;
    out.requests -= before->requests;
    out.client_errors -= before->client_errors;
    out.server_errors -= before->server_errors;
    bool same = same_bounds(before, after);
    for (size_t i = 0; i < out.bounds && same; i++)
        out.within[i] -= before->within[i];
    if (!same && before->bounds > 0)
        out.bounds = 0; /* what fell into which bucket is not known */
    return out;
}

/* Servers of two versions may have two sets of bounds: the first one's count. */
void figures_add(struct figures *sum, const struct figures *increase)
{
    sum->requests += increase->requests;
    sum->client_errors += increase->client_errors;
    sum->server_errors += increase->server_errors;
    if (sum->bounds == 0) {
        sum->bounds = increase->bounds;
        memcpy(sum->bound, increase->bound, sizeof sum->bound);
        memcpy(sum->within, increase->within, sizeof sum->within);
        return;
    }
    for (size_t i = 0; i < sum->bounds && same_bounds(sum, increase); i++)
        sum->within[i] += increase->within[i];
}

double figures_quantile(const struct figures *increase, double share)
{
    size_t n = increase->bounds, i = 0;
    if (n < 2 || !(increase->within[n - 1] > 0))
        return (double)NAN;
    double rank = share * increase->within[n - 1];
    while (i < n - 1 && increase->within[i] < rank)
        i++;
    if (i == n - 1)
        return increase->bound[n - 2];
    double below = i == 0 ? 0 : increase->within[i - 1];
    double from = i == 0 ? 0 : increase->bound[i - 1], inside = increase->within[i] - below;
    return inside > 0 ? from + (increase->bound[i] - from) * (rank - below) / inside
                      : increase->bound[i];
}
