#include "monitor/watch.h"

#include "store/answers.h"
#include "watch_ground.h"

#define HEAD "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nassay_build_info 1\n"
/* Requests with 200, 422 and 503, how many took at most 1 s and 2 s, and all. */
#define PAGE(ok, wrong, failed, second, two, all)                                                  \
    HEAD "assay_http_requests_total{route=\"/predict\",code=\"200\"} " ok "\n"                     \
         "assay_http_requests_total{route=\"/predict\",code=\"422\"} " wrong "\n"                  \
         "assay_http_requests_total{route=\"/predict\",code=\"503\"} " failed "\n"                 \
         "assay_http_request_duration_seconds_bucket{route=\"/predict\",le=\"1\"} " second "\n"    \
         "assay_http_request_duration_seconds_bucket{route=\"/predict\",le=\"2\"} " two "\n"       \
         "assay_http_request_duration_seconds_bucket{route=\"/predict\",le=\"+Inf\"} " all "\n"    \
         "assay_journal_lag_seconds 3\nassay_journal_stalled 0\n"                                  \
         "process_resident_memory_bytes 1048576\n"
#define QUIET PAGE("0", "0", "0", "0", "0", "0")

struct seen {
    struct reading reading[100];
    size_t count;
    enum watch_state state;
    char message[300];
};

static struct seen look_at(struct store *store, const char *yaml, struct arena *arena,
                           int64_t minute)
{
    struct seen seen = {0};
    struct config config;
    struct err err = {0};
    char message_bytes[300];
    struct text document = text_in_arena(arena);
    struct text message = text_in(message_bytes, sizeof message_bytes);
    struct json json = json_to(&document);
    config_init(&config, arena);
    WORKS(config_parse(&config, view_of(yaml), &err), err);
    struct watch_look look = {.config = &config,
                              .store = store,
                              .arena = arena,
                              .now_ms = START + minute * MINUTE,
                              .message = &message,
                              .document = &json,
                              .reading = arena_new(arena, struct reading, WATCH_READINGS_MAX)};
    json_open(&json, '{');
    WORKS(watch_service.look(&look, &err), err);
    json_close(&json);
    TRUE(look.readings <= LENGTH_OF(seen.reading));
    memcpy(seen.reading, look.reading, look.readings * sizeof *look.reading);
    seen.count = look.readings;
    seen.state = look.state;
    snprintf(seen.message, sizeof seen.message, "%s", text_c(&message));
    return seen;
}

static const struct reading *of(const struct seen *seen, const struct alarm *alarm)
{
    size_t i = 0;
    while (i < seen->count && seen->reading[i].alarm != alarm)
        i++;
    FAIL_UNLESS(i < seen->count, "no reading of %s", alarm->name);
    return &seen->reading[i];
}

static const char *yaml_of(struct arena *arena, const char *more, int port)
{
    struct text yaml = text_in_arena(arena);
    text_addf(&yaml, "monitor: {servers: ['http://127.0.0.1:%d']}\n%s", port, more);
    return text_c(&yaml);
}

ON_BOTH(a_servers_metrics_are_readings)
{
    STORE(store, "service_readings");
    /* Of 200 answers 196 within a second, two more within two. */
    static const char *const script[] = {QUIET, PAGE("185", "5", "10", "196", "198", "200")};
    struct answers server = answers_start(script, LENGTH_OF(script));
    const char *yaml = yaml_of(&arena, "", server.port);
    struct seen seen = look_at(&store, yaml, &arena, 0);
    TRUE(isnan(of(&seen, &alarm_errors)->value)); /* one look is no window */
    seen = look_at(&store, yaml, &arena, 5);
    answers_stop(&server);
    TEXT(view_of(seen.message), "1 of 1 servers answer");
    SAME(of(&seen, &alarm_server_down)->state, STATE_OK);
    NEAR(of(&seen, &alarm_latency)->value, 2, 1e-12);
    NEAR(of(&seen, &alarm_latency_severe)->value, 2, 1e-12);
    SAME(of(&seen, &alarm_errors)->value, 15);
    NEAR(of(&seen, &alarm_error_rate)->value, 0.05, 1e-12);
    SAME(of(&seen, &alarm_invocations)->value, 200);
    TRUE(isnan(of(&seen, &alarm_error_budget)->value)); /* five minutes are not half an hour */
    SAME(of(&seen, &alarm_journal_lag)->value, 3);
    SAME(of(&seen, &alarm_journal_stalled)->value, 0);
    SAME(of(&seen, &alarm_memory)->value, 1048576);
    TRUE(view_starts(of(&seen, &alarm_memory)->subject, "http://127.0.0.1:"));
    TEXT(of(&seen, &alarm_errors)->text, "5 of status 4xx and 10 of 5xx among 200 answers");
}

ON_BOTH(of_too_few_requests_no_share_and_no_percentile_is_said)
{
    STORE(store, "service_few");
    static const char *const script[] = {QUIET, PAGE("18", "0", "1", "0", "0", "19"),
                                         PAGE("117", "0", "2", "0", "19", "119")};
    struct answers server = answers_start(script, LENGTH_OF(script));
    const char *yaml = yaml_of(&arena, "", server.port);
    look_at(&store, yaml, &arena, 0);
    struct seen seen = look_at(&store, yaml, &arena, 5);
    TRUE(isnan(of(&seen, &alarm_error_rate)->value));
    TRUE(isnan(of(&seen, &alarm_latency)->value));
    SAME(of(&seen, &alarm_errors)->value, 1);
    seen = look_at(&store, yaml, &arena, 10);
    TRUE(of(&seen, &alarm_error_rate)->value == 0.01);
    TRUE(of(&seen, &alarm_latency)->value == 2);
    answers_stop(&server);
}

ON_BOTH(that_nobody_asks_is_known_when_all_the_window_was_seen)
{
    STORE(store, "service_silence");
    static const char *const script[] = {QUIET, QUIET, QUIET};
    struct answers server = answers_start(script, LENGTH_OF(script));
    const char *yaml = yaml_of(&arena, "", server.port);
    struct seen seen = look_at(&store, yaml, &arena, 0);
    TRUE(isnan(of(&seen, &alarm_invocations)->value));
    seen = look_at(&store, yaml, &arena, 15);
    TRUE(isnan(of(&seen, &alarm_invocations)->value));
    seen = look_at(&store, yaml, &arena, 30);
    SAME(of(&seen, &alarm_invocations)->value, 0);
    answers_stop(&server);
    seen = look_at(&store, yaml, &arena, 31); /* the server is away: nobody knows */
    TRUE(isnan(of(&seen, &alarm_invocations)->value));
}

ON_BOTH(the_budget_burns_by_the_lower_of_two_rates)
{
    STORE(store, "service_budget");
    /* 30 minutes with 2 % of 5xx, then five without. */
    static const char *const script[] = {QUIET, PAGE("980", "0", "20", "0", "0", "1000"),
                                         PAGE("1080", "0", "20", "0", "0", "1100")};
    struct answers server = answers_start(script, LENGTH_OF(script));
    const char *yaml = yaml_of(&arena, "alarms: {objective: 0.99}\n", server.port);
    look_at(&store, yaml, &arena, 0);
    struct seen seen = look_at(&store, yaml, &arena, 30);
    /* The recent window begins with the look before it, which is the first. */
    TRUE(isnan(of(&seen, &alarm_error_budget_slow)->value));
    seen = look_at(&store, yaml, &arena, 35);
    SAME(of(&seen, &alarm_error_budget)->value, 0); /* it is over */
    answers_stop(&server);
}

ON_BOTH(a_server_that_does_not_answer_is_a_reading)
{
    STORE(store, "service_down");
    static const char *const script[] = {QUIET};
    struct answers server = answers_start(script, LENGTH_OF(script));
    const char *yaml = yaml_of(&arena, "", server.port);
    answers_stop(&server);
    struct seen seen = look_at(&store, yaml, &arena, 0);
    SAME(of(&seen, &alarm_server_down)->state, STATE_ALARM);
    TRUE(view_starts(of(&seen, &alarm_server_down)->text, "no answer"));
    SAME(seen.state, WATCH_ALARM);
}

ON_BOTH(without_servers_there_is_nothing_to_read)
{
    STORE(store, "service_none");
    struct seen seen = look_at(&store, "", &arena, 0);
    SAME(seen.count, 0);
    TEXT(view_of(seen.message), "monitor.servers names none");
}
