#include "serve/emf.h"

#include "base/doc.h"
#include "base/file.h"
#include "harness.h"
#include "serve/route.h"

#include <math.h>
#include <time.h>

static const char *const outcomes[] = {"approve", "decline"};

/* Meters that have counted something, and a server that only says how many are there. */
struct ground {
    struct meters meters;
    struct http http;
    struct emf_options options;
    struct emf_counts before, after;
    struct arena arena;
};

static void ground_close(struct ground *ground)
{
    meters_close(&ground->meters);
    arena_release(&ground->arena);
}

static void ground_open(struct ground *ground)
{
    struct meters_labels labels = {route_paths, ROUTE_COUNT, outcomes, LENGTH_OF(outcomes)};
    meters_open(&ground->meters, 2, labels);
    ground->arena.limit = 1 << 20;
    ground->options = (struct emf_options){.namespace = "Assay",
                                           .endpoint = "claims",
                                           .meters = &ground->meters,
                                           .http = &ground->http,
                                           .every_ms = 60000};
    emf_count(&ground->options, &ground->before);
}

static void ask(struct ground *ground, size_t route, int status, int64_t elapsed_ns)
{
    meters_begin(&ground->meters, 1);
    meters_end(&ground->meters, 1, route, VIEW("POST"), status, elapsed_ns);
}

static void decide(struct ground *ground, size_t outcome, int64_t elapsed_ns)
{
    struct meters_decision decision = {
        .variant = VARIANT_CHAMPION, .score = 0.5, .outcome = outcome, .amount = (double)NAN};
    meters_decision(&ground->meters, 0, &decision);
    meters_variant(&ground->meters, 0, VARIANT_CHAMPION, false, elapsed_ns);
}

/* The lines since `before`, each read as JSON. */
static size_t read_lines(struct ground *ground, const struct doc *line[4])
{
    struct text text = text_in_arena(&ground->arena);
    emf_count(&ground->options, &ground->after);
    emf_write(&ground->options, &ground->before, &ground->after, &text);
    struct view rest = text_view(&text), one;
    size_t count = 0;
    while (rest.length > 0 && view_cut(&rest, '\n', &one)) {
        struct err err = {0};
        TRUE(count < 4);
        line[count] = doc_parse(one, &ground->arena, &err);
        FAIL_UNLESS(line[count++] != NULL, "%s", err.text);
    }
    return count;
}

static double number(const struct doc *line, const char *name)
{
    const struct doc *found = doc_find(line, name);
    return found == NULL ? (double)NAN : found->number;
}

/* What CloudWatch asks of a line: every metric is a number of the root, every dimension a text. */
static void check_line(const struct doc *line)
{
    const struct doc *directive = doc_find(doc_find(line, "_aws"), "CloudWatchMetrics")->first;
    size_t metrics = 0;
    TRUE(doc_find(doc_find(line, "_aws"), "Timestamp")->number > 1e12);
    TEXT(doc_find(directive, "Namespace")->text, "Assay");
    for (const struct doc *metric = doc_find(directive, "Metrics")->first; metric != NULL;
         metric = metric->next) {
        char name[64];
        struct view text = doc_find(metric, "Name")->text;
        snprintf(name, sizeof name, "%.*s", (int)text.length, text.text);
        const struct doc *value = doc_find(line, name);
        FAIL_UNLESS(value != NULL && value->kind == DOC_NUMBER, "%s", name);
        TRUE(doc_find(metric, "Unit") != NULL);
        metrics++;
    }
    TRUE(metrics > 0 && metrics <= 100);
    for (const struct doc *name = doc_find(directive, "Dimensions")->first->first; name != NULL;
         name = name->next)
        TRUE(view_is(name->text, "Endpoint") || view_is(name->text, "Variant"));
}

#define GROUND(name)                                                                               \
    CLEANUP(ground_close) struct ground name = {0};                                                \
    ground_open(&name)

TEST(a_minutes_line_holds_what_happened_since_the_one_before)
{
    GROUND(ground);
    const struct doc *line[4];
    for (int i = 0; i < 98; i++)
        ask(&ground, ROUTE_invocations, 200, 80000);
    ask(&ground, ROUTE_invocations, 400, 900000);
    ask(&ground, ROUTE_decide, 503, 900000);
    ask(&ground, ROUTE_livez, 200, 1000); /* is no invocation */
    atomic_store(&ground.http.connections, 7);
    atomic_store(&ground.http.waiting, 3);
    SAME(read_lines(&ground, line), 1);
    check_line(line[0]);
    TEXT(doc_find(line[0], "Endpoint")->text, "claims");
    SAME(number(line[0], "Invocations"), 100);
    SAME(number(line[0], "Invocation4XXErrors"), 1);
    SAME(number(line[0], "Invocation5XXErrors"), 1);
    NEAR(number(line[0], "RequestLatency"), (98 * 80.0 + 2 * 900) / 100, 1e-6);
    NEAR(number(line[0], "RequestLatencyP50"), 100, 1e-9); /* the bucket's bound */
    NEAR(number(line[0], "RequestLatencyP99"), 1000, 1e-9);
    SAME(number(line[0], "Connections"), 7);
    SAME(number(line[0], "RequestsWaiting"), 3);
    TRUE(number(line[0], "MemoryResident") > 1e6);

    ground.before = ground.after;
    ask(&ground, ROUTE_invocations, 200, 900000);
    SAME(read_lines(&ground, line), 1);
    SAME(number(line[0], "Invocations"), 1);
    NEAR(number(line[0], "RequestLatency"), 900, 1e-6);
    NEAR(number(line[0], "RequestLatencyP50"), 1000, 1e-9);
    SAME(number(line[0], "Invocation4XXErrors"), 0);
}

TEST(a_variant_that_decided_has_a_line_of_its_own)
{
    GROUND(ground);
    const struct doc *line[4];
    decide(&ground, 0, 50000);
    decide(&ground, 1, 50000);
    decide(&ground, 1, 50000);
    SAME(read_lines(&ground, line), 2);
    check_line(line[1]);
    TEXT(doc_find(line[1], "Variant")->text, "champion");
    SAME(number(line[1], "Invocations"), 3);
    SAME(number(line[1], "DecisionsApprove"), 1);
    SAME(number(line[1], "DecisionsDecline"), 2);
    NEAR(number(line[1], "ModelLatency"), 50, 1e-6);
    SAME(number(line[1], "InvocationModelErrors"), 0);
}

TEST(a_minute_without_requests_has_no_latency_and_is_told_all_the_same)
{
    GROUND(ground);
    const struct doc *line[4];
    SAME(read_lines(&ground, line), 1);
    check_line(line[0]);
    SAME(number(line[0], "Invocations"), 0);
    TRUE(doc_find(line[0], "RequestLatency") == NULL);
    TRUE(doc_find(line[0], "RequestLatencyP99") == NULL);
}

TEST(lines_are_written_in_their_time_and_what_is_left_at_the_end)
{
    GROUND(ground);
    char path[300];
    struct err err = {0};
    struct view text, rest, one;
    size_t lines = 0;
    double invocations = 0;
    snprintf(path, sizeof path, "%s/emf.log", test_dir());
    ground.options.path = path;
    ground.options.every_ms = 50;
    struct emf *emf = emf_open(&ground.options, &err);
    FAIL_UNLESS(emf != NULL, "%s", err.text);
    for (int i = 0; i < 5; i++) {
        ask(&ground, ROUTE_invocations, 200, 1000);
        nanosleep(&(struct timespec){.tv_nsec = 40000000}, NULL);
    }
    ask(&ground, ROUTE_invocations, 200, 1000);
    emf_close(emf);
    WORKS(file_load(path, 1 << 20, &ground.arena, &text, &err), err);
    for (rest = text; rest.length > 0 && view_cut(&rest, '\n', &one); lines++)
        invocations += number(doc_parse(one, &ground.arena, &err), "Invocations");
    TRUE(lines >= 3);
    SAME(invocations, 6);
}
