/*
 * The statistics extension of the Open Inference Protocol, as Triton has it:
 *
 *     {"model_stats":[{"name","version","last_inference","inference_count","execution_count",
 *                      "inference_stats":{"success":{"count","ns"}, ...},"batch_stats":[...]}]}
 *
 * The time to decide is measured as one: reading the record, its features, the forest, reasons. It
 * is said as compute_infer; nothing waits in a queue, and input and output are not told apart.
 */
#include "serve/visit.h"

static void add_duration(struct json *json, const char *name, uint64_t count, uint64_t ns)
{
    json_key(json, name);
    json_open(json, '{');
    json_key(json, "count"), json_count(json, count);
    json_key(json, "ns"), json_count(json, ns);
    json_close(json);
}

static void add_compute(struct json *json, uint64_t requests, uint64_t time_ns)
{
    add_duration(json, "compute_input", requests, 0);
    add_duration(json, "compute_infer", requests, time_ns);
    add_duration(json, "compute_output", requests, 0);
}

static void add_batches(const struct meters_work *work, struct json *json)
{
    json_open(json, '[');
    for (size_t i = 0; i < METERS_BATCHES; i++) {
        if (work->batch[i].requests == 0)
            continue;
        json_open(json, '{');
        json_key(json, "batch_size"), json_count(json, i + 1);
        add_compute(json, work->batch[i].requests, work->batch[i].time_ns);
        json_close(json);
    }
    json_close(json);
}

/* Milliseconds since 1970, the same whenever it is asked; 0: never. */
static int64_t last_ms(const struct meters *meters, const struct meters_work *work)
{
    if (work->last_ticks_ns == 0)
        return 0;
    return (meters->ticks_from_us + work->last_ticks_ns / 1000) / 1000;
}

static void add_work(const struct meters *meters, const struct meters_work *work, struct json *json)
{
    json_open(json, '{');
    json_key(json, "name"), json_string(json, work->name);
    json_key(json, "version"), json_string(json, work->version);
    json_key(json, "last_inference"), json_i64(json, last_ms(meters, work));
    json_key(json, "inference_count"), json_count(json, work->rows);
    json_key(json, "execution_count"), json_count(json, work->requests);
    json_key(json, "inference_stats");
    json_open(json, '{');
    add_duration(json, "success", work->requests, work->time_ns);
    add_duration(json, "fail", work->failures, work->failed_ns);
    add_duration(json, "queue", work->requests, 0);
    add_compute(json, work->requests, work->time_ns);
    json_close(json);
    json_key(json, "batch_stats"), add_batches(work, json);
    json_close(json);
}

/* A name or a version that is empty: any. How many there were. */
static size_t add_works(struct meters *meters, struct view name, struct view version,
                        struct json *json)
{
    size_t found = 0;
    struct meters_work work;
    for (uint16_t place = 1; meters_work_at(meters, place, &work); place++) {
        if ((name.length > 0 && !view_is(name, work.name)) ||
            (version.length > 0 && !view_is(version, work.version)))
            continue;
        add_work(meters, &work, json);
        found++;
    }
    return found;
}

/* What a path calls the champion is its name. */
static struct view name_asked(const struct visit *visit)
{
    bool champion = visit->served != NULL && view_is(visit->part[0], "champion");
    return champion ? view_of(served_name(visit->served)) : visit->part[0];
}

static void answer(struct visit *visit, struct view name, struct view version)
{
    struct http_response *response = visit->response;
    struct json json = json_to(&response->body);
    struct err err = {0};
    json_open(&json, '{');
    json_key(&json, "model_stats");
    json_open(&json, '[');
    size_t found = add_works(&visit->server->meters, name, version, &json);
    json_close(&json);
    json_close(&json);
    if (found > 0 || name.length == 0)
        return;
    response->body.length = 0;
    err_set(&err, ERR_NOT_FOUND,
            "no version that has been served here is '" VIEW_FMT "%s" VIEW_FMT "'", VIEW_ARG(name),
            version.length > 0 ? "/" : "", VIEW_ARG(version));
    contract_fail_by(&contract_open_inference, &err, response);
}

void serve_v2_statistics(struct visit *visit)
{
    answer(visit, (struct view){0}, (struct view){0});
}

void serve_v2_model_statistics(struct visit *visit)
{
    answer(visit, name_asked(visit), (struct view){0});
}

void serve_v2_version_statistics(struct visit *visit)
{
    answer(visit, name_asked(visit), visit->part[1]);
}
