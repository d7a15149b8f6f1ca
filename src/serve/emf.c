#include "serve/emf.h"

#include "base/clock.h"
#include "base/json.h"
#include "serve/process.h"
#include "serve/route.h"
#include "serve/sink.h"

#include <ctype.h>
#include <math.h>
#include <signal.h>
#include <time.h>

enum { FIGURES_MAX = 24, NAME_SIZE = 48, LINES_SIZE = 32 * 1024 };

struct figure {
    char name[NAME_SIZE];
    const char *unit;
    double value;
};

/* The figures of one line; those that nobody can know, the latency of no requests, are left out. */
struct figures {
    struct figure figure[FIGURES_MAX];
    size_t count;
};

struct emf {
    struct emf_options options;
    struct sink sink;
    struct emf_counts before;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wanted;
    bool running, stop, reopen; /* under the lock */
};

/* ---------------------------------------------------------------- counting */

static void count_route(const struct meters *meters, size_t route, struct emf_counts *out)
{
    for (size_t slot = 0; slot < HTTP_STATUS_SLOTS; slot++) {
        uint64_t requests = 0;
        for (size_t method = 0; method < METERS_METHODS; method++)
            requests += meters_sum_requests(meters, route, method, slot);
        int hundreds = http_status_at(slot) / 100;
        out->requests += requests;
        out->errors_4xx += hundreds == 4 ? requests : 0;
        out->errors_5xx += hundreds == 5 ? requests : 0;
    }
    for (size_t bucket = 0; bucket <= METERS_TIME_BOUNDS; bucket++)
        out->time[bucket] += meters_sum_time(meters, route, bucket);
    out->seconds += meters_sum_seconds(meters, route);
}

void emf_count(const struct emf_options *options, struct emf_counts *out)
{
    struct process process = process_now();
    *out = (struct emf_counts){.at_ms = clock_now_ms(),
                               .connections = atomic_load(&options->http->connections),
                               .waiting = atomic_load(&options->http->waiting),
                               .cpu_seconds = process.cpu_seconds,
                               .resident_bytes = process.resident_bytes};
    for (size_t i = 0; i < ROUTE_COUNT; i++)
        if (routes[i].scope == SCOPE_SCORE)
            count_route(options->meters, i, out);
    for (size_t i = 0; i < VARIANTS; i++) {
        meters_tally(options->meters, (enum variant)i, &out->variant[i]);
        out->variant_seconds[i] = meters_sum_variant_seconds(options->meters, (enum variant)i);
    }
}

/* ---------------------------------------------------------------- figures */

static void add(struct figures *figures, const char *name, const char *unit, double value)
{
    if (!isfinite(value))
        return;
    assert(figures->count < FIGURES_MAX);
    struct figure *figure = &figures->figure[figures->count++];
    snprintf(figure->name, sizeof figure->name, "%s", name);
    figure->unit = unit;
    figure->value = value;
}

/* The bound of the bucket that holds the share; NaN when there is nothing, or it is beyond all. */
static double quantile_us(const uint64_t *before, const uint64_t *after, double share)
{
    uint64_t total = 0, below = 0;
    for (size_t i = 0; i <= METERS_TIME_BOUNDS; i++)
        total += after[i] - before[i];
    for (size_t i = 0; i < METERS_TIME_BOUNDS && total > 0; i++) {
        below += after[i] - before[i];
        if ((double)below >= share * (double)total)
            return (double)meters_time_bound_ns[i] / 1e3;
    }
    return (double)NAN;
}

static void add_latency(struct figures *figures, const char *name, double seconds, uint64_t count,
                        const uint64_t *before, const uint64_t *after)
{
    char with[NAME_SIZE];
    add(figures, name, "Microseconds", count == 0 ? (double)NAN : seconds * 1e6 / (double)count);
    snprintf(with, sizeof with, "%sP50", name);
    add(figures, with, "Microseconds", quantile_us(before, after, 0.5));
    snprintf(with, sizeof with, "%sP99", name);
    add(figures, with, "Microseconds", quantile_us(before, after, 0.99));
}

/* "decline" is counted as DecisionsDecline. */
static void add_outcomes(struct figures *figures, const struct meters_labels *labels,
                         const struct meters_tally *before, const struct meters_tally *after)
{
    for (size_t i = 0; i < labels->outcome_count; i++) {
        char name[NAME_SIZE];
        const char *outcome = labels->outcome[i];
        snprintf(name, sizeof name, "Decisions%c%s", toupper((unsigned char)outcome[0]),
                 outcome + 1);
        add(figures, name, "Count", (double)(after->outcome[i] - before->outcome[i]));
    }
}

static struct figures endpoint_of(const struct emf_counts *before, const struct emf_counts *after)
{
    struct figures figures = {0};
    uint64_t requests = after->requests - before->requests;
    double seconds = (double)(after->at_ms - before->at_ms) / 1e3;
    add(&figures, "Invocations", "Count", (double)requests);
    add(&figures, "Invocation4XXErrors", "Count", (double)(after->errors_4xx - before->errors_4xx));
    add(&figures, "Invocation5XXErrors", "Count", (double)(after->errors_5xx - before->errors_5xx));
    add_latency(&figures, "RequestLatency", after->seconds - before->seconds, requests,
                before->time, after->time);
    add(&figures, "Connections", "Count", after->connections);
    add(&figures, "RequestsWaiting", "Count", after->waiting);
    add(&figures, "MemoryResident", "Bytes", after->resident_bytes);
    add(&figures, "CPUUtilization", "Percent",
        seconds <= 0 ? (double)NAN : 100 * (after->cpu_seconds - before->cpu_seconds) / seconds);
    return figures;
}

static struct figures variant_of(const struct emf_counts *before, const struct emf_counts *after,
                                 const struct meters_labels *labels, size_t variant)
{
    struct figures figures = {0};
    const struct meters_tally *from = &before->variant[variant], *to = &after->variant[variant];
    uint64_t requests = to->requests - from->requests;
    add(&figures, "Invocations", "Count", (double)requests);
    add(&figures, "InvocationModelErrors", "Count", (double)(to->failures - from->failures));
    add_latency(&figures, "ModelLatency",
                after->variant_seconds[variant] - before->variant_seconds[variant], requests,
                from->time, to->time);
    add_outcomes(&figures, labels, from, to);
    return figures;
}

/* ---------------------------------------------------------------- lines */

static void write_dimensions(struct json *json, const char *variant)
{
    json_key(json, "Dimensions");
    json_open(json, '[');
    json_open(json, '[');
    json_string(json, "Endpoint");
    if (variant != NULL)
        json_string(json, "Variant");
    json_close(json);
    json_close(json);
}

static void write_directive(const struct emf_options *options, const char *variant,
                            const struct figures *figures, int64_t at_ms, struct json *json)
{
    json_key(json, "_aws");
    json_open(json, '{');
    json_key(json, "Timestamp"), json_i64(json, at_ms);
    json_key(json, "CloudWatchMetrics");
    json_open(json, '[');
    json_open(json, '{');
    json_key(json, "Namespace"), json_string(json, options->namespace);
    write_dimensions(json, variant);
    json_key(json, "Metrics");
    json_open(json, '[');
    for (size_t i = 0; i < figures->count; i++) {
        json_open(json, '{');
        json_key(json, "Name"), json_string(json, figures->figure[i].name);
        json_key(json, "Unit"), json_string(json, figures->figure[i].unit);
        json_close(json);
    }
    json_close(json);
    json_close(json);
    json_close(json);
    json_close(json);
}

static void write_line(const struct emf_options *options, const char *variant,
                       const struct figures *figures, int64_t at_ms, struct text *out)
{
    struct json json = json_to(out);
    json_open(&json, '{');
    write_directive(options, variant, figures, at_ms, &json);
    json_key(&json, "Endpoint"), json_string(&json, options->endpoint);
    if (variant != NULL)
        json_key(&json, "Variant"), json_string(&json, variant);
    for (size_t i = 0; i < figures->count; i++) {
        json_key(&json, figures->figure[i].name);
        json_number(&json, figures->figure[i].value);
    }
    json_close(&json);
    text_addc(out, '\n');
}

void emf_write(const struct emf_options *options, const struct emf_counts *before,
               const struct emf_counts *after, struct text *out)
{
    struct figures figures = endpoint_of(before, after);
    write_line(options, NULL, &figures, after->at_ms, out);
    for (size_t i = 0; i < VARIANTS; i++) {
        if (after->variant[i].requests == before->variant[i].requests)
            continue;
        figures = variant_of(before, after, &options->meters->labels, i);
        write_line(options, variant_names[i], &figures, after->at_ms, out);
    }
}

/* ---------------------------------------------------------------- the thread */

static void write_now(struct emf *emf)
{
    char bytes[LINES_SIZE];
    struct emf_counts now;
    struct text text = text_in(bytes, sizeof bytes);
    emf_count(&emf->options, &now);
    emf_write(&emf->options, &emf->before, &now, &text);
    assert(!text.cut); /* three lines of a known number of figures */
    sink_write(&emf->sink, text_view(&text), (struct view){0});
    emf->before = now;
}

static struct timespec next_turn(unsigned every_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += every_ms / 1000;
    until.tv_nsec += (long)(every_ms % 1000) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    return until;
}

static void *run(void *emf_)
{
    struct emf *emf = emf_;
    bool stop = false;
    struct timespec until = next_turn(emf->options.every_ms);
    while (!stop) {
        struct err ignored = {0};
        int status = 0;
        pthread_mutex_lock(&emf->lock);
        while (!emf->stop && !emf->reopen && status == 0)
            status = pthread_cond_timedwait(&emf->wanted, &emf->lock, &until);
        bool reopen = emf->reopen;
        emf->reopen = false;
        stop = emf->stop;
        pthread_mutex_unlock(&emf->lock);
        if (reopen)
            sink_reopen(&emf->sink, &ignored); /* else the old file goes on */
        if (stop || status != 0) {
            write_now(emf);
            until = next_turn(emf->options.every_ms);
        }
    }
    return NULL;
}

void emf_reopen(struct emf *emf)
{
    pthread_mutex_lock(&emf->lock);
    emf->reopen = true;
    pthread_cond_signal(&emf->wanted);
    pthread_mutex_unlock(&emf->lock);
}

static bool start_thread(struct emf *emf, struct err *err)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int status = pthread_create(&emf->thread, NULL, run, emf);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    emf->running = status == 0;
    return emf->running ||
           err_set(err, ERR_IO, "cannot start the thread of serve.emf: %s", strerror(status));
}

struct emf *emf_open(const struct emf_options *options, struct err *err)
{
    pthread_condattr_t monotonic;
    struct emf *emf = calloc(1, sizeof *emf);
    assert(emf != NULL);
    emf->options = *options;
    emf_count(options, &emf->before);
    pthread_mutex_init(&emf->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&emf->wanted, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (sink_open(&emf->sink, options->path, err) && start_thread(emf, err))
        return emf;
    emf_close(emf);
    return NULL;
}

void emf_close(struct emf *emf)
{
    if (emf == NULL)
        return;
    pthread_mutex_lock(&emf->lock);
    emf->stop = true;
    pthread_cond_signal(&emf->wanted);
    pthread_mutex_unlock(&emf->lock);
    if (emf->running)
        pthread_join(emf->thread, NULL);
    sink_close(&emf->sink);
    pthread_cond_destroy(&emf->wanted);
    pthread_mutex_destroy(&emf->lock);
    free(emf);
}
