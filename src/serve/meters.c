#include "serve/meters.h"

#include "base/clock.h"
#include "http/http_response.h"

#include <stdatomic.h>

const double meters_score_bound[METERS_SCORE_BOUNDS] = {.01, .02, .05, .1, .2,  .3,  .4, .5,
                                                        .6,  .7,  .8,  .9, .95, .99, 1};
const int64_t meters_time_bound_ns[METERS_TIME_BOUNDS] = {
    50000,      100000,     250000,     500000,     1000000,   2500000,
    5000000,    10000000,   25000000,   50000000,   100000000, 250000000,
    1000000000, 2000000000, 5000000000, 10000000000}; /* past the limits that alarms have: 1 s and 2
                                                         s */

const char *const variant_names[VARIANTS] = {"champion", "rival", "shadow"};

const char *const meters_method[METERS_METHODS] = {"GET",    "HEAD",    "POST",  "PUT",
                                                   "DELETE", "OPTIONS", "PATCH", "other"};

enum { STATUSES = HTTP_STATUS_SLOTS + 1 }; /* the last: a status that is not in the table */

struct per_route {
    atomic_uint_fast64_t requests[METERS_METHODS][STATUSES];
    atomic_uint_fast64_t time[METERS_TIME_BOUNDS + 1];
    atomic_uint_fast64_t time_ns;
};

struct per_variant {
    atomic_uint_fast64_t requests, failures;
    atomic_uint_fast64_t outcome[METERS_OUTCOMES_MAX];
    atomic_uint_fast64_t time[METERS_TIME_BOUNDS + 1];
    atomic_uint_fast64_t time_ns;
};

struct per_work {
    atomic_uint_fast64_t rows, requests, time_ns, failures, failed_ns, last_ticks_ns;
    struct {
        atomic_uint_fast64_t requests, time_ns;
    } batch[METERS_BATCHES];
};

struct meters_shard {
    atomic_uint_fast64_t begun, ended;
    atomic_uint_fast64_t count[METER_COUNTS];
    atomic_uint_fast64_t violation[METERS_QUALITY_MAX];
    struct per_variant variant[VARIANTS], beside;
    struct per_work work[METERS_WORKS_MAX];
    _Atomic double amount[METERS_OUTCOMES_MAX];
    atomic_uint_fast64_t score[METERS_SCORE_BOUNDS + 1];
    _Atomic double scores;
    struct per_route route[]; /* one more than there are: requests without a route */
};

/* The shard has one writer, so no read-modify-write is needed: two plain moves. */
static void add(atomic_uint_fast64_t *at, uint64_t by)
{
    uint64_t now = atomic_load_explicit(at, memory_order_relaxed);
    atomic_store_explicit(at, now + by, memory_order_relaxed);
}

static uint64_t read_count(const atomic_uint_fast64_t *at)
{
    return atomic_load_explicit(at, memory_order_relaxed);
}

void meters_open(struct meters *meters, unsigned workers, struct meters_labels labels)
{
    assert(labels.outcome_count <= METERS_OUTCOMES_MAX);
    *meters = (struct meters){.workers = workers, .labels = labels};
    meters->ticks_from_us = clock_now_us() - clock_ticks_ns() / 1000;
    pthread_mutex_init(&meters->lock, NULL);
    meters->shard = calloc(workers, sizeof *meters->shard);
    meters->quality = calloc(METERS_QUALITY_MAX, sizeof *meters->quality);
    meters->work = calloc(METERS_WORKS_MAX, sizeof *meters->work);
    assert(meters->shard != NULL && meters->quality != NULL && meters->work != NULL);
    for (unsigned i = 0; i < workers; i++) {
        enum { CACHE_LINE = 64 };
        size_t size = sizeof(struct meters_shard) +
                      (labels.route_count + 1) * sizeof(struct per_route) + CACHE_LINE;
        size -= size % CACHE_LINE;
        meters->shard[i] = aligned_alloc(CACHE_LINE, size);
        assert(meters->shard[i] != NULL);
        memset((void *)meters->shard[i], 0, size);
    }
}

void meters_close(struct meters *meters)
{
    if (meters->shard == NULL)
        return;
    for (unsigned i = 0; i < meters->workers; i++)
        free(meters->shard[i]);
    free(meters->shard);
    free(meters->quality);
    free(meters->work);
    free(meters->alarm);
    meters->alarm = NULL;
    meters->shard = NULL;
    pthread_mutex_destroy(&meters->lock);
}

static struct meters_shard *shard_of(struct meters *meters, unsigned worker)
{
    assert(worker < meters->workers);
    return meters->shard[worker];
}

static size_t method_slot(struct view method)
{
    size_t slot = 0;
    while (slot < METERS_METHODS - 1 && !view_is(method, meters_method[slot]))
        slot++;
    return slot;
}

static size_t time_bucket(int64_t elapsed_ns)
{
    size_t bucket = 0;
    while (bucket < METERS_TIME_BOUNDS && elapsed_ns > meters_time_bound_ns[bucket])
        bucket++;
    return bucket;
}

static size_t score_bucket(double score)
{
    size_t bucket = 0;
    while (bucket < METERS_SCORE_BOUNDS && score > meters_score_bound[bucket])
        bucket++;
    return bucket;
}

void meters_begin(struct meters *meters, unsigned worker)
{
    add(&shard_of(meters, worker)->begun, 1);
}

void meters_end(struct meters *meters, unsigned worker, size_t route, struct view method,
                int status, int64_t elapsed_ns)
{
    assert(route <= meters->labels.route_count);
    struct meters_shard *shard = shard_of(meters, worker);
    struct per_route *of = &shard->route[route];
    add(&of->requests[method_slot(method)][http_status_slot(status)], 1);
    add(&of->time[time_bucket(elapsed_ns)], 1);
    add(&of->time_ns, (uint64_t)elapsed_ns);
    add(&shard->ended, 1);
}

void meters_refused(struct meters *meters, unsigned worker, int status)
{
    struct per_route *of = &shard_of(meters, worker)->route[meters->labels.route_count];
    add(&of->requests[METERS_METHODS - 1][http_status_slot(status)], 1);
}

static void add_to(_Atomic double *at, double by)
{
    double now = atomic_load_explicit(at, memory_order_relaxed);
    atomic_store_explicit(at, now + by, memory_order_relaxed);
}

/* What the shadow says is nobody's decision: it is in its own counters alone. */
void meters_decision(struct meters *meters, unsigned worker, const struct meters_decision *decision)
{
    assert(decision->outcome < meters->labels.outcome_count);
    struct meters_shard *shard = shard_of(meters, worker);
    add(&shard->variant[decision->variant].outcome[decision->outcome], 1);
    if (decision->variant == VARIANT_SHADOW)
        return;
    add(&shard->score[score_bucket(decision->score)], 1);
    add_to(&shard->scores, decision->score);
    if (decision->amount >= 0)
        add_to(&shard->amount[decision->outcome], decision->amount);
}

static void add_request(struct per_variant *of, bool failed, int64_t elapsed_ns)
{
    add(&of->requests, 1);
    add(&of->failures, failed);
    add(&of->time[time_bucket(elapsed_ns)], 1);
    add(&of->time_ns, (uint64_t)elapsed_ns);
}

void meters_variant(struct meters *meters, unsigned worker, enum variant variant, bool failed,
                    int64_t elapsed_ns)
{
    add_request(&shard_of(meters, worker)->variant[variant], failed, elapsed_ns);
}

void meters_beside(struct meters *meters, unsigned worker, size_t outcome, int64_t elapsed_ns)
{
    struct per_variant *of = &shard_of(meters, worker)->beside;
    assert(outcome < meters->labels.outcome_count);
    add_request(of, false, elapsed_ns);
    add(&of->outcome[outcome], 1);
}

void meters_add(struct meters *meters, unsigned worker, enum meter_count which, uint64_t by)
{
    add(&shard_of(meters, worker)->count[which], by);
}

uint16_t meters_quality_place(struct meters *meters, struct view expectation, struct view column,
                              const char *severity)
{
    struct meters_quality wanted = {.severity = severity};
    snprintf(wanted.expectation, sizeof wanted.expectation, "%.*s", (int)expectation.length,
             expectation.text);
    snprintf(wanted.column, sizeof wanted.column, "%.*s", (int)column.length, column.text);
    size_t place = 0;
    pthread_mutex_lock(&meters->lock);
    while (place < meters->qualities &&
           (strcmp(meters->quality[place].expectation, wanted.expectation) != 0 ||
            strcmp(meters->quality[place].column, wanted.column) != 0 ||
            strcmp(meters->quality[place].severity, severity) != 0))
        place++;
    if (place == METERS_QUALITY_MAX - 1)
        wanted = (struct meters_quality){"other", "other", "other"};
    if (place == meters->qualities && place < METERS_QUALITY_MAX)
        meters->quality[meters->qualities++] = wanted;
    pthread_mutex_unlock(&meters->lock);
    return (uint16_t)(place < METERS_QUALITY_MAX ? place : METERS_QUALITY_MAX - 1);
}

void meters_violation(struct meters *meters, unsigned worker, uint16_t place)
{
    assert(place < METERS_QUALITY_MAX);
    add(&shard_of(meters, worker)->violation[place], 1);
}

uint16_t meters_work_place(struct meters *meters, const char *name, const char *version)
{
    uint16_t place = 1;
    pthread_mutex_lock(&meters->lock);
    while (place <= meters->works && (strcmp(meters->work[place].name, name) != 0 ||
                                      strcmp(meters->work[place].version, version) != 0))
        place++;
    if (place < METERS_WORKS_MAX - 1 && place > meters->works) {
        struct meters_version *here = &meters->work[place];
        snprintf(here->name, sizeof here->name, "%s", name);
        snprintf(here->version, sizeof here->version, "%s", version);
        meters->works = place;
    }
    pthread_mutex_unlock(&meters->lock);
    return place;
}

void meters_work(struct meters *meters, unsigned worker, const struct meters_done *done)
{
    assert(done->place < METERS_WORKS_MAX);
    struct per_work *of = &shard_of(meters, worker)->work[done->place];
    atomic_store_explicit(&of->last_ticks_ns, (uint64_t)done->now_ns, memory_order_relaxed);
    if (done->failed) {
        add(&of->failures, 1);
        add(&of->failed_ns, (uint64_t)done->elapsed_ns);
        return;
    }
    add(&of->rows, done->rows);
    add(&of->requests, 1);
    add(&of->time_ns, (uint64_t)done->elapsed_ns);
    if (done->rows == 0 || done->rows > METERS_BATCHES)
        return;
    add(&of->batch[done->rows - 1].requests, 1);
    add(&of->batch[done->rows - 1].time_ns, (uint64_t)done->elapsed_ns);
}

static void add_work(struct meters_work *out, const struct per_work *of)
{
    int64_t last_ns = (int64_t)read_count(&of->last_ticks_ns);
    out->last_ticks_ns = last_ns > out->last_ticks_ns ? last_ns : out->last_ticks_ns;
    out->rows += read_count(&of->rows);
    out->requests += read_count(&of->requests);
    out->time_ns += read_count(&of->time_ns);
    out->failures += read_count(&of->failures);
    out->failed_ns += read_count(&of->failed_ns);
    for (size_t i = 0; i < METERS_BATCHES; i++) {
        out->batch[i].requests += read_count(&of->batch[i].requests);
        out->batch[i].time_ns += read_count(&of->batch[i].time_ns);
    }
}

bool meters_work_at(struct meters *meters, uint16_t place, struct meters_work *out)
{
    pthread_mutex_lock(&meters->lock);
    bool taken = place > 0 && place <= meters->works;
    struct meters_version version = taken ? meters->work[place] : (struct meters_version){0};
    pthread_mutex_unlock(&meters->lock);
    if (!taken)
        return false;
    *out = (struct meters_work){0};
    memcpy(out->name, version.name, sizeof out->name);
    memcpy(out->version, version.version, sizeof out->version);
    for (unsigned i = 0; i < meters->workers; i++)
        add_work(out, &meters->shard[i]->work[place]);
    return true;
}

void meters_set_alarms(struct meters *meters, const struct meters_alarm *alarm, size_t count)
{
    size_t kept = count < METERS_ALARMS_MAX ? count : METERS_ALARMS_MAX;
    struct meters_alarm *copy = calloc(kept + 1, sizeof *copy);
    assert(copy != NULL);
    if (kept > 0)
        memcpy(copy, alarm, kept * sizeof *copy);
    pthread_mutex_lock(&meters->lock);
    struct meters_alarm *old = meters->alarm;
    meters->alarm = copy;
    meters->alarms = kept;
    pthread_mutex_unlock(&meters->lock);
    free(old);
}

void meters_set_model(struct meters *meters, size_t slot, const struct meters_model *model)
{
    assert(slot < METERS_MODELS_MAX);
    pthread_mutex_lock(&meters->lock);
    meters->model[slot] = model == NULL ? (struct meters_model){0} : *model;
    pthread_mutex_unlock(&meters->lock);
}

/* ---------------------------------------------------------------- sums */

#define SUM_OVER_SHARDS(type, value)                                                               \
    type sum = 0;                                                                                  \
    for (unsigned i = 0; i < meters->workers; i++) {                                               \
        const struct meters_shard *shard = meters->shard[i];                                       \
        sum += value;                                                                              \
    }                                                                                              \
    return sum

uint64_t meters_sum_requests(const struct meters *meters, size_t route, size_t method,
                             size_t status_slot)
{
    SUM_OVER_SHARDS(uint64_t, read_count(&shard->route[route].requests[method][status_slot]));
}

uint64_t meters_sum_time(const struct meters *meters, size_t route, size_t bucket)
{
    SUM_OVER_SHARDS(uint64_t, read_count(&shard->route[route].time[bucket]));
}

double meters_sum_seconds(const struct meters *meters, size_t route)
{
    SUM_OVER_SHARDS(double, (double)read_count(&shard->route[route].time_ns) / 1e9);
}

uint64_t meters_sum_score(const struct meters *meters, size_t bucket)
{
    SUM_OVER_SHARDS(uint64_t, read_count(&shard->score[bucket]));
}

double meters_sum_scores(const struct meters *meters)
{
    SUM_OVER_SHARDS(double, atomic_load_explicit(&shard->scores, memory_order_relaxed));
}

uint64_t meters_sum_outcome(const struct meters *meters, enum variant variant, size_t outcome)
{
    SUM_OVER_SHARDS(uint64_t, read_count(&shard->variant[variant].outcome[outcome]));
}

double meters_sum_amount(const struct meters *meters, size_t outcome)
{
    SUM_OVER_SHARDS(double, atomic_load_explicit(&shard->amount[outcome], memory_order_relaxed));
}

double meters_sum_variant_seconds(const struct meters *meters, enum variant variant)
{
    SUM_OVER_SHARDS(double, (double)read_count(&shard->variant[variant].time_ns) / 1e9);
}

static void add_tally(struct meters_tally *out, const struct per_variant *of)
{
    out->requests += read_count(&of->requests);
    out->failures += read_count(&of->failures);
    for (size_t i = 0; i < METERS_OUTCOMES_MAX; i++)
        out->outcome[i] += read_count(&of->outcome[i]);
    for (size_t i = 0; i <= METERS_TIME_BOUNDS; i++)
        out->time[i] += read_count(&of->time[i]);
}

void meters_tally(const struct meters *meters, enum variant variant, struct meters_tally *out)
{
    *out = (struct meters_tally){0};
    for (unsigned i = 0; i < meters->workers; i++)
        add_tally(out, &meters->shard[i]->variant[variant]);
}

void meters_tally_beside(const struct meters *meters, struct meters_tally *out)
{
    *out = (struct meters_tally){0};
    for (unsigned i = 0; i < meters->workers; i++)
        add_tally(out, &meters->shard[i]->beside);
}

uint64_t meters_sum_count(const struct meters *meters, enum meter_count which)
{
    SUM_OVER_SHARDS(uint64_t, read_count(&shard->count[which]));
}

/* `ended` is read first: a request that ends meanwhile is still in progress, never -1. */
uint64_t meters_sum_in_progress(const struct meters *meters)
{
    uint64_t ended = 0, begun = 0;
    for (unsigned i = 0; i < meters->workers; i++)
        ended += atomic_load(&meters->shard[i]->ended);
    for (unsigned i = 0; i < meters->workers; i++)
        begun += atomic_load(&meters->shard[i]->begun);
    return begun > ended ? begun - ended : 0;
}

uint64_t meters_sum_violations(const struct meters *meters, size_t place)
{
    SUM_OVER_SHARDS(uint64_t, read_count(&shard->violation[place]));
}
