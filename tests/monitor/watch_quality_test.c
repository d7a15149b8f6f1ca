#include "monitor/watch.h"

#include "store/answers.h"
#include "watch_ground.h"

#define HEAD "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
/* When it was started, its records, and what broke: a type, a domain, something of no rule. */
#define PAGE(started, rows, type, domain)                                                          \
    HEAD "process_start_time_seconds " started "\nassay_quality_rows_total " rows "\n"             \
         "assay_quality_violations_total{expectation=\"type\",column=\"amount\",severity="         \
         "\"error\"} " type "\n"                                                                   \
         "assay_quality_violations_total{expectation=\"domain\",column=\"channel\",severity="      \
         "\"warn\"} " domain "\n"                                                                  \
         "assay_quality_violations_total{expectation=\"gone\",column=\"amount\",severity="         \
         "\"warn\"} 900\n"

static const char schema_json[] =
    "{\"columns\":[{\"name\":\"amount\",\"type\":\"number\",\"input\":true,\"optional\":true,"
    "\"expect\":[{\"check\":\"between\",\"max\":\"9\",\"mostly\":0.9,\"severity\":\"error\"},"
    "{\"check\":\"unique\",\"mostly\":1,\"severity\":\"error\"}]},"
    "{\"name\":\"channel\",\"type\":\"category\",\"input\":true,\"optional\":true,\"values\":[],"
    "\"refuse_unseen\":false}]}";
static const char constraints_json[] =
    "{\"features\":[{\"name\":\"channel\",\"string_constraints\":{\"domains\":[\"pos\"]}}]}";

struct seen {
    struct reading reading[20];
    size_t count, rows;
    enum watch_state state;
    char message[300];
    const char *document;
};

/* A look at one server or two, and its document among the runs. */
static struct seen look_at_both(struct store *store, int port, int second, struct arena *arena,
                                int64_t minute)
{
    struct seen seen = {0};
    struct config config;
    struct err err = {0};
    struct bundle bundle = {0};
    char yaml[100], message_bytes[300];
    struct text document = text_in_arena(arena);
    struct text message = text_in(message_bytes, sizeof message_bytes);
    struct json json = json_to(&document);
    snprintf(yaml, sizeof yaml, "monitor: {servers: ['http://127.0.0.1:%d'", port);
    if (second != 0)
        snprintf(yaml + strlen(yaml), sizeof yaml - strlen(yaml), ",'http://127.0.0.1:%d'", second);
    snprintf(yaml + strlen(yaml), sizeof yaml - strlen(yaml), "]}\n");
    config_init(&config, arena);
    WORKS(config_parse(&config, view_of(yaml), &err), err);
    const struct doc *doc = doc_parse(view_of(schema_json), arena, &err);
    WORKS(doc != NULL && schema_read(&bundle.schema, doc, arena, &err), err);
    bundle.paper[PAPER_constraints] = view_of(constraints_json);
    struct watch_look look = {.config = &config,
                              .store = store,
                              .arena = arena,
                              .bundle = &bundle,
                              .now_ms = START + minute * MINUTE,
                              .message = &message,
                              .document = &json,
                              .reading = arena_new(arena, struct reading, WATCH_READINGS_MAX)};
    json_open(&json, '{');
    WORKS(watch_quality.look(&look, &err), err);
    json_close(&json);
    memcpy(seen.reading, look.reading, look.readings * sizeof *look.reading);
    seen.count = look.readings;
    seen.rows = look.rows;
    seen.state = look.state;
    snprintf(seen.message, sizeof seen.message, "%s", text_c(&message));
    seen.document = text_c(&document);

    struct run_wanted wanted = {.watch = "quality", .due_ms = look.now_ms, .span_ms = 86400000};
    struct run_outcome outcome = {.state = look.state,
                                  .message = seen.message,
                                  .document = text_view(&document),
                                  .finished_ms = look.now_ms};
    struct watch_run run;
    bool taken;
    WORKS(run_take(store, &wanted, "test", look.now_ms, &run, &taken, &err), err);
    TRUE(taken);
    WORKS(run_finish(store, &run, &outcome, NULL, 0, &err), err);
    return seen;
}

static struct seen look_at(struct store *store, int port, struct arena *arena, int64_t minute)
{
    return look_at_both(store, port, 0, arena, minute);
}

static const struct reading *of(const struct seen *seen, const char *subject)
{
    for (size_t i = 0; i < seen->count; i++)
        if (view_is(seen->reading[i].subject, subject))
            return &seen->reading[i];
    test_fail(__FILE__, __LINE__, "no reading of '%s'", subject);
}

ON_BOTH(what_was_added_since_the_last_look_is_judged)
{
    STORE(store, "quality_added");
    static const char *const script[] = {PAGE("7", "5000", "500", "4000"),
                                         PAGE("7", "6000", "500", "4100"),
                                         PAGE("7", "7000", "501", "4400")};
    struct answers server = answers_start(script, LENGTH_OF(script));
    struct seen seen = look_at(&store, server.port, &arena, 0);
    SAME(seen.state, WATCH_INSUFFICIENT); /* what was before nobody looked at */
    TEXT(view_of(seen.message), "the first look: counting begins");
    seen = look_at(&store, server.port, &arena, 15);
    TEXT(view_of(seen.message), "1000 records, 5 expectations");
    SAME(of(&seen, "type amount")->state, STATE_OK);
    SAME(of(&seen, "domain channel")->state, STATE_OK); /* a tenth, as it may be */
    NEAR(of(&seen, "domain channel")->value, 0.1, 1e-12);
    SAME(seen.state, WATCH_OK);
    seen = look_at(&store, server.port, &arena, 30);
    answers_stop(&server);
    SAME(of(&seen, "type amount")->state, STATE_ALARM); /* none may */
    SAME(of(&seen, "domain channel")->state, STATE_ALARM);
    NEAR(of(&seen, "domain channel")->value, 0.3, 1e-12);
    NEAR(of(&seen, "domain channel")->limit, 0.1, 1e-12);
    SAME(of(&seen, "between amount")->state, STATE_OK);
    TEXT(of(&seen, "type amount")->text, "1 of 1000 records break it, 0 % may");
    TRUE(strstr(seen.message, "type amount: 1 of 1000 records break it, 0 % may") != NULL);
}

ON_BOTH(few_records_are_looked_at_again_with_those_that_follow)
{
    STORE(store, "quality_few");
    static const char *const script[] = {PAGE("7", "0", "0", "0"), PAGE("7", "60", "5", "0"),
                                         PAGE("7", "120", "5", "0"), PAGE("7", "300", "5", "0")};
    struct answers server = answers_start(script, LENGTH_OF(script));
    look_at(&store, server.port, &arena, 0);
    struct seen seen = look_at(&store, server.port, &arena, 15);
    SAME(seen.rows, 60);
    SAME(of(&seen, "type amount")->state, STATE_INSUFFICIENT);
    seen = look_at(&store, server.port, &arena, 30);
    SAME(seen.rows, 120);
    SAME(of(&seen, "type amount")->state, STATE_ALARM);
    seen = look_at(&store, server.port, &arena, 45);
    answers_stop(&server);
    SAME(seen.rows, 180);
    SAME(of(&seen, "type amount")->state, STATE_OK);
}

ON_BOTH(a_server_that_was_started_anew_counts_from_zero_and_one_that_is_down_waits)
{
    STORE(store, "quality_anew");
    static const char *const script[] = {PAGE("7", "9000", "0", "0"), PAGE("80", "200", "3", "0"),
                                         "HTTP/1.1 503 No\r\nConnection: close\r\n\r\n",
                                         PAGE("80", "500", "3", "0")};
    struct answers server = answers_start(script, LENGTH_OF(script));
    look_at(&store, server.port, &arena, 0);
    struct seen seen = look_at(&store, server.port, &arena, 15);
    SAME(seen.rows, 200);
    SAME(of(&seen, "type amount")->state, STATE_ALARM);
    seen = look_at(&store, server.port, &arena, 30);
    SAME(seen.state, WATCH_INSUFFICIENT);
    TEXT(view_of(seen.message), "no server answers");
    seen = look_at(&store, server.port, &arena, 45);
    answers_stop(&server);
    SAME(seen.rows, 300);
    SAME(of(&seen, "type amount")->state, STATE_OK);
}

ON_BOTH(the_document_keeps_each_servers_counters_for_the_next_look)
{
    STORE(store, "quality_document");
    static const char *const script[] = {PAGE("7", "5000", "500", "4000"),
                                         PAGE("7", "5060", "501", "4000")};
    struct answers server = answers_start(script, LENGTH_OF(script));
    char want[300];
    snprintf(
        want, sizeof want,
        "{\"servers\":{\"http://127.0.0.1:%d\":{\"started\":7,\"rows\":5000,\"type amount\":500,"
        "\"domain channel\":4000,\"gone amount\":900}}}",
        server.port);
    struct seen seen = look_at(&store, server.port, &arena, 0);
    TEXT(view_of(seen.document), want);
    seen = look_at(&store, server.port, &arena, 15);
    answers_stop(&server);
    TEXT(view_of(seen.document), want); /* too few were added: these stay the beginning */
}

ON_BOTH(a_server_new_to_the_list_brings_no_history)
{
    STORE(store, "quality_new");
    static const char *const old[] = {PAGE("7", "0", "0", "0"), PAGE("7", "1000", "0", "0"),
                                      PAGE("7", "2000", "0", "0")};
    static const char *const new[] = {PAGE("9", "8000", "500", "0"), PAGE("9", "8500", "503", "0")};
    struct answers first = answers_start(old, LENGTH_OF(old));
    struct answers second = answers_start(new, LENGTH_OF(new));
    look_at(&store, first.port, &arena, 0);
    struct seen seen = look_at_both(&store, first.port, second.port, &arena, 15);
    SAME(seen.rows, 1000);
    SAME(of(&seen, "type amount")->state, STATE_OK);
    seen = look_at_both(&store, first.port, second.port, &arena, 30);
    answers_stop(&first);
    answers_stop(&second);
    SAME(seen.rows, 1500);
    NEAR(of(&seen, "type amount")->value, 3.0 / 1500, 1e-12);
}

ON_BOTH(one_of_two_servers_that_is_away_counts_on_meanwhile)
{
    STORE(store, "quality_away");
    static const char *const up[] = {PAGE("7", "0", "0", "0"), PAGE("7", "1000", "0", "0"),
                                     PAGE("7", "2000", "0", "0")};
    static const char *const away[] = {PAGE("9", "0", "0", "0"), "", PAGE("9", "700", "4", "0")};
    struct answers first = answers_start(up, LENGTH_OF(up));
    struct answers second = answers_start(away, LENGTH_OF(away));
    look_at_both(&store, first.port, second.port, &arena, 0);
    struct seen seen = look_at_both(&store, first.port, second.port, &arena, 15);
    SAME(seen.rows, 1000);
    seen = look_at_both(&store, first.port, second.port, &arena, 30);
    answers_stop(&first);
    answers_stop(&second);
    SAME(seen.rows, 1700);
    NEAR(of(&seen, "type amount")->value, 4.0 / 1700, 1e-12);
}

ON_BOTH(a_count_that_no_server_has_counted_is_no_fault_of_arithmetic)
{
    STORE(store, "quality_huge");
    static const char *const script[] = {PAGE("7", "0", "0", "0"), PAGE("7", "1e300", "+Inf", "0")};
    struct answers server = answers_start(script, LENGTH_OF(script));
    look_at(&store, server.port, &arena, 0);
    struct seen seen = look_at(&store, server.port, &arena, 15);
    answers_stop(&server);
    SAME(of(&seen, "type amount")->state, STATE_ALARM);
    NEAR(of(&seen, "type amount")->value, 1, 0);
    SAME(seen.rows, INT64_C(1) << 53);
}
